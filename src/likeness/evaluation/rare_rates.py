"""Intervals of rates over dependent comparisons of few people.

Comparisons are not independent: a person who resembles another one is falsely accepted repeatedly.
So the variance of a rate is estimated by leaving out one person at a time (the jackknife; J.
Arvesen, «Jackknifing U-Statistics», 1969), converted into an effective number of independent
comparisons, and that number into Wilson's interval (E. Wilson, «Probable Inference, the Law of
Succession, and Statistical Inference», 1927), which is valid for rates near 0, unlike ± two
standard errors.

The lower tail of impostor energies beyond what was counted: a generalised Pareto tail.

Energies under a low quantile u, as distances below it x = u − e, follow a generalised Pareto
distribution if u is low enough (J. Pickands, «Statistical Inference Using Extreme Order
Statistics», Annals of Statistics 1975). Fitted by probability-weighted moments (J. Hosking &
J. Wallis, «Parameter and Quantile Estimation for the Generalized Pareto Distribution»,
Technometrics 1987, equations 5 and 6), which need no optimisation and are stable for few values.

All impostor energies: distances between points of many dimensions are sums of many small terms,
and close to normal. The chance of the next comparison is then Student's (S. Geisser, «Predictive
Inference», 1993, section 2.1), with what few people leave unknown of mean and spread in it.
"""

from dataclasses import dataclass
from functools import cached_property
from math import exp, lgamma, pi
from statistics import NormalDist

import numpy as np

from likeness.arrays import Codes, Energies, Floats, Integers

FEW = 30
"""Accepted comparisons needed to estimate how much they depend on each other. Where fewer are
accepted, the dependence estimated at this number is used if it is larger."""


@dataclass(frozen=True, kw_only=True)
class Rate:
    """A share of comparisons.

    Args:
        share: 0…1.
        low, high: the interval around it.
        comparisons: counted.
        effective: effective number of independent comparisons, at most as many.
    """

    share: float
    low: float
    high: float
    comparisons: int
    effective: float


class AcceptedRate:
    """The share of comparisons with an energy at most a threshold, for any threshold.

    They are sorted lazily: for low thresholds, the lowest few are enough.

    Args:
        energies: ``(n,)``, at least one.
        people: ``(n, 2)``, the two people of each comparison, codes from 0.
        confidence: of the intervals, 0.5…0.999.
    """

    def __init__(self, energies: Energies, people: Codes, *, confidence: float = 0.95) -> None:
        self._energies = np.asarray(energies, np.float64)
        self._people = np.asarray(people, np.int64)
        self._count = int(self._people.max()) + 1
        self._compared = self._per_person(self._people)
        self._z = NormalDist().inv_cdf((1 + confidence) / 2)

    def __len__(self) -> int:
        return len(self._energies)

    def at(self, threshold: float) -> Rate:
        """Return the rate at a threshold, with its interval."""
        return self._rate(int(np.count_nonzero(self._energies <= threshold)))

    def _rate(self, accepted: int) -> Rate:
        share = accepted / len(self)
        effective = len(self) / self._dependence(accepted)
        low, high = wilson(share, effective, self._z)
        return Rate(
            share=share, low=low, high=high, comparisons=len(self), effective=float(effective)
        )

    def largest_threshold(self, rate: float) -> float | None:
        """Return the largest threshold whose interval ends at or below a rate.

        Half-way between the last energy it accepts and the next one; None if no threshold
        will do, because there are too few comparisons.
        """
        if self.at(-np.inf).high > rate:
            return None
        # The upper end rises with the threshold, except for small changes of the dependence.
        ordered = self._ordered[0]
        low, high = 0, len(self)
        while high - low > 1:
            middle = (low + high) // 2
            level = int(np.searchsorted(ordered, ordered[middle - 1], side="right"))
            below = self._rate(level).high <= rate
            low, high = (middle, high) if below else (low, middle)
        accepted = int(np.searchsorted(ordered, ordered[low], side="left"))
        beyond = ordered[accepted]
        last = ordered[accepted - 1] if accepted else beyond - abs(beyond) * 1e-3 - 1e-9
        return float(min(last + (beyond - last) / 2, np.nextafter(beyond, -np.inf)))

    def _dependence(self, accepted: int) -> float:
        """Return the factor by which dependence reduces the effective number of comparisons."""
        some = min(max(accepted, FEW), len(self) - 1)
        return max(1.0, *(self._factor(count) for count in {accepted, some}))

    def _factor(self, accepted: int) -> float:
        if not 0 < accepted < len(self):
            return 1.0
        share = accepted / len(self)
        compared = len(self) - self._compared
        known = compared > 0
        without = (accepted - self._per_person(self._first(accepted)))[known] / compared[known]
        spread = float(((without - without.mean()) ** 2).sum()) * (1 - 1 / len(without))
        return spread * len(self) / (share * (1 - share))

    def _first(self, count: int) -> Codes:
        """Return the people of the lowest comparisons; of equal ones, those given first."""
        return self._lowest[:count] if count <= FEW else self._ordered[1][:count]

    @cached_property
    def _ordered(self) -> tuple[Floats, Codes]:
        """All energies, ascending, and their people."""
        order = np.argsort(self._energies, kind="stable")
        return self._energies[order], self._people[order]

    @cached_property
    def _lowest(self) -> Codes:
        """The people of the lowest `FEW` comparisons, in order."""
        if len(self) <= FEW:
            return self._ordered[1]
        last = np.partition(self._energies, FEW - 1)[FEW - 1]
        near = np.flatnonzero(self._energies <= last)
        return self._people[near[np.argsort(self._energies[near], kind="stable")[:FEW]]]

    def _per_person(self, people: Codes) -> Integers:
        """Return the number of these comparisons per person."""
        left, right = people.T
        counts = np.bincount(left, minlength=self._count)
        return np.asarray(counts + np.bincount(right[right != left], minlength=self._count))


def wilson(share: float, count: float, z: float) -> tuple[float, float]:
    """Return Wilson's interval of a share of ``count`` independent trials.

    >>> [round(end, 4) for end in wilson(0.0, 100, 1.96)]
    [0.0, 0.037]
    """
    weight = z * z / count
    middle = (share + weight / 2) / (1 + weight)
    half = np.sqrt(weight * (share * (1 - share) + weight / 4)) / (1 + weight)
    return float(max(0.0, middle - half)), float(min(1.0, middle + half))


@dataclass(frozen=True, kw_only=True)
class Tail:
    """P(energy ≤ u − x) = share · (1 − shape·x/scale)^(1/shape).

    Args:
        start: u.
        share: of the energies that are below u.
        shape: Hosking & Wallis' k; above 0 the tail has an end.
        scale: their α.
    """

    start: float
    share: float
    shape: float
    scale: float

    @classmethod
    def fit(
        cls,
        energies: Energies,
        *,
        share: float = 0.05,
        weights: Floats | None = None,
        total: float | None = None,
    ) -> "Tail":
        """Fit the tail under a quantile.

        Args:
            energies: ``(n,)``, ascending; all of them, or the lowest ones if ``total`` is given.
            share: of them that make up the tail, 0…1.
            weights: ``(n,)``, how often each counts; once if not given.
            total: the weight of all energies, with those that were left out.
        """
        counted = np.ones(len(energies)) if weights is None else weights
        reached = np.cumsum(counted) / (counted.sum() if total is None else total)
        end = min(int(np.searchsorted(reached, share)) + 1, len(energies))
        start = float(energies[min(end, len(energies) - 1)])
        below, weight = start - energies[:end], counted[:end]
        # The probability of being farther below u, at the middle of each value's step.
        farther = (np.cumsum(weight) - weight / 2) / weight.sum()
        first = float(np.average(below, weights=weight))
        second = float(np.average(below * farther, weights=weight))
        spread = max(first - 2 * second, 1e-12)
        return cls(
            start=start,
            share=float(reached[end - 1]),
            shape=first / spread - 2,
            scale=max(2 * first * second / spread, 1e-12),
        )

    def threshold(self, rate: float) -> float:
        """Return the energy below which this share of all energies lies; at most the start."""
        left = min(rate / self.share, 1.0)
        if abs(self.shape) < 1e-6:
            return self.start + self.scale * float(np.log(left))
        return float(self.start - self.scale / self.shape * (1 - left**self.shape))

    def rate(self, threshold: float) -> float:
        """Return the share of all energies at or below a threshold; at most the tail's own."""
        below = max(self.start - threshold, 0.0) / self.scale
        if abs(self.shape) < 1e-6:
            return self.share * float(np.exp(-below))
        return float(self.share * max(0.0, 1 - self.shape * below) ** (1 / self.shape))


_SQUARED = ("cosine", "squared_euclidean")
"""Energies that are squares of a distance (the cosine's of unit vectors: half of one)."""


@dataclass(frozen=True, kw_only=True)
class NormalEnergies:
    """Impostor energies as a normal distribution, known from few people.

    Args:
        mean, spread: of the distances; where the energy is squared, of its root.
        squared: whether it is.
        people: that were compared.
    """

    mean: float
    spread: float
    squared: bool
    people: int

    @classmethod
    def of(cls, energies: Energies, *, people: int, energy: str | None = None) -> "NormalEnergies":
        """Describe impostor energies ``(n,)`` of so many people; ``energy`` is its name."""
        squared = energy in _SQUARED
        values = np.asarray(energies, np.float64)
        distances = np.sqrt(np.maximum(values, 0)) if squared else values
        return cls(
            mean=float(distances.mean()),
            spread=float(distances.std()),
            squared=squared,
            people=people,
        )

    @property
    def degrees(self) -> int:
        """Return the degrees of freedom of the spread.

        Comparisons of one person are alike. The variance of the spread over people drawn again
        (the jackknife) was that of 2.4 to 2.7 degrees a person with a public face encoder on 40
        people; between 1 (only whose face it is counts) and half the people (every pair of people
        is its own).
        """
        return 2 * self.people

    def threshold(self, rate: float) -> float:
        """Return the energy at or below which the next comparison falls with this chance."""
        wider = self.spread * np.sqrt(1 + 1 / self.people)
        distance = float(self.mean + _student_quantile(rate, self.degrees) * wider)
        return distance * abs(distance) if self.squared else distance

    def rate(self, threshold: float) -> float:
        """Return the share at or below a threshold, as if mean and spread were known."""
        distance = np.sqrt(max(threshold, 0.0)) if self.squared else threshold
        return NormalDist(self.mean, max(self.spread, 1e-12)).cdf(float(distance))


def _student_quantile(share: float, degrees: int) -> float:
    """Return the value below which a share of Student's distribution lies.

    With t = −√degrees / tan φ, the share below t is an integral of sin(φ)^(degrees − 1) from 0.

    Args:
        share: above 0, at most 0.5.
        degrees: of freedom, at least 1.

    >>> round(_student_quantile(0.025, 9), 3)
    -2.262
    """
    nodes, weights = np.polynomial.legendre.leggauss(64)
    factor = exp(lgamma((degrees + 1) / 2) - lgamma(degrees / 2)) / pi**0.5
    low, high = 0.0, pi / 2
    for _ in range(60):
        middle = (low + high) / 2
        powers = np.sin(middle * (nodes + 1) / 2) ** (degrees - 1)
        below = factor * middle / 2 * float(weights @ powers)
        low, high = (middle, high) if below <= share else (low, middle)
    return float(-np.sqrt(degrees) / np.tan(high))
