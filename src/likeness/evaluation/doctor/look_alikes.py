"""People who look alike, and people who may be one person under two names."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from likeness.evaluation.doctor.gallery_energies import FEWEST_PEOPLE, GalleryEnergies


@dataclass(frozen=True, kw_only=True)
class LookAlike:
    """Two people, and how near they are.

    Args:
        left, right: the two.
        energy: the middle one of all energies between their photos.
        left_photo, right_photo: their nearest two photos.
        closest: the energy of those two.
        accepted: the share of the comparisons that would be accepted, 0…1; None without a
            threshold.
        flagged: whether they are closer than the threshold: at least half of the comparisons
            would be accepted.
        one_person: whether they may be one person under two names: their photos are as near to
            each other as those of one person are in the middle case, and nobody else is nearer
            to either. Nobody is where fewer than `FEWEST_PEOPLE` people have two photos.
    """

    left: int
    right: int
    energy: float
    left_photo: int
    right_photo: int
    closest: float
    accepted: float | None
    flagged: bool
    one_person: bool


def look_alikes(
    energies: GalleryEnergies, *, threshold: float | None, at_least: int = 10
) -> list[LookAlike]:
    """Return all pairs of people closer than the threshold, the nearest first.

    Without a threshold, or where fewer are, the nearest ``at_least`` pairs are returned, not
    flagged. A share of the pairs of different people is closer than any threshold; it is about
    the threshold's FAR.
    """
    left, right = np.triu_indices(energies.people, k=1)
    between = energies.between[left, right]
    flagged = np.zeros(len(between), bool) if threshold is None else between <= threshold
    one_person = _one_person(energies)[left, right]
    wanted = flagged | one_person
    order = np.argsort(between, kind="stable")
    order = order[wanted[order] | (np.arange(len(order)) < at_least)]
    return [
        _look_alike(
            energies,
            int(left[at]),
            int(right[at]),
            threshold=threshold,
            one_person=bool(one_person[at]),
        )
        for at in order
    ]


def _one_person(energies: GalleryEnergies) -> NDArray[np.bool_]:
    """Return, for all ``(p, p)``, whether two people may be one."""
    own = np.diag(energies.between)
    own = own[np.isfinite(own)]
    if len(own) < FEWEST_PEOPLE:
        return np.zeros((energies.people, energies.people), bool)
    apart = energies.between.copy()
    np.fill_diagonal(apart, np.inf)
    nearest = apart.min(axis=1)
    close: NDArray[np.bool_] = (
        (apart <= np.median(own)) & (apart <= nearest[:, None]) & (apart <= nearest[None, :])
    )
    return close


def _look_alike(
    energies: GalleryEnergies,
    left: int,
    right: int,
    *,
    threshold: float | None,
    one_person: bool,
) -> LookAlike:
    ours, theirs = energies.photos_of(left), energies.photos_of(right)
    block = energies.matrix[np.ix_(ours, theirs)]
    row, column = np.unravel_index(int(block.argmin()), block.shape)
    energy = float(energies.between[left, right])
    return LookAlike(
        left=left,
        right=right,
        energy=energy,
        left_photo=int(ours[row]),
        right_photo=int(theirs[column]),
        closest=float(block[row, column]),
        accepted=None if threshold is None else float((block <= threshold).mean()),
        flagged=threshold is not None and energy <= threshold,
        one_person=one_person,
    )
