"""Labels of people from a CSV file: which group each person is in.

The header names the columns. One is ``person``; each of the others is a way of grouping::

    person,glasses,room
    ada,yes,hall
    bob,no,
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from likeness.datasets.items import name_some
from likeness.errors import DataError, DataNotFoundError

_PERSON = "person"
_DELIMITERS = (",", ";", "\t")

Labels = Mapping[str, Mapping[str, str]]
"""Column → person → label."""


def read_person_labels(file: Path, people: Iterable[str]) -> Labels:
    """Return the labels in a CSV file.

    An empty cell, and a person that is not in the file, is a person without a label.

    Args:
        file: UTF-8, with or without a mark of byte order; cells apart by comma, semicolon or
            tab, whichever the header has first.
        people: whom the data holds.

    Raises:
        DataNotFoundError: there is no such file.
        DataError: it cannot be read, has no column "person" or no other one, a person in it
            is not in the data or there twice, or nobody has a label.
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
            raise DataError(f"{file}, line {line}: expected each person once. {person!r} is twice.")
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
            f"{file}: expected a CSV file. Line {reader.line_num} is none: {error}."
        ) from error
    rows = [(line, cells) for line, cells in rows if any(cells)]
    if len(rows) < 2:
        raise DataError(f"{file}: expected a header and a line for each person. Received: less.")
    return rows


def _delimiter(text: str) -> str:
    """Return what the header's cells are apart by: some spreadsheets write semicolons."""
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
