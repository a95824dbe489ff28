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

from likeness._version import __version__
from likeness.arrays import Energies
from likeness.datasets.sentence_pairs import SentencePairs
from likeness.encoders.bag_of_pieces import bag_of_pieces
from likeness.encoders.siamese import SiameseNet
from likeness.errors import OverlapError, TooFewError, TrainingFailedError
from likeness.evaluation.sentences import pair_energies
from likeness.evaluation.similarity import similarity, spearman
from likeness.evaluation.verification import choose_threshold
from likeness.losses.contrastive import ContrastiveLoss
from likeness.losses.correlation import CorrelationLoss
from likeness.model import SiameseModel
from likeness.texts.preparation import TextPreparation
from likeness.texts.rarity import rarity_of
from likeness.training._sentence_feed import SentenceFeed
from likeness.training.progress import OnProgress, TrainingProgress
from likeness.training.similarity import SimilarityRecipe

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
    watch = _Watch(recipe, model, choosing, steps=len(feed), on_progress=on_progress)
    interrupted = False
    try:
        network.fit(feed, epochs=recipe.epochs, verbose=0, shuffle=False, callbacks=[watch])
    except KeyboardInterrupt:
        if watch.best_epoch == 0:
            raise
        interrupted = True
    encoder.set_weights(watch.best_weights)
    energies = pair_energies(model, choosing)
    decided = _choose(recipe, choosing, energies)
    record = {
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "likeness": __version__,
        "recipe": {"encoder": encoder.name, **recipe.as_dict()},
        "data": _described(pairs),
        "chosen_on": _described(choosing),
        "similarity": similarity(choosing.scores, energies).as_dict(),
        "threshold": asdict(decided),
        "histories": {"choosing": watch.history},
        "epochs": watch.best_epoch,
        "interrupted": interrupted,
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
        hidden=recipe.hidden,
        seed=recipe.seed,
    )


def _loss(recipe: SimilarityRecipe) -> Any:
    if recipe.loss == "contrastive":
        return ContrastiveLoss(recipe.margin, recipe.genuine_margin)
    return CorrelationLoss()


class _Watch(keras.callbacks.Callback):
    """Keeps the best weights and tells the progress."""

    def __init__(
        self,
        recipe: SimilarityRecipe,
        model: SiameseModel,
        choosing: SentencePairs,
        *,
        steps: int,
        on_progress: OnProgress | None,
    ) -> None:
        super().__init__()
        self._recipe = recipe
        self._siamese = model
        self._choosing = choosing
        self._steps = steps
        self._tell = on_progress or (lambda progress: None)
        self._epoch = 0
        self.history: dict[str, list[float]] = {"loss": [], "spearman": []}
        self.best_epoch = 0
        self.best_weights: list[Any] = []

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        loss = float((logs or {}).get("loss", math.nan))
        if not math.isfinite(loss):
            raise TrainingFailedError(
                f"the loss became {loss} in epoch {self._epoch + 1}, step {batch + 1}. "
                f"Lower learning_rate (it is {self._recipe.learning_rate:g})."
            )
        self._tell(
            TrainingProgress(
                stage="choosing",
                step=self._epoch * self._steps + batch + 1,
                steps=self._recipe.epochs * self._steps,
                loss=loss,
            )
        )

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._epoch = epoch + 1
        found = spearman(self._choosing.scores, -pair_energies(self._siamese, self._choosing))
        if not self.best_epoch or found > max(self.history["spearman"]):
            self.best_epoch = epoch + 1
            self.best_weights = self._siamese.encoder.get_weights()
        self.history["loss"].append(float((logs or {})["loss"]))
        self.history["spearman"].append(found)
