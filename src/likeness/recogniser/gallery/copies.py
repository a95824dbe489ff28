"""Copy, back up, export and import a gallery or its people.

A copy goes from store to store and is verified; a backup is a file, made while others write.
People are exported as JSON lines, into another gallery of the same model: the first line says
what it is; each other line is a person with all templates. Embeddings are plain numbers, exact
to the last bit, even if the gallery is encrypted.
"""

import base64
import binascii
import hashlib
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa

from likeness.errors import DataError, GalleryError, GalleryMismatchError, LikenessError
from likeness.files import whole_file
from likeness.recogniser.gallery import schema
from likeness.recogniser.gallery.database import Database
from likeness.recogniser.gallery.gallery import Gallery
from likeness.recogniser.gallery.people import Entry, enrol_entries
from likeness.recogniser.gallery.reading import Reading
from likeness.recogniser.gallery.records import GalleryModel, JsonObject, NewTemplate, Template
from likeness.recogniser.gallery.rows import PersonRow, PhotoRow, TemplateRow, check_name, pages
from likeness.recogniser.gallery.schema import create_tables, version_of

_COPIED = (schema.people, schema.templates, schema.photos, schema.audit, schema.api_keys)


@dataclass(frozen=True, kw_only=True)
class _Copied:
    """What was copied, and counted and digested on both sides.

    Args:
        people: how many.
        templates: how many.
        photos: how many were kept.
        audit: entries of the audit log.
        api_keys: keys of the service.
        digest: SHA-256 over all of it in order, equal on both sides.
    """

    people: int
    templates: int
    photos: int
    audit: int
    api_keys: int
    digest: str

    def as_dict(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return {"format": "likeness.gallery-copy/1", **asdict(self)}


def copy_gallery(source: Gallery, where: str | Path) -> _Copied:
    """Copy a gallery to a new place, in one transaction, and verify it before it is committed.

    Ciphertexts are copied as they are: no key is needed, and the copy has the same.

    Args:
        source: is read as of one moment; others may write meanwhile.
        where: a path or address that holds no gallery yet.

    Raises:
        GalleryError: there is a gallery already, or the copy is not equal.
    """
    target = Database.at(where, new=True)
    path = target.path
    made = path is not None and not path.exists()
    target.check_file()
    try:
        with source.store.reading() as there, target.writing(tables=True) as here:
            return _copied(there, here, where=target.where)
    except BaseException:
        target.engine.dispose()
        if made and path is not None:
            _remove_files(path)
        raise
    finally:
        target.engine.dispose()


def _copied(source: Reading, here: sa.Connection, *, where: str) -> _Copied:
    if version_of(here) is not None:
        raise GalleryError(
            f"{where}: expected a path or address without a gallery. Received: one that holds a "
            "gallery. Nothing was changed; choose another one."
        )
    # Its readers begin anew: the change log of the other is not theirs.
    number = source.row.last_change + 1
    create_tables(here)
    values = vars(replace(source.row, last_change=number, scrub_pending=0))
    here.execute(schema.gallery.insert().values(**values))
    here.execute(schema.changes.insert().values(number=number, kind="replaced", first=0, last=0))
    for table in _COPIED:
        for rows in pages(source.connection, table, size=_size(table)):
            here.execute(table.insert(), [dict(row) for row in rows])
    ours, theirs = _digested(here), _digested(source.connection)
    if ours != theirs:
        raise GalleryError(
            f"{where}: expected a copy equal to its source. Received: {ours.people} people and "
            f"{ours.templates} templates for {theirs.people} and {theirs.templates}, digest "
            f"{ours.digest[:12]} for {theirs.digest[:12]}. Nothing was written; check the source."
        )
    return ours


def _size(table: sa.Table) -> int:
    """Return how many rows are read at a time."""
    return 20 if table is schema.photos else 2000


def _digested(connection: sa.Connection) -> _Copied:
    """Count and digest what is stored; each row's digest is made from its content."""
    whole = hashlib.sha256()
    counts: dict[str, int] = {}
    for table in _COPIED:
        counts[table.name] = 0
        for rows in pages(connection, table, size=_size(table)):
            counts[table.name] += len(rows)
            whole.update("".join(_row_digest(table, row) for row in rows).encode())
    return _Copied(**counts, digest=whole.hexdigest())


def _row_digest(table: sa.Table, values: sa.RowMapping) -> str:
    """Return the digest of what a row holds.

    Raises:
        GalleryError: it does not match the digest stored with the row.
    """
    kinds = {kind.table: kind for kind in (PersonRow, TemplateRow, PhotoRow)}
    if table not in kinds:
        return repr(tuple(values.values()))
    row = kinds[table].read(values.values())
    if row.expected_digest() != row.digest:
        raise GalleryError(
            f"{table.name}: a row does not match its digest. Nothing was copied; run "
            "`likeness gallery check`."
        )
    return str(row.digest)


def backup_gallery(source: Gallery, file: str | Path) -> Path:
    """Write a gallery to a new file as of one moment, while others read and write it.

    Args:
        source: a gallery in a SQLite file.
        file: must not exist. It is there whole, or not at all.

    Raises:
        OutputError: something is there, or it cannot be written.
        GalleryError: the gallery is not in a SQLite file, or the backup is damaged.
    """
    file = Path(file)
    if source.store.database.path is None:
        raise GalleryError(
            f"{source.where}: expected a gallery in a SQLite file. Received: another store. Use "
            "`likeness gallery copy` to a file, or the server's own pg_dump."
        )
    with whole_file(file, new=True) as draft:
        _back_up(source, draft)
    return file


def _back_up(source: Gallery, fresh: Path) -> None:
    os.close(os.open(fresh, os.O_CREAT | os.O_RDWR, 0o600))
    database = source.store.database
    with database.in_words(), closing(sqlite3.connect(fresh)) as target:
        connection = database.engine.raw_connection()
        try:
            # All pages at once: one moment, which other writers need not wait for.
            connection.driver_connection.backup(target, pages=-1)  # type: ignore[union-attr]
        finally:
            connection.close()
        target.execute("PRAGMA journal_mode = DELETE")
        verdict = target.execute("PRAGMA integrity_check").fetchone()[0]
        if verdict != "ok":
            raise GalleryError(
                f"{source.where}: the backup is damaged ({verdict}). Run `likeness gallery check`."
            )


def _remove_files(path: Path) -> None:
    """Remove a SQLite database that no process has open."""
    for end in ("", "-wal", "-shm", "-journal"):
        with suppress(FileNotFoundError):
            path.with_name(path.name + end).unlink()


_FORMAT = "likeness.people/1"
_AT_ONCE = 500


@dataclass(frozen=True, kw_only=True)
class _Imported:
    """The outcome of an import.

    Args:
        people: in the lines.
        new_people: of them, who was not enrolled.
        added: templates that are new.
        already: templates that were there.
        warnings: of new people, whose names look like others'.
    """

    people: int
    new_people: int
    added: int
    already: int
    warnings: tuple[str, ...] = ()


def export_people(gallery: Gallery, *, with_photos: bool = True) -> Iterator[str]:
    """Return lines of JSON, each with its line feed, as of one moment.

    Args:
        gallery: of an encrypted one the key is needed: what is exported is not encrypted.
        with_photos: whether kept photos go along.

    Raises:
        GalleryKeyError: it is encrypted and there is no key.
    """
    model = gallery.model
    gallery.store.sealing.require()
    if not gallery.store.database.read_only:
        with gallery.store.writing() as writing:
            writing.audit("exported people", templates=writing.count(schema.templates))
    yield _line(
        {
            "format": _FORMAT,
            "model": model.fingerprint,
            "energy": model.energy,
            "dimensions": model.dimensions,
        }
    )
    with gallery.store.reading() as reading:
        for person in chain.from_iterable(PersonRow.pages(reading.connection, size=_AT_ONCE)):
            yield _line(
                {
                    "person": person.name,
                    "metadata": json.loads(person.metadata),
                    "created": person.created,
                    "templates": [
                        _exported(reading, template, with_photo=with_photos)
                        for template in reading.templates(
                            schema.templates.c.person_id == person.id, vectors=True
                        )
                    ],
                }
            )


def _exported(reading: Reading, template: Template, *, with_photo: bool) -> JsonObject:
    assert template.vector is not None
    photo = None
    if with_photo and template.photo_kept:
        photo = reading.photo(reading.template(template.id))
    return {
        # Shortest digits that give the same float32 again.
        "vector": [float(str(value)) for value in template.vector],
        "photo_digest": template.photo_digest,
        "quality": template.quality,
        "provenance": template.provenance,
        "created": template.created,
        **({} if photo is None else {"photo": base64.b64encode(photo).decode()}),
    }


def import_people(
    gallery: Gallery, lines: Iterable[str | bytes], *, name: str | None = None
) -> _Imported:
    """Enrol the people of exported lines in one transaction: all of them or none.

    People who are enrolled already get the templates that are missing.

    Args:
        gallery: of the model that made the embeddings.
        lines: as `export_people` gives them; bytes are UTF-8, with or without a byte order mark.
        name: the file's, for messages.

    Raises:
        DataError: a line is not what it should be; says which.
        GalleryMismatchError: the embeddings belong to another model.
        AlreadyEnrolledError: a photo belongs to another person.
    """
    documents = (
        (f"line {number}" if name is None else f"{name}, line {number}", line)
        for number, line in enumerate(lines, 1)
        if number == 1 or line.strip()
    )
    _check_head(gallery, *next(documents, (name or "line 1", "")))
    count, added, already = 0, 0, 0
    warnings: list[str] = []
    with gallery.store.writing() as writing:
        before = writing.count(schema.people)
        entries = (_entry(where, line, gallery.model) for where, line in documents)
        while part := list(islice(entries, _AT_ONCE)):
            for enrolled in enrol_entries(writing, part, how="imported"):
                count += 1
                added += len(enrolled.added)
                already += len(enrolled.already)
                warnings += enrolled.warnings()
        fresh = writing.count(schema.people) - before
    return _Imported(
        people=count, new_people=fresh, added=added, already=already, warnings=tuple(warnings)
    )


def _check_head(gallery: Gallery, where: str, line: str | bytes) -> None:
    head = _parsed(where, line)
    if head.get("format") != _FORMAT:
        raise DataError(
            f"{where}: expected the format {_FORMAT!r}. Received: {head.get('format')!r}. Make the "
            "lines with `likeness people export`."
        )
    model = gallery.model
    said = (head.get("model"), head.get("energy"), head.get("dimensions"))
    if said != (model.fingerprint, model.energy, model.dimensions):
        raise GalleryMismatchError(
            f"{where}: the embeddings are of model {str(head.get('model'))[:12]}; {gallery.where} "
            f"is of {model.fingerprint[:12]}. Enrol the photos instead."
        )


def _entry(where: str, line: str | bytes, model: GalleryModel) -> Entry:
    document = _parsed(where, line)
    try:
        pairs = [_template(entry) for entry in document["templates"]]
        for template, _ in pairs:
            template.content(model)  # here, where the line is known
        return Entry(
            name=check_name(document["person"], argument="person"),
            metadata=_object(document.get("metadata", {})),
            created=_text(document.get("created")),
            templates=[template for template, _ in pairs],
            template_created=[created for _, created in pairs],
        )
    except (
        KeyError,
        TypeError,
        ValueError,
        AttributeError,
        OverflowError,
        binascii.Error,
        LikenessError,
    ) as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else str(error).rstrip(".")
        raise DataError(
            f"{where}: expected a person with templates. {reason}. Nothing was imported."
        ) from error


def _template(entry: JsonObject) -> tuple[NewTemplate, str | None]:
    photo = entry.get("photo")
    template = NewTemplate(
        vector=np.array(entry["vector"], np.float64),
        photo_digest=entry["photo_digest"],
        quality=_object(entry.get("quality", {})),
        provenance=_object(entry.get("provenance", {})),
        photo=None if photo is None else base64.b64decode(photo, validate=True),
    )
    return template, _text(entry.get("created"))


def _object(value: Any) -> JsonObject:
    if not isinstance(value, dict):
        raise TypeError(f"expected an object, received {value!r:.40}")
    return value


def _text(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise TypeError(f"expected a time, received {value!r:.40}")
    return value


def _parsed(where: str, line: str | bytes) -> JsonObject:
    try:
        text = line.decode() if isinstance(line, bytes) else line
        document = json.loads(text.removeprefix("\N{BYTE ORDER MARK}"))
    except UnicodeDecodeError as error:
        raise DataError(
            f"{where}: expected text in UTF-8. Received: other bytes, the first at {error.start} "
            "of the line. Nothing was imported; export again, or save the file as UTF-8."
        ) from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{where}: expected JSON. {error}. Nothing was imported.") from error
    if not isinstance(document, dict):
        raise DataError(f"{where}: expected an object. Nothing was imported.")
    return document


def _line(document: JsonObject) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n"
