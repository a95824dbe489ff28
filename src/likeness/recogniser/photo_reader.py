"""`PhotoReader`: from the bytes of a photo to the encoder's input pixels.

`PhotoReader.write_faces` writes the faces of a folder of photos, for training and calibration.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

from likeness.arrays import Photo
from likeness.datasets import OnProgress
from likeness.datasets.photo_files import PhotoFiles
from likeness.errors import FaceError, ImageError, NoFaceError, OutputError, SettingError
from likeness.files import check_new_folder, whole_folder
from likeness.images.align import Alignment
from likeness.images.decode import MOST_PIXELS, decode, read_photo
from likeness.images.faces.face import Face, FaceFinder, only_face
from likeness.images.quality import PhotoCheck, Quality
from likeness.model.alignment import alignment_of
from likeness.model.protocol import Model
from likeness.recogniser.capture import Capture


@dataclass(frozen=True, eq=False, kw_only=True)
class PreparedFace:
    """One face, or one whole photo, ready for the encoder.

    Args:
        pixels: ``(rows, columns, 1 or 3)``, uint8.
        box: of the face in the photo, (top, left, bottom, right); None without a face detector.
        quality: what was measured.
        warnings: possible problems of the photo, in words.
    """

    pixels: Photo
    box: tuple[int, int, int, int] | None
    quality: Quality
    warnings: tuple[str, ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class PreparedPhoto:
    """A decoded photo and the faces in it.

    Args:
        size: (rows, columns) of the whole photo.
        faces: the largest first; the whole photo as one face without a face detector.
    """

    size: tuple[int, int]
    faces: tuple[PreparedFace, ...]


@dataclass(frozen=True, kw_only=True)
class PhotoReader:
    """Decodes photos and prepares the faces in them for the encoder.

    Args:
        finder: the face detector; None uses whole photos.
        cut: whether the encoder reads the cropped face; otherwise the whole photo, and the detector
            only checks that there is one face. Use the same as in training.
        alignment: the alignment that the encoder needs; None if it reads photos or crops without
            alignment. Takes precedence over ``cut``.
        most_pixels: larger photos are refused.

    Raises:
        SettingError: faces are needed, and there is no detector.
    """

    finder: FaceFinder | None = None
    cut: bool = False
    alignment: Alignment | None = None
    most_pixels: int = MOST_PIXELS

    def __post_init__(self) -> None:
        for argument, wanted in (("cut", self.cut), ("alignment", self.alignment is not None)):
            if wanted and self.finder is None:
                raise SettingError(
                    f"{argument}: expected a face detector with it. Received: none. Choose one: "
                    "`--faces haar`."
                )

    @classmethod
    def for_model(
        cls, model: Model | None, *, faces: str, cut: bool, most_pixels: int = MOST_PIXELS
    ) -> "PhotoReader":
        """Return the photo reader for a model.

        A model that needs aligned faces gets them, by OpenCV's detector unless another is given.

        Args:
            model: the model; only its alignment is read.
            faces: the face detector: "none", "haar", or an ONNX file for cv2.FaceDetectorYN.
            cut: whether the model reads the cropped face.
            most_pixels: larger photos are refused.

        Raises:
            SettingError: faces are to be cropped without a detector.
            FaceError, MissingExtraError: the face detector cannot be loaded.
        """
        alignment = alignment_of(model)
        finder = None
        if faces != "none" or (alignment is not None and not cut):
            finder = face_finder("auto" if faces == "none" else faces)
        return cls(
            finder=finder,
            cut=cut and (alignment is None or finder is None),
            alignment=None if finder is None else alignment,
            most_pixels=most_pixels,
        )

    def following(self, capture: Capture | None) -> "PhotoReader":
        """Return a reader that crops faces as a gallery's photos were cropped.

        Only a reader without a detector follows: what was asked for stays, and so does a reader
        whose detector is not available. `Recogniser.check_capture` says what does not fit.

        Args:
            capture: of the gallery; None if it has no photos.

        Raises:
            MissingExtraError: OpenCV is not installed.
        """
        if capture is None or not capture.cut or self.finder is not None or self.cut:
            return self
        for finder in map(face_finder, ("haar", "auto")):
            if capture.finder in (None, getattr(finder, "name", None)):
                return replace(self, finder=finder, cut=True)
        return self

    def capture(self, *, all_faces: bool = False) -> Capture:
        """Return the capture settings, as a template's provenance records them.

        Args:
            all_faces: of each face of a group photo, which is always cut out.
        """
        aligned = None if self.alignment is None else self.alignment.name
        cut = (self.cut or all_faces) and not aligned
        finder = getattr(self.finder, "name", type(self.finder).__name__)
        return Capture(cut=cut, aligned=aligned, finder=finder if cut or aligned else None)

    def read_face(self, data: bytes, *, name: str) -> PreparedFace:
        """Return the one face of a photo.

        Args:
            data: the bytes of the photo.
            name: its name in messages.

        Raises:
            ImageError: the photo cannot be decoded.
            FaceError: with a detector, there is not exactly one face of sufficient size, or its
                eyes are needed and not found.
        """
        return self._one_face(self._decoded(data, name), name=name)

    def read_faces(self, data: bytes, *, name: str) -> list[PreparedFace]:
        """Return each face of a group photo, cut out, the largest first.

        Raises:
            ImageError: the photo cannot be decoded.
            FaceError: no face is found, or eyes are needed and not found in a face.
            SettingError: there is no finder.
        """
        if self.finder is None:
            raise SettingError(
                "all faces: expected a face detector. Received: none. Choose one: `--faces haar`."
            )
        return self._all_faces(self._decoded(data, name), self.finder, name=name)

    def read(self, data: bytes, *, name: str, all_faces: bool) -> PreparedPhoto:
        """Return the size of a photo and its faces; there may be none.

        Args:
            data: the bytes of the photo.
            name: its name in messages.
            all_faces: whether all faces count; otherwise the photo is of one person. Without a
                detector the photo counts as one face.

        Raises:
            ImageError: the photo cannot be decoded.
            FaceError: the photo of one person shows several faces, or one that is too small;
                or eyes are needed and not found in a face.
        """
        photo = self._decoded(data, name)
        try:
            if all_faces and self.finder is not None:
                faces = self._all_faces(photo, self.finder, name=name)
            else:
                faces = [self._one_face(photo, name=name)]
        except NoFaceError:
            faces = []
        return PreparedPhoto(size=(photo.shape[0], photo.shape[1]), faces=tuple(faces))

    def write_faces(
        self, photos: Path, out: Path, *, on_progress: OnProgress | None = None
    ) -> "_FacePhotos":
        """Write the face of each photo as a PNG file, in the same sub-folders; all or nothing.

        The pixels equal those that enrolment and identification use with this reader, so a model
        can be trained and calibrated on them.

        Args:
            photos: one sub-folder per person.
            out: the new folder; must not exist yet, or be empty.
            on_progress: called with (photos read, photos in all).

        Raises:
            DataNotFoundError: there is no photo in a sub-folder.
            FaceError: no photo has exactly one face.
            OutputError: the folder is not empty, or it cannot be written.
        """
        check_new_folder(out, document="")
        if out.resolve().is_relative_to(photos.resolve()):
            raise OutputError(
                f"{out}: expected a folder outside of {photos}, whose sub-folders are people. "
                "Choose another one."
            )
        walked = PhotoFiles.required_of_people(photos)
        files = walked.photos
        names = _names(files)
        people: set[str] = set()
        refused: list[str] = []
        with whole_folder(out) as fresh:
            for done, (file, name) in enumerate(zip(files, names, strict=True), 1):
                try:
                    pixels = self.read_face(read_photo(file), name=str(file)).pixels
                except (FaceError, ImageError) as error:
                    refused.append(str(error))
                else:
                    people.add(file.parent.name)
                    path = fresh / file.parent.name / name
                    path.parent.mkdir(exist_ok=True)
                    Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).save(path)
                if on_progress:
                    on_progress(done, len(files))
            if not people:
                raise FaceError(
                    f"{photos}: expected photos of one face each. Found: none among {len(files)}. "
                    f"The first: {refused[0]}"
                )
        notes = tuple(note.removeprefix("left out: ") for note in walked.notes(photos))
        return _FacePhotos(
            photos=len(files) - len(refused), people=len(people), left_out=(*notes, *refused)
        )

    def _decoded(self, data: bytes, name: str) -> Photo:
        return decode(data, name=name, most_pixels=self.most_pixels)

    def _one_face(self, photo: Photo, *, name: str) -> PreparedFace:
        if self.finder is None:
            return _prepared(photo, PhotoCheck.of(photo), box=None)
        return self._face(photo, only_face(self.finder, photo, name=name), name=name)

    def _all_faces(self, photo: Photo, finder: FaceFinder, *, name: str) -> list[PreparedFace]:
        faces = finder.find(photo)
        if not faces:
            raise NoFaceError(f"{name}: expected faces. Found: none. Take it in even light.")
        cutting = replace(self, cut=True)
        return [cutting._face(photo, face, name=name) for face in faces]

    def _face(self, photo: Photo, face: Face, *, name: str) -> PreparedFace:
        check = PhotoCheck.of(photo, finder=_KnownFace(face))
        return _prepared(self._pixels(photo, face, name=name), check, box=face.box)

    def _pixels(self, photo: Photo, face: Face, *, name: str) -> Photo:
        if self.alignment is not None:
            return self.alignment(photo, face, name=name)
        return face.cut(photo) if self.cut else photo


def face_finder(faces: str) -> FaceFinder:
    """Return OpenCV's detector for "haar", YuNet for "yunet", or the one in an ONNX file.

    "auto" is YuNet, if `likeness model get yunet` has put it into the cache, or else OpenCV's.

    Raises:
        FaceError, MissingExtraError: it cannot be loaded.
    """
    from likeness.images.faces import HaarFaceFinder, YuNetFaceFinder  # late: OpenCV

    if faces in ("auto", "yunet"):
        from likeness.model.public import YUNET  # late: its many imports

        file = YUNET.ready
        if file is None and faces == "yunet":
            raise FaceError(
                "faces: expected YuNet in the cache. Found none. Get it with `likeness model get "
                "yunet`."
            )
        return HaarFaceFinder() if file is None else YuNetFaceFinder(path=file)
    return HaarFaceFinder() if faces == "haar" else YuNetFaceFinder(path=Path(faces))


@dataclass(frozen=True)
class _KnownFace:
    """A detector that returns a face found before, so that detection runs once."""

    face: Face

    def find(self, photo: Photo) -> list[Face]:
        return [self.face]


def _prepared(
    pixels: Photo, check: PhotoCheck, *, box: tuple[int, int, int, int] | None
) -> PreparedFace:
    return PreparedFace(
        pixels=pixels,
        box=box,
        quality=check.quality,
        warnings=tuple(warning.words for warning in check.warnings),
    )


@dataclass(frozen=True, kw_only=True)
class _FacePhotos:
    """What was written.

    Args:
        photos: how many faces.
        people: how many sub-folders they are in.
        left_out: the photos without exactly one face that is large enough, and those that cannot
            be read: a sentence each.
    """

    photos: int
    people: int
    left_out: tuple[str, ...]


def _names(files: Sequence[Path]) -> list[str]:
    """Return the file name of each face: the photo's stem, or its full name if two stems are
    equal.
    """
    twins = Counter((file.parent, file.stem.lower()) for file in files)
    return [
        f"{file.stem if twins[file.parent, file.stem.lower()] == 1 else file.name}.png"
        for file in files
    ]
