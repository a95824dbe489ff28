"""Ink cut out and fitted in: where it was, how large and on what paper does not matter."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from likeness.images.preparation import Preparation
from likeness.tasks.signatures.ink_frames import ink_box


def page(size: tuple[int, int], box: tuple[int, int, int, int], *, paper: int, ink: int) -> Image:
    drawing = Image.new("L", size, paper)
    drawing.paste(ink, box)
    return drawing


@given(
    left=st.integers(0, 60),
    top=st.integers(0, 60),
    wide=st.integers(1, 60),
    high=st.integers(1, 60),
)
def test_nothing_is_squeezed(left: int, top: int, wide: int, high: int) -> None:
    drawing = page((130, 130), (left, top, left + wide, top + high), paper=255, ink=0)
    found = np.asarray(ink_box(drawing, rows=32, columns=48))
    down, across = (np.flatnonzero((found < 128).any(axis=axis)) for axis in (1, 0))
    scale = min(46 / wide, 30 / high)
    assert abs(len(across) - scale * wide) <= 1 and abs(len(down) - scale * high) <= 1
    assert abs(across[0] + across[-1] - 47) <= 1 and abs(down[0] + down[-1] - 31) <= 1


def test_the_paper_does_not_matter() -> None:
    box = (10, 20, 50, 30)
    white = ink_box(page((80, 60), box, paper=255, ink=0), rows=16, columns=32)
    grey = ink_box(page((80, 60), box, paper=180, ink=60), rows=16, columns=32)
    np.testing.assert_array_equal(white, grey)
    assert set(np.unique(grey)) == {0, 255}


def test_faint_stains_are_no_ink() -> None:
    drawing = page((80, 60), (30, 20, 50, 30), paper=255, ink=0)
    stained = drawing.copy()
    stained.paste(215, (0, 0, 5, 5))
    np.testing.assert_array_equal(
        ink_box(drawing, rows=16, columns=32), ink_box(stained, rows=16, columns=32)
    )


@pytest.mark.parametrize("paper", [0, 128, 255])
def test_empty_paper_stays_empty(paper: int) -> None:
    noisy = np.full((40, 40), paper, np.uint8)
    noisy[3, 4] = max(paper - 10, 0)
    found = ink_box(Image.fromarray(noisy), rows=16, columns=16)
    assert (np.asarray(found) == 255).all()


def test_colour_stays_colour() -> None:
    drawing = page((40, 40), (10, 10, 20, 30), paper=255, ink=0).convert("RGB")
    assert ink_box(drawing, rows=16, columns=16).mode == "RGB"


def test_a_preparation_of_that_frame() -> None:
    images = np.full((2, 90, 120, 1), 255, np.uint8)
    images[0, 10:20, 30:80] = 0
    images[1, 60:80, 5:105] = 0  # the same, twice as large and elsewhere
    prepared = Preparation(rows=16, columns=32, frame="ink_box")(images)
    assert prepared.shape == (2, 16, 32, 1)
    np.testing.assert_allclose(prepared[0], prepared[1], atol=1e-5)
    whole = Preparation(rows=16, columns=32)(images)
    assert not np.allclose(whole[0], whole[1])
