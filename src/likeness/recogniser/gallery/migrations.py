"""From an older schema to this one: numbered steps, all in one transaction."""

from collections.abc import Callable, Mapping

import sqlalchemy as sa

from likeness.errors import GalleryError, GalleryMismatchError
from likeness.recogniser.gallery.schema import api_keys, create_tables, schema_version

VERSION = 2
"""The schema that this version of `likeness` reads and writes."""

Step = Callable[[sa.Connection], None]


def _keys_and_details(connection: sa.Connection) -> None:
    """Version 2: keys of the service, and what was asked and answered in the audit log."""
    connection.exec_driver_sql("ALTER TABLE audit ADD COLUMN detail TEXT")
    api_keys.create(connection)


STEPS: Mapping[int, Step] = {1: _keys_and_details}
"""From version n to n + 1, by n. A gallery that is new is made at `VERSION` at once."""


def version_of(connection: sa.Connection) -> int | None:
    """Return the schema's version; None if the database holds no gallery."""
    if not sa.inspect(connection).has_table("schema_version"):
        return None
    return connection.execute(sa.select(schema_version.c.version)).scalar()


def create(connection: sa.Connection) -> None:
    """Make the tables in a database without a gallery, inside the caller's transaction."""
    create_tables(connection)
    connection.execute(schema_version.insert().values(version=VERSION))


def migrate(
    connection: sa.Connection,
    *,
    where: str,
    version: int = VERSION,
    steps: Mapping[int, Step] = STEPS,
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
    found = version_of(connection)
    if found is None:
        raise GalleryError(f"{where}: expected a gallery. Found none.")
    if found > version:
        raise GalleryMismatchError(
            f"{where} has schema version {found}; this version of likeness knows up to {version}. "
            "Nothing was changed; open it with a newer likeness."
        )
    for step in range(found, version):
        if step not in steps:
            raise GalleryMismatchError(
                f"{where} has schema version {found}, which is too old for this version of "
                "likeness. Open it with an older one first."
            )
        steps[step](connection)
    if found != version:
        connection.execute(schema_version.update().values(version=version))
    return found != version
