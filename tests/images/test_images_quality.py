"""The figures of one photo against slow loops, and warnings where a fault was planted."""

import os
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from likeness import datasets
from likeness.datasets import drawn_faces
from likeness.errors import DataError
from likeness.images.quality import (
    FEWEST_FOR_OUTLIERS,
    Quality,
    blurrier_than_the_rest,
)

PEOPLE = drawn_faces(identities=20, photos_each=3, seed=5)


def kinds(photo, **options):
    return [warning.kind for warning in Quality.of(photo).warnings(**options)]


def blurred(photo, radius):
    return np.asarray(Image.fromarray(photo[..., 0]).filter(ImageFilter.GaussianBlur(radius)))[
        ..., None
    ]


def slow_sharpness(grey):
    """Variance of the Laplacian over the variance, pixel by pixel."""
    found = []
    for row in range(1, grey.shape[0] - 1):
        for column in range(1, grey.shape[1] - 1):
            around = (
                grey[row - 1, column]
                + grey[row + 1, column]
                + grey[row, column - 1]
                + grey[row, column + 1]
            )
            found.append(around - 4 * grey[row, column])
    mean = sum(found) / len(found)
    variance = sum((value - mean) ** 2 for value in found) / len(found)
    return variance / max(1.0, ((grey - grey.mean()) ** 2).mean())


def test_the_figures_are_those_of_a_slow_loop() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (20, 31, 1), np.uint8)
    grey = photo[..., 0].astype(float)
    found = Quality.of(photo)
    left = sum(grey[row, column] for row in range(20) for column in range(15)) / 300
    right = sum(grey[row, column] for row in range(20) for column in range(16, 31)) / 300
    assert (found.rows, found.columns) == (20, 31)
    assert found.sharpness == pytest.approx(slow_sharpness(grey))
    assert found.brightness == pytest.approx(sum(grey.ravel()) / 620)
    assert found.contrast == pytest.approx(np.sqrt(sum((grey.ravel() - grey.mean()) ** 2) / 620))
    assert found.dark == sum(value <= 5 for value in grey.ravel()) / 620
    assert found.bright == sum(value >= 250 for value in grey.ravel()) / 620
    assert found.side_light == pytest.approx((left - right) / (left + right))


def test_grey_in_three_channels_is_the_same_photo() -> None:
    photo = PEOPLE.items[0]
    grey, colour = Quality.of(photo), Quality.of(np.repeat(photo, 3, axis=2))
    for name in ("sharpness", "brightness", "contrast", "side_light"):
        assert getattr(colour, name) == pytest.approx(getattr(grey, name), rel=1e-6)


def test_sharpness_does_not_depend_on_light_nor_much_on_size() -> None:
    photo = PEOPLE.items[0]
    sharp = Quality.of(photo).sharpness
    assert Quality.of((photo // 2).astype(np.uint8)).sharpness == pytest.approx(sharp, rel=0.1)
    larger = np.asarray(Image.fromarray(photo[..., 0]).resize((368, 448)))[..., None]
    assert Quality.of(larger).sharpness == pytest.approx(sharp, rel=0.5)


@given(radius=st.floats(0.5, 4), place=st.integers(0, len(PEOPLE) - 1))
@settings(max_examples=30, deadline=None)
def test_blur_lowers_sharpness(radius, place) -> None:
    photo = PEOPLE.items[place]
    assert Quality.of(blurred(photo, radius)).sharpness < Quality.of(photo).sharpness


def test_the_mirror_image_has_its_light_on_the_other_side() -> None:
    photo = PEOPLE.items[1][:, :91]
    here, there = Quality.of(photo), Quality.of(photo[:, ::-1])
    assert there.side_light == pytest.approx(-here.side_light)
    assert there.sharpness == pytest.approx(here.sharpness)


def test_drawn_faces_get_no_warning() -> None:
    assert [kinds(photo) for photo in PEOPLE.items] == [[]] * len(PEOPLE)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (lambda photo: blurred(photo, 2.5), "blurred"),
        (lambda photo: (photo * 0.2).astype(np.uint8), "dark"),
        (lambda photo: (235 + photo * 0.07).astype(np.uint8), "bright"),
        (lambda photo: (120 + photo * 0.05).astype(np.uint8), "flat"),
        (lambda photo: np.ascontiguousarray(photo[::4, ::4]), "small"),
        (
            lambda photo: (photo * np.linspace(1, 0.05, 92)[None, :, None]).astype(np.uint8),
            "side light",
        ),
    ],
)
def test_a_planted_fault_is_named(fault, expected) -> None:
    for photo in PEOPLE.items[::10]:
        assert expected in kinds(fault(photo))


def test_white_paper_behind_a_person_is_not_clipped_but_a_white_face_is() -> None:
    photo = PEOPLE.items[0].copy()
    photo[:, :30] = 255
    assert "clipped" not in kinds(photo)
    assert "clipped" in kinds(photo, of_face=True)


def test_a_flat_photo_is_not_called_blurred_too() -> None:
    assert kinds(np.full((60, 60, 1), 120, np.uint8)) == ["flat"]


def test_the_words_have_the_figure_and_the_limit() -> None:
    (warning,) = Quality.of(np.full((60, 30, 1), 120, np.uint8)).warnings()[:1]
    assert warning.words == "30×60 pixels; at least 48 on each side are needed"


@pytest.mark.parametrize("shape", [(1, 1, 1), (2, 2, 3), (1, 50, 1), (500, 1, 1)])
def test_the_smallest_photos_have_figures(shape) -> None:
    found = Quality.of(np.full(shape, 9, np.uint8))
    assert np.isfinite([found.sharpness, found.side_light, found.contrast]).all()


@pytest.mark.parametrize("photo", [np.zeros((0, 5, 1), np.uint8), np.zeros((5, 5, 2), np.uint8)])
def test_what_is_no_photo_is_refused(photo) -> None:
    with pytest.raises(DataError, match=r"photo: expected at least one pixel, of 1 or 3 channels"):
        Quality.of(photo)


def test_the_one_soft_photo_of_a_sharp_folder_is_an_outlier() -> None:
    qualities = [Quality.of(photo) for photo in PEOPLE.items]
    assert blurrier_than_the_rest(qualities) == []
    soft = replace(qualities[7], sharpness=min(q.sharpness for q in qualities) / 10)
    assert blurrier_than_the_rest([*qualities[:7], soft, *qualities[8:]]) == [7]


def test_a_folder_as_soft_as_one_photo_has_no_outlier() -> None:
    quality = Quality.of(PEOPLE.items[0])
    assert blurrier_than_the_rest([quality] * 50) == []


def test_few_photos_have_no_outlier() -> None:
    quality = Quality.of(PEOPLE.items[0])
    few = [quality] * (FEWEST_FOR_OUTLIERS - 2) + [replace(quality, sharpness=1e-6)]
    assert blurrier_than_the_rest(few) == []
    assert blurrier_than_the_rest([quality, *few]) == [FEWEST_FOR_OUTLIERS - 1]


@pytest.mark.real
@pytest.mark.skipif("LIKENESS_DATA" not in os.environ, reason="needs the AT&T faces")
def test_no_att_photo_is_warned_of_and_two_of_400_are_outliers(real_data) -> None:
    qualities = [Quality.of(photo) for photo in datasets.att(real_data).items]
    assert [quality.warnings() for quality in qualities] == [()] * 400
    assert len(blurrier_than_the_rest(qualities)) == 2
