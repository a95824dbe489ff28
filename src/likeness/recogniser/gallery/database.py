"""Database connections: addresses, engines, settings of every connection, and error messages."""

import json
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import StaticPool

from likeness.errors import GalleryDamagedError, GalleryError, SettingError, require_extra

MEMORY = ":memory:"
BUSY_MS = 15_000
"""Milliseconds that a writer waits for another."""

APPLICATION_ID = 0x6C696B65
"""«like» in the file's header: no other SQLite file is opened as a gallery or changed."""

_ON_EVERY_CONNECTION = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA fullfsync = ON",
    "PRAGMA secure_delete = ON",
    "PRAGMA foreign_keys = ON",
    # What SQLite sets aside while it works stays out of files of its own.
    "PRAGMA temp_store = MEMORY",
)


def parse_place(where: str | Path) -> sa.URL:
    """Return the address of a gallery: a path, ``:memory:``, or a database's URL.

    Raises:
        SettingError: the address is of another kind.

    >>> parse_place("staff.db"), parse_place("postgres://db/staff")
    (sqlite:///staff.db, postgresql+psycopg://db/staff)
    """
    text = str(where)
    if text in (MEMORY, "sqlite://", "sqlite:///:memory:"):
        return sa.URL.create("sqlite", database=MEMORY)
    if "://" not in text:
        if not text:
            raise SettingError("gallery: expected a path or a database's URL. Received: ''.")
        return sa.URL.create("sqlite", database=text)
    try:
        url = sa.make_url(text)
        kind = url.drivername
    except (SQLAlchemyError, ValueError):
        url, kind = sa.URL.create("none"), text.split("://", maxsplit=1)[0]
    if kind in ("sqlite", "sqlite+pysqlite") and url.database and not url.query:
        return sa.URL.create("sqlite", database=url.database)
    if kind in ("postgres", "postgresql", "postgresql+psycopg"):
        return url.set(drivername="postgresql+psycopg")
    raise SettingError(
        "gallery: expected a path, sqlite:///PATH or postgresql+psycopg://USER@HOST/DATABASE. "
        f"Received: {kind}://..."
    )


def shown(url: sa.URL) -> str:
    """Return the address for messages, without its password."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    return url.render_as_string(hide_password=True)


def path_of(url: sa.URL) -> Path | None:
    """Return the file of an embedded gallery; None if it has none."""
    if url.get_backend_name() != "sqlite" or url.database == MEMORY:
        return None
    return Path(str(url.database))


def make_engine(url: sa.URL, *, new: bool = False) -> sa.Engine:
    """Return an engine whose connections are as a gallery needs them.

    Args:
        url: from `parse_place`.
        new: whether an empty SQLite file may become a gallery.

    Raises:
        MissingExtraError: it is on a PostgreSQL server and the drivers are not installed.
    """
    if url.get_backend_name() == "postgresql":
        require_extra("psycopg", extra="postgres")
        require_extra("pgvector.sqlalchemy", extra="postgres")
        # A reader sees one moment of the change log and of the rows.
        return sa.create_engine(url, isolation_level="REPEATABLE READ", pool_pre_ping=True)
    if url.database == MEMORY:
        engine = sa.create_engine(
            url, poolclass=StaticPool, connect_args={"check_same_thread": False}
        )
    else:
        engine = sa.create_engine(url)

    def set_up(connection: Any, _record: Any) -> None:
        _set_up(connection, shown(url), new=new or url.database == MEMORY)

    event.listen(engine, "connect", set_up)
    event.listen(engine, "begin", _begin)
    return engine


def _set_up(connection: Any, where: str, *, new: bool) -> None:
    connection.isolation_level = None  # the driver starts no transactions of its own
    connection.create_function("casefold", 1, str.casefold, deterministic=True)
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
    if cursor.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        tables = cursor.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if tables or not new:
            received = "another SQLite database" if tables else "an empty file"
            raise GalleryError(f"{where}: expected a gallery. Received: {received}.")
        # Nine templates of 128 numbers to a page: loading a million takes fewer reads.
        cursor.execute("PRAGMA page_size = 8192")
        _patiently(cursor, f"PRAGMA application_id = {APPLICATION_ID}")
    for statement in _ON_EVERY_CONNECTION:
        _patiently(cursor, statement)
    cursor.close()


def _patiently(cursor: Any, statement: str) -> None:
    """Run a statement, and retry while the database is locked: switching to WAL does not wait."""
    for _ in range(100):
        try:
            cursor.execute(statement)
            return
        except Exception as error:
            if "locked" not in str(error):
                raise
            time.sleep(0.05)
    cursor.execute(statement)


def _begin(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("gallery_writes", False)
    # A writer takes its lock at once: one that read first could not be let in later.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def writing(engine: sa.Engine) -> sa.Engine:
    """Return the engine for transactions that write, one at a time."""
    if engine.dialect.name == "postgresql":
        # Behind the lock on the gallery's row; each statement sees what the last writer left.
        return engine.execution_options(isolation_level="READ COMMITTED")
    return engine.execution_options(gallery_writes=True)


@contextmanager
def in_words(url: sa.URL) -> Iterator[None]:
    """Turn database errors into sentences.

    Raises:
        GalleryDamagedError: the file is damaged.
        GalleryError: the database failed.
    """
    try:
        yield
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise GalleryDamagedError(f"{shown(url)}: {_DAMAGED}") from error
    except (SQLAlchemyError, sqlite3.Error) as error:
        cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
        first = str(cause).strip().splitlines()[0].rstrip(".") if str(cause).strip() else "failed"
        if any(word in first.lower() for word in _SIGNS_OF_DAMAGE):
            raise GalleryDamagedError(f"{shown(url)}: {_DAMAGED}") from error
        raise GalleryError(f"{shown(url)}: {_sentence(first)}") from error


_DAMAGED = "the file is damaged. Run `likeness gallery check`, or restore a backup."
_SIGNS_OF_DAMAGE = ("malformed", "no such column", "no such table", "could not decode", "corrupt")


def _sentence(reason: str) -> str:
    low = reason.lower()
    for word, sentence in (
        ("not a database", "expected a gallery. Received: a file of another kind."),
        ("locked", "another process holds the write lock. Try again."),
        ("readonly", "it is read-only. Make the file and its folder writable."),
        ("read-only", "it is read-only. Make the file and its folder writable."),
        ("disk is full", "the disk is full. Nothing was changed; make room."),
        ("unable to open", "it cannot be opened. Check the path and its permissions."),
        ("resolve", f"the server cannot be reached ({reason}). Check the address."),
        ("connect", f"the server cannot be reached ({reason}). Check the address."),
    ):
        if word in low:
            return sentence
    return f"the database refused: {reason}."


def lock_server(connection: sa.Connection) -> None:
    """Lock the server's database, so that no other process creates or migrates the tables."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({APPLICATION_ID})")


def check_place(url: sa.URL, *, new: bool) -> None:
    """Raise unless a file of the address can hold, or holds, a gallery.

    Raises:
        GalleryError: there is no such file or folder.
    """
    path = path_of(url)
    if path is None:
        return
    if path.is_dir():
        raise GalleryError(f"{path}: expected a file. Received: a folder. Name a file in it.")
    if not new and not path.is_file():
        raise GalleryError(f"{path}: expected a gallery. Found nothing. Enrol somebody first.")
    if new and not path.absolute().parent.is_dir():
        raise GalleryError(
            f"{path}: expected a path in an existing folder. There is no folder "
            f"{path.absolute().parent}. Make it first."
        )
    if new and not path.exists():
        # Faces are readable by their owner only.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
