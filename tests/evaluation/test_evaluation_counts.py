"""The counting primitive: every rate against counting one pair at a time."""

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import det_curve

from likeness.errors import DataError, TooFewError
from likeness.evaluation import error_rates
from likeness.evaluation.verification import Counter

# Few different values: ties within and between the two kinds are the rule, not the exception.
energies = st.lists(st.integers(0, 6).map(float), min_size=1, max_size=12)


def counted(kind: list[float], threshold: float) -> int:
    accepted = 0
    for energy in kind:
        if energy <= threshold:
            accepted += 1
    return accepted


@given(genuine=energies, impostor=energies)
def test_rates_are_counts_at_every_threshold(genuine: list[float], impostor: list[float]) -> None:
    rates = error_rates(genuine, impostor)
    assert rates.thresholds.tolist() == [-np.inf, *sorted(set(genuine + impostor))]
    for place, threshold in enumerate(rates.thresholds):
        assert rates.far[place] == counted(impostor, threshold) / len(impostor)
        rejected = len(genuine) - counted(genuine, threshold)
        assert rates.frr[place] == pytest.approx(rejected / len(genuine))
    assert (rates.genuine_pairs, rates.impostor_pairs) == (len(genuine), len(impostor))


@given(genuine=energies, impostor=energies)
def test_rates_go_from_nothing_to_everything(genuine: list[float], impostor: list[float]) -> None:
    rates = error_rates(genuine, impostor)
    assert (rates.far[0], rates.frr[0], rates.far[-1], rates.frr[-1]) == (0, 1, 1, 0)
    assert (np.diff(rates.far) >= 0).all()
    assert (np.diff(rates.frr) <= 0).all()


@given(genuine=energies, impostor=energies, order=st.randoms(use_true_random=False))
def test_the_order_of_pairs_does_not_matter(
    genuine: list[float], impostor: list[float], order: Random
) -> None:
    before = error_rates(genuine, impostor)
    order.shuffle(genuine)
    order.shuffle(impostor)
    after = error_rates(genuine, impostor)
    np.testing.assert_array_equal(before.far, after.far)
    np.testing.assert_array_equal(before.frr, after.frr)


@given(data=st.data(), genuine=energies, impostor=energies)
def test_a_weight_is_so_many_copies(
    data: st.DataObject, genuine: list[float], impostor: list[float]
) -> None:
    def weights_for(kind: list[float]) -> list[int]:
        weights = st.lists(st.integers(0, 3), min_size=len(kind), max_size=len(kind))
        return data.draw(weights.filter(any))

    weights = weights_for(genuine), weights_for(impostor)
    copies = [list(np.repeat(e, w)) for e, w in zip((genuine, impostor), weights, strict=True)]
    weighted = Counter(genuine, impostor).rates(*(np.array(w, float) for w in weights))
    literal = error_rates(*copies)
    # Thresholds that only weightless pairs have repeat the rates of the one before.
    for threshold, far, frr in zip(literal.thresholds, literal.far, literal.frr, strict=True):
        place = np.flatnonzero(weighted.thresholds == threshold)[0]
        assert weighted.far[place] == pytest.approx(far)
        assert weighted.frr[place] == pytest.approx(frr)


def test_one_counter_takes_many_weights_and_keeps_none() -> None:
    counter = Counter([1.0, 2.0], [2.0, 3.0])
    plain = counter.rates()
    counter.rates(np.array([0.0, 1.0]), np.array([5.0, 1.0]))
    np.testing.assert_array_equal(counter.rates().far, plain.far)
    np.testing.assert_array_equal(counter.rates().frr, plain.frr)


def test_the_det_curve_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    genuine, impostor = rng.normal(0, 1, 200).round(1), rng.normal(2, 1, 500).round(1)
    rates = error_rates(genuine, impostor)
    labels = np.repeat([1, 0], [200, 500])
    # Scores there, energies here; it leaves out the ends where nothing changes any more.
    far, frr, scores = det_curve(labels, -np.concatenate([genuine, impostor]))
    for threshold, a, b in zip(-scores, far, frr, strict=True):
        if np.isfinite(threshold):
            place = np.flatnonzero(rates.thresholds == threshold)[0]
            assert (rates.far[place], rates.frr[place]) == pytest.approx((a, b))


def test_equal_energies_are_accepted_together() -> None:
    rates = error_rates([1.0, 1.0], [1.0])
    assert rates.thresholds.tolist() == [-np.inf, 1.0]
    assert rates.far.tolist() == [0.0, 1.0]
    assert rates.frr.tolist() == [1.0, 0.0]


class TestRefusals:
    def test_no_pairs_of_a_kind(self) -> None:
        with pytest.raises(TooFewError, match="impostor: expected at least one impostor pair"):
            error_rates([1.0], [])
        with pytest.raises(TooFewError, match="genuine: expected at least one genuine pair"):
            error_rates([], [1.0])

    @pytest.mark.parametrize("bad", [np.nan, np.inf])
    def test_an_energy_that_is_no_number(self, bad: float) -> None:
        with pytest.raises(DataError, match="genuine: expected finite energies"):
            error_rates([0.0, bad], [1.0])

    def test_a_matrix_for_a_list(self) -> None:
        with pytest.raises(DataError, match=r"impostor: expected energies of shape \(n,\)"):
            error_rates([0.0], np.zeros((2, 2)))

    @pytest.mark.parametrize("bad", [[0.0, 0.0], [-1.0, 2.0], [np.nan, 1.0], [np.inf, 1.0]])
    def test_weights_that_are_no_shares(self, bad: list[float]) -> None:
        with pytest.raises(DataError, match="impostor_weights: expected finite weights of 0 or"):
            error_rates([0.0], [1.0, 2.0], impostor_weights=np.array(bad))

    def test_too_many_weights(self) -> None:
        with pytest.raises(DataError, match="genuine_weights: expected 1 weights, one per pair"):
            error_rates([0.0], [1.0], genuine_weights=np.ones(2))
