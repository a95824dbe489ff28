"""`TrackingRecipe`: every choice of a tracker's training, saved with the model."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from likeness.arrays import check_in_range
from likeness.errors import SettingError

_RANGES: dict[str, tuple[float, float]] = {
    "width": (1, 256),
    "channels": (2, 1024),
    "search": (71, 255),
    "steps": (1, 1_000_000),
    "pairs": (2, 256),
    "learning_rate": (1e-8, 1),
    "weight_decay": (0, 1),
    "film": (0, 1),
    "anywhere": (0, 1),
    "pasted": (0, 1),
    "things": (0, 1),
    "gap": (1, 100_000),
    "light": (0, 2),
    "blur": (0, 1),
    "held_out": (0, 0.5),
    "seed": (0, 2**31 - 1),
}


@dataclass(frozen=True, kw_only=True)
class TrackingRecipe:
    """Every choice of a tracker's training.

    Args:
        width: channels of the encoder's first convolution.
        channels: in each cell of its map.
        search: side of the search pictures learned from, pixels; 63 and a multiple of 8.
        steps: batches learned from.
        pairs: in a batch; each template meets every search picture.
        learning_rate: the highest; warmed up to, then lowered along a half cosine.
        weight_decay: of AdamW.
        film, anywhere, pasted, things: shares of the kinds of pairs
            (`likeness.tasks.tracking.pairs.KINDS`); the last needs an image set.
        gap: most frames between the two of a pair from a film.
        light: strength of changes of light.
        blur: share of smeared search pictures.
        held_out: share of each sequence, its beginning, that is not learned from: the settings
            of the tracker and the threshold are chosen there.
        seed: of everything random.

    Raises:
        SettingError: a value is out of its range.
    """

    width: int = 16
    channels: int = 32
    search: int = 127
    steps: int = 700
    pairs: int = 12
    learning_rate: float = 3e-3
    weight_decay: float = 1e-4
    film: float = 0.4
    anywhere: float = 0.15
    pasted: float = 0.25
    things: float = 0.2
    gap: int = 60
    light: float = 1.0
    blur: float = 0.25
    held_out: float = 0.25
    seed: int = 0

    def __post_init__(self) -> None:
        for field in fields(self):
            value, (low, high) = getattr(self, field.name), _RANGES[field.name]
            whole = isinstance(field.default, int)
            check_in_range(value, low, high, argument=field.name, whole=whole)
            # Plain numbers, so that a recipe always goes into JSON.
            object.__setattr__(self, field.name, int(value) if whole else float(value))
        if (self.search - 63) % 8:
            raise SettingError(
                f"search: expected 63 and a multiple of 8, such as 127. Received: {self.search}."
            )

    def as_dict(self) -> dict[str, Any]:
        """Return every setting by name; JSON values only."""
        return asdict(self)

    @classmethod
    def from_dict(cls, settings: Mapping[str, Any]) -> Self:
        """Make a recipe from `as_dict`, or from some of its settings.

        Raises:
            SettingError: there is no setting of a name given, or a value does not fit.
        """
        unknown = sorted(set(settings) - {field.name for field in fields(cls)})
        if unknown:
            raise SettingError(
                f"recipe: there is no setting {', '.join(map(repr, unknown))}. "
                f"The settings are {', '.join(sorted(field.name for field in fields(cls)))}."
            )
        return cls(**settings)
