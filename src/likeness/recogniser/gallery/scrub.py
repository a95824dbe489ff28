"""After a deletion: remove its bytes from the gallery's files, and verify that none is left.

SQLite zeroes what is deleted (`secure_delete`), but the write-ahead log holds the pages as they
were until a checkpoint truncates it, which a long reader can prevent: so its result is read.
Then the files are searched for the bytes; if a copy was left behind, the file is written anew
(`VACUUM`).
"""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from likeness.recogniser.gallery.database import BUSY_MS, path_of, writing
from likeness.recogniser.gallery.rows import TemplateRow, chunks
from likeness.recogniser.gallery.schema import gallery, people, photos, tables, templates

_SHORTEST_NAME = 6
"""Bytes; a shorter name is found in any large file by chance."""

_SHORTEST_CONTENT = 16
_PIECE = 256

_SERVER = (
    "The server's write-ahead log, replicas and backups keep what was removed until they turn over."
)
_ELSEWHERE = "Backups, copies and exports of the gallery are not reached from here."


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


@dataclass(frozen=True, kw_only=True)
class Scrubbed:
    """What was verified in the files; the fields are those of a `Receipt`."""

    checkpoint: str
    verified_absent: bool
    searched: tuple[str, ...]
    remains: tuple[str, ...]


def scrub(engine: sa.Engine, traces: Traces, *, patience: float) -> Scrubbed:
    """Clean up the files after a committed deletion, and verify it.

    Args:
        engine: of the gallery, with no transaction of this thread open.
        traces: what was deleted.
        patience: seconds to wait for readers.
    """
    pending = _pending(engine)
    if engine.dialect.name == "postgresql":
        return _vacuum_server(engine, traces, pending)
    path = path_of(engine.url)
    if path is None:
        _clear_flag(engine, pending)
        return Scrubbed(
            checkpoint="none: the gallery is in memory",
            verified_absent=not _rows_with(engine, traces),
            searched=("the rows",),
            remains=(_ELSEWHERE,),
        )
    files = [path.with_name(path.name + end) for end in ("", "-wal", "-shm")]
    done = _truncate(engine, patience)
    left = _left(engine, files, traces) if done else _Left()
    checkpoint = "the write-ahead log is truncated"
    if done and left.traces:
        _run(engine, "VACUUM")
        done = _truncate(engine, patience)
        left = _left(engine, files, traces)
        checkpoint += ", the file is written anew"
    if not done:
        checkpoint = "a reader holds the write-ahead log; the next opening truncates it"
    absent = done and not left.traces
    if absent:
        _clear_flag(engine, pending)
        _truncate(engine, patience)
    remains = [_ELSEWHERE]
    if any(len(name.encode()) < _SHORTEST_NAME for name in traces.names):
        remains.append(
            "The name is too short to be searched for as bytes: its row is gone, and SQLite "
            "zeroed it."
        )
    if left.mentions:
        remains.append("The same letters also occur in entries that stay, such as another name.")
    return Scrubbed(
        checkpoint=checkpoint,
        verified_absent=absent and not _rows_with(engine, traces),
        searched=tuple(file.name for file in files),
        remains=tuple(remains),
    )


def traces_of(
    connection: sa.Connection, rows: Sequence[TemplateRow], *, names: tuple[str, ...] = ()
) -> Traces:
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
    return Traces(
        names=names,
        digests=tuple(row.photo_digest for row in rows),
        contents=tuple(piece for content in (*stored, *kept) for piece in _pieces(content)),
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


def _left(engine: sa.Engine, files: Sequence[Path], traces: Traces) -> _Left:
    names = [name for name in traces.names if len(name.encode()) >= _SHORTEST_NAME]
    patterns = [
        *(name.encode() for name in names),
        *(digest.encode() for digest in traces.digests),
        *(bytes.fromhex(digest) for digest in traces.digests),
        *traces.contents,
    ]
    present = files_with(files, patterns)
    # Remaining rows may hold the same bytes: a longer name, an equal embedding.
    mentions = sum(bool(_mentions(engine, names[i])) for i in present if i < len(names))
    twins = sum(_held(engine, patterns[i]) for i in present if i >= len(names))
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


def _mentions(engine: sa.Engine, name: str) -> int:
    """Return how many text entries hold a name."""
    return sum(
        _count(engine, column, sa.func.instr(column, name) > 0)
        for table in tables.sorted_tables
        for column in table.columns
        if isinstance(column.type, sa.Text)
    )


def _held(engine: sa.Engine, content: bytes) -> bool:
    """Return whether another row holds exactly these bytes."""
    return any(
        _count(engine, column, sa.func.instr(sa.cast(column, sa.LargeBinary), content) > 0)
        for table in tables.sorted_tables
        for column in table.columns
        if not isinstance(column.type, sa.Integer)
    )


def _rows_with(engine: sa.Engine, traces: Traces) -> int:
    named = sum(_count(engine, people.c.name, people.c.name == name) for name in traces.names)
    column = templates.c.photo_digest
    return named + sum(_count(engine, column, column.in_(part)) for part in chunks(traces.digests))


def _count(engine: sa.Engine, column: sa.Column[Any], condition: Any) -> int:
    query = sa.select(sa.func.count()).select_from(column.table).where(condition)
    with engine.connect() as connection:
        return connection.execute(query).scalar_one()


def _truncate(engine: sa.Engine, patience: float) -> bool:
    """Truncate the write-ahead log; return whether it could be done in time."""
    end = time.monotonic() + patience
    while True:
        wait = max(1, int(1000 * (end - time.monotonic())))
        (busy, _, _), *_ = _run(engine, "PRAGMA wal_checkpoint(TRUNCATE)", wait=wait)
        if not busy:
            return True
        if time.monotonic() >= end:
            return False
        time.sleep(0.02)


def _run(engine: sa.Engine, statement: str, *, wait: int = BUSY_MS) -> list[Any]:
    """Run a statement outside of any transaction."""
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {wait}")
        rows = cursor.execute(statement).fetchall()
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
        return list(rows)
    finally:
        connection.close()


def _pending(engine: sa.Engine) -> int:
    with engine.begin() as connection:
        return int(connection.execute(sa.select(gallery.c.scrub_pending)).scalar_one())


def _clear_flag(engine: sa.Engine, pending: int) -> None:
    """Record that it is done, unless something else was deleted meanwhile."""
    with writing(engine).begin() as connection:
        same = gallery.c.scrub_pending == pending
        connection.execute(gallery.update().where(same).values(scrub_pending=0))


def _vacuum_server(engine: sa.Engine, traces: Traces, pending: int) -> Scrubbed:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM templates, people, photos")
    _clear_flag(engine, pending)
    return Scrubbed(
        checkpoint="the server's tables are vacuumed",
        verified_absent=not _rows_with(engine, traces),
        searched=("the server's rows",),
        remains=(_SERVER, _ELSEWHERE),
    )
