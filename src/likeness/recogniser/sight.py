"""`Sight`: from the bytes of a photo to the pixels that the encoder is given."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from likeness.errors import NoFaceError, SettingError
from likeness.images.align import prepare_face
from likeness.images.check import PhotoCheck, check_photo
from likeness.images.decode import MOST_PIXELS, decode
from likeness.images.faces.face import Face, FaceFinder, only_face

Photo = NDArray[np.uint8]


@dataclass(frozen=True, eq=False, kw_only=True)
class Seen:
    """One face, or one whole photo, ready for the encoder.

    Args:
        pixels: ``(rows, columns, 1 or 3)``, uint8.
        box: of the face in the photo, (top, left, bottom, right); None if it was not looked for.
        quality: what was measured, JSON values.
        warnings: what may be wrong with the photo, in words.
    """

    pixels: Photo
    box: tuple[int, int, int, int] | None
    quality: Mapping[str, Any]
    warnings: tuple[str, ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class Looked:
    """A photo that was looked at.

    Args:
        size: (rows, columns) of the whole photo.
        seen: each face, the largest first; or the photo, if faces are not looked for.
    """

    size: tuple[int, int]
    seen: tuple[Seen, ...]


@dataclass(frozen=True, kw_only=True)
class Sight:
    """How photos are looked at before they are embedded.

    Args:
        finder: what looks for faces; None takes photos as they are.
        cut: whether the encoder gets the face alone; else the whole photo, and the finder only
            sees to it that there is one face. Take what the encoder was trained on.
        eyes: where the encoder wants the eyes, as its preparation says (see
            `images.align.prepare_face`); None if it does not ask for them. Goes before ``cut``.
        size: (rows, columns) that the encoder reads; needed with ``eyes``.
        most_pixels: larger photos are refused.

    Raises:
        SettingError: faces or eyes are wanted and nothing finds them, or no size is given.
    """

    finder: FaceFinder | None = None
    cut: bool = False
    eyes: tuple[float, float, float, float] | None = None
    size: tuple[int, int] | None = None
    most_pixels: int = MOST_PIXELS

    def __post_init__(self) -> None:
        for argument, wanted in (("cut", self.cut), ("eyes", self.eyes is not None)):
            if wanted and self.finder is None:
                raise SettingError(
                    f"{argument}: expected a finder of faces beside it. Received: none. Name one: "
                    "`--faces haar`."
                )
        if self.eyes is not None and self.size is None:
            raise SettingError("size: expected (rows, columns) beside eyes. Received: none.")

    def way(self, *, every: bool = False) -> dict[str, Any]:
        """Return what the encoder is given, as a template's provenance says it.

        Args:
            every: whether of `every` face, or of the `one`.

        Returns:
            ``cut``: the face alone; ``eyes``: turned by the eyes; ``finder``: what found it, by
            its ``name`` or its class, None if the whole photo is given.
        """
        eyes = self.eyes is not None
        cut = (self.cut or every) and not eyes
        finder = getattr(self.finder, "name", type(self.finder).__name__)
        return {"cut": cut, "eyes": eyes, "finder": finder if cut or eyes else None}

    def one(self, data: bytes, *, name: str) -> Seen:
        """Return the one person of a photo.

        Args:
            data: the bytes of the photo.
            name: what to call it in a message.

        Raises:
            ImageError: it is no photo that can be read.
            FaceError: with a finder, there is not exactly one face of sufficient size, or its
                eyes are wanted and not found.
        """
        return self._one(self._decoded(data, name), name=name)

    def look(self, data: bytes, *, name: str, every: bool) -> Looked:
        """Return the size of a photo and who is to be seen in it; nobody is allowed.

        Args:
            data: the bytes of the photo.
            name: what to call it in a message.
            every: whether all faces count; else the photo is of one person. Without a finder
                the photo is taken as one face.

        Raises:
            ImageError: it is no photo that can be read.
            FaceError: the photo of one person shows several faces, or one that is too small;
                or eyes are wanted and one face shows none.
        """
        photo = self._decoded(data, name)
        size = (photo.shape[0], photo.shape[1])
        try:
            if every and self.finder is not None:
                return Looked(size=size, seen=tuple(self._every(photo, name=name)))
            return Looked(size=size, seen=(self._one(photo, name=name),))
        except NoFaceError:
            return Looked(size=size, seen=())

    def _decoded(self, data: bytes, name: str) -> Photo:
        return decode(data, name=name, most_pixels=self.most_pixels)

    def _one(self, photo: Photo, *, name: str) -> Seen:
        if self.finder is None:
            return _seen(photo, check_photo(photo))
        face = only_face(self.finder, photo, name=name)
        check = check_photo(photo, finder=_Found(face))
        return _seen(self._pixels(photo, face, name=name), check, box=face.box)

    def every(self, data: bytes, *, name: str) -> list[Seen]:
        """Return each face of a group photo, cut out, the largest first.

        Raises:
            ImageError: it is no photo that can be read.
            FaceError: no face is found, or eyes are wanted and one face shows none.
            SettingError: there is no finder.
        """
        if self.finder is None:
            raise SettingError(
                "all faces: expected a finder of faces. Received: none. Name one: `--faces haar`."
            )
        return self._every(self._decoded(data, name), name=name)

    def _every(self, photo: Photo, *, name: str) -> list[Seen]:
        assert self.finder is not None
        faces = self.finder.find(photo)
        if not faces:
            raise NoFaceError(f"{name}: expected faces. Found: none. Take it in even light.")
        alone = replace(self, cut=True)
        return [
            _seen(
                alone._pixels(photo, face, name=name),
                check_photo(photo, finder=_Found(face)),
                box=face.box,
            )
            for face in faces
        ]

    def _pixels(self, photo: Photo, face: Face, *, name: str) -> Photo:
        if self.eyes is not None and self.size is not None:
            return prepare_face(photo, face, eyes=self.eyes, size=self.size, name=name)
        return face.cut(photo) if self.cut else photo


def face_finder(faces: str) -> FaceFinder:
    """Return OpenCV's own finder for "haar", or the one in an ONNX file.

    Raises:
        FaceError, MissingExtraError: it cannot be had.
    """
    from likeness.images.faces import HaarFaceFinder, YuNetFaceFinder  # late: OpenCV

    return HaarFaceFinder() if faces == "haar" else YuNetFaceFinder(path=Path(faces))


def sight_for(faces: str, *, cut: bool, model: Any = None) -> Sight:
    """Return how photos are looked at.

    A model whose preparation asks for the eyes gets them: from OpenCV's finder if no other one
    is named.

    Args:
        faces: what finds them: "none", "haar", or an ONNX file for cv2.FaceDetectorYN.
        cut: whether the model gets the face alone.
        model: for whom; only its preparation is looked at.

    Raises:
        SettingError: faces are to be cut out and nothing finds them.
        FaceError, MissingExtraError: what should find faces cannot be had.
    """
    preparation = getattr(model, "preparation", None)
    eyes = getattr(preparation, "eyes", None)
    if faces == "none" and (eyes is None or cut):
        return Sight(cut=cut)
    finder = face_finder("haar" if faces == "none" else faces)
    if preparation is None or eyes is None:
        return Sight(finder=finder, cut=cut)
    return Sight(finder=finder, eyes=eyes, size=(preparation.rows, preparation.columns))


@dataclass(frozen=True, kw_only=False)
class _Found:
    """A finder of what was found already: nothing is looked for twice."""

    face: Face

    def find(self, photo: Photo) -> list[Face]:
        return [self.face]


def _seen(
    pixels: Photo, check: PhotoCheck, *, box: tuple[int, int, int, int] | None = None
) -> Seen:
    return Seen(
        pixels=pixels,
        box=box,
        quality=asdict(check.quality),
        warnings=tuple(warning.words for warning in check.warnings),
    )
