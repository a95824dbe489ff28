"""The supervised contrastive loss against slow sums."""

import math
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

from likeness.errors import SettingError
from likeness.training.losses import SupervisedContrastiveLoss, supervised_contrastive

pytestmark = pytest.mark.backend


def unit(count: int, size: int, seed: int) -> Any:
    points = np.random.default_rng(seed).normal(size=(count, size)).astype(np.float32)
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def slow(codes: Any, points: Any, scale: float, margin: float) -> float:
    """Item by item, pair by pair."""
    of_items = []
    for i in range(len(codes)):
        impostors = sum(
            math.exp(scale * float(points[i] @ points[k]))
            for k in range(len(codes))
            if codes[k] != codes[i]
        )
        of_pairs = []
        for j in range(len(codes)):
            if j != i and codes[j] == codes[i]:
                own = math.exp(scale * (float(points[i] @ points[j]) - margin))
                of_pairs.append(-math.log(own / (own + impostors)))
        if of_pairs:
            of_items.append(sum(of_pairs) / len(of_pairs))
    return sum(of_items) / max(len(of_items), 1)


def found(codes: Any, points: Any, **options: float) -> float:
    return float(
        supervised_contrastive(
            np.asarray(codes, np.float32)[:, None], ops.convert_to_tensor(points), **options
        )
    )


@settings(max_examples=40, deadline=None)
@given(
    codes=st.lists(st.integers(0, 3), min_size=2, max_size=8),
    scale=st.floats(0.5, 30),
    margin=st.floats(0, 1),
    seed=st.integers(0, 1000),
)
def test_agrees_with_slow_sums(codes: list[int], scale: float, margin: float, seed: int) -> None:
    points = unit(len(codes), 5, seed)
    expected = slow(codes, points, scale, margin)
    assert found(codes, points, scale=scale, margin=margin) == pytest.approx(
        expected, rel=1e-3, abs=1e-4
    )


def test_by_hand() -> None:
    # Each item has one partner and two impostors, all at the same cosine: one of three.
    alike = np.tile(np.array([[1.0, 0.0]], np.float32), (4, 1))
    assert found([0, 0, 1, 1], alike) == pytest.approx(math.log(3), rel=1e-5)


def test_a_third_item_of_an_identity_is_no_rival() -> None:
    points = unit(5, 6, 0)
    points[1] = points[2] = points[0]
    assert found([0, 0, 0, 1, 1], points, scale=30.0) < found([0, 0, 2, 1, 1], points, scale=30.0)


def test_an_item_without_a_partner_costs_nothing_itself() -> None:
    assert found([0, 1, 2], unit(3, 4, 1)) == 0.0


def test_a_batch_of_one_identity_costs_nothing() -> None:
    assert found([3, 3, 3], unit(3, 4, 1)) == pytest.approx(0, abs=1e-6)


def test_the_margin_is_a_handicap() -> None:
    points = unit(6, 4, 2)
    costs = [found([0, 0, 1, 1, 2, 2], points, margin=margin) for margin in (0.0, 0.2, 0.5)]
    assert costs == sorted(costs) and len(set(costs)) == 3


def test_learning_brings_partners_together() -> None:
    """A few steps down the slope of the Keras loss: genuine cosines rise above impostor ones."""
    codes = np.repeat(np.arange(4), 3).astype(np.float32)
    points = unit(12, 6, 3)
    layer = keras.layers.Dense(6, use_bias=False, kernel_initializer="identity")
    network = keras.Sequential([keras.Input((6,)), layer, keras.layers.UnitNormalization()])
    network.compile(keras.optimizers.Adam(0.05), SupervisedContrastiveLoss(scale=10.0))
    before = network.evaluate(points, codes, batch_size=12, verbose=0)
    network.fit(points, codes, batch_size=12, epochs=30, shuffle=False, verbose=0)
    assert network.evaluate(points, codes, batch_size=12, verbose=0) < 0.7 * before


def test_it_can_be_made_again() -> None:
    loss = SupervisedContrastiveLoss(5.0, 0.1)
    again = SupervisedContrastiveLoss.from_config(loss.get_config())
    assert (again.scale, again.margin, again.name) == (5.0, 0.1, "supervised_contrastive")


@pytest.mark.parametrize("settings_", [{"scale": 0.0}, {"margin": 1.5}, {"margin": -0.1}])
def test_settings_out_of_range(settings_: dict[str, float]) -> None:
    with pytest.raises(SettingError, match=f"^{next(iter(settings_))}: expected a number from"):
        SupervisedContrastiveLoss(**settings_)
