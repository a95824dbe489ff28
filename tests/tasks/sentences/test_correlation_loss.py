"""The correlation loss against NumPy's own correlation, its limits and its gradient."""

from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

from likeness.tasks.sentences.bag_of_pieces import CorrelationLoss, correlation
from likeness.training.networks import BY_XLA

pytestmark = pytest.mark.backend


def numbers(seed: int, count: int = 40) -> Any:
    return np.random.default_rng(seed).normal(size=count)


@given(st.integers(0, 1000), st.floats(0.1, 10), st.floats(-5, 5))
@settings(max_examples=30, deadline=None)
def test_it_is_one_plus_the_correlation(seed: int, scale: float, offset: float) -> None:
    scores, energies = numbers(seed), numbers(seed + 1)
    expected = 1 + np.corrcoef(scores, energies)[0, 1]
    assert correlation(scores, energies) == pytest.approx(expected, abs=1e-9)
    # Scale and offset of either side cost nothing.
    moved = correlation(scores, scale * energies + offset)
    assert moved == pytest.approx(expected, abs=1e-6)


def test_the_ends() -> None:
    scores = numbers(0)
    assert correlation(scores, -2 * scores + 1) == pytest.approx(0, abs=1e-9)
    assert correlation(scores, 3 * scores) == pytest.approx(2, abs=1e-9)


@pytest.mark.parametrize("shape", [(-1,), (-1, 1)])
def test_keras_says_the_same(shape: tuple[int, ...]) -> None:
    scores, energies = numbers(1).astype(np.float32), numbers(2).astype(np.float32)
    found = CorrelationLoss()(scores.reshape(shape), ops.convert_to_tensor(energies.reshape(shape)))
    assert float(found) == pytest.approx(correlation(scores, energies), abs=1e-4)


def test_a_batch_of_equal_scores_teaches_nothing_and_breaks_nothing() -> None:
    inputs = keras.layers.Input((3,))
    net = keras.Model(inputs, keras.layers.Dense(1)(inputs))
    net.compile(optimizer=keras.optimizers.SGD(1.0), loss=CorrelationLoss(), jit_compile=BY_XLA)
    before = [np.array(weight) for weight in net.get_weights()]
    net.fit(numbers(3, 24).reshape(8, 3), np.full(8, 2.5), verbose=0, batch_size=8)
    for old, new in zip(before, net.get_weights(), strict=True):
        np.testing.assert_allclose(new, old, atol=1e-5)
    assert float(correlation(np.full(4, 2.0), np.arange(4.0))) == 1.0


def test_it_is_made_again_from_its_settings() -> None:
    loss = CorrelationLoss(name="mine")
    assert CorrelationLoss.from_config(loss.get_config()).name == "mine"
