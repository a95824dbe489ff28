"""Rank correlation beside SciPy's, and what its interval covers."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from likeness.errors import DataError, SettingError
from likeness.tasks.sentences.sentence_pairs import Similarity, pearson, spearman

scipy_stats = pytest.importorskip("scipy.stats")

VALUES = st.lists(st.integers(-5, 5), min_size=3, max_size=30)


@given(VALUES, st.integers(0, 100))
@settings(max_examples=60, deadline=None)
def test_it_is_what_scipy_says_ties_and_all(values: list[int], seed: int) -> None:
    other = np.random.default_rng(seed).integers(0, 4, len(values))
    if len(set(values)) > 1 and len(set(other)) > 1:
        assert spearman(values, other) == pytest.approx(scipy_stats.spearmanr(values, other)[0])
        assert pearson(values, other) == pytest.approx(scipy_stats.pearsonr(values, other)[0])


def test_what_does_not_vary_is_not_correlated() -> None:
    assert pearson([1, 1, 1], [1, 2, 3]) == 0.0
    assert spearman([1, 2, 3], [4, 4, 4]) == 0.0


def test_energies_that_fall_are_right() -> None:
    scores = np.linspace(0, 5, 30)
    found = Similarity.of(scores, np.exp(-scores), repetitions=100)
    assert found.spearman == pytest.approx(1)
    assert found.spearman_interval == (pytest.approx(1), pytest.approx(1))
    assert 0.8 < found.pearson < 1
    assert Similarity.of(scores, scores, repetitions=100).spearman == pytest.approx(-1)


def test_the_interval_holds_the_figure_and_narrows_with_pairs() -> None:
    rng = np.random.default_rng(0)
    scores = rng.uniform(0, 5, 800)
    energies = -scores + rng.normal(size=800) * 2
    few, many = (Similarity.of(scores[:n], energies[:n], repetitions=300) for n in (80, 800))
    for found in (few, many):
        for name in ("spearman", "pearson"):
            low, high = getattr(found, f"{name}_interval")
            assert low < getattr(found, name) < high

    def width(found: Any) -> float:
        low, high = found.spearman_interval
        return float(high - low)

    assert width(many) < width(few) / 2
    assert few.to_json()["pairs"] == 80


def test_it_is_the_same_for_one_seed() -> None:
    scores, energies = np.arange(20.0), np.random.default_rng(1).normal(size=20)
    one, same, other = (Similarity.of(scores, energies, seed=seed) for seed in (1, 1, 2))
    assert one == same and one.spearman_interval != other.spearman_interval


@pytest.mark.parametrize(
    ("scores", "energies", "sentence"),
    [
        ([1, 2], [1, 2], r"^expected as many scores as energies, 3 or more\. Received: 2 scores"),
        ([1, 2, 3], [1, 2, 3, 4], r"Received: 3 scores and 4 energies"),
        ([1, 2, np.nan], [1, 2, 3], r"^scores: expected finite numbers .* with NaN or infinity"),
        ([1, 2, 3], [1, 2, np.inf], r"^energies: expected finite numbers"),
        ([[1, 2, 3]], [1, 2, 3], r"^scores: expected finite numbers of shape \(n,\)\. Received: f"),
    ],
)
def test_what_cannot_be_correlated(scores: Any, energies: Any, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        Similarity.of(scores, energies)


def test_too_few_repetitions() -> None:
    with pytest.raises(SettingError, match=r"^repetitions: expected a whole number from 100"):
        Similarity.of([1, 2, 3], [1, 2, 3], repetitions=10)
