"""Templates in the tables: enrolled, read, loaded in bulk."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa

from likeness.errors import AlreadyEnrolledError, UnknownPersonError
from likeness.recogniser.capture import Capture, check_capture
from likeness.recogniser.gallery import changes as _changes
from likeness.recogniser.gallery.matrix import TemplateMatrix
from likeness.recogniser.gallery.pages import chunks
from likeness.recogniser.gallery.records import NewTemplate, Template
from likeness.recogniser.gallery.rows import (
    Row,
    Sealing,
    as_json,
    check_template,
    now,
    photo_label,
    photo_row_digest,
    provenance_of,
    template_digest,
)
from likeness.recogniser.gallery.schema import people, photos, templates
from likeness.recogniser.gallery.transaction import Writing

_AT_ONCE = 16_384

Batch = tuple[int, str, Sequence[NewTemplate], Sequence[str | None]]
"""A person's id and name, their templates, and when each was first enrolled (None: now)."""


@dataclass(frozen=True, kw_only=True)
class Added:
    """What became of one person's templates.

    Args:
        added: ids of the new ones.
        already: ids of those whose photos were there.
        kept: those of ``already`` whose photo was not kept before, and is now.
    """

    added: tuple[int, ...]
    already: tuple[int, ...]
    kept: tuple[int, ...]


def add_templates(writing: Writing, batches: Iterable[Batch], *, how: str) -> list[Added]:
    """Insert the templates of some people; return what became of them, for each person.

    A photo that is there is not added again; if it was not kept and is to be, it is from now on.

    Raises:
        AlreadyEnrolledError: a photo is somebody else's.
        DataError: an embedding does not fit.
        GalleryMismatchError: the photos have other capture settings than the gallery.
    """
    rows: list[dict[str, Any]] = []
    photo_rows: list[dict[str, Any]] = []
    outcome = []
    batches = list(batches)
    capture = newest_capture(writing.connection)
    there = _by_digest(
        writing.connection, [t.photo_digest for _, _, fresh, _ in batches for t in fresh]
    )
    with_photo = _with_photo(writing.connection, [known[0] for known in there.values()])

    def keep(template_id: int, template: NewTemplate) -> bool:
        """Note a photo that is to be kept and is not yet; return whether it was noted."""
        if template.photo is None or template_id in with_photo:
            return False
        with_photo.add(template_id)
        photo_rows.append(_photo_row(writing, template_id, template.photo_digest, template.photo))
        return True

    for person_id, name, fresh, created in batches:
        added, already, kept = [], [], []
        for template, when in zip(fresh, created, strict=True):
            content = check_template(template, writing.model)
            known = there.get(template.photo_digest)
            if known is not None:
                _check_owner(known, person_id, name)
                if known[0] not in added:
                    already.append(known[0])
                if keep(known[0], template) and known[0] not in added:
                    kept.append(known[0])
                continue
            given = Capture.from_provenance(template.provenance)
            check_capture(capture, given, where=writing.sealing.where)
            capture = capture or given
            row = _row(writing, person_id, template, content, how=how, created=when)
            there[template.photo_digest] = (row["id"], person_id, name)
            added.append(row["id"])
            rows.append(row)
            keep(row["id"], template)
        outcome.append(Added(added=tuple(added), already=tuple(already), kept=tuple(kept)))
    for part in chunks(rows, _AT_ONCE):
        writing.connection.execute(templates.insert(), part)
    for part in chunks(photo_rows, 64):
        writing.connection.execute(photos.insert(), part)
    if rows:
        writing.change(_changes.ADDED, rows[0]["id"], rows[-1]["id"])
    return outcome


def newest_capture(connection: sa.Connection) -> Capture | None:
    """Return the capture settings of the newest template; None if unknown."""
    query = sa.select(templates.c.provenance).order_by(templates.c.id.desc()).limit(1)
    row = connection.execute(query).mappings().first()
    return None if row is None else Capture.from_provenance(provenance_of(row))


def _by_digest(
    connection: sa.Connection, digests: Sequence[str]
) -> dict[str, tuple[int, int, str]]:
    """Return id, person and name of the templates of some photos."""
    found: dict[str, tuple[int, int, str]] = {}
    columns = (templates.c.photo_digest, templates.c.id, people.c.id, people.c.name)
    for part in chunks(digests):
        query = sa.select(*columns).join(people).where(templates.c.photo_digest.in_(part))
        found |= {row[0]: (row[1], row[2], row[3]) for row in connection.execute(query)}
    return found


def _with_photo(connection: sa.Connection, ids: Sequence[int]) -> set[int]:
    """Return which of some templates have their photo kept."""
    found: set[int] = set()
    for part in chunks(ids):
        query = sa.select(photos.c.template_id).where(photos.c.template_id.in_(part))
        found.update(connection.execute(query).scalars())
    return found


def _check_owner(known: tuple[int, int, str], person_id: int, name: str) -> None:
    if known[1] != person_id:
        raise AlreadyEnrolledError(
            f"photo: expected one that nobody else is enrolled with. The photo for {name!r} "
            f"is enrolled as {known[2]!r}. If both are one person, merge them; if it is a mistake, "
            "remove it there first."
        )


def _row(
    writing: Writing,
    person_id: int,
    template: NewTemplate,
    content: bytes,
    *,
    how: str,
    created: str | None,
) -> dict[str, Any]:
    provenance = dict(template.provenance)
    if how != "imported":
        provenance["how"] = how
    else:
        provenance.setdefault("how", how)
    row: dict[str, Any] = {
        "id": writing.template_ids(1)[0],
        "person_id": person_id,
        "model": writing.model.fingerprint,
        "photo_digest": template.photo_digest,
        "quality": as_json(template.quality, argument="quality"),
        "provenance": as_json(provenance, argument="provenance"),
        "created": created or now(),
    }
    row |= writing.sealing.vector_columns(content, row)
    row["digest"] = template_digest(row)
    return row


def _photo_row(writing: Writing, template_id: int, digest: str, photo: bytes) -> dict[str, Any]:
    content = writing.sealing.seal(photo, photo_label(template_id, digest))
    key_id = writing.sealing.key_id
    return {
        "template_id": template_id,
        "content": content,
        "key_id": key_id,
        "digest": photo_row_digest(template_id, key_id, content),
    }


def need_template(connection: sa.Connection, template_id: int, *, where: str) -> sa.RowMapping:
    """Return the row of a template.

    Raises:
        UnknownPersonError: there is none.
    """
    query = sa.select(templates).where(templates.c.id == template_id)
    row = connection.execute(query).mappings().first()
    if row is None:
        raise UnknownPersonError(
            f"template: expected the number of one in {where}. Received: {template_id}. See "
            "which there are with `templates()`."
        )
    return row


def read_templates(
    connection: sa.Connection,
    sealing: Sealing,
    *,
    after: int,
    limit: int,
    person_id: int | None = None,
    digest: str | None = None,
    vectors: bool,
) -> list[Template]:
    """Return up to ``limit`` templates with ids above ``after``, in order.

    Args:
        connection: in a transaction.
        sealing: how they are stored.
        after, limit: which page.
        person_id: whose; None for everybody's.
        digest: of which photo; None for any.
        vectors: whether the embeddings are wanted.
    """
    kept = photos.c.template_id.isnot(None).label("kept")
    query = (
        sa.select(templates, people.c.name, kept)
        .join(people)
        .outerjoin(photos, photos.c.template_id == templates.c.id)
        .where(templates.c.id > after)
        .order_by(templates.c.id)
        .limit(limit)
    )
    if person_id is not None:
        query = query.where(templates.c.person_id == person_id)
    if digest is not None:
        query = query.where(templates.c.photo_digest == digest)
    return [
        Template(
            id=row["id"],
            person_id=row["person_id"],
            person=row["name"],
            vector=sealing.vector_of(row) if vectors else None,
            model=row["model"],
            photo_digest=row["photo_digest"],
            quality=json.loads(row["quality"]),
            provenance=provenance_of(row),
            created=row["created"],
            photo_kept=bool(row["kept"]),
        )
        for row in connection.execute(query).mappings()
    ]


def read_photo(connection: sa.Connection, sealing: Sealing, row: Row) -> bytes | None:
    """Return the kept photo of a template's row; None if none was kept."""
    query = sa.select(photos.c.content).where(photos.c.template_id == row["id"])
    stored = connection.execute(query).scalar()
    if stored is None:
        return None
    return sealing.open(bytes(stored), photo_label(row["id"], row["photo_digest"]))


def replace_vectors(
    writing: Writing, contents: Mapping[int, bytes], *, capture: Capture | None
) -> None:
    """Give every template another embedding, as the gallery's present model made it.

    Args:
        writing: the transaction, with the new model.
        contents: float32 bytes for each template's id.
        capture: replaces the capture settings in every template's provenance.
    """
    replaced = {} if capture is None else asdict(capture)
    for part in chunks(sorted(contents)):
        query = sa.select(templates).where(templates.c.id.in_(part))
        fresh = []
        for row in writing.connection.execute(query).mappings().all():
            noted = as_json(provenance_of(row) | replaced, argument="provenance")
            changed = dict(row) | {"model": writing.model.fingerprint, "provenance": noted}
            fresh.append(changed | writing.sealing.vector_columns(contents[row["id"]], changed))
        store_templates(writing.connection, fresh)


def store_templates(connection: sa.Connection, rows: Sequence[Row]) -> None:
    """Write the embeddings, models and provenance of some templates' rows, and their digests."""
    columns = ("vector", "sealed", "key_id", "model", "provenance", "digest")
    changed = templates.update().where(templates.c.id == sa.bindparam("place"))
    connection.execute(
        changed.values({column: sa.bindparam(f"new_{column}") for column in columns}),
        [
            {"place": row["id"], "new_digest": template_digest(row)}
            | {f"new_{column}": row[column] for column in columns[:-1]}
            for row in rows
        ],
    )


def load_matrix(
    connection: sa.Connection, matrix: TemplateMatrix, sealing: Sealing, *, ids: tuple[int, int]
) -> None:
    """Append the templates with ids in a range to the matrix, in bulk."""
    for rows in _batches(connection, sealed=sealing.key_id is not None, ids=ids):
        if sealing.key_id is None:
            content = b"".join([row[2] for row in rows])
        else:
            content = b"".join([_opened(sealing, row) for row in rows])
        matrix.append(
            np.fromiter((row[0] for row in rows), np.int64, len(rows)),
            np.fromiter((row[1] for row in rows), np.int64, len(rows)),
            np.frombuffer(content, "<f4").reshape(len(rows), -1),
        )


def _opened(sealing: Sealing, row: Sequence[Any]) -> bytes:
    names = ("id", "person_id", "sealed", "photo_digest", "model")
    return sealing.vector_of(dict(zip(names, row, strict=True))).astype("<f4").tobytes()


def _batches(
    connection: sa.Connection, *, sealed: bool, ids: tuple[int, int]
) -> Iterator[Sequence[Any]]:
    """Read through the driver's own cursor: a million rows are too many for anything above."""
    columns = "id, person_id, sealed, photo_digest, model" if sealed else "id, person_id, vector"
    if not sealed and connection.dialect.name != "sqlite":
        raise NotImplementedError("plain embeddings on a server are searched there")
    query = f"SELECT {columns} FROM templates WHERE id BETWEEN %d AND %d ORDER BY id"
    result = connection.exec_driver_sql(query % ids)
    while rows := result.cursor.fetchmany(_AT_ONCE):
        yield rows
    result.close()
