"""Comparisons of a probe with an enrolled person, who may have several photos.

The energy between a probe and a person is *fused* from the energies to the person's photos:
the smallest one, or their mean.
"""

from dataclasses import dataclass

import numpy as np

from likeness.arrays import Codes, Energies
from likeness.errors import SettingError, TooFewError
from likeness.evaluation.pair_energies import check_square

FUSIONS = ("mean", "min")


@dataclass(frozen=True, eq=False, kw_only=True)
class Comparisons:
    """Fused energies, of genuine and impostor comparisons apart.

    Args:
        genuine: ``(g,)``, probes with their own person.
        impostor: ``(i,)``, probes with other people.
        genuine_people: ``(g, 2)``, the person twice.
        impostor_people: ``(i, 2)``, the probe's person and the enrolled one.
    """

    genuine: Energies
    impostor: Energies
    genuine_people: Codes
    impostor_people: Codes


def compare_with_people(
    matrix: Energies, codes: Codes, *, photos_each: int = 1, fusion: str = "min"
) -> Comparisons:
    """Enrol every person with so many photos, and compare all other photos with them.

    A person with more photos is enrolled several times, each time with other photos. With one
    photo each, every pair of photos is compared once.

    Args:
        matrix: ``(n, n)`` energies between all photos.
        codes: ``(n,)``.
        photos_each: enrolled photos of a person; people with fewer are probes only.
        fusion: one of `FUSIONS`.

    Raises:
        SettingError: a setting is out of its range.
        TooFewError: nobody has so many photos, or there is nobody to compare with.
    """
    check_square(matrix, codes)
    check_fusion(fusion)
    if photos_each == 1:
        left, right = np.triu_indices(len(codes), k=1)
        energies, people = matrix[left, right], np.stack([codes[left], codes[right]], axis=1)
    else:
        energies, people = _fused(matrix, codes, photos_each, fusion)
    genuine = people[:, 0] == people[:, 1]
    if not len(energies) or genuine.all() or not genuine.any():
        raise TooFewError(
            f"expected two people, one of them with {photos_each + 1} photos or more. Received: "
            f"{len(codes)} photos of {len(np.unique(codes))} people."
        )
    return Comparisons(
        genuine=energies[genuine],
        impostor=energies[~genuine],
        genuine_people=people[genuine],
        impostor_people=people[~genuine],
    )


def fuse(energies: Energies, fusion: str) -> Energies:
    """Return one energy for ``(..., K)`` energies to a person's K photos, ``(...)``."""
    return np.asarray(energies.min(axis=-1) if fusion == "min" else energies.mean(axis=-1))


def check_fusion(fusion: str) -> None:
    """Raise unless there is a fusion of that name.

    Raises:
        SettingError: there is none.
    """
    if fusion not in FUSIONS:
        raise SettingError(f"fusion: expected one of {', '.join(FUSIONS)}. Received: {fusion!r}.")


def _fused(matrix: Energies, codes: Codes, photos_each: int, fusion: str) -> tuple[Energies, Codes]:
    energies: list[Energies] = [np.empty(0)]
    people = [np.empty((0, 2), np.int64)]
    for code in np.unique(codes):
        photos = np.flatnonzero(codes == code)
        for start in range(0, len(photos) - photos_each + 1, photos_each):
            enrolled = photos[start : start + photos_each]
            probes = np.setdiff1d(np.arange(len(codes)), enrolled)
            each = matrix[np.ix_(probes, enrolled)]
            energies.append(fuse(each, fusion))
            people.append(np.stack([codes[probes], np.full(len(probes), code)], axis=1))
    return np.concatenate(energies), np.concatenate(people)
