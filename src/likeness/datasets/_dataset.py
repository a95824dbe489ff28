"""`Dataset` and its kin, which are about any items, for the readers beside this file."""

from likeness.items import (
    Dataset,
    check_disjoint,
    identity_folds,
    name_some,
    natural_key,
    split_by_identity,
)

__all__ = [
    "Dataset",
    "check_disjoint",
    "identity_folds",
    "name_some",
    "natural_key",
    "split_by_identity",
]
