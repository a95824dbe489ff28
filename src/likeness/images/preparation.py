"""`Preparation`: from photos to the input of an encoder.

`FixedPreparation` prepares photos with a fixed mean and scale, as public encoders need it; `fit`
crops and resizes one photo.

``model.json`` describes a model's preparation as JSON values; ``kind`` says which it is, and
without it the values are those of `Preparation`, as in the first models. Tasks bring kinds of
their own.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np
from PIL import Image

from likeness.arrays import Floats, Images, Photo, Prepared, check_images, check_in_range
from likeness.errors import DataError, SettingError
from likeness.tasks import registry


def fit(image: Photo, *, rows: int, columns: int, channels: int, crop_first: bool = True) -> Photo:
    """Return the photo at this size, centre-cropped to the new aspect ratio.

    The aspect ratio is kept. A larger photo is made by linear interpolation, a smaller one by
    averages under a triangle filter (no aliasing). Colour becomes grey by ITU-R 601 luma;
    grey becomes three equal channels.

    Args:
        image: ``(any rows, any columns, 1 or 3)``, uint8.
        rows, columns: the new size, at least 1.
        channels: 1 or 3.
        crop_first: whether what is cropped away has no part in the pixels at the border. Encoders
            imported before version 2 of their preparation read photos where it has.

    Returns:
        ``(rows, columns, channels)``, uint8.

    Raises:
        DataError: the photo has another shape or type.
        SettingError: the size or the channels are out of range.

    >>> import numpy as np
    >>> fit(np.array([[[0], [10], [20], [30]]], np.uint8), rows=1, columns=2, channels=1).tolist()
    [[[10], [20]]]
    """
    check_in_range(rows, 1, 65535, argument="rows", whole=True)
    check_in_range(columns, 1, 65535, argument="columns", whole=True)
    if channels not in (1, 3):
        raise SettingError(f"channels: expected 1 (grey) or 3 (colour). Received: {channels!r}.")
    check_images(image[None], argument="image")
    if image.shape[2] not in (1, 3) or not image.size:
        raise DataError(
            "image: expected at least one pixel, of 1 or 3 channels. "
            f"Received: shape {image.shape}."
        )
    photo = Image.fromarray(image[..., 0] if image.shape[2] == 1 else image)
    photo = photo.convert("L" if channels == 1 else "RGB")
    if photo.size != (columns, rows):
        box = _middle(photo.width, photo.height, aspect=columns / rows)
        if crop_first:
            photo, box = _whole_pixels(photo, box)
        # Not Resampling.BOX: it counts whole pixels, so at a ratio such as 2.8 a pixel weighs
        # all or nothing, and a mirror image does not give the mirrored result.
        photo = photo.resize((columns, rows), Image.Resampling.BILINEAR, box=box)
    return np.array(photo, dtype=np.uint8).reshape(rows, columns, channels)


_Box = tuple[float, float, float, float]


def _middle(width: int, height: int, *, aspect: float) -> _Box:
    """Return (left, top, right, bottom) of the largest centred crop with this aspect ratio."""
    wide, tall = min(float(width), height * aspect), min(float(height), width / aspect)
    left, top = (width - wide) / 2, (height - tall) / 2
    return (left, top, left + wide, top + tall)


def _whole_pixels(photo: Any, box: _Box) -> tuple[Any, _Box]:
    """Return the whole pixels of a centred crop, and the crop's box in them.

    Pillow's interpolation looks over the edge of a box.
    """
    left, top = int(box[0]), int(box[1])
    cut = photo.crop((left, top, photo.width - left, photo.height - top))
    return cut, (box[0] - left, box[1] - top, box[2] - left, box[3] - top)


def _area_average(image: Photo, *, rows: int, columns: int) -> Photo:
    """Return the photo at this size, each pixel the mean of the area that it covers.

    A pixel that is covered in part counts in part; the aspect ratio follows the target. The sums
    are of whole numbers, so a mirrored photo gives the mirror image to the last bit.

    Args:
        image: ``(any rows, any columns, channels)``, uint8.
        rows, columns: the new size, at least 1.

    Returns:
        ``(rows, columns, channels)``, uint8, rounded half up.

    >>> import numpy as np
    >>> row = np.array([[[0], [0], [255]] * 2], np.uint8)
    >>> _area_average(row, rows=1, columns=4).ravel().tolist()
    [0, 170, 0, 170]
    """
    height, width, channels = image.shape
    if not height % rows and not width % columns:
        # Whole blocks: Pillow's own averages are exact, and what they were before.
        photo = Image.fromarray(image[..., 0] if channels == 1 else image)
        averaged = photo.resize((columns, rows), Image.Resampling.BOX)
        return np.array(averaged, np.uint8).reshape(rows, columns, channels)
    down, across = _overlaps(height, rows), _overlaps(width, columns)
    sums = np.zeros((channels, rows, columns))
    step = max(1, _PIXELS_AT_ONCE // width)
    for top in range(0, height, step):  # a strip at a time: these are numbers of 64 bits
        strip = np.moveaxis(image[top : top + step], 2, 0).astype(np.float64)
        sums += down[:, top : top + step] @ (strip @ across.T)
    means = (2 * sums + height * width) // (2 * height * width)
    averages: Photo = np.moveaxis(means, 0, 2).astype(np.uint8)
    return averages


_PIXELS_AT_ONCE = 2**20


def _overlaps(size: int, new: int) -> Floats:
    """Return ``(new, size)``: how much of each old pixel a new one covers, in whole units.

    The unit is 1 / new of an old pixel; all of a row's add up to ``size``.
    """
    start, end = np.arange(new)[:, None] * size, (np.arange(new)[:, None] + 1) * size
    first, last = np.arange(size) * new, (np.arange(size) + 1) * new
    shared = np.minimum(end, last) - np.maximum(start, first)
    overlaps: Floats = np.maximum(shared, 0).astype(np.float64)
    return overlaps


COLOURS = ("rgb", "bgr", "grey")
LAYOUTS = ("nchw", "nhwc")

_CHIP_SHAPE = (3, 150, 150)

NEAREST_EYES = 2
"""Least distance of the eyes in an encoder's input, in pixels."""


@dataclass(frozen=True, kw_only=True)
class FixedPreparation:
    """Preparation of photos for an imported encoder.

    Every photo is centre-cropped and resized (see `fit`), its channels are ordered, and ``(pixel −
    mean) / scale`` is taken with constants. They are in the encoder's documentation; ArcFace, for
    example, uses rgb, nchw, mean 127.5 and scale 127.5.

    Args:
        rows, columns: the size that the encoder reads, 8…1024 pixels.
        colours: the order of the channels, one of `COLOURS`; "grey" is one channel.
        layout: "nchw" (channels first) or "nhwc" (channels last).
        mean, scale: of the pixels 0…255; one number, or one per channel in the order of
            ``colours``. A scale is not zero.
        eyes: (left column, left row, right column, right row): positions of the eyes in the
            ``rows`` × ``columns`` that it reads, as its documentation says; left is left in the
            picture. A photo is brought there with `images.align.EyeAlignment` before it comes here.
            None if the encoder does not ask for it.
        points: "dlib5" if it reads faces aligned by five landmarks (`images.faces.landmarks`),
            whose predictor is in the model's folder; None otherwise.
        version: 2, which crops before it resizes; or 1, of encoders imported before.

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
    version: int = 1

    KIND: ClassVar[str] = "fixed"
    dtype: ClassVar[Any] = np.float32

    def __post_init__(self) -> None:
        check_in_range(self.rows, 8, 1024, argument="rows", whole=True)
        check_in_range(self.columns, 8, 1024, argument="columns", whole=True)
        check_in_range(self.version, 1, 2, argument="version", whole=True)
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
        """Return noise of the shape of ``count`` prepared photos, for testing an encoder."""
        return rng.normal(size=(count, *self.shape)).astype(np.float32)

    def in_words(self) -> str:
        """Describe the prepared photo, for people."""
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
        """Return JSON values from which it can be restored."""
        entries = asdict(self)
        lists = {name: list(entries[name]) for name in ("mean", "scale")}
        # Without them, the JSON and the fingerprint are those from before these settings.
        first = {"eyes": None, "points": None, "version": 1}
        wanted = {name: entries.pop(name) for name in first}
        wanted = {name: value for name, value in wanted.items() if value != first[name]}
        if "eyes" in wanted:
            wanted["eyes"] = list(wanted["eyes"])
        return {"kind": self.KIND, **entries, **lists} | wanted

    def resized(self, photo: Photo) -> Photo:
        """Return a photo at the size that the encoder reads; prepared, both give the same."""
        return fit(
            photo,
            rows=self.rows,
            columns=self.columns,
            channels=self.channels,
            crop_first=self.version > 1,
        )

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
            out[index] = self.resized(image)
        if self.colours == "bgr":
            out = out[..., ::-1].copy()
        out -= np.array(self.mean, np.float32)
        out /= np.array(self.scale, np.float32)
        return np.ascontiguousarray(out.transpose(0, 3, 1, 2) if self.layout == "nchw" else out)


def _short(numbers: tuple[float, ...]) -> str:
    said = ", ".join(f"{number:g}" for number in numbers)
    return said if len(numbers) == 1 else f"({said})"


FLAT = 1.0
"""Standard deviation, in grey levels, under which a photo counts as one flat colour: it is centred
but not scaled."""


class PhotoFrame(NamedTuple):
    """A frame: how a photo is cropped and resized for an encoder."""

    draw: Callable[..., Any]
    """``(photo, rows=…, columns=…)`` → ``(rows, columns[, channels])`` of grey levels."""

    readings: int = 1
    """Prepared channels for each channel of a photo."""

    channels: tuple[int, ...] = (1, 3)
    """Number of channels of accepted photos."""

    words: str = ""
    """Description, such as "framed by its ink"."""


WHOLE = "whole"
"""The default frame: the whole photo. Tasks register others."""


@dataclass(frozen=True, kw_only=True)
class Preparation:
    """Preparation of photos: size, channels, and normalisation of each photo.

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
        version: 2; or 1, of models of before, whose averages counted whole pixels where the
            photo's size is no multiple of the encoder's. A frame has one version.
    """

    rows: int = 56
    columns: int = 46
    channels: int = 1
    frame: str = "whole"
    version: int = 2

    dtype: ClassVar[Any] = np.float32

    def __post_init__(self) -> None:
        check_in_range(self.rows, 8, 1024, argument="rows", whole=True)
        check_in_range(self.columns, 8, 1024, argument="columns", whole=True)
        if self.channels not in (1, 3):
            raise SettingError(
                f"channels: expected 1 (grey) or 3 (colour). Received: {self.channels!r}."
            )
        check_in_range(self.version, 1, 2, argument="version", whole=True)
        if self.frame != WHOLE:
            object.__setattr__(self, "version", 1)
        for name in ("rows", "columns", "channels", "version"):
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
        """Return noise of the shape of ``count`` prepared photos, for testing an encoder."""
        return rng.normal(size=(count, *self.shape)).astype(np.float32)

    def in_words(self) -> str:
        """Describe the prepared photo, for people."""
        colours = "grey" if self.channels == 1 else "rgb"
        frame = "" if self._frame is None else f"{self._frame.words}, "
        size = f"{self.columns}×{self.rows} pixels"
        return f"{size}, {colours}, {frame}each photo's mean 0 and deviation 1"

    def as_data(self) -> dict[str, Any]:
        """Return JSON values from which it can be made again."""
        # What is as it was before there were frames and versions is written, and its fingerprint
        # taken, as it was then.
        first = {"frame": WHOLE, "version": 1}
        return {k: v for k, v in asdict(self).items() if first.get(k) != v}

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
            out[index] = self._drawn(image)
        mean = out.mean(axis=(1, 2, 3), keepdims=True)
        deviation = out.std(axis=(1, 2, 3), keepdims=True)
        out -= mean
        out /= np.maximum(deviation, FLAT)
        return out

    def resized(self, photo: Photo) -> Photo:
        """Return a photo at the size that the encoder reads; prepared, both give the same.

        Of a frame, ``photo`` itself in its channels: what is framed is drawn only once.
        """
        picture = self._in_channels(photo)
        pixels = np.array(picture, np.uint8).reshape(*photo.shape[:2], self.channels)
        if self._frame is not None or photo.shape[:2] == (self.rows, self.columns):
            return pixels
        if self.version > 1:
            return _area_average(pixels, rows=self.rows, columns=self.columns)
        picture = picture.resize((self.columns, self.rows), Image.Resampling.BOX)
        return np.array(picture, np.uint8).reshape(self.rows, self.columns, self.channels)

    def _in_channels(self, photo: Photo) -> Any:
        picture = Image.fromarray(photo[..., 0] if photo.shape[2] == 1 else photo)
        return picture.convert("L" if self.channels == 1 else "RGB")

    def _drawn(self, photo: Photo) -> Any:
        if self._frame is None:
            return self.resized(photo)
        framed = self._frame.draw(self._in_channels(photo), rows=self.rows, columns=self.columns)
        return np.asarray(framed, dtype=np.float32).reshape(self.shape)


class ModelPreparation(Protocol):
    """The interface of a preparation."""

    @property
    def dtype(self) -> Any:
        """The type of the encoder's input."""

    def check(self, items: Any, /) -> None:
        """Raise `DataError` unless these are items of its kind, none or more."""

    def __call__(self, items: Any, /) -> Any:
        """Return prepared items, one row each."""

    def as_data(self) -> dict[str, Any]:
        """Return JSON values from which `preparation_from_data` makes it again."""

    def in_words(self) -> str:
        """Describe the prepared item in one line."""

    def made_up(self, count: int, rng: np.random.Generator, /) -> Any:
        """Return example prepared items, for testing an encoder."""


def preparation_from_data(entries: Mapping[str, Any]) -> ModelPreparation:
    """Return the preparation that ``model.json`` describes.

    Raises:
        SettingError: a setting is out of its range.
        TypeError: an entry is missing or unknown.

    >>> preparation_from_data({"rows": 56, "columns": 46, "channels": 1}).shape
    (56, 46, 1)
    >>> preparation_from_data({"kind": "fixed", "rows": 112, "columns": 112}).shape
    (3, 112, 112)
    >>> preparation_from_data({"kind": "text", "buckets": 1024}).shape
    (None,)
    """
    if "kind" not in entries:
        return Preparation(**{"version": 1, **entries})
    settings = dict(entries)
    kind = settings.pop("kind")
    if kind == FixedPreparation.KIND:
        return FixedPreparation(**settings)
    brought = registry.names("preparation")
    if kind not in brought:
        known = ", ".join((FixedPreparation.KIND, *brought))
        raise SettingError(f"preparation: expected one of the kinds {known}. Received: {kind!r}.")
    return registry.load("preparation", kind)(**settings)  # type: ignore[no-any-return]
