"""`train_similarity`: from pairs of sentences with scores to a model with a threshold.

The network learns from one set of pairs. On another set, the epoch is chosen (the best Spearman's
ρ), and then the threshold: the best accuracy on clear pairs, as many genuine as impostors. The test
set is not used.
"""

import datetime
import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from likeness import __version__
from likeness.arrays import Energies
from likeness.encoders.siamese import SiameseNet
from likeness.errors import OverlapError, TooFewError, TrainingFailedError
from likeness.evaluation.verification import choose_threshold
from likeness.model.siamese_model import SiameseModel
from likeness.tasks.sentences.bag_of_pieces import CorrelationLoss, bag_of_pieces
from likeness.tasks.sentences.preparation import FILL, TextPreparation
from likeness.tasks.sentences.recipe import SimilarityRecipe
from likeness.tasks.sentences.sentence_pairs import SentencePairs, Similarity, spearman
from likeness.training.losses.contrastive import ContrastiveLoss
from likeness.training.networks import BY_XLA
from likeness.training.process import OnProgress, TrainingProgress

FEWEST = 8
"""Pairs to learn from, and pairs to choose on."""

_STEP = 32
"""Batches are padded to a multiple of it, so that few shapes are compiled."""


def train_similarity(
    recipe: SimilarityRecipe,
    pairs: SentencePairs,
    choosing: SentencePairs,
    *,
    on_progress: OnProgress | None = None,
) -> SiameseModel:
    """Train a model of sentences.

    Ctrl-C ends the training and returns the best model so far; before the end of the first epoch,
    the `KeyboardInterrupt` is raised.

    Args:
        recipe: all settings.
        pairs: to learn from.
        choosing: to choose the epoch and the threshold on; none of ``pairs``.
        on_progress: called after every batch.

    Returns:
        The model. It has no threshold if ``choosing`` lacks genuine or impostor pairs.
        ``model.record`` holds recipe, data, history, the figures on ``choosing``, the counts
        behind the threshold, seconds and date.

    Raises:
        TooFewError: there are too few pairs, or no pairs that the loss can use.
        OverlapError: a pair is in both sets.
        DataError: a sentence cannot be read.
        TrainingFailedError: the loss became NaN.
    """
    for data in (pairs, choosing):
        data.require(FEWEST)
    _check_apart(pairs, choosing)
    began = time.perf_counter()
    preparation = TextPreparation(
        buckets=recipe.buckets, shortest=recipe.shortest, longest=recipe.longest
    )
    ids = {text: preparation.ids(text) for text in pairs.sentences}
    encoder = bag_of_pieces(
        recipe.buckets,
        embedding_size=recipe.embedding_size,
        rarity=preparation.rarity(ids.values()),
        seed=recipe.seed,
    )
    model = SiameseModel(preparation=preparation, encoder=encoder, energy=recipe.energy)
    feed = _feed(recipe, pairs, ids)
    network = SiameseNet(encoder, energy=recipe.energy)
    network.compile(
        optimizer=keras.optimizers.Adam(recipe.learning_rate),
        loss=_loss(recipe),
        jit_compile=BY_XLA,
    )
    # Else its variables come with the first step, which TensorFlow then traces twice.
    network.optimizer.build(network.trainable_variables)
    tell = on_progress or (lambda progress: None)
    fit = _fit(recipe, network, feed, model, choosing, tell=tell)
    encoder.set_weights(fit.best_weights)
    energies = choosing.energies(model)
    decided = _choose(recipe, choosing, energies)
    record = {
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "likeness": __version__,
        "encoder": encoder.name,
        "recipe": recipe.as_dict(),
        "data": pairs.described(),
        "chosen_on": choosing.described(),
        "similarity": Similarity.of(choosing.scores, energies).to_json(),
        "threshold": asdict(decided),
        "histories": {"choosing": fit.history},
        "epochs": fit.best_epoch,
        "interrupted": fit.interrupted,
        "seconds": round(time.perf_counter() - began, 1),
    }
    return SiameseModel(
        preparation=preparation,
        encoder=encoder,
        energy=recipe.energy,
        threshold=decided.threshold,
        record=record,
    )


@dataclass(frozen=True, kw_only=True)
class _Threshold:
    """A threshold and its evidence."""

    threshold: float | None = None
    people: tuple[str, ...] = field(default=())
    genuine_pairs: int = 0
    impostor_pairs: int = 0
    genuine_from: float
    impostor_to: float


def _choose(recipe: SimilarityRecipe, pairs: SentencePairs, energies: Energies) -> _Threshold:
    genuine = energies[pairs.scores >= recipe.genuine_from]
    impostor = energies[pairs.scores <= recipe.impostor_to]
    enough = len(genuine) > 0 and len(impostor) > 0
    return _Threshold(
        threshold=choose_threshold(genuine, impostor) if enough else None,
        genuine_pairs=len(genuine),
        impostor_pairs=len(impostor),
        genuine_from=recipe.genuine_from,
        impostor_to=recipe.impostor_to,
    )


def _check_apart(pairs: SentencePairs, choosing: SentencePairs) -> None:
    """Raise if a pair, in either order, is in both sets."""
    learned = {frozenset(both) for both in zip(pairs.left, pairs.right, strict=True)}
    both = [
        pair
        for pair in zip(choosing.left, choosing.right, strict=True)
        if frozenset(pair) in learned
    ]
    # A few pairs may be in two parts of public benchmarks; many mean that the same data were given
    # twice.
    if 10 * len(both) > len(choosing):
        raise OverlapError(
            f"{len(both)} of {len(choosing)} pairs to choose on are also in the training set, such "
            f"as {both[0][0]!r:.60}. Use other pairs."
        )


class _SentenceFeed:
    """Batches ``((left, right), targets)``; a batch depends on seed, epoch and number only.

    In each batch a share of all pieces is dropped, the same ones on both sides.

    Args:
        left, right: the pieces of each sentence, 1…buckets.
        targets: ``(n,)``, the loss targets.
        buckets: the largest number of a piece.
        batch_size: pairs in a batch; the remainder is used in the next epoch.
        dropout: share of pieces, 0…0.95. A sentence that would become empty keeps all pieces.
        seed: of order and dropout.
    """

    def __init__(
        self,
        left: Sequence[Sequence[int]],
        right: Sequence[Sequence[int]],
        targets: NDArray[np.floating[Any]],
        *,
        buckets: int,
        batch_size: int,
        dropout: float,
        seed: int,
    ) -> None:
        self._sides = tuple(
            [np.asarray(pieces, np.int32) for pieces in side] for side in (left, right)
        )
        self._targets = np.asarray(targets, np.float32)
        self._buckets = buckets
        self._batch_size = min(batch_size, len(self._targets))
        self._dropout = dropout
        self._seed = seed
        self._epoch = 0
        self._order = self._shuffled()

    def __len__(self) -> int:
        return math.floor(len(self._targets) / self._batch_size)

    def __getitem__(self, index: int) -> tuple[tuple[Any, Any], NDArray[np.float32]]:
        chosen = self._order[index * self._batch_size : (index + 1) * self._batch_size]
        rng = np.random.default_rng((self._seed, self._epoch, 1 + index))
        shown = rng.random(self._buckets + 1) >= self._dropout
        left, right = (
            _filled([_shown(side[index], shown) for index in chosen]) for side in self._sides
        )
        return (left, right), self._targets[chosen]

    def on_epoch_end(self) -> None:
        """Continue with the next epoch's order."""
        self._epoch += 1
        self._order = self._shuffled()

    def _shuffled(self) -> NDArray[np.int64]:
        rng = np.random.default_rng((self._seed, self._epoch, 0))
        return rng.permutation(len(self._targets))


def _filled(rows: Sequence[NDArray[np.int32]]) -> NDArray[np.int32]:
    """Return rows of different lengths as one array, padded with 0."""
    longest = max(len(row) for row in rows)
    out = np.full((len(rows), _STEP * math.ceil(longest / _STEP)), FILL, np.int32)
    for filled, row in zip(out, rows, strict=True):
        filled[: len(row)] = row
    return out


def _shown(pieces: NDArray[np.int32], shown: NDArray[np.bool_]) -> NDArray[np.int32]:
    kept = pieces[shown[pieces]]
    return kept if len(kept) else pieces


def _feed(
    recipe: SimilarityRecipe, pairs: SentencePairs, ids: dict[str, list[int]]
) -> _SentenceFeed:
    scores = pairs.scores
    if recipe.loss == "contrastive":
        learned = (scores >= recipe.genuine_from) | (scores <= recipe.impostor_to)
        targets = (scores >= recipe.genuine_from).astype(np.float32)
        if not 0 < targets[learned].sum() < learned.sum():
            raise TooFewError(
                f"{pairs.name}: expected pairs with scores of {recipe.genuine_from:g} or more and "
                f"of {recipe.impostor_to:g} or less. Received: one kind only."
            )
    else:
        learned, targets = np.ones(len(scores), bool), scores.astype(np.float32)

    def of(side: Sequence[str]) -> list[list[int]]:
        return [ids[text] for text, taken in zip(side, learned, strict=True) if taken]

    return _SentenceFeed(
        of(pairs.left),
        of(pairs.right),
        targets[learned],
        buckets=recipe.buckets,
        batch_size=recipe.batch_size,
        dropout=recipe.piece_dropout,
        seed=recipe.seed,
    )


def _loss(recipe: SimilarityRecipe) -> Any:
    if recipe.loss == "contrastive":
        return ContrastiveLoss(recipe.margin, recipe.genuine_margin)
    return CorrelationLoss()


@dataclass(kw_only=True)
class _Epochs:
    """The result of the epochs: the best weights, and their history."""

    best_weights: list[Any] = field(default_factory=list)
    best_epoch: int = 0
    history: dict[str, list[float]] = field(default_factory=lambda: {"loss": [], "spearman": []})
    interrupted: bool = False


def _fit(
    recipe: SimilarityRecipe,
    network: Any,
    feed: _SentenceFeed,
    model: SiameseModel,
    choosing: SentencePairs,
    *,
    tell: OnProgress,
) -> _Epochs:
    """Run the epochs, and keep the weights of the best one.

    Not by ``fit``: on TensorFlow it assumes the width of the first batches for all.
    """
    fit = _Epochs()
    try:
        for epoch in range(recipe.epochs):
            network.reset_metrics()
            for step in range(len(feed)):
                loss = float(network.train_on_batch(*feed[step]))
                _check_loss(recipe, loss, epoch=epoch, step=step)
                done = epoch * len(feed) + step + 1
                tell(
                    TrainingProgress(
                        stage="choosing", step=done, steps=recipe.epochs * len(feed), loss=loss
                    )
                )
            feed.on_epoch_end()
            rho = spearman(choosing.scores, -choosing.energies(model))
            if not fit.best_epoch or rho > max(fit.history["spearman"]):
                fit.best_epoch = epoch + 1
                fit.best_weights = model.encoder.get_weights()
            fit.history["loss"].append(loss)
            fit.history["spearman"].append(rho)
    except KeyboardInterrupt:
        if fit.best_epoch == 0:
            raise
        fit.interrupted = True
    return fit


def _check_loss(recipe: SimilarityRecipe, loss: float, *, epoch: int, step: int) -> None:
    if not math.isfinite(loss):
        raise TrainingFailedError(
            f"the loss became {loss} in epoch {epoch + 1}, step {step + 1}. "
            f"Lower learning_rate (it is {recipe.learning_rate:g})."
        )
