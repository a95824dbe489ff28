"""Data sets: the frozen type, the split that keeps people apart, and the readers."""

from likeness.datasets._progress import OnProgress
from likeness.datasets.att import att, att_cache_path
from likeness.datasets.digits import digits, mnist
from likeness.datasets.drawn import drawn_faces
from likeness.datasets.drawn_characters import drawn_characters, drawn_runs
from likeness.datasets.drawn_signatures import drawn_signatures
from likeness.datasets.folder import folder
from likeness.datasets.omniglot import alphabets, omniglot, omniglot_runs
from likeness.datasets.one_shot_run import OneShotRun
from likeness.datasets.signatures import signatures
from likeness.datasets.sts import sts
from likeness.items import (
    Dataset,
    check_disjoint,
    identity_folds,
    name_some,
    split_by_identity,
)
from likeness.sentence_pairs import SentencePairs

__all__ = [
    "Dataset",
    "OnProgress",
    "OneShotRun",
    "SentencePairs",
    "alphabets",
    "att",
    "att_cache_path",
    "check_disjoint",
    "digits",
    "drawn_characters",
    "drawn_faces",
    "drawn_runs",
    "drawn_signatures",
    "folder",
    "identity_folds",
    "mnist",
    "name_some",
    "omniglot",
    "omniglot_runs",
    "signatures",
    "split_by_identity",
    "sts",
]
