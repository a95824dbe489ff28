"""The database schema: tables, version, and migrations from older versions.

Counters are in the gallery's own row and change under its lock, so ids are never reused and the
change log has no gap. JSON and times are text: a row's digest is then the same in every database.
"""

from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from likeness.errors import require_extra

FORMAT = "likeness.gallery/1"

VERSION = 3
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
    # The last link of the audit log's chain, and the checksum of all plain embeddings.
    sa.Column("audit_chain", sa.Text, nullable=False, server_default=""),
    sa.Column("checksum", sa.BigInteger, nullable=False, server_default="0"),
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
    # Equal for names that look alike.
    sa.Column("look", sa.BigInteger, nullable=False, server_default="0", index=True),
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
    # SHA-256 over the entry and the one before it.
    sa.Column("chain", sa.Text, nullable=False, server_default=""),
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

APPEND_ONLY = {
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
    keep_out_of_statistics(connection)
    for statement in APPEND_ONLY[dialect]:
        connection.exec_driver_sql(statement)
    connection.execute(schema_version.insert().values(version=VERSION))


PERSONAL = (
    ("people", ("name", "metadata", "look")),
    ("templates", ("vector", "sealed", "photo_digest", "quality", "provenance")),
    ("photos", ("content",)),
)


def keep_out_of_statistics(connection: sa.Connection) -> None:
    """Have a server's planner keep no samples of what is personal: they outlive its deletion."""
    if connection.dialect.name == "postgresql":
        for table, columns in PERSONAL:
            for column in columns:
                connection.exec_driver_sql(
                    f"ALTER TABLE {table} ALTER COLUMN {column} SET STATISTICS 0"
                )


def version_of(connection: sa.Connection) -> int | None:
    """Return the schema's version; None if the database holds no gallery."""
    if not sa.inspect(connection).has_table("schema_version"):
        return None
    return connection.execute(sa.select(schema_version.c.version)).scalar()
