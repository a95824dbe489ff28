"""The lower tail of impostor energies beyond what was counted: a generalised Pareto tail.

Energies under a low quantile u, as distances below it x = u − e, follow a generalised Pareto
distribution if u is low enough (J. Pickands, «Statistical Inference Using Extreme Order
Statistics», Annals of Statistics 1975). Fitted by probability-weighted moments (J. Hosking &
J. Wallis, «Parameter and Quantile Estimation for the Generalized Pareto Distribution»,
Technometrics 1987, equations 5 and 6), which need no search and are steady for few values.
"""

from dataclasses import dataclass

import numpy as np

from likeness.arrays import Energies, Floats


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

    def threshold(self, rate: float) -> float:
        """Return the energy below which so large a share of all lies; at most the start."""
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


def fit_tail(
    energies: Energies,
    *,
    share: float = 0.05,
    weights: Floats | None = None,
    total: float | None = None,
) -> Tail:
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
    # The chance to be farther below u, at the middle of each value's own step.
    farther = (np.cumsum(weight) - weight / 2) / weight.sum()
    first = float(np.average(below, weights=weight))
    second = float(np.average(below * farther, weights=weight))
    spread = max(first - 2 * second, 1e-12)
    return Tail(
        start=start,
        share=float(reached[end - 1]),
        shape=first / spread - 2,
        scale=max(2 * first * second / spread, 1e-12),
    )
