"""The change log: what other processes need to keep their matrix in step.

Its numbers rise by one under the gallery's lock, so a reader that has seen number n needs
n + 1 and up, and nothing can appear below. Old entries go; a reader that is behind them loads
everything again.
"""

from dataclasses import dataclass

import sqlalchemy as sa

from likeness.recogniser.gallery.schema import changes

KEPT = 10_000
"""So many entries are kept; each is one operation, however many templates it touched."""

ADDED, REMOVED, FORGOT, MERGED, REPLACED = "added", "removed", "forgot", "merged", "replaced"


@dataclass(frozen=True, kw_only=True)
class Change:
    """One entry.

    Args:
        number: its place in the log.
        kind: "added" templates ``first`` to ``last``; "removed" the template ``first``;
            "forgot" the person ``first``; "merged" the person ``first`` into ``last``;
            "replaced" everything.
        first: see above.
        last: see above.
    """

    number: int
    kind: str
    first: int
    last: int


def changes_after(connection: sa.Connection, seen: int, *, last: int) -> list[Change] | None:
    """Return the entries after number ``seen``; None if some of them are gone."""
    rows = connection.execute(
        sa.select(changes).where(changes.c.number > seen).order_by(changes.c.number)
    )
    found = [Change(**row._mapping) for row in rows]
    if [change.number for change in found] != list(range(seen + 1, last + 1)):
        return None
    return found


def write_change(connection: sa.Connection, change: Change) -> None:
    """Append an entry, and drop what is too old; under the gallery's lock."""
    connection.execute(
        changes.insert().values(
            number=change.number, kind=change.kind, first=change.first, last=change.last
        )
    )
    connection.execute(changes.delete().where(changes.c.number <= change.number - KEPT))
