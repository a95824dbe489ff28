"""The encoders: shapes, unit length, seeds, a pinned configuration, mirror symmetry."""

from typing import Any

import numpy as np
import pytest
from keras import Model, ops

from likeness.encoders import convnet, dense, residual
from likeness.encoders.cells import OneByOne, Weighed, cells, projection_head, readings
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


class TestCells:
    @pytest.mark.parametrize("shape", [(16, 16, 1), (17, 23, 3)])
    def test_one_embedding_of_unit_length_per_photo(self, shape: tuple[int, int, int]) -> None:
        rows, columns = -(-shape[0] // 8), -(-shape[1] // 8)
        encoder = cells(shape, embedding_size=5 * rows * columns, width=2)
        found = embed(encoder, photos(3, shape))
        assert found.shape == (3, 5 * rows * columns)
        assert np.linalg.norm(found, axis=1) == pytest.approx(1.0, abs=1e-3)

    def test_the_embedding_is_a_map_row_by_row(self) -> None:
        """A spot far to the right changes cells on the right alone."""
        encoder = cells((16, 64, 1), embedding_size=2 * 8 * 8, width=2)
        plain = np.zeros((1, 16, 64, 1), np.float32)
        spotted = plain.copy()
        spotted[0, 4:12, 58:62] = 3.0
        features = Model(encoder.input, encoder.get_layer("flatten").output)
        change = np.abs(embed(features, spotted) - embed(features, plain)).reshape(2, 8, 8)
        assert change[:, :4].max() == 0 and change[:, 6:].max() > 0

    def test_no_layer_mixes_the_channels_where_none_needs_to(self) -> None:
        names = [layer.name for layer in cells(SHAPE, embedding_size=4 * 8, width=2).layers]
        assert "cell" not in names
        names = [layer.name for layer in cells(SHAPE, embedding_size=4 * 3, width=2).layers]
        assert "cell" in names

    def test_the_seed_decides_the_initial_weights(self) -> None:
        first, same, other = (
            cells(SHAPE, embedding_size=12, width=2, seed=seed).get_weights() for seed in (1, 1, 2)
        )
        assert all((a == b).all() for a, b in zip(first, same, strict=True))
        assert any((a != b).any() for a, b in zip(first, other, strict=True))

    @pytest.mark.parametrize("size", [2, 30])
    def test_an_embedding_that_does_not_divide_among_the_cells(self, size: int) -> None:
        with pytest.raises(SettingError, match=f"a multiple of the 4 cells .* Received: {size}"):
            cells(SHAPE, embedding_size=size, width=2)


class TestProjection:
    def test_it_makes_something_else_of_unit_length_of_the_embedding(self) -> None:
        encoder = cells((16, 24, 1), embedding_size=6 * 4, width=2)
        head = projection_head(encoder)
        found = embed(head, embed(encoder, photos(3, (16, 24, 1))))
        assert head.input_shape == (None, 24) and found.shape == (3, 256)
        assert np.linalg.norm(found, axis=1) == pytest.approx(1.0, abs=1e-3)

    def test_its_seed_is_its_own(self) -> None:
        encoder = cells(SHAPE, embedding_size=16, width=2)
        first, same, other = (projection_head(encoder, seed=s).get_weights() for s in (1, 1, 2))
        assert all((a == b).all() for a, b in zip(first, same, strict=True))
        assert any((a != b).any() for a, b in zip(first, other, strict=True))


class TestReadings:
    SHAPE = (16, 24, 2)

    def built(self, **settings: Any) -> Any:
        return readings(self.SHAPE, **{"embedding_size": 48, "width": 2} | settings)

    def test_one_embedding_of_unit_length_per_picture(self) -> None:
        found = embed(self.built(), photos(3, self.SHAPE))
        assert found.shape == (3, 48)
        assert np.linalg.norm(found, axis=1) == pytest.approx(1.0, abs=1e-3)

    def test_an_embedding_does_not_depend_on_its_batch(self) -> None:
        items, encoder = photos(4, self.SHAPE), self.built()
        alone = np.concatenate([embed(encoder, items[i : i + 1]) for i in range(4)])
        np.testing.assert_allclose(embed(encoder, items), alone, atol=1e-5)

    def test_every_reading_is_seen_by_the_same_network(self) -> None:
        """Readings change places: so do the halves of the embedding."""
        items, encoder = photos(3, self.SHAPE), self.built()
        first, second = np.split(embed(encoder, items), 2, axis=1)
        swapped = embed(encoder, items[..., ::-1])
        np.testing.assert_allclose(swapped, np.concatenate([second, first], axis=1), atol=1e-5)

    def test_the_seed_decides_the_initial_weights(self) -> None:
        first, same, other = (self.built(seed=seed).get_weights() for seed in (1, 1, 2))
        assert all((a == b).all() for a, b in zip(first, same, strict=True))
        assert any((a != b).any() for a, b in zip(first, other, strict=True))

    @pytest.mark.parametrize("size", [5, 13, 40])
    def test_an_embedding_that_does_not_divide_among_the_cells(self, size: int) -> None:
        with pytest.raises(SettingError, match=r"^embedding_size: .* multiple of the 2 × 6 cells"):
            self.built(embedding_size=size)


def test_readings_go_apart_one_kind_after_the_other() -> None:
    pictures = photos(3, (4, 5, 2))
    found = ops.convert_to_numpy(OneByOne()(pictures))
    assert found.shape == (6, 4, 5, 1) == OneByOne().compute_output_shape((3, 4, 5, 2))
    np.testing.assert_array_equal(found[:3, ..., 0], pictures[..., 0])
    np.testing.assert_array_equal(found[3:, ..., 0], pictures[..., 1])


def test_what_readings_weigh() -> None:
    """The cosine of two pictures: reading by reading, by the geometric mean of the weights."""
    rng = np.random.default_rng(0)
    each = rng.normal(size=(2, 2, 3)).astype(np.float32)  # reading, picture, number
    each /= np.linalg.norm(each, axis=-1, keepdims=True)
    scores = rng.normal(size=(2, 2)).astype(np.float32)
    layer = Weighed(2)
    found = ops.convert_to_numpy(layer([each.reshape(4, 3), scores.reshape(4, 1)]))
    assert found.shape == (2, 6) == layer.compute_output_shape([(4, 3), (4, 1)])
    weights = np.exp(scores) / np.exp(scores).sum(axis=0)
    expected = sum(np.sqrt(weights[r, 0] * weights[r, 1]) * each[r, 0] @ each[r, 1] for r in (0, 1))
    assert found[0] @ found[1] == pytest.approx(expected, abs=1e-6)
    assert np.linalg.norm(found, axis=1) == pytest.approx(1.0, abs=1e-5)
    assert Weighed.from_config(layer.get_config()).readings == 2


def test_an_encoder_that_is_sure_of_a_reading_can_still_learn() -> None:
    """A weight of exactly 0 must not turn a training into NaN."""
    encoder = readings((16, 16, 2), embedding_size=8, width=2)
    score = encoder.get_layer("score")
    score.set_weights([np.full_like(weights, 1e5) for weights in score.get_weights()])
    encoder.compile("sgd", "mse")
    encoder.fit(photos(4, (16, 16, 2)), np.zeros((4, 8), np.float32), batch_size=4, verbose=0)
    assert all(np.isfinite(weights).all() for weights in encoder.get_weights())
