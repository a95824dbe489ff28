"""Films: read a folder of pictures, an animated GIF or a video frame by frame; write GIF or MP4.

Folders and GIFs are read and written by Pillow; a video needs OpenCV. Frames are read one by one,
so a film may be larger than memory. `FilmWriter` makes a film with the boxes of a track drawn into
it.
"""

import io
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from likeness.datasets.photo_files import PhotoFiles
from likeness.errors import DataNotFoundError, ImageError, OutputError, SettingError, require_extra
from likeness.images.decode import MOST_PIXELS, decode_file
from likeness.images.formats import EXTENSIONS
from likeness.tasks.tracking.boxes import Box, Pixels
from likeness.tasks.tracking.sequences import FOLDERS

OPENCV = "opencv-python-headless<4.12"
"""What comes with the package and reads and writes videos."""

_USUAL_RATE = 25.0
"""Default frames per second."""


@dataclass(frozen=True, kw_only=True)
class Film:
    """A film that can be read once from its start.

    Args:
        frames: ``(rows, columns, 3)`` uint8 each, all of one size.
        count: of the frames, if it is known beforehand.
        rate: frames a second.
        notes: what of a folder is not taken, with why.
    """

    frames: Iterator[Pixels]
    count: int | None
    rate: float = _USUAL_RATE
    notes: tuple[str, ...] = ()

    @classmethod
    def open(cls, path: str | Path) -> "Film":
        """Open a film.

        Args:
            path: a folder of JPEG, PNG, … in the natural order of their names (or with them in
                ``img``, ``imgs`` or ``color``), a GIF, or a video that OpenCV reads.

        Raises:
            DataNotFoundError: there is no such file or folder, or no picture in the folder.
            ImageError: the file is not a film; while reading: a frame cannot be read, or is of
                another size than the first.
            MissingExtraError: it is a video, and OpenCV is not installed.
        """
        path = Path(path).expanduser()
        if path.is_dir():
            return _folder(path)
        if not path.is_file():
            raise DataNotFoundError(
                f"{path}: expected a folder of frames, a GIF or a video. There is no such file or "
                "folder."
            )
        with path.open("rb") as file:
            start = file.read(6)
        return _gif(path) if start in (b"GIF87a", b"GIF89a") else _video(path)


def _folder(folder: Path) -> Film:
    for directory in (folder, *(folder / name for name in FOLDERS)):
        if directory.is_dir():
            files = PhotoFiles.of_folder(directory)
            if files.photos:
                return Film(
                    frames=_of_one_size(_decoded(files.photos), folder),
                    count=len(files.photos),
                    notes=files.notes(directory),
                )
    raise DataNotFoundError(
        f"{folder}: expected frames (JPEG, PNG, …). Received: a folder without any."
    )


def _decoded(files: tuple[Path, ...]) -> Iterator[Pixels]:
    for file in files:
        frame = decode_file(file)
        yield np.broadcast_to(frame, (*frame.shape[:2], 3))  # grey in all three channels


def _gif(file: Path) -> Film:
    try:
        picture = Image.open(file, formats=("GIF",))
        count = int(getattr(picture, "n_frames", 1))
        columns, rows = picture.size
        duration = float(picture.info.get("duration") or 1000 / _USUAL_RATE)
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
    cv2 = require_extra("cv2", package=OPENCV)
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
        rate=rate if rate > 0 else _USUAL_RATE,
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


def _of_one_size(frames: Iterator[Pixels], path: Path) -> Iterator[Pixels]:
    """Yield frames; raise for a frame of another size, and if there is none."""
    shape = None
    for number, frame in enumerate(frames, start=1):
        shape = shape or frame.shape
        if frame.shape != shape:
            raise ImageError(
                f"{path}: expected frames of one size, {shape[1]}×{shape[0]}. Received: frame "
                f"{number} of {frame.shape[1]}×{frame.shape[0]}."
            )
        yield frame
    if shape is None:
        raise ImageError(f"{path}: expected a film of one frame at least. Received: none.")


def _unreadable(file: Path, error: Exception) -> ImageError:
    reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
    return ImageError(f"{file}: expected an animated GIF, whole. It cannot be read: {reason}.")


SUFFIXES = (".gif", ".mp4")

TRACKED_COLOUR = (0, 220, 90)
LOST_COLOUR = (255, 70, 50)

_MOST_GIF_COLUMNS = 360
"""Wider films are scaled down: a GIF of large frames is too large to share."""


class FilmWriter(ABC):
    """Draws a track into the frames of a film, and returns the bytes of a file."""

    @classmethod
    def of(cls, suffix: str, *, rate: float) -> "FilmWriter":
        """Return the writer for a file type.

        Args:
            suffix: one of `SUFFIXES`.
            rate: frames a second.

        Raises:
            SettingError: no such film can be made.
            MissingExtraError: an MP4 needs OpenCV, and it is not installed.
        """
        if suffix not in SUFFIXES:
            raise SettingError(
                f"video: expected a name that ends in {' or '.join(SUFFIXES)}. "
                f"Received: {suffix or 'none'}."
            )
        return _Gif(rate) if suffix == ".gif" else _Mp4(rate)

    def add(self, frame: Pixels, box: Box, *, words: str, lost: bool) -> None:
        """Add a frame with the text and the box: green, or red and dashed while it is lost."""
        picture = Image.fromarray(frame)
        draw = ImageDraw.Draw(picture)
        colour = LOST_COLOUR if lost else TRACKED_COLOUR
        width = max(2, picture.width // 240)
        left, top, right, bottom = box.x, box.y, box.x + box.width, box.y + box.height
        corners = ((left, top), (right, top), (right, bottom), (left, bottom))
        for start, end in zip(corners, (*corners[1:], corners[0]), strict=True):
            parts = [(0.0, 1.0)] if not lost else [(k / 9, (k + 1) / 9) for k in range(0, 9, 2)]
            for begin, stop in parts:
                line = [
                    tuple(a + share * (b - a) for a, b in zip(start, end, strict=True))
                    for share in (begin, stop)
                ]
                draw.line(line, fill=colour, width=width)
        bounds = draw.textbbox((4, 4), words)
        draw.rectangle((0, 0, bounds[2] + 4, bounds[3] + 4), fill=(0, 0, 0))
        draw.text((4, 4), words, fill=colour)
        self.append(picture)

    @abstractmethod
    def append(self, picture: Image.Image) -> None:
        """Add a picture as it is."""

    @abstractmethod
    def content(self) -> bytes:
        """Return the bytes of the file; nothing can be added afterwards."""


class _Gif(FilmWriter):
    def __init__(self, rate: float) -> None:
        self._frames: list[Image.Image] = []
        # Browsers slow down what is faster than 50 frames a second.
        self._milliseconds = max(20, round(1000 / rate))

    def append(self, picture: Image.Image) -> None:
        if picture.width > _MOST_GIF_COLUMNS:
            rows = round(picture.height * _MOST_GIF_COLUMNS / picture.width)
            picture = picture.resize((_MOST_GIF_COLUMNS, max(1, rows)), Image.Resampling.BOX)
        self._frames.append(picture.quantize(128, dither=Image.Dither.NONE))

    def content(self) -> bytes:
        file = io.BytesIO()
        self._frames[0].save(
            file,
            "GIF",
            save_all=True,
            append_images=self._frames[1:],
            duration=self._milliseconds,
            loop=0,
        )
        return file.getvalue()


class _Mp4(FilmWriter):
    """Written by OpenCV into a file of its own, which is then read back."""

    def __init__(self, rate: float) -> None:
        self._cv2 = require_extra("cv2", package=OPENCV)
        self._rate = rate
        self._folder = tempfile.TemporaryDirectory(prefix="likeness-")
        self._path = Path(self._folder.name) / "film.mp4"
        self._writer: Any = None

    def append(self, picture: Image.Image) -> None:
        if self._writer is None:
            code = self._cv2.VideoWriter_fourcc(*"mp4v")
            self._writer = self._cv2.VideoWriter(str(self._path), code, self._rate, picture.size)
            if not self._writer.isOpened():
                raise OutputError(
                    "video: this OpenCV cannot write MP4. Choose a name that ends in .gif."
                )
        self._writer.write(np.ascontiguousarray(np.asarray(picture)[..., ::-1]))

    def content(self) -> bytes:
        self._writer.release()
        data = self._path.read_bytes()
        self._folder.cleanup()
        return data
