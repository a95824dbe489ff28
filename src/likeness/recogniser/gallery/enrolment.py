"""Enrolment of one person or a hundred thousand, with as few statements as that takes."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from likeness.errors import AlreadyEnrolledError
from likeness.recogniser.gallery.pages import chunks
from likeness.recogniser.gallery.people import as_people, need_person, update_person
from likeness.recogniser.gallery.records import Enrolled, NewTemplate, Who
from likeness.recogniser.gallery.rows import as_json, check_name, now, person_digest
from likeness.recogniser.gallery.schema import people
from likeness.recogniser.gallery.templates import add_templates
from likeness.recogniser.gallery.transaction import Writing

ENROLLED, APPROVED, IMPORTED = "enrolled", "approved", "imported"
KEPT = "kept photos"
"""Of templates that were there without theirs, in the audit log."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Entry:
    """A person to be enrolled.

    Args:
        name: of the person; their id if they are to be there already.
        templates: of their photos.
        metadata: replaces what is noted about them; None leaves it.
        created: when they were first enrolled; None is now.
        template_created: the same of each template; empty is now.
        new: whether the person must be new. Photos that they are already enrolled with are not an
            error, so that a client that got no response may retry.
    """

    name: Who
    templates: Sequence[NewTemplate]
    metadata: Mapping[str, Any] | None = None
    created: str | None = None
    template_created: Sequence[str | None] = field(default=())
    new: bool = False


def enrol_entries(
    writing: Writing, entries: Sequence[Entry], *, how: str, where: str
) -> list[Enrolled]:
    """Add the templates of some people, who are made if need be.

    Args:
        writing: the transaction.
        entries: who. A name may come twice.
        how: "enrolled", "approved" (the person must be there) or "imported".
        where: the gallery's name, for messages.

    Raises:
        AlreadyEnrolledError: a photo is somebody else's, or who should be new is not.
        DataError: an embedding or a value does not fit.
        GalleryMismatchError: the photos have other capture settings than the gallery.
        SettingError: a name does not fit.
        UnknownPersonError: a probe is approved for nobody enrolled.
    """
    names = [_name_of(writing.connection, entry.name, where=where) for entry in entries]
    if how == APPROVED:
        for name in names:
            need_person(writing.connection, name, where=where)
    first_new = writing.next_person
    ids = _people_for(writing, names, entries)
    batches = [
        (ids[name], name, entry.templates, entry.template_created or [None] * len(entry.templates))
        for name, entry in zip(names, entries, strict=True)
    ]
    outcome = add_templates(writing, batches, how=how)
    for name, entry, one in zip(names, entries, outcome, strict=True):
        if entry.new and ids[name] < first_new and (one.added or not one.already):
            raise AlreadyEnrolledError(
                f"name: expected somebody new. {name!r} is enrolled in {where}. Choose another "
                "name, or add the photo to that person."
            )
    writing.audit_many(
        {"what": what, "person_id": ids[name], "templates": count}
        for name, one in zip(names, outcome, strict=True)
        for what, count, happened in ((how, len(one.added), one.added), (KEPT, 0, one.kept))
        if happened
    )
    found = as_people(writing.connection, sorted(set(ids.values())))
    return [
        Enrolled(person=found[ids[name]], added=one.added, already=one.already, kept=one.kept)
        for name, one in zip(names, outcome, strict=True)
    ]


def _name_of(connection: sa.Connection, who: Who, *, where: str) -> str:
    """Return a name in its one spelling, or that of a person's id."""
    if isinstance(who, int):
        return str(need_person(connection, who, where=where)["name"])
    return check_name(who)


def _people_for(writing: Writing, names: Sequence[str], entries: Sequence[Entry]) -> dict[str, int]:
    """Return the id of each name; who is not there yet is inserted."""
    there: dict[str, sa.RowMapping] = {}
    for part in chunks(names):
        query = sa.select(people).where(people.c.name.in_(part))
        there |= {row["name"]: row for row in writing.connection.execute(query).mappings()}
    fresh: dict[str, dict[str, Any]] = {}
    for name, entry in zip(names, entries, strict=True):
        noted = None if entry.metadata is None else as_json(entry.metadata, argument="metadata")
        if name in there:
            if noted is not None and json.loads(there[name]["metadata"]) != json.loads(noted):
                update_person(writing, there[name], metadata=noted)
        elif name not in fresh:
            row = {
                "id": writing.person_id(),
                "name": name,
                "metadata": noted or "{}",
                "created": entry.created or now(),
            }
            fresh[name] = row | {"digest": person_digest(row)}
    for rows in chunks(list(fresh.values()), 10_000):
        writing.connection.execute(people.insert(), rows)
    writing.audit_many({"what": "added", "person_id": row["id"]} for row in fresh.values())
    return {name: row["id"] for name, row in (there | fresh).items()}
