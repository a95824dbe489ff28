"""How well energies order pairs by the similarity that people judged: rank correlation.

Spearman's ρ asks for the order alone, Pearson's r for a straight line as well. Both are of the
energies turned round, so that larger is better: 1 is perfect, 0 is chance.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from likeness.arrays import check_in_range, describe
from likeness.errors import DataError

Floats = NDArray[np.float64]

FEWEST = 3
"""Pairs below which a correlation says nothing."""


@dataclass(frozen=True, kw_only=True)
class Similarity:
    """Correlations of energies with scores, each with a 95 % interval over pairs.

    Args:
        pairs: how many.
        spearman, pearson: −1…1, larger is better.
        spearman_interval, pearson_interval: (low, high), percentile bootstrap over pairs; it
            takes pairs for independent, and is too narrow where pairs share sentences.
    """

    pairs: int
    spearman: float
    pearson: float
    spearman_interval: tuple[float, float]
    pearson_interval: tuple[float, float]

    def as_dict(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return asdict(self)


def ranks(values: ArrayLike) -> Floats:
    """Return ranks 1…n, those of equal values averaged.

    >>> ranks([0.5, 0.1, 0.5, 0.9]).tolist()
    [2.5, 1.0, 2.5, 4.0]
    """
    _, codes, counts = np.unique(np.asarray(values), return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2.0)[codes])


def pearson(left: ArrayLike, right: ArrayLike) -> float:
    """Return Pearson's r; 0 where one side does not vary.

    >>> round(pearson([1, 2, 3], [2, 4, 7]), 4)
    0.9934
    """
    a, b = (np.asarray(side, np.float64) for side in (left, right))
    a, b = a - a.mean(), b - b.mean()
    spread = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / spread) if spread > 0 else 0.0


def spearman(left: ArrayLike, right: ArrayLike) -> float:
    """Return Spearman's ρ: Pearson's r of the `ranks`.

    >>> spearman([1, 2, 3, 4], [1, 8, 27, 64])
    1.0
    """
    return pearson(ranks(left), ranks(right))


def similarity(
    scores: ArrayLike, energies: ArrayLike, *, repetitions: int = 1000, seed: int = 0
) -> Similarity:
    """Return both correlations, with intervals.

    Args:
        scores: ``(n,)``, larger is more alike.
        energies: ``(n,)``, lower is more alike.
        repetitions: draws of n pairs with replacement, 100…100,000.
        seed: of the draws.

    Raises:
        DataError: they are not as many finite numbers on both sides, three or more.
        SettingError: ``repetitions`` is out of its range.
    """
    check_in_range(repetitions, 100, 100_000, argument="repetitions", whole=True)
    judged, alike = _checked(scores, "scores"), -_checked(energies, "energies")
    if len(judged) != len(alike) or len(judged) < FEWEST:
        raise DataError(
            f"expected as many scores as energies, {FEWEST} or more. Received: {len(judged)} "
            f"scores and {len(alike)} energies."
        )
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(repetitions):
        chosen = rng.integers(0, len(judged), len(judged))
        pair = judged[chosen], alike[chosen]
        drawn.append((spearman(*pair), pearson(*pair)))
    low, high = np.percentile(np.array(drawn), (2.5, 97.5), axis=0)
    return Similarity(
        pairs=len(judged),
        spearman=spearman(judged, alike),
        pearson=pearson(judged, alike),
        spearman_interval=(float(low[0]), float(high[0])),
        pearson_interval=(float(low[1]), float(high[1])),
    )


def _checked(values: ArrayLike, argument: str) -> Floats:
    numbers = np.asarray(values, np.float64)
    if numbers.ndim != 1 or not np.isfinite(numbers).all():
        raise DataError(
            f"{argument}: expected finite numbers of shape (n,). Received: {describe(numbers)}"
            f"{'' if numbers.ndim != 1 else ' with NaN or infinity'}."
        )
    return numbers
