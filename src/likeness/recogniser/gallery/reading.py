"""`Reading`: a transaction on a gallery, and what is read in it: as of one moment."""

import json
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import sqlalchemy as sa

from likeness.errors import UnknownPersonError
from likeness.recogniser.capture import Capture
from likeness.recogniser.gallery.keys import Sealing
from likeness.recogniser.gallery.matrix import TemplateMatrix
from likeness.recogniser.gallery.records import Person, Template, Who
from likeness.recogniser.gallery.rows import (
    GalleryRow,
    PersonRow,
    PhotoRow,
    TemplateRow,
    check_name,
    checksum,
    chunks,
    look_of,
)
from likeness.recogniser.gallery.schema import changes, people, photos, templates

_LOADED = 16_384

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


@dataclass(eq=False, kw_only=True)
class Reading:
    """A transaction.

    Args:
        connection: the transaction's.
        row: the gallery's own.
        sealing: how it stores embeddings and photos.
    """

    connection: sa.Connection
    row: GalleryRow
    sealing: Sealing

    @property
    def where(self) -> str:
        """The gallery's path or address, for messages."""
        return self.sealing.where

    def person(self, who: Who, *, argument: str = "name") -> PersonRow:
        """Return the row of a person, by their id or name.

        Raises:
            SettingError: it cannot be a name.
            UnknownPersonError: there is no such person.
        """
        if not isinstance(who, int):
            who = check_name(who, argument=argument)
        row = self.person_or_none(who)
        if row is None and isinstance(who, int):
            raise UnknownPersonError(
                f"person: expected the number of an enrolled person. Received: {who}. List them "
                "with `likeness people list`."
            )
        if row is None:
            raise UnknownPersonError(
                f"name: expected an enrolled person of {self.where}. Received: {who!r}. List them "
                "with `likeness people list`."
            )
        return row

    def person_or_none(self, who: Who) -> PersonRow | None:
        """Return the row of a person by id or checked name; None if there is none."""
        column = people.c.id if isinstance(who, int) else people.c.name
        rows = PersonRow.select(self.connection, column == who)
        return rows[0] if rows else None

    def records(self, rows: Sequence[PersonRow]) -> tuple[Person, ...]:
        """Return the people of some rows."""
        counts: dict[int, int] = {}
        for part in chunks([row.id for row in rows]):
            grouped = (
                sa.select(templates.c.person_id, sa.func.count())
                .where(templates.c.person_id.in_(part))
                .group_by(templates.c.person_id)
            )
            counts |= {row[0]: row[1] for row in self.connection.execute(grouped)}
        return tuple(
            Person(
                id=row.id,
                name=row.name,
                metadata=json.loads(row.metadata),
                created=row.created,
                templates=counts.get(row.id, 0),
            )
            for row in rows
        )

    def count(self, table: sa.Table, *, search: str | None = None) -> int:
        """Return how many rows a table has, or people whose name holds a text."""
        query = sa.select(sa.func.count()).select_from(table)
        if search is not None:
            query = query.where(self._holds(search))
        return int(self.connection.execute(query).scalar_one())

    def people(
        self, *, after: str | None, limit: int, search: str | None = None
    ) -> tuple[Person, ...]:
        """Return a page of people in the order of their names' characters."""
        query = sa.select(people)
        if search is not None:
            query = query.where(self._holds(search))
        # By code points in every database, whatever its language.
        order = people.c.name
        if self._on_server:
            order = sa.collate(order, "C")  # type: ignore[assignment]
        if after is not None:
            query = query.where(order > after)
        rows = self.connection.execute(query.order_by(order).limit(limit))
        return self.records([PersonRow.read(row) for row in rows])

    def near_names(self, names: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Return, of each name that others look like, those others' names."""
        looks: dict[int, list[str]] = {}
        for name in names:
            looks.setdefault(look_of(name), []).append(name)
        near: dict[str, tuple[str, ...]] = {}
        for part in chunks(sorted(looks)):
            query = sa.select(people.c.look, people.c.name).where(people.c.look.in_(part))
            for look, other in self.connection.execute(query.order_by(people.c.name)):
                for name in looks[look]:
                    if name != other:
                        near[name] = (*near.get(name, ()), other)
        return near

    def template(self, template_id: int) -> TemplateRow:
        """Return the row of a template.

        Raises:
            UnknownPersonError: there is none.
        """
        rows = TemplateRow.select(self.connection, templates.c.id == template_id)
        if not rows:
            raise UnknownPersonError(
                f"template: expected the number of one in {self.where}. Received: {template_id}. "
                "See which there are with `templates()`."
            )
        return rows[0]

    def templates(
        self,
        *conditions: sa.ColumnElement[bool],
        after: int = 0,
        limit: int | None = None,
        vectors: bool = False,
    ) -> list[Template]:
        """Return templates for which all conditions hold, by id.

        Args:
            conditions: on the table of templates.
            after, limit: which page; everything by default.
            vectors: whether to load the embeddings.
        """
        query = (
            sa.select(templates, people.c.name, photos.c.template_id.isnot(None))
            .join(people)
            .outerjoin(photos, photos.c.template_id == templates.c.id)
            .where(templates.c.id > after, *conditions)
            .order_by(templates.c.id)
            .limit(limit)
        )
        records = []
        for *values, person, is_kept in self.connection.execute(query):
            row = TemplateRow.read(values)
            vector = np.frombuffer(self.sealing.vector_of(row), "<f4") if vectors else None
            records.append(
                Template(
                    id=row.id,
                    person_id=row.person_id,
                    person=person,
                    vector=None if vector is None else vector.astype(np.float32),
                    model=row.model,
                    photo_digest=row.photo_digest,
                    quality=json.loads(row.quality),
                    provenance=json.loads(row.provenance),
                    created=row.created,
                    photo_kept=bool(is_kept),
                )
            )
        return records

    def photo(self, template: TemplateRow) -> bytes | None:
        """Return a template's kept photo; None if it was not kept."""
        rows = PhotoRow.select(self.connection, photos.c.template_id == template.id)
        return self.sealing.photo_of(rows[0], template.photo_digest) if rows else None

    def with_photo(self, template_ids: Sequence[int]) -> set[int]:
        """Return which of some templates have their photo kept."""
        kept: set[int] = set()
        for part in chunks(template_ids):
            query = sa.select(photos.c.template_id).where(photos.c.template_id.in_(part))
            kept.update(self.connection.execute(query).scalars())
        return kept

    def capture(self) -> Capture | None:
        """Return the capture settings of the newest template; None if unknown."""
        query = sa.select(templates.c.provenance).order_by(templates.c.id.desc()).limit(1)
        provenance = self.connection.execute(query).scalar()
        return None if provenance is None else Capture.from_provenance(json.loads(provenance))

    def changes_after(self, number: int) -> list[Change] | None:
        """Return the entries of the change log after a number.

        Returns:
            None if some of them are gone, or everything was replaced: load it all again.
        """
        query = sa.select(changes).where(changes.c.number > number).order_by(changes.c.number)
        entries = [Change(**row) for row in self.connection.execute(query).mappings()]
        numbers = [change.number for change in entries]
        complete = numbers == list(range(number + 1, self.row.last_change + 1))
        replaced = any(change.kind == "replaced" for change in entries)
        return entries if complete and not replaced else None

    def load(self, matrix: TemplateMatrix, *, first: int, last: int) -> int:
        """Append the templates with ids in a range to the matrix, in bulk.

        Returns:
            the checksum of their plain embeddings.

        Through the driver's own cursor: an ORM is too slow for a million rows. (Plain
        embeddings on a server are searched there, and never loaded.)
        """
        sealed = self.sealing.key_id is not None
        content = "photo_digest, model, sealed" if sealed else "vector"
        self._check_all_stored(first, last)
        query = f"SELECT id, person_id, {content} FROM templates WHERE id BETWEEN"
        result = self.connection.exec_driver_sql(
            f"{query} {int(first)} AND {int(last)} ORDER BY id"
        )
        total = 0
        while rows := result.cursor.fetchmany(_LOADED):
            vectors = (
                [self.sealing.open_vector(bytes(row[-1]), *row[:-1]) for row in rows]
                if sealed
                else [row[2] for row in rows]
            )
            ids = np.fromiter((row[0] for row in rows), np.int64, len(rows))
            embeddings = b"".join(vectors)
            if not sealed:
                total = checksum(ids, embeddings, before=total)
            matrix.append(
                ids,
                np.fromiter((row[1] for row in rows), np.int64, len(rows)),
                np.frombuffer(embeddings, "<f4").reshape(len(rows), -1),
            )
        result.close()
        return total

    def _check_all_stored(self, first: int, last: int) -> None:
        """Raise if a template in a range is not stored as the gallery is."""
        other = templates.c.key_id.is_distinct_from(self.sealing.key_id)
        rows = sa.select(templates.c.id, templates.c.key_id).where(
            templates.c.id.between(first, last), other
        )
        for template_id, key_id in self.connection.execute(rows.limit(1)):
            self.sealing.check_stored(key_id, f"template {template_id}")

    @property
    def _on_server(self) -> bool:
        return self.connection.dialect.name == "postgresql"

    def _holds(self, search: str) -> sa.ColumnElement[bool]:
        """Say that a name holds a text, in small or capital letters."""
        # SQLite's own `lower` knows the Latin letters of ASCII only.
        text = unicodedata.normalize("NFC", search)
        if self._on_server:
            return sa.func.strpos(sa.func.lower(people.c.name), sa.func.lower(text)) > 0
        return sa.func.instr(sa.func.casefold(people.c.name), text.casefold()) > 0
