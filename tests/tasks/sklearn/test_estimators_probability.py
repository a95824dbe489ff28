"""Probabilities from class energies, against slow loops and the truth they were drawn from."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from likeness.tasks.sklearn.classifier import UNCALIBRATED, _class_probabilities, _fit_temperature

ENERGIES = arrays.arrays(
    np.float64, st.tuples(st.integers(1, 8), st.integers(2, 5)), elements=st.floats(0, 2)
)


def slow_cost(energies: np.ndarray, codes: np.ndarray, temperature: float) -> float:
    """The mean log-loss with Platt's targets, item by item and class by class."""
    items, classes = energies.shape
    cost = 0.0
    for item in range(items):
        total = sum(math.exp(-energy / temperature) for energy in energies[item])
        for code in range(classes):
            own = (items + 1) / (items + 2)
            target = own if code == codes[item] else (1 - own) / (classes - 1)
            cost -= target * math.log(math.exp(-energies[item, code] / temperature) / total)
    return cost / items


@given(ENERGIES, st.floats(0.01, 10))
def test_rows_sum_to_one_and_the_nearest_is_the_likeliest(
    energies: np.ndarray, temperature: float
) -> None:
    found = _class_probabilities(energies, temperature)
    np.testing.assert_allclose(found.sum(axis=1), 1.0)
    assert (found >= 0).all()
    row = np.arange(len(energies))
    assert (found[row, energies.argmin(axis=1)] == found.max(axis=1)).all()


def test_far_energies_and_small_temperatures_do_not_overflow() -> None:
    found = _class_probabilities(np.array([[1e6, 1e6 + 1.0, np.inf]]), 1e-3)
    assert found.tolist() == [[1.0, 0.0, 0.0]]


def test_the_temperature_costs_least() -> None:
    rng = np.random.default_rng(0)
    energies, codes = rng.uniform(0, 2, (40, 3)), rng.integers(0, 3, 40)
    energies[np.arange(40), codes] -= 0.3
    found = _fit_temperature(energies, codes)
    best = slow_cost(energies, codes, found)
    for factor in (0.25, 0.8, 0.98, 1.02, 1.25, 4.0):
        assert slow_cost(energies, codes, found * factor) >= best - 1e-9


def test_the_temperature_that_energies_were_drawn_with_is_found() -> None:
    rng = np.random.default_rng(0)
    energies = rng.uniform(0, 2, (4000, 4))
    chances = _class_probabilities(energies, 0.3)
    codes = np.array([rng.choice(4, p=row) for row in chances])
    assert _fit_temperature(energies, codes) == pytest.approx(0.3, rel=0.05)


@pytest.mark.parametrize("items", [1, 5, 500])
def test_classes_that_do_not_overlap_give_no_certainty_that_so_few_cannot_show(items: int) -> None:
    codes = np.arange(items) % 2
    energies = np.where(np.arange(2) == codes[:, None], 0.1, 1.9)
    temperature = _fit_temperature(energies, codes)
    found = _class_probabilities(energies, temperature)[np.arange(items), codes]
    np.testing.assert_allclose(found, (items + 1) / (items + 2), atol=1e-3)


def test_energies_that_say_nothing_give_equal_probabilities() -> None:
    energies = np.full((6, 3), 0.7)
    assert _fit_temperature(energies, np.arange(6) % 3) == UNCALIBRATED
    np.testing.assert_allclose(_class_probabilities(energies, UNCALIBRATED), 1 / 3)


def test_energies_that_are_wrong_give_nearly_equal_probabilities() -> None:
    codes = np.arange(60) % 2
    energies = np.where(np.arange(2) == codes[:, None], 1.0, 0.2)
    found = _class_probabilities(energies, _fit_temperature(energies, codes))
    np.testing.assert_allclose(found, 0.5, atol=1e-3)
