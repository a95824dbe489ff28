"""ROC, AUC and EER against scikit-learn: 300 made-up cases, with ties, few pairs and one class."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score, roc_curve

from likeness.errors import DataError, TooFewError
from likeness.evaluation import auc, equal_error_rate, error_rates, roc, tar_at_far

CASES = 300


def made(case: int) -> tuple[np.ndarray, np.ndarray]:
    """Genuine and impostor energies: from one pair of each to sixty, every third with ties."""
    rng = np.random.default_rng(case)
    sizes = rng.integers(1, 60, 2)
    genuine, impostor = (
        rng.normal(centre, 1.0, size) for centre, size in zip((0, 1.2), sizes, strict=True)
    )
    if case % 3 == 0:
        genuine, impostor = np.round(genuine), np.round(impostor)
    if case % 10 == 0:
        genuine, impostor = np.zeros(sizes[0]), np.zeros(sizes[1])
    return genuine, impostor


def curve_of(genuine: np.ndarray, impostor: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """scikit-learn's (FAR, TAR), for a score of which more is more alike."""
    labels = np.arange(len(genuine) + len(impostor)) < len(genuine)
    far, tar, _ = roc_curve(labels, -np.concatenate([genuine, impostor]), drop_intermediate=False)
    return far, tar


@pytest.mark.parametrize("hundred", range(CASES // 100))
def test_roc_auc_and_eer_are_those_of_scikit_learn(hundred: int) -> None:
    for case in range(100 * hundred, 100 * hundred + 100):
        genuine, impostor = made(case)
        rates = error_rates(genuine, impostor)
        far, tar = curve_of(genuine, impostor)
        ours = roc(rates)
        np.testing.assert_allclose(ours[0], far, atol=1e-12, err_msg=f"case {case}")
        np.testing.assert_allclose(ours[1], tar, atol=1e-12, err_msg=f"case {case}")
        labels = np.arange(len(genuine) + len(impostor)) < len(genuine)
        scores = -np.concatenate([genuine, impostor])
        assert auc(rates) == pytest.approx(roc_auc_score(labels, scores), abs=1e-12), case
        # Where the straight pieces of scikit-learn's curve cross FAR = FRR.
        gap = far - (1 - tar)
        after = int(np.argmax(gap >= 0))
        share = gap[after - 1] / (gap[after - 1] - gap[after])
        eer = far[after - 1] + share * (far[after] - far[after - 1])
        assert equal_error_rate(rates) == pytest.approx(eer, abs=1e-12), case
        most = 3 / len(impostor)  # the lowest FAR that is claimed
        if most <= 1:
            best = tar[far <= most + 1e-12].max()
            assert tar_at_far(rates, most) == pytest.approx(best, abs=1e-12), case


@pytest.mark.parametrize("missing", ["genuine", "impostor"])
def test_one_class_is_refused_where_scikit_learn_warns(missing: str) -> None:
    kinds = {"genuine": np.ones(3), "impostor": np.ones(4), missing: np.empty(0)}
    with pytest.raises(TooFewError, match=f"{missing}: expected at least one {missing} pair"):
        error_rates(**kinds)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("where", ["genuine", "impostor"])
def test_what_is_no_number_is_refused_as_by_scikit_learn(where: str, value: float) -> None:
    kinds = {"genuine": np.ones(3), "impostor": np.ones(4)}
    kinds[where][1] = value
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        roc_curve(np.arange(7) < 3, -np.concatenate(list(kinds.values())))
    with pytest.raises(DataError, match=f"{where}: expected finite energies"):
        error_rates(**kinds)
