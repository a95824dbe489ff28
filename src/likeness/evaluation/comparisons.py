"""Comparisons of a probe with an enrolled person, who may have several photos.

The energy between a probe and a person is fused from the energies to the person's photos, see
`likeness.evaluation.fusion`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from likeness.arrays import Codes, Energies
from likeness.datasets.sampling import LabelledPairs
from likeness.errors import SettingError, TooFewError
from likeness.evaluation.fusion import check_fusion, fuse
from likeness.evaluation.pair_energies import PairEnergies, check_square

BLOCK = 4_000_000
"""So many energies are fused at a time: 32 MB."""


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
    matrix: Energies,
    codes: Codes,
    *,
    photos_each: int = 1,
    fusion: str = "min",
    energy: str | None = None,
    pairs: LabelledPairs | None = None,
) -> Comparisons:
    """Enrol every person with so many photos, and compare all other photos with them.

    A person with more photos is enrolled several times, each time with other photos. With one
    photo each, every pair of photos is compared once.

    Args:
        matrix: ``(n, n)`` energies between all photos.
        codes: ``(n,)``.
        photos_each: enrolled photos of a person; people with fewer are probes only.
        fusion: how a person's photos become one energy, see `likeness.evaluation.fusion.fuse`.
        energy: the name of the energies; only the centroid needs it.
        pairs: those that count, of one photo each; all of them if not given.

    Raises:
        SettingError: a setting is out of its range, there is no such fusion of this energy, or
            pairs are given for several photos each.
        TooFewError: nobody has so many photos, or there is nobody to compare with.
    """
    check_square(matrix, codes)
    check_fusion(fusion, energy=energy)
    if pairs is not None and photos_each > 1:
        raise SettingError(
            "photos_each: expected 1 where only some pairs count (this model's recipe says which). "
            f"Received: {photos_each}."
        )
    if photos_each == 1:
        left, right = np.triu_indices(len(codes), k=1) if pairs is None else pairs.pairs.T
        energies, people = matrix[left, right], np.stack([codes[left], codes[right]], axis=1)
    else:
        energies, people = _fused(matrix, codes, photos_each, fusion, energy)
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


def comparisons_of(pairs: PairEnergies) -> Comparisons:
    """Return pairs that were measured, of one photo each, as comparisons."""
    return Comparisons(
        genuine=pairs.genuine,
        impostor=pairs.impostor,
        genuine_people=pairs.codes[pairs.genuine_pairs],
        impostor_people=pairs.codes[pairs.impostor_pairs],
    )


def _fused(
    matrix: Energies, codes: Codes, photos_each: int, fusion: str, energy: str | None
) -> tuple[Energies, Codes]:
    energies: list[Energies] = [np.empty(0)]
    people = [np.empty((0, 2), np.int64)]
    enrolments = _enrolments(codes, photos_each)
    block = max(1, BLOCK // max(1, len(codes) * photos_each))
    for start in range(0, len(enrolments), block):
        enrolled = enrolments[start : start + block]
        fused = fuse(
            matrix[:, enrolled],
            fusion,
            energy=energy,
            among=matrix[enrolled[:, :, None], enrolled[:, None, :]],
        )
        is_probe = np.ones(fused.shape, bool)
        is_probe[enrolled, np.arange(len(enrolled))[:, None]] = False
        row, probe = np.nonzero(is_probe.T)
        energies.append(fused[probe, row])
        people.append(np.stack([codes[probe], codes[enrolled[row, 0]]], axis=1))
    return np.concatenate(energies), np.concatenate(people)


def _enrolments(codes: Codes, photos_each: int) -> NDArray[np.int64]:
    """Return ``(enrolments, photos_each)``: each person's photos, so many at a time."""
    rows = [np.empty((0, photos_each), np.int64)]
    for code in np.unique(codes):
        photos = np.flatnonzero(codes == code)
        times = len(photos) // photos_each
        rows.append(photos[: times * photos_each].reshape(times, photos_each))
    return np.concatenate(rows)
