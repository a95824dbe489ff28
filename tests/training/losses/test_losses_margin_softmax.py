"""The margin softmax against slow sums, and the head that gives it its cosines."""

import math
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

from likeness.errors import SettingError
from likeness.training.losses import CosineHead, MarginSoftmaxLoss, margin_softmax

pytestmark = pytest.mark.backend


def slow(code: int, cosines: Any, scale: float, margin: float) -> float:
    """One item: minus the logarithm of its own class's share."""
    powers = [
        math.exp(scale * (float(cosine) - (margin if place == code else 0.0)))
        for place, cosine in enumerate(cosines)
    ]
    return -math.log(powers[code] / sum(powers))


class TestMarginSoftmax:
    def test_by_hand(self) -> None:
        # Two classes, equal cosines, no margin: one half each.
        found = margin_softmax(np.array([1]), ops.zeros((1, 2)), margin=0.0)
        assert float(found[0]) == pytest.approx(math.log(2))

    @settings(max_examples=30, deadline=None)
    @given(
        seed=st.integers(0, 10_000),
        scale=st.floats(0.5, 30),
        margin=st.floats(0, 1),
        classes=st.sampled_from([2, 5]),
    )
    def test_agrees_with_slow_sums(
        self, seed: int, scale: float, margin: float, classes: int
    ) -> None:
        rng = np.random.default_rng(seed)
        cosines = rng.uniform(-1, 1, (4, classes)).astype(np.float32)
        codes = rng.integers(classes, size=4)
        found = margin_softmax(
            codes.astype(np.float32)[:, None],
            ops.convert_to_tensor(cosines),
            scale=scale,
            margin=margin,
        )
        expected = [slow(c, row, scale, margin) for c, row in zip(codes, cosines, strict=True)]
        np.testing.assert_allclose(ops.convert_to_numpy(found), expected, rtol=1e-4, atol=2e-5)

    def test_the_margin_is_a_handicap(self) -> None:
        cosines = ops.convert_to_tensor(np.array([[0.8, 0.1, -0.3]], np.float32))
        costs = [float(margin_softmax(np.array([0]), cosines, margin=m)[0]) for m in (0, 0.2, 0.5)]
        assert costs == sorted(costs)
        assert len(set(costs)) == 3

    def test_extreme_scales_stay_finite(self) -> None:
        cosines = ops.convert_to_tensor(np.array([[1.0, -1.0], [-1.0, 1.0]], np.float32))
        found = ops.convert_to_numpy(margin_softmax(np.array([0, 0]), cosines, scale=1e4))
        assert found == pytest.approx([0.0, 22_000.0])

    def test_the_class_is_the_mean_over_the_items(self) -> None:
        cosines = np.random.default_rng(1).uniform(-1, 1, (5, 3)).astype(np.float32)
        codes = np.array([0, 1, 2, 1, 0])
        found = MarginSoftmaxLoss(8.0, 0.3)(codes, cosines)
        expected = [slow(c, row, 8.0, 0.3) for c, row in zip(codes, cosines, strict=True)]
        assert float(found) == pytest.approx(np.mean(expected), rel=1e-4)

    def test_comes_back_from_its_configuration(self) -> None:
        loss = MarginSoftmaxLoss(8.0, 0.3, name="mine")
        again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
        assert again.get_config() == {"scale": 8.0, "margin": 0.3, "name": "mine"}

    @pytest.mark.parametrize(
        ("settings", "sentence"),
        [
            ({"scale": 0.0}, r"^scale: expected a number from 1e-06 to 10000\. Received: 0\.0\.$"),
            ({"scale": float("nan")}, r"^scale: expected a number .* Received: nan\.$"),
            ({"margin": 1.5}, r"^margin: expected a number from 0 to 1\. Received: 1\.5\.$"),
        ],
    )
    def test_settings_out_of_range(self, settings: dict[str, float], sentence: str) -> None:
        with pytest.raises(SettingError, match=sentence):
            MarginSoftmaxLoss(**settings)


class TestCosineHead:
    def test_gives_the_cosine_to_each_direction(self) -> None:
        head = CosineHead(3, seed=4)
        embeddings = np.random.default_rng(2).normal(size=(5, 4)).astype(np.float32)
        embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
        found = ops.convert_to_numpy(head(embeddings))
        directions = head.get_weights()[0]
        for row, embedding in enumerate(embeddings):
            for place in range(3):
                direction = directions[:, place]
                expected = embedding @ direction / np.linalg.norm(direction)
                assert found[row, place] == pytest.approx(expected, abs=1e-5)

    def test_the_seed_decides_the_directions(self) -> None:
        made = [CosineHead(3, seed=seed) for seed in (1, 1, 2)]
        for head in made:
            head.build((None, 4))
        first, same, other = (head.get_weights()[0] for head in made)
        assert (first == same).all()
        assert not (first == other).any()

    def test_a_direction_of_zeros_gives_finite_gradients(self, gradient: Any) -> None:
        head = CosineHead(2)
        head.build((None, 3))
        head.set_weights([np.zeros((3, 2), np.float32)])
        found = gradient(lambda e: margin_softmax(np.array([0, 1]), head(e)), np.zeros((2, 3)))[0]
        assert np.isfinite(found).all()

    def test_comes_back_from_its_configuration(self) -> None:
        again = CosineHead.from_config(CosineHead(5, seed=3, name="classes").get_config())
        assert (again.classes, again.seed, again.name) == (5, 3, "classes")

    @pytest.mark.parametrize("classes", [1, 0, 2.5, True])
    def test_too_few_classes(self, classes: Any) -> None:
        with pytest.raises(SettingError, match=r"^classes: expected a whole number"):
            CosineHead(classes)
