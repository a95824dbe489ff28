"""All embeddings of a gallery in one contiguous matrix, and exact search in it.

Search is a product in float32 for an estimate of every energy, and the formula of
`likeness.energies` in float64 for the few that may be among the nearest. How far the estimate
can be off is bounded (Higham, *Accuracy and Stability of Numerical Algorithms*, 3.5: a sum of d
products is off by at most about d·u·|a||b|), and the search continues until everything it left out
is farther than what it returns even at that bound. So the result equals that of the formula.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from likeness.energies import GUARD, energy_by_name, energy_matrix

_UNIT = float(np.finfo(np.float32).eps)
_SCORES = 1_000_000
"""Of many probes, how many estimates are made at a time."""
_SAMPLE = 16_384
_BLOCK = 256

Floats32 = NDArray[np.float32]
Floats64 = NDArray[np.float64]
Ids = NDArray[np.int64]


@dataclass(frozen=True, eq=False, kw_only=True)
class _Nearest:
    """The nearest templates of a probe: rows of the matrix, and their exact energies."""

    rows: Ids
    energies: Floats64


class TemplateMatrix:
    """Templates by ascending id: ids, people, embeddings. Room grows by doubling.

    A removed row is zeroed and skipped; when every tenth row is such a gap they are closed.

    Args:
        energy: one of `likeness.energies.ENERGY_NAMES`.
        dimensions: d.
        room: initial capacity, in templates.
    """

    def __init__(self, *, energy: str, dimensions: int, room: int = 0) -> None:
        self._energy = energy
        self._count = 0
        self._gaps = np.empty(0, np.int64)
        room = max(room + room // 16, 64)
        self._ids = np.empty(room, np.int64)
        self._people = np.empty(room, np.int64)
        self._vectors = np.empty((room, dimensions), np.float32)
        # Half the squared length of each (Euclidean), or one over the length (cosine).
        self._lengths = np.empty(room, np.float32)
        self._longest = 0.0

    def __len__(self) -> int:
        return self._count - len(self._gaps)

    def append(self, ids: Ids, people: Ids, vectors: Floats32) -> None:
        """Add templates whose ids are above all that are here."""
        start, stop = self._count, self._count + len(ids)
        if stop > len(self._ids):
            self._grow(stop)
        self._ids[start:stop] = ids
        self._people[start:stop] = people
        self._vectors[start:stop] = vectors
        squared = np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64)
        if len(squared):
            self._longest = max(self._longest, float(np.sqrt(squared.max())))
        if self._energy == "cosine":
            self._lengths[start:stop] = 1 / np.sqrt(np.maximum(squared, GUARD))
        else:
            self._lengths[start:stop] = squared / 2
        self._count = stop

    def remove_template(self, template_id: int) -> None:
        """Remove a template, if it is here."""
        row = self.row_of(template_id)
        if row is not None:
            self._remove(np.array([row]))

    def remove_person(self, person_id: int) -> None:
        """Remove all templates of a person."""
        self._remove(np.flatnonzero(self._people[: self._count] == person_id))

    def move(self, person_id: int, *, into: int) -> None:
        """Move a person's templates to another person."""
        people = self._people[: self._count]
        people[people == person_id] = into

    def row_of(self, template_id: int) -> int | None:
        """Return the row of a template; None if it is not here."""
        row = int(np.searchsorted(self._ids[: self._count], template_id))
        if row == self._count or self._ids[row] != template_id or self._people[row] < 0:
            return None
        return row

    def people_of(self, rows: Ids) -> Ids:
        """Return whose the rows are."""
        return self._people[rows]

    def rows_of(self, template_ids: Ids) -> Ids:
        """Return the rows of templates that are here."""
        return np.searchsorted(self._ids[: self._count], template_ids).astype(np.int64)

    def exact(self, probe: Floats64, rows: Ids) -> Floats64:
        """Return the energies, ``(rows,)``, of a probe ``(d,)`` to some rows."""
        vectors = self._vectors[rows].astype(np.float64)
        energies: Floats64 = energy_by_name(self._energy)(vectors, probe)
        return energies

    def everything(self, probes: Floats64) -> tuple[Ids, Ids, Floats64]:
        """Return ids, people, and all exact energies ``(probes, n)``."""
        kept = self._kept()
        ids, people = self._ids[kept], self._people[kept]
        return ids, people, energy_matrix(self._energy, probes, self._vectors[kept])

    def nearest_people(self, probes: Floats64, k: int) -> list[_Nearest]:
        """Return, for each probe of ``(b, d)``, templates that hold the k nearest people.

        The rows are in order of their energies, and the first row of each of the k nearest
        people is among them: a person's energy is the smallest of their templates' energies.
        """
        if not len(self):
            nothing = _Nearest(rows=np.empty(0, np.int64), energies=np.empty(0))
            return [nothing for _ in probes]
        wanted = min(4 * k + 16, len(self))
        lowest = zip(probes, self._lowest(probes, wanted), strict=True)
        return [self._certain(probe, k, rows, scores) for probe, (rows, scores) in lowest]

    def _certain(self, probe: Floats64, k: int, rows: Ids, scores: Floats32) -> _Nearest:
        """Widen the search until nothing that was left out can be nearer."""
        wanted = max(1, len(rows))
        while wanted < len(self):
            nearest = self._sorted(probe, rows)
            _, first = np.unique(self._people[nearest.rows], return_index=True)
            if len(first) >= k:
                last = nearest.energies[np.sort(first)[k - 1]]
                if last < self._at_least(probe, float(scores.max())):
                    return nearest
            wanted = 8 * wanted
            if wanted < len(self):
                ((rows, scores),) = self._lowest(probe[None], wanted)
        return self._sorted(probe, self._kept())

    def _sorted(self, probe: Floats64, rows: Ids) -> _Nearest:
        energies = self.exact(probe, rows)
        order = np.lexsort((self._ids[rows], energies))
        return _Nearest(rows=rows[order], energies=energies[order])

    def _at_least(self, probe: Floats64, score: float) -> float:
        """Return the energy that a template with this estimate, or a higher one, has at least."""
        terms = (self._vectors.shape[1] + 4) * _UNIT
        length = float(np.linalg.norm(probe))
        if self._energy == "manhattan":
            return score * (1 - 2 * terms) - 2 * _UNIT * float(np.abs(probe).sum())
        if self._energy == "cosine":
            return 1 + (score - 2 * terms * length) / max(length, float(np.sqrt(GUARD)))
        longest = max(self._longest, length)
        squared: float = 2 * (score - 2 * terms * longest * longest) + length * length
        if self._energy == "squared_euclidean":
            return squared
        return float(np.sqrt(max(squared, GUARD)))

    def _lowest(self, probes: Floats64, wanted: int) -> list[tuple[Ids, Floats32]]:
        """Return the ``wanted`` rows with the lowest estimates, for each probe."""
        single = np.ascontiguousarray(probes, np.float32)
        if len(single) > 1 and self._count > 2 * _SAMPLE:
            return self._lowest_below(single, wanted)
        lines = self._scores(single, 0, self._count)
        return [_real(*_lowest_of(line, wanted)) for line in lines]

    def _lowest_below(self, probes: Floats32, wanted: int) -> list[tuple[Ids, Floats32]]:
        """The same for many probes: the product in blocks that stay in the processor's cache.

        The ``wanted``-th lowest estimate of a sample is an upper bound for at least that many rows,
        so of most rows nothing but their estimate is looked at.
        """
        lowest = _LowestScores(len(probes), wanted, self._sample_bounds(probes, wanted))
        step = max(_BLOCK, _SCORES // len(probes) // _BLOCK * _BLOCK)
        for start in range(0, self._count, step):
            lowest.add(self._scores(probes, start, min(start + step, self._count)), start)
        return [_real(*rows_scores) for rows_scores in lowest.results()]

    def _sample_bounds(self, probes: Floats32, wanted: int) -> Floats32:
        rows = self._kept()
        rows = rows[:: max(1, len(rows) // _SAMPLE)]
        if len(rows) < wanted:
            return np.full(len(probes), np.inf, np.float32)
        scores = self._compared(probes, self._vectors[rows], self._lengths[rows])
        bounds: Floats32 = np.partition(scores, wanted - 1, axis=1)[:, wanted - 1]
        # A product in another block may round otherwise. (Were it to miss some even so, the
        # search would be widened, not wrong.)
        return np.asarray(bounds + 1e-4 * np.abs(bounds), np.float32)

    def _scores(self, probes: Floats32, start: int, stop: int) -> Floats32:
        """Return the estimates of rows ``start`` to ``stop``; a gap's is infinite."""
        scores = self._compared(probes, self._vectors[start:stop], self._lengths[start:stop])
        gaps = self._gaps[(self._gaps >= start) & (self._gaps < stop)] - start
        scores[:, gaps] = np.inf
        return scores

    def _compared(self, probes: Floats32, vectors: Floats32, lengths: Floats32) -> Floats32:
        """Return ``(b, n)`` numbers that rise with the energy."""
        if self._energy == "manhattan":
            return np.stack([_city_blocks(vectors, probe) for probe in probes])
        # One probe is a matrix by a vector, which BLAS streams faster than the transpose.
        products = (vectors @ probes[0])[None] if len(probes) == 1 else probes @ vectors.T
        if self._energy == "cosine":
            products *= -lengths
        else:
            np.subtract(lengths, products, out=products)
        scores: Floats32 = products
        return scores

    def _remove(self, rows: Ids) -> None:
        self._vectors[rows] = 0
        self._lengths[rows] = 0
        self._people[rows] = -1
        self._gaps = np.union1d(self._gaps, rows)
        if len(self._gaps) > max(64, self._count // 10):
            self._close_gaps()

    def _close_gaps(self) -> None:
        kept = self._kept()
        count = len(kept)
        for values in (self._ids, self._people, self._vectors, self._lengths):
            values[:count] = values[kept]
            values[count : self._count] = 0
        self._count = count
        self._gaps = np.empty(0, np.int64)

    def _kept(self) -> Ids:
        return np.flatnonzero(self._people[: self._count] >= 0)

    def _grow(self, needed: int) -> None:
        room = max(needed, 2 * len(self._ids))
        self._ids = _wider(self._ids, room)
        self._people = _wider(self._people, room)
        self._vectors = _wider(self._vectors, room)
        self._lengths = _wider(self._lengths, room)


def _wider(values: NDArray[Any], room: int) -> NDArray[Any]:
    fresh = np.empty((room, *values.shape[1:]), values.dtype)
    fresh[: len(values)] = values
    return fresh


def _city_blocks(vectors: Floats32, probe: Floats32) -> Floats32:
    """Return ``(n,)`` sums of absolute differences, a block at a time: it stays in the cache."""
    sums = np.empty(len(vectors), np.float32)
    for start in range(0, len(vectors), 2048):
        part = vectors[start : start + 2048] - probe
        np.abs(part, out=part).sum(axis=1, out=sums[start : start + 2048])
    return sums


def _lowest_of(scores: Floats32, wanted: int) -> tuple[Ids, Floats32]:
    """Return the indices and values of the ``wanted`` lowest scores of a line.

    They lie in the ``wanted`` blocks with the lowest minima, so only these are sorted.
    """
    blocks, rest = divmod(len(scores), _BLOCK)
    if blocks <= 2 * wanted:
        indices = _partition(scores, wanted)
        return indices, scores[indices]
    minima = scores[: blocks * _BLOCK].reshape(blocks, _BLOCK).min(axis=1)
    chosen = _partition(minima, wanted)
    indices = (chosen[:, None] * _BLOCK + np.arange(_BLOCK)).ravel()
    if rest:
        indices = np.concatenate([indices, np.arange(blocks * _BLOCK, len(scores))])
    indices = indices[_partition(scores[indices], wanted)]
    return indices, scores[indices]


class _LowestScores:
    """Gathers what is at or below each probe's bound, and keeps the lowest."""

    def __init__(self, probes: int, wanted: int, bounds: Floats32) -> None:
        self._probes = probes
        self._wanted = wanted
        self._bounds = bounds
        self._parts: list[tuple[Ids, Ids, Floats32]] = []
        self._gathered = 0

    def add(self, scores: Floats32, start: int) -> None:
        """Take in the estimates ``(probes, n)`` of the rows from ``start``."""
        indices = np.flatnonzero(scores <= self._bounds[:, None])
        probes, rows = np.divmod(indices, scores.shape[1])
        self._parts.append((probes, start + rows, scores.ravel()[indices]))
        self._gathered += len(indices)
        if self._gathered > 4 * self._probes * self._wanted:
            self._tighten()

    def _tighten(self) -> None:
        """Lower each bound to the ``wanted``-th lowest estimate so far."""
        probes, _, scores = self._reduce()
        ends = np.searchsorted(probes, np.arange(1, self._probes + 1))
        whole = np.diff(ends, prepend=0) == self._wanted
        self._bounds[whole] = scores[ends[whole] - 1]

    def _reduce(self) -> tuple[Ids, Ids, Floats32]:
        """Keep the ``wanted`` lowest of each probe, by probe."""
        probes, rows, scores = (
            np.concatenate([part[column] for part in self._parts]) for column in range(3)
        )
        order = np.lexsort((scores, probes))
        probes, rows, scores = probes[order], rows[order], scores[order]
        rank = np.arange(len(probes)) - np.searchsorted(probes, probes)
        kept = rank < self._wanted
        self._parts = [(probes[kept], rows[kept], scores[kept])]
        self._gathered = int(kept.sum())
        return self._parts[0]

    def results(self) -> list[tuple[Ids, Floats32]]:
        """Return the lowest of each probe."""
        probes, rows, scores = self._reduce()
        ends = np.searchsorted(probes, np.arange(self._probes + 1))
        return [(rows[low:high], scores[low:high]) for low, high in pairwise(ends.tolist())]


def _partition(scores: Floats32, wanted: int) -> Ids:
    if wanted >= len(scores):
        return np.arange(len(scores))
    return np.argpartition(scores, wanted - 1)[:wanted].astype(np.int64)


def _real(rows: Ids, scores: Floats32) -> tuple[Ids, Floats32]:
    """Leave out the gaps."""
    kept = np.isfinite(scores)
    return rows[kept], scores[kept]
