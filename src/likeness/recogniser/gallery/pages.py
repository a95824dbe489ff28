"""Much at once, but not everything: parts of a list, pages of a table."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

import sqlalchemy as sa

from likeness.recogniser.gallery.rows import Row

MANY = 500
"""Parameters of one statement stay below what every database takes."""

Value = TypeVar("Value")


def chunks(values: Sequence[Value], size: int = MANY) -> Iterator[Sequence[Value]]:
    """Return the values in parts of a size.

    >>> list(chunks([1, 2, 3], 2))
    [[1, 2], [3]]
    """
    return (values[start : start + size] for start in range(0, len(values), size))


def pages(connection: sa.Connection, table: sa.Table, *, size: int) -> Iterator[list[Row]]:
    """Go through a table by its number, in the caller's transaction."""
    (place,) = table.primary_key.columns
    after = 0
    while True:
        query = sa.select(table).where(place > after).order_by(place).limit(size)
        rows: list[Row] = list(connection.execute(query).mappings())
        if not rows:
            return
        yield rows
        after = rows[-1][place.name]
