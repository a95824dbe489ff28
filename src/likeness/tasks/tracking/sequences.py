"""`TrackingSequence`: the frames of a film and where its target is in each; and sequences by name.

A sequence is stored in a zip or a folder. Of the two public ones, one is used for training and the
other for testing. The drawn sequence, for use without either, has synthetic surroundings and a
synthetic target, from a seed: figures on it show whether a program works, and nothing about films.
"""

import hashlib
import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

import numpy as np
from PIL import Image

from likeness.arrays import Floats, Images, Photo, check_in_range, describe
from likeness.datasets.download import DATA_VARIABLE, ZipReader, cache_place, data_place
from likeness.datasets.photo_files import is_photo
from likeness.errors import DataError, DataNotFoundError, DigestError
from likeness.files import natural_key
from likeness.images.decode import decode
from likeness.tasks.tracking.boxes import pasting_matrix


@dataclass(frozen=True, eq=False, kw_only=True)
class TrackingSequence:
    """A film and its target.

    Args:
        frames: ``(n, rows, columns, 3)``, uint8, at least two.
        boxes: ``(n, 4)``, float64: x, y, width and height of the target in each frame, in
            pixels, (0, 0) the upper left corner of the frame.
        name: what to call it.
        licence: its terms.
        drawn: whether it is synthetic.

    Raises:
        DataError: shapes or types do not fit.
    """

    frames: Images
    boxes: Floats
    name: str
    licence: str = "not stated"
    drawn: bool = field(default=False)

    def __post_init__(self) -> None:
        frames, boxes = self.frames, self.boxes
        if frames.ndim != 4 or frames.shape[3] != 3 or frames.dtype != np.uint8 or len(frames) < 2:
            raise DataError(
                "frames: expected uint8 of shape (n, rows, columns, 3), two at least. "
                f"Received: {describe(frames)}."
            )
        if (
            boxes.shape != (len(frames), 4)
            or not np.isfinite(boxes).all()
            or boxes[:, 2:].min() <= 0
        ):
            raise DataError(
                f"boxes: expected {len(frames)} rows of x, y, width and height, finite, the sizes "
                f"above 0. Received: {describe(boxes)}."
            )

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """Return the sequence in a zip or a folder in the layout of VOT or OTB.

        Args:
            path: holds ``groundtruth.txt`` (4 numbers a line, or 8 for the corners of a turned box,
                which becomes an upright one of its area) or ``groundtruth_rect.txt`` (4 numbers,
                counted from 1 as MATLAB does), and frames as JPEG or PNG in ``imgs``, ``img``,
                ``color`` or beside; all may lie in one folder more.

        Raises:
            DataNotFoundError: there is no sequence.
            DataError: a frame or a line cannot be read, or a frame has no box.
        """
        path = Path(path).expanduser()
        frames, boxes = _frames_and_boxes(path)
        if len(boxes) != len(frames):
            raise DataError(
                f"{path}: expected one box for each of {len(frames)} frames. "
                f"Received: {len(boxes)}."
            )
        return cls(frames=frames, boxes=boxes, name=path.stem)

    @classmethod
    def published(cls, name: str, path: str | Path | None = None) -> Self:
        """Return one of the sequences that others published.

        Looks at the path; without one, for its zip at or in ``LIKENESS_DATA`` and in the cache.
        Turned boxes become upright ones of the same area, as in the VOT toolkit.

        Args:
            name: one of `PUBLISHED`.
            path: a zip or a folder.

        Raises:
            DataNotFoundError: it is not at the given path, or was not found.
            DigestError: it is another sequence.
        """
        known = PUBLISHED[name]
        file = _file_of(path, known.file_name)
        if file is None:
            raise DataNotFoundError(
                f"the sequence {name!r} is not available: get it from {known.home}, pack its "
                f"frames and ground truth into {known.file_name}, and set {DATA_VARIABLE} to the "
                f"folder of that file, or put it into the cache ({cache_place()})."
            )
        sequence = cls.read(file)
        if sequence.frames.shape != known.shape or _boxes_digest(sequence.boxes) != known.digest:
            frames, rows, columns, _ = known.shape
            raise DigestError(
                f"{file}: expected the sequence {name!r}, {frames} frames of {columns}×{rows} "
                "and its own boxes. Received: another; give its own path."
            )
        return replace(sequence, name=name, licence=known.licence)

    @classmethod
    def find(cls, word: str) -> "TrackingSequence | None":
        """Return the sequence of a name (bag, dragon-baby, drawn) or at a path, or None.

        A file or folder of that name takes precedence.
        """
        path = Path(word).expanduser()
        if path.exists():
            return cls.read(path) if _holds_sequence(path) else None
        if word == "drawn":
            return drawn_sequence()
        published = {"bag": "bag", "dragon-baby": "DragonBaby"}.get(word)
        return None if published is None else cls.published(published)

    def __len__(self) -> int:
        return len(self.frames)

    def part(self, start: int, stop: int) -> Self:
        """Return the frames from ``start`` up to ``stop``, which is not among them."""
        return replace(self, frames=self.frames[start:stop], boxes=self.boxes[start:stop])


Boxes = Floats
"""``(n, 4)``: x, y, width and height in pixels, (0, 0) the frame's upper left corner."""

_TRUTH_FILES = ("groundtruth.txt", "groundtruth_rect.txt")
FOLDERS = ("imgs", "img", "color")
"""Folders of frames in VOT and OTB."""

_MOST_FRAMES = 20_000
_MOST_PIXELS = 1_000_000_000
"""Of all frames together; they are held in memory."""

_MOST_FILE_BYTES = 16 * 2**20
_MOST_ZIP_BYTES = 2**30
_Reader = Callable[[str], bytes | None]


def _holds_sequence(path: Path) -> bool:
    """Return whether a path may be a sequence: a zip, or a folder with a ground truth."""
    if path.is_dir():
        matches = (path.glob(f"{above}{name}") for name in _TRUTH_FILES for above in ("", "[!.]*/"))
        return any(next(files, None) is not None for files in matches)
    return path.is_file() and path.suffix.lower() == ".zip"


def _frames_and_boxes(path: Path) -> tuple[Images, Boxes]:
    try:
        if path.is_dir():
            names = sorted(file.relative_to(path).as_posix() for file in _files(path))
            return _read(path, names, lambda name: _file_bytes(path / name))
        if path.is_file():
            if path.stat().st_size > _MOST_ZIP_BYTES:
                raise DataError(f"{path}: expected a zip of at most 1 GiB.")
            with ZipReader.open(path, most_bytes=_MOST_FILE_BYTES) as archive:
                return _read(path, archive.names, archive.read)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error}).") from error
    raise DataNotFoundError(f"{path}: there is no such file or folder.")


def _files(folder: Path) -> Iterable[Path]:
    """The files that may belong to a sequence: not everything below a home folder."""
    inner = [path for path in folder.iterdir() if path.is_dir() and path.name[0] != "."]
    inner += [path for above in inner if above.name not in FOLDERS for path in above.iterdir()]
    for directory in (folder, *(path for path in inner if path.is_dir())):
        yield from (path for path in directory.iterdir() if path.is_file())


def _file_bytes(file: Path) -> bytes | None:
    return file.read_bytes() if file.stat().st_size <= _MOST_FILE_BYTES else None


def _read(path: Path, names: Iterable[str], read: _Reader) -> tuple[Images, Boxes]:
    truth = min((name for name in names if name.rpartition("/")[2] in _TRUTH_FILES), default=None)
    if truth is None:
        raise DataNotFoundError(
            f"{path}: expected a tracking sequence, frames and {' or '.join(_TRUTH_FILES)}. "
            "Received: no such file."
        )
    above = truth.rpartition("/")[0]
    start = f"{above}/" if above else ""
    frames = [
        name
        for name in names
        if name.startswith(start) and _is_frame(name, name.removeprefix(start), read)
    ]
    boxes = _read_boxes((read(truth) or b"").decode("utf-8", "replace"), name=f"{path}: {truth}")
    if truth.endswith("_rect.txt"):
        boxes[:, :2] -= 1  # OTB counts pixels from 1, as MATLAB does
    if not 2 <= len(frames) <= _MOST_FRAMES or len(boxes) > len(frames):
        raise DataError(
            f"{path}: expected 2 to {_MOST_FRAMES} frames and at most one box for each. Received: "
            f"{len(frames)} frames and {len(boxes)} boxes."
        )
    return _decoded(path, sorted(frames, key=natural_key), read), boxes


def _is_frame(name: str, below: str, read: _Reader) -> bool:
    """Return whether a file in the sequence, or in its folder of frames, is a picture."""
    folder, _, base = below.rpartition("/")
    if folder.lower() not in ("", *FOLDERS):
        return False
    return is_photo(base, b"") or is_photo(base, read(name) or b"")


def _decoded(path: Path, names: list[str], read: _Reader) -> Images:
    frames: Images | None = None
    for index, name in enumerate(names):
        data = read(name)
        if data is None:
            raise DataError(f"{path}: {name}: expected a frame of at most 16 MiB.")
        frame = decode(data, name=f"{path}: {name}")
        rows, columns = frame.shape[:2]
        if frames is None:
            if rows * columns * len(names) > _MOST_PIXELS:
                raise DataError(
                    f"{path}: expected at most {_MOST_PIXELS:.0e} pixels together. Received: "
                    f"{len(names)} frames of {columns}×{rows}."
                )
            frames = np.empty((len(names), rows, columns, 3), np.uint8)
        if (rows, columns) != frames.shape[1:3]:
            raise DataError(
                f"{path}: expected frames of one size, {frames.shape[2]}×{frames.shape[1]}. "
                f"Received: {name} of {columns}×{rows}."
            )
        frames[index] = frame  # a grey one fills all three channels
    assert frames is not None
    return frames


def _read_boxes(text: str, *, name: str) -> Boxes:
    """Return the boxes of a ground truth: a line of 4 numbers, or of 8 for the corners of one.

    Corners, as VOT has had them since 2014, become the upright box around the same middle with
    the same aspect as their bounds and the area of the turned one: the conversion of the VOT
    toolkit, which trackers of upright boxes are started with. A line without a box (NaN) is
    refused: such frames are not for learning or measuring.

    Args:
        text: the lines; numbers between commas, blanks or tabs.
        name: of the file, for messages.

    Raises:
        DataError: a line is something else.
    """
    boxes = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            values = np.array([float(word) for word in re.split(r"[,\s]+", line.strip())])
        except ValueError:
            values = np.empty(0)
        if len(values) not in (4, 8) or not np.isfinite(values).all():
            raise DataError(
                f"{name}, line {number}: expected x,y,width,height or the 4 corners of a box. "
                f"Received: {line.strip()[:80]!r}."
            )
        box = values if len(values) == 4 else upright(values.reshape(4, 2))
        if min(box[2:]) <= 0:
            raise DataError(
                f"{name}, line {number}: expected a width and a height above 0. "
                f"Received: {line.strip()[:80]!r}."
            )
        boxes.append(box)
    if not boxes:
        raise DataError(f"{name}: expected at least one box. Received: none.")
    return np.array(boxes)


def upright(corners: Floats) -> Floats:
    """Return (x, y, width, height) for the four corners ``(4, 2)`` of a turned rectangle.

    >>> upright(np.array([[0.0, 0], [4, 0], [4, 2], [0, 2]])).tolist()
    [0.0, 0.0, 4.0, 2.0]
    """
    size = corners.max(axis=0) - corners.min(axis=0)
    sides = np.linalg.norm(corners - np.roll(corners, -1, axis=0), axis=1)
    area = sides[0] * sides[1]
    size = size * np.sqrt(area / size.prod()) if size.prod() > 0 else size
    return np.concatenate([corners.mean(axis=0) - size / 2, size])


@dataclass(frozen=True, kw_only=True)
class _Published:
    """A sequence that others published.

    Args:
        file_name: of the zip that its frames and ground truth are packed into.
        home: where to get it.
        licence: its terms.
        shape: of all of its frames.
        digest: of its boxes.
    """

    file_name: str
    home: str
    licence: str
    shape: tuple[int, int, int, int]
    digest: str


PUBLISHED = {
    "bag": _Published(
        file_name="tracking_vot15_bag.zip",
        home="https://votchallenge.net/vot2015/dataset.html",
        licence="The sequence «bag» of the Visual Object Tracking Challenge VOT2015 (Kristan et "
        "al., «The Visual Object Tracking VOT2015 Challenge Results», ICCV workshops 2015), for "
        "research.",
        shape=(196, 360, 480, 3),
        digest="60ccdd141af34bd70db79b8d048c45c47ea03180afb47c62ebf111a46518343e",
    ),
    "DragonBaby": _Published(
        file_name="tracking_otb_DragonBaby.zip",
        home="http://cvlab.hanyang.ac.kr/tracker_benchmark/datasets.html",
        licence="The sequence «DragonBaby» of the Object Tracking Benchmark OTB (Wu, Lim and "
        "Yang, «Object Tracking Benchmark», TPAMI 2015), for research.",
        shape=(113, 360, 640, 3),
        digest="0a63fa277c164b9ad27a3f21b0569d0f16d5b319ce4c3e00e8dda940324e0342",
    ),
}
"""«bag» of VOT2015, a white plastic bag in the wind; «DragonBaby» of OTB, a child's head in a
fight."""


def _file_of(path: str | Path | None, file_name: str) -> Path | None:
    """Return the expected path of the sequence; a given path is never ignored."""
    if path is not None:
        return Path(path).expanduser()
    own = data_place()
    files = [own, own / file_name] if own else []
    files.append(cache_place() / file_name)
    return next((file for file in files if file.name == file_name and file.is_file()), None)


def _boxes_digest(boxes: Boxes) -> str:
    """Return the SHA-256 of boxes, to a hundredth of a pixel."""
    rounded = np.rint(boxes * 100).astype("<i8")
    return hashlib.sha256(np.ascontiguousarray(rounded).tobytes()).hexdigest()


_TARGET = 40
"""Side of the target's picture, in pixels, before it is scaled."""


def drawn_sequence(
    *, frames: int = 40, size: tuple[int, int] = (144, 192), speed: float = 1.0, seed: int = 0
) -> TrackingSequence:
    """Return a film of a patterned disc that moves, grows and turns over a patterned ground.

    A second disc with another pattern crosses its path.

    Args:
        frames: 2…10,000.
        size: (rows, columns) of every frame, 64…1024.
        speed: of the target; at 1 it moves about three pixels per frame; 0…10.
        seed: random seed, 0 or more.

    Raises:
        SettingError: an argument is out of its range.

    >>> drawn_sequence(frames=3).frames.shape
    (3, 144, 192, 3)
    """
    check_in_range(frames, 2, 10_000, argument="frames", whole=True)
    for number, name in zip(size, ("rows", "columns"), strict=True):
        check_in_range(number, 64, 1024, argument=f"size ({name})", whole=True)
    check_in_range(speed, 0.0, 10.0, argument="speed")
    check_in_range(seed, 0, 2**63 - 1, argument="seed", whole=True)
    rng = np.random.default_rng(seed)
    ground = _pattern(rng, size, cells=7, strength=45)
    target, other = (_pattern(rng, (_TARGET, _TARGET), cells=4, strength=110) for _ in range(2))
    phase = rng.uniform(0, 2 * math.pi, 4)
    pictures = np.empty((frames, *size, 3), np.uint8)
    boxes = np.empty((frames, 4))
    for number in range(frames):
        time = 0.05 * speed * number
        picture = Image.fromarray(ground)
        _put(picture, other, _centre(size, -0.8 * time, phase[2:]), _TARGET * 0.9, turn=0.0)
        side = _TARGET * (1 + 0.25 * math.sin(0.4 * time + phase[0]))
        middle = _centre(size, time, phase)
        _put(picture, target, middle, side, turn=0.3 * math.sin(time))
        noisy = np.asarray(picture, np.float32) + rng.normal(0, 3, (*size, 3))
        pictures[number] = np.clip(noisy, 0, 255).round().astype(np.uint8)
        boxes[number] = (middle[0] - side / 2, middle[1] - side / 2, side, side)
    return TrackingSequence(
        frames=pictures, boxes=boxes, name="drawn sequence", licence="made by likeness", drawn=True
    )


def _pattern(
    rng: np.random.Generator, size: tuple[int, int], *, cells: int, strength: float
) -> Photo:
    """Return a smooth coloured pattern, ``(rows, columns, 3)``."""
    base = rng.uniform(70, 185, 3)
    coarse = np.clip(base + rng.uniform(-strength, strength, (cells, cells, 3)), 0, 255)
    picture = Image.fromarray(coarse.round().astype(np.uint8))
    return np.asarray(picture.resize((size[1], size[0]), Image.Resampling.BICUBIC))


def _centre(size: tuple[int, int], time: float, phase: Floats) -> tuple[float, float]:
    rows, columns = size
    x = columns * (0.5 + 0.33 * math.sin(time + phase[0]))
    y = rows * (0.5 + 0.3 * math.sin(1.3 * time + phase[1]))
    return x, y


def _put(
    picture: Image.Image,
    disc: Photo,
    middle: tuple[float, float],
    side: float,
    *,
    turn: float,
) -> None:
    """Put a disc of ``side`` pixels onto the picture, with a soft edge."""
    line = (np.arange(_TARGET) + 0.5) / _TARGET * 2 - 1
    radius = np.hypot(line[:, None], line[None, :])
    mask = Image.fromarray((np.clip((1 - radius) * 8, 0, 1) * 255).astype(np.uint8))
    matrix = pasting_matrix(_TARGET, middle, side, turn=turn)
    how = (picture.size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)
    picture.paste(Image.fromarray(disc).transform(*how), mask=mask.transform(*how))
