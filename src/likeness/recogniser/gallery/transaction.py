"""The gallery's own row, and a transaction that writes under its lock."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from likeness.errors import GalleryDamagedError, GalleryError, GalleryMismatchError
from likeness.recogniser.gallery.changes import Change, write_change
from likeness.recogniser.gallery.records import GalleryModel
from likeness.recogniser.gallery.rows import Sealing, as_json, now
from likeness.recogniser.gallery.schema import FORMAT, audit, gallery


@dataclass(frozen=True, kw_only=True)
class GalleryRow:
    """The gallery's own row, as of a transaction."""

    created: str
    model: GalleryModel
    key_id: str | None
    last_change: int
    scrub_pending: int


def read_gallery_row(connection: sa.Connection, *, where: str, lock: bool = False) -> GalleryRow:
    """Return the gallery's row.

    Args:
        connection: in a transaction.
        where: the gallery's name, for messages.
        lock: whether other writers are kept out until the transaction ends. (SQLite keeps them
            out from its beginning.)

    Raises:
        GalleryError: there is none.
        GalleryDamagedError: its format is none.
        GalleryMismatchError: it is of another format.
    """
    row = _row(connection, lock=lock)
    if row is None:
        raise GalleryError(f"{where}: expected a gallery. Found an unfinished one; copy it again.")
    if not re.fullmatch(r"likeness\.gallery/\d+", str(row["format"])):
        raise GalleryDamagedError(
            f"{where}: the file is damaged. Run `likeness gallery check`, or restore a backup."
        )
    if row["format"] != FORMAT:
        raise GalleryMismatchError(
            f"{where}: expected the format {FORMAT!r}. Received: {row['format']!r}. Open it with "
            "the version of likeness that wrote it."
        )
    return GalleryRow(
        created=row["created"],
        model=GalleryModel(
            fingerprint=row["model"], energy=row["energy"], dimensions=row["dimensions"]
        ),
        key_id=row["key_id"],
        last_change=row["last_change"],
        scrub_pending=row["scrub_pending"],
    )


def _row(connection: sa.Connection, *, lock: bool) -> sa.RowMapping | None:
    query = sa.select(gallery)
    return connection.execute(query.with_for_update() if lock else query).mappings().first()


def insert_gallery_row(
    connection: sa.Connection, model: GalleryModel, *, key_id: str | None
) -> None:
    """Write the row of a new gallery."""
    connection.execute(
        gallery.insert().values(
            id=1,
            format=FORMAT,
            created=now(),
            model=model.fingerprint,
            energy=model.energy,
            dimensions=model.dimensions,
            key_id=key_id,
            next_person=1,
            next_template=1,
            last_change=0,
            last_audit=0,
            scrub_pending=0,
        )
    )


@dataclass(eq=False, kw_only=True)
class Writing:
    """A transaction that holds the gallery's lock: it alone gives out ids and numbers.

    Args:
        connection: the transaction's.
        by: who writes, for the audit log.
        model: whose embeddings the gallery holds.
        sealing: how it stores them.
        detail: what is noted beside each entry of the audit log; None is nothing.
    """

    connection: sa.Connection
    by: str
    model: GalleryModel
    sealing: Sealing
    detail: Mapping[str, Any] | None = None
    _row: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self._row = dict(_row(self.connection, lock=False) or {})

    @property
    def next_person(self) -> int:
        """The id that the next new person gets."""
        return int(self._row["next_person"])

    def person_id(self) -> int:
        """Return an id that no person has had."""
        return self._advance("next_person", 1)

    def template_ids(self, count: int) -> range:
        """Return so many ids that no template has had."""
        first = self._advance("next_template", count)
        return range(first, first + count)

    def change(self, kind: str, first: int, last: int | None = None) -> None:
        """Write to the change log."""
        number = self._advance("last_change", 1) + 1
        write_change(
            self.connection,
            Change(number=number, kind=kind, first=first, last=first if last is None else last),
        )

    def audit(self, what: str, **values: Any) -> None:
        """Write to the audit log: no name, and nothing biometric.

        Args:
            what: was done.
            values: ``person_id``, ``templates``, ``receipt``, ``receipt_digest``, ``detail``
                (as text), ``who``.
        """
        self.audit_many([{"what": what, **values}])

    def audit_many(self, entries: Iterable[Mapping[str, Any]]) -> None:
        """Write several entries to the audit log."""
        nothing = {
            "person_id": None,
            "templates": 0,
            "receipt": None,
            "receipt_digest": None,
            "detail": None if self.detail is None else as_json(self.detail, argument="detail"),
        }
        rows = [
            nothing
            | {"number": self._advance("last_audit", 1) + 1, "at": now(), "who": self.by}
            | dict(entry)
            for entry in entries
        ]
        if rows:
            self.connection.execute(audit.insert(), rows)

    def set(self, **values: Any) -> None:
        """Change the gallery's own row."""
        self._row |= values

    def ask_for_scrub(self) -> None:
        """Note that something was deleted whose bytes must go from the files."""
        # A number of its own for each time: who clears it clears no later one.
        self.set(scrub_pending=self._row["last_audit"] + 1)

    def finish(self) -> None:
        """Write the gallery's own row, before the transaction is committed."""
        self.connection.execute(gallery.update().values(**self._row))

    def _advance(self, counter: str, step: int) -> int:
        value = int(self._row[counter])
        self._row[counter] = value + step
        return value
