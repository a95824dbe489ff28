"""The contrastive loss, of pairs and of batches, against hand arithmetic and slow loops."""

import math
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

from likeness.energies import euclidean
from likeness.errors import SettingError
from likeness.training.losses import (
    BatchContrastiveLoss,
    ContrastiveLoss,
    batch_contrastive,
    contrastive,
)

pytestmark = pytest.mark.backend

CODES = np.array([0, 0, 1, 1, 2, 2, 2])


def numbers(seed: int, *shape: int) -> Any:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def slow_contrastive(genuine: bool, distance: float, margin: float, genuine_margin: float) -> float:
    """One pair, by the words of the paper."""
    if genuine:
        return 0.5 * max(0.0, distance - genuine_margin) ** 2
    return 0.5 * max(0.0, margin - distance) ** 2


def slow_batch(codes: Any, embeddings: Any, margin: float, genuine_margin: float) -> float:
    """Every ordered pair of different items, one after the other."""
    terms: dict[bool, list[float]] = {True: [], False: []}
    for i, left in enumerate(embeddings):
        for j, right in enumerate(embeddings):
            if i != j:
                same = bool(codes[i] == codes[j])
                distance = math.dist(left, right)
                terms[same].append(slow_contrastive(same, distance, margin, genuine_margin))
    return sum(sum(each) / len(each) for each in terms.values() if each)


class TestContrastive:
    @pytest.mark.parametrize(
        ("genuine", "distance", "expected"),
        [
            (1, 0.0, 0.0),
            (1, 0.6, 0.18),
            (0, 0.0, 0.5),
            (0, 0.6, 0.08),
            (0, 1.0, 0.0),
            (0, 7.0, 0.0),
        ],
    )
    def test_by_hand_with_a_margin_of_one(
        self, genuine: int, distance: float, expected: float
    ) -> None:
        assert contrastive(genuine, distance) == pytest.approx(expected)

    def test_a_genuine_pair_within_its_margin_costs_nothing(self) -> None:
        assert contrastive(1.0, 0.3, genuine_margin=0.4) == 0.0
        assert contrastive(1.0, 0.6, genuine_margin=0.4) == pytest.approx(0.02)

    @settings(max_examples=40, deadline=None)
    @given(
        seed=st.integers(0, 10_000),
        margin=st.floats(0.1, 3),
        share=st.floats(0, 1),
        count=st.sampled_from([1, 9]),
    )
    def test_the_layer_agrees_with_slow_loops(
        self, seed: int, margin: float, share: float, count: int
    ) -> None:
        rng = np.random.default_rng(seed)
        distance = rng.uniform(0, 4, count).astype(np.float32)
        genuine = rng.random(count) < 0.5
        loss = ContrastiveLoss(margin, share * margin)
        found = ops.convert_to_numpy(
            loss.call(genuine.astype(np.float32)[:, None], ops.convert_to_tensor(distance))
        )
        expected = [
            slow_contrastive(bool(g), float(d), margin, share * margin)
            for g, d in zip(genuine, distance, strict=True)
        ]
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)

    def test_called_as_keras_calls_it_the_pairs_are_averaged(self) -> None:
        loss = ContrastiveLoss()(np.array([1.0, 0.0]), np.array([0.6, 0.6], np.float32))
        assert float(loss) == pytest.approx((0.18 + 0.08) / 2)

    def test_gradients_are_finite_where_embeddings_are_equal(self, gradient: Any) -> None:
        same = np.full((4, 3), 0.5, np.float32)
        labels = np.array([1, 0, 1, 0], np.float32)

        def loss(left: Any, right: Any) -> Any:
            return ContrastiveLoss().call(labels, euclidean(left, right, xp=ops))

        for found in gradient(loss, same, same.copy()):
            assert np.isfinite(found).all()

    def test_genuine_pairs_are_pulled_and_impostors_pushed(self, gradient: Any) -> None:
        distance = np.array([0.5, 0.5], np.float32)
        found = gradient(lambda d: ContrastiveLoss().call(np.array([1.0, 0.0]), d), distance)[0]
        assert found == pytest.approx([0.5, -0.5])


class TestBatchContrastive:
    @settings(max_examples=25, deadline=None)
    @given(seed=st.integers(0, 10_000), margin=st.floats(0.2, 3), share=st.floats(0, 1))
    def test_agrees_with_slow_loops(self, seed: int, margin: float, share: float) -> None:
        embeddings = numbers(seed, len(CODES), 5)
        found = batch_contrastive(
            CODES.astype(np.float32)[:, None],
            ops.convert_to_tensor(embeddings),
            margin=margin,
            genuine_margin=share * margin,
        )
        expected = slow_batch(CODES, embeddings, margin, share * margin)
        assert float(found) == pytest.approx(expected, rel=1e-4, abs=1e-5)

    def test_the_order_of_the_items_does_not_matter(self) -> None:
        embeddings = numbers(1, len(CODES), 5)
        order = np.random.default_rng(2).permutation(len(CODES))
        first = batch_contrastive(CODES, ops.convert_to_tensor(embeddings))
        other = batch_contrastive(CODES[order], ops.convert_to_tensor(embeddings[order]))
        assert float(first) == pytest.approx(float(other), rel=1e-5)

    def test_a_batch_of_one_identity_has_no_impostor_term(self) -> None:
        embeddings = numbers(3, 3, 4)
        found = batch_contrastive(np.zeros(3), ops.convert_to_tensor(embeddings))
        assert float(found) == pytest.approx(slow_batch([0, 0, 0], embeddings, 1.2, 0.4), rel=1e-4)

    def test_a_batch_of_one_item_costs_nothing(self) -> None:
        assert float(batch_contrastive(np.zeros(1), ops.ones((1, 4)))) == 0.0

    def test_gradients_are_finite_where_embeddings_are_equal(self, gradient: Any) -> None:
        same = np.full((len(CODES), 3), 0.5, np.float32)
        found = gradient(lambda e: batch_contrastive(CODES, e, genuine_margin=0.0), same)[0]
        assert np.isfinite(found).all()


@pytest.mark.parametrize("kind", [ContrastiveLoss, BatchContrastiveLoss])
class TestSettings:
    def test_come_back_from_the_configuration(self, kind: Any) -> None:
        loss = kind(1.5, 0.25, name="mine")
        again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
        assert type(again) is kind
        assert again.get_config() == loss.get_config()
        assert loss.get_config() == {"margin": 1.5, "genuine_margin": 0.25, "name": "mine"}

    @pytest.mark.parametrize("margin", [0.0, -1.0, float("nan"), float("inf"), True, "1"])
    def test_margin_out_of_range(self, kind: Any, margin: Any) -> None:
        with pytest.raises(
            SettingError, match=r"^margin: expected a number from 1e-06 to 1e\+06\."
        ):
            kind(margin)

    def test_genuine_margin_beyond_the_margin(self, kind: Any) -> None:
        with pytest.raises(
            SettingError,
            match=r"^genuine_margin: expected a number from 0 to 1\. Received: 1\.5\.$",
        ):
            kind(1.0, 1.5)
