"""Frames for handwriting: crop to the ink, or segmentation into characters.

`ink_box` keeps the aspect ratio and the relative thickness of strokes, which characterise the
writer.

Spacing and size of characters vary with page and pen; the shape of a character much less. So
`ink_parts` centres and scales each character by the moments of its ink, as in R. G. Casey, «Moment
Normalization of Handprinted Characters», IBM Journal of Research and Development 14, 1970: mean and
deviation of the ink are more robust to long strokes than its bounding box. The number of characters
is unknown, so the writing is segmented into each of several numbers of parts, each a *reading* of
it, and an encoder can learn the right reading (`likeness.encoders.cells`).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from likeness.images.preparation import PhotoFrame

EDGE = 32
"""The margin around the ink is the shorter side divided by this, at least one pixel."""

INK = 0.5
"""Least relative darkness of ink, between the paper and the darkest pixel."""

LEAST = 16
"""Least contrast of ink, in grey levels; below it there is only noise."""


def ink_box(drawing: Image.Image, *, rows: int, columns: int) -> Image.Image:
    """Return the ink, centred and scaled to fit a page of this size.

    The paper is the median grey and becomes white, the darkest pixel becomes black. Without ink the
    page is blank.

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
"""Numbers of parts, one reading each."""

REACH = 2.1
"""Number of standard deviations of the ink shown to either side of the mean of a part."""

FLATTEST = 0.15
"""Lower limit of the smaller deviation of a part, as a fraction of the larger one: a dash stays a
dash."""

_COLUMNS = 224  # in which cuts are searched
_SMOOTH = 0.01  # of the width: standard deviation of the smoothing of the ink's profile
_ALIKE = 3.0  # weight of unequal widths, relative to ink at the cuts


def ink_parts(
    drawing: Image.Image, *, rows: int, columns: int, parts: Sequence[int] = PARTS
) -> NDArray[np.uint8]:
    """Return the readings of a line of writing, one in each channel.

    A reading of n parts is a row of n fields of equal width, each with a part of the ink: centred,
    with equal standard deviations, across and down, in all fields. The paper is the median grey and
    becomes white, the darkest pixel becomes black. Without ink the page is blank.

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
    """Return a part normalised by its moments; None if there is no ink in it."""
    inked = np.nonzero(part >= INK)
    if not len(inked[0]):
        return None
    (y, x), deviations = (axis.mean() for axis in inked), np.array([a.std() for a in inked])
    # A deviation of 0 is a dot or a straight line; use the pixel size.
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
    """Return the ``count − 1`` columns before which to cut, in ascending order.

    Optimal cuts by dynamic programming over columns: little ink at the cuts, and parts of equal
    width.

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
    # [start, end]: cost of a part from one column to a later one.
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
