"""Bring writing to what an encoder reads: cut to its ink, or cut into its characters.

How wide the writing is for its height, and how thick its strokes are for their length, is kept by
`ink_box`: that is the hand.

How far apart a hand sets its characters, and how large, changes from page to page and from pen to
pen; the shape of a character much less. So `ink_parts` brings each to the middle and to one size,
by the moments of its ink as in R. G. Casey, «Moment Normalization of Handprinted Characters», IBM
Journal of Research and Development 14, 1970: a few long strokes move the ink's mean and deviation
less than its outermost points. How many characters there are is not known here. The writing is
therefore cut in every number of parts that is asked for, each a *reading* of it, and an encoder can
learn which reading makes sense (`likeness.encoders.cells`).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from likeness.images.preparation import PhotoFrame

EDGE = 32
"""The free edge around the ink is the shorter side over this, and a pixel at least."""

INK = 0.5
"""What is at least so far from the paper towards the darkest pixel is ink."""

LEAST = 16
"""Grey levels between paper and ink under which there is no ink, only noise."""


def ink_box(drawing: Image.Image, *, rows: int, columns: int) -> Image.Image:
    """Return the ink, as large as fits, in the middle of paper of this size.

    The paper is the median grey and becomes white, the darkest pixel becomes black. Without any
    ink the whole of it is paper.

    Args:
        drawing: dark ink on light paper, of mode L or RGB.
        rows, columns: the new size.

    >>> page = Image.new("L", (40, 40), 200)
    >>> page.paste(20, (10, 30, 20, 32))
    >>> np.asarray(ink_box(page, rows=8, columns=12))[3].tolist()
    [255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255]
    """
    grey = _paper_to_ink(np.asarray(drawing.convert("L"), dtype=np.float64))
    page = Image.new("L", (columns, rows), 255)
    down, across = (np.flatnonzero((grey <= 1 - INK).any(axis=axis)) for axis in (1, 0))
    if len(down):
        box = (int(across[0]), int(down[0]), int(across[-1]) + 1, int(down[-1]) + 1)
        edge = max(1, min(rows, columns) // EDGE)
        ink = Image.fromarray((255 * grey).round().astype(np.uint8)).crop(box)
        scale = min((columns - 2 * edge) / ink.width, (rows - 2 * edge) / ink.height)
        size = [max(1, round(scale * side)) for side in ink.size]
        ink = ink.resize((size[0], size[1]), Image.Resampling.BILINEAR)
        page.paste(ink, ((columns - size[0]) // 2, (rows - size[1]) // 2))
    return page.convert(drawing.mode)


def _paper_to_ink(grey: np.ndarray) -> np.ndarray:
    """Return ``(rows, columns)``: 1 for paper and lighter, 0 for the darkest ink."""
    paper, darkest = float(np.median(grey)), float(grey.min())
    if paper - darkest < LEAST:
        return np.ones_like(grey)
    return np.minimum((grey - darkest) / (paper - darkest), 1.0)


INK_BOX = PhotoFrame(ink_box, words="cut to its ink")


PARTS = (2, 3)
"""Into how many parts writing is cut, one reading each."""

REACH = 2.1
"""Number of standard deviations of the ink shown to either side of the mean of a part."""

FLATTEST = 0.15
"""Lower limit of the smaller deviation of a part, as a fraction of the larger one: a dash stays a
dash."""

_COLUMNS = 224  # in which cuts are looked for
_SMOOTH = 0.01  # of the width: standard deviation by which the ink's profile is smoothed
_ALIKE = 3.0  # what parts of unlike width cost, against ink at the cuts


def ink_parts(
    drawing: Image.Image, *, rows: int, columns: int, parts: Sequence[int] = PARTS
) -> NDArray[np.uint8]:
    """Return the readings of a piece of writing, one in each channel.

    A reading of n parts is a row of n fields of equal width, a part of the ink in each: its mean
    is in the middle, and its standard deviations, across and down, are equal in all fields. The
    paper is the median grey and becomes white, the darkest pixel becomes black. Without any ink
    the whole of it is paper.

    Args:
        drawing: dark ink on light paper, of mode L or RGB, one line of writing across.
        rows, columns: the new size.
        parts: the number of parts in each reading.

    Returns:
        ``(rows, columns, len(parts))``, 0…255.

    >>> page = Image.new("L", (60, 20), 200)
    >>> page.paste(20, (4, 8, 8, 12))
    >>> page.paste(20, (40, 2, 50, 12))
    >>> apart = ink_parts(page, rows=8, columns=16, parts=(2,))
    >>> (apart[4, :, 0] < 128).astype(int).tolist()
    [0, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1, 0]
    """
    ink = 1.0 - _paper_to_ink(np.asarray(drawing.convert("L"), dtype=np.float64))
    down, across = (np.flatnonzero((ink >= INK).any(axis=axis)) for axis in (1, 0))
    if not len(down):
        return np.full((rows, columns, len(parts)), 255, np.uint8)
    ink = ink[down[0] : down[-1] + 1, across[0] : across[-1] + 1]
    read = [_reading(ink, count, rows=rows, columns=columns) for count in parts]
    return np.stack([np.asarray(reading) for reading in read], axis=-1)


def _reading(ink: NDArray[np.float64], count: int, *, rows: int, columns: int) -> Image.Image:
    """Return the ink cut into ``count`` parts, each in a field of its own."""
    page = Image.new("L", (columns, rows), 255)
    cuts = [0, *cuts_between(ink.sum(axis=0), count), ink.shape[1]]
    fields = np.linspace(0, columns, count + 1).round().astype(int)
    for left, right, start, end in zip(cuts[:-1], cuts[1:], fields[:-1], fields[1:], strict=True):
        part = _centred(ink[:, left:right], rows=rows, columns=int(end - start))
        if part is not None:
            page.paste(part, (int(start), 0))
    return page


def _centred(part: NDArray[np.float64], *, rows: int, columns: int) -> Image.Image | None:
    """Return a part by its moments; None if there is no ink in it."""
    inked = np.nonzero(part >= INK)
    if not len(inked[0]):
        return None
    (y, x), deviations = (axis.mean() for axis in inked), np.array([a.std() for a in inked])
    # A deviation of 0 is a dot or a straight line; pixels have a size.
    high, wide = REACH * np.maximum(deviations, max(FLATTEST * deviations.max(), 0.5))
    box = (x + 0.5 - wide, y + 0.5 - high, x + 0.5 + wide, y + 0.5 + high)
    free = int(np.ceil(max(0, -box[0], -box[1], box[2] - part.shape[1], box[3] - part.shape[0])))
    padded = np.pad((255 * (1 - part)).round().astype(np.uint8), free, constant_values=255)
    return Image.fromarray(padded).resize(
        (columns, rows),
        Image.Resampling.BILINEAR,
        box=(box[0] + free, box[1] + free, box[2] + free, box[3] + free),
    )


def cuts_between(profile: NDArray[np.float64], count: int) -> list[int]:
    """Return the ``count − 1`` columns before which to cut, from left to right.

    The best cuts of all: little ink where they go, and parts of one width. Both are weighed
    against each other by dynamic programming over columns.

    Args:
        profile: ``(columns,)``, the ink in each column, not 0 everywhere.
        count: of parts, at least 1.

    >>> cuts_between(np.array([3.0, 2, 0, 0, 0, 1, 4, 4]), 2)
    [4]
    """
    columns = np.linspace(0, len(profile), min(len(profile), _COLUMNS) + 1)
    here = _smoothed(np.interp(columns, np.arange(len(profile)) + 0.5, profile))
    here /= max(here.mean(), 1e-9)
    at = np.arange(len(columns)) / (len(columns) - 1)
    # [start, end]: what a part from one column to a later one costs.
    widths = count * (at[None, :] - at[:, None])
    part = np.where(widths > 0, _ALIKE * (widths - 1) ** 2, np.inf)
    best, back = part[0], []
    for _ in range(count - 1):
        through = (best + here)[:, None] + part
        back.append(through.argmin(axis=0))
        best = through.min(axis=0)
    end, cuts = len(columns) - 1, []
    for came in reversed(back):
        end = int(came[end])
        cuts.append(round(float(columns[end])))
    return cuts[::-1]


def _smoothed(profile: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a profile smoothed by a Gaussian, the ends continued."""
    width = max(1.0, _SMOOTH * len(profile))
    reach = int(3 * width)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / width) ** 2)
    return np.convolve(np.pad(profile, reach, mode="edge"), weights / weights.sum(), mode="valid")


INK_PARTS = PhotoFrame(
    ink_parts, readings=len(PARTS), channels=(1,), words="cut into its characters"
)
