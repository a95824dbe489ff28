"""Preparation: one size, one light, whatever the photo."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import arrays
from PIL import Image

from likeness.errors import DataError, SettingError
from likeness.images.preparation import FLAT, FixedPreparation, Preparation, preparation_from_data

RNG = np.random.default_rng(3)


def noise(*shape: int) -> np.ndarray:
    return RNG.integers(0, 256, shape, dtype=np.uint8)


def test_the_usual_shape() -> None:
    prepared = Preparation()(noise(3, 112, 92, 1))
    assert prepared.shape == (3, 56, 46, 1) and prepared.dtype == np.float32


@given(arrays(np.uint8, (2, 9, 11, 1)))
def test_mean_zero_and_deviation_one_unless_flat(images: np.ndarray) -> None:
    prepared = Preparation(rows=9, columns=11)(images)
    assert np.isfinite(prepared).all()
    for before, after in zip(images.astype(np.float64), prepared, strict=True):
        assert abs(after.mean()) < 1e-3
        expected = before.std() / max(before.std(), FLAT)
        assert after.std() == pytest.approx(expected, abs=1e-3)


def test_each_photo_as_a_loop_does_it() -> None:
    images = noise(4, 16, 12, 1)
    prepared = Preparation(rows=8, columns=8)(images[:, :, :8])
    for image, after in zip(images[:, :, :8].astype(np.float64), prepared, strict=True):
        halved = image.reshape(8, 2, 8, 1)[..., 0].mean(axis=1)
        expected = (halved - halved.mean()) / halved.std()
        assert np.abs(after[..., 0] - expected).max() < 0.02  # Pillow rounds to whole greys


def test_brightness_and_contrast_do_not_matter() -> None:
    image = RNG.integers(40, 100, (1, 56, 46, 1)).astype(np.uint8)
    brighter = image + np.uint8(50)
    doubled = image * np.uint8(2)
    expected = Preparation()(image)
    np.testing.assert_allclose(Preparation()(brighter), expected, atol=1e-4)
    np.testing.assert_allclose(Preparation()(doubled), expected, atol=1e-4)


def test_a_flat_photo_is_zeros_not_nan() -> None:
    assert not Preparation()(np.full((1, 30, 30, 1), 77, np.uint8)).any()


def test_photos_do_not_see_each_other() -> None:
    images = noise(5, 20, 20, 1)
    together = Preparation()(images)
    for place in range(5):
        np.testing.assert_array_equal(Preparation()(images[place : place + 1])[0], together[place])


@pytest.mark.parametrize(("given_channels", "channels"), [(1, 3), (3, 1), (3, 3), (1, 1)])
def test_grey_and_colour_both_ways(given_channels: int, channels: int) -> None:
    preparation = Preparation(rows=10, columns=12, channels=channels)
    assert preparation.shape == (10, 12, channels)
    assert preparation(noise(2, 20, 24, given_channels)).shape == (2, 10, 12, channels)


def test_no_photos_give_no_rows() -> None:
    assert Preparation()(np.empty((0, 5, 5, 1), np.uint8)).shape == (0, 56, 46, 1)


def test_the_photos_stay_as_they_were() -> None:
    images = noise(1, 20, 20, 1)
    before = images.copy()
    Preparation()(images)
    np.testing.assert_array_equal(images, before)


def test_equal_settings_are_equal_and_frozen() -> None:
    assert Preparation(rows=20) == Preparation(rows=20) != Preparation(rows=21)
    with pytest.raises(dataclasses.FrozenInstanceError):
        Preparation().rows = 3  # type: ignore[misc]


@pytest.mark.parametrize("argument", ["rows", "columns"])
@pytest.mark.parametrize("value", [7, 1025, 20.5, float("nan"), True, "56"])
def test_a_size_out_of_range(argument: str, value: object) -> None:
    with pytest.raises(SettingError, match=rf"^{argument}: expected a"):
        Preparation(**{argument: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("channels", [0, 2, 4, 1.5])
def test_channels_are_one_or_three(channels: float) -> None:
    with pytest.raises(SettingError, match=r"^channels: expected"):
        Preparation(channels=channels)  # type: ignore[arg-type]


@pytest.mark.parametrize("images", [np.zeros((4, 4, 1), np.uint8), np.zeros((1, 4, 4, 1))])
def test_other_shapes_and_types_are_refused(images: np.ndarray) -> None:
    with pytest.raises(DataError, match=r"images: expected uint8 of shape \(n, rows"):
        Preparation()(images)


@pytest.mark.parametrize("channels", [2, 4])
def test_photos_of_other_channels_are_refused(channels: int) -> None:
    with pytest.raises(DataError, match="images: expected 1 or 3 channels"):
        Preparation()(noise(1, 9, 9, channels))


def test_photos_without_pixels_are_refused() -> None:
    with pytest.raises(DataError, match="at least one pixel"):
        Preparation()(np.zeros((1, 0, 9, 1), np.uint8))


def averaged(photo: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """The mean of what each pixel covers, on a grid in which all pixels are whole."""
    fine = photo.astype(np.int64).repeat(rows, axis=0).repeat(columns, axis=1)
    blocks = fine.reshape(rows, photo.shape[0], columns, photo.shape[1], -1)
    return np.floor(blocks.mean(axis=(1, 3)) + 0.5 + 1e-9)


@pytest.mark.parametrize("size", [(8, 12), (12, 8), (9, 20), (13, 11), (40, 33)])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_pixel_is_the_mean_of_the_area_it_covers(size: tuple[int, int], channels: int) -> None:
    photo = noise(*size, channels)
    made = Preparation(rows=8, columns=9, channels=channels).resized(photo)
    np.testing.assert_array_equal(made, averaged(photo, 8, 9))


def test_a_third_of_a_pixel_counts_a_third() -> None:
    photo = np.tile(np.array([0, 0, 255], np.uint8), (8, 4))[..., None]
    made = Preparation(rows=8, columns=8).resized(photo)
    assert made[0, :, 0].tolist() == [0, 170] * 4


@pytest.mark.parametrize("size", [(112, 92), (100, 77), (57, 45), (61, 200)])
@pytest.mark.parametrize("preparation", [Preparation(), Preparation(channels=3)])
def test_a_mirrored_photo_is_the_mirror_image(
    preparation: Preparation, size: tuple[int, int]
) -> None:
    photo = noise(*size, 3)
    mirrored = preparation.resized(np.ascontiguousarray(photo[:, ::-1]))
    np.testing.assert_array_equal(mirrored[:, ::-1], preparation.resized(photo))


@pytest.mark.parametrize("version", [1, 2])
def test_whole_blocks_are_as_they_always_were(version: int) -> None:
    photo = noise(112, 92, 1)
    expected = Image.fromarray(photo[..., 0]).resize((46, 56), Image.Resampling.BOX)
    made = Preparation(version=version).resized(photo)
    np.testing.assert_array_equal(made[..., 0], np.asarray(expected))


def test_models_of_before_keep_their_averages() -> None:
    photo = noise(100, 70, 1)
    old = preparation_from_data({"rows": 56, "columns": 46, "channels": 1})
    expected = Image.fromarray(photo[..., 0]).resize((46, 56), Image.Resampling.BOX)
    assert isinstance(old, Preparation) and old.version == 1
    np.testing.assert_array_equal(old.resized(photo)[..., 0], np.asarray(expected))
    assert old.as_data() == {"rows": 56, "columns": 46, "channels": 1}
    assert preparation_from_data(Preparation().as_data()) == Preparation()
    assert (Preparation().resized(photo) != old.resized(photo)).any()


@pytest.mark.parametrize(
    "preparation", [Preparation(), Preparation(channels=3), FixedPreparation(rows=40, columns=32)]
)
def test_what_is_resized_is_prepared_as_the_photo_itself(
    preparation: Preparation | FixedPreparation,
) -> None:
    photo = noise(90, 130, 3)
    small = preparation.resized(photo)
    assert small.shape == (preparation.rows, preparation.columns, preparation.channels)
    np.testing.assert_array_equal(preparation(small[None]), preparation(photo[None]))
