"""What a tracker's encoder is shown of a target, and how a tracker searches with it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

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
    def map_side(self) -> int:
        """Cells of the energy map, across and down: positions of the template."""
        return (self.search - self.template) // self.stride + 1

    def as_dict(self) -> dict[str, float]:
        """Return the settings by name."""
        return asdict(self)


def prepared(pictures: NDArray[np.uint8]) -> Prepared:
    """Return ``(n, rows, columns, 3)`` float32, −2…2, of as many pictures, uint8.

    Nothing is taken off or scaled picture by picture: template and search must stay comparable.
    """
    return (pictures.astype(np.float32) - 127.5) / 63.75


@dataclass(frozen=True, kw_only=True)
class TrackerSettings:
    """How a tracker searches. The defaults follow Bertinetto et al. 2016, section 3.4.

    Theirs counts all of the template alike; why ours counts its middle more is in
    docs/tracking.md.

    Args:
        scales: sizes tried in each frame, odd, 1…9.
        scale_step: from one size to the next, above 1, at most 1.5.
        scale_penalty: added to the energy of every size but the present one, 0…1.
        scale_damping: share of the way to the best size that the box goes in a frame, 0…1.
        window: share of a cosine window, which prefers positions near the last one, 0…1.
        focus: how much more the middle of the template counts than its rim: 0 (all alike) … 1.
        template_rate: share of the template that each frame replaces, 0…0.5; 0 keeps that of
            the first frame.
    """

    scales: int = 3
    scale_step: float = 1.0375
    scale_penalty: float = 0.005
    scale_damping: float = 0.59
    window: float = 0.176
    focus: float = 0.8
    template_rate: float = 0.0

    def __post_init__(self) -> None:
        check_in_range(self.scales, 1, 9, argument="scales", whole=True)
        if self.scales % 2 == 0:
            raise SettingError(f"scales: expected an odd number. Received: {self.scales}.")
        check_in_range(self.scale_step, 1.0001, 1.5, argument="scale_step")
        check_in_range(self.scale_penalty, 0.0, 1.0, argument="scale_penalty")
        check_in_range(self.scale_damping, 0.0, 1.0, argument="scale_damping")
        check_in_range(self.window, 0.0, 1.0, argument="window")
        check_in_range(self.focus, 0.0, 1.0, argument="focus")
        check_in_range(self.template_rate, 0.0, 0.5, argument="template_rate")

    def as_dict(self) -> dict[str, float]:
        """Return the settings by name."""
        return asdict(self)

    @classmethod
    def from_dict(cls, settings: Mapping[str, Any]) -> Self:
        """Return the settings of a mapping by name.

        Raises:
            SettingError: there is no setting of a name, or a value is out of its range.
        """
        unknown = sorted(set(settings) - {field.name for field in fields(cls)})
        if unknown:
            raise SettingError(
                f"tracker: there is no setting {', '.join(map(repr, unknown))}. Expected: "
                f"{', '.join(field.name for field in fields(cls))}."
            )
        return cls(**settings)
