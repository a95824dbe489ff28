"""`Database`: an address, its connections and transactions, and error messages."""

import json
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import StaticPool

from likeness.errors import GalleryDamagedError, GalleryError, SettingError, require_extra

_MEMORY = ":memory:"
BUSY_MS = 15_000
"""Milliseconds that a writer waits for another."""

_SECONDS = 10
_STATEMENT_MS = 120_000
"""A server's statement that takes longer is given up; reading a million rows takes less."""

_SERVER_LIMITS: dict[str, int] = {
    # A server that is silent, behind a firewall or after a crash, is given up after these seconds.
    "connect_timeout": _SECONDS,
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 1000 * _SECONDS,
}
"""Of libpq; those in the gallery's address go before."""

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


@dataclass(frozen=True, eq=False, kw_only=True)
class Database:
    """A SQLite file, memory, or a PostgreSQL server's database.

    Args:
        url: its address.
        new: whether an empty SQLite file may become a gallery.
    """

    url: sa.URL
    new: bool = False

    @classmethod
    def at(cls, where: str | Path, *, new: bool = False) -> "Database":
        """Return the database at a path, ``:memory:``, or a URL.

        Raises:
            SettingError: the address is of another kind.

        >>> Database.at("staff.db").url, Database.at("postgres://db/staff").url
        (sqlite:///staff.db, postgresql+psycopg://db/staff)
        """
        return cls(url=_parsed(str(where)), new=new)

    @property
    def where(self) -> str:
        """The address for messages, without its password."""
        if self.on_server:
            return self.url.render_as_string(hide_password=True)
        return str(self.url.database)

    @property
    def on_server(self) -> bool:
        """Whether it is on a PostgreSQL server."""
        return self.url.get_backend_name() == "postgresql"

    @property
    def in_memory(self) -> bool:
        """Whether it goes with the process."""
        return self.url.database == _MEMORY and not self.on_server

    @property
    def path(self) -> Path | None:
        """Its file; None if it has none."""
        return None if self.on_server or self.in_memory else Path(str(self.url.database))

    @cached_property
    def engine(self) -> sa.Engine:
        """Connections as a gallery needs them.

        Raises:
            MissingExtraError: it is on a PostgreSQL server and the drivers are not installed.
        """
        if self.on_server:
            require_extra("psycopg", extra="postgres")
            require_extra("pgvector.sqlalchemy", extra="postgres")
            limits = {k: v for k, v in _SERVER_LIMITS.items() if k not in self.url.query}
            server = sa.create_engine(
                self.url,
                # A reader sees one moment of the change log and of the rows.
                isolation_level="REPEATABLE READ",
                pool_pre_ping=True,
                pool_timeout=_SECONDS,
                connect_args=limits,
            )
            event.listen(server, "connect", _limit_statements)
            return server
        if self.in_memory:
            engine = sa.create_engine(
                self.url, poolclass=StaticPool, connect_args={"check_same_thread": False}
            )
        elif self.read_only:
            # Its write-ahead log cannot be made there; without one, the file is as it stands.
            address = f"file:{quote(str(Path(str(self.path)).absolute()))}?mode=ro&immutable=1"
            engine = sa.create_engine(
                self.url, creator=lambda: sqlite3.connect(address, uri=True, timeout=0)
            )
        else:
            engine = sa.create_engine(self.url)
        event.listen(engine, "connect", self._set_up)
        event.listen(engine, "begin", self._begin)
        return engine

    @cached_property
    def read_only(self) -> bool:
        """Whether its file can only be read: the media or the permissions are so."""
        path = self.path
        if path is None or not path.is_file():
            return False
        return not os.access(path, os.W_OK) or not (
            os.access(path.absolute().parent, os.W_OK) or self._log_exists()
        )

    def check_same_file(self, connection: sa.Connection) -> None:
        """Raise if the file of a connection is no longer the one of its path.

        Raises:
            GalleryError: it was replaced, moved or deleted.
        """
        if connection.info.get("file") != self._file_id():
            raise GalleryError(
                f"{self.where}: the file was replaced, moved or deleted while it was open. Nothing "
                "was changed; stop this program, check the file, and start it again."
            )

    def check_file(self) -> None:
        """Raise unless a file of the address holds, or can hold, a gallery; make a new one.

        Raises:
            GalleryError: there is no such file or folder.
        """
        path = self.path
        if path is None:
            return
        if path.is_dir():
            raise GalleryError(f"{path}: expected a file. Received: a folder. Name a file in it.")
        if not self.new and not path.is_file():
            raise GalleryError(f"{path}: expected a gallery. Found nothing. Enrol somebody first.")
        if self.new and not path.absolute().parent.is_dir():
            raise GalleryError(
                f"{path}: expected a path in an existing folder. There is no folder "
                f"{path.absolute().parent}. Make it first."
            )
        if self.new and not path.exists():
            # Faces are readable by their owner only.
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Begin a transaction that reads: as of one moment; errors are in words."""
        with self.in_words(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self, *, tables: bool = False) -> Iterator[sa.Connection]:
        """Begin a transaction that writes, one at a time; errors are in words.

        Args:
            tables: whether it makes or migrates tables: others who would, wait for its end.
        """
        options = (
            # Behind the lock on the gallery's row; each statement sees what the last writer left.
            {"isolation_level": "READ COMMITTED"} if self.on_server else {"gallery_writes": True}
        )
        with self.in_words(), self.engine.execution_options(**options).begin() as connection:
            if tables and self.on_server:
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({APPLICATION_ID})")
            yield connection

    @contextmanager
    def in_words(self) -> Iterator[None]:
        """Turn database errors into sentences.

        Raises:
            GalleryDamagedError: the file is damaged.
            GalleryError: the database failed.
        """
        try:
            yield
        except (UnicodeDecodeError, json.JSONDecodeError) as error:
            raise GalleryDamagedError(f"{self.where}: {DAMAGED}") from error
        except (SQLAlchemyError, sqlite3.Error) as error:
            cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
            lines = str(cause).strip().splitlines() or ["failed"]
            reason = lines[0].rstrip(".")
            if any(word in reason.lower() for word in _SIGNS_OF_DAMAGE):
                raise GalleryDamagedError(f"{self.where}: {DAMAGED}") from error
            raise GalleryError(f"{self.where}: {_sentence(reason)}") from error

    def _file_id(self) -> tuple[int, int] | None:
        """Return device and inode; None if there is no file."""
        if self.path is None:
            return None
        try:
            status = self.path.stat()
        except OSError:
            return None
        return status.st_dev, status.st_ino

    def _log_exists(self) -> bool:
        path = self.path
        return path is not None and path.with_name(f"{path.name}-wal").exists()

    def _begin(self, connection: sa.Connection) -> None:
        self.check_same_file(connection)
        if self.read_only and self._log_exists():
            raise GalleryError(
                f"{self.where}: it is read-only, and its write-ahead log was not written back. "
                "Copy both files to a writable folder and open it there."
            )
        writes = connection.get_execution_options().get("gallery_writes", False)
        # A writer takes its lock at once: one that read first could not be let in later.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    def _set_up(self, connection: Any, record: Any) -> None:
        record.info["file"] = self._file_id()
        connection.isolation_level = None  # the driver starts no transactions of its own
        connection.create_function("casefold", 1, str.casefold, deterministic=True)
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
        if cursor.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
            tables = cursor.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
            if tables or not (self.new or self.in_memory):
                received = "another SQLite database" if tables else "an empty file"
                raise GalleryError(f"{self.where}: expected a gallery. Received: {received}.")
            # Nine templates of 128 numbers to a page: loading a million takes fewer reads.
            cursor.execute("PRAGMA page_size = 8192")
            _patiently(cursor, f"PRAGMA application_id = {APPLICATION_ID}")
        for statement in () if self.read_only else _ON_EVERY_CONNECTION:
            _patiently(cursor, statement)
        cursor.close()


def _parsed(text: str) -> sa.URL:
    if text in (_MEMORY, "sqlite://", "sqlite:///:memory:"):
        return sa.URL.create("sqlite", database=_MEMORY)
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


def _limit_statements(connection: Any, _record: Any) -> None:
    """Let no statement and no lock be waited for without end."""
    cursor = connection.cursor()
    cursor.execute(f"SET lock_timeout = {BUSY_MS}")
    cursor.execute(f"SET statement_timeout = {_STATEMENT_MS}")
    cursor.execute(f"SET idle_in_transaction_session_timeout = {_STATEMENT_MS}")
    cursor.close()
    connection.commit()


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


DAMAGED = "the file is damaged. Run `likeness gallery check`, or restore a backup."
_SIGNS_OF_DAMAGE = ("malformed", "no such column", "no such table", "could not decode", "corrupt")


def _sentence(reason: str) -> str:
    low = reason.lower()
    for word, sentence in (
        ("not a database", "expected a gallery. Received: a file of another kind."),
        ("lock timeout", "another process holds the write lock. Try again."),
        ("statement timeout", "the server took too long. Try again."),
        ("queuepool", "the server is too slow: all connections are waiting. Try again."),
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
