"""Evaluation: verification, identification, intervals, leaks, baselines. NumPy only.

One counting primitive stands behind every rate; «accept if energy ≤ threshold» everywhere.
"""

from likeness.evaluation.baselines import BASELINES, cross_fitted_threshold
from likeness.evaluation.counts import Counter, ErrorRates, error_rates
from likeness.evaluation.figures import Interval
from likeness.evaluation.fusion import FUSIONS, fuse
from likeness.evaluation.fusion_choice import FusionChoice, choose_fusion
from likeness.evaluation.identification import (
    Identification,
    cumulative_match,
    n_way_k_shot,
    one_shot_each_item,
    rank_one,
)
from likeness.evaluation.intervals import people_intervals
from likeness.evaluation.leaks import LeakReport, find_leaks, leaks_against
from likeness.evaluation.next_photo import NextPhotoCurve, next_photo_curve
from likeness.evaluation.open_set import (
    OpenSet,
    OpenSetEvaluation,
    OpenSetRates,
    dir_at_fpir,
    evaluate_open_set,
    open_set_halves,
    open_set_rates,
)
from likeness.evaluation.open_set_intervals import open_set_intervals
from likeness.evaluation.pair_energies import (
    PairEnergies,
    all_pair_energies,
    listed_pair_energies,
    matrix_pair_energies,
)
from likeness.evaluation.pair_rule import PairRule
from likeness.evaluation.unseen import (
    Embedder,
    Evaluation,
    evaluate_matrix,
    evaluate_pairs,
    evaluate_unseen,
)
from likeness.evaluation.verification import (
    accuracy_at,
    auc,
    choose_threshold,
    equal_error_rate,
    roc,
    tar_at_far,
    threshold_at_far,
)

__all__ = [
    "BASELINES",
    "FUSIONS",
    "Counter",
    "Embedder",
    "ErrorRates",
    "Evaluation",
    "FusionChoice",
    "Identification",
    "Interval",
    "LeakReport",
    "NextPhotoCurve",
    "OpenSet",
    "OpenSetEvaluation",
    "OpenSetRates",
    "PairEnergies",
    "PairRule",
    "accuracy_at",
    "all_pair_energies",
    "auc",
    "choose_fusion",
    "choose_threshold",
    "cross_fitted_threshold",
    "cumulative_match",
    "dir_at_fpir",
    "equal_error_rate",
    "error_rates",
    "evaluate_matrix",
    "evaluate_open_set",
    "evaluate_pairs",
    "evaluate_unseen",
    "find_leaks",
    "fuse",
    "leaks_against",
    "listed_pair_energies",
    "matrix_pair_energies",
    "n_way_k_shot",
    "next_photo_curve",
    "one_shot_each_item",
    "open_set_halves",
    "open_set_intervals",
    "open_set_rates",
    "people_intervals",
    "rank_one",
    "roc",
    "tar_at_far",
    "threshold_at_far",
]
