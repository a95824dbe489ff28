"""Photos that stand under the wrong name, or seem to."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from likeness.evaluation.doctor.gallery_energies import GalleryEnergies

MisplacedKind = Literal["another person", "unlike the rest"]


@dataclass(frozen=True, kw_only=True)
class Misplaced:
    """A photo that does not fit the other photos of its person.

    Args:
        photo: its index.
        kind: "another person" if it is closer to one; "unlike the rest" if it would only not be
            accepted as its own person. Of two photos either one may be the wrong one.
        closest: the index of the nearest photo of somebody else.
        own_energy: to the nearest other photo of its person.
        other_energy: to that nearest photo of somebody else.
    """

    photo: int
    kind: MisplacedKind
    closest: int
    own_energy: float
    other_energy: float


def misplaced_photos(energies: GalleryEnergies, *, threshold: float | None) -> list[Misplaced]:
    """Return the photos that seem to be under the wrong name, in order.

    A photo is "another person" if somebody else's nearest photo is nearer than the nearest of
    its own, somebody else's middle photo is nearer than the middle one of its own, and, where
    there is a threshold, the other's nearest is accepted. Of each person the clearest one is
    taken out first and the rest judged again: one wrong photo of two must not make the right
    one look wrong. What is left and not accepted as its own person is "unlike the rest".

    Only people with two photos or more are judged.
    """
    misplaced: list[Misplaced] = []
    indices = np.arange(len(energies.codes))
    rest = energies
    while True:
        wrong = _clearest(rest, threshold)
        if not len(wrong):
            break
        misplaced += [_misplaced(rest, at, indices, "another person") for at in wrong.tolist()]
        keep = np.setdiff1d(np.arange(len(indices)), wrong)
        rest, indices = rest.take(keep), indices[keep]
    if threshold is not None:
        far = np.flatnonzero(np.isfinite(rest.own) & (rest.own > threshold))
        misplaced += [_misplaced(rest, at, indices, "unlike the rest") for at in far.tolist()]
    return sorted(misplaced, key=lambda entry: entry.photo)


def _clearest(energies: GalleryEnergies, threshold: float | None) -> NDArray[np.int64]:
    """Return the photos that are nearer to another person: of each person the clearest one."""
    wrong = np.isfinite(energies.own) & (energies.impostor < energies.own)
    wrong &= energies.typical_impostor < energies.typical_own
    if threshold is not None:
        wrong &= energies.impostor <= threshold
    margin = np.where(wrong, energies.own - energies.impostor, -np.inf)
    order = np.lexsort((-margin, energies.codes))
    first = np.unique(energies.codes[order], return_index=True)[1]
    clearest = order[first]
    return np.sort(clearest[wrong[clearest]])


def _misplaced(
    energies: GalleryEnergies, at: int, indices: NDArray[np.int64], kind: MisplacedKind
) -> Misplaced:
    return Misplaced(
        photo=int(indices[at]),
        kind=kind,
        closest=int(indices[energies.nearest_stranger[at]]),
        own_energy=float(energies.own[at]),
        other_energy=float(energies.impostor[at]),
    )
