"""Photos dealt into enrolled ones and probes, and the rates of what is compared then."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from likeness.arrays import Codes, Energies
from likeness.evaluation.comparisons import Comparisons
from likeness.evaluation.counts import Floats
from likeness.evaluation.fusion import fuse
from likeness.evaluation.identification import rank_one
from likeness.evaluation.rejected_at_far import RejectedAtFar, pair_counts


@dataclass(frozen=True, eq=False, kw_only=True)
class Deal:
    """One draw: ``(people, most)`` photos that may be enrolled, ``(q,)`` probes, and whose."""

    enrolled: NDArray[np.int64]
    probes: NDArray[np.int64]
    whose: Codes


def deal_photos(members: Sequence[NDArray[np.int64]], most: int, rng: np.random.Generator) -> Deal:
    """Deal each person's photos: ``most`` of them may be enrolled, the others are probes."""
    shuffled = [rng.permutation(photos) for photos in members]
    rest = [len(photos) - most for photos in shuffled]
    return Deal(
        enrolled=np.stack([photos[:most] for photos in shuffled]),
        probes=np.concatenate([photos[most:] for photos in shuffled]),
        whose=np.repeat(np.arange(len(shuffled)), rest),
    )


class DealtComparisons:
    """All comparisons with so many photos enrolled, and the rates for any number of each person."""

    def __init__(
        self, matrix: Energies, deals: Sequence[Deal], *, photos: int, fusion: str, energy: str
    ) -> None:
        self._people = people = len(deals[0].enrolled)
        parts = []
        for deal in deals:
            enrolled = deal.enrolled[:, :photos]
            parts.append(
                fuse(
                    matrix[deal.probes[:, None, None], enrolled],
                    fusion,
                    energy=energy,
                    among=matrix[enrolled[:, :, None], enrolled[:, None, :]],
                )
            )
        fused = np.concatenate(parts)
        whose = np.concatenate([deal.whose for deal in deals])
        own = whose[:, None] == np.arange(people)
        self._whose = whose
        self._wrong = 1.0 - rank_one(fused, whose, np.arange(people))
        rows, columns = np.nonzero(~own)
        self._found = Comparisons(
            genuine=fused[own],
            impostor=fused[rows, columns],
            genuine_people=np.stack([whose, whose], axis=1),
            impostor_people=np.stack([whose[rows], columns], axis=1),
        )

    def series(
        self, times: Floats, *, far: float | None, threshold: float | None
    ) -> dict[str, Floats]:
        """Return rates by name, ``(1 + repetitions,)`` each: first as it is, then drawn again."""
        times = np.concatenate([np.ones((1, self._people)), times])
        found = {"wrong": self._by_probe(self._wrong, times)}
        if far is not None:
            rejected = RejectedAtFar(self._found, far=far, people=self._people)
            found["rejected"] = np.array([rejected.rate(row) for row in times])
        if threshold is not None:
            refused = (self._found.genuine > threshold).astype(np.float64)
            found["rejected_at_threshold"] = self._by_probe(refused, times)
            accepted = self._found.impostor_people[self._found.impostor <= threshold]
            found["accepted_at_threshold"] = self._pairs(accepted, times) / self._pairs(
                self._found.impostor_people, times
            )
        return found

    def _by_probe(self, values: Floats, times: Floats) -> Floats:
        sums = np.bincount(self._whose, weights=values, minlength=self._people)
        return np.asarray(times @ sums / (times @ np.bincount(self._whose)))

    def _pairs(self, pairs: Codes, times: Floats) -> Floats:
        """Return how many of the comparisons there are, for each number of each person."""
        return np.asarray(((times @ pair_counts(pairs, self._people)) * times).sum(axis=1))
