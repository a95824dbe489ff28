"""`TrackerSettings`: how a tracker searches, whatever finds the target."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from likeness.arrays import check_in_range
from likeness.errors import SettingError


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
        window: share of a cosine window, which prefers places near the last one, 0…1.
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

    def as_dict(self) -> dict[str, Any]:
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
