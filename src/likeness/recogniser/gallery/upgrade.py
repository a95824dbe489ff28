"""Older galleries are brought up to date: the steps from each version to the next."""

from collections.abc import Callable, Mapping

import sqlalchemy as sa

from likeness.errors import GalleryError, GalleryMismatchError
from likeness.recogniser.gallery import rows, schema

_AT_ONCE = 2000

_WRITABLE = {
    "sqlite": ["DROP TRIGGER audit_no_update", "DROP TRIGGER audit_no_delete"],
    "postgresql": ["DROP TRIGGER audit_no_change ON audit"],
}


_Step = Callable[[sa.Connection], None]


def _keys_and_details(connection: sa.Connection) -> None:
    """Version 2: API keys, and requests and answers in the audit log."""
    connection.exec_driver_sql("ALTER TABLE audit ADD COLUMN detail TEXT")
    schema.api_keys.create(connection)


def _looks_chain_and_checksum(connection: sa.Connection) -> None:
    """Version 3: names that look alike, a chain through the audit log, a checksum of embeddings."""
    added = (
        ("gallery", "audit_chain TEXT NOT NULL DEFAULT ''"),
        ("gallery", "checksum BIGINT NOT NULL DEFAULT 0"),
        ("people", "look BIGINT NOT NULL DEFAULT 0"),
        ("audit", "chain TEXT NOT NULL DEFAULT ''"),
    )
    for table, column in added:
        connection.exec_driver_sql(f"ALTER TABLE {table} ADD COLUMN {column}")
    for index in schema.people.indexes:
        index.create(connection)
    for statement in _WRITABLE[connection.dialect.name]:
        connection.exec_driver_sql(statement)
    _fill(connection)
    schema.keep_out_of_statistics(connection)
    if connection.dialect.name == "postgresql":  # which forgets its samples of a retyped column
        for column in ("people.name", "people.metadata", "templates.photo_digest"):
            table, name = column.split(".")
            connection.exec_driver_sql(f"ALTER TABLE {table} ALTER COLUMN {name} TYPE TEXT")
    for statement in schema.APPEND_ONLY[connection.dialect.name]:
        connection.exec_driver_sql(statement)


def _fill(connection: sa.Connection) -> None:
    """Fill in how names look, the audit log's chain, and the checksum of plain embeddings."""
    for page in rows.pages(connection, schema.people, size=_AT_ONCE):
        change = schema.people.update().where(schema.people.c.id == sa.bindparam("row_id"))
        looks = [{"row_id": row["id"], "look_": rows.look_of(row["name"])} for row in page]
        connection.execute(change.values(look=sa.bindparam("look_")), looks)
    chain, total = "", 0
    for page in rows.pages(connection, schema.audit, size=_AT_ONCE):
        links = []
        for row in page:
            chain = rows.chain_after(chain, dict(row))
            links.append({"entry": row["number"], "chain_": chain})
        change = schema.audit.update().where(schema.audit.c.number == sa.bindparam("entry"))
        connection.execute(change.values(chain=sa.bindparam("chain_")), links)
    for page in rows.pages(connection, schema.templates, size=_AT_ONCE):
        plain = [row for row in page if row["vector"] is not None]
        contents = b"".join(row["vector"] for row in plain)
        total += rows.checksum([row["id"] for row in plain], contents)
    connection.execute(
        schema.gallery.update().values(audit_chain=chain, checksum=rows.as_signed(total))
    )


_STEPS: Mapping[int, _Step] = {1: _keys_and_details, 2: _looks_chain_and_checksum}
"""From version n to n + 1, by n. A gallery that is new is made at `VERSION` at once."""


def migrate(
    connection: sa.Connection,
    *,
    where: str,
    version: int = schema.VERSION,
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
    present = schema.version_of(connection)
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
        connection.execute(schema.schema_version.update().values(version=version))
    return present != version
