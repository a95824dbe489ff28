"""A folder with one sub-folder of photos per person, and the people's labels from a CSV file.

The labels say which group each person is in. The header names the columns. One is ``person``;
each of the others is a grouping::

    person,glasses,room
    ada,yes,hall
    bob,no,
"""

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from likeness.arrays import Photo, check_in_range
from likeness.datasets.items import Dataset, OnPhoto, OnProgress, name_some
from likeness.datasets.photo_files import PhotoFiles, printable
from likeness.errors import DataError, DataNotFoundError, FaceError, ImageError, SettingError
from likeness.files import one_spelling
from likeness.images.decode import decode_file
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
        rows = [(reader.line_num, [one_spelling(cell) for cell in cells]) for cells in reader]
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


def folder(
    path: str | Path,
    *,
    size: tuple[int, int] | None = None,
    channels: int = 1,
    resize: Callable[[Photo], Photo] | None = None,
    face: Callable[[Photo, str], Photo] | None = None,
    strict: bool = False,
    on_progress: OnProgress | None = None,
    on_photo: OnPhoto | None = None,
) -> Dataset:
    """Return the photos of a folder that holds one sub-folder per person.

    People and photos stand in natural order («s2» before «s10»). JPEG, PNG, PGM, PPM, BMP, TIFF,
    WebP, AVIF and HEIC are known by their content. Hidden and system files and folders are
    skipped; whatever else is not taken (loose photos, folders within a person's, other files) is
    named in the notes.

    Args:
        path: the folder. The name of a sub-folder is the identity.
        size: (rows, columns) of every photo, cropped at the centre and resized (`images.fit`).
            Without it, the photos' own size if they all have the same and it is at most one
            megapixel, and what ``resize`` makes of them otherwise.
        channels: 1 (grey) or 3 (colour).
        resize: brings photos of several sizes to one; a preparation's `resized` does. Without it
            they are cropped and resized to 112 rows and 92 columns.
        face: called with a photo and its name; returns the face in it, as a model reads it, all of
            one size. Then ``size``, ``channels`` and ``resize`` do not count. A photo for which
            it raises a `FaceError` is left out, and counts as rejected in every rate.
        strict: whether a broken file is an error; otherwise it is left out and named in the
            notes.
        on_progress: called with (photos read, photos in all).
        on_photo: called with (item name, ``(rows, columns, 1 or 3)``) for each photo that is in the
            data set, in its original size and colours.

    Returns:
        items ``(n, rows, columns, channels)``, uint8; item names «person/file.jpg»; notes
        name whatever was left out, with the reason.

    Raises:
        DataNotFoundError: there is no such folder, or no photo in a sub-folder of it.
        ImageError: no photo can be read; or one cannot, and ``strict``.
        FaceError: no photo has a face as ``face`` wants it.
        DataError: a folder cannot be read.
        SettingError: the size or the channels are out of range.
    """
    _check_settings(size, channels)
    path = Path(path).expanduser()
    files = PhotoFiles.required_of_people(path)
    photos = _Photos(size=size, channels=channels, resize=resize, face=face)
    for done, file in enumerate(files.photos, start=1):
        photo = photos.read(file)
        if photo is not None and on_photo:
            on_photo(_name(file), photo)
        if on_progress:
            on_progress(done, len(files.photos))
    broken = [error for error in photos.left_out if isinstance(error, ImageError)]
    if photos.left_out and not photos.files and not broken:
        raise FaceError(
            f"{path}: expected photos of one face each, as the model needs them. Found: none "
            f"among {len(files.photos)}. The first: {photos.left_out[0]}"
        )
    if broken and (strict or not photos.files):
        raise ImageError(
            f"{path}: {len(broken)} of {len(files.photos)} photos cannot be read. The first: "
            f"{broken[0]}"
        )
    # The grammar of an ImageError: what was expected, then «Received: » file and reason.
    said = [str(error) for error in photos.left_out]
    unread = [f"left out: {text.partition('Received: ')[2] or text}" for text in said]
    return Dataset(
        np.stack(photos.items),
        [one_spelling(printable(file.parent.name)) for file in photos.files],
        [_name(file) for file in photos.files],
        name=path.resolve().name or str(path),
        notes=(*files.notes(path), *unread),
        not_acquired=None if face is None else tuple(photos.not_acquired),
    )


def _check_settings(size: tuple[int, int] | None, channels: int) -> None:
    if channels not in (1, 3):
        raise SettingError(f"channels: expected 1 (grey) or 3 (colour). Received: {channels!r}.")
    if size is not None:
        for number, name in zip(size, ("rows", "columns"), strict=True):
            check_in_range(number, 8, 4096, argument=f"size ({name})", whole=True)


@dataclass(kw_only=True)
class _Photos:
    """Photos as they are read, all of one size; and those that are left out."""

    size: tuple[int, int] | None
    channels: int
    resize: Callable[[Photo], Photo] | None
    face: Callable[[Photo, str], Photo] | None
    items: list[Photo] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    left_out: list[ImageError | FaceError] = field(default_factory=list)
    not_acquired: list[str] = field(default_factory=list)
    _several_sizes: bool = False

    def read(self, file: Path) -> Photo | None:
        """Add a photo, and return it as it was decoded; None if it is left out."""
        try:
            photo = decode_file(file, name=_name(file))
            item = self._fitted(photo) if self.face is None else self.face(photo, _name(file))
        except (ImageError, FaceError) as error:
            self.left_out.append(error)
            if isinstance(error, FaceError):
                self.not_acquired.append(printable(file.parent.name))
            return None
        self.items.append(item)
        self.files.append(file)
        return photo

    def _fitted(self, photo: Photo) -> Photo:
        rows, columns = self.size or photo.shape[:2]
        if self.size is None and self._differs(rows, columns):
            if not self._several_sizes:
                self._several_sizes = True
                self.items = [self._resized(item) for item in self.items]
            return self._resized(photo)
        return fit(photo, rows=rows, columns=columns, channels=self.channels)

    def _resized(self, photo: Photo) -> Photo:
        if self.resize is not None:
            return self.resize(photo)
        return fit(photo, rows=USUAL_SIZE[0], columns=USUAL_SIZE[1], channels=self.channels)

    def _differs(self, rows: int, columns: int) -> bool:
        if self._several_sizes or rows * columns > MOST_COMMON_PIXELS:
            return True
        return bool(self.items) and self.items[0].shape[:2] != (rows, columns)


def _name(file: Path) -> str:
    return f"{printable(file.parent.name)}/{printable(file.name)}"
