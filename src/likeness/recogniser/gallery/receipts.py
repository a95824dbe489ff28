"""Receipts: what a deletion removes, its record, and the digest in the audit log."""

import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

from likeness.errors import SettingError
from likeness.recogniser.gallery import schema
from likeness.recogniser.gallery.records import Who
from likeness.recogniser.gallery.rows import PersonRow, TemplateRow, chunks, now
from likeness.recogniser.gallery.scrub import Traces
from likeness.recogniser.gallery.store import Writing

_FORMAT = "likeness.receipt/1"
_DIGESTED = (
    "id",
    "secret",
    "name",
    "person_id",
    "person_removed",
    "template_ids",
    "photos",
    "when",
    "by",
)


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What was deleted, and what was verified.

    Args:
        id: its number; the audit log has it.
        secret: 32 random hexadecimal digits. They are not stored anywhere else, so the digest in
            the audit log does not reveal who was deleted.
        name: of the person.
        person_id: of the person.
        person_removed: whether the person was forgotten, or only a photo of them.
        template_ids: the templates that were removed.
        photos: how many kept photos were removed.
        when: UTC, ISO 8601.
        by: the operator.
        checkpoint: the state of the bytes in the store's files.
        verified_absent: whether the store was searched afterwards without a match.
        searched: what was searched.
        remains: traces that the gallery cannot reach, in sentences.
    """

    id: str
    secret: str
    name: str
    person_id: int
    person_removed: bool
    template_ids: tuple[int, ...]
    photos: int
    when: str
    by: str
    checkpoint: str = ""
    verified_absent: bool = False
    searched: tuple[str, ...] = ()
    remains: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return {"format": _FORMAT, **asdict(self)}

    @property
    def digest(self) -> str:
        """SHA-256 of what the receipt says was removed; the audit log has it.

        The receipt's secret is part of it: there are few names, and without the secret each could
        be tried against the audit log.
        """
        document = self.as_dict()
        said = [_FORMAT, *(document[name] for name in _DIGESTED)]
        return hashlib.sha256(json.dumps(said, ensure_ascii=True).encode()).hexdigest()

    def sentences(self) -> list[str]:
        """Return it in sentences."""
        count = len(self.template_ids)
        what = f"{count} template{'' if count == 1 else 's'}"
        if self.photos:
            what += f" and {self.photos} kept photo{'' if self.photos == 1 else 's'}"
        whom = f"Forgot {self.name}" if self.person_removed else f"Forgot a photo of {self.name}"
        proof = (
            f"Verified: nothing of it is found in {', '.join(self.searched)}."
            if self.verified_absent
            else "Not verified: bytes may be left in the files of the gallery. Run "
            "`likeness gallery check`."
        )
        return [
            f"{whom}: {what} removed, {self.when}, receipt {self.id}.",
            f"Files: {self.checkpoint}.",
            proof,
            *self.remains,
        ]


@dataclass(frozen=True, kw_only=True)
class Deletion:
    """What a transaction deleted.

    Args:
        receipt: before the files are scrubbed.
        traces: what to scrub from them.
    """

    receipt: Receipt
    traces: Traces

    @classmethod
    def of_person(cls, writing: Writing, who: Who) -> Self:
        """Delete a person.

        Raises:
            UnknownPersonError: nobody of that name is enrolled.
        """
        person = writing.person(who)
        templates = schema.templates.c
        rows = TemplateRow.select(writing.connection, templates.person_id == person.id)
        traces = Traces.of(writing.connection, rows, names=(person.name,))
        receipt = _delete(writing, "forgot", person, rows, person_removed=True)
        near = writing.near_names([person.name]).get(person.name, ())
        if near:
            names = ", ".join(map(repr, near))
            receipt = replace(receipt, remains=(f"Others of nearly the same name stay: {names}.",))
        writing.connection.execute(schema.people.delete().where(schema.people.c.id == person.id))
        writing.change("forgot", person.id)
        return cls(receipt=receipt, traces=traces)

    @classmethod
    def of_template(
        cls, writing: Writing, template_id: int, *, what: str, only: str | None = None
    ) -> Self:
        """Delete a template.

        Args:
            writing: the transaction.
            template_id: which.
            what: for the audit log.
            only: how the template must have been added.

        Raises:
            UnknownPersonError: there is no such template.
            SettingError: it was added in another way.
        """
        row = writing.template(template_id)
        how = json.loads(row.provenance).get("how")
        if only is not None and how != only:
            raise SettingError(
                f"template: expected an approved one. Template {template_id} was {how}; remove it "
                "with `remove_template()`."
            )
        person = writing.person(row.person_id)
        traces = Traces.of(writing.connection, [row])
        receipt = _delete(writing, what, person, [row], person_removed=False)
        writing.change("removed", template_id)
        return cls(receipt=receipt, traces=traces)


def _delete(
    writing: Writing,
    what: str,
    person: PersonRow,
    rows: Sequence[TemplateRow],
    *,
    person_removed: bool,
) -> Receipt:
    ids = tuple(row.id for row in rows)
    writing.count_embeddings(rows, sign=-1)
    photos, templates, count = schema.photos, schema.templates, 0
    for part in chunks(ids):
        removed = photos.delete().where(photos.c.template_id.in_(part))
        count += writing.connection.execute(removed).rowcount
        writing.connection.execute(templates.delete().where(templates.c.id.in_(part)))
    receipt = Receipt(
        id=secrets.token_hex(8),
        secret=secrets.token_hex(16),
        name=person.name,
        person_id=person.id,
        person_removed=person_removed,
        template_ids=ids,
        photos=count,
        when=now(),
        by=writing.by,
    )
    writing.ask_for_scrub()
    writing.audit(
        what,
        person_id=person.id,
        templates=len(ids),
        receipt=receipt.id,
        receipt_digest=receipt.digest,
    )
    return receipt
