"""People in the tables: looked up, listed, counted, renamed, merged."""

import json
import unicodedata
from collections.abc import Sequence

import sqlalchemy as sa

from likeness.errors import AlreadyEnrolledError, SettingError, UnknownPersonError
from likeness.recogniser.gallery.records import Person, Who
from likeness.recogniser.gallery.rows import (
    PersonRow,
    TemplateRow,
    as_json,
    check_name,
    chunks,
)
from likeness.recogniser.gallery.schema import people, templates
from likeness.recogniser.gallery.templates import store_templates
from likeness.recogniser.gallery.transaction import Writing


def _person_row(connection: sa.Connection, who: Who) -> PersonRow | None:
    """Return the row of a person by their id or checked name; None if nobody has it."""
    column = people.c.id if isinstance(who, int) else people.c.name
    rows = PersonRow.select(connection, column == who)
    return rows[0] if rows else None


def need_person(
    connection: sa.Connection, who: Who, *, where: str, argument: str = "name"
) -> PersonRow:
    """Return the row of a person, by their id or name.

    Raises:
        SettingError: it cannot be a name.
        UnknownPersonError: nobody has it.
    """
    if not isinstance(who, int):
        who = check_name(who, argument=argument)
    row = _person_row(connection, who)
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


def as_people(connection: sa.Connection, rows: Sequence[PersonRow]) -> tuple[Person, ...]:
    """Return the records of some rows."""
    counts: dict[int, int] = {}
    for part in chunks([row.id for row in rows]):
        grouped = (
            sa.select(templates.c.person_id, sa.func.count())
            .where(templates.c.person_id.in_(part))
            .group_by(templates.c.person_id)
        )
        counts |= {row[0]: row[1] for row in connection.execute(grouped)}
    return tuple(
        Person(
            id=row.id,
            name=row.name,
            metadata=json.loads(row.metadata),
            created=row.created,
            templates=counts.get(row.id, 0),
        )
        for row in rows
    )


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
    rows = connection.execute(query.order_by(order).limit(limit))
    return as_people(connection, [PersonRow.read(row) for row in rows])


def update_person(
    writing: Writing, row: PersonRow, *, name: str | None = None, metadata: str | None = None
) -> PersonRow:
    """Change a person's name or metadata; return the changed row."""
    stored = row.stored(
        name=row.name if name is None else name,
        metadata=row.metadata if metadata is None else metadata,
    )
    writing.connection.execute(people.update().where(people.c.id == row.id).values(**vars(stored)))
    return stored


def rename_person(writing: Writing, row: PersonRow, new: str) -> PersonRow:
    """Give a person another name; the name that they have changes nothing.

    Raises:
        AlreadyEnrolledError: somebody else has it.
    """
    if new == row.name:
        return row
    if _person_row(writing.connection, new) is not None:
        raise AlreadyEnrolledError(
            f"new: {new!r} is somebody else in {writing.where}. Choose another name, or merge the "
            "two."
        )
    renamed = update_person(writing, row, name=new)
    # The old name is personal data that is no longer needed.
    writing.ask_for_scrub()
    writing.audit("renamed", person_id=row.id)
    return renamed


def merge_people(writing: Writing, name: Who, into: Who) -> tuple[Person, str]:
    """Give all of a person's templates to another, and remove the first; return its name too.

    Raises:
        SettingError: the two are one.
    """
    same = SettingError(f"into: expected somebody else. Received: {into!r} twice.")
    if name == into:
        raise same
    connection = writing.connection
    gone = need_person(connection, name, where=writing.where)
    stays = need_person(connection, into, where=writing.where, argument="into")
    if gone.id == stays.id:  # one by the name, the other by the id
        raise same
    rows = TemplateRow.select(connection, templates.c.person_id == gone.id)
    moved = []
    for row in rows:
        fresh = row.stored(person_id=stays.id)
        if row.sealed is not None:  # a ciphertext is bound to its person
            fresh = writing.sealing.with_vector(fresh, writing.sealing.vector_of(row))
        moved.append(fresh)
    store_templates(connection, moved)
    metadata = json.loads(gone.metadata) | json.loads(stays.metadata)
    merged = update_person(writing, stays, metadata=as_json(metadata, argument="metadata"))
    connection.execute(people.delete().where(people.c.id == gone.id))
    writing.change("merged", gone.id, stays.id)
    writing.ask_for_scrub()
    writing.audit("merged into another", person_id=gone.id, templates=len(moved))
    writing.audit("merged with another", person_id=stays.id, templates=len(moved))
    return as_people(connection, [merged])[0], gone.name
