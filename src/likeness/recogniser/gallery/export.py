"""People as JSON lines: out of a gallery, and into one of the same model.

The first line says what it is; each other line is a person with all templates. Embeddings are
plain numbers, exact to the last bit, even if the gallery is encrypted.
"""

import base64
import binascii
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import sqlalchemy as sa

from likeness.errors import DataError, GalleryMismatchError
from likeness.recogniser.gallery.enrolment import Entry, enrol_entries
from likeness.recogniser.gallery.gallery import Gallery
from likeness.recogniser.gallery.records import JsonObject, NewTemplate
from likeness.recogniser.gallery.rows import PersonRow
from likeness.recogniser.gallery.schema import people
from likeness.recogniser.gallery.templates import need_template, read_photo, read_templates

_FORMAT = "likeness.people/1"
_AT_ONCE = 500


@dataclass(frozen=True, kw_only=True)
class Imported:
    """The outcome of an import.

    Args:
        people: in the lines.
        new_people: of them, who was not enrolled.
        added: templates that are new.
        already: templates that were there.
    """

    people: int
    new_people: int
    added: int
    already: int


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
    yield _line(
        {
            "format": _FORMAT,
            "model": model.fingerprint,
            "energy": model.energy,
            "dimensions": model.dimensions,
        }
    )
    with gallery.store.reading() as (connection, _):
        for page in PersonRow.pages(connection, size=_AT_ONCE):
            for person in page:
                yield _line(
                    {
                        "person": person.name,
                        "metadata": json.loads(person.metadata),
                        "created": person.created,
                        "templates": _templates_of(
                            gallery, connection, person, with_photos=with_photos
                        ),
                    }
                )


def _templates_of(
    gallery: Gallery, connection: sa.Connection, person: PersonRow, *, with_photos: bool
) -> list[JsonObject]:
    sealing = gallery.store.sealing
    entries: list[JsonObject] = []
    for template in read_templates(
        connection, sealing, after=0, limit=2**31, person_id=person.id, vectors=True
    ):
        assert template.vector is not None
        entry: dict[str, Any] = {
            # Shortest digits that give the same float32 again.
            "vector": [float(str(value)) for value in template.vector],
            "photo_digest": template.photo_digest,
            "quality": template.quality,
            "provenance": template.provenance,
            "created": template.created,
        }
        if with_photos and template.photo_kept:
            row = need_template(connection, template.id, where=gallery.where)
            photo = read_photo(connection, sealing, row)
            entry["photo"] = base64.b64encode(photo or b"").decode()
        entries.append(entry)
    return entries


def import_people(gallery: Gallery, lines: Iterable[str]) -> Imported:
    """Enrol the people of exported lines in one transaction: all of them or none.

    Who is there already gets the templates that are missing.

    Args:
        gallery: of the model that made the embeddings.
        lines: as `export_people` gives them.

    Raises:
        DataError: a line is not what it should be; says which.
        GalleryMismatchError: the embeddings are another model's.
        AlreadyEnrolledError: a photo is somebody else's.
    """
    numbered = enumerate(lines, 1)
    _check_head(gallery, next(numbered, (1, ""))[1])
    count, added, already = 0, 0, 0
    with gallery.store.writing() as writing:
        before = _count(writing.connection)
        entries = (_entry(line, number) for number, line in numbered if line.strip())
        while part := list(islice(entries, _AT_ONCE)):
            for enrolled in enrol_entries(writing, part, how="imported"):
                count += 1
                added += len(enrolled.added)
                already += len(enrolled.already)
        fresh = _count(writing.connection) - before
    return Imported(people=count, new_people=fresh, added=added, already=already)


def _count(connection: sa.Connection) -> int:
    return connection.execute(sa.select(sa.func.count()).select_from(people)).scalar_one()


def _check_head(gallery: Gallery, line: str) -> None:
    head = _parsed(line, 1)
    if head.get("format") != _FORMAT:
        raise DataError(
            f"line 1: expected the format {_FORMAT!r}. Received: {head.get('format')!r}. Make the "
            "lines with `likeness people export`."
        )
    model = gallery.model
    said = (head.get("model"), head.get("energy"), head.get("dimensions"))
    if said != (model.fingerprint, model.energy, model.dimensions):
        raise GalleryMismatchError(
            f"line 1: the embeddings are of model {str(head.get('model'))[:12]}; {gallery.where} "
            f"is of {model.fingerprint[:12]}. Enrol the photos instead."
        )


def _entry(line: str, number: int) -> Entry:
    document = _parsed(line, number)
    try:
        pairs = [_template(entry) for entry in document["templates"]]
        return Entry(
            name=document["person"],
            metadata=_object(document.get("metadata", {})),
            created=_text(document.get("created")),
            templates=[template for template, _ in pairs],
            template_created=[created for _, created in pairs],
        )
    except (KeyError, TypeError, ValueError, AttributeError, binascii.Error) as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise DataError(
            f"line {number}: expected a person with templates. {reason}. Nothing was imported."
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


def _parsed(line: str, number: int) -> JsonObject:
    try:
        document = json.loads(line)
    except ValueError as error:
        raise DataError(f"line {number}: expected JSON. {error}. Nothing was imported.") from error
    if not isinstance(document, dict):
        raise DataError(f"line {number}: expected an object. Nothing was imported.")
    return document


def _line(document: JsonObject) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n"
