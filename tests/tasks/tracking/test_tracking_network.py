"""The fully-convolutional encoder and the network that correlates its maps."""

from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops

from likeness.tasks.tracking.model import correlation_energies, focus_weights
from likeness.tasks.tracking.training import STRIDE, CorrelationNet, fully_convolutional

pytestmark = pytest.mark.backend


def pictures(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(*shape, 3)).astype(np.float32)


def maps(encoder: keras.Model, photos: np.ndarray) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(encoder(photos, training=False)))


@pytest.fixture(scope="module")
def encoder() -> keras.Model:
    return fully_convolutional(width=4, channels=6, seed=3)


@pytest.mark.parametrize(("side", "cells"), [(27, 1), (31, 2), (63, 10), (127, 26), (159, 34)])
def test_a_cell_for_every_four_pixels(encoder: keras.Model, side: int, cells: int) -> None:
    assert maps(encoder, pictures(1, side, side)).shape == (1, cells, cells, 6)


def test_every_cell_is_of_unit_length(encoder: keras.Model) -> None:
    found = maps(encoder, pictures(2, 63, 75))
    assert np.linalg.norm(found, axis=-1) == pytest.approx(np.ones(found.shape[:3]), abs=1e-4)


def test_a_moved_picture_gives_a_moved_map(encoder: keras.Model) -> None:
    large = pictures(1, 95, 95)
    whole = maps(encoder, large)
    for down, across in ((0, 8), (12, 0), (4, 20)):
        part = maps(encoder, large[:, down : down + 63, across : across + 63])
        i, j = down // STRIDE, across // STRIDE
        assert part == pytest.approx(whole[:, i : i + 10, j : j + 10], abs=1e-4)


def test_a_seed_gives_the_same_weights_and_another_gives_others() -> None:
    one, again, other = (
        fully_convolutional(width=2, channels=3, seed=seed).get_weights() for seed in (1, 1, 2)
    )
    assert all(np.array_equal(a, b) for a, b in zip(one, again, strict=True))
    assert not np.array_equal(one[0], other[0])


def test_responses_are_the_correlations_of_the_tracker(encoder: keras.Model) -> None:
    network = CorrelationNet(encoder, scale=3.0, offset=-1.0)
    template, search = pictures(3, 63, 63), pictures(3, 79, 79, seed=1)
    found = ops.convert_to_numpy(network({"template": template, "search": search}))
    assert found.shape == (3, 5, 5, 3)
    small, large = maps(encoder, template), maps(encoder, search)
    even = focus_weights(10, 10, focus=0.0)
    for number in range(3):
        expected = 3.0 * -correlation_energies(small[number], large, even) - 1.0
        assert np.asarray(found)[..., number] == pytest.approx(expected, abs=1e-3)


def test_a_saved_network_answers_the_same(encoder: keras.Model, tmp_path: Path) -> None:
    network = CorrelationNet(encoder)
    inputs = {"template": pictures(2, 63, 63), "search": pictures(2, 71, 71, seed=1)}
    expected = ops.convert_to_numpy(network(inputs))
    network.save(tmp_path / "net.keras")
    again = keras.models.load_model(tmp_path / "net.keras")
    assert ops.convert_to_numpy(again(inputs)) == pytest.approx(np.asarray(expected), abs=1e-4)
