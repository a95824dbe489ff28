"""Face alignment for an encoder: by the eyes, or by five landmarks."""

import math
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from PIL import Image

from likeness.arrays import Photo, check_images, check_in_range
from likeness.errors import DataError, NoEyesError, NoFaceError
from likeness.images.faces.face import Face
from likeness.images.faces.landmarks import LandmarkPredictor

LEAST_APART = 2.0
"""Least distance of the eyes in a photo, in pixels; below it the angle is unreliable."""


class Alignment(Protocol):
    """The alignment that an encoder needs: the pixels it reads, given a photo and the face in
    it.
    """

    @property
    def name(self) -> str:
        """Its landmarks: "eyes" or "points"."""

    def __call__(self, photo: Photo, face: Face | None, *, name: str = "the photo") -> Photo:
        """Return the aligned face, ``(rows, columns, 1 or 3)``, uint8.

        Raises:
            NoFaceError: there is no face.
            NoEyesError: the eyes are needed, and were not found.
        """


@dataclass(frozen=True)
class EyeAlignment:
    """The face rotated, scaled and shifted so that the eyes are at given positions.

    Args:
        eyes: (left column, left row, right column, right row) in what is returned.
        size: (rows, columns) of what is returned.
    """

    eyes: tuple[float, float, float, float]
    size: tuple[int, int]
    name: str = "eyes"

    def __call__(self, photo: Photo, face: Face | None, *, name: str = "the photo") -> Photo:
        """Return the aligned face; see `Alignment`."""
        if face is None:
            raise NoFaceError(
                f"{name}: expected one face, as the model needs the positions of its eyes. Found: "
                "none. Take a photo from the front, in even light."
            )
        if face.eyes is None:
            raise NoEyesError(
                f"{name}: expected two eyes, as the model needs their positions. Found: a "
                "face without. Take a photo from the front, with both eyes visible, or use another "
                "detector."
            )
        (left_row, left_column), (right_row, right_column) = face.eyes
        eyes_there = (left_column, left_row, right_column, right_row)
        if math.dist(eyes_there[:2], eyes_there[2:]) < LEAST_APART:
            raise NoEyesError(
                f"{name}: expected two eyes at least {LEAST_APART:g} pixels apart. Found: "
                f"{math.dist(eyes_there[:2], eyes_there[2:]):.2g}. Take the photo from a shorter "
                "distance."
            )
        return self.by_points(photo, eyes_there)

    def by_points(self, photo: Photo, points: tuple[float, float, float, float]) -> Photo:
        """Return the photo turned, scaled and moved so that two points of it lie at ``eyes``.

        Two points fix a similarity: with positions as complex numbers z = column + i row it is
        w = a z + b, where a = (w₂ − w₁) / (z₂ − z₁). (Umeyama, «Least-squares estimation of
        transformation parameters between two point patterns», 1991, equations 40 to 43, comes to
        this for two points.) Positions count from the centre of the first pixel, as in OpenCV's
        ``warpAffine`` and the published templates. In between, numbers are interpolated linearly;
        what is shrunk to less than half is averaged first, so that nothing is left out; what lies
        outside the photo is black, as where such encoders were trained.

        Args:
            photo: ``(rows, columns, 1 or 3)``, uint8.
            points: (column, row) of the left point in the photo, and of the right one.

        Returns:
            ``(*size, 1 or 3)``, uint8.

        Raises:
            DataError: the photo has another shape or type, or the points are equal.

        >>> import numpy as np
        >>> row = np.array([[[10], [20], [30], [40]]], np.uint8)
        >>> EyeAlignment((1, 0, 3, 0), (1, 4)).by_points(row, (0, 0, 2, 0)).ravel().tolist()
        [0, 10, 20, 30]
        """
        check_images(photo[None], argument="photo")
        if photo.shape[2] not in (1, 3) or not photo.size:
            raise DataError(
                f"photo: expected at least one pixel, of 1 or 3 channels. Received: {photo.shape}."
            )
        for side, word in zip(self.size, ("rows", "columns"), strict=True):
            check_in_range(side, 1, 65535, argument=f"size ({word})", whole=True)
        first, second = complex(*points[:2]), complex(*points[2:])
        target_first, target_second = complex(*self.eyes[:2]), complex(*self.eyes[2:])
        if abs(second - first) == 0 or abs(target_second - target_first) == 0:
            raise DataError(
                f"points, eyes: expected two points each. Received: {points} and {self.eyes}."
            )
        picture: Any = Image.fromarray(photo[..., 0] if photo.shape[2] == 1 else photo)
        shrunk = int(abs(second - first) / abs(target_second - target_first))
        if shrunk >= 2:
            picture = picture.reduce(shrunk)
            # The common centre of k pixels is at (k − 1) / 2.
            middle = (shrunk - 1) / 2 * (1 + 1j)
            first, second = (first - middle) / shrunk, (second - middle) / shrunk
        # Pillow needs the inverse map, with positions counted from the pixel's corner.
        back = (second - first) / (target_second - target_first)
        corner = (1 + 1j) / 2
        moved = first + corner - back * (target_first + corner)
        matrix = (back.real, -back.imag, moved.real, back.imag, back.real, moved.imag)
        made = picture.transform(
            self.size[::-1], Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR
        )
        return np.array(made, np.uint8).reshape(*self.size, photo.shape[2])


@dataclass(frozen=True, eq=False)
class PointAlignment:
    """The face cropped and aligned by five landmarks, as dlib's encoder was trained.

    Args:
        predictor: finds the points.
    """

    predictor: LandmarkPredictor
    name: str = "points"

    def __call__(self, photo: Photo, face: Face | None, *, name: str = "the photo") -> Photo:
        """Return the aligned face; see `Alignment`."""
        if face is None:
            raise NoFaceError(
                f"{name}: expected one face, the only part of a photo that the model reads. Found: "
                "none. Take a photo from the front, in even light."
            )
        return self.predictor.chip(photo, face.region or face.box)
