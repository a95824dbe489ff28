"""`Box`: a rectangle in a frame, in pixels; and square crops of a frame around it.

Pillow and NumPy only. A crop beyond the frame is filled with the frame's mean colour, as Bertinetto
et al. 2016 (section 3.1) do.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from PIL import Image

from likeness.arrays import Photo, describe
from likeness.errors import DataError, SettingError


@dataclass(frozen=True)
class Box:
    """An upright rectangle; the frame's upper left corner is (0, 0), pixels are squares of 1.

    Args:
        x, y: of its upper left corner, finite; may lie outside the frame.
        width, height: finite and above 0.

    Raises:
        SettingError: a number is out of its range.
    """

    x: float
    y: float
    width: float
    height: float

    def __post_init__(self) -> None:
        if not all(math.isfinite(number) for number in self.as_tuple()):
            raise SettingError(f"box: expected four finite numbers. Received: {self.as_tuple()}.")
        if self.width <= 0 or self.height <= 0:
            raise SettingError(
                "box: expected a width and a height above 0. Received: "
                f"{self.width:g} and {self.height:g}."
            )

    @classmethod
    def around(cls, centre: tuple[float, float], width: float, height: float) -> Self:
        """Return the box of this size with its middle at ``centre`` (x, y)."""
        return cls(centre[0] - width / 2, centre[1] - height / 2, width, height)

    @classmethod
    def from_text(cls, text: str, *, argument: str = "box") -> Self:
        """Read «x,y,width,height».

        Raises:
            SettingError: the text is something else.

        >>> Box.from_text("160,83,56,65").centre
        (188.0, 115.5)
        """
        try:
            x, y, width, height = (float(number) for number in text.split(","))
        except ValueError as error:
            raise SettingError(
                f"{argument}: expected x,y,width,height in pixels, such as 160,83,56,65. "
                f"Received: {text!r}."
            ) from error
        try:
            return cls(x, y, width, height)
        except SettingError as error:
            raise SettingError(str(error).replace("box", argument, 1)) from error

    @property
    def centre(self) -> tuple[float, float]:
        """(x, y) of its middle."""
        return self.x + self.width / 2, self.y + self.height / 2

    def as_tuple(self) -> tuple[float, float, float, float]:
        """Return (x, y, width, height)."""
        return self.x, self.y, self.width, self.height

    def touches(self, columns: int, rows: int) -> bool:
        """Return whether any of it lies inside a frame of this size."""
        return (
            self.x < columns
            and self.y < rows
            and self.x + self.width > 0
            and self.y + self.height > 0
        )

    def side_with_context(self, context: float) -> float:
        """Return the side of the square that shows it and its surroundings.

        Bertinetto et al. 2016, section 3.4: ``s² = (w + 2p)(h + 2p)`` with
        ``p = context·(w + h)/2``; theirs is a context of 0.5.

        >>> Box(0, 0, 40, 40).side_with_context(0.5)
        80.0
        """
        margin = context * (self.width + self.height)
        return math.sqrt((self.width + margin) * (self.height + margin))


Pixels = Photo

_MOST_HALVINGS = 5


class Frame:
    """A frame of a film, from which crops are taken.

    Args:
        pixels: ``(rows, columns, 3)``, uint8.

    Raises:
        DataError: it has another shape or type.
    """

    def __init__(self, pixels: Pixels) -> None:
        self._levels = [Image.fromarray(_checked(pixels))]

    @property
    def size(self) -> tuple[int, int]:
        """(columns, rows)."""
        columns, rows = self._levels[0].size
        return columns, rows

    @cached_property
    def mean(self) -> tuple[int, int, int]:
        """The mean colour, which fills the outside of the frame."""
        small = np.asarray(self._levels[0].reduce(4 if min(self.size) > 32 else 1))
        red, green, blue = small.reshape(-1, 3).mean(axis=0).round().astype(int)
        return int(red), int(green), int(blue)

    def crop(
        self,
        centre: tuple[float, float],
        side: float,
        size: int,
        *,
        turn: float = 0.0,
        stretch: float = 1.0,
    ) -> Pixels:
        """Return the square piece around ``centre``, ``(size, size, 3)``, uint8.

        Args:
            centre: (x, y) in pixels of the frame.
            side: of the piece, in pixels of the frame.
            size: of the result, in pixels.
            turn: of the piece, in radians.
            stretch: ratio of width to height of the crop, at constant area.
        """
        level, halvings = self._level(side / size)
        step = side / size / 2**halvings
        across, down = step * math.sqrt(stretch), step / math.sqrt(stretch)
        cosine, sine = math.cos(turn), math.sin(turn)
        x, y = (coordinate / 2**halvings for coordinate in centre)
        # Output (u, v), counted from the middle, takes (x + …) of the frame; Pillow itself adds
        # the half pixel to u and v.
        half = size / 2
        xx, xy = cosine * across, -sine * down
        yx, yy = sine * across, cosine * down
        matrix = (xx, xy, x - half * (xx + xy), yx, yy, y - half * (yx + yy))
        piece = level.transform(
            (size, size),
            Image.Transform.AFFINE,
            matrix,
            Image.Resampling.BILINEAR,
            fillcolor=self.mean,
        )
        return np.asarray(piece)

    def _level(self, step: float) -> tuple[Any, int]:
        """Return the frame halved repeatedly, until a pixel of the crop covers one or two of its
        pixels.
        """
        halvings = min(max(0, math.floor(math.log2(max(step, 1e-6)))), _MOST_HALVINGS)
        while len(self._levels) <= halvings and min(self._levels[-1].size) > 1:
            self._levels.append(self._levels[-1].reduce(2))
        halvings = min(halvings, len(self._levels) - 1)
        return self._levels[halvings], halvings


def _checked(pixels: Any) -> Pixels:
    """Return ``pixels`` if it is a colour picture."""
    is_array = isinstance(pixels, np.ndarray) and pixels.dtype == np.uint8
    if not is_array or pixels.ndim != 3 or pixels.shape[2] != 3 or 0 in pixels.shape:
        raise DataError(
            "frame: expected uint8 of shape (rows, columns, 3), a colour picture. "
            f"Received: {describe(pixels)}."
        )
    return np.ascontiguousarray(pixels)


def pasting_matrix(
    size: int, centre: tuple[float, float], side: float, *, turn: float
) -> tuple[float, ...]:
    """Return Pillow's matrix for pasting a square picture on another one.

    Args:
        size: of the square picture, in its pixels.
        centre: (x, y) of where its middle goes, in pixels of the other one.
        side: of the square there.
        turn: of the square, in radians.
    """
    step, half = size / side, size / 2
    cosine, sine = math.cos(turn) * step, math.sin(turn) * step
    x, y = centre
    return (
        cosine,
        -sine,
        half - cosine * x + sine * y,
        sine,
        cosine,
        half - sine * x - cosine * y,
    )
