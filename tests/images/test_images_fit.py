"""Cutting and resizing: the middle stays, nothing is squeezed, areas are averaged."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from likeness.errors import DataError, SettingError
from likeness.images.preparation import fit

RNG = np.random.default_rng(2)


def noise(rows: int, columns: int, channels: int) -> np.ndarray:
    return RNG.integers(0, 256, (rows, columns, channels), dtype=np.uint8)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_photo_of_that_size_stays_as_it_is(channels: int) -> None:
    image = noise(12, 9, channels)
    np.testing.assert_array_equal(fit(image, rows=12, columns=9, channels=channels), image)


def test_the_result_is_a_copy_that_can_be_written() -> None:
    image = noise(4, 4, 1)
    out = fit(image, rows=4, columns=4, channels=1)
    out[:] = 0
    assert image.any()


def triangle_average(line: np.ndarray, length: int) -> np.ndarray:
    """Slow oracle: each new pixel averages the old ones under a triangle around its middle."""
    step = len(line) / length
    out = []
    for place in range(length):
        middle = (place + 0.5) * step
        weights = [max(0.0, 1 - abs(old + 0.5 - middle) / max(step, 1)) for old in range(len(line))]
        out.append(np.average(line, axis=0, weights=weights))
    return np.array(out)


@pytest.mark.parametrize(("rows", "columns"), [(3, 2), (6, 4), (9, 6), (15, 10)])
def test_resizing_averages_as_a_loop_does(rows: int, columns: int) -> None:
    image = noise(12, 8, 1)
    expected = triangle_average(triangle_average(image[..., 0], rows).T, columns).T
    out = fit(image, rows=rows, columns=columns, channels=1)[..., 0]
    assert np.abs(out - expected).max() <= 1.0


def test_a_wide_photo_loses_its_sides_evenly() -> None:
    image = np.zeros((4, 12, 1), np.uint8)
    image[:, 4:8] = 200
    np.testing.assert_array_equal(fit(image, rows=4, columns=4, channels=1), 200)


def test_a_tall_photo_loses_top_and_bottom_evenly() -> None:
    image = np.zeros((12, 4, 1), np.uint8)
    image[4:8] = 200
    np.testing.assert_array_equal(fit(image, rows=4, columns=4, channels=1), 200)


def test_nothing_is_squeezed() -> None:
    rows, columns = np.mgrid[:200, :300]
    disc = ((rows - 99.5) ** 2 + (columns - 149.5) ** 2 < 60**2).astype(np.uint8) * 255
    out = fit(disc[..., None], rows=112, columns=92, channels=1)[..., 0] > 127
    height, width = out.any(axis=1).sum(), out.any(axis=0).sum()
    assert abs(int(height) - int(width)) <= 1


SIZES = st.tuples(st.integers(1, 40), st.integers(1, 40), st.sampled_from([1, 3]))


@given(shape=SIZES, new_shape=SIZES, level=st.integers(0, 255))
def test_one_flat_grey_stays_that_grey_at_every_size(
    shape: tuple[int, int, int], new_shape: tuple[int, int, int], level: int
) -> None:
    rows, columns, channels = new_shape
    out = fit(np.full(shape, level, np.uint8), rows=rows, columns=columns, channels=channels)
    assert out.shape == new_shape and out.dtype == np.uint8
    assert (out == level).all()


def test_a_mirror_image_gives_the_mirrored_result() -> None:
    image = noise(50, 70, 1)
    out = fit(image, rows=20, columns=16, channels=1)
    mirrored = fit(np.ascontiguousarray(image[:, ::-1]), rows=20, columns=16, channels=1)
    assert np.abs(out[:, ::-1].astype(int) - mirrored).max() <= 1


def test_enlarging_is_smooth() -> None:
    image = np.array([[0, 200]], np.uint8)[..., None]
    row = fit(image, rows=8, columns=16, channels=1)[0, :, 0].astype(int)
    assert (np.diff(row) >= 0).all() and len(set(row.tolist())) > 4


def test_colour_to_grey_is_luma_and_grey_to_colour_is_equal_channels() -> None:
    red = np.zeros((2, 2, 3), np.uint8)
    red[..., 0] = 255
    assert fit(red, rows=2, columns=2, channels=1)[0, 0, 0] == round(0.299 * 255)
    grey = noise(3, 3, 1)
    out = fit(grey, rows=3, columns=3, channels=3)
    for channel in range(3):
        np.testing.assert_array_equal(out[..., channel], grey[..., 0])


@pytest.mark.parametrize(("rows", "columns"), [(0, 5), (5, 0), (2.5, 5), (float("nan"), 5)])
def test_a_size_that_is_none(rows: float, columns: float) -> None:
    with pytest.raises(SettingError, match=r"^(rows|columns): expected a"):
        fit(noise(4, 4, 1), rows=rows, columns=columns, channels=1)  # type: ignore[arg-type]


def test_two_channels_cannot_be_asked_for() -> None:
    with pytest.raises(SettingError, match=r"channels: expected 1 \(grey\) or 3 \(colour\)"):
        fit(noise(4, 4, 1), rows=4, columns=4, channels=2)


@pytest.mark.parametrize("shape", [(4, 4, 2), (4, 4, 4), (0, 4, 1)])
def test_a_photo_of_other_channels_or_without_pixels(shape: tuple[int, int, int]) -> None:
    with pytest.raises(DataError, match="expected at least one pixel, of 1 or 3 channels"):
        fit(np.zeros(shape, np.uint8), rows=4, columns=4, channels=1)


def test_a_photo_of_another_type() -> None:
    with pytest.raises(DataError, match=r"image: expected uint8 .* Received: float64"):
        fit(np.zeros((4, 4, 1)), rows=4, columns=4, channels=1)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("row", "columns"), [([0, 100, 100, 0], 4), ([255, 7, 7, 255], 8), ([9, 50, 50, 50, 50, 9], 12)]
)
def test_what_is_cut_off_is_not_mixed_in(row: list[int], columns: int) -> None:
    photo = np.array(row, np.uint8)[None, :, None]
    kept = len(row) - 2
    made = fit(photo, rows=columns // kept, columns=columns, channels=1)
    assert set(made.ravel().tolist()) == {row[1]}
    upright = fit(photo.swapaxes(0, 1), rows=columns, columns=columns // kept, channels=1)
    assert set(upright.ravel().tolist()) == {row[1]}
