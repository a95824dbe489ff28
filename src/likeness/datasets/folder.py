"""Any folder with one sub-folder of photos per person."""

from collections import Counter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from likeness.datasets._dataset import Dataset, natural_key
from likeness.datasets._download import OnProgress
from likeness.errors import DataNotFoundError, ImageError
from likeness.images.decode import EXTENSIONS, decode
from likeness.images.fit import fit

USUAL_SIZE = (112, 92)

Photo = NDArray[np.uint8]


def folder(
    path: str | Path,
    *,
    size: tuple[int, int] | None = None,
    channels: int = 1,
    strict: bool = False,
    on_progress: OnProgress | None = None,
) -> Dataset:
    """Read ``path/person/photo.jpg`` for every person and photo, in natural order.

    Args:
        path: JPEG, PNG, PGM, PPM, BMP and WebP files in its sub-folders are read; other
            files, and hidden ones, are passed over.
        size: (rows, columns) that every photo is cut and resized to; if not given, the size
            that all photos have in common, or 112×92.
        channels: 1 (grey) or 3 (colour).
        strict: whether a broken file is an error. Otherwise it is left out and listed in the
            data set's ``notes``.
        on_progress: called after every photo.

    Raises:
        DataNotFoundError: there is no such folder, or no photo in its sub-folders.
        ImageError: a file is broken, and ``strict``.
    """
    path = Path(path)
    people = _people(path)
    files = [(person.name, file) for person in people for file in _photo_files(person)]
    photos, broken = _read(files, on_progress)
    if broken and strict:
        more = f" ({len(broken) - 1} more are broken)" if len(broken) > 1 else ""
        raise ImageError(f"{broken[0]}{more} Remove them, or read without `strict`.")
    if not photos:
        raise DataNotFoundError(
            f"{path}: expected sub-folders with photos, one per person. Found no photo that "
            f"can be read in its {len(people)} sub-folders."
            + (f" The first trouble: {broken[0]}" if broken else "")
        )
    rows, columns = size or _common_size([photo for _, _, photo in photos])
    empty = sorted({person.name for person in people} - {name for name, _, _ in photos})
    return Dataset(
        np.stack([fit(p, rows=rows, columns=columns, channels=channels) for _, _, p in photos]),
        [name for name, _, _ in photos],
        [f"{name}/{file.name}" for name, file, _ in photos],
        name=path.resolve().name,
        notes=tuple(broken) + tuple(f"{name}: no photo in this folder." for name in empty),
    )


def _people(path: Path) -> list[Path]:
    if not path.is_dir():
        what = "a file" if path.exists() else "nothing there"
        raise DataNotFoundError(
            f"{path}: expected a folder with one sub-folder of photos per person. Received: {what}."
        )
    people = [entry for entry in path.iterdir() if entry.is_dir() and entry.name[0] != "."]
    return sorted(people, key=lambda entry: natural_key(entry.name))


def _photo_files(person: Path) -> list[Path]:
    files = [
        file
        for file in person.iterdir()
        if file.suffix.lower() in EXTENSIONS and file.name[0] != "." and file.is_file()
    ]
    return sorted(files, key=lambda file: natural_key(file.name))


def _read(
    files: list[tuple[str, Path]], on_progress: OnProgress | None
) -> tuple[list[tuple[str, Path, Photo]], list[str]]:
    """Return the photos that can be read, and a sentence for each that cannot."""
    photos, broken = [], []
    for done, (person, file) in enumerate(files, start=1):
        try:
            photos.append((person, file, decode(file.read_bytes(), name=f"{person}/{file.name}")))
        except ImageError as error:
            broken.append(str(error))
        except OSError as error:
            broken.append(f"{person}/{file.name} cannot be read: {error.strerror}.")
        if on_progress is not None:
            on_progress(done, len(files))
    return photos, broken


def _common_size(photos: list[Photo]) -> tuple[int, int]:
    sizes = Counter(photo.shape[:2] for photo in photos)
    return next(iter(sizes)) if len(sizes) == 1 else USUAL_SIZE
