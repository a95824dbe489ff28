"""Enrolment of people, in bulk, with few statements."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import sqlalchemy as sa

from likeness.errors import AlreadyEnrolledError
from likeness.recogniser.capture import Capture
from likeness.recogniser.gallery.records import Enrolled, JsonObject, NewTemplate, Who
from likeness.recogniser.gallery.rows import (
    PersonRow,
    PhotoRow,
    TemplateRow,
    as_json,
    check_name,
    chunks,
    look_of,
    now,
)
from likeness.recogniser.gallery.schema import people, photos, templates
from likeness.recogniser.gallery.store import Writing

How = Literal["enrolled", "approved", "imported"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Entry:
    """A person to be enrolled.

    Args:
        name: of the person; their id if they are to be there already.
        templates: of their photos.
        metadata: replaces the person's metadata; None keeps it.
        created: when they were first enrolled; None is now.
        template_created: the same of each template; empty is now.
        new: whether the person must be new. Photos that they are already enrolled with are not an
            error, so that a client that got no response may retry.
    """

    name: Who
    templates: Sequence[NewTemplate]
    metadata: JsonObject | None = None
    created: str | None = None
    template_created: Sequence[str | None] = ()
    new: bool = False


class _Added(NamedTuple):
    """Ids of a person's new templates, of existing ones, and of those whose photo is stored now."""

    added: tuple[int, ...]
    already: tuple[int, ...]
    kept: tuple[int, ...]


class _Owned(NamedTuple):
    """An existing template, and the person's id."""

    template_id: int
    person_id: int
    name: str


def enrol_entries(writing: Writing, entries: Sequence[Entry], *, how: How) -> list[Enrolled]:
    """Add the templates of some people, who are created if necessary.

    A photo that is already enrolled is not added again; its bytes are stored if requested and
    missing.

    Args:
        writing: the transaction.
        entries: who. A name may come twice.
        how: of approved photos, the person must be there.

    Raises:
        AlreadyEnrolledError: a photo belongs to another person, or a person who must be new is
            already enrolled.
        DataError: an embedding or a value does not fit.
        GalleryMismatchError: the photos have other capture settings than the gallery.
        SettingError: a name does not fit.
        UnknownPersonError: a probe is approved for a person who is not enrolled.
    """
    names = [_name_of(writing, entry.name) for entry in entries]
    if how == "approved":
        for name in names:
            writing.person(name)
    first_new = writing.row.next_person
    rows = _people_for(writing, names, entries)
    outcomes = _add_templates(writing, [rows[name] for name in names], entries, how=how)
    for name, entry, outcome in zip(names, entries, outcomes, strict=True):
        is_known = rows[name].id < first_new
        if entry.new and is_known and (outcome.added or not outcome.already):
            raise AlreadyEnrolledError(
                f"name: expected a new name. {name!r} is enrolled in {writing.where}. Choose "
                "another name, or add the photo to that person."
            )
    writing.audit_many(
        {"what": what, "person_id": rows[name].id, "templates": count}
        for name, outcome in zip(names, outcomes, strict=True)
        for what, count, ids in (
            (how, len(outcome.added), outcome.added),
            ("kept photos", 0, outcome.kept),
        )
        if ids
    )
    persons = {person.id: person for person in writing.records(list(rows.values()))}
    fresh = {rows[name].name for name in names if rows[name].id >= first_new}
    near = writing.near_names(fresh)
    return [
        Enrolled(person=persons[rows[name].id], near_names=near.get(name, ()), **outcome._asdict())
        for name, outcome in zip(names, outcomes, strict=True)
    ]


def _name_of(writing: Writing, who: Who) -> str:
    """Return a name in canonical form, or the name of a person's id."""
    if isinstance(who, int):
        return writing.person(who).name
    return check_name(who)


def _people_for(
    writing: Writing, names: Sequence[str], entries: Sequence[Entry]
) -> dict[str, PersonRow]:
    """Return the row of each name; missing people are inserted."""
    rows: dict[str, PersonRow] = {}
    for part in chunks(names):
        known = PersonRow.select(writing.connection, people.c.name.in_(part))
        rows |= {row.name: row for row in known}
    fresh: dict[str, PersonRow] = {}
    for name, entry in zip(names, entries, strict=True):
        noted = None if entry.metadata is None else as_json(entry.metadata, argument="metadata")
        if name in rows:
            if noted is not None and json.loads(rows[name].metadata) != json.loads(noted):
                rows[name] = writing.update_person(rows[name], metadata=noted)
        elif name not in fresh:
            row = PersonRow(
                id=writing.person_id(),
                name=check_name(name, new=True),
                look=look_of(name),
                metadata=noted or "{}",
                created=entry.created or now(),
            )
            fresh[name] = row.stored()
    for inserted in chunks(list(fresh.values()), 10_000):
        writing.connection.execute(people.insert(), [vars(row) for row in inserted])
    writing.audit_many({"what": "added", "person_id": row.id} for row in fresh.values())
    return rows | fresh


def _add_templates(
    writing: Writing, owners: Sequence[PersonRow], entries: Sequence[Entry], *, how: How
) -> list[_Added]:
    """Insert the templates of some people; return the outcome of each entry."""
    rows: list[TemplateRow] = []
    photo_rows: list[PhotoRow] = []
    outcomes = []
    capture, model = writing.capture(), writing.row.embedded_by
    known = _by_digest(writing.connection, [t.photo_digest for e in entries for t in e.templates])
    with_photo = writing.with_photo([owned.template_id for owned in known.values()])

    def keep(template_id: int, template: NewTemplate) -> bool:
        """Record a photo that is to be stored and is not yet; return whether it was recorded."""
        if template.photo is None or template_id in with_photo:
            return False
        with_photo.add(template_id)
        sealing = writing.sealing
        photo_rows.append(sealing.photo_row(template_id, template.photo_digest, template.photo))
        return True

    for owner, entry in zip(owners, entries, strict=True):
        added, already, kept = [], [], []
        created = entry.template_created or [None] * len(entry.templates)
        for template, when in zip(entry.templates, created, strict=True):
            content = template.content(model)
            owned = known.get(template.photo_digest)
            if owned is not None:
                _check_owner(owned, owner)
                is_new = owned.template_id in added
                if not is_new:
                    already.append(owned.template_id)
                if keep(owned.template_id, template) and not is_new:
                    kept.append(owned.template_id)
                continue
            given = Capture.from_provenance(template.provenance)
            if capture and given:
                capture.check(given, where=writing.where)
            capture = capture or given
            row = _template_row(writing, owner.id, template, content, how=how, created=when)
            known[template.photo_digest] = _Owned(row.id, owner.id, owner.name)
            added.append(row.id)
            rows.append(row)
            keep(row.id, template)
        outcomes.append(_Added(tuple(added), tuple(already), tuple(kept)))
    writing.count_embeddings(rows, sign=1)
    for part in chunks(rows, 16_384):
        writing.connection.execute(templates.insert(), [vars(row) for row in part])
    for photo_part in chunks(photo_rows, 64):
        writing.connection.execute(photos.insert(), [vars(row) for row in photo_part])
    if rows:
        writing.change("added", rows[0].id, rows[-1].id)
    return outcomes


def _by_digest(connection: sa.Connection, digests: Sequence[str]) -> dict[str, _Owned]:
    """Return the templates of some photos, by the photos' digests."""
    owned: dict[str, _Owned] = {}
    columns = (templates.c.photo_digest, templates.c.id, people.c.id, people.c.name)
    for part in chunks(digests):
        query = sa.select(*columns).join(people).where(templates.c.photo_digest.in_(part))
        owned |= {digest: _Owned(*values) for digest, *values in connection.execute(query)}
    return owned


def _check_owner(owned: _Owned, person: PersonRow) -> None:
    if owned.person_id != person.id:
        raise AlreadyEnrolledError(
            "photo: expected one that is not enrolled for another person. The photo for "
            f"{person.name!r} is enrolled as {owned.name!r}. If both are one person, merge them; "
            "if it is a mistake, remove it there first."
        )


def _template_row(
    writing: Writing,
    person_id: int,
    template: NewTemplate,
    content: bytes,
    *,
    how: How,
    created: str | None,
) -> TemplateRow:
    provenance = {"how": how, **template.provenance}
    if how != "imported":
        provenance["how"] = how
    row = TemplateRow(
        id=writing.template_id(),
        person_id=person_id,
        model=writing.row.model,
        photo_digest=template.photo_digest,
        quality=as_json(template.quality, argument="quality"),
        provenance=as_json(provenance, argument="provenance"),
        created=created or now(),
    )
    return writing.sealing.with_vector(row, content)
