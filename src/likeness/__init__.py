"""`likeness`: one-shot face recognition with Siamese networks on Keras 3.

The public API is listed here; everything else may change between versions.
They are loaded on first use (PEP 562), so that ``import likeness`` starts without Keras.
"""

from importlib import import_module
from typing import Any

from likeness.errors import require_extra

__version__ = "0.1.0"

_HOME = {
    "Dataset": "likeness.datasets",
    "LikenessError": "likeness.errors",
    "OnnxModel": "likeness.model.onnx_model",
    "Preparation": "likeness.images.preparation",
    "SiameseClassifier": "likeness.tasks.sklearn",
    "SiameseEmbedder": "likeness.tasks.sklearn",
    "SiameseModel": "likeness.model.siamese_model",
    "SiameseNet": "likeness.encoders.siamese",
    "TrainingRecipe": "likeness.training",
    "check_disjoint": "likeness.datasets",
    "identity_folds": "likeness.datasets",
    "load_model": "likeness.model.siamese_model",
    "open_model": "likeness.model.opening",
    "split_by_identity": "likeness.datasets",
    "train": "likeness.training",
}

_NEEDS_KERAS = {"SiameseNet", "encoders", "losses", "train"}

_NEEDS_SKLEARN = {"SiameseClassifier", "SiameseEmbedder"}

_MODULES = {
    "datasets": "likeness.datasets",
    "encoders": "likeness.encoders",
    "energies": "likeness.energies",
    "errors": "likeness.errors",
    "evaluation": "likeness.evaluation",
    "losses": "likeness.training.losses",
    "sampling": "likeness.datasets.sampling",
}

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
        return import_module(_MODULES[name])
    raise AttributeError(f"module 'likeness' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
