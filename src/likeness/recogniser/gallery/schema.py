"""The database schema: tables, version, and migrations from older versions.

Counters are in the gallery's own row and change under its lock, so ids are never reused and the
change log has no gap. JSON and times are text: a row's digest is then the same in every database.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from likeness.errors import GalleryError, GalleryMismatchError, require_extra

FORMAT = "likeness.gallery/1"

VERSION = 2
"""The schema that this version of `likeness` reads and writes."""

tables = sa.MetaData()


class _VectorColumn(TypeDecorator[bytes]):
    """An embedding: little-endian float32 bytes here, pgvector's type in PostgreSQL."""

    impl = sa.LargeBinary
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the type that the database has for it."""
        if dialect.name == "postgresql":
            vector = require_extra("pgvector.sqlalchemy", extra="postgres").VECTOR()
            return dialect.type_descriptor(vector)
        return dialect.type_descriptor(sa.LargeBinary())

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> Any:
        """Return what the database takes."""
        if value is None or dialect.name != "postgresql":
            return value
        return np.frombuffer(value, "<f4")

    def process_result_value(self, value: Any, dialect: Dialect) -> bytes | None:
        """Return little-endian float32 bytes."""
        if value is None or dialect.name != "postgresql":
            return None if value is None else bytes(value)
        return np.asarray(value, "<f4").tobytes()


schema_version = sa.Table(
    "schema_version",
    tables,
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
)

gallery = sa.Table(
    "gallery",
    tables,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("format", sa.Text, nullable=False),
    sa.Column("created", sa.Text, nullable=False),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("energy", sa.Text, nullable=False),
    sa.Column("dimensions", sa.Integer, nullable=False),
    sa.Column("key_id", sa.Text),
    sa.Column("next_person", sa.BigInteger, nullable=False),
    sa.Column("next_template", sa.BigInteger, nullable=False),
    sa.Column("last_change", sa.BigInteger, nullable=False),
    sa.Column("last_audit", sa.BigInteger, nullable=False),
    # Set with a deletion, cleared when the files were seen to be free of it: a process that
    # is killed in between leaves the work to the next one.
    sa.Column("scrub_pending", sa.BigInteger, nullable=False),
    sa.CheckConstraint("id = 1", name="one_gallery"),
)

people = sa.Table(
    "people",
    tables,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("metadata", sa.Text, nullable=False),
    sa.Column("created", sa.Text, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
)

templates = sa.Table(
    "templates",
    tables,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("person_id", sa.BigInteger, sa.ForeignKey("people.id"), nullable=False, index=True),
    # Exactly one of the two: the embedding, or its ciphertext and the key's id.
    sa.Column("vector", _VectorColumn),
    sa.Column("sealed", sa.LargeBinary),
    sa.Column("key_id", sa.Text),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("photo_digest", sa.Text, nullable=False, unique=True),
    sa.Column("quality", sa.Text, nullable=False),
    sa.Column("provenance", sa.Text, nullable=False),
    sa.Column("created", sa.Text, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.CheckConstraint("(vector IS NULL) <> (sealed IS NULL)", name="plain_or_sealed"),
    sa.CheckConstraint("(sealed IS NULL) = (key_id IS NULL)", name="sealed_with_a_key"),
)

photos = sa.Table(
    "photos",
    tables,
    sa.Column(
        "template_id",
        sa.BigInteger,
        sa.ForeignKey("templates.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.Column("key_id", sa.Text),
    sa.Column("digest", sa.Text, nullable=False),
)

changes = sa.Table(
    "changes",
    tables,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("first", sa.BigInteger, nullable=False),
    sa.Column("last", sa.BigInteger, nullable=False),
)

audit = sa.Table(
    "audit",
    tables,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("person_id", sa.BigInteger),
    sa.Column("templates", sa.BigInteger, nullable=False),
    sa.Column("receipt", sa.Text),
    sa.Column("receipt_digest", sa.Text),
    # JSON: the request and its answer.
    sa.Column("detail", sa.Text),
)

api_keys = sa.Table(
    "api_keys",
    tables,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("digest", sa.Text, nullable=False, unique=True),
    sa.Column("created", sa.Text, nullable=False),
    sa.Column("revoked", sa.Text),
)

_APPEND_ONLY = {
    "sqlite": [
        f"CREATE TRIGGER audit_no_{verb} BEFORE {verb} ON audit BEGIN "
        "SELECT RAISE(ABORT, 'the audit log is append-only'); END"
        for verb in ("update", "delete")
    ],
    "postgresql": [
        "CREATE OR REPLACE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$",
        "CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()",
    ],
}


def create_tables(connection: sa.Connection) -> None:
    """Create the tables in an empty database, inside the caller's transaction."""
    dialect = connection.dialect.name
    if dialect == "postgresql":
        connection.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS vector")
    tables.create_all(connection)
    for statement in _APPEND_ONLY[dialect]:
        connection.exec_driver_sql(statement)
    connection.execute(schema_version.insert().values(version=VERSION))


_Step = Callable[[sa.Connection], None]


def _keys_and_details(connection: sa.Connection) -> None:
    """Version 2: API keys, and requests and answers in the audit log."""
    connection.exec_driver_sql("ALTER TABLE audit ADD COLUMN detail TEXT")
    api_keys.create(connection)


_STEPS: Mapping[int, _Step] = {1: _keys_and_details}
"""From version n to n + 1, by n. A gallery that is new is made at `VERSION` at once."""


def version_of(connection: sa.Connection) -> int | None:
    """Return the schema's version; None if the database holds no gallery."""
    if not sa.inspect(connection).has_table("schema_version"):
        return None
    return connection.execute(sa.select(schema_version.c.version)).scalar()


def migrate(
    connection: sa.Connection,
    *,
    where: str,
    version: int = VERSION,
    steps: Mapping[int, _Step] = _STEPS,
) -> bool:
    """Bring an older gallery to this version, inside the caller's transaction.

    Args:
        connection: in a transaction that holds the write lock.
        where: the gallery's name, for messages.
        version: to which.
        steps: from version n to n + 1, by n.

    Returns:
        whether anything was done.

    Raises:
        GalleryError: there is no gallery.
        GalleryMismatchError: its schema is newer than ``version``, or too old.
    """
    present = version_of(connection)
    if present is None:
        raise GalleryError(f"{where}: expected a gallery. Found none.")
    if present > version:
        raise GalleryMismatchError(
            f"{where} has schema version {present}; this version of likeness knows up to "
            f"{version}. Nothing was changed; open it with a newer likeness."
        )
    for step in range(present, version):
        if step not in steps:
            raise GalleryMismatchError(
                f"{where} has schema version {present}, which is too old for this version of "
                "likeness. Open it with an older one first."
            )
        steps[step](connection)
    if present != version:
        connection.execute(schema_version.update().values(version=version))
    return present != version
