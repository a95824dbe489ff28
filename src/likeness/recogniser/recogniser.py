"""`Recogniser`: enrol, identify, verify, approve, undo and forget by photos."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from likeness.arrays import Embeddings, Energies
from likeness.energies import energy_matrix
from likeness.errors import DataError, GalleryMismatchError, UnknownPersonError
from likeness.evaluation.fusion import fuse
from likeness.model.protocol import Model
from likeness.recogniser.decision import NEAREST, Answer, Decider
from likeness.recogniser.gallery import Gallery, GalleryModel, NewTemplate, photo_digest
from likeness.recogniser.gallery.records import Candidate, Enrolled, JsonObject, Who
from likeness.recogniser.photo_reader import PhotoReader, PreparedFace


@dataclass(frozen=True, kw_only=True)
class EnrolledPhoto:
    """The outcome of enrolling one photo.

    Args:
        enrolled: what the gallery did.
        look_alike: the nearest other person within the threshold; None if there is none, or the
            model has no threshold.
        warnings: possible problems of the photo.
    """

    enrolled: Enrolled
    look_alike: Candidate | None
    warnings: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Verified:
    """The result of verification: whether a photo shows the claimed person.

    Args:
        name: of that person.
        accepted: whether energy ≤ threshold.
        energy: fused over the person's photos.
        threshold: the model's threshold.
        probability: see `Answer`; None if the model has no probabilities.
        prior: that the probability is stated for.
        warnings: possible problems of the photo.
        model: its fingerprint.
    """

    name: str
    accepted: bool
    energy: float
    threshold: float
    probability: float | None
    prior: float
    warnings: tuple[str, ...]
    model: str

    def as_dict(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return {"format": "likeness.verification/1", **asdict(self)}


@dataclass(frozen=True, eq=False, kw_only=True)
class Identified:
    """One face of a photo, and who it is.

    Args:
        answer: who.
        ids: of the people whom the answer names, by their names.
        box: of the face, (top, left, bottom, right); None if no detector ran.
        warnings: possible problems of the photo.
    """

    answer: Answer
    ids: Mapping[str, int]
    box: tuple[int, int, int, int] | None
    warnings: tuple[str, ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class Recogniser:
    """A model and a gallery of its embeddings.

    Args:
        model: embeds photos; without a threshold it enrols but does not answer.
        gallery: of this model.
        reader: decodes photos and prepares the faces in them.
        prior: of probabilities; the calibration's own if not given.

    Raises:
        GalleryMismatchError: the gallery belongs to another model.
    """

    model: Model
    gallery: Gallery
    reader: PhotoReader = field(default_factory=PhotoReader)
    prior: float | None = None

    def __post_init__(self) -> None:
        if self.gallery.model.fingerprint != self.model.fingerprint:
            raise GalleryMismatchError(
                f"{self.gallery.where} was enrolled with model "
                f"{self.gallery.model.fingerprint[:12]}; this recogniser uses "
                f"{self.model.fingerprint[:12]}. Open it with the old model, or run "
                "`likeness re-enrol`."
            )

    @cached_property
    def decider(self) -> Decider:
        """The decider.

        Raises:
            NoThresholdError: the model has no threshold.
        """
        return Decider.of(self.model, prior=self.prior)

    @property
    def fusion(self) -> str:
        """Fusion of a person's energies: that of the calibration."""
        purpose = self.decider.purpose
        return "min" if purpose is None else purpose.fusion

    def check_capture(self, *, all_faces: bool = False) -> None:
        """Raise unless the reader has the gallery's capture settings: others are not comparable.

        Args:
            all_faces: of each face of a group photo, which is always cut out.

        Raises:
            GalleryMismatchError: the settings differ.
        """
        capture = self.gallery.capture()
        if capture is not None:
            capture.check(self.reader.capture(all_faces=all_faces), where=self.gallery.where)

    def enrol(
        self,
        name: str,
        photo: bytes,
        *,
        file: str = "the photo",
        keep_photo: bool = False,
        metadata: JsonObject | None = None,
    ) -> EnrolledPhoto:
        """Enrol one photo of a person, who is created if necessary.

        Args:
            name: 1 to 200 letters.
            photo: its bytes.
            file: name of the photo in messages.
            keep_photo: whether to store the photo itself, so that it can be re-enrolled after a
                change of the model.
            metadata: replaces the person's metadata; None keeps it.

        Raises:
            ImageError, FaceError: the photo cannot be used.
            AlreadyEnrolledError: the photo belongs to another person.
            GalleryMismatchError: the gallery has other capture settings.
            SettingError: the name does not fit.
        """
        self.check_capture()
        face = self.reader.read_face(photo, name=file)
        return self.enrol_face(name, face, photo, keep_photo=keep_photo, metadata=metadata)

    def enrol_face(
        self,
        name: Who,
        face: PreparedFace,
        photo: bytes,
        *,
        vector: Embeddings | None = None,
        keep_photo: bool = False,
        metadata: JsonObject | None = None,
        new: bool = False,
        approved: bool = False,
    ) -> EnrolledPhoto:
        """Enrol a prepared face.

        Args:
            name: of the person, who is created if necessary; or the id of an enrolled person.
            face: as the reader prepared it.
            photo: its bytes.
            vector: its embedding ``(d,)``, if it was made already.
            keep_photo: whether to store the photo itself.
            metadata: replaces the person's metadata; None keeps it.
            new: whether the person must not be enrolled yet, except with this photo.
            approved: whether it is a probe in which an operator recognised an enrolled person.

        Raises:
            AlreadyEnrolledError: the photo belongs to another person, or a person who must be new
                is already enrolled.
            UnknownPersonError: there is no person with that id, or a probe is approved for a person
                who is not enrolled.
            GalleryMismatchError: the gallery has other capture settings.
            SettingError: the name does not fit.
        """
        template = self._template(face, photo, vector=vector, keep_photo=keep_photo)
        enrolled = (
            self.gallery.approve(name, template)
            if approved
            else self.gallery.enrol(name, [template], metadata=metadata, new=new)
        )
        look_alike = self._look_alike(enrolled, template) if enrolled.added else None
        return EnrolledPhoto(enrolled=enrolled, look_alike=look_alike, warnings=face.warnings)

    def identify(self, photo: bytes, *, file: str = "the photo", nearest: int = NEAREST) -> Answer:
        """Identify the person on a photo of one person.

        Args:
            photo: its bytes.
            file: name of the photo in messages.
            nearest: how many of the nearest people to return, 1…1000.

        Raises:
            ImageError, FaceError: the photo cannot be used.
            GalleryMismatchError: the gallery has other capture settings.
            NoThresholdError: the model has no threshold.
        """
        self.check_capture()
        face = self.reader.read_face(photo, name=file)
        return self.identify_faces([face], nearest=nearest)[0].answer

    def identify_all(
        self, photo: bytes, *, file: str = "the photo", nearest: int = NEAREST
    ) -> list[Identified]:
        """Identify each face of a group photo, the largest first.

        Raises:
            ImageError, FaceError: the photo cannot be used.
            GalleryMismatchError: the gallery has other capture settings.
            SettingError: the recogniser has no finder of faces.
            NoThresholdError: the model has no threshold.
        """
        self.check_capture(all_faces=True)
        faces = self.reader.read_faces(photo, name=file)
        return self.identify_faces(faces, nearest=nearest)

    def embed_faces(self, faces: Sequence[PreparedFace]) -> Embeddings:
        """Return ``(n, d)`` embeddings of prepared faces; those of one size in one run."""
        sizes: dict[tuple[int, ...], list[int]] = {}
        for index, face in enumerate(faces):
            sizes.setdefault(face.pixels.shape, []).append(index)
        vectors: list[Any] = [None] * len(faces)
        for indices in sizes.values():
            made = self.model.embed(np.stack([faces[index].pixels for index in indices]))
            for index, vector in zip(indices, made, strict=True):
                vectors[index] = vector
        return np.stack(vectors)

    def identify_faces(
        self,
        faces: Sequence[PreparedFace],
        *,
        vectors: Embeddings | None = None,
        nearest: int = NEAREST,
    ) -> list[Identified]:
        """Identify prepared faces.

        Args:
            faces: one or more.
            vectors: their embeddings ``(n, d)``, if they were made already.
            nearest: how many of the nearest people to return, 1…1000.
        """
        decider = self.decider
        probes = self.embed_faces(faces) if vectors is None else vectors
        people = _people_energies(self.gallery, probes, fusion=self.fusion, nearest=max(nearest, 2))
        enrolled = self.gallery.count_people()
        return [
            Identified(
                # The search returns the nearest people only; the promise depends on the number of
                # all.
                answer=decider.decide(names, energies, people=enrolled, nearest=nearest),
                ids=dict(zip(names, ids, strict=True)),
                box=face.box,
                warnings=face.warnings,
            )
            for face, names, ids, energies in zip(
                faces, people.names, people.ids, people.energies, strict=True
            )
        ]

    def verify(self, name: str, photo: bytes, *, file: str = "the photo") -> Verified:
        """Verify that a photo shows a person.

        Raises:
            UnknownPersonError: nobody of that name is enrolled, or the person has no photo.
            ImageError, FaceError: the photo cannot be used.
            GalleryMismatchError: the gallery has other capture settings.
            NoThresholdError: the model has no threshold.
        """
        _ = self.decider
        self.gallery.person(name)  # before the photo is read
        self.check_capture()
        return self.verify_face(name, self.reader.read_face(photo, name=file))

    def verify_face(
        self, who: Who, face: PreparedFace, *, vector: Embeddings | None = None
    ) -> Verified:
        """Verify that a prepared face is that of a person.

        Args:
            who: their name or id.
            face: as the reader prepared it.
            vector: its embedding ``(d,)``, if it was made already.

        Raises:
            UnknownPersonError: nobody of that name is enrolled, or the person has no photo.
            NoThresholdError: the model has no threshold.
        """
        decider = self.decider
        name = self.gallery.person(who).name
        probe = self.embed_faces([face]) if vector is None else vector[None]
        energy = _energy_to_person(self.gallery, who, probe, fusion=self.fusion)
        if energy is None:
            raise UnknownPersonError(f"{name!r} is enrolled without a photo. Enrol a photo first.")
        return Verified(
            name=name,
            accepted=energy <= decider.threshold,
            energy=energy,
            threshold=decider.threshold,
            probability=decider.probability(energy),
            prior=decider.prior,
            warnings=face.warnings,
            model=decider.fingerprint,
        )

    def approve(
        self, name: str, photo: bytes, *, file: str = "the photo", keep_photo: bool = False
    ) -> EnrolledPhoto:
        """Add a probe that an operator recognised to a person's templates; `undo` removes it.

        Raises:
            UnknownPersonError: nobody of that name is enrolled.
            ImageError, FaceError: the photo cannot be used.
            AlreadyEnrolledError: the photo belongs to another person.
            GalleryMismatchError: the gallery has other capture settings.
        """
        self.check_capture()
        face = self.reader.read_face(photo, name=file)
        return self.enrol_face(name, face, photo, keep_photo=keep_photo, approved=True)

    def _template(
        self, face: PreparedFace, photo: bytes, *, vector: Embeddings | None, keep_photo: bool
    ) -> NewTemplate:
        return NewTemplate(
            vector=self.embed_faces([face])[0] if vector is None else vector,
            photo_digest=photo_digest(photo),
            quality={**asdict(face.quality), "warnings": list(face.warnings)},
            provenance=asdict(self.reader.capture()),
            photo=photo if keep_photo else None,
        )

    def _look_alike(self, enrolled: Enrolled, template: NewTemplate) -> Candidate | None:
        if self.model.threshold is None:
            return None
        (nearest,) = self.gallery.search(template.vector[None], k=2)
        for other in nearest:
            if other.person_id != enrolled.person.id and other.energy <= self.model.threshold:
                return other
        return None


def re_enrol(
    gallery: Gallery,
    model: Model,
    *,
    reader: PhotoReader | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> int:
    """Move a gallery to another model, from its kept photos; everything or nothing.

    Args:
        gallery: opened without a model.
        model: the new one.
        reader: prepares the photos; its capture settings may differ from before.
        on_progress: called with (photos embedded, photos in all).

    Returns:
        The number of templates with a new embedding.

    Raises:
        DataError: a photo was not kept.
    """
    reader = reader or PhotoReader()
    templates = list(gallery.templates())
    missing = [template for template in templates if not template.photo_kept]
    if missing:
        who = ", ".join(sorted({template.person for template in missing})[:3])
        raise DataError(
            f"re-enrol: expected the kept photos of all {len(templates)} templates. "
            f"{len(missing)} were not kept (of {who}). Enrol their photos again with "
            "`--keep-photos`, or into a new gallery."
        )
    vectors = {}
    for done, template in enumerate(templates, 1):
        photo = gallery.photo(template.id)
        if photo is None:
            raise DataError(
                f"re-enrol: the photo of template {template.id} was deleted meanwhile. Run it "
                "again."
            )
        face = reader.read_face(photo, name=f"template {template.id}")
        vectors[template.id] = model.embed(face.pixels[None])[0]
        if on_progress:
            on_progress(done, len(templates))
    gallery.replace_vectors(GalleryModel.of(model), vectors, capture=reader.capture())
    return len(vectors)


@dataclass(frozen=True, eq=False, kw_only=True)
class _PeopleEnergies:
    """Fused energies of probes to people.

    Args:
        names: for each probe, of people, at least the nearest ones.
        ids: theirs.
        energies: for each probe, ``(people,)``.
    """

    names: list[list[str]]
    ids: list[list[int]]
    energies: list[Energies]


def _people_energies(
    gallery: Gallery, probes: Embeddings, *, fusion: str, nearest: int
) -> _PeopleEnergies:
    """Return the energies of probes to the nearest people, or to all.

    Fusion ``min`` uses the gallery's search; other fusions need the energies to all templates, and
    the centroid also their embeddings.

    Args:
        gallery: of the model that made the probes.
        probes: ``(n, d)``.
        fusion: see `likeness.evaluation.fusion`.
        nearest: how many people are needed, 2…1000.
    """
    if fusion == "min":
        answers = gallery.search(probes, k=nearest)
        return _PeopleEnergies(
            names=[[person.name for person in candidates] for candidates in answers],
            ids=[[person.person_id for person in candidates] for candidates in answers],
            energies=[np.array([person.energy for person in nearby]) for nearby in answers],
        )
    fused = (
        _to_centroids(gallery, probes)
        if fusion == "centroid"
        else _to_people(gallery, probes, fusion)
    )
    people = sorted(fused, key=lambda person: person[1])
    matrix = np.array([fused[person] for person in people]).reshape(len(people), len(probes))
    return _PeopleEnergies(
        names=[[name for _, name in people]] * len(probes),
        ids=[[number for number, _ in people]] * len(probes),
        energies=[matrix[:, at] for at in range(len(probes))],
    )


def _energy_to_person(
    gallery: Gallery, name: Who, probe: Embeddings, *, fusion: str
) -> float | None:
    """Return the fused energy of one probe ``(1, d)`` to one person; None if the person has no
    photo.

    Raises:
        UnknownPersonError: nobody of that name is enrolled.
    """
    kept = [t.vector for t in gallery.templates(name, vectors=True) if t.vector is not None]
    if not kept:
        return None
    return float(_fused(gallery.model.energy, probe, np.stack(kept), fusion)[0])


def _fused(energy: str, probes: Embeddings, vectors: Embeddings, fusion: str) -> Energies:
    to_photos = energy_matrix(energy, probes, vectors)
    among = energy_matrix(energy, vectors, vectors) if fusion == "centroid" else None
    return fuse(to_photos, fusion, energy=energy, among=among)


def _to_people(
    gallery: Gallery, probes: Embeddings, fusion: str
) -> dict[tuple[int, str], Energies]:
    everything = gallery.energies(probes)
    names = {person.id: person.name for person in gallery.everybody()}
    order = np.argsort(everything.person_ids, kind="stable")
    ids, starts = np.unique(everything.person_ids[order], return_index=True)
    columns = np.split(order, starts[1:]) if len(ids) else []
    return {
        (int(person), names[int(person)]): fuse(
            everything.energies[:, of], fusion, energy=gallery.model.energy
        )
        for person, of in zip(ids, columns, strict=True)
        if int(person) in names  # otherwise deleted since the energies were computed
    }


def _to_centroids(gallery: Gallery, probes: Embeddings) -> dict[tuple[int, str], Energies]:
    vectors: dict[tuple[int, str], list[Embeddings]] = {}
    for template in gallery.templates(vectors=True):
        if template.vector is not None:
            person = (template.person_id, template.person)
            vectors.setdefault(person, []).append(template.vector)
    return {
        person: _fused(gallery.model.energy, probes, np.stack(kept), "centroid")
        for person, kept in vectors.items()
    }
