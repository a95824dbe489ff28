"""A gallery's key is changed: everything is opened with the old one and sealed with the new."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from likeness.recogniser.gallery.pages import pages
from likeness.recogniser.gallery.rows import Row, Sealing, photo_label, photo_row_digest
from likeness.recogniser.gallery.schema import photos, templates
from likeness.recogniser.gallery.scrub import Traces, traces_of
from likeness.recogniser.gallery.server_search import INDEX
from likeness.recogniser.gallery.templates import store_templates
from likeness.recogniser.gallery.transaction import Writing

_AT_ONCE = 1000
_SAMPLE = 5


def reseal(writing: Writing, fresh: Sealing) -> Traces:
    """Seal all embeddings and photos anew, and return traces of what they were before.

    Raises:
        GalleryKeyError: the present key is missing, or something does not open with it.
    """
    connection, old = writing.connection, writing.sealing
    old.require()
    traces = Traces()
    count = 0
    for rows in pages(connection, templates, size=_AT_ONCE):
        if not traces.contents:
            # A few of the old contents stand for all; the digests stay.
            traces = Traces(contents=traces_of(connection, rows[:_SAMPLE]).contents)
        count += len(rows)
        store_templates(connection, [_resealed(row, old, fresh) for row in rows])
        for row in rows:
            _reseal_photo(connection, row, old, fresh)
    writing.set(key_id=fresh.key_id)
    writing.ask_for_scrub()
    what = "decrypted" if fresh.key_id is None else "encrypted with another key"
    writing.audit(what, templates=count)
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"DROP INDEX IF EXISTS {INDEX}")
    return traces


def _resealed(row: Row, old: Sealing, fresh: Sealing) -> Mapping[str, Any]:
    content = old.vector_of(row).astype("<f4").tobytes()
    return dict(row) | fresh.vector_columns(content, row)


def _reseal_photo(connection: sa.Connection, row: Row, old: Sealing, fresh: Sealing) -> None:
    place = photos.c.template_id == row["id"]
    stored = connection.execute(sa.select(photos.c.content).where(place)).scalar()
    if stored is None:
        return
    label = photo_label(row["id"], row["photo_digest"])
    content = fresh.seal(old.open(bytes(stored), label), label)
    connection.execute(
        photos.update()
        .where(place)
        .values(
            content=content,
            key_id=fresh.key_id,
            digest=photo_row_digest(row["id"], fresh.key_id, content),
        )
    )
