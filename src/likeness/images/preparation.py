"""`Preparation`: from photos to the numbers that an encoder reads."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
from PIL import Image

from likeness.arrays import Images, Prepared, check_images, check_in_range
from likeness.errors import DataError, SettingError
from likeness.tasks import registry

FLAT = 1.0
"""Standard deviation, in grey levels, under which a photo counts as one flat colour: such a
photo is centred but not blown up."""


class PhotoFrame(NamedTuple):
    """How a photo is brought to what an encoder reads, where it is not just resized."""

    draw: Callable[..., Any]
    """``(photo, rows=…, columns=…)`` → ``(rows, columns[, channels])`` of grey levels."""

    readings: int = 1
    """Prepared channels for each channel of a photo."""

    channels: tuple[int, ...] = (1, 3)
    """Channels of the photos that it takes."""

    words: str = ""
    """What it does, such as "framed by its ink"."""


WHOLE = "whole"
"""The frame of the road: the whole photo. Tasks bring others."""


@dataclass(frozen=True, kw_only=True)
class Preparation:
    """How photos are made ready: size, channels, and each photo's own light removed.

    Every photo is resized by area averaging (the aspect ratio follows the target), and then
    shifted and scaled to mean 0 and standard deviation 1 over its own pixels. So a photo
    twice as bright, or with half the contrast, gives the same input.

    The same object prepares photos for training, evaluation and recognition. It is NumPy and
    Pillow only.

    Args:
        rows, columns: the size that the encoder reads, 8…1024 pixels.
        channels: 1 (grey) or 3 (colour).
        frame: "whole" photos, or "ink": a drawing is first brought to the middle and to one
            size (`images.ink_frame`), or "ink_box": it is cut to its ink, nothing squeezed
            (`images.ink_box`), or "ink_parts": writing is cut into its characters, each brought
            to one size, once for every number that there may be (`images.ink_parts`); grey only,
            and these readings are then the channels of what is prepared.
    """

    rows: int = 56
    columns: int = 46
    channels: int = 1
    frame: str = "whole"

    dtype: ClassVar[Any] = np.float32

    def __post_init__(self) -> None:
        check_in_range(self.rows, 8, 1024, argument="rows", whole=True)
        check_in_range(self.columns, 8, 1024, argument="columns", whole=True)
        if self.channels not in (1, 3):
            raise SettingError(
                f"channels: expected 1 (grey) or 3 (colour). Received: {self.channels!r}."
            )
        for name in ("rows", "columns", "channels"):
            # Plain numbers, so that it always goes into JSON.
            object.__setattr__(self, name, int(getattr(self, name)))
        frames = (WHOLE, *registry.names("frame"))
        if self.frame not in frames:
            raise SettingError(
                f"frame: expected one of {', '.join(frames)}. Received: {self.frame!r}."
            )
        if self._frame is not None and self.channels not in self._frame.channels:
            raise SettingError(
                f"channels: expected 1 (grey) with the frame {self.frame!r}. Received: "
                f"{self.channels}."
            )

    @property
    def _frame(self) -> PhotoFrame | None:
        return None if self.frame == WHOLE else registry.load("frame", self.frame)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(rows, columns, channels) of one prepared photo."""
        readings = 1 if self._frame is None else self._frame.readings
        return (self.rows, self.columns, self.channels * readings)

    def check(self, images: Any) -> None:
        """Raise unless these are photos, ``(n, rows, columns, channels)`` of uint8.

        Raises:
            DataError: they have another shape or type.
        """
        check_images(images)

    def made_up(self, count: int, rng: np.random.Generator) -> Prepared:
        """Return noise of the shape of ``count`` prepared photos: to try an encoder on."""
        return rng.normal(size=(count, *self.shape)).astype(np.float32)

    def in_words(self) -> str:
        """Return what it makes of a photo, for people."""
        colours = "grey" if self.channels == 1 else "rgb"
        frame = "" if self._frame is None else f"{self._frame.words}, "
        size = f"{self.columns}×{self.rows} pixels"
        return f"{size}, {colours}, {frame}each photo's mean 0 and deviation 1"

    def as_data(self) -> dict[str, Any]:
        """Return JSON values from which it can be made again."""
        # One that reads whole photos is written, and its fingerprint taken, as it was before
        # there were other frames.
        return {k: v for k, v in asdict(self).items() if (k, v) != ("frame", "whole")}

    def __call__(self, images: Images) -> Prepared:
        """Return ``(n, *shape)``, float32, mean 0 and deviation 1 per photo.

        Args:
            images: ``(n, any rows, any columns, 1 or 3)``, uint8.

        Raises:
            DataError: it has another shape or type, or no pixels.
        """
        check_images(images)
        if images.shape[3] not in (1, 3) or 0 in images.shape[1:]:
            raise DataError(
                "images: expected 1 or 3 channels and at least one pixel. "
                f"Received: shape {images.shape}."
            )
        out = np.empty((len(images), *self.shape), dtype=np.float32)
        for index, image in enumerate(images):
            out[index] = self._resized(image)
        mean = out.mean(axis=(1, 2, 3), keepdims=True)
        deviation = out.std(axis=(1, 2, 3), keepdims=True)
        out -= mean
        out /= np.maximum(deviation, FLAT)
        return out

    def _resized(self, image: Images) -> Prepared:
        grey = image.shape[-1] == 1
        photo = Image.fromarray(image[..., 0] if grey else image)
        photo = photo.convert("L" if self.channels == 1 else "RGB")
        if self._frame is not None:
            framed = self._frame.draw(photo, rows=self.rows, columns=self.columns)
            return np.asarray(framed, dtype=np.float32).reshape(self.shape)
        photo = photo.resize((self.columns, self.rows), Image.Resampling.BOX)
        return np.asarray(photo, dtype=np.float32).reshape(self.shape)
