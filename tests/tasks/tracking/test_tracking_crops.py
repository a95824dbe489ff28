"""Pieces of a frame: the right pixels, the right scale, and the mean colour outside."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from likeness.errors import DataError
from likeness.tasks.tracking import Box
from likeness.tasks.tracking.boxes import Frame


def ramps(rows: int = 80, columns: int = 120) -> Frame:
    """Red grows by 2 a column, green by 2 a row: a pixel says where it was."""
    pixels = np.zeros((rows, columns, 3), np.uint8)
    pixels[..., 0] = 2 * np.arange(columns)
    pixels[..., 1] = 2 * np.arange(rows)[:, None]
    return Frame(pixels)


def test_a_piece_at_its_own_scale_is_the_pixels_themselves() -> None:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (40, 60, 3), dtype=np.uint8)
    found = Frame(pixels).crop((30.0, 20.0), 16, 16)
    assert np.array_equal(found, pixels[12:28, 22:38])


@given(st.floats(30, 90), st.floats(30, 50), st.floats(8, 40))
def test_the_middle_of_a_piece_is_its_centre(x: float, y: float, side: float) -> None:
    piece = ramps().crop((x, y), side, 21)
    # The middle of pixel k lies at k + 0.5.
    assert piece[10, 10, 0] / 2 + 0.5 == pytest.approx(x, abs=1.01)
    assert piece[10, 10, 1] / 2 + 0.5 == pytest.approx(y, abs=1.01)


@pytest.mark.parametrize("side", [10.0, 21.0, 50.0, 63.0])
def test_a_piece_spans_its_side(side: float) -> None:
    piece = ramps().crop((60.0, 40.0), side, 21).astype(float)
    assert (piece[10, -1, 0] - piece[10, 0, 0]) / 2 == pytest.approx(side * 20 / 21, abs=1.1)
    assert (piece[-1, 10, 1] - piece[0, 10, 1]) / 2 == pytest.approx(side * 20 / 21, abs=1.1)


def test_a_turn_goes_from_across_to_down() -> None:
    piece = ramps().crop((60.0, 40.0), 21, 21, turn=math.pi / 2).astype(float)
    # Going right in the piece goes down in the frame.
    assert (piece[10, -1, 1] - piece[10, 0, 1]) / 2 == pytest.approx(20, abs=1)
    assert abs(piece[10, -1, 0] - piece[10, 0, 0]) <= 2


def test_a_stretched_piece_is_wider_than_high() -> None:
    piece = ramps().crop((60.0, 40.0), 21, 21, stretch=4.0).astype(float)
    assert (piece[10, -1, 0] - piece[10, 0, 0]) / 2 == pytest.approx(40, abs=1)
    assert (piece[-1, 10, 1] - piece[0, 10, 1]) / 2 == pytest.approx(10, abs=1)


def test_outside_is_the_mean_colour() -> None:
    frame = ramps()
    piece = frame.crop((-100.0, -100.0), 20, 8)
    assert (piece == frame.mean).all()


def test_a_small_piece_of_a_large_area_is_an_average_not_a_sample() -> None:
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (512, 512, 3), dtype=np.uint8)
    piece = Frame(noise).crop((256, 256), 400, 20)
    assert piece.std() < 0.2 * noise.std()


@given(st.floats(1, 500), st.floats(1, 500))
def test_without_context_the_square_has_the_area_of_the_box(width: float, height: float) -> None:
    side = Box(0, 0, width, height).side_with_context(0.0)
    assert side * side == pytest.approx(width * height)


def test_the_papers_context() -> None:
    # Section 3.4: 2p = (w + h) / 2 on each axis, with p a quarter of the perimeter's half.
    width, height = 30.0, 70.0
    p = (width + height) / 4
    expected = math.sqrt((width + 2 * p) * (height + 2 * p))
    assert Box(0, 0, width, height).side_with_context(0.5) == pytest.approx(expected)


@pytest.mark.parametrize(
    "bad",
    [
        np.zeros((4, 4, 3), np.float32),
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 1), np.uint8),
        np.zeros((0, 4, 3), np.uint8),
        "frame",
    ],
)
def test_other_things_than_colour_pictures_are_refused(bad: object) -> None:
    with pytest.raises(DataError, match=r"expected uint8 of shape \(rows, columns, 3\)"):
        Frame(bad)  # type: ignore[arg-type]
