"""Our network on one fold: trained, its threshold and its probabilities from training writers."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from likeness.arrays import Embeddings
from likeness.datasets import Dataset
from likeness.evaluation.fusion import Comparisons
from likeness.evaluation.probability_fit import FittedProbability
from likeness.model.opening import open_model
from likeness.training import TrainingRecipe

FOUND = "fold.json"


@dataclass(frozen=True, eq=False, kw_only=True)
class Found:
    """What a training leaves behind.

    Args:
        embeddings: ``(n, d)`` of the test signatures.
        energy: by which they are compared.
        threshold: chosen on training writers held out.
        ratio: from energies to likelihood ratios, fitted to the same writers, as
            `LikelihoodRatio.to_json`.
        seconds: of the training, of one core if nothing else ran.
        parameters: of the network.
    """

    embeddings: Embeddings
    energy: str
    threshold: float
    ratio: dict[str, Any]
    seconds: float
    parameters: int


@dataclass(frozen=True, eq=False, kw_only=True)
class Job:
    """Train on the training writers of a fold, embed the signatures of its test writers.

    Args:
        recipe: of the training.
        training, test: the fold.
        folder: for the model; one that is there already, of this recipe and these writers, is
            taken. Nowhere if not given.
    """

    recipe: TrainingRecipe
    training: Dataset
    test: Dataset
    folder: Path | None = None

    def __call__(self, tell: Any) -> Found:
        """Run it."""
        if (earlier := self._earlier()) is not None:
            return earlier
        from likeness.training import train_and_measure  # late: brings Keras, in the worker only

        trained = train_and_measure(self.recipe, self.training, on_progress=tell)
        assert trained.measured is not None  # writers are held out
        model = trained.model
        fitted = FittedProbability.fit(Comparisons.of(trained.measured.pairs))
        facts = {
            "threshold": model.threshold,
            "ratio": fitted.ratio.to_json(),
            "seconds": model.record["seconds"],
            "parameters": int(model.encoder.count_params()),
        }
        if self.folder is not None:
            model.save(self.folder, overwrite=True)
            (self.folder / FOUND).write_text(json.dumps(facts), encoding="utf-8")
        return self._found(model, facts)

    def _earlier(self) -> Found | None:
        if self.folder is None or not (self.folder / FOUND).is_file():
            return None
        model = open_model(self.folder)
        wanted = self.recipe.as_dict(), self.training.digest
        if (model.record["recipe"], model.record["data"]["digest"]) != wanted:
            return None
        return self._found(model, json.loads((self.folder / FOUND).read_text(encoding="utf-8")))

    def _found(self, model: Any, facts: dict[str, Any]) -> Found:
        embeddings = model.embed(np.asarray(self.test.items))
        return Found(embeddings=embeddings, energy=model.energy, **facts)
