"""Cut a drawing or a signature to its ink, and fit it in without squeezing it.

How wide the writing is for its height, and how thick its strokes are for their length, is kept:
that is the hand.
"""

import numpy as np
from PIL import Image

from likeness.images.preparation import Frame

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
    light = paper_to_ink(np.asarray(drawing.convert("L"), dtype=np.float64))
    page = Image.new("L", (columns, rows), 255)
    down, across = (np.flatnonzero((light <= 1 - INK).any(axis=axis)) for axis in (1, 0))
    if len(down):
        box = (int(across[0]), int(down[0]), int(across[-1]) + 1, int(down[-1]) + 1)
        edge = max(1, min(rows, columns) // EDGE)
        ink = Image.fromarray((255 * light).round().astype(np.uint8)).crop(box)
        scale = min((columns - 2 * edge) / ink.width, (rows - 2 * edge) / ink.height)
        size = [max(1, round(scale * side)) for side in ink.size]
        ink = ink.resize((size[0], size[1]), Image.Resampling.BILINEAR)
        page.paste(ink, ((columns - size[0]) // 2, (rows - size[1]) // 2))
    return page.convert(drawing.mode)


def paper_to_ink(grey: np.ndarray) -> np.ndarray:
    """Return ``(rows, columns)``: 1 for paper and lighter, 0 for the darkest ink."""
    paper, darkest = float(np.median(grey)), float(grey.min())
    if paper - darkest < LEAST:
        return np.ones_like(grey)
    return np.minimum((grey - darkest) / (paper - darkest), 1.0)


FRAME = Frame(ink_box)
