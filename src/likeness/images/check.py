"""`check_photo`: everything that can be said about one photo before anybody is enrolled with it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from likeness.images.faces.face import SMALLEST_FACE, Face, FaceFinder
from likeness.images.quality import PhotoWarning, Quality, measure_quality, quality_warnings


@dataclass(frozen=True, kw_only=True)
class PhotoCheck:
    """What one photo is like.

    Args:
        size: (rows, columns) of the whole photo.
        quality: of the face where exactly one was found, else of the whole photo.
        faces: what was found, the largest first; None if faces were not looked for.
        warnings: what may be wrong.
    """

    size: tuple[int, int]
    quality: Quality
    faces: tuple[Face, ...] | None
    warnings: tuple[PhotoWarning, ...]

    @property
    def face(self) -> Face | None:
        """The face, if there is exactly one."""
        return self.faces[0] if self.faces is not None and len(self.faces) == 1 else None


def check_photo(photo: NDArray[np.uint8], *, finder: FaceFinder | None = None) -> PhotoCheck:
    """Look at ``(rows, columns, 1 or 3)``, uint8, in its original size.

    Args:
        photo: as it was decoded; what was resized looks sharper than it is.
        finder: what looks for faces; None does without.

    Raises:
        DataError: the photo has another shape or type, or no pixel.
    """
    whole = measure_quality(photo)
    faces = None if finder is None else tuple(finder.find(photo))
    face = faces[0] if faces is not None and len(faces) == 1 else None
    quality = measure_quality(face.cut(photo)) if face else whole
    warnings = quality_warnings(quality, of_face=face is not None)
    if face is not None:  # that of the photo's size holds beside those of the face
        warnings = (*(w for w in quality_warnings(whole) if w.kind == "small"), *warnings)
    return PhotoCheck(
        size=(whole.rows, whole.columns),
        quality=quality,
        faces=faces,
        warnings=(*warnings, *_face_warnings(faces)),
    )


def _face_warnings(faces: tuple[Face, ...] | None) -> tuple[PhotoWarning, ...]:
    if faces is None:
        return ()
    if not faces:
        return (PhotoWarning(kind="no face", words="no face was found"),)
    if len(faces) > 1:
        return (PhotoWarning(kind="several faces", words=f"{len(faces)} faces were found"),)
    said = []
    rows, columns = faces[0].size
    if min(rows, columns) < SMALLEST_FACE:
        words = (
            f"the face has {columns}×{rows} pixels; at least {SMALLEST_FACE} each way are needed"
        )
        said.append(PhotoWarning(kind="small face", words=words))
    if faces[0].pose == "turned":
        said.append(PhotoWarning(kind="turned face", words="the face is seen from the side"))
    return tuple(said)
