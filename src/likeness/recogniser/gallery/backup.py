"""A gallery somewhere else: copied between stores and verified, or backed up while it is used."""

import hashlib
import os
import sqlite3
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from likeness.errors import GalleryError
from likeness.files import whole_file
from likeness.recogniser.gallery import database, schema
from likeness.recogniser.gallery.gallery import Gallery
from likeness.recogniser.gallery.rows import PersonRow, PhotoRow, TemplateRow, pages
from likeness.recogniser.gallery.schema import create_tables, version_of

_COPIED = (schema.people, schema.templates, schema.photos, schema.audit, schema.api_keys)


@dataclass(frozen=True, kw_only=True)
class Copied:
    """What was copied, and counted and digested on both sides.

    Args:
        people: how many.
        templates: how many.
        photos: how many were kept.
        audit: entries of the audit log.
        api_keys: keys of the service.
        digest: SHA-256 over all of it in order, equal on both sides.
    """

    people: int
    templates: int
    photos: int
    audit: int
    api_keys: int
    digest: str

    def as_dict(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return {"format": "likeness.gallery-copy/1", **asdict(self)}


def copy_gallery(source: Gallery, where: str | Path) -> Copied:
    """Copy a gallery to a new place, in one transaction, and verify it before it counts.

    Ciphertexts are copied as they are: no key is needed, and the copy has the same.

    Args:
        source: is read as of one moment; others may go on writing.
        where: a path or address that holds no gallery yet.

    Raises:
        GalleryError: there is a gallery already, or the copy is not equal.
    """
    url = database.parse_place(where)
    path = database.path_of(url)
    made = path is not None and not path.exists()
    database.check_place(url, new=True)
    engine = database.make_engine(url, new=True)
    try:
        with (
            source.store.reading() as (there, _),
            database.in_words(url),
            database.writing(engine).begin() as here,
        ):
            return _copied(there, here, where=database.shown(url))
    except BaseException:
        engine.dispose()
        if made and path is not None:
            _remove_files(path)
        raise
    finally:
        engine.dispose()


def _copied(there: sa.Connection, here: sa.Connection, *, where: str) -> Copied:
    database.lock_server(here)
    if version_of(here) is not None:
        raise GalleryError(
            f"{where}: expected a place without a gallery. Received: one that holds one. Nothing "
            "was changed; choose another."
        )
    create_tables(here)
    values = dict(there.execute(sa.select(schema.gallery)).mappings().one())
    # Its readers begin anew: the change log of the other is not theirs.
    number = values["last_change"] + 1
    values |= {"last_change": number, "scrub_pending": 0}
    here.execute(schema.gallery.insert().values(**values))
    here.execute(schema.changes.insert().values(number=number, kind="replaced", first=0, last=0))
    for table in _COPIED:
        for rows in pages(there, table, size=_size(table)):
            here.execute(table.insert(), [dict(row) for row in rows])
    ours, theirs = _digested(here), _digested(there)
    if ours != theirs:
        raise GalleryError(
            f"{where}: expected a copy equal to its source. Received: {ours.people} people and "
            f"{ours.templates} templates for {theirs.people} and {theirs.templates}, digest "
            f"{ours.digest[:12]} for {theirs.digest[:12]}. Nothing was written; check the source."
        )
    return ours


def _size(table: sa.Table) -> int:
    """Return how many rows are read at a time."""
    return 20 if table is schema.photos else 2000


def _digested(connection: sa.Connection) -> Copied:
    """Count and digest what is stored; each row's digest is made from its content."""
    whole = hashlib.sha256()
    counts: dict[str, int] = {}
    for table in _COPIED:
        counts[table.name] = 0
        for rows in pages(connection, table, size=_size(table)):
            counts[table.name] += len(rows)
            whole.update("".join(_row_digest(table, row) for row in rows).encode())
    return Copied(**counts, digest=whole.hexdigest())


def _row_digest(table: sa.Table, values: sa.RowMapping) -> str:
    """Return the digest of what a row holds.

    Raises:
        GalleryError: it is not the one that was stored with the row.
    """
    kinds = {kind.table: kind for kind in (PersonRow, TemplateRow, PhotoRow)}
    if table not in kinds:
        return repr(tuple(values.values()))
    row = kinds[table].read(values.values())
    if row.expected_digest() != row.digest:
        raise GalleryError(
            f"{table.name}: a row is not the one that was written. Nothing was copied; run "
            "`likeness gallery check`."
        )
    return str(row.digest)


def backup_gallery(source: Gallery, file: str | Path) -> Path:
    """Write a gallery to a new file as of one moment, while others read and write it.

    Args:
        source: a gallery in a SQLite file.
        file: must not exist. It is there whole, or not at all.

    Raises:
        OutputError: something is there, or it cannot be written.
        GalleryError: the gallery is not in a SQLite file, or the backup is damaged.
    """
    file = Path(file)
    if database.path_of(source.store.engine.url) is None:
        raise GalleryError(
            f"{source.where}: expected a gallery in a SQLite file. Received: another store. Use "
            "`likeness gallery copy` to a file, or the server's own pg_dump."
        )
    with whole_file(file, new=True) as draft:
        _back_up(source, draft)
    return file


def _back_up(source: Gallery, fresh: Path) -> None:
    os.close(os.open(fresh, os.O_CREAT | os.O_RDWR, 0o600))
    with database.in_words(source.store.engine.url), closing(sqlite3.connect(fresh)) as target:
        connection = source.store.engine.raw_connection()
        try:
            # All pages at once: one moment, which other writers need not wait for.
            connection.driver_connection.backup(target, pages=-1)  # type: ignore[union-attr]
        finally:
            connection.close()
        target.execute("PRAGMA journal_mode = DELETE")
        verdict = target.execute("PRAGMA integrity_check").fetchone()[0]
        if verdict != "ok":
            raise GalleryError(
                f"{source.where}: the backup is damaged ({verdict}). Run `likeness gallery check`."
            )


def _remove_files(path: Path) -> None:
    """Remove a SQLite database that no process has open."""
    for end in ("", "-wal", "-shm", "-journal"):
        with suppress(FileNotFoundError):
            path.with_name(path.name + end).unlink()
