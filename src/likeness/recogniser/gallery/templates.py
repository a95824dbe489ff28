"""Operations on templates: read, replace, re-encrypt, load in bulk."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from likeness.errors import DataError, UnknownPersonError
from likeness.recogniser.capture import Capture
from likeness.recogniser.gallery.keys import Sealing, template_label
from likeness.recogniser.gallery.matrix import TemplateMatrix
from likeness.recogniser.gallery.postgres_search import drop_index
from likeness.recogniser.gallery.records import GalleryModel, NewTemplate, Template
from likeness.recogniser.gallery.rows import (
    PhotoRow,
    TemplateRow,
    as_json,
    check_template,
    chunks,
)
from likeness.recogniser.gallery.schema import people, photos, templates
from likeness.recogniser.gallery.scrub import Traces, traces_of
from likeness.recogniser.gallery.store import Writing

_LOADED = 16_384
_RESEALED = 1000
_SAMPLE = 5


def newest_capture(connection: sa.Connection) -> Capture | None:
    """Return the capture settings of the newest template; None if unknown."""
    query = sa.select(templates.c.provenance).order_by(templates.c.id.desc()).limit(1)
    provenance = connection.execute(query).scalar()
    return None if provenance is None else Capture.from_provenance(json.loads(provenance))


def need_template(connection: sa.Connection, template_id: int, *, where: str) -> TemplateRow:
    """Return the row of a template.

    Raises:
        UnknownPersonError: there is none.
    """
    rows = TemplateRow.select(connection, templates.c.id == template_id)
    if not rows:
        raise UnknownPersonError(
            f"template: expected the number of one in {where}. Received: {template_id}. See "
            "which there are with `templates()`."
        )
    return rows[0]


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
        vectors: whether to load the embeddings.
    """
    query = (
        sa.select(templates, people.c.name, photos.c.template_id.isnot(None))
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
    records = []
    for *values, person, is_kept in connection.execute(query):
        row = TemplateRow.read(values)
        vector = np.frombuffer(sealing.vector_of(row), "<f4") if vectors else None
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


def read_photo(connection: sa.Connection, sealing: Sealing, template: TemplateRow) -> bytes | None:
    """Return a template's kept photo; None if it was not kept."""
    rows = PhotoRow.select(connection, photos.c.template_id == template.id)
    return sealing.photo_of(rows[0], template.photo_digest) if rows else None


def kept_photos(connection: sa.Connection, ids: Sequence[int]) -> set[int]:
    """Return which of some templates have their photo kept."""
    kept: set[int] = set()
    for part in chunks(ids):
        query = sa.select(photos.c.template_id).where(photos.c.template_id.in_(part))
        kept.update(connection.execute(query).scalars())
    return kept


def replace_vectors(
    writing: Writing,
    model: GalleryModel,
    vectors: Mapping[int, NDArray[np.floating[Any]]],
    *,
    capture: Capture | None,
) -> None:
    """Replace every template's embedding by another model's, and set the gallery's model.

    Args:
        writing: the transaction.
        model: the new one.
        vectors: ``(d,)`` for each template's id, all of them.
        capture: replaces the capture settings in every template's provenance.

    Raises:
        DataError: an embedding does not fit, or one is missing.
    """
    connection, sealing = writing.connection, writing.sealing
    ids = set(connection.execute(sa.select(templates.c.id)).scalars())
    if ids != set(vectors):
        raise DataError(
            f"vectors: expected an embedding for each of the {len(ids)} templates. Received: "
            f"{len(vectors)}, {len(ids - set(vectors))} missing and {len(set(vectors) - ids)} of "
            "none."
        )
    contents = {
        template_id: check_template(NewTemplate(vector=vector, photo_digest="0" * 64), model)
        for template_id, vector in vectors.items()
    }
    replaced = {} if capture is None else asdict(capture)
    for part in chunks(sorted(ids)):
        fresh = []
        for row in TemplateRow.select(connection, templates.c.id.in_(part)):
            noted = as_json(json.loads(row.provenance) | replaced, argument="provenance")
            changed = replace(row, model=model.fingerprint, provenance=noted)
            fresh.append(sealing.with_vector(changed, contents[row.id]))
        store_templates(connection, fresh)
    writing.set(model=model.fingerprint, energy=model.energy, dimensions=model.dimensions)
    writing.ask_for_scrub()
    writing.change("replaced", 0)
    writing.audit("given to another model", templates=len(ids))
    drop_index(connection)


def store_templates(connection: sa.Connection, rows: Sequence[TemplateRow]) -> None:
    """Write what can change of some templates: whose they are, embedding, model, provenance."""
    if not rows:
        return
    columns = ("person_id", "vector", "sealed", "key_id", "model", "provenance", "digest")
    changed = templates.update().where(templates.c.id == sa.bindparam("row_id"))
    connection.execute(
        changed.values({column: sa.bindparam(f"new_{column}") for column in columns}),
        [
            {"row_id": row.id, **{f"new_{name}": getattr(row, name) for name in columns}}
            for row in rows
        ],
    )


def reseal(writing: Writing, fresh: Sealing) -> Traces:
    """Encrypt all embeddings and photos with another key; return traces of the old ciphertexts.

    Raises:
        GalleryKeyError: the present key is missing, or something cannot be decrypted with it.
    """
    connection, old = writing.connection, writing.sealing
    old.require()
    traces = Traces()
    count = 0
    for rows in TemplateRow.pages(connection, size=_RESEALED):
        if not traces.contents:
            # A few of the old contents stand for all; the digests stay.
            traces = Traces(contents=traces_of(connection, rows[:_SAMPLE]).contents)
        count += len(rows)
        store_templates(connection, [fresh.with_vector(row, old.vector_of(row)) for row in rows])
        with_photo = kept_photos(connection, [row.id for row in rows])
        for row in rows:
            photo = read_photo(connection, old, row) if row.id in with_photo else None
            if photo is not None:
                of_template = photos.c.template_id == row.id
                values = vars(fresh.photo_row(row.id, row.photo_digest, photo))
                connection.execute(photos.update().where(of_template).values(**values))
    writing.set(key_id=fresh.key_id)
    writing.ask_for_scrub()
    what = "decrypted" if fresh.key_id is None else "encrypted with another key"
    writing.audit(what, templates=count)
    drop_index(connection)
    return traces


def load_matrix(
    connection: sa.Connection, matrix: TemplateMatrix, sealing: Sealing, *, ids: tuple[int, int]
) -> None:
    """Append the templates with ids in a range to the matrix, in bulk."""
    for rows in _batches(connection, sealed=sealing.key_id is not None, ids=ids):
        if sealing.key_id is None:
            content = b"".join([row[2] for row in rows])
        else:
            content = b"".join(
                [
                    sealing.open(bytes(sealed), template_label(row_id, person_id, digest, model))
                    for row_id, person_id, sealed, digest, model in rows
                ]
            )
        matrix.append(
            np.fromiter((row[0] for row in rows), np.int64, len(rows)),
            np.fromiter((row[1] for row in rows), np.int64, len(rows)),
            np.frombuffer(content, "<f4").reshape(len(rows), -1),
        )


def _batches(
    connection: sa.Connection, *, sealed: bool, ids: tuple[int, int]
) -> Iterator[Sequence[Any]]:
    """Read through the driver's own cursor: an ORM is too slow for a million rows."""
    columns = "id, person_id, sealed, photo_digest, model" if sealed else "id, person_id, vector"
    if not sealed and connection.dialect.name != "sqlite":
        raise NotImplementedError("plain embeddings on a server are searched there")
    query = f"SELECT {columns} FROM templates WHERE id BETWEEN %d AND %d ORDER BY id"
    result = connection.exec_driver_sql(query % ids)
    while rows := result.cursor.fetchmany(_LOADED):
        yield rows
    result.close()
