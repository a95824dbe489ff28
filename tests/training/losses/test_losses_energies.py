"""The energies inside a network: the same numbers as in NumPy, and gradients that are finite."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

from likeness.energies import (
    ENERGY_NAMES,
    GUARD,
    energy_by_name,
    energy_matrix,
    euclidean,
)

pytestmark = pytest.mark.backend


def numbers(seed: int, *shape: int) -> Any:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def unit(values: Any) -> Any:
    return values / np.linalg.norm(values, axis=-1, keepdims=True)


@pytest.mark.parametrize("name", ENERGY_NAMES)
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), shape=st.sampled_from([(1, 1), (4, 9)]))
def test_numpy_and_the_backend_agree(name: str, seed: int, shape: tuple[int, int]) -> None:
    left, right = (unit(numbers(seed + one, *shape)) for one in (0, 20_000))
    # Equal embeddings are the hard case: the root is guarded there.
    left[0] = right[0]
    energy = energy_by_name(name)
    there = energy(ops.convert_to_tensor(left), ops.convert_to_tensor(right), xp=ops)
    np.testing.assert_allclose(
        ops.convert_to_numpy(there), energy(left, right), rtol=1e-6, atol=1e-6
    )


@pytest.mark.parametrize("name", ENERGY_NAMES)
def test_all_pairs_of_the_backend_are_the_matrix_of_numpy(name: str) -> None:
    left, right = unit(numbers(1, 4, 6)), unit(numbers(2, 3, 6))
    tensors = ops.convert_to_tensor(left), ops.convert_to_tensor(right)
    there = ops.convert_to_numpy(
        energy_by_name(name)(tensors[0][:, None], tensors[1][None], xp=ops)
    )
    assert there.shape == (4, 3)
    np.testing.assert_allclose(there, energy_matrix(name, left, right), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ENERGY_NAMES)
@pytest.mark.parametrize("value", [0.0, 0.5])
def test_gradients_of_equal_embeddings_are_finite(name: str, value: float, gradient: Any) -> None:
    same = np.full((3, 4), value, np.float32)
    for found in gradient(lambda a, b: energy_by_name(name)(a, b, xp=ops), same, same.copy()):
        assert np.isfinite(found).all()


@pytest.mark.parametrize("name", ENERGY_NAMES)
def test_gradients_agree_with_differences(name: str, gradient: Any) -> None:
    left, right = numbers(3, 1, 5), numbers(4, 1, 5)
    energy = energy_by_name(name)
    found = gradient(lambda a, b: energy(a, b, xp=ops), left, right)[0]
    step = 1e-6
    for place in range(5):
        moved = np.zeros((1, 5))
        moved[0, place] = step
        there = energy(left.astype(float) + moved, right.astype(float))
        back = energy(left.astype(float) - moved, right.astype(float))
        assert found[0, place] == pytest.approx(float((there - back)[0]) / (2 * step), abs=1e-3)


def test_the_guard_gives_equal_embeddings_a_gradient_of_zero(gradient: Any) -> None:
    same = np.ones((1, 4), np.float32)
    found = gradient(lambda a: euclidean(a, ops.ones((1, 4)), xp=ops), same)[0]
    assert not found.any()
    assert float(euclidean(same, same)[0]) == pytest.approx(np.sqrt(GUARD))
