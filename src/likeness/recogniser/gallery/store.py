"""One opened store: its engine, its transactions, and what it was when it was opened."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from subprocess import SubprocessError
from threading import RLock

import sqlalchemy as sa

from likeness.errors import GalleryError, GalleryMismatchError
from likeness.recogniser.gallery.database import MEMORY, in_words, shown, writing
from likeness.recogniser.gallery.keys import GalleryKey, Sealing
from likeness.recogniser.gallery.records import JsonObject
from likeness.recogniser.gallery.scrub import Scrubbed, Traces, scrub
from likeness.recogniser.gallery.transaction import GalleryRow, Writing, read_gallery_row

_AT_OPENING = 0.5
"""Seconds: opening waits no longer for a reader that keeps deleted bytes in the files."""


@dataclass(frozen=True, kw_only=True)
class _Acting:
    """Who acts, and what is noted beside each entry: no name, nothing biometric."""

    by: str
    detail: JsonObject


_ACTING: ContextVar[_Acting | None] = ContextVar("likeness_gallery_acting", default=None)


@contextmanager
def acting(by: str, detail: JsonObject) -> Iterator[None]:
    """Have what is done inside noted as done by somebody, instead of by the gallery's opener.

    A context variable, as one gallery serves several threads and each acts for somebody else.

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
    """Transactions on one gallery; each looks whether it still has the model and key it had.

    Args:
        engine: of the database, whose schema is this version's.
        key: of an encrypted gallery, if there is one.
        by: who works with it, for the audit log.
        patience: seconds that a deletion waits for readers before it leaves the files to the
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
        # Threads that write wait for each other here: SQLite's own wait is sleep and luck.
        self._writing = nullcontext() if self.on_server else RLock()
        with in_words(engine.url), self._turn, engine.begin() as connection:
            row = read_gallery_row(connection, where=self.where)
        self.model = row.model
        self.sealing = Sealing(key_id=row.key_id, key=key, where=self.where)
        if row.scrub_pending:  # a killed process, or a reader in the way, left it to us
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
        """Begin a transaction that sees one moment."""
        with in_words(self.engine.url), self._turn, self.engine.begin() as connection:
            row = read_gallery_row(connection, where=self.where)
            self._check_same(row)
            yield connection, row

    @contextmanager
    def writing(self) -> Iterator[Writing]:
        """Begin a transaction that holds the gallery's lock; all of it or nothing."""
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
        """Bring the files in order after a deletion, which stands even if that cannot be done."""
        wait = self.patience if patience is None else patience
        try:
            with in_words(self.engine.url), self._turn:
                return scrub(self.engine, traces, patience=wait)
        except (GalleryError, OSError, SubprocessError) as error:
            return Scrubbed(
                checkpoint=f"not looked at to the end ({error}); the next opening does it",
                verified_absent=False,
                searched=(),
                remains=(),
            )

    def use_key(self, key: GalleryKey | None, key_id: str | None) -> None:
        """Seal and open with a key from now on; raises if it is not the gallery's."""
        self._key, self.sealing = key, Sealing(key_id=key_id, key=key, where=self.where)

    def _check_same(self, row: GalleryRow) -> None:
        if row.model != self.model:
            raise GalleryMismatchError(
                f"{self.where} was given to the model {row.model.fingerprint[:12]} since it was "
                f"opened with {self.model.fingerprint[:12]}. Open it again with that model."
            )
        if row.key_id != self.sealing.key_id:
            # With the sentence that fits: no key, another key, or no longer encrypted.
            self.use_key(self._key, row.key_id)
