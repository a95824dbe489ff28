"""Cllr, minCllr and the reliability diagram against slow loops and known answers."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from likeness.errors import SettingError
from likeness.evaluation.probability import cllr, min_cllr, probability_of, reliability

log_ratios = st.lists(st.floats(-30, 30), min_size=1, max_size=12)
energies = st.lists(st.integers(0, 6).map(float), min_size=1, max_size=7)


def slow_cllr(genuine, impostor) -> float:
    cost = 0.0
    for value in genuine:
        cost += 0.5 * math.log2(1 + math.exp(-value)) / len(genuine)
    for value in impostor:
        cost += 0.5 * math.log2(1 + math.exp(value)) / len(impostor)
    return cost


def slow_min_cllr(genuine, impostor) -> float:
    """The best of all ways to cut the distinct energies into levels that fall."""
    distinct = sorted({*genuine, *impostor})
    best = math.inf
    for cuts in itertools.product([False, True], repeat=len(distinct) - 1):
        groups, group = [], [distinct[0]]
        for value, cut in zip(distinct[1:], cuts, strict=True):
            if cut:
                groups.append(group)
                group = []
            group.append(value)
        groups.append(group)
        cost, shares = 0.0, []
        for group in groups:
            own = sum(value in group for value in genuine) / len(genuine)
            other = sum(value in group for value in impostor) / len(impostor)
            share = own / (own + other)
            shares.append(share)
            cost -= 0.5 * (own * math.log2(share) if own else 0.0)
            cost -= 0.5 * (other * math.log2(1 - share) if other else 0.0)
        if all(left >= right for left, right in itertools.pairwise(shares)):
            best = min(best, cost)
    return best


@settings(max_examples=100, deadline=None)
@given(genuine=log_ratios, impostor=log_ratios)
def test_cllr_is_its_definition(genuine, impostor) -> None:
    assert cllr(genuine, impostor) == pytest.approx(slow_cllr(genuine, impostor), abs=1e-12)


@settings(max_examples=100, deadline=None)
@given(genuine=energies, impostor=energies)
def test_min_cllr_is_the_best_of_all_falling_maps(genuine, impostor) -> None:
    found = min_cllr(genuine, impostor)
    assert found == pytest.approx(slow_min_cllr(genuine, impostor), abs=1e-9)
    assert -1e-12 <= found <= 1 + 1e-12


@settings(max_examples=50, deadline=None)
@given(genuine=energies, impostor=energies, slope=st.floats(0, 5), middle=st.floats(0, 6))
def test_no_map_costs_less_than_min_cllr(genuine, impostor, slope, middle) -> None:
    mapped = [slope * (middle - np.asarray(values)) for values in (genuine, impostor)]
    assert cllr(*mapped) >= min_cllr(genuine, impostor) - 1e-9


def test_cllr_knows_the_cost_of_being_sure_and_wrong() -> None:
    assert cllr([np.inf], [-np.inf]) == 0.0
    assert cllr([-np.inf], [-np.inf]) == np.inf
    assert cllr([-10.0], [10.0]) > 10


def slow_reliability(genuine, impostor, prior, bins):
    rows = []
    for number in range(bins):
        inside = []
        for values, weight, is_genuine in (
            (genuine, prior / len(genuine), True),
            (impostor, (1 - prior) / len(impostor), False),
        ):
            for value in values:
                p = float(probability_of(value, prior=prior))
                if number / bins <= p < (number + 1) / bins or (number == bins - 1 and p == 1):
                    inside.append((p, weight, is_genuine))
        if inside:
            total = sum(weight for _, weight, _ in inside)
            rows.append(
                (
                    sum(p * weight for p, weight, _ in inside) / total,
                    sum(weight for _, weight, is_genuine in inside if is_genuine) / total,
                    sum(is_genuine for *_, is_genuine in inside),
                    sum(not is_genuine for *_, is_genuine in inside),
                )
            )
    return rows


def world(seed: int, people: int = 30):
    """ln LR that are right: two normal distributions a unit apart on either side."""
    rng = np.random.default_rng(seed)
    pairs = np.array(list(itertools.combinations(range(people), 2)))
    own = np.repeat(np.arange(people), 8)
    genuine = rng.normal(1.0, np.sqrt(2.0), len(own))
    impostor = rng.normal(-1.0, np.sqrt(2.0), len(pairs))
    return {
        "genuine": genuine,
        "impostor": impostor,
        "genuine_people": np.stack([own, own], axis=1),
        "impostor_people": pairs,
    }


@pytest.mark.parametrize("prior", [0.5, 0.05])
def test_the_diagram_is_a_slow_loop(prior) -> None:
    made = world(0)
    found = reliability(**made, prior=prior)
    slow = slow_reliability(made["genuine"], made["impostor"], prior, 10)
    assert [(bin.genuine, bin.impostor) for bin in found] == [row[2:] for row in slow]
    for bin, (predicted, observed, *_) in zip(found, slow, strict=True):
        assert bin.predicted == pytest.approx(predicted)
        assert bin.observed == pytest.approx(observed)
        assert 0 <= bin.low <= bin.observed <= bin.high <= 1
    assert sum(bin.genuine for bin in found) == len(made["genuine"])


def test_right_ratios_are_reliable_and_wrong_ones_are_not() -> None:
    kept = {"right": [], "boasting": []}
    for seed in range(20):
        made = world(seed)
        boasting = made | {kind: 3 * made[kind] + 2 for kind in ("genuine", "impostor")}
        for name, told in (("right", made), ("boasting", boasting)):
            kept[name] += [bin.low <= bin.predicted <= bin.high for bin in bins_of(told)]
    assert np.mean(kept["right"]) >= 0.9
    assert np.mean(kept["boasting"]) < 0.7


def bins_of(made):
    return reliability(**made, prior=0.5)


def test_few_people_make_wide_intervals() -> None:
    one = np.zeros((40, 2), np.int64)
    pairs = np.tile([[0, 1]], (40, 1))
    values = {"genuine": np.full(40, 0.1), "impostor": np.full(40, 0.1), "prior": 0.5}
    few = reliability(**values, genuine_people=one, impostor_people=pairs)[0]
    spread = np.stack([np.arange(40), np.arange(40)], axis=1)
    others = np.stack([np.arange(40), (np.arange(40) + 1) % 40], axis=1)
    many = reliability(**values, genuine_people=spread, impostor_people=others)[0]
    assert many.high - many.low < 0.25 < few.high - few.low


def test_a_prior_out_of_range_is_refused() -> None:
    with pytest.raises(SettingError, match="prior"):
        reliability(**world(0), prior=1.0)
