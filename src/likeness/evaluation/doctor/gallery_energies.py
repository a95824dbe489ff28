"""`GalleryEnergies`: the energies between enrolled photos, seen from photos and from people."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from likeness.arrays import Codes, Energies
from likeness.errors import DataError
from likeness.evaluation.pair_energies import check_square

FEWEST_PEOPLE = 5
"""People whose photos say what the photos of one person are like; of fewer it would be their own
portrait."""


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
    def counts(self) -> NDArray[np.int64]:
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
        """``(n, p)``: from each photo to the middle one of each person's photos, itself left out.

        Of an even number, the lower of the two in the middle; infinite where there is none.
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
        """``(p, p)``: the middle one of all energies between two people's photos, symmetric.

        Of an even number, the lower of the two in the middle. On the diagonal, of the pairs of
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
        """``(n,)``: to the nearest photo of anybody else; infinite if there is nobody."""
        energies: Energies = self.matrix_to_others.min(axis=1)
        return energies

    @cached_property
    def nearest_stranger(self) -> NDArray[np.int64]:
        """``(n,)``: the index of that photo."""
        indices: NDArray[np.int64] = self.matrix_to_others.argmin(axis=1)
        return indices

    @cached_property
    def typical_own(self) -> Energies:
        """``(n,)``: to the middle one of the person's other photos; infinite if there is none."""
        return self.typical[np.arange(len(self.codes)), self.codes]

    @cached_property
    def typical_impostor(self) -> Energies:
        """``(n,)``: to the middle photo of whomever that is nearest for; infinite if nobody."""
        others = self.typical.copy()
        others[np.arange(len(self.codes)), self.codes] = np.inf
        energies: Energies = others.min(axis=1)
        return energies

    @cached_property
    def matrix_to_others(self) -> Energies:
        """``(n, n)``: the energies, with infinity between photos of one person."""
        return np.where(self.codes[:, None] == self.codes, np.inf, self.matrix)

    def photos_of(self, person: int) -> NDArray[np.int64]:
        """Return the indices of one person's photos."""
        return self._by_person[person]

    def take(self, photos: NDArray[np.int64]) -> "GalleryEnergies":
        """Return the energies of these photos; everybody must keep at least one."""
        return GalleryEnergies(matrix=self.matrix[np.ix_(photos, photos)], codes=self.codes[photos])

    @cached_property
    def _slots(self) -> NDArray[np.int64]:
        """``(p, most photos)``: indices of each person's photos; n where there are no more."""
        slots = np.full((self.people, int(self.counts.max())), len(self.codes), dtype=np.int64)
        for person in range(self.people):
            own = self.photos_of(person)
            slots[person, : len(own)] = own
        return slots

    @cached_property
    def _by_person(self) -> list[NDArray[np.int64]]:
        order = np.argsort(self.codes, kind="stable")
        return np.split(order, np.cumsum(self.counts)[:-1])
