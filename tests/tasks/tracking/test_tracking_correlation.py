"""The energy of a place, against a slow loop; labels and shapes likewise."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from likeness.errors import SettingError
from likeness.tasks.tracking.model import (
    Maps,
    TrackingShapes,
    correlation_energies,
    focus_weights,
    prepared,
)


def maps(rng: np.random.Generator, *shape: int) -> Maps:
    values = rng.normal(size=shape)
    return (values / np.linalg.norm(values, axis=-1, keepdims=True)).astype(np.float32)


@given(st.integers(1, 3), st.integers(1, 4), st.integers(0, 4), st.integers(1, 5), st.integers(0))
def test_energies_against_a_slow_loop(n: int, h: int, more: int, channels: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    w = h + 1
    template, search = maps(rng, h, w, channels), maps(rng, n, h + more, w + more, channels)
    weights = rng.uniform(0, 1, (h, w))
    weights /= weights.sum()
    found = correlation_energies(template, search, weights)
    assert found.shape == (n, more + 1, more + 1)
    for piece in range(n):
        for row in range(more + 1):
            for column in range(more + 1):
                total = 0.0
                for i in range(h):
                    for j in range(w):
                        cell = search[piece, row + i, column + j]
                        total += weights[i, j] * float(np.dot(template[i, j], cell))
                assert found[piece, row, column] == pytest.approx(-total, abs=1e-5)


def test_a_template_on_itself_has_the_lowest_energy_there_is() -> None:
    search = maps(np.random.default_rng(0), 1, 9, 9, 8)
    found = correlation_energies(search[0, 3:6, 2:5], search, focus_weights(3, 3, focus=0.5))[0]
    assert found[3, 2] == pytest.approx(-1, abs=1e-6)
    assert np.argmin(found) == 3 * 7 + 2
    assert found.min() >= -1 - 1e-6
    assert found.max() <= 1 + 1e-6


@given(st.integers(1, 12), st.integers(1, 12), st.floats(0, 1))
def test_weights_sum_to_one_and_fall_to_the_rim(height: int, width: int, focus: float) -> None:
    weights = focus_weights(height, width, focus=focus)
    assert weights.sum() == pytest.approx(1)
    assert weights == pytest.approx(weights[::-1, ::-1])
    assert weights[height // 2, width // 2] >= weights[0, 0] - 1e-12
    assert np.ptp(focus_weights(height, width, focus=0.0)) < 1e-12


@given(st.integers(0, 4), st.floats(-20, 20), st.floats(-20, 20), st.floats(1, 20))
def test_labels_against_a_slow_loop(half: int, x: float, y: float, radius: float) -> None:
    side = 2 * half + 1
    found = TrackingShapes(search=63 + 8 * half).labels((x, y), radius=radius)
    assert found.shape == (side, side)
    for row in range(side):
        for column in range(side):
            across, down = 4 * (column - (side - 1) / 2), 4 * (row - (side - 1) / 2)
            distance = math.hypot(across - x, down - y)
            if abs(distance - radius) > 1e-9:
                assert found[row, column] == (1 if distance < radius else -1)


def test_positions_of_a_template_in_a_search_picture() -> None:
    assert TrackingShapes(template=63, search=127, stride=4).map_side == 17
    assert TrackingShapes(template=63, search=63, stride=4).map_side == 1


def test_a_map_has_a_middle_cell() -> None:
    with pytest.raises(SettingError, match=r"a multiple of 8\. Received: 131"):
        TrackingShapes(template=63, search=131)


@pytest.mark.parametrize("bad", [{"search": 40}, {"stride": 0}, {"context": 3.0}, {"template": 1}])
def test_shapes_out_of_range(bad: dict[str, float]) -> None:
    with pytest.raises(SettingError, match=next(iter(bad))):
        TrackingShapes(**bad)  # type: ignore[arg-type]


def test_prepared_pictures_keep_their_light() -> None:
    pictures = np.array([[[[0, 127, 255]]]], np.uint8)
    assert np.allclose(prepared(pictures), [-2.0, -0.5 / 63.75, 2.0])
