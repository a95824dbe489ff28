"""The service's JSON documents: what OpenAPI says of each, and how each is made (`of`)."""

from collections.abc import Mapping, Sequence
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from likeness.recogniser.decision import Decider, Neighbour, Status
from likeness.recogniser.gallery import Receipt, Role
from likeness.recogniser.gallery.records import AuditEntry, JsonObject, Person, Template
from likeness.recogniser.photo_reader import PreparedFace
from likeness.recogniser.recogniser import EnrolledPhoto, Identified

MOST_ID = 2**53
"""Numbers above lose their last digits in JavaScript."""


class Document(BaseModel):
    """A JSON object with these entries and no other."""

    model_config = ConfigDict(extra="forbid")


class Live(Document):
    """The process is running."""

    status: Literal["live"]
    keys: bool = Field(description="Whether requests need a key; the page then asks for one.")


class Ready(Document):
    """The service can answer."""

    status: Literal["ready"]
    people: int
    model: str = Field(description="The first twelve digits of the model's fingerprint.")
    model_refused: str | None = Field(
        description="Why another model that was put into the folder is not used."
    )


class SessionDocument(Document):
    """The name of the key, its role, and what that role may do."""

    name: str
    role: Role
    permissions: list[str]


class PersonDocument(Document):
    """An enrolled person."""

    id: int
    name: str
    metadata: JsonObject
    created: str
    photos: int

    @classmethod
    def of(cls, person: Person) -> Self:
        """Describe a person."""
        return cls(
            id=person.id,
            name=person.name,
            metadata=dict(person.metadata),
            created=person.created,
            photos=person.templates,
        )


class PhotoDocument(Document):
    """An enrolled photo."""

    id: int
    created: str
    how: Literal["enrolled", "approved", "imported"]
    quality: JsonObject
    kept: bool

    @classmethod
    def of(cls, template: Template) -> Self:
        """Describe a photo by its template."""
        return cls(
            id=template.id,
            created=template.created,
            how=template.provenance["how"],
            quality=dict(template.quality),
            kept=template.photo_kept,
        )


class PersonWithPhotos(PersonDocument):
    """An enrolled person with each of their photos."""

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
    """A person to be created, with no photo yet."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"name": "Ada", "metadata": {"room": "7"}}}
    )
    name: str = Field(min_length=1, max_length=200)
    metadata: JsonObject = {}


class ChangedPerson(Document):
    """A new name, new metadata, or both."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"name": "Ada L."}})
    name: str | None = Field(default=None, min_length=1, max_length=200)
    metadata: JsonObject | None = None


class Merge(Document):
    """The person who gets the photos."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"into": 1}})
    into: int = Field(ge=1, le=MOST_ID)


class LookAlikeDocument(Document):
    """Another person within the threshold of the photo."""

    person_id: int
    name: str
    energy: float


class EnrolledDocument(Document):
    """The outcome of enrolling a photo."""

    photo: PhotoDocument
    added: bool = Field(description="False if this photo was already enrolled.")
    look_alike: LookAlikeDocument | None
    warnings: list[str]
    advice: list[str]

    @classmethod
    def of(cls, outcome: EnrolledPhoto, template: Template) -> "EnrolledDocument":
        """Describe an enrolment, with advice while the photo can be taken again."""
        other = outcome.look_alike
        return EnrolledDocument(
            photo=PhotoDocument.of(template),
            added=bool(outcome.enrolled.added),
            look_alike=None
            if other is None
            else LookAlikeDocument(person_id=other.person_id, name=other.name, energy=other.energy),
            warnings=list(outcome.warnings),
            advice=_advice(outcome),
        )


class EnrolledPersonDocument(EnrolledDocument):
    """The outcome of enrolling the first photo of a person, and the person."""

    person: PersonDocument


class NeighbourDocument(Document):
    """An enrolled person, and how far away the face is."""

    person_id: int
    name: str
    energy: float
    probability: float | None

    @classmethod
    def of(cls, neighbour: Neighbour, ids: Mapping[str, int]) -> Self:
        """Describe a neighbour."""
        return cls(person_id=ids[neighbour.name], **vars(neighbour))


class FaceDocument(Document):
    """A face, and who it is."""

    box: list[int] | None = Field(description="top, left, bottom, right; null without a finder.")
    status: Status
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

    @classmethod
    def of(cls, face: Identified, *, top_k: int) -> Self:
        """Describe an identified face and the ``top_k`` nearest people."""
        answer, ids = face.answer, face.ids
        second = answer.runner_up
        return cls(
            box=_box(face.box),
            status=answer.status,
            name=answer.name,
            person_id=None if answer.name is None else ids[answer.name],
            energy=answer.energy,
            threshold=answer.threshold,
            probability=answer.probability,
            prior=answer.prior,
            margin=answer.margin,
            margin_needed=answer.margin_needed,
            runner_up=None if second is None else NeighbourDocument.of(second, ids),
            nearest=[NeighbourDocument.of(near, ids) for near in answer.nearest[:top_k]],
            reason=answer.reason,
            warnings=list(answer.warnings),
            photo_warnings=list(face.warnings),
        )


class IdentifiedDocument(Document):
    """The faces of a photo, and who they are."""

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

    @classmethod
    def of(cls, decider: Decider, energy: float, left: PreparedFace, right: PreparedFace) -> Self:
        """Describe a comparison of two faces at an energy; lower is more alike."""
        return cls(
            energy=energy,
            threshold=decider.threshold,
            same=energy <= decider.threshold,
            probability=decider.probability(energy),
            prior=decider.prior,
            left_box=_box(left.box),
            right_box=_box(right.box),
            left_warnings=list(left.warnings),
            right_warnings=list(right.warnings),
            model=decider.fingerprint,
        )


class HistogramDocument(Document):
    """The distribution of the energies that the threshold was chosen on."""

    format: str
    edges: list[float]
    genuine: list[int]
    impostor: list[int]


class ModelDocument(Document):
    """The model in use."""

    fingerprint: str
    energy: str
    threshold: float | None
    runtime: str
    finder: bool = Field(description="Whether the service finds faces in photos.")
    preparation: JsonObject
    calibration: JsonObject
    card: JsonObject
    card_text: str = Field(description="Markdown.")
    energies: HistogramDocument | None


class ReceiptDocument(Document):
    """What was deleted, and what is left of it. Keep it: nothing else can prove the deletion."""

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

    @classmethod
    def of(cls, receipt: Receipt) -> Self:
        """Describe a deletion."""
        return cls(**receipt.as_dict(), sentences=receipt.sentences())


class AuditDocument(Document):
    """A page of the audit log, oldest first."""

    entries: list[AuditEntry]
    next: int | None

    @classmethod
    def of(cls, entries: Sequence[AuditEntry], *, limit: int) -> Self:
        """Describe a page of at most ``limit`` entries."""
        return cls(
            entries=list(entries),
            next=entries[-1].number if len(entries) == limit else None,
        )


class ProblemDocument(Document):
    """What went wrong (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    code: str = Field(description="Stable, for programs.")
    instance: str = Field(description="The request's id.")


def _advice(outcome: EnrolledPhoto) -> list[str]:
    person = outcome.enrolled.person
    advice = [f"{words[:1].upper()}{words[1:]}. Take another photo." for words in outcome.warnings]
    other = outcome.look_alike
    if other is not None:
        advice.append(
            f"{other.name} is within the threshold of this photo, at a distance of "
            f"{other.energy:.4g}: if both are one person, merge them; if not, enrol more photos of "
            "both, and do not rely on their names alone."
        )
    if not outcome.enrolled.added:
        advice.append("This photo is already enrolled; nothing was added.")
    if person.templates == 1:
        advice.append(
            f"{person.name} has one photo. A second one, taken on another day or in other light, "
            "makes recognition more reliable."
        )
    return advice


def _box(box: tuple[int, int, int, int] | None) -> list[int] | None:
    return None if box is None else [int(side) for side in box]
