"""Errors of one-shot runs, ties drawn fairly, and intervals over whole runs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from likeness.errors import DataError, SettingError, TooFewError
from likeness.tasks.characters.omniglot import OneShotRun, mean_error

RNG = np.random.default_rng(0)


def run_error(energies: np.ndarray, answers: np.ndarray, *, ways: int | None = None) -> float:
    """The error of a run of as many probes as answers."""
    blank = np.zeros((1, 1, 1), np.uint8)
    return OneShotRun(
        name="run01",
        gallery=np.stack([blank] * (ways or energies.shape[1])),
        probes=np.stack([blank] * len(answers)),
        answers=answers,
    ).error(energies)


class TestOneRun:
    @given(
        energies=arrays(np.float64, (5, 4), elements=st.sampled_from([0.0, 0.5, 1.0, 2.0])),
        answers=arrays(np.int64, 5, elements=st.integers(0, 3)),
    )
    def test_as_a_slow_loop_counts_it(self, energies: np.ndarray, answers: np.ndarray) -> None:
        wrong = 0.0
        for row, answer in zip(energies.tolist(), answers.tolist(), strict=True):
            nearest = [place for place, energy in enumerate(row) if energy == min(row)]
            wrong += 1 - (nearest.count(answer) / len(nearest))
        assert run_error(energies, answers) == pytest.approx(wrong / 5)

    def test_all_alike_is_chance(self) -> None:
        assert run_error(np.zeros((20, 20)), np.arange(20)) == pytest.approx(0.95)

    def test_only_the_order_within_a_probe_counts(self) -> None:
        energies = RNG.uniform(size=(6, 6))
        answers = RNG.integers(0, 6, 6)
        moved = np.exp(energies) * RNG.uniform(1, 9, (6, 1))
        assert run_error(moved, answers) == run_error(energies, answers)

    @pytest.mark.parametrize(
        ("energies", "answers"),
        [
            (np.zeros((3, 2)), np.zeros(2, int)),
            (np.zeros((3, 3)), np.zeros(3, int)),
            (np.zeros(3), np.zeros(3, int)),
        ],
    )
    def test_shapes_that_do_not_go_together(
        self, energies: np.ndarray, answers: np.ndarray
    ) -> None:
        with pytest.raises(DataError, match=r"expected the shape \(q, ways\)"):
            run_error(energies, answers, ways=2)

    def test_not_a_number(self) -> None:
        with pytest.raises(DataError, match=r"expected numbers\. Received: NaN"):
            run_error(np.array([[np.nan, 1.0]]), np.array([0]))


class TestTheMean:
    def test_it_is_the_mean_and_within_its_interval(self) -> None:
        errors = RNG.uniform(size=20)
        found = mean_error(errors)
        assert found.mean == pytest.approx(errors.mean())
        assert errors.min() <= found.low < found.mean < found.high <= errors.max()

    def test_the_interval_is_about_that_of_a_mean(self) -> None:
        errors = RNG.normal(0.3, 0.1, 400)
        found = mean_error(errors)
        expected = 1.96 * errors.std() / 20
        assert found.high - found.mean == pytest.approx(expected, rel=0.1)
        assert found.mean - found.low == pytest.approx(expected, rel=0.1)

    def test_the_seed_decides(self) -> None:
        errors = RNG.uniform(size=8)
        assert mean_error(errors, seed=1) == mean_error(errors, seed=1)
        assert mean_error(errors, seed=1) != mean_error(errors, seed=2)

    def test_one_run_has_no_width(self) -> None:
        found = mean_error([0.25])
        assert found.low == found.mean == found.high == 0.25

    def test_no_run(self) -> None:
        with pytest.raises(TooFewError, match="expected at least one run"):
            mean_error([])

    def test_too_few_repetitions(self) -> None:
        with pytest.raises(SettingError, match="repetitions: expected a whole number from 10"):
            mean_error([0.1, 0.2], repetitions=3)
