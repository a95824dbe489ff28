"""`check_gallery`: find damage in a gallery."""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa

from likeness.errors import GalleryDamagedError, GalleryError, GalleryKeyError, LikenessError
from likeness.recogniser.gallery import rows, schema
from likeness.recogniser.gallery.api_keys import ROLES
from likeness.recogniser.gallery.database import Database
from likeness.recogniser.gallery.keys import GalleryKey, Sealing
from likeness.recogniser.gallery.opening import migrate
from likeness.recogniser.gallery.records import GalleryModel, photo_digest

_FORMAT = "likeness.gallery-check/1"
_AT_ONCE = 2000
_PHOTOS_AT_ONCE = 20
MOST = 1000
"""Most problems that are listed."""


@dataclass(frozen=True, kw_only=True)
class _GalleryCheck:
    """What a check found.

    Args:
        where: the gallery.
        people: how many were checked.
        templates: how many were checked.
        photos: how many were checked.
        problems: a sentence each; none if the gallery is sound.
        notes: what could not be checked, and what is worth knowing.
    """

    where: str
    people: int
    templates: int
    photos: int
    problems: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing is damaged."""
        return not self.problems

    def as_dict(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return {"format": _FORMAT, "sound": self.sound, **asdict(self)}


def check_gallery(where: str | Path, *, key: GalleryKey | None = None) -> _GalleryCheck:
    """Check every page, row, number and embedding of a gallery.

    Args:
        where: as for `open_gallery`.
        key: of an encrypted gallery; without it, ciphertexts are not checked.

    Raises:
        GalleryError: there is no gallery, or it cannot be read at all.
        GalleryMismatchError: it is of another version.
        GalleryKeyError: the key is wrong.
    """
    database = Database.at(where)
    database.check_file()
    try:
        with database.reading() as connection:
            version = schema.version_of(connection)
        if version == schema.VERSION:
            with database.reading() as connection:
                return _checked(connection, where=database.where, key=key)
        # Brought up to date for the check alone: what is checked stays as it is.
        with database.writing(tables=True) as connection:
            migrate(connection, where=database.where)
            checked = _checked(connection, where=database.where, key=key)
            connection.rollback()
        note = f"it has schema version {version}; the next opening brings it up to date"
        return replace(checked, notes=(*checked.notes, note))
    except GalleryDamagedError:
        problem = "file: it is so damaged that it cannot be opened; restore a backup"
        return _GalleryCheck(
            where=str(where), people=0, templates=0, photos=0, problems=(problem,), notes=()
        )


def _checked(connection: sa.Connection, *, where: str, key: GalleryKey | None) -> _GalleryCheck:
    """Check every page, row, number and embedding, as of one moment.

    Raises:
        GalleryError: it cannot be read at all.
    """
    row = rows.GalleryRow.read(connection, where=where)
    sealing = Sealing(key_id=row.key_id, key=key, where=where)
    problems: list[str] = []
    notes: list[str] = []
    page = _RowChecks(row.embedded_by, sealing, notes)
    parts: tuple[Callable[[sa.Connection], Iterator[str]], ...] = (
        _pages_of_file,
        _orphans,
        _numbers,
        _chain,
        _details,
        page.people,
        page.templates,
        page.photos,
        _keys,
    )
    for part in parts:
        try:
            for problem in part(connection):
                problems.append(problem)
                if len(problems) >= MOST:
                    break
        except (GalleryError, sa.exc.SQLAlchemyError, ValueError) as error:
            first = str(error).splitlines()[0]
            problems.append(f"the rows cannot be read to the end: {first}")
    if row.scrub_pending:
        notes.append(
            "deleted bytes may still be in the files, because a reader held them. Open the gallery "
            "again when no other process reads it."
        )
    return _GalleryCheck(
        where=where, **page.counts, problems=tuple(problems[:MOST]), notes=tuple(notes)
    )


def _pages_of_file(connection: sa.Connection) -> Iterator[str]:
    if connection.dialect.name != "sqlite":
        return
    for verdict in connection.exec_driver_sql("PRAGMA integrity_check").scalars():
        if verdict != "ok":
            yield f"file: {verdict}"
    for table, number, parent, _ in connection.exec_driver_sql("PRAGMA foreign_key_check"):
        yield f"{table}: row {number} refers to a missing row in {parent}"


def _orphans(connection: sa.Connection) -> Iterator[str]:
    lost = (
        sa.select(schema.templates.c.id)
        .outerjoin(schema.people)
        .where(schema.people.c.id.is_(None))
        .order_by(schema.templates.c.id)
    )
    for number in connection.execute(lost).scalars():
        yield f"template {number} has no person"
    loose = (
        sa.select(schema.photos.c.template_id)
        .outerjoin(schema.templates, schema.templates.c.id == schema.photos.c.template_id)
        .where(schema.templates.c.id.is_(None))
    )
    for number in connection.execute(loose).scalars():
        yield f"a kept photo belongs to template {number}, which does not exist"


def _numbers(connection: sa.Connection) -> Iterator[str]:
    row = connection.execute(sa.select(schema.gallery)).mappings().one()
    for table, counter in ((schema.people, "next_person"), (schema.templates, "next_template")):
        highest = connection.execute(sa.select(sa.func.max(table.c.id))).scalar() or 0
        if highest >= row[counter]:
            yield f"{table.name}: number {highest} was never assigned"
    for log, counter in ((schema.changes, "last_change"), (schema.audit, "last_audit")):
        low, high, count = connection.execute(
            sa.select(sa.func.min(log.c.number), sa.func.max(log.c.number), sa.func.count())
        ).one()
        if (high or 0) != row[counter]:
            yield f"{log.name}: the last entry is {high or 0}, and should be {row[counter]}"
        if count and high - low + 1 != count:
            yield f"{log.name}: {high - low + 1 - count} entries are missing"
        if log is schema.audit and count and low != 1:
            yield f"audit: the entries before {low} are missing"


def _chain(connection: sa.Connection) -> Iterator[str]:
    chain = ""
    for page in rows.pages(connection, schema.audit, size=_AT_ONCE):
        for row in page:
            chain = rows.chain_after(chain, dict(row))
            if row["chain"] != chain:
                yield f"audit: entry {row['number']} or one before it was changed"
                return
    if connection.execute(sa.select(schema.gallery.c.audit_chain)).scalar_one() != chain:
        yield "audit: the last entry is not the last that was written"


def _details(connection: sa.Connection) -> Iterator[str]:
    for page in rows.pages(connection, schema.audit, size=_AT_ONCE):
        for row in page:
            try:
                sound = row["detail"] is None or isinstance(json.loads(row["detail"]), dict)
            except (ValueError, TypeError, RecursionError):
                sound = False
            if not sound:
                yield f"audit: the detail of entry {row['number']} is not JSON"


def _keys(connection: sa.Connection) -> Iterator[str]:
    for page in rows.pages(connection, schema.api_keys, size=_AT_ONCE):
        for row in page:
            if row["role"] not in ROLES:
                yield f"key {row['id']} of the service: unknown role"
            if len(row["digest"]) != 64 or set(row["digest"]) - set("0123456789abcdef"):
                yield f"key {row['id']} of the service: invalid digest"


class _RowChecks:
    """Goes through the rows, and counts them."""

    def __init__(self, model: GalleryModel, sealing: Sealing, notes: list[str]) -> None:
        self.counts = {"people": 0, "templates": 0, "photos": 0}
        self._model = model
        self._key_id = sealing.key_id
        self._sealing: Sealing | None = sealing
        self._notes = notes
        try:
            sealing.require()
        except GalleryKeyError:
            self._sealing = None
            notes.append(
                "the gallery is encrypted and there is no key: ciphertexts were not checked"
            )

    def people(self, connection: sa.Connection) -> Iterator[str]:
        for row in chain.from_iterable(rows.PersonRow.pages(connection, size=_AT_ONCE)):
            self.counts["people"] += 1
            if row.digest != row.expected_digest():
                yield f"person {row.id}: the row does not match its digest"
            try:
                rows.check_name(row.name)
            except LikenessError:
                yield f"person {row.id}: invalid name"

    def templates(self, connection: sa.Connection) -> Iterator[str]:
        unit = 0
        for row in chain.from_iterable(rows.TemplateRow.pages(connection, size=_AT_ONCE)):
            self.counts["templates"] += 1
            if row.digest != row.expected_digest():
                yield f"template {row.id}: the row does not match its digest"
            if row.model != self._model.fingerprint:
                yield f"template {row.id}: is of another model, {row.model[:12]}"
            if row.key_id != self._key_id:
                yield f"template {row.id}: is encrypted with another key, {row.key_id}"
            elif self._sealing is not None:
                length, problem = self._length(row, self._sealing)
                unit += abs(length - 1) < 1e-3
                if problem:
                    yield f"template {row.id}: {problem}"
        if 0 < unit < self.counts["templates"]:
            rest = self.counts["templates"] - unit
            self._notes.append(f"{rest} of {unit + rest} embeddings are not of unit length")

    def _length(self, row: rows.TemplateRow, sealing: Sealing) -> tuple[float, str]:
        """Return an embedding's length, and what is wrong with it."""
        try:
            vector = np.frombuffer(sealing.vector_of(row), "<f4")
        except GalleryKeyError:
            return 0.0, "the ciphertext cannot be decrypted in its row"
        except ValueError:
            return 0.0, "the embedding is cut off"
        if vector.shape != (self._model.dimensions,):
            return 0.0, f"has {len(vector)} numbers, and should have {self._model.dimensions}"
        if not np.isfinite(vector).all():
            return 0.0, "holds NaN or infinity"
        return float(np.linalg.norm(vector)), ""

    def photos(self, connection: sa.Connection) -> Iterator[str]:
        for row in chain.from_iterable(rows.PhotoRow.pages(connection, size=_PHOTOS_AT_ONCE)):
            self.counts["photos"] += 1
            where = f"photo of template {row.template_id}"
            if row.digest != row.expected_digest():
                yield f"{where}: the row does not match its digest"
            query = sa.select(schema.templates.c.photo_digest).where(
                schema.templates.c.id == row.template_id
            )
            digest = connection.execute(query).scalar()
            if digest is None or self._sealing is None or row.key_id != self._key_id:
                continue
            try:
                photo = self._sealing.photo_of(row, digest)
            except GalleryKeyError:
                yield f"{where}: the ciphertext cannot be decrypted in its row"
                continue
            if photo_digest(photo) != digest:
                yield f"{where}: does not match its digest"
