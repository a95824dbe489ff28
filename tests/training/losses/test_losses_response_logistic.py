"""The logistic loss over a map, against a slow loop, and its gradient."""

import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

from likeness.tasks.tracking.training import response_logistic

pytestmark = pytest.mark.backend


def slow(labels: Any, responses: Any) -> float:
    """The mean on the target and the mean off it, each weighed by the size of the label."""
    total = 0.0
    for sign in (1, -1):
        weights, terms = 0.0, 0.0
        for label, response in zip(np.ravel(labels), np.ravel(responses), strict=True):
            if label * sign > 0:
                weights += abs(label)
                terms += abs(label) * math.log(1 + math.exp(-sign * response))
        total += terms / weights if weights else 0.0
    return total / 2


@given(st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=30)
def test_against_a_slow_loop(seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.choice([-1.0, -0.25, 0.0, 1.0], (2, 3, 3, 2)).astype(np.float32)
    responses = rng.normal(0, 3, labels.shape).astype(np.float32)
    found = float(ops.convert_to_numpy(response_logistic(labels, responses)))
    assert found == pytest.approx(slow(labels, responses), rel=1e-4, abs=1e-6)


def test_large_responses_do_not_overflow() -> None:
    labels = np.array([1.0, -1.0], np.float32)
    wrong = response_logistic(labels, np.array([-200.0, 200.0], np.float32))
    right = response_logistic(labels, np.array([200.0, -200.0], np.float32))
    assert float(ops.convert_to_numpy(wrong)) == pytest.approx(200)
    assert float(ops.convert_to_numpy(right)) == pytest.approx(0)


def test_few_places_on_the_target_count_as_much_as_many_off_it(
    gradient: Callable[..., list[Any]],
) -> None:
    labels = np.array([1.0] + [-1.0] * 99, np.float32)
    (found,) = gradient(lambda r: response_logistic(labels, r), np.zeros(100, np.float32))
    assert found[0] == pytest.approx(-0.25)
    assert found[1:].sum() == pytest.approx(0.25)


def test_what_does_not_matter_has_no_gradient(gradient: Callable[..., list[Any]]) -> None:
    labels = np.array([1.0, -1.0, 0.0], np.float32)
    (found,) = gradient(lambda r: response_logistic(labels, r), np.ones(3, np.float32))
    assert found[2] == 0
    nothing = np.zeros(3, np.float32)
    (none,) = gradient(lambda r: response_logistic(nothing, r), np.ones(3, np.float32))
    assert none.tolist() == [0, 0, 0]


def test_keras_takes_the_function_as_a_loss() -> None:
    rng = np.random.default_rng(0)
    labels = np.sign(rng.normal(size=(2, 3, 3, 2))).astype(np.float32)
    responses = rng.normal(size=labels.shape).astype(np.float32)
    network = keras.Sequential([keras.layers.Identity()])
    network.compile(loss=response_logistic)
    found = network.evaluate(responses, labels, verbose=0)
    assert found == pytest.approx(slow(labels, responses), rel=1e-5)
