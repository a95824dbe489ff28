"""The encoders: shapes, unit length, seeds, a pinned configuration, mirror symmetry."""

from typing import Any

import numpy as np
import pytest
from keras import ops

from likeness.encoders import convnet, dense, encoder_by_name, residual
from likeness.errors import SettingError

pytestmark = pytest.mark.backend

SHAPE = (16, 16, 1)
EVERY = pytest.mark.parametrize("build", [convnet, dense, residual])


def photos(count: int = 3, shape: tuple[int, int, int] = SHAPE) -> Any:
    return np.random.default_rng(1).normal(size=(count, *shape)).astype(np.float32)


def embed(encoder: Any, items: Any) -> Any:
    return ops.convert_to_numpy(encoder(items, training=False))


@EVERY
class TestEncoders:
    @pytest.mark.parametrize("shape", [(16, 16, 1), (17, 23, 3)])
    def test_one_embedding_of_unit_length_per_photo(
        self, build: Any, shape: tuple[int, int, int]
    ) -> None:
        found = embed(build(shape, embedding_size=7, width=2), photos(3, shape))
        assert found.shape == (3, 7)
        assert np.linalg.norm(found, axis=1) == pytest.approx(1.0, abs=1e-3)

    def test_the_seed_decides_the_initial_weights(self, build: Any) -> None:
        first, same, other = (
            build(SHAPE, embedding_size=4, width=2, seed=seed).get_weights() for seed in (1, 1, 2)
        )
        assert all((a == b).all() for a, b in zip(first, same, strict=True))
        assert any((a != b).any() for a, b in zip(first, other, strict=True))

    def test_no_two_layers_begin_alike(self, build: Any) -> None:
        """One seed for all layers would give equal kernels to layers of one shape."""
        kernels = [w for w in build(SHAPE, embedding_size=4, width=2).get_weights() if w.ndim > 1]
        starts = {float(kernel.flat[0]) for kernel in kernels}
        assert len(starts) == len(kernels)

    def test_every_layer_is_named_so_two_builds_are_configured_alike(self, build: Any) -> None:
        first, second = (build(SHAPE, embedding_size=4, width=2).get_config() for _ in range(2))
        assert first == second

    def test_an_embedding_does_not_depend_on_its_batch(self, build: Any) -> None:
        encoder = build(SHAPE, embedding_size=4, width=2)
        items = photos(4)
        alone = np.concatenate([embed(encoder, items[i : i + 1]) for i in range(4)])
        np.testing.assert_allclose(embed(encoder, items), alone, atol=1e-5)

    def test_width_multiplies_the_channels(self, build: Any) -> None:
        counts = [build(SHAPE, embedding_size=2, width=width).count_params() for width in (8, 64)]
        assert counts[1] > 4 * counts[0]


class TestDense:
    def test_reads_rows_of_numbers(self) -> None:
        rows = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
        found = embed(dense((3,), embedding_size=4, width=2), rows)
        assert found.shape == (5, 4)
        assert np.linalg.norm(found, axis=1) == pytest.approx(1.0, abs=1e-3)

    def test_is_the_sum_of_a_linear_and_a_hidden_way(self) -> None:
        encoder = dense((3,), embedding_size=4, width=2, seed=3)
        weights = {weight.path: ops.convert_to_numpy(weight) for weight in encoder.weights}
        rows = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
        hidden = rows
        for block in (1, 2):
            hidden = hidden @ weights[f"hidden_{block}/kernel"] + weights[f"hidden_{block}/bias"]
            hidden = np.maximum(hidden, 0.0)
        expected = hidden @ weights["embedding/kernel"] + weights["embedding/bias"]
        expected += rows @ weights["straight/kernel"]
        expected /= np.linalg.norm(expected, axis=1, keepdims=True)
        np.testing.assert_allclose(embed(encoder, rows), expected, atol=1e-5)


def test_encoders_by_name() -> None:
    assert encoder_by_name("dense") is dense
    assert encoder_by_name("convnet") is convnet
    assert encoder_by_name("residual") is residual


def test_unknown_encoder() -> None:
    with pytest.raises(
        SettingError,
        match=r"^encoder: expected one of convnet, dense, residual\. Received: 'vgg'\.$",
    ):
        encoder_by_name("vgg")
