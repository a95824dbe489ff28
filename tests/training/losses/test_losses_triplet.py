"""The triplet losses against slow loops over every anchor, genuine item and impostor."""

import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

from likeness.errors import SettingError
from likeness.training.losses import TripletLoss, hard_triplet, semi_hard_triplet, triplet

pytestmark = pytest.mark.backend

CODES = np.array([0, 0, 1, 1, 1, 2])
"""The last item has no genuine partner: it is never an anchor."""


def numbers(seed: int, *shape: int) -> Any:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def mean(terms: list[float]) -> float:
    return sum(terms) / len(terms) if terms else 0.0


def slow_hard(codes: Any, embeddings: Any, margin: float) -> float:
    """For each anchor, its farthest genuine and its nearest impostor item."""
    terms = []
    for anchor, here in enumerate(embeddings):
        others = [i for i in range(len(codes)) if i != anchor]
        distance = {i: math.dist(here, embeddings[i]) for i in others}
        genuine = [distance[i] for i in others if codes[i] == codes[anchor]]
        impostor = [distance[i] for i in others if codes[i] != codes[anchor]]
        if genuine and impostor:
            terms.append(max(0.0, max(genuine) - min(impostor) + margin))
    return mean(terms)


def slow_semi_hard(codes: Any, embeddings: Any, margin: float) -> float:
    """For each genuine pair, the nearest impostor beyond it, or the farthest one of all."""
    terms = []
    for anchor, here in enumerate(embeddings):
        impostor = [
            math.dist(here, there)
            for i, there in enumerate(embeddings)
            if codes[i] != codes[anchor]
        ]
        for i, there in enumerate(embeddings):
            if i == anchor or codes[i] != codes[anchor] or not impostor:
                continue
            genuine = math.dist(here, there)
            beyond = [distance for distance in impostor if distance > genuine]
            chosen = min(beyond) if beyond else max(impostor)
            terms.append(max(0.0, genuine - chosen + margin))
    return mean(terms)


MINED = [(hard_triplet, slow_hard), (semi_hard_triplet, slow_semi_hard)]


def test_one_triplet_by_hand() -> None:
    assert triplet(0.5, 0.6, margin=0.3) == pytest.approx(0.2)
    assert triplet(0.5, 0.8, margin=0.3) == 0.0
    assert triplet(0.9, 0.1, margin=0.3) == pytest.approx(1.1)


def test_mined_triplets_by_hand() -> None:
    """On a line: a at 0 and 1, b at 3 and 7."""
    line = ops.convert_to_tensor(np.array([[0.0], [1.0], [3.0], [7.0]], np.float32))
    codes = np.array([0, 0, 1, 1])
    # Hard: 1 − 3, 1 − 2, 4 − 2, 4 − 6, each + 3 and never below 0.
    assert float(hard_triplet(codes, line, margin=3.0)) == pytest.approx((1 + 2 + 5 + 1) / 4)
    # Semi-hard: the item at 3 has no impostor farther than 4 and takes the farthest, at 3.
    assert float(semi_hard_triplet(codes, line, margin=3.0)) == pytest.approx((1 + 2 + 4 + 1) / 4)


@pytest.mark.parametrize(("fast", "slow"), MINED)
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), margin=st.floats(0.05, 3), items=st.sampled_from([3, 6]))
def test_mining_agrees_with_slow_loops(
    fast: Callable[..., Any], slow: Callable[..., float], seed: int, margin: float, items: int
) -> None:
    embeddings = numbers(seed, items, 4)
    codes = CODES[:items].astype(np.float32)[:, None]
    found = fast(codes, ops.convert_to_tensor(embeddings), margin=margin)
    assert float(found) == pytest.approx(
        slow(CODES[:items], embeddings, margin), rel=1e-4, abs=1e-5
    )


@pytest.mark.parametrize(("fast", "slow"), MINED)
class TestEdges:
    def test_a_batch_of_one_identity_costs_nothing(self, fast: Any, slow: Any) -> None:
        assert float(fast(np.zeros(3), ops.convert_to_tensor(numbers(1, 3, 4)))) == 0.0

    def test_a_batch_without_genuine_pairs_costs_nothing(self, fast: Any, slow: Any) -> None:
        assert float(fast(np.arange(3), ops.convert_to_tensor(numbers(1, 3, 4)))) == 0.0

    def test_collapsed_embeddings_cost_the_margin(self, fast: Any, slow: Any) -> None:
        found = float(fast(CODES, ops.ones((len(CODES), 4)), margin=0.3))
        assert found == pytest.approx(0.3)

    @pytest.mark.parametrize("value", [0.0, 0.5])
    def test_gradients_of_equal_embeddings_are_finite(
        self, fast: Any, slow: Any, value: float, gradient: Any
    ) -> None:
        same = np.full((len(CODES), 3), value, np.float32)
        assert np.isfinite(gradient(lambda e: fast(CODES, e), same)[0]).all()

    def test_the_gradient_leads_downhill(self, fast: Any, slow: Any, gradient: Any) -> None:
        embeddings = numbers(7, len(CODES), 4)
        downhill = gradient(lambda e: fast(CODES, e, margin=2.0), embeddings)[0]
        before = slow(CODES, embeddings, 2.0)
        assert slow(CODES, embeddings - 1e-3 * downhill, 2.0) < before


class TestTripletLoss:
    @pytest.mark.parametrize(
        ("mining", "slow"), [("hard", slow_hard), ("semi_hard", slow_semi_hard)]
    )
    def test_called_as_keras_calls_it(self, mining: str, slow: Any) -> None:
        embeddings = numbers(5, len(CODES), 4)
        found = TripletLoss(0.5, mining)(CODES, embeddings)
        assert float(found) == pytest.approx(slow(CODES, embeddings, 0.5), rel=1e-4)

    def test_comes_back_from_its_configuration(self) -> None:
        loss = TripletLoss(0.5, "hard", name="mine")
        again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
        assert again.get_config() == {"margin": 0.5, "mining": "hard", "name": "mine"}

    def test_unknown_mining(self) -> None:
        with pytest.raises(
            SettingError, match=r"^mining: expected one of hard, semi_hard\. Received: 'soft'\.$"
        ):
            TripletLoss(mining="soft")

    @pytest.mark.parametrize("margin", [0.0, float("nan")])
    def test_margin_out_of_range(self, margin: float) -> None:
        with pytest.raises(SettingError, match=r"^margin: expected a number from 1e-06"):
            TripletLoss(margin)
