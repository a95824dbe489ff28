"""`likeness`: one-shot face recognition with Siamese networks on Keras 3.

The public names are listed here, once; everything else may change between versions.
They are loaded on first use (PEP 562), so that ``import likeness`` starts without Keras.
"""

from importlib import import_module
from typing import Any

from likeness._version import __version__
from likeness.errors import require_extra

_HOME = {
    "Dataset": "likeness.datasets",
    "LikenessError": "likeness.errors",
    "OnnxModel": "likeness.runtime",
    "Preparation": "likeness.images.preparation",
    "SiameseClassifier": "likeness.estimators",
    "SiameseEmbedder": "likeness.estimators",
    "SiameseModel": "likeness.model",
    "SiameseNet": "likeness.encoders.siamese",
    "TrainingRecipe": "likeness.training",
    "check_disjoint": "likeness.datasets",
    "identity_folds": "likeness.datasets",
    "load_model": "likeness.model",
    "open_model": "likeness.runtime",
    "split_by_identity": "likeness.datasets",
    "train": "likeness.training",
}

_NEEDS_KERAS = {"SiameseNet", "encoders", "losses", "train"}

_NEEDS_SKLEARN = {"SiameseClassifier", "SiameseEmbedder"}

_MODULES = ("datasets", "encoders", "energies", "errors", "evaluation", "losses", "sampling")

__all__ = [
    "Dataset",
    "LikenessError",
    "OnnxModel",
    "Preparation",
    "SiameseClassifier",
    "SiameseEmbedder",
    "SiameseModel",
    "SiameseNet",
    "TrainingRecipe",
    "__version__",
    "check_disjoint",
    "datasets",
    "encoders",
    "energies",
    "errors",
    "evaluation",
    "identity_folds",
    "load_model",
    "losses",
    "open_model",
    "sampling",
    "split_by_identity",
    "train",
]


def __getattr__(name: str) -> Any:
    if name in _NEEDS_KERAS:
        require_extra("keras", extra="train")
    if name in _NEEDS_SKLEARN:
        require_extra("sklearn")
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    if name in _MODULES:
        return import_module(f"likeness.{name}")
    raise AttributeError(f"module 'likeness' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
