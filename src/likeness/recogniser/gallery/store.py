"""An open store: its engine, transactions, the gallery's own row, and the change log.

Other processes keep their matrix up to date by the change log. Its numbers rise by one
under the lock, so a reader that knows number n needs n + 1 and up, and no smaller number can appear
later. Old entries are removed; a reader that is behind them reloads everything.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from subprocess import SubprocessError
from threading import RLock
from typing import Any, Literal

import sqlalchemy as sa

from likeness.errors import GalleryDamagedError, GalleryError, GalleryMismatchError
from likeness.recogniser.gallery.database import MEMORY, in_words, shown, writing
from likeness.recogniser.gallery.keys import GalleryKey, Sealing
from likeness.recogniser.gallery.records import GalleryModel, JsonObject
from likeness.recogniser.gallery.rows import as_json, now
from likeness.recogniser.gallery.schema import FORMAT, audit, changes, gallery
from likeness.recogniser.gallery.scrub import Scrubbed, Traces, scrub

CHANGES_KEPT = 10_000
"""Number of entries that are kept; each is one operation, however many templates it changed."""

ChangeKind = Literal["added", "removed", "forgot", "merged", "replaced"]


@dataclass(frozen=True, kw_only=True)
class Change:
    """An entry of the change log.

    Args:
        number: 1, 2, 3, …
        kind: "added" templates ``first`` to ``last``; "removed" the template ``first``;
            "forgot" the person ``first``; "merged" the person ``first`` into ``last``;
            "replaced" everything.
        first: see above.
        last: see above.
    """

    number: int
    kind: ChangeKind
    first: int
    last: int


def changes_after(connection: sa.Connection, number: int, *, last: int) -> list[Change] | None:
    """Return the entries after a number; None if some of them are gone."""
    query = sa.select(changes).where(changes.c.number > number).order_by(changes.c.number)
    entries = [Change(**row) for row in connection.execute(query).mappings()]
    complete = [change.number for change in entries] == list(range(number + 1, last + 1))
    return entries if complete else None


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
        GalleryDamagedError: it has no format.
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
    """A transaction that holds the gallery's lock: only it assigns ids and numbers.

    Args:
        connection: the transaction's.
        by: who writes, for the audit log.
        model: whose embeddings the gallery holds.
        sealing: how it stores them.
        detail: details of each entry of the audit log; None for no details.
    """

    connection: sa.Connection
    by: str
    model: GalleryModel
    sealing: Sealing
    detail: JsonObject | None = None
    _row: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self._row = dict(_row(self.connection, lock=False) or {})

    @property
    def where(self) -> str:
        """The gallery's path or address, for messages."""
        return self.sealing.where

    @property
    def next_person(self) -> int:
        """The id that the next new person gets."""
        return int(self._row["next_person"])

    def person_id(self) -> int:
        """Return an unused person id."""
        return self._advance("next_person")

    def template_id(self) -> int:
        """Return an unused template id."""
        return self._advance("next_template")

    def change(self, kind: ChangeKind, first: int, last: int | None = None) -> None:
        """Append to the change log, and drop what is too old."""
        number = self._advance("last_change") + 1
        entry = Change(number=number, kind=kind, first=first, last=first if last is None else last)
        self.connection.execute(changes.insert().values(**vars(entry)))
        self.connection.execute(changes.delete().where(changes.c.number <= number - CHANGES_KEPT))

    def audit(self, what: str, **values: Any) -> None:
        """Write to the audit log; no person's name, nothing biometric.

        Args:
            what: was done.
            values: ``person_id``, ``templates``, ``receipt``, ``receipt_digest``, ``detail``
                (as text), ``who``.
        """
        self.audit_many([{"what": what, **values}])

    def audit_many(self, entries: Iterable[JsonObject]) -> None:
        """Write several entries to the audit log."""
        blank = {
            "person_id": None,
            "templates": 0,
            "receipt": None,
            "receipt_digest": None,
            "detail": None if self.detail is None else as_json(self.detail, argument="detail"),
        }
        rows = [
            blank
            | {"number": self._advance("last_audit") + 1, "at": now(), "who": self.by}
            | dict(entry)
            for entry in entries
        ]
        if rows:
            self.connection.execute(audit.insert(), rows)

    def set(self, **values: Any) -> None:
        """Change the gallery's own row."""
        self._row |= values

    def ask_for_scrub(self) -> None:
        """Record that deleted bytes must be removed from the files."""
        # A new number each time, so that clearing it does not clear a later deletion.
        self.set(scrub_pending=self._row["last_audit"] + 1)

    def finish(self) -> None:
        """Write the gallery's own row, before the transaction is committed."""
        self.connection.execute(gallery.update().values(**self._row))

    def _advance(self, counter: str) -> int:
        value = int(self._row[counter])
        self._row[counter] = value + 1
        return value


_AT_OPENING = 0.5
"""Seconds: opening waits no longer for a reader that keeps deleted bytes in the files."""


@dataclass(frozen=True, kw_only=True)
class _Acting:
    """The operator, and details of each entry: no person's name, nothing biometric."""

    by: str
    detail: JsonObject


_ACTING: ContextVar[_Acting | None] = ContextVar("likeness_gallery_acting", default=None)


@contextmanager
def acting(by: str, detail: JsonObject) -> Iterator[None]:
    """Record changes made inside as made by this operator, instead of by the gallery's opener.

    A context variable, because one gallery serves several threads, each for another operator.

    Args:
        by: who acts.
        detail: JSON values that go into the audit log's entries: no name, nothing biometric.
    """
    token = _ACTING.set(_Acting(by=by, detail=detail))
    try:
        yield
    finally:
        _ACTING.reset(token)


class Store:
    """Transactions on one gallery; each checks that model and key are still the same.

    Args:
        engine: of the database, whose schema is this version's.
        key: of an encrypted gallery, if there is one.
        by: the operator's name, for the audit log.
        patience: seconds that a deletion waits for readers, before it leaves the clean-up to the
            next opening.
    """

    def __init__(
        self, engine: sa.Engine, *, key: GalleryKey | None, by: str, patience: float
    ) -> None:
        self.engine = engine
        self.patience = patience
        self._by = by
        self._key = key
        # In memory all threads share one connection, so they take turns.
        alone = engine.dialect.name == "sqlite" and engine.url.database == MEMORY
        self._turn = RLock() if alone else nullcontext()
        # Writing threads wait for each other here: SQLite's own waiting is polling, and unfair.
        self._writing = nullcontext() if self.on_server else RLock()
        with in_words(engine.url), self._turn, engine.begin() as connection:
            row = read_gallery_row(connection, where=self.where)
        self.model = row.model
        self.sealing = Sealing(key_id=row.key_id, key=key, where=self.where)
        if row.scrub_pending:  # left over by a killed process, or while a reader held the log
            self.scrub(Traces(), patience=min(patience, _AT_OPENING))

    @property
    def where(self) -> str:
        """Its path or address, without a password."""
        return shown(self.engine.url)

    @property
    def on_server(self) -> bool:
        """Whether it is a PostgreSQL server's."""
        return self.engine.dialect.name == "postgresql"

    @contextmanager
    def reading(self) -> Iterator[tuple[sa.Connection, GalleryRow]]:
        """Begin a transaction with a consistent snapshot."""
        with in_words(self.engine.url), self._turn, self.engine.begin() as connection:
            row = read_gallery_row(connection, where=self.where)
            self._check_same(row)
            yield connection, row

    @contextmanager
    def writing(self) -> Iterator[Writing]:
        """Begin a transaction that holds the gallery's lock; it is committed completely or not at
        all.
        """
        engine = writing(self.engine)
        with (
            in_words(self.engine.url),
            self._turn,
            self._writing,
            engine.begin() as connection,
        ):
            row = read_gallery_row(connection, where=self.where, lock=True)
            self._check_same(row)
            actor = _ACTING.get()
            transaction = Writing(
                connection=connection,
                by=self._by if actor is None else actor.by,
                model=self.model,
                sealing=self.sealing,
                detail=None if actor is None else actor.detail,
            )
            yield transaction
            transaction.finish()

    def scrub(self, traces: Traces, *, patience: float | None = None) -> Scrubbed:
        """Clean up the files after a deletion, which remains valid even if the clean-up fails."""
        wait = self.patience if patience is None else patience
        try:
            with in_words(self.engine.url), self._turn:
                return scrub(self.engine, traces, patience=wait)
        except (GalleryError, OSError, SubprocessError) as error:
            return Scrubbed(
                checkpoint=f"not checked completely ({error}); the next opening does it",
                verified_absent=False,
                searched=(),
                remains=(),
            )

    def use_key(self, key: GalleryKey | None, key_id: str | None) -> None:
        """Use this key from now on; raises if it is not the gallery's."""
        self._key, self.sealing = key, Sealing(key_id=key_id, key=key, where=self.where)

    def _check_same(self, row: GalleryRow) -> None:
        if row.model != self.model:
            raise GalleryMismatchError(
                f"{self.where} was moved to the model {row.model.fingerprint[:12]} after it was "
                f"opened with {self.model.fingerprint[:12]}. Open it again with that model."
            )
        if row.key_id != self.sealing.key_id:
            # Raises the fitting error: no key, a wrong key, or no longer encrypted.
            self.use_key(self._key, row.key_id)
