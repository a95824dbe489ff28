"""The frames of a film: a folder of pictures, an animated GIF, or a video.

Folders and GIFs are read by Pillow; a video needs OpenCV. Frames come one by one: a film may be
longer than memory.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from likeness.errors import DataNotFoundError, ImageError, require_extra
from likeness.files import natural_key
from likeness.images.decode import EXTENSIONS, MOST_PIXELS, decode_file
from likeness.tasks.tracking.crops import Pixels

INNER = ("imgs", "img", "color")
"""Folders in which VOT and OTB keep the frames of a sequence."""

USUAL_RATE = 25.0
"""Frames a second of a film that does not say."""


@dataclass(frozen=True, kw_only=True)
class Film:
    """A film that can be read once from its start.

    Args:
        frames: ``(rows, columns, 3)`` uint8 each, all of one size.
        count: of the frames, if it is known beforehand.
        rate: frames a second.
    """

    frames: Iterator[Pixels]
    count: int | None
    rate: float = USUAL_RATE


def open_film(path: str | Path) -> Film:
    """Open a film.

    Args:
        path: a folder of JPEG, PNG, … in the natural order of their names (or with them in
            ``img``, ``imgs`` or ``color``), a GIF, or a video that OpenCV reads.

    Raises:
        DataNotFoundError: there is no such file or folder, or no picture in the folder.
        ImageError: the file is no film; while reading: a frame cannot be read, or is of another
            size than the first.
        MissingExtraError: it is a video, and OpenCV is not installed.
    """
    place = Path(path).expanduser()
    if place.is_dir():
        return _folder(place)
    if not place.is_file():
        raise DataNotFoundError(
            f"{place}: expected a folder of frames, a GIF or a video. There is no such file or "
            "folder."
        )
    with place.open("rb") as file:
        start = file.read(6)
    return _gif(place) if start in (b"GIF87a", b"GIF89a") else _video(place)


def _folder(folder: Path) -> Film:
    for place in (folder, *(folder / name for name in INNER)):
        if place.is_dir():
            files = [file for file in place.iterdir() if file.suffix.lower() in EXTENSIONS]
            if files:
                files.sort(key=lambda file: natural_key(file.name))
                return Film(frames=_of_one_size(_decoded(files), folder), count=len(files))
    raise DataNotFoundError(
        f"{folder}: expected frames ({', '.join(EXTENSIONS)}). Received: a folder without any."
    )


def _decoded(files: list[Path]) -> Iterator[Pixels]:
    for file in files:
        pixels = decode_file(file)
        yield pixels if pixels.shape[2] == 3 else np.repeat(pixels, 3, axis=2)


def _gif(file: Path) -> Film:
    try:
        picture = Image.open(file, formats=("GIF",))
        count = int(getattr(picture, "n_frames", 1))
        columns, rows = picture.size
        duration = float(picture.info.get("duration") or 1000 / USUAL_RATE)
    except Exception as error:  # Pillow raises nearly anything on hostile bytes.
        raise _unreadable(file, error) from error
    if columns * rows > MOST_PIXELS:
        raise ImageError(f"{file}: expected frames of at most 40 megapixels. Received: larger.")
    return Film(
        frames=_of_one_size(_gif_frames(file, picture, count), file),
        count=count,
        rate=1000 / max(duration, 10.0),
    )


def _gif_frames(file: Path, picture: Any, count: int) -> Iterator[Pixels]:
    with picture:
        for number in range(count):
            try:
                picture.seek(number)
                pixels = np.asarray(picture.convert("RGB"))
            except Exception as error:
                raise _unreadable(file, error) from error
            yield pixels


def _video(file: Path) -> Film:
    cv2 = require_extra("cv2", extra="faces")
    if file.suffix.lower() in EXTENSIONS:
        raise ImageError(f"{file}: expected a film. Received: one picture; give its folder.")
    video = cv2.VideoCapture(str(file))
    if not video.isOpened():
        raise ImageError(
            f"{file}: expected a folder of frames, a GIF or a video. OpenCV cannot open it; turn "
            "it into a folder of PNG frames."
        )
    count, rate = int(video.get(cv2.CAP_PROP_FRAME_COUNT)), float(video.get(cv2.CAP_PROP_FPS))
    return Film(
        frames=_of_one_size(_video_frames(video), file),
        count=count if count > 0 else None,
        rate=rate if rate > 0 else USUAL_RATE,
    )


def _video_frames(video: Any) -> Iterator[Pixels]:
    try:
        while True:
            there, frame = video.read()
            if not there:
                return
            yield np.ascontiguousarray(frame[..., ::-1])
    finally:
        video.release()


def _of_one_size(frames: Iterator[Pixels], place: Path) -> Iterator[Pixels]:
    """Pass frames on; raise at one of another size, and if there is none."""
    shape = None
    for number, frame in enumerate(frames, start=1):
        shape = shape or frame.shape
        if frame.shape != shape:
            raise ImageError(
                f"{place}: expected frames of one size, {shape[1]}×{shape[0]}. Received: frame "
                f"{number} of {frame.shape[1]}×{frame.shape[0]}."
            )
        yield frame
    if shape is None:
        raise ImageError(f"{place}: expected a film of one frame at least. Received: none.")


def _unreadable(file: Path, error: Exception) -> ImageError:
    reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
    return ImageError(f"{file}: expected an animated GIF, whole. It cannot be read: {reason}.")
