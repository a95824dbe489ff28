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
from likeness.files import one_spelling
from likeness.recogniser.capture import Capture
from likeness.recogniser.gallery import records, schema
from likeness.recogniser.gallery.api_keys import ApiKeys
from likeness.recogniser.gallery.database import Database
from likeness.recogniser.gallery.keys import GalleryKey, Sealing
from likeness.recogniser.gallery.people import Entry, How, enrol_entries
from likeness.recogniser.gallery.postgres_search import ServerSearch
from likeness.recogniser.gallery.receipts import Deletion, Receipt
from likeness.recogniser.gallery.rows import as_json, check_name
from likeness.recogniser.gallery.scrub import Traces
from likeness.recogniser.gallery.search import Search
from likeness.recogniser.gallery.store import Store

_PAGE = 1000
Probes = NDArray[np.floating[Any]]


class Gallery:
    """People and their templates, kept and searched; see `open_gallery` and `create_gallery`.

    Every change is one transaction: when a method returns, it is on the disk; when it raises,
    nothing was changed. Several processes may have one gallery open; each answers from what is
    there at that moment. One object serves several threads; searches in a file take turns.

    Args:
        database: whose schema is this version's.
        key: of an encrypted gallery; without it people can be listed but not searched.
        by: the operator's name, for the audit log.
        patience: seconds that a deletion waits for readers, before it leaves the clean-up to the
            next opening.
    """

    def __init__(
        self, database: Database, *, key: GalleryKey | None, by: str, patience: float = 5.0
    ) -> None:
        self._store = Store(database, key=key, by=by, patience=patience)
        self._search = Search(self._store)

    @property
    def store(self) -> Store:
        """What it is kept in; for copies, checks and exports."""
        return self._store

    @property
    def api_keys(self) -> ApiKeys:
        """Keys of the service."""
        return ApiKeys(self._store)

    @property
    def where(self) -> str:
        """Its path or address, without a password."""
        return self._store.where

    @property
    def model(self) -> records.GalleryModel:
        """The model whose embeddings it holds."""
        return self._store.model

    @property
    def key_id(self) -> str | None:
        """The id of the key it is encrypted with; None if it is plain."""
        return self._store.sealing.key_id

    def enrol(
        self,
        name: records.Who,
        templates: Sequence[records.NewTemplate],
        *,
        metadata: records.JsonObject | None = None,
        new: bool = False,
    ) -> records.Enrolled:
        """Add templates to a person, who is created if necessary.

        A photo that is already enrolled for this person is not added again; its bytes are stored if
        they are given and missing.

        Args:
            name: 1 to 200 letters; or the id of an enrolled person.
            templates: of their photos; may be none.
            metadata: replaces the person's metadata; None keeps it.
            new: whether they must not be enrolled yet, except with these photos.

        Raises:
            AlreadyEnrolledError: a photo belongs to another person, or a person who must be new is
                already enrolled.
            UnknownPersonError: there is no person with that id.
            DataError: an embedding or a value does not fit.
            GalleryMismatchError: the photos have other capture settings than the gallery.
            SettingError: the name does not fit.
        """
        entry = Entry(name=name, templates=templates, metadata=metadata, new=new)
        return self._enrol([entry], "enrolled")[0]

    def enrol_many(
        self, people: Mapping[str, Sequence[records.NewTemplate]]
    ) -> dict[str, records.Enrolled]:
        """Enrol several people in one transaction: all of them or none.

        Raises:
            AlreadyEnrolledError: a photo belongs to another person.
            DataError: an embedding or a value does not fit.
            GalleryMismatchError: the photos have other capture settings than the gallery.
            SettingError: a name does not fit.
        """
        entries = [Entry(name=name, templates=photos) for name, photos in people.items()]
        return dict(zip(people, self._enrol(entries, "enrolled"), strict=True))

    def approve(self, name: records.Who, template: records.NewTemplate) -> records.Enrolled:
        """Add a probe that was recognised to the person's templates, marked as approved.

        Raises:
            UnknownPersonError: nobody of that name is enrolled.
            AlreadyEnrolledError: the photo belongs to another person.
            DataError: the embedding does not fit.
            GalleryMismatchError: it has other capture settings than the gallery.
        """
        return self._enrol([Entry(name=name, templates=[template])], "approved")[0]

    def undo(self, template_id: int) -> Receipt:
        """Remove an approved template.

        Raises:
            UnknownPersonError: there is no such template.
            SettingError: it was not approved but enrolled.
        """
        return self._remove(template_id, what="undid an approval", only="approved")

    def change_person(
        self,
        name: records.Who,
        *,
        new: str | None = None,
        metadata: records.JsonObject | None = None,
    ) -> records.Person:
        """Rename a person, replace their metadata, or both in one transaction.

        Args:
            name: whom, or their id.
            new: the new name; None keeps it.
            metadata: JSON values; None keeps them.

        Raises:
            UnknownPersonError: nobody of that name is enrolled.
            AlreadyEnrolledError: the new name belongs to another person.
            DataError: the metadata hold something else than JSON values.
        """
        fresh = None if new is None else check_name(new, argument="new", new=True)
        noted = None if metadata is None else as_json(metadata, argument="metadata")
        with self._store.writing() as transaction:
            row = transaction.person(name)
            old = row.name
            if fresh is not None:
                row = transaction.rename(row, fresh)
            if noted is not None:
                row = transaction.update_person(row, metadata=noted)
                transaction.audit("described", person_id=row.id)
            (person,) = transaction.records([row])
        if person.name != old:
            self._store.scrub(Traces(names=(old,)))
        return person

    def merge(self, name: records.Who, *, into: records.Who) -> records.Person:
        """Move a person's templates to another person, and remove the first person.

        The second person's metadata override the first's.

        Raises:
            UnknownPersonError: one of the two is not enrolled.
            SettingError: the two are one.
        """
        with self._store.writing() as transaction:
            person, old = transaction.merge(name, into)
        self._store.scrub(Traces(names=(old,)))
        return person

    def remove_template(self, template_id: int) -> Receipt:
        """Forget one photo; the person stays, even with no photo left.

        Raises:
            UnknownPersonError: there is no such template.
        """
        return self._remove(template_id, what="removed a template")

    def forget(self, name: records.Who) -> Receipt:
        """Delete a person, and return the receipt.

        Raises:
            UnknownPersonError: nobody of that name is enrolled.
        """
        with self._store.writing() as transaction:
            deletion = Deletion.of_person(transaction, name)
        return self._scrubbed(deletion)

    def person(self, name: records.Who) -> records.Person:
        """Return a person, by their name or their id.

        Raises:
            UnknownPersonError: nobody of that name is enrolled.
        """
        with self._store.reading() as reading:
            return reading.records([reading.person(name)])[0]

    def near_names(self, name: str) -> tuple[str, ...]:
        """Return the names of others that look like a name; see `forget`.

        Capitals, blanks, letters that cannot be seen, dashes and apostrophes make no difference.
        """
        spelled = one_spelling(name)
        with self._store.reading() as reading:
            return reading.near_names([spelled]).get(spelled, ())

    def people(
        self, *, after: str | None = None, limit: int = 100, search: str | None = None
    ) -> tuple[records.Person, ...]:
        """Return a page of people, in the order of their names' characters.

        Args:
            after: the last name of the page before.
            limit: people on a page, 1…10,000.
            search: only people whose name holds this, in small or capital letters.
        """
        check_in_range(limit, 1, 10_000, argument="limit", whole=True)
        with self._store.reading() as reading:
            return reading.people(after=after, limit=int(limit), search=search)

    def everybody(self) -> Iterator[records.Person]:
        """Go through all people, by name."""
        after = None
        while page := self.people(after=after, limit=10_000):
            yield from page
            after = page[-1].name

    def count_people(self, *, search: str | None = None) -> int:
        """Return how many people are enrolled, or of them those whose name holds a text."""
        with self._store.reading() as reading:
            return reading.count(schema.people, search=search)

    def templates(
        self, name: records.Who | None = None, *, vectors: bool = False
    ) -> Iterator[records.Template]:
        """Go through a person's templates, or all, by id.

        Args:
            name: whose; None for everybody's.
            vectors: whether to load the embeddings; in an encrypted gallery this needs the key.

        Raises:
            UnknownPersonError: nobody of that name is enrolled.
        """
        of = () if name is None else (schema.templates.c.person_id == self.person(name).id,)
        after = 0
        while True:
            with self._store.reading() as reading:
                page = reading.templates(*of, after=after, limit=_PAGE, vectors=vectors)
            yield from page
            if len(page) < _PAGE:
                return
            after = page[-1].id

    def template_of(self, photo_digest: str) -> records.Template | None:
        """Return the template of a photo, without its embedding; None if it is not enrolled.

        Args:
            photo_digest: SHA-256 of the photo's bytes.
        """
        with self._store.reading() as reading:
            matches = reading.templates(schema.templates.c.photo_digest == photo_digest)
        return matches[0] if matches else None

    def capture(self) -> Capture | None:
        """Return the capture settings of its photos, as the newest one's provenance records them.

        Returns:
            None if nobody is enrolled, or they are not recorded.
        """
        with self._store.reading() as reading:
            return reading.capture()

    def template(self, template_id: int) -> records.Template:
        """Return a template, without its embedding.

        Raises:
            UnknownPersonError: there is no such template.
        """
        with self._store.reading() as reading:
            reading.template(template_id)
            return reading.templates(schema.templates.c.id == template_id)[0]

    def photo(self, template_id: int) -> bytes | None:
        """Return a kept photo; None if it was not kept.

        Raises:
            UnknownPersonError: there is no such template.
        """
        with self._store.reading() as reading:
            return reading.photo(reading.template(template_id))

    def counts(self) -> records.Counts:
        """Return how much there is."""
        with self._store.reading() as reading:
            return records.Counts(
                people=reading.count(schema.people),
                templates=reading.count(schema.templates),
                photos=reading.count(schema.photos),
            )

    def audit(self, *, after: int = 0, limit: int = 100) -> tuple[records.AuditEntry, ...]:
        """Return a page of the audit log, oldest first.

        Args:
            after: number of the last entry of the page before.
            limit: entries on a page, 1…10,000.
        """
        check_in_range(limit, 1, 10_000, argument="limit", whole=True)
        number = schema.audit.c.number
        columns = [column for column in schema.audit.columns if column.name != "chain"]
        query = sa.select(*columns).where(number > after).order_by(number).limit(int(limit))
        with self._store.reading() as reading:
            rows = [dict(row) for row in reading.connection.execute(query).mappings()]
        return tuple(
            records.AuditEntry(
                when=row.pop("at"),
                detail=_detail(row.pop("detail")),
                **row,
            )
            for row in rows
        )

    def note(self, notes: Sequence[records.Note]) -> None:
        """Write read-only operations to the audit log, in one commit.

        Raises:
            DataError: a detail holds something other than JSON values.
        """
        entries = [
            {
                "what": note.what,
                "who": note.by,
                "person_id": note.person_id,
                "detail": as_json(note.detail, argument="detail"),
            }
            for note in notes
        ]
        with self._store.writing() as transaction:
            transaction.audit_many(entries)

    def search(
        self, probes: Probes, *, k: int = 5, approximate: int | None = None
    ) -> list[tuple[records.Candidate, ...]]:
        """Return the k nearest people of each probe, nearest first; fewer if there are fewer.

        Args:
            probes: embeddings, ``(n, d)``.
            k: how many people, 1…1000.
            approximate: search PostgreSQL's HNSW index (`build_index`) with a candidate list of
                this length, 1…1000; it may miss people. None is exact.

        Raises:
            DataError: the probes do not fit.
            SettingError: k is out of range, or there is no such index.
            GalleryMismatchError: the gallery was moved to another model.
            GalleryKeyError: it is encrypted and there is no key, or it was given a new key.
        """
        check_in_range(k, 1, 1000, argument="k", whole=True)
        checked = self._checked(probes)
        if approximate is not None and not self._store.database.on_server:
            raise SettingError(
                "approximate: expected a gallery on a PostgreSQL server. Received: "
                f"{self.where}, which is searched exactly."
            )
        return self._search.nearest(checked, k=int(k), approximate=approximate)

    def energies(self, probes: Probes) -> records.AllEnergies:
        """Return the exact energies of probes to every template, for fusions other than min.

        Raises:
            DataError: the probes do not fit.
            GalleryMismatchError: the gallery was moved to another model.
            GalleryKeyError: it is encrypted and there is no key, or it was given a new key.
        """
        return self._search.energies(self._checked(probes))

    def replace_vectors(
        self,
        model: records.GalleryModel,
        vectors: Mapping[int, NDArray[np.floating[Any]]],
        *,
        capture: Capture | None = None,
    ) -> None:
        """Replace every template's embedding by another model's, and set the gallery's model.

        Other processes that have the gallery open notice it at their next query.

        Args:
            model: the new one.
            vectors: ``(d,)`` for each template's id, all of them.
            capture: replaces the capture settings in every template's provenance.

        Raises:
            DataError: an embedding does not fit, or one is missing.
        """
        with self._store.writing() as transaction:
            transaction.replace_vectors(model, vectors, capture=capture)
        self._store.model = model
        self._store.scrub(Traces())

    def rotate_key(self, key: GalleryKey | None) -> None:
        """Encrypt everything with another key; a plain gallery becomes encrypted.

        Other processes that have the gallery open notice it at their next query. On a
        PostgreSQL server search moves from the server into the process, or back.

        Args:
            key: the new one; None stores everything plain.

        Raises:
            GalleryKeyError: the present key is missing.
            SettingError: the gallery has this key already.
        """
        fresh = Sealing(key_id=None if key is None else key.id, key=key, where=self.where)
        if fresh.key_id == self.key_id:
            raise SettingError("key: expected a new key. Received: the gallery's present one.")
        with self._store.writing() as transaction:
            traces = transaction.reseal(fresh)
        self._store.use_key(key, fresh.key_id)
        self._store.scrub(traces)

    def build_index(self, *, links: int = 16, effort: int = 64) -> None:
        """Build or rebuild the HNSW index of a gallery on a PostgreSQL server.

        Args:
            links: of each template in the graph (HNSW's M), 2…100.
            effort: candidates while it is built (efConstruction), 2·links…1000.

        Raises:
            SettingError: the gallery is elsewhere or encrypted, or a value is out of range.
        """
        if not self._store.database.on_server or self.key_id is not None:
            raise SettingError(
                "build_index: expected a plain gallery on a PostgreSQL server. Received: "
                f"{self.where}, which is searched exactly in the process."
            )
        with self._store.writing() as transaction:
            ServerSearch(transaction.connection, self.model).make_index(links=links, effort=effort)

    def close(self) -> None:
        """Close the store."""
        self._store.database.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _checked(self, probes: Probes) -> NDArray[np.float64]:
        values = check_embeddings(probes, argument="probes").astype(np.float64)
        if values.shape[1] != self.model.dimensions or (np.abs(values) > records.LARGEST).any():
            raise DataError(
                f"probes: expected embeddings of {self.model.dimensions} numbers, at most "
                f"{records.LARGEST:g}. Received: {values.shape[1]} numbers, up to "
                f"{np.abs(values).max():g}."
            )
        return values

    def _enrol(self, entries: Sequence[Entry], how: How) -> list[records.Enrolled]:
        with self._store.writing() as transaction:
            return enrol_entries(transaction, entries, how=how)

    def _remove(self, template_id: int, *, what: str, only: How | None = None) -> Receipt:
        with self._store.writing() as transaction:
            deletion = Deletion.of_template(transaction, template_id, what=what, only=only)
        return self._scrubbed(deletion)

    def _scrubbed(self, deletion: Deletion) -> Receipt:
        done, receipt = self._store.scrub(deletion.traces), deletion.receipt
        return replace(receipt, **{**vars(done), "remains": receipt.remains + done.remains})


def _detail(text: str | None) -> records.JsonObject | None:
    """Return the JSON of an audit entry; what is none, as it stands: the log must be readable."""
    if text is None:
        return None
    try:
        detail = json.loads(text)
    except (ValueError, RecursionError):
        detail = None
    return detail if isinstance(detail, dict) else {"unreadable": str(text)}
