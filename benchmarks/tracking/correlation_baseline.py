"""Normalised cross-correlation of pixels: the baseline without learning.

``cv2.matchTemplate`` with ``TM_CCOEFF_NORMED`` and the first frame's box as the template. Three
forms, of which the best on a sequence is the one to beat:

- *grey* and *colour* search as our tracker does: the same area around the last place, the same
  three sizes with the same step and damping, the same cosine window;
- *whole frame* looks everywhere for the grey template, at one size.
"""

from typing import Any

import cv2
import numpy as np

from likeness.tasks.tracking.boxes import Box, Frame
from likeness.tasks.tracking.model import TrackerSettings

SIDE = 48
"""The template is brought to about so many pixels across; larger ones gained nothing in speed."""


class PixelTracker:
    """Follows a target by the normalised cross-correlation of its pixels.

    Args:
        first_frame: ``(rows, columns, 3)``, uint8.
        box: of the target in it.
        colour: whether the three colours are compared, or the grey.
        reach: side of the area that is searched, in sides of the target with its surroundings.
        settings: sizes, window and damping.
    """

    def __init__(
        self,
        first_frame: Any,
        box: Box,
        *,
        colour: bool,
        reach: float = 159 / 63,
        settings: TrackerSettings | None = None,
    ) -> None:
        self._colour = colour
        self._reach = reach
        self._settings = settings or TrackerSettings()
        self._first = self._box = box
        columns = round(SIDE * np.sqrt(box.width / box.height))
        rows = round(SIDE * np.sqrt(box.height / box.width))
        self._step = box.width / columns
        size = round(SIDE * self._reach * 2)
        picture = self._pixels(Frame(first_frame), box, scale=1.0, size=size)
        top, left = (size - rows) // 2, (size - columns) // 2
        self._template = picture[top : top + rows, left : left + columns]

    def step(self, frame: Any) -> Box:
        """Return the position of the target in the next frame."""
        settings, box = self._settings, self._box
        middle = settings.scales // 2
        scales = settings.scale_step ** np.arange(-middle, middle + 1.0)
        size = round(self._first.side_with_context(0.5) * self._reach / self._step)
        pictures = Frame(frame)
        maps = [
            cv2.matchTemplate(
                self._pixels(pictures, box, scale=scale, size=size),
                self._template,
                cv2.TM_CCOEFF_NORMED,
            )
            for scale in scales
        ]
        highest = np.array([found.max() for found in maps])
        best = int(np.argmax(highest - settings.scale_penalty * (scales != 1)))
        scale, found = float(scales[best]), maps[best]
        share = (found - found.min()) / max(float(found.max() - found.min()), 1e-12)
        window = np.outer(np.hanning(len(found) + 2)[1:-1], np.hanning(found.shape[1] + 2)[1:-1])
        wanted = (1 - settings.window) * share + settings.window * window
        row, column = np.unravel_index(int(np.argmax(wanted)), found.shape)
        step = self._step * box.width / self._first.width * scale
        x = box.centre[0] + (column - (found.shape[1] - 1) / 2) * step
        y = box.centre[1] + (row - (found.shape[0] - 1) / 2) * step
        grown = 1 + settings.scale_damping * (scale - 1)
        width = float(np.clip(box.width * grown, self._first.width / 5, self._first.width * 5))
        columns, rows = pictures.size
        centre = (min(max(x, 0), columns), min(max(y, 0), rows))
        height = width * self._first.height / self._first.width
        self._box = Box.around(centre, width, height)
        return self._box

    def _pixels(self, frame: Frame, box: Box, *, scale: float, size: int) -> Any:
        step = self._step * box.width / self._first.width * scale
        pixels = frame.crop(box.centre, step * size, size)
        return pixels if self._colour else cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)


class WholeFrameTracker:
    """Looks for the first frame's grey template in the whole frame, at one size."""

    def __init__(self, first_frame: Any, box: Box) -> None:
        self._size = (box.width, box.height)
        left, top = max(0, round(box.x)), max(0, round(box.y))
        grey = cv2.cvtColor(first_frame, cv2.COLOR_RGB2GRAY)
        self._template = grey[top : round(box.y + box.height), left : round(box.x + box.width)]

    def step(self, frame: Any) -> Box:
        """Return where the template fits best."""
        grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
        found = cv2.matchTemplate(grey, self._template, cv2.TM_CCOEFF_NORMED)
        row, column = np.unravel_index(int(np.argmax(found)), found.shape)
        return Box(float(column), float(row), *self._size)
