"""`Face`: a detected face; `FaceFinder`: a detector; `only_face`: the single face of a photo.

OpenCV, which the finders use, is installed with the package, but other packages may replace or
remove it.
"""

import math
from dataclasses import dataclass
from typing import Literal, Protocol

from likeness.arrays import Photo
from likeness.errors import FaceTooSmallError, NoFaceError, SeveralFacesError

SMALLEST_FACE = 48
"""Least shorter side of a face, in pixels: about the input of the encoders here (46 columns)."""

Point = tuple[float, float]
Pose = Literal["frontal", "turned", "not judged"]


@dataclass(frozen=True, kw_only=True)
class Framing:
    """How a finder frames a face, against the square that predictors of landmarks expect.

    Args:
        right, down: from the middle of the finder's box to that of the square, and
        side: of the square, in units of √(width · height) of the box.
    """

    right: float
    down: float
    side: float

    def region(self, extent: tuple[float, float, float, float]) -> tuple[int, int, int, int]:
        """Return `Face.region` of a finder's box, (top, left, bottom, right), not cut."""
        top, left, bottom, right = extent
        unit = math.sqrt((bottom - top) * (right - left))
        side = self.side * unit
        x = (left + right - side) / 2 + self.right * unit
        y = (top + bottom - side) / 2 + self.down * unit
        top, left, bottom, right = (math.floor(v + 0.5) for v in (y, x, y + side, x + side))
        return (top, left, bottom, right)


@dataclass(frozen=True, kw_only=True)
class Face:
    """One face.

    Args:
        box: (top, left, bottom, right), whole pixels of the photo, the last two exclusive.
        score: larger is more certain; its scale is the detector's own, not a probability.
        eyes: (row, column) of the eye on the left of the picture and of the one on the right;
            None if they were not found.
        pose: "frontal" if it was found as such with both eyes, "turned" if as a profile;
            "not judged" otherwise.
        region: the square that predictors of landmarks expect around a face, (top, left, bottom,
            right) in whole pixels, the last two exclusive; it may reach beyond the photo. None if
            the detector does not provide it.
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
        """Roll angle in degrees: how far the line of the eyes falls to the right, −90…90.

        None where the eyes were not found.

        >>> Face(box=(0, 0, 9, 9), score=1, eyes=((3, 2), (5, 4))).roll
        45.0
        """
        if self.eyes is None:
            return None
        (left_row, left_column), (right_row, right_column) = self.eyes
        return math.degrees(math.atan2(right_row - left_row, right_column - left_column))

    @classmethod
    def within(
        cls,
        photo_size: tuple[int, int],
        extent: tuple[float, float, float, float],
        *,
        framing: Framing,
        score: float,
        eyes: tuple[Point, Point] | None = None,
        pose: Pose = "not judged",
    ) -> "Face":
        """Return the face that a finder saw; what reaches beyond the photo is cut off its box.

        Args:
            photo_size: (rows, columns).
            extent: (top, left, bottom, right) as the finder gave it.
            framing: the finder's.
            score, eyes, pose: as of the class.
        """
        rows, columns = photo_size
        top, left, bottom, right = (round(edge) for edge in extent)
        box = (
            min(max(top, 0), rows - 1),
            min(max(left, 0), columns - 1),
            min(max(bottom, 1), rows),
            min(max(right, 1), columns),
        )
        return cls(box=box, score=score, eyes=eyes, pose=pose, region=framing.region(extent))

    def is_portrait_in(self, photo: Photo) -> bool:
        """Return whether it takes a third of the photo's shorter side or more.

        Then who is small in the background is not meant.
        """
        rows, columns = photo.shape[:2]
        return bool(3 * self.size[0] >= min(rows, columns))

    def cut(self, photo: Photo) -> Photo:
        """Return this face's part of ``(rows, columns, channels)``."""
        top, left, bottom, right = self.box
        return photo[top:bottom, left:right]


def apart(faces: list[Face]) -> list[Face]:
    """Return the faces without those of which half or more lies in an earlier one."""
    kept: list[Face] = []
    for face in faces:
        top, left, bottom, right = face.box
        area = (bottom - top) * (right - left)
        shared = (
            max(0, min(bottom, other[2]) - max(top, other[0]))
            * max(0, min(right, other[3]) - max(left, other[1]))
            for other in (earlier.box for earlier in kept)
        )
        if all(2 * pixels < area for pixels in shared):
            kept.append(face)
    return kept


class FaceFinder(Protocol):
    """A face detector."""

    def find(self, photo: Photo) -> list[Face]:
        """Return the faces in ``(rows, columns, 1 or 3)``, uint8, the largest first."""
        ...


def only_face(finder: FaceFinder, photo: Photo, *, name: str = "the photo") -> Face:
    """Return the single face of a photo, as enrolment needs it.

    Args:
        finder: the face detector.
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
            f"{name}: expected one face. Found: {len(faces)}. Crop the photo to the person."
        )
    rows, columns = faces[0].size
    if min(rows, columns) < SMALLEST_FACE:
        raise FaceTooSmallError(
            f"{name}: expected a face of at least {SMALLEST_FACE} pixels each way. "
            f"Found: {columns}×{rows}. Take the photo from a shorter distance."
        )
    return faces[0]


PACKAGE = "opencv-python-headless>=4.8"

INSTALL = f'Install it with `pip install "{PACKAGE}"`.'
