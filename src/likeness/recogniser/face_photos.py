"""Photos of faces alone, cut out as a recogniser with ``PhotoReader(cut=True)`` does."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from likeness.datasets import OnProgress
from likeness.datasets.photo_folder import photo_files
from likeness.errors import FaceError, ImageError, OutputError
from likeness.files import check_new_folder, whole_folder
from likeness.images.decode import read_photo
from likeness.images.faces.face import FaceFinder
from likeness.recogniser.photo_reader import PhotoReader

FORMAT = "likeness.face-photos/1"


@dataclass(frozen=True, kw_only=True)
class FacePhotos:
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

    def as_dict(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return {"format": FORMAT, **asdict(self)}


def write_face_photos(
    photos: Path, out: Path, *, finder: FaceFinder, on_progress: OnProgress | None = None
) -> FacePhotos:
    """Write the face of each photo as a PNG file, in the same sub-folders; all or nothing.

    A model that is trained and calibrated on them knows what it is given by enrolment and
    identification with ``cut``: the pixels are the same.

    Args:
        photos: one sub-folder per person.
        out: the new folder; must not exist yet, or be empty.
        finder: what finds the faces.
        on_progress: called with (photos read, photos in all).

    Raises:
        DataNotFoundError: there is no photo in a sub-folder.
        FaceError: no photo has exactly one face.
        OutputError: something is in the way, or it cannot be written.
    """
    check_new_folder(out, document="")
    if out.resolve().is_relative_to(photos.resolve()):
        raise OutputError(
            f"{out}: expected a folder outside of {photos}, whose sub-folders are people. Choose "
            "another one."
        )
    files, _ = photo_files(photos)
    reader = PhotoReader(finder=finder, cut=True)
    names = _names(files)
    people: set[str] = set()
    left_out: list[str] = []
    with whole_folder(out) as fresh:
        for done, (file, name) in enumerate(zip(files, names, strict=True), 1):
            try:
                pixels = reader.read_face(read_photo(file), name=str(file)).pixels
            except (FaceError, ImageError) as error:
                left_out.append(str(error))
            else:
                people.add(file.parent.name)
                path = fresh / file.parent.name / name
                path.parent.mkdir(exist_ok=True)
                Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).save(path)
            if on_progress:
                on_progress(done, len(files))
        if not people:
            raise FaceError(
                f"{photos}: expected photos of one face each. Found: none among {len(files)}. The "
                f"first: {left_out[0]}"
            )
    return FacePhotos(
        photos=len(files) - len(left_out), people=len(people), left_out=tuple(left_out)
    )


def _names(files: Sequence[Path]) -> list[str]:
    """Return what each file's face is called: its name, or all of it where two would be one."""
    twins = Counter((file.parent, file.stem.lower()) for file in files)
    return [
        f"{file.stem if twins[file.parent, file.stem.lower()] == 1 else file.name}.png"
        for file in files
    ]
