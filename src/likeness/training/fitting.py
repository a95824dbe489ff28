"""A fit with progress, the best epoch on held-out people, early stopping and Ctrl-C.

Also ensembles: several fits, one after the other, joined into one model.
Each has other initial weights and batches, so their errors differ, and their mean has smaller
errors (B. Lakshminarayanan, A. Pritzel, C. Blundell, «Simple and Scalable Predictive Uncertainty
Estimation using Deep Ensembles», NeurIPS 2017). The result is one encoder: the cosine of two of its
embeddings is the mean of the members' cosines.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from likeness.arrays import Prepared
from likeness.encoders import Whitening
from likeness.encoders.finished import joined, readings_of
from likeness.energies import energy_matrix
from likeness.errors import TrainingFailedError, require_extra
from likeness.evaluation import PairEnergies, auc, error_rates
from likeness.training.feeds import BeginEpochs
from likeness.training.networks import (
    PreparedPeople,
    build_encoder,
    build_network,
    embed_prepared,
    finished_encoder,
)
from likeness.training.process import OnProgress, TrainingProgress, keep_freed_memory
from likeness.training.recipe import TrainingRecipe

TOLERANCE = 0.02
"""An epoch whose held-out AUC is at most this much below the best one counts as good: ten people
cannot distinguish them (it is about the standard error), and of equally good epochs the last one
has the lowest learning rate. (The «one standard error rule» of Breiman et al. 1984, section 3.4.3,
turned to training time.)"""


@dataclass(frozen=True, eq=False, kw_only=True)
class Fit:
    """The result of one fit.

    Args:
        encoder: the final encoder, with its best weights.
        history: "loss" and, with held-out people, "held_out_auc", one number per epoch.
        best_epoch: number of epochs of the kept weights.
        interrupted: whether Ctrl-C stopped it.
    """

    encoder: Any
    history: Mapping[str, list[float]] = field(default_factory=dict)
    best_epoch: int = 0
    interrupted: bool = False


@dataclass(frozen=True, eq=False, kw_only=True)
class FitOptions:
    """Options of a fit besides its recipe.

    Args:
        stage: name of the fit.
        epochs: how many.
        held_out: people to choose the epoch on.
        on_progress: called after every batch.
        log_dir: for TensorBoard.
    """

    stage: str
    epochs: int
    held_out: PreparedPeople | None = None
    on_progress: OnProgress | None = None
    log_dir: Path | None = None


def fit_once(recipe: TrainingRecipe, people: PreparedPeople, options: FitOptions) -> Fit:
    """Train a fresh encoder on the items and return it with its best weights.

    Args:
        recipe: all settings except the input shape.
        people: to learn from; the shape of their items is the encoder's.
        options: options of the fit.

    Raises:
        KeyboardInterrupt: Ctrl-C came before the end of the first epoch.
        TrainingFailedError: the loss became NaN or infinite.
    """
    keep_freed_memory()
    learned = people.extended(recipe)
    encoder = build_encoder(recipe, people.items.shape[1:])
    network = build_network(recipe, encoder, classes=int(learned.codes.max()) + 1)
    feed = learned.feed(recipe, encoder)
    watch = _BestWeights(recipe, people, encoder, options)
    callbacks = [BeginEpochs(feed), watch, *_tensorboard(options)]
    interrupted = False
    try:
        network.fit(feed, epochs=options.epochs, verbose=0, shuffle=False, callbacks=callbacks)
    except KeyboardInterrupt:
        if watch.best_epoch == 0:
            raise
        interrupted = True
    finally:
        feed.let_go()
    encoder.set_weights(watch.best_weights)
    return Fit(
        encoder=finished_encoder(recipe, encoder, people),
        history=watch.history,
        best_epoch=watch.best_epoch,
        interrupted=interrupted,
    )


class _BestWeights(keras.callbacks.Callback):
    """Keeps the best weights, stops early, reports progress."""

    def __init__(
        self, recipe: TrainingRecipe, people: PreparedPeople, encoder: Any, options: FitOptions
    ) -> None:
        super().__init__()
        self._recipe = recipe
        self._schedule = recipe.schedule
        self._people = people
        self._encoder = encoder
        self._options = options
        self._epoch = 0
        self._best = -math.inf
        self.history: dict[str, list[float]] = {}
        self.best_epoch = 0
        self.best_weights: list[Any] = []

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        loss = float((logs or {}).get("loss", math.nan))
        if not math.isfinite(loss):
            raise TrainingFailedError(
                f"the loss became {loss} in epoch {self._epoch + 1}, step {batch + 1}. "
                f"Lower schedule.learning_rate (it is {self._schedule.learning_rate:g})."
            )
        self._tell(batch + 1, loss)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.history.setdefault("loss", []).append(float((logs or {})["loss"]))
        if not all(np.isfinite(weights).all() for weights in self._encoder.get_weights()):
            raise TrainingFailedError(
                f"the weights became NaN or infinite in epoch {epoch + 1}. "
                f"Lower schedule.learning_rate (it is {self._schedule.learning_rate:g})."
            )
        score = float(epoch)  # without held-out people the last epoch is kept
        if self._options.held_out is not None:
            score = held_out_auc(self._recipe, self._encoder, self._people, self._options.held_out)
            self.history.setdefault("held_out_auc", []).append(score)
        # While the learning rate is high the score is noisy: in the first half of the schedule the
        # latest weights are kept.
        settled = 2 * (epoch + 1) > self._schedule.epochs
        if not settled or score >= self._best - TOLERANCE:
            self._best = max(self._best, score) if settled else self._best
            self.best_epoch = epoch + 1
            self.best_weights = self._encoder.get_weights()
        elif epoch + 1 - self.best_epoch >= self._schedule.patience:
            self.model.stop_training = True
        self._epoch = epoch + 1

    def _tell(self, step: int, loss: float) -> None:
        if self._options.on_progress is None:
            return
        scores = self.history.get("held_out_auc", [])
        self._options.on_progress(
            TrainingProgress(
                stage=self._options.stage,
                step=self._epoch * self._schedule.steps + step,
                steps=self._options.epochs * self._schedule.steps,
                loss=loss,
                held_out_auc=scores[-1] if scores else None,
            )
        )


def held_out_auc(
    recipe: TrainingRecipe, encoder: Any, learned: PreparedPeople, held_out: PreparedPeople
) -> float:
    """Return the AUC over the selected pairs of the held-out people, of single views.

    The mean of all views would take ten times as long, with the same order of epochs except for
    noise.

    Args:
        recipe: says whether the embeddings are whitened.
        encoder: as trained, without views and whitening.
        learned: that it learns from, for the whitening.
        held_out: people to measure on.
    """
    embeddings = _single_views(recipe, encoder, learned, held_out.items)
    matrix = energy_matrix(recipe.energy, embeddings)
    every = PairEnergies.of_matrix(matrix, held_out.codes, held_out.pairs)
    return float(auc(error_rates(every.genuine, every.impostor)))


def _single_views(
    recipe: TrainingRecipe, encoder: Any, learned: PreparedPeople, others: Prepared
) -> NDArray[np.float32]:
    """Return the embeddings of others, whitened on what was learned if the recipe says so."""
    kind = recipe.whitening.kind
    if kind == "within_class" or (kind == "spread" and readings_of(encoder) > 1):
        plain = recipe.replace(views={"mirrored": False, "shift": 0})
        return embed_prepared(finished_encoder(plain, encoder, learned), others)
    embeddings = embed_prepared(encoder, others)
    if kind == "none":
        return embeddings
    return Whitening.fit(
        embed_prepared(encoder, learned.items),
        shrinkage=recipe.whitening.shrinkage,
        directions=recipe.whitening.directions,
    )(embeddings)


def _tensorboard(options: FitOptions) -> list[Any]:
    if options.log_dir is None:
        return []
    require_extra("tensorboard", extra="train")
    return [keras.callbacks.TensorBoard(str(options.log_dir / options.stage), update_freq="epoch")]


def fit_ensemble(recipe: TrainingRecipe, people: PreparedPeople, options: FitOptions) -> Fit:
    """Train the recipe's networks and return them as one.

    After Ctrl-C the finished ones are joined; an unfinished one is used only if there is no other.

    Args:
        recipe, people, options: as `fit_once` takes them.

    Raises:
        KeyboardInterrupt: Ctrl-C came before the first epoch of the first network was done.
        TrainingFailedError: a loss became NaN or infinite.
    """
    size = recipe.encoder.ensemble_size
    if size == 1:
        return fit_once(recipe, people, options)
    fits: list[Fit] = []
    for member in range(size):
        try:
            fit = fit_once(recipe.member(member), people, _options(options, member, size))
        except KeyboardInterrupt:
            if not fits:
                raise
            return _joined(fits, interrupted=True)
        if fit.interrupted:
            return _joined(fits or [fit], interrupted=True)
        fits.append(fit)
    return _joined(fits, interrupted=False)


def _options(options: FitOptions, member: int, size: int) -> FitOptions:
    """Return the options of one member, which reports its progress as a part of the whole."""
    tell = options.on_progress
    log_dir = options.log_dir
    return replace(
        options,
        on_progress=None if tell is None else _part(tell, member, size),
        log_dir=None if log_dir is None else log_dir / f"member_{member + 1}",
    )


def _part(tell: OnProgress, member: int, size: int) -> OnProgress:
    def told(progress: TrainingProgress) -> None:
        done = member * progress.steps + progress.step
        tell(replace(progress, step=done, steps=size * progress.steps))

    return told


def _joined(fits: Sequence[Fit], *, interrupted: bool) -> Fit:
    epochs = min(len(fit.history["loss"]) for fit in fits)
    history = {
        series: np.mean([fit.history[series][:epochs] for fit in fits], axis=0).tolist()
        for series in fits[0].history
    }
    return Fit(
        encoder=joined([fit.encoder for fit in fits]),
        history=history,
        # The number of the longest one, because the learning rate falls along the whole schedule.
        best_epoch=max(fit.best_epoch for fit in fits),
        interrupted=interrupted,
    )
