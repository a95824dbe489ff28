"""`train_similarity`: from pairs of sentences with scores to a model with a threshold.

The network learns from one set of pairs. On another one, that it does not learn from, the
epoch is chosen (the best Spearman's ρ), and then the threshold: the best accuracy on clear
pairs, as many genuine as impostors. A test set has no part in any of it.
"""

import datetime
import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import keras
import numpy as np

from likeness import __version__
from likeness.arrays import Energies
from likeness.encoders.siamese import SiameseNet
from likeness.errors import OverlapError, TooFewError, TrainingFailedError
from likeness.evaluation.verification import choose_threshold
from likeness.model.siamese_model import SiameseModel
from likeness.tasks.sentences.bag_of_pieces import bag_of_pieces
from likeness.tasks.sentences.correlation import CorrelationLoss
from likeness.tasks.sentences.preparation import TextPreparation
from likeness.tasks.sentences.rarity import rarity_of
from likeness.tasks.sentences.recipe import SimilarityRecipe
from likeness.tasks.sentences.sentence_feed import SentenceFeed
from likeness.tasks.sentences.sentence_pairs import SentencePairs
from likeness.tasks.sentences.sentences import pair_energies
from likeness.tasks.sentences.similarity import similarity, spearman
from likeness.training.losses.contrastive import ContrastiveLoss
from likeness.training.progress import OnProgress, TrainingProgress

FEWEST = 8
"""Pairs to learn from, and pairs to choose on."""


def train_similarity(
    recipe: SimilarityRecipe,
    pairs: SentencePairs,
    choosing: SentencePairs,
    *,
    on_progress: OnProgress | None = None,
) -> SiameseModel:
    """Train a model of sentences.

    Ctrl-C ends the training and returns the best model so far; before the first epoch is done
    the `KeyboardInterrupt` is passed on.

    Args:
        recipe: every choice.
        pairs: to learn from.
        choosing: to choose the epoch and the threshold on; none of ``pairs``.
        on_progress: called after every batch.

    Returns:
        The model. It has no threshold if ``choosing`` lacks genuine or impostor pairs.
        ``model.record`` tells recipe, data, history, the figures on ``choosing``, the counts
        behind the threshold, seconds and date.

    Raises:
        TooFewError: there are too few pairs, or none that the loss can learn from.
        OverlapError: a pair stands on both sides.
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
        rarity=rarity_of(ids.values(), buckets=recipe.buckets),
        seed=recipe.seed,
    )
    model = SiameseModel(preparation=preparation, encoder=encoder, energy=recipe.energy)
    feed = _feed(recipe, pairs, ids)
    network = SiameseNet(encoder, energy=recipe.energy)
    network.compile(
        optimizer=keras.optimizers.Adam(recipe.learning_rate), loss=_loss(recipe), jit_compile=False
    )
    tell = on_progress or (lambda progress: None)
    fit = _fit(recipe, network, feed, model, choosing, tell=tell)
    encoder.set_weights(fit.best_weights)
    energies = pair_energies(model, choosing)
    decided = _choose(recipe, choosing, energies)
    record = {
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "likeness": __version__,
        "encoder": encoder.name,
        "recipe": recipe.as_dict(),
        "data": _described(pairs),
        "chosen_on": _described(choosing),
        "similarity": similarity(choosing.scores, energies).as_dict(),
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
class _Decided:
    """A threshold and what stands behind it."""

    threshold: float | None = None
    people: tuple[str, ...] = field(default=())
    genuine_pairs: int = 0
    impostor_pairs: int = 0
    genuine_from: float
    impostor_to: float


def _choose(recipe: SimilarityRecipe, pairs: SentencePairs, energies: Energies) -> _Decided:
    genuine = energies[pairs.scores >= recipe.genuine_from]
    impostor = energies[pairs.scores <= recipe.impostor_to]
    enough = len(genuine) > 0 and len(impostor) > 0
    return _Decided(
        threshold=choose_threshold(genuine, impostor) if enough else None,
        genuine_pairs=len(genuine),
        impostor_pairs=len(impostor),
        genuine_from=recipe.genuine_from,
        impostor_to=recipe.impostor_to,
    )


def _check_apart(pairs: SentencePairs, choosing: SentencePairs) -> None:
    """Raise if a pair, one way or the other, is learned from and chosen on."""
    learned = {frozenset(both) for both in zip(pairs.left, pairs.right, strict=True)}
    both = [
        one for one in zip(choosing.left, choosing.right, strict=True) if frozenset(one) in learned
    ]
    # A few pairs are in two parts of public benchmarks; many are the same data given twice.
    if 10 * len(both) > len(choosing):
        raise OverlapError(
            f"{len(both)} of {len(choosing)} pairs to choose on are learned from too, such as "
            f"{both[0][0]!r:.60}. Choose on others."
        )


def _described(pairs: SentencePairs) -> dict[str, Any]:
    return {
        "name": pairs.name,
        "digest": pairs.digest,
        "licence": pairs.licence,
        "pairs": len(pairs),
        "sentences": len(pairs.sentences),
    }


def _feed(
    recipe: SimilarityRecipe, pairs: SentencePairs, ids: dict[str, list[int]]
) -> SentenceFeed:
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

    return SentenceFeed(
        of(pairs.left),
        of(pairs.right),
        targets[learned],
        buckets=recipe.buckets,
        batch_size=recipe.batch_size,
        hidden=recipe.piece_dropout,
        seed=recipe.seed,
    )


def _loss(recipe: SimilarityRecipe) -> Any:
    if recipe.loss == "contrastive":
        return ContrastiveLoss(recipe.margin, recipe.genuine_margin)
    return CorrelationLoss()


@dataclass(kw_only=True)
class _Fit:
    """What came of the epochs: the best weights, and how they were found."""

    best_weights: list[Any] = field(default_factory=list)
    best_epoch: int = 0
    history: dict[str, list[float]] = field(default_factory=lambda: {"loss": [], "spearman": []})
    interrupted: bool = False


def _fit(
    recipe: SimilarityRecipe,
    network: Any,
    feed: SentenceFeed,
    model: SiameseModel,
    choosing: SentencePairs,
    *,
    tell: OnProgress,
) -> _Fit:
    """Go through the epochs, and keep the weights of the best one.

    Not by ``fit``: on TensorFlow it takes the width of the first batches for that of all.
    """
    found = _Fit()
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
            rho = spearman(choosing.scores, -pair_energies(model, choosing))
            if not found.best_epoch or rho > max(found.history["spearman"]):
                found.best_epoch = epoch + 1
                found.best_weights = model.encoder.get_weights()
            found.history["loss"].append(loss)
            found.history["spearman"].append(rho)
    except KeyboardInterrupt:
        if found.best_epoch == 0:
            raise
        found.interrupted = True
    return found


def _check_loss(recipe: SimilarityRecipe, loss: float, *, epoch: int, step: int) -> None:
    if not math.isfinite(loss):
        raise TrainingFailedError(
            f"the loss became {loss} in epoch {epoch + 1}, step {step + 1}. "
            f"Lower learning_rate (it is {recipe.learning_rate:g})."
        )
