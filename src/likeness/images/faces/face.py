"""`Face`: one face in a photo; `FaceFinder`: what finds them; `only_face`: the one that counts.

OpenCV, which the finders use, comes with the package, but other packages may replace or remove it.
"""

import math
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from likeness.errors import FaceTooSmallError, NoFaceError, SeveralFacesError, require_extra

SMALLEST_FACE = 48
"""Pixels of a face's shorter side: about what the encoders here read (46 columns)."""

Point = tuple[float, float]
Pose = Literal["frontal", "turned", "not judged"]


@dataclass(frozen=True, kw_only=True)
class Face:
    """One face.

    Args:
        box: (top, left, bottom, right), whole pixels of the photo, the last two exclusive.
        score: larger is more certain; its scale is the detector's own, not a probability.
        eyes: (row, column) of the eye on the left of the picture and of the one on the right;
            None where two were not found.
        pose: "frontal" if it was found as such with both eyes, "turned" if as a profile;
            "not judged" if neither can be shown.
        region: the square that predictors of landmarks expect around a face, (top, left, bottom,
            right) in whole pixels, the last two exclusive; it may reach beyond the photo. None
            where the finder does not tell.
    """

    box: tuple[int, int, int, int]
    score: float
    eyes: tuple[Point, Point] | None = None
    pose: Pose = "not judged"
    region: tuple[int, int, int, int] | None = None

    @property
    def size(self) -> tuple[int, int]:
        """(rows, columns) in pixels."""
        top, left, bottom, right = self.box
        return (bottom - top, right - left)

    @property
    def roll(self) -> float | None:
        """Degrees by which the line of the eyes falls to the right of the picture, −90…90.

        None where the eyes were not found.

        >>> Face(box=(0, 0, 9, 9), score=1, eyes=((3, 2), (5, 4))).roll
        45.0
        """
        if self.eyes is None:
            return None
        (left_row, left_column), (right_row, right_column) = self.eyes
        return math.degrees(math.atan2(right_row - left_row, right_column - left_column))

    def cut(self, photo: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return this face's part of ``(rows, columns, channels)``."""
        top, left, bottom, right = self.box
        return photo[top:bottom, left:right]


def landmark_region(
    extent: tuple[float, float, float, float], *, right: float, down: float, side: float
) -> tuple[int, int, int, int]:
    """Return `Face.region` of a finder's box, by how the finder frames a face.

    Args:
        extent: (top, left, bottom, right) as the finder gave it, not cut to the photo.
        right, down: where the middle moves, and
        side: of the square, in units of √(width · height) of the box.
    """
    top, left, bottom, end = extent
    unit = math.sqrt((bottom - top) * (end - left))
    x = (left + end - side * unit) / 2 + right * unit
    y = (top + bottom - side * unit) / 2 + down * unit
    low, high = (math.floor(y + 0.5), math.floor(x + 0.5)), side * unit
    return (*low, math.floor(y + high + 0.5), math.floor(x + high + 0.5))


class FaceFinder(Protocol):
    """Whatever finds faces."""

    def find(self, photo: NDArray[np.uint8]) -> list[Face]:
        """Return the faces in ``(rows, columns, 1 or 3)``, uint8, the largest first."""
        ...


def only_face(finder: FaceFinder, photo: NDArray[np.uint8], *, name: str = "the photo") -> Face:
    """Return the one face in a photo: what enrolment asks for.

    Args:
        finder: what looks for it.
        photo: ``(rows, columns, 1 or 3)``, uint8.
        name: name of the photo in messages.

    Raises:
        NoFaceError: there is none.
        SeveralFacesError: there are two or more.
        FaceTooSmallError: its shorter side is under `SMALLEST_FACE` pixels.
    """
    faces = finder.find(photo)
    if not faces:
        raise NoFaceError(
            f"{name}: expected one face. Found: none. Take a photo from the front, in even light."
        )
    if len(faces) > 1:
        raise SeveralFacesError(
            f"{name}: expected one face. Found: {len(faces)}. Cut the photo to the person."
        )
    rows, columns = faces[0].size
    if min(rows, columns) < SMALLEST_FACE:
        raise FaceTooSmallError(
            f"{name}: expected a face of at least {SMALLEST_FACE} pixels each way. "
            f"Found: {columns}×{rows}. Take the photo from nearer."
        )
    return faces[0]


_PACKAGE = "opencv-python-headless<4.12"

INSTALL = f'Install it with `pip install "{_PACKAGE}"`.'


def opencv() -> Any:
    """Import OpenCV where faces are looked for, and not before: it takes its time.

    Raises:
        MissingExtraError: it cannot be imported.
    """
    return require_extra("cv2", package=_PACKAGE)
