"""Data sets: the frozen type, the split that keeps people apart, and the readers."""

from likeness.datasets._dataset import (
    Dataset,
    check_disjoint,
    identity_folds,
    split_by_identity,
)

__all__ = [
    "Dataset",
    "check_disjoint",
    "identity_folds",
    "split_by_identity",
]
