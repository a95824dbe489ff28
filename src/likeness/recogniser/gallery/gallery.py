"""`Gallery`: people and their templates, in SQLite, in PostgreSQL, or in memory."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from likeness.arrays import check_embeddings, check_in_range
from likeness.errors import DataError, SettingError
from likeness.recogniser.capture import Capture
from likeness.recogniser.gallery import changes as _changes
from likeness.recogniser.gallery import people as _people
from likeness.recogniser.gallery import templates as _templates
from likeness.recogniser.gallery.enrolment import APPROVED, ENROLLED, Entry, enrol_entries
from likeness.recogniser.gallery.keys import GalleryKey
from likeness.recogniser.gallery.receipts import draft, receipt_digest
from likeness.recogniser.gallery.records import (
    AllEnergies,
    AuditEntry,
    Candidate,
    Counts,
    Enrolled,
    GalleryModel,
    NewTemplate,
    Note,
    Person,
    Receipt,
    Template,
    Who,
)
from likeness.recogniser.gallery.rotation import reseal
from likeness.recogniser.gallery.rows import (
    LARGEST,
    Row,
    Sealing,
    as_json,
    check_name,
    check_template,
    provenance_of,
)
from likeness.recogniser.gallery.schema import audit, people, photos, templates
from likeness.recogniser.gallery.scrub import Traces, traces_of
from likeness.recogniser.gallery.server_search import INDEX, make_index
from likeness.recogniser.gallery.store import Store
from likeness.recogniser.gallery.transaction import Writing

_PAGE = 1000


class Gallery:
    """People and their templates, kept and searched; see `open_gallery` and `create_gallery`.

    Every change is one transaction: when a method returns, it is on the disk; when it raises,
    nothing happened. Several processes may have one gallery open; each answers from what is
    there at that moment. One object serves several threads; searches in a file take turns.

    Args:
        engine: of the database, whose schema is this version's.
        key: of an encrypted gallery; without it people can be listed but not searched.
        by: who works with it, for the audit log.
        patience: seconds that a deletion waits for readers before it leaves the files to the
            next opening.
    """

    def __init__(
        self, engine: sa.Engine, *, key: GalleryKey | None, by: str, patience: float = 5.0
    ) -> None:
        self._store = Store(engine, key=key, by=by, patience=patience)

    @property
    def store(self) -> Store:
        """What it is kept in; for copies, checks and exports."""
        return self._store

    @property
    def where(self) -> str:
        """Its path or address, without a password."""
        return self._store.where

    @property
    def model(self) -> GalleryModel:
        """Whose embeddings it holds."""
        return self._store.model

    @property
    def key_id(self) -> str | None:
        """The id of the key it is encrypted with; None if it is plain."""
        return self._store.sealing.key_id

    def enrol(
        self,
        name: Who,
        templates: Sequence[NewTemplate],
        *,
        metadata: Mapping[str, Any] | None = None,
        new: bool = False,
    ) -> Enrolled:
        """Add templates to a person, who is made if need be.

        A photo that is already enrolled for this person is not added again; if it was not kept
        and comes with its bytes now, it is kept from now on.

        Args:
            name: 1 to 200 letters; or the id of somebody who is there.
            templates: of their photos; may be none.
            metadata: replaces what is noted about them; None leaves it.
            new: whether they must not be there yet, but with these very photos.

        Raises:
            AlreadyEnrolledError: a photo is somebody else's, or who should be new is not.
            UnknownPersonError: nobody has that id.
            DataError: an embedding or a value does not fit.
            GalleryMismatchError: the photos have other capture settings than the gallery.
            SettingError: the name does not fit.
        """
        entry = Entry(name=name, templates=templates, metadata=metadata, new=new)
        return self._enrol([entry], ENROLLED)[0]

    def enrol_many(self, people: Mapping[str, Sequence[NewTemplate]]) -> dict[str, Enrolled]:
        """Enrol several people in one transaction: all of them or none.

        Raises:
            AlreadyEnrolledError: a photo is somebody else's.
            DataError: an embedding or a value does not fit.
            GalleryMismatchError: the photos have other capture settings than the gallery.
            SettingError: a name does not fit.
        """
        entries = [Entry(name=name, templates=photos) for name, photos in people.items()]
        return dict(zip(people, self._enrol(entries, ENROLLED), strict=True))

    def approve(self, name: Who, template: NewTemplate) -> Enrolled:
        """Add a probe that was recognised to the person's templates, marked as approved.

        Raises:
            UnknownPersonError: nobody of that name is enrolled.
            AlreadyEnrolledError: the photo is somebody else's.
            DataError: the embedding does not fit.
            GalleryMismatchError: it has other capture settings than the gallery.
        """
        return self._enrol([Entry(name=name, templates=[template])], APPROVED)[0]

    def undo(self, template_id: int) -> Receipt:
        """Take an approved template back.

        Raises:
            UnknownPersonError: there is no such template.
            SettingError: it was not approved but enrolled.
        """
        return self._remove(template_id, what="undid an approval", only=APPROVED)

    def rename(self, name: Who, new: str) -> Person:
        """Give a person another name; the name that they have changes nothing.

        Raises:
            UnknownPersonError: nobody of that name is enrolled.
            AlreadyEnrolledError: the new name is somebody else's.
        """
        return self.change_person(name, new=new)

    def change_person(
        self, name: Who, *, new: str | None = None, metadata: Mapping[str, Any] | None = None
    ) -> Person:
        """Give a person another name, replace what is noted about them, or both at once.

        Args:
            name: whom, or their id.
            new: the other name; None leaves it.
            metadata: JSON values; None leaves them.

        Raises:
            UnknownPersonError: nobody of that name is enrolled.
            AlreadyEnrolledError: the new name is somebody else's.
            DataError: the metadata hold something else than JSON values.
        """
        checked = _people.checked_who(name)
        fresh = None if new is None else check_name(new, argument="new")
        text = None if metadata is None else as_json(metadata, argument="metadata")
        with self._store.writing() as transaction:
            connection = transaction.connection
            row = _people.need_person(connection, checked, where=self.where)
            old = None
            if fresh is not None:
                old = _people.rename_person(transaction, row["id"], fresh, where=self.where)
            if text is not None:
                row = _people.need_person(connection, row["id"], where=self.where)
                _people.update_person(transaction, row, metadata=text)
                transaction.audit("described", person_id=row["id"])
            row = _people.need_person(connection, row["id"], where=self.where)
            person = _people.as_person(connection, row)
        if old is not None:
            self._store.scrub(Traces(names=(old,)))
        return person

    def merge(self, name: Who, *, into: Who) -> Person:
        """Give a person's templates to another; the first is gone.

        What is noted about the second goes before what is noted about the first.

        Raises:
            UnknownPersonError: one of the two is not enrolled.
            SettingError: the two are one.
        """
        gone = _people.checked_who(name)
        stays = _people.checked_who(into, argument="into")
        with self._store.writing() as transaction:
            person, old = _people.merge_people(transaction, gone, stays, where=self.where)
        self._store.scrub(Traces(names=(old,)))
        return person

    def describe_person(self, name: Who, metadata: Mapping[str, Any]) -> Person:
        """Replace what is noted about a person.

        Raises:
            UnknownPersonError: nobody of that name is enrolled.
            DataError: it holds something else than JSON values.
        """
        return self.change_person(name, metadata=metadata)

    def remove_template(self, template_id: int) -> Receipt:
        """Forget one photo; the person stays, even with no photo left.

        Raises:
            UnknownPersonError: there is no such template.
        """
        return self._remove(template_id, what="removed a template")

    def forget(self, name: Who) -> Receipt:
        """Forget a person, and say how far they are gone.

        Raises:
            UnknownPersonError: nobody of that name is enrolled.
        """
        checked = _people.checked_who(name)
        with self._store.writing() as transaction:
            connection = transaction.connection
            person = _people.need_person(connection, checked, where=self.where)
            query = sa.select(templates).where(templates.c.person_id == person["id"])
            rows = connection.execute(query).mappings().all()
            traces = traces_of(connection, rows, names=(person["name"],))
            receipt = self._delete(transaction, "forgot", person, rows, person_removed=True)
            connection.execute(people.delete().where(people.c.id == person["id"]))
            transaction.change(_changes.FORGOT, person["id"])
        return self._finished(receipt, traces)

    def person(self, name: Who) -> Person:
        """Return a person, by their name or their id.

        Raises:
            UnknownPersonError: nobody of that name is enrolled.
        """
        with self._store.reading() as (connection, _):
            row = _people.need_person(connection, _people.checked_who(name), where=self.where)
            return _people.as_person(connection, row)

    def people(
        self, *, after: str | None = None, limit: int = 100, search: str | None = None
    ) -> tuple[Person, ...]:
        """Return a page of people, in the order of their names' characters.

        Args:
            after: the last name of the page before.
            limit: people on a page, 1…10,000.
            search: only people whose name holds this, in small or capital letters.
        """
        check_in_range(limit, 1, 10_000, argument="limit", whole=True)
        with self._store.reading() as (connection, _):
            return _people.list_people(connection, after=after, limit=int(limit), search=search)

    def count_people(self, *, search: str | None = None) -> int:
        """Return how many people are enrolled, or of them those whose name holds a text."""
        with self._store.reading() as (connection, _):
            return _people.count_people(connection, search=search)

    def templates(self, name: Who | None = None, *, vectors: bool = False) -> Iterator[Template]:
        """Go through a person's templates, or all, by id.

        Args:
            name: whose; None for everybody's.
            vectors: whether the embeddings are wanted; of an encrypted gallery they need its
                key.

        Raises:
            UnknownPersonError: nobody of that name is enrolled.
        """
        person_id = None if name is None else self.person(name).id
        after = 0
        while True:
            with self._store.reading() as (connection, _):
                page = _templates.read_templates(
                    connection,
                    self._store.sealing,
                    after=after,
                    limit=_PAGE,
                    person_id=person_id,
                    vectors=vectors,
                )
            yield from page
            if len(page) < _PAGE:
                return
            after = page[-1].id

    def template_of(self, photo_digest: str) -> Template | None:
        """Return the template of a photo, without its embedding; None if it is not enrolled.

        Args:
            photo_digest: SHA-256 of the photo's bytes.
        """
        with self._store.reading() as (connection, _):
            found = _templates.read_templates(
                connection,
                self._store.sealing,
                after=0,
                limit=1,
                digest=photo_digest,
                vectors=False,
            )
        return found[0] if found else None

    def capture(self) -> Capture | None:
        """Return the capture settings of its photos, as the newest one's provenance records them.

        Returns:
            None if nobody is enrolled, or they are not recorded.
        """
        with self._store.reading() as (connection, _):
            return _templates.newest_capture(connection)

    def template(self, template_id: int) -> Template:
        """Return a template, without its embedding.

        Raises:
            UnknownPersonError: there is no such template.
        """
        with self._store.reading() as (connection, _):
            _templates.need_template(connection, template_id, where=self.where)
            (found,) = _templates.read_templates(
                connection, self._store.sealing, after=template_id - 1, limit=1, vectors=False
            )
            return found

    def photo(self, template_id: int) -> bytes | None:
        """Return a kept photo; None if it was not kept.

        Raises:
            UnknownPersonError: there is no such template.
        """
        with self._store.reading() as (connection, _):
            row = _templates.need_template(connection, template_id, where=self.where)
            return _templates.read_photo(connection, self._store.sealing, row)

    def counts(self) -> Counts:
        """Return how much there is."""
        with self._store.reading() as (connection, _):
            numbers = [
                connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
                for table in (people, templates, photos)
            ]
        return Counts(people=numbers[0], templates=numbers[1], photos=numbers[2])

    def audit(self, *, after: int = 0, limit: int = 100) -> tuple[AuditEntry, ...]:
        """Return a page of the audit log, oldest first.

        Args:
            after: number of the last entry of the page before.
            limit: entries on a page, 1…10,000.
        """
        check_in_range(limit, 1, 10_000, argument="limit", whole=True)
        query = (
            sa.select(audit)
            .where(audit.c.number > after)
            .order_by(audit.c.number)
            .limit(int(limit))
        )
        with self._store.reading() as (connection, _):
            rows = [dict(row) for row in connection.execute(query).mappings()]
        return tuple(
            AuditEntry(
                when=row.pop("at"),
                detail=None if (text := row.pop("detail")) is None else json.loads(text),
                **row,
            )
            for row in rows
        )

    def note(self, notes: Sequence[Note]) -> None:
        """Write to the audit log what was done without changing anything, all in one commit.

        Raises:
            DataError: a detail holds something else than JSON values.
        """
        entries = [
            {
                "what": one.what,
                "who": one.by,
                "person_id": one.person_id,
                "detail": as_json(one.detail, argument="detail"),
            }
            for one in notes
        ]
        with self._store.writing() as transaction:
            transaction.audit_many(entries)

    def search(
        self, probes: NDArray[np.floating[Any]], *, k: int = 5, approximate: int | None = None
    ) -> list[tuple[Candidate, ...]]:
        """Return the k nearest people of each probe, nearest first; fewer if there are fewer.

        Args:
            probes: embeddings, ``(n, d)``.
            k: how many people, 1…1000.
            approximate: search PostgreSQL's HNSW index (`build_index`) with so long a list of
                candidates, 1…1000; it may miss people. None is exact.

        Raises:
            DataError: the probes do not fit.
            SettingError: k is out of range, or there is no such index.
            GalleryMismatchError: the gallery was given to another model.
            GalleryKeyError: it is encrypted and there is no key, or it was given another.
        """
        check_in_range(k, 1, 1000, argument="k", whole=True)
        asked = self._check_probes(probes)
        if approximate is not None and not self._store.on_server:
            raise SettingError(
                "approximate: expected a gallery on a PostgreSQL server. Received: "
                f"{self.where}, which is searched exactly."
            )
        return self._store.answer(
            lambda search, connection, row: search.nearest(
                connection, row, asked, k=int(k), approximate=approximate
            )
        )

    def energies(self, probes: NDArray[np.floating[Any]]) -> AllEnergies:
        """Return the exact energies of probes to every template, for fusions other than min.

        Raises:
            DataError: the probes do not fit.
            GalleryMismatchError: the gallery was given to another model.
            GalleryKeyError: it is encrypted and there is no key, or it was given another.
        """
        asked = self._check_probes(probes)
        return self._store.answer(
            lambda search, connection, row: search.everything(connection, row, asked)
        )

    def replace_vectors(
        self,
        model: GalleryModel,
        vectors: Mapping[int, NDArray[np.floating[Any]]],
        *,
        capture: Capture | None = None,
    ) -> None:
        """Give every template the embedding of another model, and the gallery that model.

        Other processes that have the gallery open are told at their next question.

        Args:
            model: the new one.
            vectors: ``(d,)`` for each template's id, all of them.
            capture: replaces the capture settings in every template's provenance.

        Raises:
            DataError: an embedding does not fit, or one is missing.
        """
        with self._store.writing() as transaction:
            ids = set(transaction.connection.execute(sa.select(templates.c.id)).scalars())
            if ids != set(vectors):
                raise DataError(
                    f"vectors: expected an embedding for each of the {len(ids)} templates. "
                    f"Received: {len(vectors)}, {len(ids - set(vectors))} missing and "
                    f"{len(set(vectors) - ids)} of none."
                )
            contents = {
                place: check_template(NewTemplate(vector=vector, photo_digest="0" * 64), model)
                for place, vector in vectors.items()
            }
            transaction.model = model
            _templates.replace_vectors(transaction, contents, capture=capture)
            transaction.set(
                model=model.fingerprint,
                energy=model.energy,
                dimensions=model.dimensions,
            )
            transaction.ask_for_scrub()
            transaction.change(_changes.REPLACED, 0)
            transaction.audit("given to another model", templates=len(ids))
            if self._store.on_server:
                transaction.connection.exec_driver_sql(f"DROP INDEX IF EXISTS {INDEX}")
        self._store.give_model(model)
        self._store.scrub(Traces())

    def rotate_key(self, key: GalleryKey | None) -> None:
        """Seal everything with another key; a plain gallery becomes encrypted.

        Other processes that have the gallery open are told at their next question. On a
        PostgreSQL server search moves from the server into the process, or back.

        Args:
            key: the new one; None stores everything plain.

        Raises:
            GalleryKeyError: the present key is missing.
            SettingError: the gallery has this key already.
        """
        fresh = Sealing(key_id=None if key is None else key.id, key=key, where=self.where)
        if fresh.key_id == self.key_id:
            raise SettingError("key: expected another one. Received: the gallery's own.")
        with self._store.writing() as transaction:
            traces = reseal(transaction, fresh)
        self._store.give_key(key, fresh)
        self._store.scrub(traces)

    def build_index(self, *, links: int = 16, effort: int = 64) -> None:
        """Make, or make anew, the HNSW index of a gallery on a PostgreSQL server.

        Args:
            links: of each template in the graph (HNSW's M), 2…100.
            effort: candidates while it is built (efConstruction), 2·links…1000.

        Raises:
            SettingError: the gallery is elsewhere or encrypted, or a value is out of range.
        """
        if not self._store.on_server or self.key_id is not None:
            raise SettingError(
                "build_index: expected a plain gallery on a PostgreSQL server. Received: "
                f"{self.where}, which is searched exactly in the process."
            )
        with self._store.writing() as transaction:
            make_index(transaction.connection, self.model, links=links, effort=effort)

    def close(self) -> None:
        """Let go of the store."""
        self._store.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _check_probes(self, probes: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        asked = check_embeddings(probes, argument="probes").astype(np.float64)
        if asked.shape[1] != self.model.dimensions or (np.abs(asked) > LARGEST).any():
            raise DataError(
                f"probes: expected embeddings of {self.model.dimensions} numbers, at most "
                f"{LARGEST:g}. Received: {asked.shape[1]} numbers, up to {np.abs(asked).max():g}."
            )
        return asked

    def _enrol(self, entries: Sequence[Entry], how: str) -> list[Enrolled]:
        with self._store.writing() as transaction:
            return enrol_entries(transaction, entries, how=how, where=self.where)

    def _remove(self, template_id: int, *, what: str, only: str | None = None) -> Receipt:
        with self._store.writing() as transaction:
            connection = transaction.connection
            row = _templates.need_template(connection, template_id, where=self.where)
            how = provenance_of(row).get("how")
            if only is not None and how != only:
                raise SettingError(
                    f"template: expected an approved one. Template {template_id} was {how}; remove "
                    "it with `remove_template()`."
                )
            query = sa.select(people).where(people.c.id == row["person_id"])
            person = connection.execute(query).mappings().one()
            traces = traces_of(connection, [row])
            receipt = self._delete(transaction, what, person, [row], person_removed=False)
            transaction.change(_changes.REMOVED, template_id)
        return self._finished(receipt, traces)

    def _delete(
        self,
        transaction: Writing,
        what: str,
        person: Row,
        rows: Sequence[Row],
        *,
        person_removed: bool,
    ) -> Receipt:
        ids = [row["id"] for row in rows]
        kept = _people.remove_templates(transaction.connection, ids)
        receipt = draft(person, ids, photos=kept, by=transaction.by, person_removed=person_removed)
        transaction.ask_for_scrub()
        transaction.audit(
            what,
            person_id=person["id"],
            templates=len(ids),
            receipt=receipt.id,
            receipt_digest=receipt_digest(receipt),
        )
        return receipt

    def _finished(self, receipt: Receipt, traces: Traces) -> Receipt:
        return replace(receipt, **vars(self._store.scrub(traces)))
