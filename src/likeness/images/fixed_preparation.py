"""`FixedPreparation`: photos made ready with fixed figures, as other people's encoders ask."""

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np

from likeness.arrays import Images, Prepared, check_images, check_in_range
from likeness.errors import SettingError
from likeness.images.fit import fit

COLOURS = ("rgb", "bgr", "grey")
LAYOUTS = ("nchw", "nhwc")

_CHIP_SHAPE = (3, 150, 150)

NEAREST_EYES = 2
"""Pixels between the eyes in what an encoder reads."""


@dataclass(frozen=True, kw_only=True)
class FixedPreparation:
    """How photos are made ready for an encoder that came from elsewhere.

    Every photo is cut at the middle to the aspect ratio and resized (see `fit`; nothing is
    squeezed), its colours are ordered, and ``(pixel − mean) / scale`` is taken with figures
    that are the same for all photos. What an encoder was trained with stands in its
    documentation: ArcFace, say, with rgb, nchw, mean 127.5 and scale 127.5.

    Args:
        rows, columns: the size that the encoder reads, 8…1024 pixels.
        colours: the order of the channels, one of `COLOURS`; "grey" is one channel.
        layout: "nchw" (channels first) or "nhwc" (channels last).
        mean, scale: of the pixels 0…255; one number, or one per channel in the order of
            ``colours``. A scale is not zero.
        eyes: (left column, left row, right column, right row): where the encoder wants the
            eyes in the ``rows`` × ``columns`` that it reads, as its documentation says; left is
            left in the picture. A photo is brought there with `images.align.prepare_face`
            before it comes here. None if the encoder does not ask for it.
        points: "dlib5" if it reads faces cut out by five points (`images.faces.landmarks`), which
            the model's folder brings the predictor for; None if it does not.

    Raises:
        SettingError: a setting is out of its range.
    """

    rows: int
    columns: int
    colours: str = "rgb"
    layout: str = "nchw"
    mean: tuple[float, ...] = (127.5,)
    scale: tuple[float, ...] = (127.5,)
    eyes: tuple[float, float, float, float] | None = None
    points: str | None = None

    KIND: ClassVar[str] = "fixed"
    dtype: ClassVar[Any] = np.float32

    def __post_init__(self) -> None:
        check_in_range(self.rows, 8, 1024, argument="rows", whole=True)
        check_in_range(self.columns, 8, 1024, argument="columns", whole=True)
        for name, value, known in (
            ("colours", self.colours, COLOURS),
            ("layout", self.layout, LAYOUTS),
        ):
            if value not in known:
                raise SettingError(
                    f"{name}: expected one of {', '.join(known)}. Received: {value!r}."
                )
        for name in ("mean", "scale"):
            object.__setattr__(self, name, self._per_channel(name))
        if 0 in self.scale:
            raise SettingError("scale: expected numbers other than 0. Received: 0.")
        if self.points not in (None, "dlib5"):
            raise SettingError(f"points: expected 'dlib5' or none. Received: {self.points!r}.")
        if self.points is not None and (self.eyes is not None or self.shape != _CHIP_SHAPE):
            raise SettingError(
                f"points: expected photos of the shape {_CHIP_SHAPE} and no eyes with it. "
                f"Received: {self.shape} and {'no eyes' if self.eyes is None else 'eyes'}."
            )
        if self.eyes is not None:
            object.__setattr__(self, "eyes", self._eye_positions())

    def _eye_positions(self) -> tuple[float, float, float, float]:
        given = self.eyes
        if not isinstance(given, list | tuple) or len(given) != 4:
            raise SettingError(
                "eyes: expected four numbers, column and row of the left eye and of the right "
                f"one. Received: {given!r}."
            )
        for value, side, size in zip(
            given, ("column", "row") * 2, (self.columns, self.rows) * 2, strict=True
        ):
            check_in_range(value, 0, size - 1, argument=f"eyes ({side})")
        left, _, right, _ = given
        if right - left < NEAREST_EYES:
            raise SettingError(
                f"eyes: expected the right one at least {NEAREST_EYES} pixels to the right of the "
                f"left one; left and right are those of the picture. Received: {given!r}."
            )
        return (float(given[0]), float(given[1]), float(given[2]), float(given[3]))

    def _per_channel(self, name: str) -> tuple[float, ...]:
        given = getattr(self, name)
        values = tuple(given) if isinstance(given, list | tuple) else (given,)
        if len(values) not in (1, self.channels):
            raise SettingError(
                f"{name}: expected one number, or {self.channels} for {self.colours}. "
                f"Received: {len(values)}."
            )
        for value in values:
            check_in_range(value, -1e6, 1e6, argument=name)
        return tuple(float(value) for value in values)

    @property
    def channels(self) -> int:
        """1 (grey) or 3."""
        return 1 if self.colours == "grey" else 3

    @property
    def shape(self) -> tuple[int, int, int]:
        """The shape of one prepared photo, in the order of the layout."""
        if self.layout == "nchw":
            return (self.channels, self.rows, self.columns)
        return (self.rows, self.columns, self.channels)

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
        mean, scale = (_short(numbers) for numbers in (self.mean, self.scale))
        size = f"{self.columns}×{self.rows} pixels"
        said = f"{size}, {self.colours}, {self.layout}, (pixel − {mean}) / {scale}"
        if self.points is not None:
            return f"{said}, faces cut out by five points"
        if self.eyes is None:
            return said
        left, right = (", ".join(f"{number:g}" for number in self.eyes[i : i + 2]) for i in (0, 2))
        return f"{said}, the eyes at ({left}) and ({right})"

    def as_data(self) -> dict[str, Any]:
        """Return JSON values from which it can be made again."""
        entries = asdict(self)
        lists = {name: list(entries[name]) for name in ("mean", "scale")}
        # An encoder that does not ask for the eyes is written, and its fingerprint taken, as
        # it was before one could.
        eyes = entries.pop("eyes")
        points = entries.pop("points")
        wanted = ({"eyes": list(eyes)} if eyes else {}) | ({"points": points} if points else {})
        return {"kind": self.KIND, **entries, **lists} | wanted

    def __call__(self, images: Images) -> Prepared:
        """Return ``(n, *shape)``, float32.

        Args:
            images: ``(n, any rows, any columns, 1 or 3)``, uint8, rgb or grey.

        Raises:
            DataError: it has another shape or type, or no pixels.
        """
        check_images(images)
        out = np.empty((len(images), self.rows, self.columns, self.channels), np.float32)
        for index, image in enumerate(images):
            out[index] = fit(image, rows=self.rows, columns=self.columns, channels=self.channels)
        if self.colours == "bgr":
            out = out[..., ::-1].copy()
        out -= np.array(self.mean, np.float32)
        out /= np.array(self.scale, np.float32)
        return np.ascontiguousarray(out.transpose(0, 3, 1, 2) if self.layout == "nchw" else out)


def _short(numbers: tuple[float, ...]) -> str:
    said = ", ".join(f"{number:g}" for number in numbers)
    return said if len(numbers) == 1 else f"({said})"
