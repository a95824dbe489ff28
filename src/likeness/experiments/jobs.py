"""Trainings that can be sent to another process, and what comes back."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from likeness.arrays import Embeddings
from likeness.datasets import Dataset
from likeness.datasets.sampling import LabelledPairs
from likeness.evaluation.unseen import ChosenOn
from likeness.training import TrainingProgress, TrainingRecipe

Tell = Callable[[TrainingProgress], None]


@dataclass(frozen=True, eq=False, kw_only=True)
class Trained:
    """What a training leaves behind: embeddings of the test photos, not the network.

    Args:
        embeddings: ``(n, d)``, of the photos that were to be embedded.
        threshold: chosen on the training side; None if there were too few people.
        record: of the model.
        fingerprint: of the model.
        chosen_on: the energies that the threshold was chosen on; None if there is none.
    """

    embeddings: Embeddings
    threshold: float | None
    record: Mapping[str, Any]
    fingerprint: str
    chosen_on: ChosenOn | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class UnseenPeopleJob:
    """Train on some people, embed photos of others."""

    recipe: TrainingRecipe
    training: Dataset
    test: Dataset

    def __call__(self, tell: Tell) -> Trained:
        """Run it."""
        from likeness.training import train  # late: brings Keras, in the worker only

        chosen_on: list[ChosenOn] = []
        model = train(self.recipe, self.training, on_progress=tell, on_threshold=chosen_on.append)
        return _trained(model, self.test, chosen_on)


@dataclass(frozen=True, eq=False, kw_only=True)
class LabSplitJob:
    """Train on some pairs, embed all photos: the pairs left over are made of the same ones."""

    recipe: TrainingRecipe
    data: Dataset
    pairs: LabelledPairs

    def __call__(self, tell: Tell) -> Trained:
        """Run it."""
        from likeness.training import train_on_pairs  # late: brings Keras, in the worker only

        chosen_on: list[ChosenOn] = []
        model = train_on_pairs(
            self.recipe, self.data, self.pairs, on_progress=tell, on_threshold=chosen_on.append
        )
        return _trained(model, self.data, chosen_on)


def _trained(model: Any, test: Dataset, chosen_on: Sequence[ChosenOn]) -> Trained:
    embeddings = model.embed(np.asarray(test.items))
    return Trained(
        embeddings=embeddings,
        threshold=model.threshold,
        record=model.record,
        fingerprint=model.fingerprint,
        chosen_on=chosen_on[0] if chosen_on else None,
    )
