"""Data sets: the frozen type, the split that keeps people apart, and the readers."""

from likeness.datasets.att import att, att_cache_path
from likeness.datasets.drawn import drawn_faces
from likeness.datasets.folder import folder
from likeness.datasets.items import (
    Dataset,
    check_disjoint,
    identity_folds,
    name_some,
    split_by_identity,
)
from likeness.datasets.progress import OnProgress

__all__ = [
    "Dataset",
    "OnProgress",
    "att",
    "att_cache_path",
    "check_disjoint",
    "drawn_faces",
    "folder",
    "identity_folds",
    "name_some",
    "split_by_identity",
]
