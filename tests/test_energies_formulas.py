"""Energies against slow loops and hand arithmetic; the properties that thresholds rely on."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from likeness.energies import ENERGY_NAMES, GUARD, energy_by_name, energy_matrix
from likeness.errors import DataError, SettingError

vectors = arrays(np.float64, (5, 3), elements=st.floats(-10, 10, width=32))

HAND = {"euclidean": 5.0, "squared_euclidean": 25.0, "manhattan": 7.0, "cosine": 1.0}


def slow(name: str, a: list[float], b: list[float]) -> float:
    """The textbook formula, one number at a time."""
    square = sum((x - y) ** 2 for x, y in zip(a, b, strict=True))
    if name == "squared_euclidean":
        return square
    if name == "euclidean":
        return max(square, GUARD) ** 0.5
    if name == "manhattan":
        return sum(abs(x - y) for x, y in zip(a, b, strict=True))
    lengths = [max(sum(x * x for x in v), GUARD) ** 0.5 for v in (a, b)]
    return 1 - sum(x * y for x, y in zip(a, b, strict=True)) / (lengths[0] * lengths[1])


@pytest.mark.parametrize("name", ENERGY_NAMES)
class TestEveryEnergy:
    @given(left=vectors, right=vectors)
    def test_matrix_equals_the_slow_loop(
        self, name: str, left: np.ndarray, right: np.ndarray
    ) -> None:
        expected = [[slow(name, a, b) for b in right.tolist()] for a in left.tolist()]
        np.testing.assert_allclose(energy_matrix(name, left, right), expected, atol=1e-9)

    @given(points=vectors)
    def test_symmetric_and_least_for_equals(self, name: str, points: np.ndarray) -> None:
        matrix = energy_matrix(name, points)
        np.testing.assert_allclose(matrix, matrix.T, atol=1e-12)
        if name != "cosine":
            assert (np.diag(matrix) <= matrix.min(axis=1) + 1e-12).all()
            assert (np.diag(matrix) <= 1e-6).all()

    def test_by_hand(self, name: str) -> None:
        left, right = np.array([3.0, 0.0]), np.array([0.0, 4.0])
        assert energy_by_name(name)(left, right) == pytest.approx(HAND[name])

    def test_blocks_of_rows_make_no_difference(self, name: str) -> None:
        rng = np.random.default_rng(0)
        many, wide = rng.normal(size=(300, 40)), rng.normal(size=(400, 40))
        whole = energy_matrix(name, many, wide)
        np.testing.assert_array_equal(whole[250:], energy_matrix(name, many[250:], wide))
        assert whole.shape == (300, 400)

    def test_no_rows(self, name: str) -> None:
        assert energy_matrix(name, np.zeros((0, 3)), np.ones((4, 3))).shape == (0, 4)


def test_zeros_have_no_direction() -> None:
    assert energy_matrix("cosine", np.zeros((1, 3)), np.ones((1, 3))).item() == 1.0


def test_refusals_name_what_came() -> None:
    with pytest.raises(SettingError, match="energy: expected one of cosine, euclidean"):
        energy_by_name("hamming")
    with pytest.raises(DataError, match=r"left: expected numbers of shape \(n, d\)"):
        energy_matrix("cosine", np.zeros(3))
    with pytest.raises(DataError, match="1 rows hold NaN or infinity, the first is row 1"):
        energy_matrix("cosine", np.array([[1.0], [np.nan]]))
    with pytest.raises(DataError, match=r"right: expected floating numbers\. Received: int64"):
        energy_matrix("cosine", np.zeros((2, 2)), np.zeros((2, 2), dtype=np.int64))


@pytest.mark.parametrize("size", [3, 64, 512])
def test_a_cosine_distance_is_never_below_zero_nor_above_two(size: int) -> None:
    """Rounding takes a quotient of one beyond one: «−2.2e-16» is no distance."""
    rng = np.random.default_rng(size)
    rows = rng.normal(size=(200, size))
    cosine = energy_by_name("cosine")
    assert (cosine(rows, rows) >= 0).all()
    assert (cosine(rows, 3.7 * rows) >= 0).all()
    assert (cosine(rows, -rows) <= 2).all()
    assert (1 - (rows * rows).sum(1) / np.linalg.norm(rows, axis=1) ** 2 < 0).any()
    assert energy_matrix("cosine", rows[:50]).min() >= 0
