"""The gallery's values: people, templates, search results. All frozen."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from likeness.arrays import check_in_range, describe
from likeness.energies import energy_by_name
from likeness.errors import DataError, SettingError
from likeness.model.protocol import Model

Who = str | int
"""A person by their name, or by their id."""

JsonObject = Mapping[str, Any]
"""JSON values by name: metadata of a person, a photo or a request."""

LARGEST = 1e15
"""Largest absolute value in an embedding: sums of squares stay finite in float32."""


def photo_digest(photo: bytes) -> str:
    """Return the SHA-256 of a photo's bytes, as templates carry it."""
    return hashlib.sha256(photo).hexdigest()


@dataclass(frozen=True, kw_only=True)
class GalleryModel:
    """Whose embeddings a gallery holds.

    Args:
        fingerprint: of the model, as `SiameseModel.fingerprint` gives it.
        energy: one of `likeness.energies.ENERGY_NAMES`.
        dimensions: d, the numbers in an embedding, 1…16,000.

    Raises:
        SettingError: a value is out of its range.
    """

    fingerprint: str
    energy: str
    dimensions: int

    def __post_init__(self) -> None:
        energy_by_name(self.energy)
        check_in_range(self.dimensions, 1, 16_000, argument="dimensions", whole=True)
        if not self.fingerprint:
            raise SettingError("fingerprint: expected the model's fingerprint. Received: ''.")

    @classmethod
    def of(cls, model: Model) -> "GalleryModel":
        """Return a gallery's description of a model."""
        return cls(
            fingerprint=model.fingerprint, energy=model.energy, dimensions=model.embedding_size
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class NewTemplate:
    """An embedding of one photo, to be enrolled.

    Args:
        vector: ``(d,)``, float32, finite.
        photo_digest: SHA-256 of the photo's bytes, 64 hexadecimal digits: what makes enrolment
            idempotent.
        quality: what was measured on the photo, JSON values only.
        provenance: where it comes from (a file, a camera), JSON values only. The entry ``how``
            is the gallery's own: "enrolled", "approved" or "imported". ``cut`` (a boolean) says
            whether the encoder was given the face alone, ``eyes`` whether it was turned by the
            eyes, and ``finder`` what found it; a gallery takes photos of one such setting only.
        photo: the photo's bytes, if it is to be kept.
    """

    vector: NDArray[np.floating[Any]]
    photo_digest: str
    quality: JsonObject = field(default_factory=dict)
    provenance: JsonObject = field(default_factory=dict)
    photo: bytes | None = None

    def content(self, model: GalleryModel) -> bytes:
        """Return the embedding as little-endian float32 bytes.

        Raises:
            DataError: it is not the model's, or the digest does not fit.
        """
        vector = np.asarray(self.vector)
        if vector.shape != (model.dimensions,) or not np.issubdtype(vector.dtype, np.floating):
            raise DataError(
                f"vector: expected {model.dimensions} floating numbers. Received: "
                f"{describe(vector)}."
            )
        with np.errstate(over="ignore"):
            content = vector.astype("<f4")
        if not (np.abs(content) <= LARGEST).all():  # NaN is not, either
            raise DataError(
                f"vector: expected finite numbers, at most {LARGEST:g}. Received: NaN or "
                "larger ones."
            )
        digest = self.photo_digest
        if not isinstance(digest, str) or not re.fullmatch(r"[0-9a-f]{64}", digest):
            raise DataError(
                "photo_digest: expected a SHA-256, 64 hexadecimal digits in lower case. "
                f"Received: {digest!r:.80}."
            )
        if self.photo is not None and photo_digest(self.photo) != digest:
            raise DataError(
                "photo_digest: expected the SHA-256 of the photo. Received: another digest."
            )
        return content.tobytes()


@dataclass(frozen=True, kw_only=True)
class Person:
    """An enrolled person.

    Args:
        id: never reused, not even after deletion.
        name: unique in the gallery.
        metadata: JSON values.
        created: when, UTC, ISO 8601.
        templates: how many.
    """

    id: int
    name: str
    metadata: JsonObject
    created: str
    templates: int

    def near_name_warnings(self, near: Sequence[str]) -> list[str]:
        """Return a sentence for each name that looks like this person's."""
        return [
            f"{self.name!r} and {other!r} are two people here. Merge them if they are one "
            "(`likeness people merge`)"
            for other in near
        ]


@dataclass(frozen=True, eq=False, kw_only=True)
class Template:
    """One enrolled embedding.

    Args:
        id: never reused.
        person_id: the person's id.
        person: the person's name.
        vector: ``(d,)`` float32; None if it was not loaded.
        model: fingerprint of the model that made it.
        photo_digest: SHA-256 of the photo.
        quality: JSON values.
        provenance: JSON values; ``how`` is "enrolled", "approved" or "imported".
        created: when, UTC, ISO 8601.
        photo_kept: whether the photo itself is in the gallery.
    """

    id: int
    person_id: int
    person: str
    vector: NDArray[np.float32] | None
    model: str
    photo_digest: str
    quality: JsonObject
    provenance: JsonObject
    created: str
    photo_kept: bool


@dataclass(frozen=True, kw_only=True)
class Enrolled:
    """The result of an enrolment.

    Args:
        person: the person after the change.
        added: ids of the new templates.
        already: ids of the templates whose photos had been enrolled for this person before.
        near_names: of a new person: names of others that look alike.
        kept: those of ``already`` whose photo was not stored before, and is now.
    """

    person: Person
    added: tuple[int, ...]
    already: tuple[int, ...]
    kept: tuple[int, ...] = ()
    near_names: tuple[str, ...] = ()

    def warnings(self) -> list[str]:
        """Say whose names look like a new person's: two entries for one person, or a mistake."""
        return self.person.near_name_warnings(self.near_names)


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A person near a probe.

    Args:
        person_id: who.
        name: their name.
        energy: the smallest of their templates' energies.
        template_ids: all their templates, by id.
        energies: the energy of each, to be fused otherwise if need be.
    """

    person_id: int
    name: str
    energy: float
    template_ids: tuple[int, ...]
    energies: tuple[float, ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class AllEnergies:
    """The energies of probes to every template of a gallery.

    Args:
        template_ids: ``(n,)``.
        person_ids: ``(n,)``, the person of each template.
        energies: ``(probes, n)`` float64.
    """

    template_ids: NDArray[np.int64]
    person_ids: NDArray[np.int64]
    energies: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How much a gallery holds."""

    people: int
    templates: int
    photos: int


@dataclass(frozen=True, kw_only=True)
class AuditEntry:
    """One line of the audit log: who did what, when. No name and no biometric content.

    Args:
        number: 1, 2, 3, ...
        when: UTC, ISO 8601.
        who: the operator.
        what: "enrolled", "renamed", "forgot", ...
        person_id: the person concerned, if it is one.
        templates: how many templates it added or removed.
        receipt: number of the receipt, after forgetting.
        receipt_digest: SHA-256 of the receipt, after forgetting: the receipt's holder can prove the
            deletion, and nobody else can tell who was deleted.
        detail: the request and its answer, if the service made the change.
    """

    number: int
    when: str
    who: str
    what: str
    person_id: int | None
    templates: int
    receipt: str | None
    receipt_digest: str | None
    detail: JsonObject | None = None


@dataclass(frozen=True, kw_only=True)
class Note:
    """A read-only operation, for the audit log.

    Args:
        what: "identified", "verified", ...
        by: the operator or key.
        person_id: the person concerned, if it is one.
        detail: JSON values: no name, nothing biometric.
    """

    what: str
    by: str
    person_id: int | None
    detail: JsonObject
