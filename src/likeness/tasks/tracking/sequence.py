"""`Sequence`: the frames of a film and where its target is in each, in a zip or a folder."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from likeness.arrays import describe
from likeness.datasets.zip import opened_zip
from likeness.errors import DataError, DataNotFoundError
from likeness.files import natural_key
from likeness.images.decode import EXTENSIONS, decode


@dataclass(frozen=True, eq=False, kw_only=True)
class Sequence:
    """A film and its target.

    Args:
        frames: ``(n, rows, columns, 3)``, uint8, at least two.
        boxes: ``(n, 4)``, float64: x, y, width and height of the target in each frame, in
            pixels, (0, 0) the upper left corner of the frame.
        name: what to call it.
        licence: its terms.
        drawn: whether it is made up.

    Raises:
        DataError: shapes or types do not fit.
    """

    frames: NDArray[np.uint8]
    boxes: NDArray[np.float64]
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

    def __len__(self) -> int:
        return len(self.frames)

    def part(self, start: int, stop: int) -> "Sequence":
        """Return the frames from ``start`` up to ``stop``, which is not among them."""
        return replace(self, frames=self.frames[start:stop], boxes=self.boxes[start:stop])


Boxes = NDArray[np.float64]
"""``(n, 4)``: x, y, width and height in pixels, (0, 0) the frame's upper left corner."""

_TRUTH_FILES = ("groundtruth.txt", "groundtruth_rect.txt")
FOLDERS = ("imgs", "img", "color")
"""Where VOT and OTB put the frames."""

_MOST_FRAMES = 20_000
_MOST_PIXELS = 1_000_000_000
"""Of all frames together; they are held in memory."""

_MOST_FILE_BYTES = 16 * 2**20
_MOST_ZIP_BYTES = 2**30
_FRAME = re.compile(rf"(?:(?:{'|'.join(FOLDERS)})/)?[^/]+(?:{'|'.join(EXTENSIONS)})", re.IGNORECASE)

_Reader = Callable[[str], bytes | None]


def read_sequence(path: str | Path) -> Sequence:
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
            f"{path}: expected one box for each of {len(frames)} frames. Received: {len(boxes)}."
        )
    return Sequence(frames=frames, boxes=boxes, name=path.stem)


def holds_sequence(path: Path) -> bool:
    """Return whether a path looks like a sequence: a zip, or a folder with a ground truth."""
    if path.is_dir():
        matches = (path.glob(f"{above}{name}") for name in _TRUTH_FILES for above in ("", "*/"))
        return any(next(files, None) is not None for files in matches)
    return path.is_file() and path.suffix.lower() == ".zip"


def _frames_and_boxes(path: Path) -> tuple[NDArray[np.uint8], Boxes]:
    try:
        if path.is_dir():
            names = sorted(file.relative_to(path).as_posix() for file in _files(path))
            return _read(path, names, lambda name: _file_bytes(path / name))
        if path.is_file():
            if path.stat().st_size > _MOST_ZIP_BYTES:
                raise DataError(f"{path}: expected a zip of at most 1 GiB.")
            with opened_zip(path, most_bytes=_MOST_FILE_BYTES) as archive:
                return _read(path, archive.names, archive.read)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error}).") from error
    raise DataNotFoundError(f"{path}: there is no such file or folder.")


def _files(folder: Path) -> Iterable[Path]:
    """The files that may belong to a sequence: not everything below a home folder."""
    inner = [path for path in folder.iterdir() if path.is_dir()]
    inner += [path for above in inner if above.name not in FOLDERS for path in above.iterdir()]
    for directory in (folder, *(path for path in inner if path.is_dir())):
        yield from (path for path in directory.iterdir() if path.is_file())


def _file_bytes(file: Path) -> bytes | None:
    return file.read_bytes() if file.stat().st_size <= _MOST_FILE_BYTES else None


def _read(path: Path, names: Iterable[str], read: _Reader) -> tuple[NDArray[np.uint8], Boxes]:
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
        if name.startswith(start) and _FRAME.fullmatch(name.removeprefix(start))
    ]
    boxes = read_boxes((read(truth) or b"").decode("utf-8", "replace"), name=f"{path}: {truth}")
    if truth.endswith("_rect.txt"):
        boxes[:, :2] -= 1  # OTB counts pixels from 1, as MATLAB does
    if not 2 <= len(frames) <= _MOST_FRAMES or len(boxes) > len(frames):
        raise DataError(
            f"{path}: expected 2 to {_MOST_FRAMES} frames and at most one box for each. Received: "
            f"{len(frames)} frames and {len(boxes)} boxes."
        )
    return _decoded(path, sorted(frames, key=natural_key), read), boxes


def _decoded(path: Path, names: list[str], read: _Reader) -> NDArray[np.uint8]:
    frames: NDArray[np.uint8] | None = None
    for index, name in enumerate(names):
        data = read(name)
        if data is None:
            raise DataError(f"{path}: {name}: expected a frame of at most 16 MiB.")
        frame = in_colour(decode(data, name=f"{path}: {name}"))
        if frames is None:
            if frame.size // 3 * len(names) > _MOST_PIXELS:
                raise DataError(
                    f"{path}: expected at most {_MOST_PIXELS:.0e} pixels together. Received: "
                    f"{len(names)} frames of {frame.shape[1]}×{frame.shape[0]}."
                )
            frames = np.empty((len(names), *frame.shape), np.uint8)
        if frame.shape != frames.shape[1:]:
            raise DataError(
                f"{path}: expected frames of one size, {frames.shape[2]}×{frames.shape[1]}. "
                f"Received: {name} of {frame.shape[1]}×{frame.shape[0]}."
            )
        frames[index] = frame
    assert frames is not None
    return frames


def in_colour(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return ``(rows, columns, 3)`` of a grey or a colour picture."""
    return pixels if pixels.shape[2] == 3 else np.repeat(pixels, 3, axis=2)


def read_boxes(text: str, *, name: str) -> Boxes:
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


def upright(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (x, y, width, height) for the four corners ``(4, 2)`` of a turned rectangle.

    >>> upright(np.array([[0.0, 0], [4, 0], [4, 2], [0, 2]])).tolist()
    [0.0, 0.0, 4.0, 2.0]
    """
    size = corners.max(axis=0) - corners.min(axis=0)
    sides = np.linalg.norm(corners - np.roll(corners, -1, axis=0), axis=1)
    area = sides[0] * sides[1]
    size = size * np.sqrt(area / size.prod()) if size.prod() > 0 else size
    return np.concatenate([corners.mean(axis=0) - size / 2, size])
