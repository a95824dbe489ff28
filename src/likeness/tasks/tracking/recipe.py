"""`TrackingRecipe`: every choice of a tracker's training, saved with the model."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from likeness.errors import SettingError
from likeness.training.settings import SettingGroup, number


@dataclass(frozen=True, kw_only=True)
class TrackingRecipe(SettingGroup):
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
        brightness_contrast: strength of the jitter of brightness and contrast.
        blur: share of smeared search pictures.
        held_out: share of each sequence, its beginning, that is not learned from: the settings
            of the tracker and the threshold are chosen there.
        seed: random seed.

    Raises:
        SettingError: a value is out of its range.
    """

    old_names: ClassVar[Mapping[str, str]] = {"light": "brightness_contrast"}

    width: int = number(16, 1, 256)
    channels: int = number(32, 2, 1024)
    search: int = number(127, 71, 255)
    steps: int = number(700, 1, 1_000_000)
    pairs: int = number(12, 2, 256)
    learning_rate: float = number(3e-3, 1e-8, 1)
    weight_decay: float = number(1e-4, 0, 1)
    film: float = number(0.4, 0, 1)
    anywhere: float = number(0.15, 0, 1)
    pasted: float = number(0.25, 0, 1)
    things: float = number(0.2, 0, 1)
    gap: int = number(60, 1, 100_000)
    brightness_contrast: float = number(1.0, 0, 2)
    blur: float = number(0.25, 0, 1)
    held_out: float = number(0.25, 0, 0.5)
    seed: int = number(0, 0, 2**31 - 1)

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.search - 63) % 8:
            raise SettingError(
                f"search: expected 63 and a multiple of 8, such as 127. Received: {self.search}."
            )
