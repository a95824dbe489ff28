"""Writing cut into characters: where, and what no longer matters once each is centred."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from likeness.errors import SettingError
from likeness.images.preparation import Preparation
from likeness.tasks.signatures.ink_frames import PARTS, cuts_between, ink_parts


def written(*characters: tuple[int, int, int], gap: int = 20, paper: int = 255, ink: int = 0):
    """Crosses of strokes beside each other: (width, height, height above the line)."""
    page = Image.new("L", (sum(wide + gap for wide, _, _ in characters) + gap, 160), paper)
    left = gap
    for wide, high, above in characters:
        bottom = 130 - above
        page.paste(ink, (left, bottom - high // 2 - 2, left + wide, bottom - high // 2 + 2))
        page.paste(ink, (left + wide // 3 - 2, bottom - high, left + wide // 3 + 2, bottom))
        left += wide + gap
    return page


def read(page: Image.Image, *, parts: tuple[int, ...] = (3,), rows: int = 32, columns: int = 96):
    return ink_parts(page, rows=rows, columns=columns, parts=parts).astype(float)


@settings(max_examples=25, deadline=None)
@given(
    gap=st.integers(14, 60),
    sizes=st.lists(st.tuples(st.integers(40, 60), st.integers(40, 90)), min_size=3, max_size=3),
    above=st.integers(0, 20),
)
def test_how_large_and_how_far_apart_characters_are_does_not_matter(
    gap: int, sizes: list[tuple[int, int]], above: int
) -> None:
    found = read(written(*((wide, high, above) for wide, high in sizes), gap=gap))
    even = read(written(*[(48, 60, 0)] * 3, gap=24))
    # Strokes keep their own width, so edges may differ; the crosses stand in the same places.
    assert np.abs(found - even).mean() < 30
    dark = found[..., 0] < 128
    for field in np.split(dark, 3, axis=1):
        y, x = np.nonzero(field)
        assert abs(y.mean() - 15.5) < 2.5 and abs(x.mean() - 15.5) < 2.5


def test_the_paper_and_the_grey_of_the_ink_do_not_matter() -> None:
    white = read(written((40, 60, 0), (50, 50, 10)), parts=(2,))
    grey = read(written((40, 60, 0), (50, 50, 10), paper=190, ink=70), parts=(2,))
    np.testing.assert_array_equal(white, grey)


def test_a_reading_for_each_number_of_parts() -> None:
    page = written((40, 60, 0), (50, 50, 10), (30, 40, 0))
    every = read(page, parts=(1, 2, 3))
    assert every.shape == (32, 96, 3)
    for place, count in enumerate((1, 2, 3)):
        np.testing.assert_array_equal(every[..., place], read(page, parts=(count,))[..., 0])


def test_a_dash_stays_a_dash_and_a_dot_a_dot() -> None:
    page = Image.new("L", (200, 100), 255)
    page.paste(0, (20, 48, 80, 51))  # a dash
    page.paste(0, (150, 49, 152, 51))  # a dot
    dash, dot = np.split(read(page, parts=(2,))[..., 0] < 128, 2, axis=1)
    assert dash[:8].sum() == dash[-8:].sum() == 0 and dash[15:17].all(axis=0).sum() > 30
    assert dot.any()


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_without_ink_all_is_paper(grey: int) -> None:
    assert (read(Image.new("L", (50, 20), grey)) == 255).all()


@pytest.mark.parametrize("size", [(1, 40), (40, 1), (2, 2), (3000, 30)])
def test_any_size_of_page_is_read(size: tuple[int, int]) -> None:
    page = Image.new("L", size, 255)
    page.putpixel((0, 0), 0)
    assert read(page, parts=PARTS).shape == (32, 96, len(PARTS))


def cost(profile: NDArray[np.float64], cuts: tuple[int, ...]) -> float:
    """What `cuts_between` weighs, column by column: 3 per squared unlikeness of a width."""
    edges = (0, *cuts, len(profile))
    count = len(edges) - 1
    widths = [(count * (b - a) / len(profile) - 1) ** 2 for a, b in itertools.pairwise(edges)]
    return 3.0 * sum(widths) + sum(_at(profile, cut) for cut in cuts)


def _at(profile: NDArray[np.float64], cut: int) -> float:
    """The ink at a cut, smoothed by a Gaussian of one column, of the mean ink."""
    reach = range(-3, 4)
    weights = [np.exp(-0.5 * step**2) for step in reach]
    places = np.arange(len(profile) + 1)
    here = np.interp(places, np.arange(len(profile)) + 0.5, profile)
    smooth = [
        sum(
            w * here[min(max(p + s, 0), len(here) - 1)] for w, s in zip(weights, reach, strict=True)
        )
        / sum(weights)
        for p in places
    ]
    return float(smooth[cut] / np.mean(smooth))


@settings(max_examples=30, deadline=None)
@given(
    profile=st.lists(st.integers(0, 9), min_size=6, max_size=24).filter(any),
    count=st.integers(1, 4),
)
def test_no_other_cuts_are_cheaper(profile: list[int], count: int) -> None:
    ink = np.array(profile, float)
    found = cuts_between(ink, count)
    assert len(found) == count - 1 and sorted(found) == found
    cheapest = min(
        cost(ink, cuts) for cuts in itertools.combinations(range(1, len(ink)), count - 1)
    )
    assert cost(ink, tuple(found)) == pytest.approx(cheapest, rel=1e-9)


def test_as_the_frame_of_a_preparation() -> None:
    preparation = Preparation(rows=32, columns=96, frame="ink_parts")
    assert preparation.shape == (32, 96, len(PARTS))
    photos = np.asarray(written((40, 60, 0), (50, 50, 0)))[None, ..., None]
    found = preparation(photos)
    assert found.shape == (1, *preparation.shape) and found.dtype == np.float32
    assert found.mean() == pytest.approx(0, abs=1e-5) and found.std() == pytest.approx(1, abs=1e-5)
    colour = preparation(np.repeat(photos, 3, axis=-1))
    np.testing.assert_array_equal(found, colour)
    assert Preparation(**preparation.as_data()) == preparation


def test_writing_is_read_in_grey() -> None:
    with pytest.raises(SettingError, match=r"^channels: expected 1 \(grey\) with .* Received: 3"):
        Preparation(frame="ink_parts", channels=3)
