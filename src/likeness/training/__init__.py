"""From a recipe and a data set to a model. The recipes import no Keras; `train` does."""

from importlib import import_module
from typing import Any

from likeness.errors import require_extra
from likeness.training.progress import OnProgress, TrainingProgress
from likeness.training.recipe import (
    BATCHES,
    CHARACTERS,
    PAIRS,
    RECIPES,
    SIGNATURES,
    TrainingRecipe,
)
from likeness.training.similarity import SimilarityRecipe
from likeness.training.tracking_recipe import TrackingRecipe

__all__ = [
    "BATCHES",
    "CHARACTERS",
    "PAIRS",
    "RECIPES",
    "SIGNATURES",
    "OnProgress",
    "SimilarityRecipe",
    "TrackingRecipe",
    "TrainingProgress",
    "TrainingRecipe",
    "train",
    "train_on_pairs",
    "train_similarity",
    "train_tracker",
    "untrained_encoder",
]


def __getattr__(name: str) -> Any:
    # Late, because it brings Keras: the command line reads recipes without it.
    if name in {"train", "train_on_pairs"}:
        require_extra("keras", extra="train")
        return getattr(import_module("likeness.training._train"), name)
    if name == "train_similarity":
        require_extra("keras", extra="train")
        return getattr(import_module("likeness.training._similarity"), name)
    if name == "train_tracker":
        require_extra("keras", extra="train")
        return getattr(import_module("likeness.training._tracking"), name)
    if name == "untrained_encoder":
        require_extra("keras", extra="train")
        return getattr(import_module("likeness.training._networks"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
