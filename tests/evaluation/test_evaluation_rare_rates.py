"""Rates of few people: what is read off the lowest comparisons, against sorting all of them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from likeness.evaluation.rare_rates import FEW, AcceptedRate, Rate, wilson

Z = 1.959963984540054


def slow_factor(pairs: list[tuple[int, int]], accepted: int) -> float:
    """By what leaving out one person at a time spreads the rate, over a binomial's spread."""
    if not 0 < accepted < len(pairs):
        return 1.0
    without = []
    for person in {person for pair in pairs for person in pair}:
        others = [place for place, pair in enumerate(pairs) if person not in pair]
        if others:
            without.append(sum(place < accepted for place in others) / len(others))
    mean, share = sum(without) / len(without), accepted / len(pairs)
    spread = sum((rate - mean) ** 2 for rate in without) * (1 - 1 / len(without))
    return spread * len(pairs) / (share * (1 - share))


def slow_rate(energies: list[float], people: list[tuple[int, int]], threshold: float) -> Rate:
    order = sorted(range(len(energies)), key=lambda place: energies[place])
    pairs = [people[place] for place in order]
    accepted = sum(energy <= threshold for energy in energies)
    some = min(max(accepted, FEW), len(pairs) - 1)
    effective = len(pairs) / max(1.0, slow_factor(pairs, accepted), slow_factor(pairs, some))
    low, high = wilson(accepted / len(pairs), effective, Z)
    return Rate(
        share=accepted / len(pairs),
        low=low,
        high=high,
        comparisons=len(pairs),
        effective=effective,
    )


@st.composite
def comparisons(draw: st.DrawFn) -> tuple[list[float], list[tuple[int, int]]]:
    """Fewer and more than a few, many of them equal."""
    count = draw(st.integers(3, 3 * FEW))
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    energies = rng.integers(0, draw(st.integers(2, 200)), count) / 8
    drawn = np.array([rng.choice(7, 2, replace=False) for _ in range(count)])
    # Codes count from 0, without gaps.
    people = np.unique(drawn, return_inverse=True)[1].reshape(-1, 2).tolist()
    return energies.tolist(), [(left, right) for left, right in people]


@settings(max_examples=60, deadline=None)
@given(comparisons(), st.sampled_from([-np.inf, 0.0, 0.5, 2.0, 6.0, 1e9]))
def test_a_rate_is_that_of_all_comparisons_sorted(made, threshold) -> None:
    energies, people = made
    found = AcceptedRate(np.array(energies), np.array(people)).at(threshold)
    expected = slow_rate(energies, people, threshold)
    assert found.comparisons == expected.comparisons
    for name in ("share", "low", "high", "effective"):
        assert getattr(found, name) == pytest.approx(getattr(expected, name), abs=1e-12)


@settings(max_examples=30, deadline=None)
@given(comparisons())
def test_asking_in_another_order_changes_nothing(made) -> None:
    """What was sorted for one question is not sorted otherwise for the next."""
    energies, people = np.array(made[0]), np.array(made[1])
    asked = AcceptedRate(energies, people)
    before = asked.at(-np.inf)
    threshold = asked.largest_threshold(0.5)
    assert asked.at(-np.inf) == before
    fresh = AcceptedRate(energies, people)
    assert fresh.largest_threshold(0.5) == threshold
    if threshold is not None:
        assert fresh.at(threshold).high <= 0.5
