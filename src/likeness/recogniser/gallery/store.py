"""An open store: its transactions, the gallery's own row, and the change log.

Other processes keep their matrix up to date by the change log. Its numbers rise by one
under the lock, so a reader that knows number n needs n + 1 and up, and no smaller number can appear
later. Old entries are removed; a reader that is behind them reloads everything.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import asdict, dataclass, replace
from subprocess import SubprocessError
from threading import RLock
from typing import Any, Literal

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from likeness import errors
from likeness.recogniser.capture import Capture
from likeness.recogniser.gallery.database import Database
from likeness.recogniser.gallery.keys import GalleryKey, Sealing
from likeness.recogniser.gallery.postgres_search import ServerSearch
from likeness.recogniser.gallery.reading import Change, ChangeKind, Reading
from likeness.recogniser.gallery.records import GalleryModel, JsonObject, NewTemplate, Person, Who
from likeness.recogniser.gallery.rows import (
    GalleryRow,
    PersonRow,
    TemplateRow,
    as_json,
    chain_after,
    checksum,
    chunks,
    look_of,
    now,
)
from likeness.recogniser.gallery.schema import audit, changes, gallery, people, photos, templates
from likeness.recogniser.gallery.scrub import Scrubbed, Traces

_RESEALED = 1000
_SAMPLE = 5

CHANGES_KEPT = 10_000
"""Number of entries that are kept; each is one operation, however many templates it changed."""


@dataclass(eq=False, kw_only=True)
class Writing(Reading):
    """A transaction that holds the gallery's lock: only it assigns ids and numbers.

    Args:
        by: who writes, for the audit log.
        detail: details of each entry of the audit log; None for no details.
    """

    by: str
    detail: JsonObject | None = None

    def person_id(self) -> int:
        """Return an unused person id."""
        number = self.row.next_person
        self.set(next_person=number + 1)
        return number

    def template_id(self) -> int:
        """Return an unused template id."""
        number = self.row.next_template
        self.set(next_template=number + 1)
        return number

    def change(self, kind: ChangeKind, first: int, last: int | None = None) -> None:
        """Append to the change log, and drop what is too old."""
        number = self.row.last_change + 1
        self.set(last_change=number)
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
            "at": now(),
            "who": self.by,
        }
        first = self.row.last_audit + 1
        rows = [{**blank, "number": number, **entry} for number, entry in enumerate(entries, first)]
        chain = self.row.audit_chain
        for row in rows:
            chain = row["chain"] = chain_after(chain, row)
        if rows:
            self.connection.execute(audit.insert(), rows)
            self.set(last_audit=self.row.last_audit + len(rows), audit_chain=chain)

    def update_person(self, row: PersonRow, **values: Any) -> PersonRow:
        """Change a person's ``name`` or ``metadata``; return the changed row."""
        if "name" in values:
            values["look"] = look_of(values["name"])
        stored = row.stored(**values)
        changed = people.update().where(people.c.id == row.id)
        self.connection.execute(changed.values(**vars(stored)))
        return stored

    def rename(self, row: PersonRow, new: str) -> PersonRow:
        """Rename a person; their present name changes nothing.

        Raises:
            AlreadyEnrolledError: somebody else has it.
        """
        if new == row.name:
            return row
        if self.person_or_none(new) is not None:
            raise errors.AlreadyEnrolledError(
                f"new: {new!r} is another person in {self.where}. Choose another name, or merge "
                "the two."
            )
        renamed = self.update_person(row, name=new)
        # The old name is personal data that is no longer needed.
        self.ask_for_scrub()
        self.audit("renamed", person_id=row.id)
        return renamed

    def merge(self, name: Who, into: Who) -> tuple[Person, str]:
        """Move all of a person's templates to another person, and remove the first; return its name
        too.

        Raises:
            SettingError: the two are one.
        """
        same = errors.SettingError(f"into: expected another person. Received: {into!r} twice.")
        if name == into:
            raise same
        gone = self.person(name)
        stays = self.person(into, argument="into")
        if gone.id == stays.id:  # one by the name, the other by the id
            raise same
        rows = TemplateRow.select(self.connection, templates.c.person_id == gone.id)
        moved = []
        for row in rows:
            fresh = row.stored(person_id=stays.id)
            if row.sealed is not None:  # a ciphertext is bound to its person
                fresh = self.sealing.with_vector(fresh, self.sealing.vector_of(row))
            moved.append(fresh)
        self.update_templates(moved)
        metadata = json.loads(gone.metadata) | json.loads(stays.metadata)
        merged = self.update_person(stays, metadata=as_json(metadata, argument="metadata"))
        self.connection.execute(people.delete().where(people.c.id == gone.id))
        self.change("merged", gone.id, stays.id)
        self.ask_for_scrub()
        self.audit("merged into another", person_id=gone.id, templates=len(moved))
        self.audit("merged with another", person_id=stays.id, templates=len(moved))
        return self.records([merged])[0], gone.name

    def update_templates(self, rows: Sequence[TemplateRow]) -> None:
        """Write what can change of some templates: whose they are, embedding, provenance, model."""
        if not rows:
            return
        columns = ("person_id", "vector", "sealed", "key_id", "model", "provenance", "digest")
        changed = templates.update().where(templates.c.id == sa.bindparam("row_id"))
        self.connection.execute(
            changed.values({column: sa.bindparam(f"new_{column}") for column in columns}),
            [
                {"row_id": row.id, **{f"new_{name}": getattr(row, name) for name in columns}}
                for row in rows
            ],
        )

    def replace_vectors(
        self,
        model: GalleryModel,
        vectors: Mapping[int, NDArray[np.floating[Any]]],
        *,
        capture: Capture | None,
    ) -> None:
        """Replace every template's embedding by another model's, and set the gallery's model.

        Args:
            model: the new one.
            vectors: ``(d,)`` for each template's id, all of them.
            capture: replaces the capture settings in every template's provenance.

        Raises:
            DataError: an embedding does not fit, or one is missing.
        """
        ids = set(self.connection.execute(sa.select(templates.c.id)).scalars())
        if ids != set(vectors):
            raise errors.DataError(
                f"vectors: expected an embedding for each of the {len(ids)} templates. Received: "
                f"{len(vectors)}, {len(ids - set(vectors))} missing and {len(set(vectors) - ids)} "
                "of none."
            )
        contents = {
            template_id: NewTemplate(vector=vector, photo_digest="0" * 64).content(model)
            for template_id, vector in vectors.items()
        }
        replaced = {} if capture is None else asdict(capture)
        self.set(checksum=0)
        for part in chunks(sorted(ids)):
            fresh = []
            for row in TemplateRow.select(self.connection, templates.c.id.in_(part)):
                noted = as_json(json.loads(row.provenance) | replaced, argument="provenance")
                changed = replace(row, model=model.fingerprint, provenance=noted)
                fresh.append(self.sealing.with_vector(changed, contents[row.id]))
            self.update_templates(fresh)
            self.count_embeddings(fresh, sign=1)
        self.set(model=model.fingerprint, energy=model.energy, dimensions=model.dimensions)
        self.ask_for_scrub()
        self.change("replaced", 0)
        self.audit("given to another model", templates=len(ids))
        ServerSearch(self.connection, model).drop_index()

    def reseal(self, fresh: Sealing) -> Traces:
        """Encrypt all embeddings and photos with another key; return traces of the old ciphertexts.

        Raises:
            GalleryKeyError: the present key is missing, or something cannot be decrypted with it.
        """
        connection, old = self.connection, self.sealing
        old.require()
        traces = Traces()
        count = 0
        self.set(checksum=0)
        for rows in TemplateRow.pages(connection, size=_RESEALED):
            if not traces.contents:
                # A few of the old contents stand for all; the digests stay.
                traces = Traces(contents=Traces.of(connection, rows[:_SAMPLE]).contents)
            count += len(rows)
            changed = [fresh.with_vector(row, old.vector_of(row)) for row in rows]
            self.update_templates(changed)
            self.count_embeddings(changed, sign=1)
            with_photo = self.with_photo([row.id for row in rows])
            for row in rows:
                photo = self.photo(row) if row.id in with_photo else None
                if photo is not None:
                    of_template = photos.c.template_id == row.id
                    values = vars(fresh.photo_row(row.id, row.photo_digest, photo))
                    connection.execute(photos.update().where(of_template).values(**values))
        self.set(key_id=fresh.key_id)
        self.ask_for_scrub()
        what = "decrypted" if fresh.key_id is None else "encrypted with another key"
        self.audit(what, templates=count)
        ServerSearch(connection, self.row.embedded_by).drop_index()
        return traces

    def count_embeddings(self, rows: Sequence[TemplateRow], *, sign: Literal[1, -1]) -> None:
        """Add the plain embeddings of some rows to the gallery's checksum, or subtract them."""
        plain = [row for row in rows if row.vector is not None]
        contents = b"".join(row.content for row in plain)
        before = self.row.checksum
        self.set(checksum=checksum([row.id for row in plain], contents, before=before, sign=sign))

    def set(self, **values: Any) -> None:
        """Change the gallery's own row."""
        self.row = replace(self.row, **values)

    def ask_for_scrub(self) -> None:
        """Record that deleted bytes must be removed from the files."""
        # A new number each time, so that clearing it does not clear a later deletion.
        self.set(scrub_pending=self.row.last_audit + 1)

    def finish(self) -> None:
        """Write the gallery's own row, before the transaction is committed."""
        self.connection.execute(gallery.update().values(**vars(self.row)))


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
        database: whose schema is this version's.
        key: of an encrypted gallery, if there is one.
        by: the operator's name, for the audit log.
        patience: seconds that a deletion waits for readers, before it leaves the clean-up to the
            next opening.
    """

    def __init__(
        self, database: Database, *, key: GalleryKey | None, by: str, patience: float
    ) -> None:
        self.database = database
        self.patience = patience
        self._by = by
        self._key = key
        # In memory all threads share one connection, so they take turns.
        self._turn = RLock() if database.in_memory else nullcontext()
        # Writing threads wait for each other here: SQLite's own waiting is polling, and unfair.
        self._writing = nullcontext() if database.on_server else RLock()
        with self._turn, database.reading() as connection:
            row = GalleryRow.read(connection, where=self.where)
        self.model = row.embedded_by
        self.sealing = Sealing(key_id=row.key_id, key=key, where=self.where)
        if (
            row.scrub_pending and not database.read_only
        ):  # left over by a killed process, or while a reader held the log
            self.scrub(Traces(), patience=min(patience, _AT_OPENING))

    @property
    def where(self) -> str:
        """Its path or address, without a password."""
        return self.database.where

    @contextmanager
    def reading(self) -> Iterator[Reading]:
        """Begin a transaction with a consistent snapshot."""
        with self._turn, self.database.reading() as connection:
            row = GalleryRow.read(connection, where=self.where)
            self._check_same(row)
            yield Reading(connection=connection, row=row, sealing=self.sealing)

    @contextmanager
    def writing(self) -> Iterator[Writing]:
        """Begin a transaction that holds the gallery's lock; it is committed completely or not at
        all.
        """
        with self._turn, self._writing, self.database.writing() as connection:
            row = GalleryRow.read(connection, where=self.where, lock=True)
            self._check_same(row)
            actor = _ACTING.get()
            transaction = Writing(
                connection=connection,
                row=row,
                sealing=self.sealing,
                by=self._by if actor is None else actor.by,
                detail=None if actor is None else actor.detail,
            )
            yield transaction
            transaction.finish()
            if not self.database.on_server:
                self.database.check_same_file(connection)

    def scrub(self, traces: Traces, *, patience: float | None = None) -> Scrubbed:
        """Clean up the files after a deletion, which remains valid even if the clean-up fails."""
        wait = self.patience if patience is None else patience
        try:
            with self.database.in_words(), self._turn:
                return traces.scrub(self.database, patience=wait)
        except (errors.GalleryError, OSError, SubprocessError) as error:
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
        if row.embedded_by != self.model:
            raise errors.GalleryMismatchError(
                f"{self.where} was moved to the model {row.model[:12]} after it was opened with "
                f"{self.model.fingerprint[:12]}. Open it again with that model."
            )
        if row.key_id != self.sealing.key_id:
            # Raises the fitting error: no key, a wrong key, or no longer encrypted.
            self.use_key(self._key, row.key_id)
