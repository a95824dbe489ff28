"""`Matcher`: what a tracker asks of whatever knows the target again."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from likeness.tasks.tracking.correlation import EnergyMaps
from likeness.tasks.tracking.crops import Pixels
from likeness.tasks.tracking.shapes import TrackingShapes

Template = NDArray[np.float32]
"""What is kept of a target: features ``(h, w, channels)``, or pixels."""


class Matcher(Protocol):
    """Lays a template on every place of search pictures; a network does it, or raw pixels."""

    @property
    def shapes(self) -> TrackingShapes:
        """The sizes of its pictures."""

    @property
    def threshold(self) -> float | None:
        """The target is there if energy ≤ threshold; None if none was chosen."""

    def template(self, picture: Pixels) -> Template:
        """Return what to keep of ``(template, template, 3)`` uint8 with the target."""

    def energies(self, template: Template, pictures: Pixels, *, focus: float) -> EnergyMaps:
        """Return ``(n, places, places)`` for ``(n, search, search, 3)`` uint8.

        Args:
            template: from `template`.
            pictures: to search.
            focus: how much more the middle of the template counts than its rim, 0…1.
        """

    def blended(self, old: Template, new: Template, *, rate: float) -> Template:
        """Return a template that is ``rate`` new and the rest old."""
