"""Rows and images made ready: means, deviations, what is constant, and back from JSON."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from likeness.tasks.sklearn.fitted import fit_preparation


def test_each_feature_has_mean_0_and_deviation_1() -> None:
    items = np.random.default_rng(0).normal([5, -1e6, 0], [1e-3, 1e4, 1], (50, 3))
    found = fit_preparation(items)(items)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(found.std(axis=0), 1, atol=1e-4)


@pytest.mark.parametrize("value", [0.0, 0.1, -1e300, 3e-320])
def test_a_feature_that_never_changes_says_nothing(value: float) -> None:
    found = fit_preparation(np.full((7, 1), value))(np.full((7, 1), value))
    np.testing.assert_allclose(found, 0, atol=1e-6)


def test_rows_are_judged_by_those_fitted_to() -> None:
    prepare = fit_preparation(np.array([[0.0], [2.0]]))
    assert prepare(np.array([[1.0], [5.0]])).tolist() == [[0.0], [4.0]]


@pytest.mark.parametrize("shape", [(4, 6, 5), (4, 6, 5, 1), (4, 6, 5, 3)])
def test_each_image_has_mean_0_and_deviation_1(shape: tuple[int, ...]) -> None:
    items = np.random.default_rng(0).uniform(0, 1, shape) * np.arange(1, 5).reshape(
        -1, *[1] * (len(shape) - 1)
    )
    found = fit_preparation(items)(items)
    assert found.shape == (*shape, 1)[:4]
    np.testing.assert_allclose(found.mean(axis=(1, 2, 3)), 0, atol=1e-5)
    np.testing.assert_allclose(found.std(axis=(1, 2, 3)), 1, atol=1e-5)


def test_a_flat_image_is_not_blown_up() -> None:
    items = np.zeros((2, 4, 4))
    items[0] = np.arange(16).reshape(4, 4)  # a range of 15
    items[1, 0, 0] = 1e-3
    found = fit_preparation(items)(items)
    assert np.abs(found[1]).max() < 0.05
    assert np.abs(fit_preparation(items[1:] * 0)(items[1:] * 0)).max() == 0


@given(
    arrays.arrays(
        np.float64,
        st.tuples(st.integers(2, 6), st.integers(1, 3)),
        elements=st.floats(-1e300, 1e300, allow_subnormal=False),
    )
)
def test_whatever_is_finite_stays_finite(items: np.ndarray) -> None:
    assert np.isfinite(fit_preparation(items)(items)).all()
