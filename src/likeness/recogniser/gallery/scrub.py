"""After a deletion: remove its bytes from the gallery's files, and verify that none is left.

SQLite zeroes what is deleted (`secure_delete`), but the write-ahead log holds the pages as they
were until a checkpoint truncates it, which a long reader can prevent: so its result is read.
Then the files are searched for the bytes; if a copy was left behind, the file is rewritten
(`VACUUM`).
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from likeness.recogniser.gallery import schema
from likeness.recogniser.gallery.database import BUSY_MS, Database
from likeness.recogniser.gallery.rows import TemplateRow, chunks
from likeness.recogniser.gallery.schema import gallery, people, photos, tables, templates

_SHORTEST_NAME = 6
"""Bytes; a shorter name is found in any large file by chance."""

REWRITTEN = 256 * 2**20
"""Bytes; a larger file is not rewritten for a name alone: writers would wait too long."""

_SHORTEST_CONTENT = 16
_PIECE = 256

_SERVER = (
    "The server's write-ahead log, unused space of its pages, replicas and backups keep what was "
    "removed until they are recycled."
)
_ELSEWHERE = "Backups, copies and exports of the gallery still hold what was removed."


@dataclass(frozen=True, kw_only=True)
class Scrubbed:
    """What was verified in the files; the fields are those of a `Receipt`."""

    checkpoint: str
    verified_absent: bool
    searched: tuple[str, ...]
    remains: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Traces:
    """Bytes that must no longer be in the files.

    Args:
        names: of people.
        digests: of photos.
        contents: pieces of embeddings, ciphertexts, kept photos.
    """

    names: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()
    contents: tuple[bytes, ...] = field(default=(), repr=False)

    @classmethod
    def of(
        cls, connection: sa.Connection, rows: Sequence[TemplateRow], *, names: tuple[str, ...] = ()
    ) -> "Traces":
        """Return the bytes that identify templates that are about to be deleted."""
        ids = [row.id for row in rows]
        kept = [
            bytes(content)
            for part in chunks(ids)
            for content in connection.execute(
                sa.select(photos.c.content).where(photos.c.template_id.in_(part))
            ).scalars()
        ]
        stored = [row.content for row in rows]
        return cls(
            names=names,
            digests=tuple(row.photo_digest for row in rows),
            contents=tuple(piece for content in (*stored, *kept) for piece in _pieces(content)),
        )

    def scrub(self, database: Database, *, patience: float) -> Scrubbed:
        """Clean up the files after a committed deletion, and verify it.

        Args:
            database: of the gallery, with no transaction of this thread open.
            patience: seconds to wait for readers.
        """
        pending = _pending(database)
        if database.on_server:
            return _vacuum_server(database, self, pending, patience)
        path = database.path
        if path is None:
            _clear_flag(database, pending)
            return Scrubbed(
                checkpoint="none: the gallery is in memory",
                verified_absent=not _rows_with(database, self),
                searched=("the rows",),
                remains=(_ELSEWHERE,),
            )
        files = [path.with_name(path.name + end) for end in ("", "-wal", "-shm")]
        done = _truncate(database, patience)
        left = _left(database, files, self) if done else _Left()
        checkpoint = "the write-ahead log is truncated"
        # `secure_delete` leaves a few letters in the slack of some pages; who cannot be searched
        # for is gone only from a file that is written anew.
        short = any(len(name.encode()) < _SHORTEST_NAME for name in self.names)
        rewrite = short and path.stat().st_size <= REWRITTEN
        if done and (left.traces or rewrite):
            _run(database, "VACUUM")
            done = _truncate(database, patience)
            left = _left(database, files, self)
            checkpoint += ", the file is rewritten"
        if not done:
            checkpoint = "a reader holds the write-ahead log; the next opening truncates it"
        absent = done and not left.traces and (rewrite or not short)
        if done and not left.traces:
            _clear_flag(database, pending)
            _truncate(database, patience)
        remains = [_ELSEWHERE]
        if short:
            remains.append(
                "The name is too short to be searched for as bytes: the file was written anew "
                "without it."
                if rewrite and done
                else "The name is too short to be searched for as bytes, and the file too large to "
                "be written anew: its row is gone, and letters may be left in unused space. A copy "
                "(`likeness gallery copy`) has none."
            )
        if left.mentions:
            remains.append(
                "The same letters also occur in entries that stay, such as another name."
            )
        return Scrubbed(
            checkpoint=checkpoint,
            verified_absent=absent and not _rows_with(database, self),
            searched=tuple(file.name for file in files),
            remains=tuple(remains),
        )


def _pieces(content: bytes) -> list[bytes]:
    """Return parts of a content: a long one does not lie in the file in one piece."""
    if len(content) <= _PIECE:
        return [content] if len(content) >= _SHORTEST_CONTENT else []
    starts = {len(content) // 3, len(content) // 2, len(content) - _PIECE}
    return [content[start : start + _PIECE] for start in sorted(starts)]


@dataclass(frozen=True, kw_only=True)
class _Left:
    """What was found in the files: traces, and occurrences that belong to other rows."""

    traces: int = 0
    mentions: int = 0


def _left(database: Database, files: Sequence[Path], traces: Traces) -> _Left:
    names = [name for name in traces.names if len(name.encode()) >= _SHORTEST_NAME]
    patterns = [
        *(name.encode() for name in names),
        *(digest.encode() for digest in traces.digests),
        *(bytes.fromhex(digest) for digest in traces.digests),
        *traces.contents,
    ]
    present = files_with(files, patterns)
    # Remaining rows may hold the same bytes: a longer name, an equal embedding.
    mentions = sum(bool(_mentions(database, names[i])) for i in present if i < len(names))
    twins = sum(_held(database, patterns[i]) for i in present if i >= len(names))
    return _Left(traces=len(present) - mentions - twins, mentions=mentions)


def files_with(files: Sequence[Path], patterns: Sequence[bytes]) -> dict[int, list[str]]:
    """Return, by a pattern's index, the names of the files that hold it.

    SQLite's locks are POSIX locks: a process that opens and closes a database's file by itself
    loses those that SQLite holds for it. So a process of its own reads the files, never the one
    that has the gallery open.

    Raises:
        subprocess.SubprocessError: a file cannot be read, or the process was killed.
    """
    question = [str(len(files)), *(os.fsencode(file).hex() for file in files)]
    question += [pattern.hex() for pattern in patterns]
    answer = subprocess.run(
        # Without the site's packages: it starts in half the time.
        [sys.executable, "-I", "-S", Path(__file__).with_name("byte_search_process.py")],
        input="\n".join(question),
        capture_output=True,
        text=True,
        check=True,
    )
    names: dict[int, list[str]] = {}
    for line in answer.stdout.splitlines():
        file, pattern = map(int, line.split())
        names.setdefault(pattern, []).append(files[file].name)
    return names


def _mentions(database: Database, name: str) -> int:
    """Return how many text entries hold a name."""
    return sum(
        _count(database, column, sa.func.instr(column, name) > 0)
        for table in tables.sorted_tables
        for column in table.columns
        if isinstance(column.type, sa.Text)
    )


def _held(database: Database, content: bytes) -> bool:
    """Return whether another row holds exactly these bytes."""
    return any(
        _count(database, column, sa.func.instr(sa.cast(column, sa.LargeBinary), content) > 0)
        for table in tables.sorted_tables
        for column in table.columns
        if not isinstance(column.type, sa.Integer)
    )


def _rows_with(database: Database, traces: Traces) -> int:
    named = sum(_count(database, people.c.name, people.c.name == name) for name in traces.names)
    column = templates.c.photo_digest
    return named + sum(
        _count(database, column, column.in_(part)) for part in chunks(traces.digests)
    )


def _count(database: Database, column: sa.Column[Any], condition: Any) -> int:
    query = sa.select(sa.func.count()).select_from(column.table).where(condition)
    with database.engine.connect() as connection:
        return connection.execute(query).scalar_one()


def _truncate(database: Database, patience: float) -> bool:
    """Truncate the write-ahead log; return whether it could be done in time."""
    end = time.monotonic() + patience
    while True:
        wait = max(1, int(1000 * (end - time.monotonic())))
        (busy, _, _), *_ = _run(database, "PRAGMA wal_checkpoint(TRUNCATE)", wait=wait)
        if not busy:
            return True
        if time.monotonic() >= end:
            return False
        time.sleep(0.02)


def _run(database: Database, statement: str, *, wait: int = BUSY_MS) -> list[Any]:
    """Run a statement outside of any transaction."""
    connection = database.engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {wait}")
        rows = cursor.execute(statement).fetchall()
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
        return list(rows)
    finally:
        connection.close()


def _pending(database: Database) -> int:
    with database.reading() as connection:
        return int(connection.execute(sa.select(gallery.c.scrub_pending)).scalar_one())


def _clear_flag(database: Database, pending: int) -> None:
    """Record that it is done, unless something else was deleted meanwhile."""
    with database.writing() as connection:
        same = gallery.c.scrub_pending == pending
        connection.execute(gallery.update().where(same).values(scrub_pending=0))


def _vacuum_server(database: Database, traces: Traces, pending: int, patience: float) -> Scrubbed:
    """Vacuum the tables, and believe the server's own report of what it could not remove."""
    end = time.monotonic() + patience
    while (why := _not_vacuumed(database)) and time.monotonic() < end and why == _HELD:
        time.sleep(0.1)
    if not why:
        _clear_flag(database, pending)
    return Scrubbed(
        checkpoint=f"not yet: {why}" if why else "the server's tables are vacuumed",
        verified_absent=not why and not _rows_with(database, traces),
        searched=("the server's rows",),
        remains=(_SERVER, _ELSEWHERE),
    )


_HELD = "an older transaction still sees the rows; the next deletion or opening tries again"


def _not_vacuumed(database: Database) -> str:
    """Vacuum, and return why deleted rows may still be in the tables; empty if they are not."""
    said: list[tuple[str, str]] = []

    def hear(diagnostic: Any) -> None:
        said.append((str(diagnostic.severity_nonlocalized), str(diagnostic.message_primary)))
        said.append(("DETAIL", str(diagnostic.message_detail or "")))

    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.add_notice_handler(hear)
        try:
            connection.exec_driver_sql("SET statement_timeout = 0")
            connection.exec_driver_sql("VACUUM (VERBOSE) templates, people, photos")
        finally:
            driver.remove_notice_handler(hear)
            connection.exec_driver_sql("RESET statement_timeout")
        if any(severity == "WARNING" for severity, _ in said):
            warning = next(text for severity, text in said if severity == "WARNING")
            return f"the server did not vacuum ({warning})"
        if _has_statistics(connection):
            return "the planner's statistics hold samples of personal columns"
    counts = [int(n) for _, text in said for n in _NOT_REMOVED.findall(text)]
    if not counts:
        return "the server's report of what it removed is not understood"
    return _HELD if any(counts) else ""


def _has_statistics(connection: sa.Connection) -> bool:
    """Return whether a server's planner keeps samples of what is personal all the same."""
    query = sa.text(
        "SELECT count(*) FROM pg_stats WHERE schemaname = current_schema() "
        "AND tablename = :table AND attname = ANY(:columns)"
    )
    return any(
        connection.execute(query, {"table": table, "columns": list(columns)}).scalar_one()
        for table, columns in schema.PERSONAL
    )


_NOT_REMOVED = re.compile(
    r"(\d+) (?:are )?dead (?:but not yet removable|row versions cannot be removed yet)"
)
"""In what `VACUUM (VERBOSE)` says, of each table: from version 15 on, and before."""
