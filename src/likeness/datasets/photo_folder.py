"""A folder with one sub-folder of photos per person, and the people's labels from a CSV file.

The labels say which group each person is in. The header names the columns. One is ``person``;
each of the others is a grouping::

    person,glasses,room
    ada,yes,hall
    bob,no,
"""

import csv
import io
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from likeness.arrays import check_in_range
from likeness.datasets.items import Dataset, OnProgress, name_some
from likeness.errors import DataError, DataNotFoundError, ImageError, SettingError
from likeness.files import natural_key
from likeness.images.decode import EXTENSIONS, decode_file
from likeness.images.preparation import fit

_PERSON = "person"
_DELIMITERS = (",", ";", "\t")

Labels = Mapping[str, Mapping[str, str]]
"""Column → person → label."""


def read_person_labels(file: Path, people: Iterable[str]) -> Labels:
    """Return the labels in a CSV file.

    An empty cell, and a person that is not in the file, is a person without a label.

    Args:
        file: UTF-8, with or without a byte order mark; cells are separated by comma, semicolon or
            tab, whichever the header has first.
        people: names of the people in the data.

    Raises:
        DataNotFoundError: there is no such file.
        DataError: it cannot be read, has no column "person" or no other one, a person in it is not
            in the data, or is listed twice, or nobody has a label.
    """
    rows = _rows(file)
    columns = _columns(file, rows[0][1])
    person_column = columns.index(_PERSON)
    labels: dict[str, dict[str, str]] = {name: {} for name in columns if name != _PERSON}
    named: set[str] = set()
    for line, cells in rows[1:]:
        if len(cells) != len(columns):
            raise DataError(
                f"{file}, line {line}: expected {len(columns)} cells, as in the header. "
                f"Received: {len(cells)}. A cell that holds a comma needs quotation marks."
            )
        person = cells[person_column]
        if person in named:
            raise DataError(
                f"{file}, line {line}: expected each person once. {person!r} is listed twice."
            )
        named.add(person)
        for name, label in zip(columns, cells, strict=True):
            if name != _PERSON and label:
                labels[name][person] = label
    _check_people(file, named, set(people))
    empty = [name for name, known in labels.items() if not known]
    if empty:
        raise DataError(f"{file}: expected labels in every column. Without any: {empty[0]!r}.")
    return labels


def _rows(file: Path) -> list[tuple[int, list[str]]]:
    """Return (line, cells) of every row that is not empty."""
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        raise DataNotFoundError(f"expected a CSV file. There is no {file}.") from error
    except UnicodeDecodeError as error:
        raise DataError(
            f"{file}: expected text in UTF-8. Received: other bytes, the first at {error.start}. "
            "Save it as «CSV UTF-8»."
        ) from error
    except OSError as error:
        raise DataError(
            f"{file}: expected a CSV file. It cannot be read: {error.strerror}."
        ) from error
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        rows = [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader]
    except csv.Error as error:
        raise DataError(
            f"{file}: expected a CSV file. Line {reader.line_num} is not CSV: {error}."
        ) from error
    rows = [(line, cells) for line, cells in rows if any(cells)]
    if len(rows) < 2:
        raise DataError(f"{file}: expected a header and a line for each person. Received: less.")
    return rows


def _delimiter(text: str) -> str:
    """Return the separator of the header's cells: some spreadsheets write semicolons."""
    header = text.lstrip().split("\n", 1)[0]
    delimiters = [sign for sign in _DELIMITERS if sign in header]
    return min(delimiters, key=header.index, default=",")


def _columns(file: Path, cells: Sequence[str]) -> list[str]:
    columns = [_PERSON if name.lower() == _PERSON else name for name in cells]
    if _PERSON not in columns:
        raise DataError(
            f"{file}: expected a column {_PERSON!r}. Received: {', '.join(map(repr, columns))}."
        )
    if len(columns) < 2 or "" in columns or len(set(columns)) < len(columns):
        raise DataError(
            f"{file}: expected {_PERSON!r} and one or more columns of labels, each with a name of "
            f"its own. Received: {', '.join(map(repr, columns))}."
        )
    return columns


def _check_people(file: Path, named: set[str], people: set[str]) -> None:
    unknown = named - people
    if unknown:
        raise DataError(
            f"{file}: {len(unknown)} of the {len(named)} people are not in the data: "
            f"{name_some(unknown)}. The data holds {name_some(people)}."
        )


USUAL_SIZE = (112, 92)
"""(rows, columns) of photos that differ in size: that of the AT&T faces."""

MOST_COMMON_PIXELS = 1_000_000
"""Photos of one common size keep it up to here: thousands of them must fit in memory."""

Photo = NDArray[np.uint8]


def folder(
    path: str | Path,
    *,
    size: tuple[int, int] | None = None,
    channels: int = 1,
    strict: bool = False,
    on_progress: OnProgress | None = None,
    on_photo: Callable[[str, Photo], None] | None = None,
) -> Dataset:
    """Return the photos of a folder that holds one sub-folder per person.

    People and photos stand in natural order («s2» before «s10»). JPEG, PNG, PGM, PPM, BMP
    and WebP are read, by extension in either case; other files, hidden ones, and folders within a
    person's folder are ignored.

    Args:
        path: the folder. The name of a sub-folder is the identity.
        size: (rows, columns) of every photo, cut at the middle and resized (`images.fit`).
            Without it, the photos' own size if they all have the same and it is at most one
            megapixel, and (112, 92) otherwise.
        channels: 1 (grey) or 3 (colour).
        strict: whether a broken file is an error; otherwise it is left out and listed in the notes.
        on_progress: called with (photos read, photos in all).
        on_photo: called with (item name, ``(rows, columns, 1 or 3)``) for each photo that could
            be read, in its original size and colours.

    Returns:
        items ``(n, rows, columns, channels)``, uint8; item names «person/file.jpg»; notes
        name each broken file with the reason, and the sub-folders without a photo.

    Raises:
        DataNotFoundError: there is no such folder, or no photo in a sub-folder of it.
        ImageError: no photo can be read; or, with ``strict``, one cannot be read.
        SettingError: the size or the channels are out of range.
    """
    _check_settings(size, channels)
    path = Path(path).expanduser()
    files, notes = photo_files(path)
    photos, read, broken = _read(files, size, channels, on_progress, on_photo)
    if broken and (strict or not photos):
        raise ImageError(_cannot_read(path, broken, len(files)))
    # The grammar of an ImageError: what was expected, then «Received: » file and reason.
    notes += [f"left out: {str(error).partition('Received: ')[2]}" for error in broken]
    return Dataset(
        np.stack(photos),
        [_printable(file.parent.name) for file in read],
        [_name(file) for file in read],
        name=path.resolve().name or str(path),
        notes=tuple(notes),
    )


def _cannot_read(path: Path, broken: list[ImageError], count: int) -> str:
    return f"{path}: {len(broken)} of {count} photos cannot be read. The first: {broken[0]}"


def _check_settings(size: tuple[int, int] | None, channels: int) -> None:
    if channels not in (1, 3):
        raise SettingError(f"channels: expected 1 (grey) or 3 (colour). Received: {channels!r}.")
    if size is not None:
        for number, name in zip(size, ("rows", "columns"), strict=True):
            check_in_range(number, 8, 4096, argument=f"size ({name})", whole=True)


def photo_files(path: Path) -> tuple[list[Path], list[str]]:
    """Return the photos of all people, in natural order, and a note on the people without one.

    Args:
        path: a folder with one sub-folder per person.

    Raises:
        DataNotFoundError: there is no such folder, or no photo in a sub-folder of it.
        DataError: a folder cannot be read.
    """
    if not path.is_dir():
        came = "a file" if path.exists() else "nothing"
        raise DataNotFoundError(
            f"{path}: expected a folder with one sub-folder of photos per person. Found: {came}."
        )
    try:
        people = sorted(filter(Path.is_dir, _visible(path)), key=_natural)
        photos = {person: _photos_in(person) for person in people}
    except OSError as error:
        raise DataError(f"{error.filename}: cannot be read ({error.strerror}).") from error
    files = [file for person in people for file in photos[person]]
    if not files:
        loose = len(_photos_in(path))
        received = f"{len(people)} sub-folders, none with a photo"
        raise DataNotFoundError(
            f"{path}: expected one sub-folder of photos ({', '.join(EXTENSIONS)}) per person. "
            f"Found: {received}{f', and {loose} photos beside them' if loose else ''}."
        )
    empty = [_printable(person.name) for person in people if not photos[person]]
    return files, [f"no photo in {name_some(empty)}"] if empty else []


def _photos_in(folder: Path) -> list[Path]:
    files = [file for file in _visible(folder) if file.suffix.lower() in EXTENSIONS]
    return sorted((file for file in files if not file.is_dir()), key=_natural)


def _visible(folder: Path) -> list[Path]:
    return [entry for entry in folder.iterdir() if not entry.name.startswith(".")]


def _natural(path: Path) -> list[tuple[int, int, str]]:
    return natural_key(path.name)


def _read(
    files: list[Path],
    size: tuple[int, int] | None,
    channels: int,
    on_progress: OnProgress | None,
    on_photo: Callable[[str, Photo], None] | None,
) -> tuple[list[Photo], list[Path], list[ImageError]]:
    """Return the photos, all of one size, the files that they came from, and what failed."""
    photos: list[Photo] = []
    read: list[Path] = []
    broken: list[ImageError] = []
    for done, file in enumerate(files, start=1):
        try:
            photo = decode_file(file, name=_name(file))
        except ImageError as error:
            broken.append(error)
        else:
            if on_photo:
                on_photo(_name(file), photo)
            if size is None and _needs_a_size(photo, photos):
                size = USUAL_SIZE
                photos = [_fitted(earlier, size, channels) for earlier in photos]
            photos.append(_fitted(photo, size, channels))
            read.append(file)
        if on_progress:
            on_progress(done, len(files))
    return photos, read, broken


def _needs_a_size(photo: Photo, earlier: list[Photo]) -> bool:
    rows, columns = photo.shape[:2]
    if rows * columns > MOST_COMMON_PIXELS:
        return True
    return bool(earlier) and earlier[0].shape[:2] != (rows, columns)


def _fitted(photo: Photo, size: tuple[int, int] | None, channels: int) -> Photo:
    rows, columns = size or photo.shape[:2]
    return fit(photo, rows=rows, columns=columns, channels=channels)


def _name(file: Path) -> str:
    return f"{_printable(file.parent.name)}/{_printable(file.name)}"


def _printable(name: str) -> str:
    """Return the name; bytes in it that are not UTF-8 show as escapes, so that it prints."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")
