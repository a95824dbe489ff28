"""Open a gallery, or make one."""

import getpass
from pathlib import Path

from likeness.errors import GalleryError, GalleryMismatchError
from likeness.recogniser.gallery.database import Database
from likeness.recogniser.gallery.gallery import Gallery
from likeness.recogniser.gallery.keys import GalleryKey
from likeness.recogniser.gallery.records import GalleryModel
from likeness.recogniser.gallery.rows import GalleryRow, now
from likeness.recogniser.gallery.schema import VERSION, create_tables, gallery, version_of
from likeness.recogniser.gallery.upgrade import migrate


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
        version = version_of(connection)
    if version is None:
        raise GalleryError(
            f"{database.where}: expected a gallery. Found none. Enrol somebody first."
        )
    if version != VERSION:
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
        if version_of(connection) is not None:
            migrate(connection, where=database.where)
        else:
            create_tables(connection)
            row = GalleryRow(
                created=now(),
                model=model.fingerprint,
                energy=model.energy,
                dimensions=model.dimensions,
                key_id=None if key is None else key.id,
            )
            connection.execute(gallery.insert().values(**vars(row)))
    return _opened(database, model=model, key=key, by=by)


def _opened(
    database: Database, *, model: GalleryModel | None, key: GalleryKey | None, by: str | None
) -> Gallery:
    where = database.where
    with database.reading() as connection:
        stored = GalleryRow.read(connection, where=where).embedded_by
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
