"""Evaluation: verification, identification, intervals, leaks, baselines. NumPy only.

All rates use one counting function; «accept if energy ≤ threshold» everywhere.
"""

from likeness.evaluation.baselines import (
    BASELINES,
    Embedder,
    Evaluation,
    cross_fitted_threshold,
    evaluate_matrix,
    evaluate_pairs,
    evaluate_unseen,
)
from likeness.evaluation.fusion import fuse
from likeness.evaluation.identification import n_way_k_shot, one_shot_each_item, rank_one
from likeness.evaluation.intervals import people_intervals
from likeness.evaluation.leaks import find_leaks
from likeness.evaluation.open_set import evaluate_open_set, open_set_intervals
from likeness.evaluation.pair_energies import PairEnergies, PairRule
from likeness.evaluation.verification import (
    accuracy_at,
    auc,
    choose_threshold,
    equal_error_rate,
    error_rates,
    roc,
    tar_at_far,
)

__all__ = [
    "BASELINES",
    "Embedder",
    "Evaluation",
    "PairEnergies",
    "PairRule",
    "accuracy_at",
    "auc",
    "choose_threshold",
    "cross_fitted_threshold",
    "equal_error_rate",
    "error_rates",
    "evaluate_matrix",
    "evaluate_open_set",
    "evaluate_pairs",
    "evaluate_unseen",
    "find_leaks",
    "fuse",
    "n_way_k_shot",
    "one_shot_each_item",
    "open_set_intervals",
    "people_intervals",
    "rank_one",
    "roc",
    "tar_at_far",
]
