"""Soft shapes on a small grey picture.

A shape is a distance: below zero inside, above zero outside, in the units of the coordinates.
Distances combine by minimum (or) and maximum (and), and are painted with an edge as soft as
one pixel, so that no larger drawing has to be made and shrunk.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.floating[Any]]
"""``(rows, columns)``, float32: a coordinate, a distance or a grey for every pixel."""


def ellipse(u: Field, v: Field, middle: tuple[float, float], radii: tuple[float, float]) -> Field:
    """Distance from an ellipse, right near its edge and on its shorter axis."""
    x, y = (u - middle[0]) / radii[0], (v - middle[1]) / radii[1]
    radius: Field = np.sqrt(x * x + y * y)
    return (radius - 1) * min(radii)


def rounded(
    u: Field, v: Field, middle: tuple[float, float], radii: tuple[float, float], power: float
) -> Field:
    """Distance from a superellipse: power 2 is an ellipse, larger nears a rectangle."""
    x, y = np.abs(u - middle[0]) / radii[0], np.abs(v - middle[1]) / radii[1]
    radius: Field = (x**power + y**power) ** (1 / power)
    return (radius - 1) * min(radii)


def stroke(u: Field, v: Field, *, half: float, bend: float, slant: float, thick: float) -> Field:
    """Distance from the curve ``v = bend·u² + slant·u`` for |u| < half, thinning to its ends."""
    along = np.clip(u / half, -1.2, 1.2)
    line = bend * u * u + slant * u
    distance: Field = np.abs(v - line) - thick * (1.15 - along * along)
    return np.maximum(distance, np.abs(u) - half)


class Canvas:
    """A grey picture that shapes are painted on, one over the other.

    Args:
        grey: the picture to begin with, 0…1.
        edge: how wide a soft edge is, in the units of the distances: about one pixel.
    """

    def __init__(self, grey: Field, *, edge: float) -> None:
        self.grey = grey
        self._edge = edge

    def paint(
        self, distance: Field, grey: float | Field, *, opacity: float = 1.0, soft: float = 0.0
    ) -> None:
        """Paint a shape; ``soft`` widens its edge, for shadows."""
        share = np.clip(0.5 - distance / (self._edge + soft), 0, 1)
        self.grey += opacity * share * (grey - self.grey)

    def shade(self, distance: Field, factor: float, *, soft: float) -> None:
        """Darken (factor < 1) or brighten what is under a soft shape."""
        share = np.clip(0.5 - distance / (self._edge + soft), 0, 1)
        self.grey *= 1 + (factor - 1) * share
