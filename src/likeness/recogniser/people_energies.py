"""How far a probe is from enrolled people, by the fusion that the threshold was calibrated for."""

from dataclasses import dataclass

import numpy as np

from likeness.arrays import Embeddings, Energies
from likeness.energies import energy_matrix
from likeness.evaluation.fusion import fuse
from likeness.recogniser.gallery import Gallery, Who


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


def people_energies(
    gallery: Gallery, probes: Embeddings, *, fusion: str, nearest: int
) -> _PeopleEnergies:
    """Return the energies of probes to the nearest people, or to all.

    By ``min`` the gallery's search does; another fusion asks for the energies to everybody's
    templates, and the centroid for their embeddings too.

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


def energy_to_person(
    gallery: Gallery, name: Who, probe: Embeddings, *, fusion: str
) -> float | None:
    """Return the fused energy of one probe ``(1, d)`` to one person; None if no photo is left.

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
        if int(person) in names  # else forgotten since the energies were taken
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
