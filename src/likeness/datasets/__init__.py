"""Data sets: the frozen type, the split by identity, and the readers.

The readers are loaded on first use (PEP 562): code that only needs `Dataset` does not import them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from likeness.datasets.items import (
    Dataset,
    OnPhoto,
    OnProgress,
    check_disjoint,
    identity_folds,
    name_some,
    split_by_identity,
)

if TYPE_CHECKING:
    from likeness.datasets.att_faces import att
    from likeness.datasets.drawn_face import drawn_faces
    from likeness.datasets.photo_folder import folder

_READERS = {
    "att": "att_faces",
    "drawn_faces": "drawn_face",
    "folder": "photo_folder",
}

__all__ = [
    "Dataset",
    "OnPhoto",
    "OnProgress",
    "att",
    "check_disjoint",
    "drawn_faces",
    "folder",
    "identity_folds",
    "name_some",
    "split_by_identity",
]


def __getattr__(name: str) -> Any:
    if name in _READERS:
        return getattr(import_module(f"{__name__}.{_READERS[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
