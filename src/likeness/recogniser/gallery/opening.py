"""Open a gallery, or make one; older ones are brought up to date, one version after the other."""

import getpass
from collections.abc import Callable, Mapping
from pathlib import Path

import sqlalchemy as sa

from likeness.errors import GalleryError, GalleryMismatchError
from likeness.recogniser.gallery import rows, schema
from likeness.recogniser.gallery.database import Database
from likeness.recogniser.gallery.gallery import Gallery
from likeness.recogniser.gallery.keys import GalleryKey
from likeness.recogniser.gallery.records import GalleryModel


def open_gallery(
    where: str | Path,
    *,
    model: GalleryModel | None = None,
    key: GalleryKey | None = None,
    by: str | None = None,
) -> Gallery:
    """Open an existing gallery; one of an older version is migrated.

    Args:
        where: a path, ``sqlite:///PATH``, or ``postgresql+psycopg://USER@HOST/DATABASE``.
        model: the model whose embeddings it must hold; None accepts any.
        key: of an encrypted gallery; without it people can be listed but not searched.
        by: the operator's name, for the audit log; None is the user of this computer.

    Raises:
        GalleryError: there is none, or it cannot be opened.
        GalleryMismatchError: it belongs to another model or another version.
        GalleryKeyError: the key is wrong.
        SettingError: the address is of another kind.
        MissingExtraError: it is on a PostgreSQL server and the drivers are not installed.
    """
    database = Database.at(where)
    database.check_file()
    with database.reading() as connection:
        version = schema.version_of(connection)
    if version is None:
        raise GalleryError(
            f"{database.where}: expected a gallery. Found none. Enrol somebody first."
        )
    if version != schema.VERSION:
        with database.writing(tables=True) as connection:
            migrate(connection, where=database.where)
    return _opened(database, model=model, key=key, by=by)


def create_gallery(
    where: str | Path,
    model: GalleryModel,
    *,
    key: GalleryKey | None = None,
    by: str | None = None,
) -> Gallery:
    """Open a gallery, and create it if it does not exist.

    Args:
        where: as for `open_gallery`; ``:memory:`` is a gallery that ends with the process.
        model: whose embeddings it holds.
        key: encrypts a new gallery, and opens an encrypted one.
        by: the operator's name, for the audit log; None is the user of this computer.

    Raises:
        GalleryError: it cannot be made or opened.
        GalleryMismatchError: it belongs to another model or another version.
        GalleryKeyError: the key is wrong.
        SettingError: the address is of another kind.
        MissingExtraError: it is on a PostgreSQL server and the drivers are not installed.

    >>> import numpy as np
    >>> from likeness.recogniser.gallery import GalleryModel, NewTemplate
    >>> model = GalleryModel(fingerprint="8524c4c431a3", energy="euclidean", dimensions=2)
    >>> gallery = create_gallery(":memory:", model)
    >>> photo = NewTemplate(vector=np.array([0.6, 0.8]), photo_digest="0" * 64)
    >>> gallery.enrol("Ada", [photo]).added
    (1,)
    >>> [(one.name, round(one.energy, 3)) for one in gallery.search(np.array([[0.8, 0.6]]))[0]]
    [('Ada', 0.283)]
    """
    database = Database.at(where, new=True)
    database.check_file()
    with database.writing(tables=True) as connection:
        if schema.version_of(connection) is not None:
            migrate(connection, where=database.where)
        else:
            schema.create_tables(connection)
            row = rows.GalleryRow(
                created=rows.now(),
                model=model.fingerprint,
                energy=model.energy,
                dimensions=model.dimensions,
                key_id=None if key is None else key.id,
            )
            connection.execute(schema.gallery.insert().values(**vars(row)))
    return _opened(database, model=model, key=key, by=by)


def _opened(
    database: Database, *, model: GalleryModel | None, key: GalleryKey | None, by: str | None
) -> Gallery:
    where = database.where
    with database.reading() as connection:
        stored = rows.GalleryRow.read(connection, where=where).embedded_by
    if model is not None and stored.fingerprint != model.fingerprint:
        raise GalleryMismatchError(
            f"{where} was enrolled with model {stored.fingerprint[:12]}; this recogniser uses "
            f"{model.fingerprint[:12]}. Open it with the old model, or run "
            "`likeness re-enrol`."
        )
    if model is not None and stored != model:
        raise GalleryMismatchError(
            f"{where} holds embeddings of {stored.dimensions} numbers compared by "
            f"{stored.energy}; the model has {model.dimensions} and {model.energy}. Look at the "
            "model's folder: its fingerprint is the same."
        )
    return Gallery(database, key=key, by=by or _operator())


def _operator() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "unknown"


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
        total = rows.checksum([row["id"] for row in plain], contents, before=total)
    connection.execute(schema.gallery.update().values(audit_chain=chain, checksum=total))


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
