"""A film with the boxes of a track drawn into it: an animated GIF, or an MP4 where OpenCV can."""

import io
import tempfile
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from PIL import Image, ImageDraw

from likeness.errors import OutputError, SettingError, require_extra
from likeness.tasks.tracking.boxes import Box
from likeness.tasks.tracking.crops import Pixels

KINDS = (".gif", ".mp4")

FOUND = (0, 220, 90)
LOST = (255, 70, 50)

MOST_GIF_COLUMNS = 360
"""Wider films are shrunk: a GIF of large frames is too large to be sent to anybody."""


class Annotated(Protocol):
    """Takes frames, and then is the bytes of a file."""

    def add(self, frame: Pixels, box: Box, *, words: str, lost: bool) -> None:
        """Draw the box and the words into a frame, and keep it."""

    def content(self) -> bytes:
        """Return the bytes of the file; nothing can be added afterwards."""


def annotated(kind: str, *, rate: float) -> Annotated:
    """Return what makes a film of a kind.

    Args:
        kind: one of `KINDS`.
        rate: frames a second.

    Raises:
        SettingError: there is no such kind.
        MissingExtraError: an MP4 needs OpenCV, and it is not installed.
    """
    if kind not in KINDS:
        raise SettingError(
            f"video: expected a name that ends in {' or '.join(KINDS)}. Received: {kind or 'none'}."
        )
    return _Gif(rate) if kind == ".gif" else _Mp4(rate)


def drawn_into(frame: Pixels, box: Box, *, words: str, lost: bool) -> Image.Image:
    """Return the frame as a picture with the box: green, or red and broken while it is lost."""
    picture = Image.fromarray(frame)
    draw = ImageDraw.Draw(picture)
    colour = LOST if lost else FOUND
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
    place = draw.textbbox((4, 4), words)
    draw.rectangle((0, 0, place[2] + 4, place[3] + 4), fill=(0, 0, 0))
    draw.text((4, 4), words, fill=colour)
    return picture


class _Gif:
    def __init__(self, rate: float) -> None:
        self._frames: list[Image.Image] = []
        # Browsers slow down what is faster than 50 frames a second.
        self._milliseconds = max(20, round(1000 / rate))

    def add(self, frame: Pixels, box: Box, *, words: str, lost: bool) -> None:
        picture = drawn_into(frame, box, words=words, lost=lost)
        if picture.width > MOST_GIF_COLUMNS:
            rows = round(picture.height * MOST_GIF_COLUMNS / picture.width)
            picture = picture.resize((MOST_GIF_COLUMNS, max(1, rows)), Image.Resampling.BOX)
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


class _Mp4:
    """Written by OpenCV into a file of its own, which is then read back."""

    def __init__(self, rate: float) -> None:
        self._cv2 = require_extra("cv2", extra="faces")
        self._rate = rate
        self._place = tempfile.TemporaryDirectory(prefix="likeness-")
        self._path = Path(self._place.name) / "film.mp4"
        self._writer: Any = None

    def add(self, frame: Pixels, box: Box, *, words: str, lost: bool) -> None:
        if self._writer is None:
            code = self._cv2.VideoWriter_fourcc(*"mp4v")
            size = (frame.shape[1], frame.shape[0])
            self._writer = self._cv2.VideoWriter(str(self._path), code, self._rate, size)
            if not self._writer.isOpened():
                raise OutputError(
                    "video: this OpenCV cannot write MP4. Choose a name that ends in .gif."
                )
        picture = drawn_into(frame, box, words=words, lost=lost)
        self._writer.write(np.ascontiguousarray(np.asarray(picture)[..., ::-1]))

    def content(self) -> bytes:
        self._writer.release()
        data = self._path.read_bytes()
        self._place.cleanup()
        return data
