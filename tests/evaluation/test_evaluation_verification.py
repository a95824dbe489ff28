"""The figures of verification: hand arithmetic, scikit-learn, slow loops, invariants."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score, roc_auc_score, roc_curve

from likeness.errors import SettingError
from likeness.evaluation import (
    accuracy_at,
    auc,
    choose_threshold,
    equal_error_rate,
    error_rates,
    roc,
    tar_at_far,
)

energies = st.lists(st.integers(-4, 8).map(float), min_size=1, max_size=15)
both = pytest.mark.parametrize("decimals", [0, 1, 6], ids="{} decimals".format)


def drawn(decimals: int, *, genuine: int = 150, impostor: int = 400) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(decimals)
    return (
        rng.normal(0.0, 1.0, genuine).round(decimals),
        rng.normal(1.5, 1.0, impostor).round(decimals),
    )


def as_labels(genuine: np.ndarray, impostor: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return what scikit-learn asks for: labels, and scores that are higher for genuine."""
    labels = np.repeat([1, 0], [len(genuine), len(impostor)])
    return labels, -np.concatenate([genuine, impostor])


class TestAuc:
    @given(genuine=energies, impostor=energies)
    def test_is_the_chance_that_a_genuine_pair_is_nearer(
        self, genuine: list[float], impostor: list[float]
    ) -> None:
        wins = sum((g < i) + (g == i) / 2 for g in genuine for i in impostor)
        expected = wins / (len(genuine) * len(impostor))
        assert auc(error_rates(genuine, impostor)) == pytest.approx(expected)

    @both
    def test_is_that_of_scikit_learn(self, decimals: int) -> None:
        genuine, impostor = drawn(decimals)
        expected = roc_auc_score(*as_labels(genuine, impostor))
        assert auc(error_rates(genuine, impostor)) == pytest.approx(expected)

    @given(genuine=energies, impostor=energies)
    def test_swapped_roles_give_the_rest(self, genuine: list[float], impostor: list[float]) -> None:
        swapped = auc(error_rates(impostor, genuine))
        assert auc(error_rates(genuine, impostor)) == pytest.approx(1 - swapped)

    def test_never_exceeds_one_by_rounding(self) -> None:
        rng = np.random.default_rng(0)
        for size in (10, 4_500, 4_999):
            assert auc(error_rates(rng.random(7), 2 + rng.random(size))) == pytest.approx(1.0)
            assert auc(error_rates(rng.random(7), 2 + rng.random(size))) <= 1.0


class TestEqualErrorRate:
    @pytest.mark.parametrize(
        ("genuine", "impostor", "expected"),
        [
            ([1, 2], [3, 4], 0.0),
            ([3, 4], [1, 2], 1.0),
            ([1, 1], [1], 0.5),  # all tie: a coin
            ([1, 2, 3, 6], [4, 5, 7, 8], 0.25),  # a threshold gives it exactly
            # Between (FAR 0, FRR 1/2) and (FAR 1/2, FRR 0), where one energy ties: 1/4.
            ([1, 3], [3, 5], 0.25),
            # (0, 1/3) → (1, 1/3) at the only impostor: the step is level, the rate is 1/3.
            ([1, 2, 6], [4], 1 / 3),
        ],
    )
    def test_by_hand(self, genuine: list[float], impostor: list[float], expected: float) -> None:
        assert equal_error_rate(error_rates(genuine, impostor)) == pytest.approx(expected)

    @given(genuine=energies, impostor=energies)
    def test_is_where_the_lines_through_the_points_cross(
        self, genuine: list[float], impostor: list[float]
    ) -> None:
        rates = error_rates(genuine, impostor)
        at = np.arange(len(rates.far))
        # Bisection on the piecewise linear curves, which are one function each of the place.
        low, high = 0.0, float(at[-1])
        for _ in range(45):
            middle = (low + high) / 2
            if np.interp(middle, at, rates.far) < np.interp(middle, at, rates.frr):
                low = middle
            else:
                high = middle
        expected = np.interp(high, at, rates.far)
        assert equal_error_rate(rates) == pytest.approx(expected, abs=1e-9)

    @both
    def test_lies_between_the_nearest_points_of_scikit_learn(self, decimals: int) -> None:
        genuine, impostor = drawn(decimals)
        far, tar, _ = roc_curve(*as_labels(genuine, impostor), drop_intermediate=False)
        frr = 1 - tar
        after = int(np.argmax(far >= frr))
        rate = equal_error_rate(error_rates(genuine, impostor))
        assert far[after - 1] <= rate <= far[after]
        assert frr[after] <= rate <= frr[after - 1]

    @given(genuine=energies, impostor=energies)
    def test_swapped_roles_give_the_rest(self, genuine: list[float], impostor: list[float]) -> None:
        rates, swapped = error_rates(genuine, impostor), error_rates(impostor, genuine)
        assert equal_error_rate(rates) == pytest.approx(1 - equal_error_rate(swapped))


@given(genuine=energies, impostor=energies)
def test_only_the_order_of_energies_matters(genuine: list[float], impostor: list[float]) -> None:
    """A rising change of scale, such as squaring distances, changes neither AUC nor EER."""

    def stretched(kind: list[float]) -> list[float]:
        return [float(np.exp(energy / 3)) + energy for energy in kind]

    before, after = (
        error_rates(genuine, impostor),
        error_rates(*map(stretched, (genuine, impostor))),
    )
    assert auc(after) == auc(before)
    assert equal_error_rate(after) == equal_error_rate(before)
    assert accuracy_at(after, choose_threshold(*map(stretched, (genuine, impostor)))) == (
        accuracy_at(before, choose_threshold(genuine, impostor))
    )


class TestTarAtFar:
    @both
    @pytest.mark.parametrize("far", [0.0075, 0.01, 0.1, 0.5, 1.0])
    def test_is_the_best_point_of_scikit_learn(self, decimals: int, far: float) -> None:
        genuine, impostor = drawn(decimals)
        fars, tars, _ = roc_curve(*as_labels(genuine, impostor), drop_intermediate=False)
        expected = tars[fars <= far].max()
        assert tar_at_far(error_rates(genuine, impostor), far) == pytest.approx(expected)

    def test_at_most_so_many_impostors_are_accepted(self) -> None:
        """4 of 400 are 1 %; where the 4th and 5th tie, neither is accepted."""
        far_away = [9.0] * 395
        plain = error_rates([1.5, 2.5, 3.5, 4.5, 5.5], [1, 2, 3, 4, 5, *far_away])
        tied = error_rates([1.5, 2.5, 3.5, 4.5, 5.5], [1, 2, 3, 5, 5, *far_away])
        assert plain.threshold_at(0.01) == 4.5
        assert tar_at_far(plain, 0.01) == pytest.approx(0.8)
        assert tar_at_far(tied, 0.01) == pytest.approx(0.8)
        assert tied.threshold_at(0.01) == 4.5
        early = error_rates([1.5, 6.0], [1, 2, 2, 2, 2, *far_away])
        assert tar_at_far(early, 0.01) == pytest.approx(0.5)

    def test_nothing_is_accepted_where_all_impostors_tie_below(self) -> None:
        rates = error_rates([2.0], [1.0] * 400)
        assert rates.threshold_at(0.01) == -np.inf
        assert tar_at_far(rates, 0.01) == 0.0

    def test_a_far_that_the_pairs_cannot_show_is_not_claimed(self) -> None:
        rates = error_rates([1.0], np.arange(450))
        with pytest.raises(
            SettingError,
            match=r"450 impostor pairs support no FAR under 0\.0067\. Received: 0\.001",
        ):
            tar_at_far(rates, 0.001)

    @pytest.mark.parametrize("impostors", [30, 300, 3_000, 30_000, 300_000, 250, 7])
    def test_three_over_n_itself_is_claimed(self, impostors: int) -> None:
        rates = error_rates([-1.0], np.arange(impostors))
        assert tar_at_far(rates, 3 / impostors) == 1.0
        with pytest.raises(SettingError, match="support no FAR"):
            tar_at_far(rates, np.nextafter(3 / impostors, 0))

    @pytest.mark.parametrize("far", [0.0, -0.1, 1.1, float("nan")])
    def test_a_far_is_a_rate(self, far: float) -> None:
        with pytest.raises(SettingError, match="far: expected a rate above 0, at most 1"):
            tar_at_far(error_rates([1.0], np.arange(450)), far)


class TestAccuracy:
    @both
    def test_is_the_balanced_accuracy_of_scikit_learn(self, decimals: int) -> None:
        genuine, impostor = drawn(decimals)
        labels, scores = as_labels(genuine, impostor)
        rates = error_rates(genuine, impostor)
        for threshold in (-9.0, -0.5, 0.0, 0.7, float(genuine[3]), 9.0):
            expected = balanced_accuracy_score(labels, -scores <= threshold)
            assert accuracy_at(rates, threshold) == pytest.approx(expected)

    def test_the_threshold_itself_is_accepted(self) -> None:
        rates = error_rates([1.0], [2.0])
        assert accuracy_at(rates, 1.0) == 1.0
        assert accuracy_at(rates, np.nextafter(1.0, 0)) == 0.5
        assert accuracy_at(rates, 2.0) == 0.5

    def test_everything_and_nothing(self) -> None:
        rates = error_rates([1.0], [2.0])
        assert accuracy_at(rates, -np.inf) == accuracy_at(rates, np.inf) == 0.5

    def test_nan_is_no_threshold(self) -> None:
        with pytest.raises(SettingError, match=r"threshold: expected a number\. Received: nan"):
            accuracy_at(error_rates([1.0], [2.0]), float("nan"))


class TestChooseThreshold:
    @given(genuine=energies, impostor=energies)
    def test_no_threshold_is_more_accurate(
        self, genuine: list[float], impostor: list[float]
    ) -> None:
        rates = error_rates(genuine, impostor)
        chosen = accuracy_at(rates, choose_threshold(genuine, impostor))
        best = max(accuracy_at(rates, threshold) for threshold in rates.thresholds)
        assert chosen == pytest.approx(best)

    @given(genuine=energies, impostor=energies)
    def test_stands_between_the_energies_half_way(
        self, genuine: list[float], impostor: list[float]
    ) -> None:
        every = sorted({*genuine, *impostor})
        chosen = choose_threshold(genuine, impostor)
        half_ways = [(a + b) / 2 for a, b in pairwise(every)]
        assert chosen in [*half_ways, every[-1]]

    def test_of_equally_good_ones_the_middle(self) -> None:
        # Accepting up to 1, 3 or 5 is equally good: (FAR, FRR) = (0, ½), (½, 0) and so on.
        assert choose_threshold([1, 3], [2, 4]) in (1.5, 3.5)
        assert choose_threshold([1, 3, 5], [2, 4, 6]) == 3.5

    def test_neighbouring_numbers_stay_apart(self) -> None:
        for low in (1.0, np.nextafter(1.0, 2), 1e300, 5e-324):
            high = np.nextafter(low, np.inf)
            assert low <= choose_threshold([low], [high]) < high

    @given(genuine=energies, impostor=energies)
    def test_is_finite_even_when_everything_is_upside_down(
        self, genuine: list[float], impostor: list[float]
    ) -> None:
        farther = [energy + 20 for energy in genuine]
        assert np.isfinite(choose_threshold(farther, impostor))


@both
def test_roc_goes_through_the_points_of_scikit_learn(decimals: int) -> None:
    genuine, impostor = drawn(decimals)
    far, tar = roc(error_rates(genuine, impostor))
    fars, tars, _ = roc_curve(*as_labels(genuine, impostor), drop_intermediate=False)
    np.testing.assert_allclose(far, fars)
    np.testing.assert_allclose(tar, tars)
    assert (far[0], tar[0], far[-1], tar[-1]) == (0, 0, 1, 1)
