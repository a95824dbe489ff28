"""Bring a drawing to the middle and to one size, by where its ink is.

Where on the paper somebody draws, and how large, says little about what is drawn.
"""

import numpy as np
from PIL import Image

from likeness.images.preparation import PhotoFrame

REACH = 2.2
"""Half the side of the frame, in root mean square distances of the ink from its middle."""

SMALLEST, LARGEST = 0.19, 0.86
"""Bounds of half the side, of the longer side of the paper: a dot is not blown up to a page."""

PAPER = 255


def ink_frame(drawing: Image.Image, *, rows: int, columns: int) -> Image.Image:
    """Return the square around the ink, resized; what lies outside the paper is paper.

    A pixel's ink is how much darker than the lightest pixel it is. The square is centred on
    the mean of the ink and `REACH` times its spread to each side. Without any ink the whole
    paper is taken.

    Args:
        drawing: dark ink on light paper, of mode L or RGB.
        rows, columns: the new size.

    >>> dot = Image.new("L", (20, 20), 255)
    >>> dot.putpixel((4, 15), 0)
    >>> found = np.asarray(ink_frame(dot, rows=9, columns=9))
    >>> np.argwhere(found == found.min()).tolist()
    [[4, 4]]
    """
    middle, reach = _middle_and_reach(drawing)
    longer = max(drawing.size)
    half = float(np.clip(reach, SMALLEST * longer, LARGEST * longer))
    margin = int(np.ceil(2 * LARGEST * longer))
    paper = Image.new(
        drawing.mode,
        (drawing.width + 2 * margin, drawing.height + 2 * margin),
        PAPER if drawing.mode == "L" else (PAPER,) * 3,
    )
    paper.paste(drawing, (margin, margin))
    x, y = middle[0] + margin, middle[1] + margin
    return paper.resize(
        (columns, rows), Image.Resampling.BILINEAR, box=(x - half, y - half, x + half, y + half)
    )


def _middle_and_reach(drawing: Image.Image) -> tuple[tuple[float, float], float]:
    """Return (x, y) of the middle of the ink, and half the side of its frame."""
    grey = np.asarray(drawing.convert("L"), dtype=np.float64)
    ink = grey.max() - grey
    total = ink.sum()
    if total == 0:
        return (drawing.width / 2, drawing.height / 2), max(drawing.size) / 2
    # A pixel's place is its middle.
    down, across = np.indices(grey.shape) + 0.5
    x, y = float((ink * across).sum() / total), float((ink * down).sum() / total)
    spread = np.sqrt((ink * ((across - x) ** 2 + (down - y) ** 2)).sum() / total)
    return (x, y), REACH * float(spread)


FRAME = PhotoFrame(ink_frame, words="framed by its ink")
