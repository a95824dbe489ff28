"""What the service answers, as models for the OpenAPI document, and how each is made.

The models describe; they check nothing while the service runs, so that an answer costs one
`json.dumps`. Tests hold the answers against them.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from likeness.recogniser.answer import Neighbour
from likeness.recogniser.gallery import AuditEntry, Person, Receipt, Template
from likeness.recogniser.recogniser import EnrolledPhoto, Identified
from likeness.service.advice import advice_of
from likeness.service.service import Compared, IdentifiedPhoto

MOST_ID = 2**53
"""Numbers above lose their last digits in JavaScript."""


class Document(BaseModel):
    """An answer."""

    model_config = ConfigDict(extra="forbid")


class Live(Document):
    """The process answers."""

    status: Literal["live"]
    keys: bool = Field(description="Whether it asks for a key; the page then asks for one, too.")


class Ready(Document):
    """The service can answer."""

    status: Literal["ready"]
    people: int
    model: str = Field(description="The first twelve digits of the model's fingerprint.")
    model_refused: str | None = Field(
        description="Why another model that was put into the folder is not taken."
    )


class SessionDocument(Document):
    """Whose key it is, and what it may do."""

    name: str
    role: Literal["viewer", "operator", "admin"]
    permissions: list[str]


class PersonDocument(Document):
    """Somebody who is enrolled."""

    id: int
    name: str
    metadata: dict[str, Any]
    created: str
    photos: int


class PhotoDocument(Document):
    """An enrolled photo."""

    id: int
    created: str
    how: Literal["enrolled", "approved", "imported"]
    quality: dict[str, Any]
    kept: bool


class PersonWithPhotos(PersonDocument):
    """Somebody, and each of their photos."""

    photos: list[PhotoDocument]  # type: ignore[assignment]


class PeopleDocument(Document):
    """A page of people."""

    people: list[PersonDocument]
    next: str | None = Field(description="For `after` of the next page; null on the last.")
    total: int


class PhotosDocument(Document):
    """All photos of a person."""

    photos: list[PhotoDocument]


class NewPerson(Document):
    """Somebody to be made, with no photo yet."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"name": "Ada", "metadata": {"room": "7"}}}
    )
    name: str = Field(min_length=1, max_length=200)
    metadata: dict[str, Any] = {}


class ChangedPerson(Document):
    """What is to be another: the name, what is noted, or both."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"name": "Ada L."}})
    name: str | None = Field(default=None, min_length=1, max_length=200)
    metadata: dict[str, Any] | None = None


class Merge(Document):
    """Who gets the photos."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"into": 1}})
    into: int = Field(ge=1, le=MOST_ID)


class LookAlikeDocument(Document):
    """Somebody else within the threshold of the photo."""

    person_id: int
    name: str
    energy: float


class EnrolledDocument(Document):
    """What became of a photo."""

    photo: PhotoDocument
    added: bool = Field(description="False if this very photo was enrolled before.")
    look_alike: LookAlikeDocument | None
    warnings: list[str]
    advice: list[str]


class EnrolledPersonDocument(EnrolledDocument):
    """What became of the first photo of somebody, and who they are now."""

    person: PersonDocument


class NeighbourDocument(Document):
    """An enrolled person, and how far away the face is."""

    person_id: int
    name: str
    energy: float
    probability: float | None


class FaceDocument(Document):
    """A face, and who it is."""

    box: list[int] | None = Field(description="top, left, bottom, right; null without a finder.")
    status: Literal["known", "unknown", "ambiguous"]
    name: str | None
    person_id: int | None
    energy: float | None
    threshold: float
    probability: float | None
    prior: float
    margin: float | None
    margin_needed: float | None
    runner_up: NeighbourDocument | None
    nearest: list[NeighbourDocument]
    reason: str
    warnings: list[str]
    photo_warnings: list[str]


class IdentifiedDocument(Document):
    """Who is in a photo."""

    width: int
    height: int
    faces: list[FaceDocument]
    milliseconds: float


class VerifiedDocument(Document):
    """Whether a photo shows a person."""

    format: str
    name: str
    accepted: bool
    energy: float
    threshold: float
    probability: float | None
    prior: float
    warnings: list[str]
    model: str


class ComparedDocument(Document):
    """Whether two photos show one person."""

    energy: float
    threshold: float
    same: bool
    probability: float | None
    prior: float
    left_box: list[int] | None
    right_box: list[int] | None
    left_warnings: list[str]
    right_warnings: list[str]
    model: str


class HistogramDocument(Document):
    """How the energies lie that the threshold was chosen on."""

    format: str
    edges: list[float]
    genuine: list[int]
    impostor: list[int]


class ModelDocument(Document):
    """The model that answers."""

    fingerprint: str
    energy: str
    threshold: float | None
    runtime: str
    finder: bool = Field(description="Whether faces are looked for.")
    preparation: dict[str, Any]
    calibration: dict[str, Any]
    card: dict[str, Any]
    card_text: str = Field(description="Markdown.")
    energies: HistogramDocument | None


class ReceiptDocument(Document):
    """What was removed, and how far it is gone. Keep it: nothing else can prove it."""

    format: str
    id: str
    secret: str
    name: str
    person_id: int
    person_removed: bool
    template_ids: list[int]
    photos: int
    when: str
    by: str
    checkpoint: str
    verified_absent: bool
    searched: list[str]
    remains: list[str]
    sentences: list[str]


class AuditEntryDocument(Document):
    """Who did or asked what."""

    number: int
    when: str
    who: str
    what: str
    person_id: int | None
    templates: int
    receipt: str | None
    receipt_digest: str | None
    detail: dict[str, Any] | None


class AuditDocument(Document):
    """A page of the audit log, oldest first."""

    entries: list[AuditEntryDocument]
    next: int | None


class ProblemDocument(Document):
    """What went wrong (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    code: str = Field(description="Stable, for programs.")
    instance: str = Field(description="The request's id.")


def person_document(person: Person) -> dict[str, Any]:
    """Return `PersonDocument`."""
    return {
        "id": person.id,
        "name": person.name,
        "metadata": person.metadata,
        "created": person.created,
        "photos": person.templates,
    }


def photo_document(template: Template) -> dict[str, Any]:
    """Return `PhotoDocument`."""
    return {
        "id": template.id,
        "created": template.created,
        "how": template.provenance["how"],
        "quality": template.quality,
        "kept": template.photo_kept,
    }


def receipt_document(receipt: Receipt) -> dict[str, Any]:
    """Return `ReceiptDocument`."""
    return {**receipt.as_dict(), "sentences": receipt.sentences()}


def audit_document(entries: tuple[AuditEntry, ...], *, limit: int) -> dict[str, Any]:
    """Return `AuditDocument`."""
    last = entries[-1].number if len(entries) == limit else None
    return {"entries": [vars(entry) for entry in entries], "next": last}


def enrolled_document(outcome: EnrolledPhoto, template: Template) -> dict[str, Any]:
    """Return `EnrolledDocument`."""
    other = outcome.look_alike
    return {
        "photo": photo_document(template),
        "added": bool(outcome.enrolled.added),
        "look_alike": None if other is None else vars(other),
        "warnings": list(outcome.warnings),
        "advice": advice_of(outcome),
    }


def identified_document(found: IdentifiedPhoto, *, top_k: int) -> dict[str, Any]:
    """Return `IdentifiedDocument`."""
    rows, columns = found.size
    return {
        "width": columns,
        "height": rows,
        "faces": [_face(one, top_k=top_k) for one in found.faces],
        "milliseconds": round(found.milliseconds, 2),
    }


def _face(one: Identified, *, top_k: int) -> dict[str, Any]:
    answer, ids = one.answer, one.ids
    return {
        "box": _box(one.box),
        "status": answer.status,
        "name": answer.name,
        "person_id": None if answer.name is None else ids[answer.name],
        "energy": answer.energy,
        "threshold": answer.threshold,
        "probability": answer.probability,
        "prior": answer.prior,
        "margin": answer.margin,
        "margin_needed": answer.margin_needed,
        "runner_up": None if answer.runner_up is None else _neighbour(answer.runner_up, ids),
        "nearest": [_neighbour(near, ids) for near in answer.nearest[:top_k]],
        "reason": answer.reason,
        "warnings": list(answer.warnings),
        "photo_warnings": list(one.warnings),
    }


def _neighbour(near: Neighbour, ids: Any) -> dict[str, Any]:
    return {
        "person_id": ids[near.name],
        "name": near.name,
        "energy": near.energy,
        "probability": near.probability,
    }


def _box(box: tuple[int, int, int, int] | None) -> list[int] | None:
    return None if box is None else [int(side) for side in box]


def compared_document(compared: Compared) -> dict[str, Any]:
    """Return `ComparedDocument`."""
    return {
        "energy": compared.energy,
        "threshold": compared.threshold,
        "same": compared.same,
        "probability": compared.probability,
        "prior": compared.prior,
        "left_box": _box(compared.boxes[0]),
        "right_box": _box(compared.boxes[1]),
        "left_warnings": list(compared.warnings[0]),
        "right_warnings": list(compared.warnings[1]),
        "model": compared.model,
    }
