"""One copy of the AT&T faces: find the photos in a zip or a folder, read and verify them."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from likeness.arrays import Images
from likeness.datasets.items import name_some
from likeness.datasets.zip import opened_zip
from likeness.errors import DataError, DataNotFoundError, DigestError, ImageError
from likeness.files import natural_key
from likeness.images.decode import decode

ZIP_NAME = "att_faces.zip"
ROWS, COLUMNS = 112, 92
PHOTOS_EACH = 10

_PREFIXES = ("", "orl_faces/", "att_faces/")
_MOST_ZIP_BYTES = 256 * 2**20
_MOST_PHOTO_BYTES = 2**20  # a photo is 10 KiB, or some 40 as text

_Reader = Callable[[str], bytes | None]


def read_copy(place: Path, *, digests: Mapping[str, str]) -> Images:
    """Return the verified photos of the copy at ``place``.

    Args:
        place: a zip, a folder of photos, or a folder that holds ``att_faces.zip``. The photos
            are ``s1/1.pgm`` …, as they are or within ``orl_faces/`` or ``att_faces/``.
        digests: the people, and the SHA-256 of each one's ten pixel blocks.

    Returns:
        ``(10 × people, 112, 92, 1)``, the people in natural order.

    Raises:
        DataNotFoundError: there is no copy at the place.
        DigestError: photos are missing, or are not the ones they should be.
        DataError: the place cannot be read.
    """
    try:
        if place.is_dir():
            zipped = place / ZIP_NAME
            return _read_zip(zipped, digests) if zipped.is_file() else _read_folder(place, digests)
        if place.is_file():
            return _read_zip(place, digests)
    except OSError as error:
        raise DataError(f"{place}: cannot be read ({error.strerror or error}).") from error
    raise DataNotFoundError(f"{place}: there is no such file or folder.")


def person_digest(photos: Images) -> str:
    """Return the SHA-256 of these photos' pixel blocks, one after the other, row by row."""
    return hashlib.sha256(np.ascontiguousarray(photos).tobytes()).hexdigest()


def _read_folder(folder: Path, digests: Mapping[str, str]) -> Images:
    def read(name: str) -> bytes | None:
        file = folder / name
        if not file.is_file() or file.stat().st_size > _MOST_PHOTO_BYTES:
            return None
        return file.read_bytes()

    return _verified(folder, read, digests)


def _read_zip(file: Path, digests: Mapping[str, str]) -> Images:
    if file.stat().st_size > _MOST_ZIP_BYTES:
        raise _nothing_in(file)
    with opened_zip(file, most_bytes=_MOST_PHOTO_BYTES) as archive:
        return _verified(file, archive.read, digests)


def _verified(place: Path, read: _Reader, digests: Mapping[str, str]) -> Images:
    people = sorted(digests, key=natural_key)
    wanted = [f"{person}/{k}" for person in people for k in range(1, PHOTOS_EACH + 1)]
    prefix = _prefix(place, read, wanted)
    photos = {name: _photo(name, read(f"{prefix}{name}.pgm")) for name in wanted}
    missing = [name for name in wanted if photos[name] is None]
    if missing:
        raise DigestError(
            f"{place}: {len(missing)} of {len(wanted)} photos of the AT&T faces are missing or "
            f"broken: {name_some(missing)}. Use a whole copy."
        )
    items = np.stack([photo for photo in photos.values() if photo is not None])
    blocks = items.reshape(len(people), PHOTOS_EACH, ROWS, COLUMNS, 1)
    others = [
        person
        for person, block in zip(people, blocks, strict=True)
        if person_digest(block) != digests[person]
    ]
    if others:
        raise DigestError(_strangers(place, others))
    return items


def _prefix(place: Path, read: _Reader, wanted: list[str]) -> str:
    for prefix in _PREFIXES:
        if any(read(f"{prefix}{name}.pgm") is not None for name in wanted):
            return prefix
    raise _nothing_in(place)


def _nothing_in(place: Path) -> DataNotFoundError:
    return DataNotFoundError(
        f"{place}: expected the AT&T faces (s1/1.pgm … s40/10.pgm, in a zip or a folder, or "
        f"{ZIP_NAME} in the folder). Received: none of them."
    )


def _photo(name: str, data: bytes | None) -> Images | None:
    try:
        pixels = None if data is None else decode(data, name=name)
    except ImageError:
        return None
    return None if pixels is None or pixels.shape != (ROWS, COLUMNS, 1) else pixels


def _strangers(place: Path, people: list[str]) -> str:
    if people == ["s1", "s2"]:
        return (
            f"{place}: s1 and s2 are other people; a copy with strangers in s1 and s2 "
            "circulates, and this is one. Use another copy."
        )
    return (
        f"{place}: the photos of {name_some(people, most=len(people))} are not those of the "
        "AT&T faces (their SHA-256 differs). Use another copy."
    )
