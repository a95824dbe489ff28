"""The sizes that a tracker's encoder works with: pictures, stride, and what they show."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from likeness.arrays import Prepared, check_in_range
from likeness.errors import SettingError


@dataclass(frozen=True, kw_only=True)
class TrackingShapes:
    """What an encoder is shown of a target.

    Args:
        template: side of the picture of the target and its surroundings, 16…512 pixels.
        search: side of the picture that it is looked for in, at the same scale, up to 1024.
        stride: pixels from one cell of the encoder's map to the next, 1…32.
        context: how much of the surroundings the template shows, 0…2, in mean half sides of the
            box; 0.5 is that of Bertinetto et al. 2016.
    """

    template: int = 63
    search: int = 159
    stride: int = 4
    context: float = 0.5

    def __post_init__(self) -> None:
        check_in_range(self.template, 16, 512, argument="template", whole=True)
        check_in_range(self.search, self.template, 1024, argument="search", whole=True)
        check_in_range(self.stride, 1, 32, argument="stride", whole=True)
        check_in_range(self.context, 0.0, 2.0, argument="context")
        if (self.search - self.template) % (2 * self.stride):
            raise SettingError(
                "search: expected so many pixels that the map has a middle cell: the template's "
                f"and a multiple of {2 * self.stride}. Received: {self.search} for a template of "
                f"{self.template}."
            )

    @property
    def places(self) -> int:
        """Places of the template in the search picture, across and down."""
        return (self.search - self.template) // self.stride + 1

    def as_dict(self) -> dict[str, Any]:
        """Return the settings by name."""
        return asdict(self)


def prepared(pictures: NDArray[np.uint8]) -> Prepared:
    """Return ``(n, rows, columns, 3)`` float32, −2…2, of as many pictures, uint8.

    Nothing is taken off or scaled picture by picture: template and search must stay comparable.
    """
    return (pictures.astype(np.float32) - 127.5) / 63.75
