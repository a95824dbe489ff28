"""The baselines on the real photos give the figures that independent code gave."""

import pytest

from likeness import datasets
from likeness.evaluation import BASELINES, cross_fitted_threshold, evaluate_unseen, people_intervals

pytestmark = [pytest.mark.real, pytest.mark.slow]

# Protocol U4, measured twice with plain re-implementations.
REFERENCE = {
    "raw_pixels": {"auc": 0.944, "eer": 0.135, "tar_at_far_1e-2": 0.646, "one_shot_10way": 0.839},
    "fisherfaces": {"auc": 0.970, "eer": 0.089, "tar_at_far_1e-2": 0.749, "one_shot_10way": 0.886},
}
ACCURACY = {"raw_pixels": 0.866, "fisherfaces": 0.898}  # depends on how the threshold is chosen


@pytest.mark.parametrize("name", BASELINES)
def test_u4(name: str, real_data: str) -> None:
    fit = BASELINES[name]
    folds = [
        evaluate_unseen(fit(training), test, threshold=cross_fitted_threshold(fit, training))
        for training, test in datasets.identity_folds(datasets.att(real_data), 4)
    ]
    found = people_intervals(folds, repetitions=50)
    for figure, expected in REFERENCE[name].items():
        assert found[figure].mean == pytest.approx(expected, abs=0.001), figure
    assert found["accuracy"].mean == pytest.approx(ACCURACY[name], abs=0.01)
