"""Training: from a recipe and a data set to a model. Recipes do not import Keras; `train` does."""

from importlib import import_module
from typing import Any

from likeness.errors import require_extra
from likeness.training.process import OnProgress, TrainingProgress
from likeness.training.recipe import BATCHES, PAIRS, RECIPES, TrainingRecipe

__all__ = [
    "BATCHES",
    "PAIRS",
    "RECIPES",
    "OnProgress",
    "TrainingProgress",
    "TrainingRecipe",
    "train",
    "train_and_measure",
    "train_on_pairs",
    "untrained_encoder",
]


def __getattr__(name: str) -> Any:
    # Late, because it brings Keras: the command line reads recipes without it.
    if name in {"train", "train_and_measure", "train_on_pairs"}:
        require_extra("keras", extra="train")
        return getattr(import_module("likeness.training.trainer"), name)
    if name == "untrained_encoder":
        require_extra("keras", extra="train")
        return getattr(import_module("likeness.training.networks"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
