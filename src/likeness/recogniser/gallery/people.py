"""People in the tables: found, listed, enrolled, renamed, merged, removed."""

import json
import unicodedata
from collections.abc import Sequence

import sqlalchemy as sa

from likeness.errors import AlreadyEnrolledError, SettingError, UnknownPersonError
from likeness.recogniser.gallery import changes as _changes
from likeness.recogniser.gallery.pages import chunks
from likeness.recogniser.gallery.records import Person, Who
from likeness.recogniser.gallery.rows import (
    Row,
    as_json,
    check_name,
    person_digest,
    template_digest,
)
from likeness.recogniser.gallery.schema import people, photos, templates
from likeness.recogniser.gallery.transaction import Writing


def checked_who(who: Who, *, argument: str = "name") -> Who:
    """Return a person's id as it is, and a name in its one spelling."""
    return who if isinstance(who, int) else check_name(who, argument=argument)


def find_person(connection: sa.Connection, who: Who) -> sa.RowMapping | None:
    """Return the row of a person by their id or checked name; None if there is none."""
    is_them = people.c.id == who if isinstance(who, int) else people.c.name == who
    return connection.execute(sa.select(people).where(is_them)).mappings().first()


def need_person(connection: sa.Connection, who: Who, *, where: str) -> sa.RowMapping:
    """Return the row of a person.

    Raises:
        UnknownPersonError: there is none.
    """
    row = find_person(connection, who)
    if row is None and isinstance(who, int):
        raise UnknownPersonError(
            f"person: expected the number of somebody enrolled. Received: {who}. See who is with "
            "`likeness people list`."
        )
    if row is None:
        raise UnknownPersonError(
            f"name: expected somebody enrolled in {where}. Received: {who!r}. See who is with "
            "`likeness people list`."
        )
    return row


def as_person(connection: sa.Connection, row: Row) -> Person:
    """Return the record of a row."""
    return _record(row, _template_counts(connection, [row["id"]]).get(row["id"], 0))


def as_people(connection: sa.Connection, ids: Sequence[int]) -> dict[int, Person]:
    """Return the records of some people by their ids."""
    counts = _template_counts(connection, ids)
    return {
        row["id"]: _record(row, counts.get(row["id"], 0))
        for part in chunks(ids)
        for row in connection.execute(sa.select(people).where(people.c.id.in_(part))).mappings()
    }


def count_people(connection: sa.Connection, *, search: str | None = None) -> int:
    """Return how many people there are whose name holds a text."""
    query = sa.select(sa.func.count()).select_from(people)
    if search is not None:
        query = query.where(_holds(connection, search))
    return int(connection.execute(query).scalar_one())


def _holds(connection: sa.Connection, search: str) -> sa.ColumnElement[bool]:
    """Say that a name holds a text, in small or capital letters."""
    # SQLite's own `lower` knows the Latin letters of ASCII only.
    text = unicodedata.normalize("NFC", search)
    if connection.dialect.name == "postgresql":
        return sa.func.strpos(sa.func.lower(people.c.name), sa.func.lower(text)) > 0
    return sa.func.instr(sa.func.casefold(people.c.name), text.casefold()) > 0


def list_people(
    connection: sa.Connection, *, after: str | None, limit: int, search: str | None = None
) -> tuple[Person, ...]:
    """Return a page of people in the order of their names' characters."""
    query = sa.select(people)
    if search is not None:
        query = query.where(_holds(connection, search))
    # By code points in every database, whatever its language.
    order = people.c.name
    if connection.dialect.name == "postgresql":
        order = sa.collate(order, "C")  # type: ignore[assignment]
    if after is not None:
        query = query.where(order > after)
    rows = connection.execute(query.order_by(order).limit(limit)).mappings().all()
    counts = _template_counts(connection, [row["id"] for row in rows])
    return tuple(_record(row, counts.get(row["id"], 0)) for row in rows)


def update_person(writing: Writing, row: Row, **values: str) -> None:
    """Change a person's name or metadata."""
    fresh = dict(row) | values
    writing.connection.execute(
        people.update()
        .where(people.c.id == row["id"])
        .values(**values, digest=person_digest(fresh))
    )


def rename_person(writing: Writing, name: Who, new: str, *, where: str) -> str | None:
    """Give a person another name; return the old one if it was another.

    Raises:
        AlreadyEnrolledError: somebody else has it.
    """
    row = need_person(writing.connection, name, where=where)
    old = str(row["name"])
    if new == old:
        return None
    if find_person(writing.connection, new) is not None:
        raise AlreadyEnrolledError(
            f"new: {new!r} is somebody else in {where}. Choose another name, or merge the two."
        )
    update_person(writing, row, name=new)
    # The old name is personal data that is no longer needed.
    writing.ask_for_scrub()
    writing.audit("renamed", person_id=row["id"])
    return old


def merge_people(writing: Writing, name: Who, into: Who, *, where: str) -> tuple[Person, str]:
    """Give all of a person's templates to another, and remove the first; return its name too.

    Raises:
        SettingError: the two are one.
    """
    same = SettingError(f"into: expected somebody else. Received: {into!r} twice.")
    if name == into:
        raise same
    connection = writing.connection
    gone = need_person(connection, name, where=where)
    stays = need_person(connection, into, where=where)
    if gone["id"] == stays["id"]:  # one by the name, the other by the id
        raise same
    rows = connection.execute(
        sa.select(templates).where(templates.c.person_id == gone["id"])
    ).mappings()
    moved = 0
    for row in rows.all():
        fresh = dict(row) | {"person_id": stays["id"]}
        if row["sealed"] is not None:  # a ciphertext is bound to its person
            content = writing.sealing.vector_of(row).astype("<f4").tobytes()
            fresh |= writing.sealing.vector_columns(content, fresh)
        fresh["digest"] = template_digest(fresh)
        changed = ("person_id", "sealed", "digest")
        connection.execute(
            templates.update()
            .where(templates.c.id == row["id"])
            .values({column: fresh[column] for column in changed})
        )
        moved += 1
    metadata = json.loads(gone["metadata"]) | json.loads(stays["metadata"])
    update_person(writing, stays, metadata=as_json(metadata, argument="metadata"))
    connection.execute(people.delete().where(people.c.id == gone["id"]))
    writing.change(_changes.MERGED, gone["id"], stays["id"])
    writing.ask_for_scrub()
    writing.audit("merged into another", person_id=gone["id"], templates=moved)
    writing.audit("merged with another", person_id=stays["id"], templates=moved)
    found = find_person(connection, stays["id"])
    assert found is not None
    return as_person(connection, found), str(gone["name"])


def remove_templates(connection: sa.Connection, ids: Sequence[int]) -> int:
    """Delete templates and their photos; return how many photos there were."""
    kept = 0
    for part in chunks(ids):
        kept += connection.execute(photos.delete().where(photos.c.template_id.in_(part))).rowcount
        connection.execute(templates.delete().where(templates.c.id.in_(part)))
    return kept


def _template_counts(connection: sa.Connection, ids: Sequence[int]) -> dict[int, int]:
    """Return how many templates each of some people has; who has none is left out."""
    counts: dict[int, int] = {}
    for part in chunks(ids):
        grouped = (
            sa.select(templates.c.person_id, sa.func.count())
            .where(templates.c.person_id.in_(part))
            .group_by(templates.c.person_id)
        )
        counts |= {found[0]: found[1] for found in connection.execute(grouped)}
    return counts


def _record(row: Row, count: int) -> Person:
    return Person(
        id=row["id"],
        name=row["name"],
        metadata=json.loads(row["metadata"]),
        created=row["created"],
        templates=count,
    )
