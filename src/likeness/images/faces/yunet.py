"""Face detection by an ONNX file for `cv2.FaceDetectorYN`, such as YuNet."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from likeness.arrays import check_in_range
from likeness.errors import FaceError, MissingExtraError, require_extra
from likeness.images.faces.face import INSTALL, PACKAGE, Face, Framing, apart
from likeness.images.preparation import fit

SHRUNK_TO = 1024
"""Pixels of the longer side; YuNet was trained on faces of 10 to 300 pixels."""


SHRUNK_FOR_SMALL = 2048
"""A second look at a larger photo: a face of 48 in 12 megapixels has 24 pixels there."""

FRAMING = Framing(right=0.007, down=0.067, side=0.968)
"""Medians over the AT&T faces against dlib's own boxes."""


@dataclass(frozen=True, kw_only=True)
class YuNetFaceFinder:
    """Wu et al., «YuNet: a tiny millisecond-level face detector», 2023, as OpenCV runs it.

    Its file is not part of OpenCV. OpenCV's model zoo offers one under the MIT licence.

    Args:
        path: the ONNX file.
        least_score: of a face, 0…1.
    """

    path: Path
    least_score: float = 0.7

    def __post_init__(self) -> None:
        check_in_range(self.least_score, 0.0, 1.0, argument="least_score")
        _ = self._detector  # fail early, not at the first photo

    @cached_property
    def name(self) -> str:
        """The detector's name in a template's provenance: by its file's SHA-256."""
        return f"detector {hashlib.sha256(self.path.read_bytes()).hexdigest()[:12]}"

    def find(self, photo: NDArray[np.uint8]) -> list[Face]:
        """Return the faces in ``(rows, columns, 1 or 3)``, uint8, the largest first.

        Raises:
            DataError: the photo has another shape or type.
            FaceError: the network in the file is not such a face detector.
        """
        coarse, fine = (
            min(1.0, side / max(photo.shape[:2])) for side in (SHRUNK_TO, SHRUNK_FOR_SMALL)
        )
        faces = self._detected(photo, coarse)
        if fine > coarse and not any(face.is_portrait_in(photo) for face in faces):
            # Faces of a group are too small once all of the photo is shrunk so far.
            faces += self._detected(photo, fine)
        return sorted(apart(faces), key=lambda face: -face.size[0] * face.size[1])

    def _detected(self, photo: NDArray[np.uint8], scale: float) -> list[Face]:
        """Return the faces that are found in the photo at this scale."""
        rows, columns = photo.shape[:2]
        size = (max(1, round(rows * scale)), max(1, round(columns * scale)))
        colour = fit(photo, rows=size[0], columns=size[1], channels=3)
        cv2 = require_extra("cv2", package=PACKAGE)
        try:
            self._detector.setInputSize((size[1], size[0]))
            _, detections = self._detector.detect(np.ascontiguousarray(colour[..., ::-1]))
        except cv2.error as error:
            raise self._refused(error) from error
        rows_found = (
            [] if detections is None else [row for row in detections if np.isfinite(row).all()]
        )
        return [_face(row, (rows, columns), scale) for row in rows_found]

    @cached_property
    def _detector(self) -> Any:
        cv2 = require_extra("cv2", package=PACKAGE)
        if not hasattr(cv2, "FaceDetectorYN"):
            raise MissingExtraError(
                f"this needs OpenCV 4.5.4 or newer. Found: {cv2.__version__}. {INSTALL}"
            )
        if not Path(self.path).is_file():
            raise FaceError(
                f"{self.path}: expected an ONNX file for cv2.FaceDetectorYN. Found: "
                f"{'a folder' if Path(self.path).is_dir() else 'nothing'}. OpenCV's model zoo "
                "has face_detection_yunet."
            )
        try:
            return cv2.FaceDetectorYN.create(str(self.path), "", (320, 320), self.least_score)
        except cv2.error as error:
            raise self._refused(error) from error

    def _refused(self, error: Exception) -> FaceError:
        lines = [line for line in str(error).splitlines() if line.strip()]
        return FaceError(
            f"{self.path}: expected an ONNX file for cv2.FaceDetectorYN. OpenCV rejects it: "
            f"{lines[0] if lines else 'without a reason'}. Try OpenCV's face_detection_yunet."
        )


def _face(row: NDArray[np.float32], size: tuple[int, int], scale: float) -> Face:
    """Read OpenCV's row: x, y, width, height, five points (x, y), the eyes first; score."""
    x, y, wide, tall = (float(value) / scale for value in row[:4])
    points = [(float(row[at + 1]) / scale, float(row[at]) / scale) for at in (4, 6)]
    left, right = sorted(points, key=lambda point: point[1])
    return Face.within(
        size,
        (y, x, y + tall, x + wide),
        framing=FRAMING,
        score=float(row[14]),
        eyes=(left, right),
    )
