"""`GalleryEnergies`: the energies between enrolled photos, per photo and per person.

They reveal people who look alike, people who may be one person under two names, and photos that may
have the wrong name.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from likeness.arrays import Codes, Energies, Integers, Mask
from likeness.errors import DataError
from likeness.evaluation.pair_energies import check_square

FEWEST_PEOPLE = 5
"""Fewest people for estimating the variation within a person."""


@dataclass(frozen=True, kw_only=True)
class LookAlike:
    """A pair of people, and their energies.

    Args:
        left, right: the two.
        energy: the median of all energies between their photos.
        left_photo, right_photo: their nearest two photos.
        closest: the energy of those two.
        accepted: the share of the comparisons that would be accepted, 0…1; None without a
            threshold.
        flagged: whether they are closer than the threshold: at least half of the comparisons
            would be accepted.
        one_person: whether they may be one person under two names: their photos are as near to
            each other as those of one person are in the median case, and nobody else is nearer to
            either. False if fewer than `FEWEST_PEOPLE` people have two photos.
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


MisplacedKind = Literal["another person", "unlike the rest"]


@dataclass(frozen=True, kw_only=True)
class Misplaced:
    """A photo that does not match the other photos of its person.

    Args:
        photo: its index.
        kind: "another person" if it is closer to one; "unlike the rest" if it would only not be
            accepted as its own person. If there are two photos, either may be wrong.
        closest: the index of the nearest photo of another person.
        own_energy: to the nearest other photo of its person.
        other_energy: to that nearest photo of another person.
    """

    photo: int
    kind: MisplacedKind
    closest: int
    own_energy: float
    other_energy: float


@dataclass(frozen=True, eq=False, kw_only=True)
class GalleryEnergies:
    """Energies between ``n`` photos of ``p`` people.

    Args:
        matrix: ``(n, n)``, symmetric; the diagonal is not looked at.
        codes: ``(n,)``, 0…p−1, every one of them used.

    Raises:
        DataError: the two do not fit together, or an energy is NaN or infinite.
    """

    matrix: Energies
    codes: Codes

    def __post_init__(self) -> None:
        check_square(self.matrix, self.codes)
        if not np.isfinite(self.matrix).all():
            raise DataError(
                "matrix: expected finite energies. Received: NaN or infinity among them."
            )
        if not len(self.codes) or not np.array_equal(np.unique(self.codes), np.arange(self.people)):
            raise DataError("codes: expected 0…people−1, each of them used at least once.")

    @property
    def people(self) -> int:
        """How many people there are."""
        return int(self.codes.max(initial=-1)) + 1

    @cached_property
    def counts(self) -> Integers:
        """``(p,)``: photos of each person."""
        return np.bincount(self.codes, minlength=self.people)

    @cached_property
    def nearest(self) -> Energies:
        """``(n, p)``: from each photo to the nearest photo of each person, itself left out.

        Infinite where a person has no other photo.
        """
        order = np.argsort(self.codes, kind="stable")
        matrix = self.matrix.copy()
        np.fill_diagonal(matrix, np.inf)
        starts = np.concatenate([[0], np.cumsum(self.counts)[:-1]])
        return np.minimum.reduceat(matrix[:, order], starts, axis=1)

    @cached_property
    def typical(self) -> Energies:
        """``(n, p)``: from each photo to the median one of each person's photos, itself left out.

        Of an even number, the lower median; infinite where there is none.
        """
        slots = self._slots
        matrix = np.concatenate([self.matrix, np.full((len(self.codes), 1), np.inf)], axis=1)
        np.fill_diagonal(matrix, np.inf)
        rows = np.arange(len(self.codes))
        out = np.empty((len(self.codes), self.people))
        # A person's photos at a time: (n, photos) stays small where the whole cube would not.
        for person in range(self.people):
            each = np.sort(matrix[:, slots[person]], axis=1)
            others = self.counts[person] - (self.codes == person)
            out[:, person] = each[rows, np.maximum(others - 1, 0) // 2]
        return out

    @cached_property
    def between(self) -> Energies:
        """``(p, p)``: the median of all energies between two people's photos, symmetric.

        Of an even number, the lower median. On the diagonal, of the pairs of
        a person's own photos; infinite where there is but one.
        """
        slots, out = self._slots, np.full((self.people, self.people), np.inf)
        matrix = np.concatenate([self.matrix, np.full((len(self.codes), 1), np.inf)], axis=1)
        for person in range(self.people):
            own = self.photos_of(person)
            each = matrix[own][:, slots].transpose(1, 0, 2).reshape(self.people, -1)
            each = np.sort(each, axis=1)
            middle = (self.counts[person] * self.counts - 1) // 2
            out[person] = each[np.arange(self.people), middle]
            left, right = np.triu_indices(len(own), k=1)
            inner = np.sort(self.matrix[own[left], own[right]])
            out[person, person] = inner[(len(inner) - 1) // 2] if len(inner) else np.inf
        return out

    @cached_property
    def own(self) -> Energies:
        """``(n,)``: to the nearest other photo of the same person; infinite if there is none."""
        return self.nearest[np.arange(len(self.codes)), self.codes]

    @cached_property
    def impostor(self) -> Energies:
        """``(n,)``: to the nearest photo of another person; infinite if there is none."""
        energies: Energies = self.matrix_to_others.min(axis=1)
        return energies

    @cached_property
    def nearest_stranger(self) -> Integers:
        """``(n,)``: the index of that photo."""
        indices: Integers = self.matrix_to_others.argmin(axis=1)
        return indices

    @cached_property
    def typical_own(self) -> Energies:
        """``(n,)``: to the median one of the person's other photos; infinite if there is none."""
        return self.typical[np.arange(len(self.codes)), self.codes]

    @cached_property
    def typical_impostor(self) -> Energies:
        """``(n,)``: the lowest median energy to another person; infinite if there is none."""
        others = self.typical.copy()
        others[np.arange(len(self.codes)), self.codes] = np.inf
        energies: Energies = others.min(axis=1)
        return energies

    @cached_property
    def matrix_to_others(self) -> Energies:
        """``(n, n)``: the energies, with infinity between photos of one person."""
        return np.where(self.codes[:, None] == self.codes, np.inf, self.matrix)

    def photos_of(self, person: int) -> Integers:
        """Return the indices of one person's photos."""
        return self._by_person[person]

    def take(self, photos: Integers) -> "GalleryEnergies":
        """Return the energies of these photos; everybody must keep at least one."""
        return GalleryEnergies(matrix=self.matrix[np.ix_(photos, photos)], codes=self.codes[photos])

    def look_alikes(self, *, threshold: float | None, at_least: int = 10) -> list[LookAlike]:
        """Return all pairs of people closer than the threshold, the nearest first.

        Without a threshold, or where fewer are, the nearest ``at_least`` pairs are returned, not
        flagged. A share of the pairs of different people is closer than any threshold; it is about
        the threshold's FAR.
        """
        left, right = np.triu_indices(self.people, k=1)
        between = self.between[left, right]
        flagged = np.zeros(len(between), bool) if threshold is None else between <= threshold
        one_person = self._one_person()[left, right]
        wanted = flagged | one_person
        order = np.argsort(between, kind="stable")
        order = order[wanted[order] | (np.arange(len(order)) < at_least)]
        return [
            self._look_alike(
                int(left[at]),
                int(right[at]),
                threshold=threshold,
                one_person=bool(one_person[at]),
            )
            for at in order
        ]

    def misplaced_photos(self, *, threshold: float | None) -> list[Misplaced]:
        """Return the photos that seem to be under the wrong name, in order.

        A photo is "another person" if another person's nearest photo is nearer than the nearest of
        its own, another person's median photo is nearer than the median one of its own, and, where
        there is a threshold, the other's nearest is accepted. The clearest one of each person is
        removed first and the rest checked again: one wrong photo of two must not make the right one
        look wrong. Remaining photos that are not accepted as their own person are "unlike the
        rest".

        Only people with two photos or more are checked.
        """
        misplaced: list[Misplaced] = []
        indices = np.arange(len(self.codes))
        rest = self
        while True:
            wrong = rest._clearest(threshold)
            if not len(wrong):
                break
            misplaced += [rest._misplaced(at, indices, "another person") for at in wrong.tolist()]
            keep = np.setdiff1d(np.arange(len(indices)), wrong)
            rest, indices = rest.take(keep), indices[keep]
        if threshold is not None:
            far = np.flatnonzero(np.isfinite(rest.own) & (rest.own > threshold))
            misplaced += [rest._misplaced(at, indices, "unlike the rest") for at in far.tolist()]
        return sorted(misplaced, key=lambda entry: entry.photo)

    def _one_person(self) -> Mask:
        """Return, for all ``(p, p)``, whether two people may be one."""
        own = np.diag(self.between)
        own = own[np.isfinite(own)]
        if len(own) < FEWEST_PEOPLE:
            return np.zeros((self.people, self.people), bool)
        apart = self.between.copy()
        np.fill_diagonal(apart, np.inf)
        nearest = apart.min(axis=1)
        close: Mask = (
            (apart <= np.median(own)) & (apart <= nearest[:, None]) & (apart <= nearest[None, :])
        )
        return close

    def _look_alike(
        self, left: int, right: int, *, threshold: float | None, one_person: bool
    ) -> LookAlike:
        ours, theirs = self.photos_of(left), self.photos_of(right)
        block = self.matrix[np.ix_(ours, theirs)]
        row, column = np.unravel_index(int(block.argmin()), block.shape)
        energy = float(self.between[left, right])
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

    def _clearest(self, threshold: float | None) -> Integers:
        """Return the photos that are nearer to another person: of each person the clearest one."""
        wrong = np.isfinite(self.own) & (self.impostor < self.own)
        wrong &= self.typical_impostor < self.typical_own
        if threshold is not None:
            wrong &= self.impostor <= threshold
        margin = np.where(wrong, self.own - self.impostor, -np.inf)
        order = np.lexsort((-margin, self.codes))
        first = np.unique(self.codes[order], return_index=True)[1]
        clearest = order[first]
        return np.sort(clearest[wrong[clearest]])

    def _misplaced(self, at: int, indices: Integers, kind: MisplacedKind) -> Misplaced:
        return Misplaced(
            photo=int(indices[at]),
            kind=kind,
            closest=int(indices[self.nearest_stranger[at]]),
            own_energy=float(self.own[at]),
            other_energy=float(self.impostor[at]),
        )

    @cached_property
    def _slots(self) -> Integers:
        """``(p, most photos)``: indices of each person's photos; n where there are no more."""
        slots = np.full((self.people, int(self.counts.max())), len(self.codes), dtype=np.int64)
        for person in range(self.people):
            own = self.photos_of(person)
            slots[person, : len(own)] = own
        return slots

    @cached_property
    def _by_person(self) -> list[Integers]:
        order = np.argsort(self.codes, kind="stable")
        return np.split(order, np.cumsum(self.counts)[:-1])
