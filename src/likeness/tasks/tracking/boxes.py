"""`Box`: where something is in a frame, in pixels, axis-aligned."""

import math
from dataclasses import dataclass
from typing import Self

from likeness.errors import SettingError


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


def read_box(text: str, *, argument: str = "box") -> Box:
    """Read «x,y,width,height».

    Raises:
        SettingError: the text is something else.

    >>> read_box("160,83,56,65").centre
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
        return Box(x, y, width, height)
    except SettingError as error:
        raise SettingError(str(error).replace("box", argument, 1)) from error
