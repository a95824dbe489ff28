"""One copy of a tracking sequence, in a zip or a folder: its frames in order, and its boxes."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from likeness.datasets.zip import opened_zip
from likeness.errors import DataError, DataNotFoundError
from likeness.files import natural_key
from likeness.images.decode import EXTENSIONS, decode

Boxes = NDArray[np.float64]
"""``(n, 4)``: x, y, width and height in pixels, (0, 0) the frame's upper left corner."""

TRUTH_FILES = ("groundtruth.txt", "groundtruth_rect.txt")
FOLDERS = ("imgs", "img", "color")
"""Where VOT and OTB put the frames."""

MOST_FRAMES = 20_000
MOST_PIXELS = 1_000_000_000
"""Of all frames together; they are held in memory."""

_MOST_FILE_BYTES = 16 * 2**20
_MOST_ZIP_BYTES = 2**30
_FRAME = re.compile(rf"(?:(?:{'|'.join(FOLDERS)})/)?[^/]+(?:{'|'.join(EXTENSIONS)})", re.IGNORECASE)

_Reader = Callable[[str], bytes | None]


def read_sequence_copy(place: Path) -> tuple[NDArray[np.uint8], Boxes]:
    """Return frames ``(n, rows, columns, 3)`` and the boxes of all or of the first of them.

    Args:
        place: a zip or a folder in the layout of VOT or OTB: frames as JPEG or PNG in ``imgs``,
            ``img``, ``color`` or beside the ground truth; all may lie in one folder more.

    Raises:
        DataNotFoundError: there is no sequence at the place.
        DataError: frames or boxes cannot be read, or do not fit each other.
    """
    try:
        if place.is_dir():
            names = sorted(file.relative_to(place).as_posix() for file in _files(place))
            return _read(place, names, lambda name: _file_bytes(place / name))
        if place.is_file():
            if place.stat().st_size > _MOST_ZIP_BYTES:
                raise DataError(f"{place}: expected a zip of at most 1 GiB.")
            with opened_zip(place, most_bytes=_MOST_FILE_BYTES) as archive:
                return _read(place, archive.names, archive.read)
    except OSError as error:
        raise DataError(f"{place}: cannot be read ({error.strerror or error}).") from error
    raise DataNotFoundError(f"{place}: there is no such file or folder.")


def _files(folder: Path) -> Iterable[Path]:
    """The files that may belong to a sequence: not everything below a home folder."""
    inner = [path for path in folder.iterdir() if path.is_dir()]
    inner += [path for above in inner if above.name not in FOLDERS for path in above.iterdir()]
    for place in (folder, *(path for path in inner if path.is_dir())):
        yield from (path for path in place.iterdir() if path.is_file())


def _file_bytes(file: Path) -> bytes | None:
    return file.read_bytes() if file.stat().st_size <= _MOST_FILE_BYTES else None


def _read(place: Path, names: Iterable[str], read: _Reader) -> tuple[NDArray[np.uint8], Boxes]:
    truth = min((name for name in names if name.rpartition("/")[2] in TRUTH_FILES), default=None)
    if truth is None:
        raise DataNotFoundError(
            f"{place}: expected a tracking sequence, frames and {' or '.join(TRUTH_FILES)}. "
            "Received: no such file."
        )
    above = truth.rpartition("/")[0]
    start = f"{above}/" if above else ""
    frames = [
        name
        for name in names
        if name.startswith(start) and _FRAME.fullmatch(name.removeprefix(start))
    ]
    boxes = read_boxes((read(truth) or b"").decode("utf-8", "replace"), name=f"{place}: {truth}")
    if truth.endswith("_rect.txt"):
        boxes[:, :2] -= 1  # OTB counts pixels from 1, as MATLAB does
    if not 2 <= len(frames) <= MOST_FRAMES or len(boxes) > len(frames):
        raise DataError(
            f"{place}: expected 2 to {MOST_FRAMES} frames and at most one box for each. Received: "
            f"{len(frames)} frames and {len(boxes)} boxes."
        )
    return _decoded(place, sorted(frames, key=natural_key), read), boxes


def _decoded(place: Path, names: list[str], read: _Reader) -> NDArray[np.uint8]:
    frames: NDArray[np.uint8] | None = None
    for index, name in enumerate(names):
        data = read(name)
        if data is None:
            raise DataError(f"{place}: {name}: expected a frame of at most 16 MiB.")
        frame = colour(decode(data, name=f"{place}: {name}"))
        if frames is None:
            if frame.size // 3 * len(names) > MOST_PIXELS:
                raise DataError(
                    f"{place}: expected at most {MOST_PIXELS:.0e} pixels together. Received: "
                    f"{len(names)} frames of {frame.shape[1]}×{frame.shape[0]}."
                )
            frames = np.empty((len(names), *frame.shape), np.uint8)
        if frame.shape != frames.shape[1:]:
            raise DataError(
                f"{place}: expected frames of one size, {frames.shape[2]}×{frames.shape[1]}. "
                f"Received: {name} of {frame.shape[1]}×{frame.shape[0]}."
            )
        frames[index] = frame
    assert frames is not None
    return frames


def colour(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
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
