"""How far a probe is from enrolled people, by the fusion that the threshold was calibrated for."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from likeness.arrays import Embeddings, Energies
from likeness.energies import energy_matrix
from likeness.evaluation.fusion import fuse
from likeness.recogniser.gallery import Gallery, Person, Who

_PAGE = 10_000


@dataclass(frozen=True, eq=False, kw_only=True)
class PeopleEnergies:
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
) -> PeopleEnergies:
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
        found = gallery.search(probes, k=nearest)
        return PeopleEnergies(
            names=[[one.name for one in candidates] for candidates in found],
            ids=[[one.person_id for one in candidates] for candidates in found],
            energies=[np.array([one.energy for one in candidates]) for candidates in found],
        )
    fused = (
        _to_centroids(gallery, probes)
        if fusion == "centroid"
        else _to_people(gallery, probes, fusion)
    )
    people = sorted(fused, key=lambda person: person[1])
    matrix = np.array([fused[person] for person in people]).reshape(len(people), len(probes))
    return PeopleEnergies(
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
    kept = [one.vector for one in gallery.templates(name, vectors=True) if one.vector is not None]
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
    found = gallery.energies(probes)
    names = _names(gallery)
    order = np.argsort(found.person_ids, kind="stable")
    ids, starts = np.unique(found.person_ids[order], return_index=True)
    columns = np.split(order, starts[1:]) if len(ids) else []
    return {
        (int(person), names[int(person)]): fuse(
            found.energies[:, of], fusion, energy=gallery.model.energy
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


def _names(gallery: Gallery) -> dict[int, str]:
    return {person.id: person.name for person in everybody(gallery)}


def everybody(gallery: Gallery) -> Iterator[Person]:
    """Go through all people, by name."""
    after = None
    while page := gallery.people(after=after, limit=_PAGE):
        yield from page
        after = page[-1].name
