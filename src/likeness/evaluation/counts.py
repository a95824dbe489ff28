"""The one counting primitive behind every rate: who is accepted at which threshold.

«Accept if energy ≤ threshold», so equal energies are accepted together: a threshold can
only stand at one of the energies, or below all of them. Counting a tie apart, one energy at
a time, would invent operating points that no threshold has.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from likeness.arrays import describe
from likeness.errors import DataError, SettingError, TooFewError

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class ErrorRates:
    """False acceptance and false rejection at every threshold that makes a difference.

    Args:
        thresholds: ``(t,)``, ascending, the first −∞ (nothing is accepted), then every
            distinct energy.
        far: ``(t,)``, share of impostor pairs accepted (FAR, FMR), 0…1, rising.
        frr: ``(t,)``, share of genuine pairs rejected (FRR, FNMR), 1…0, falling.
        genuine_pairs, impostor_pairs: how many pairs stand behind the rates.
    """

    thresholds: Floats
    far: Floats
    frr: Floats
    genuine_pairs: int
    impostor_pairs: int

    def at(self, threshold: float) -> tuple[float, float]:
        """Return (FAR, FRR) at a threshold.

        Raises:
            SettingError: the threshold is NaN, which accepts nothing and refuses nothing.
        """
        place = step_at(self.thresholds, threshold)
        return float(self.far[place]), float(self.frr[place])


class Counter:
    """Sorts the energies once, and then gives the rates for any weights of the pairs.

    Args:
        genuine: ``(g,)`` energies of genuine pairs, at least one, finite.
        impostor: ``(i,)`` energies of impostor pairs, at least one, finite.

    Raises:
        TooFewError: there are no genuine or no impostor pairs.
        DataError: an energy is NaN or infinite.
    """

    def __init__(self, genuine: ArrayLike, impostor: ArrayLike) -> None:
        self._genuine = _checked(genuine, "genuine")
        self._impostor = _checked(impostor, "impostor")
        both = np.concatenate([self._genuine, self._impostor])
        distinct, self._place = np.unique(both, return_inverse=True)
        self._thresholds = np.concatenate([[-np.inf], distinct])

    def rates(
        self, genuine_weights: Floats | None = None, impostor_weights: Floats | None = None
    ) -> ErrorRates:
        """Return the rates; each pair counts as often as its weight says, or once.

        Args:
            genuine_weights: ``(g,)``, 0 or more, not all 0.
            impostor_weights: ``(i,)``, likewise.

        Raises:
            DataError: the weights are something else.
        """
        split = len(self._genuine)
        accepted = self._accepted(self._place[:split], genuine_weights, "genuine_weights")
        falsely = self._accepted(self._place[split:], impostor_weights, "impostor_weights")
        return ErrorRates(
            thresholds=self._thresholds,
            far=falsely,
            frr=1.0 - accepted,
            genuine_pairs=len(self._genuine),
            impostor_pairs=len(self._impostor),
        )

    def _accepted(self, place: NDArray[np.intp], weights: Floats | None, argument: str) -> Floats:
        """Return the share accepted at each threshold."""
        size = len(self._thresholds)
        if weights is not None:
            _check_weights(weights, len(place), argument)
        at_energy = np.bincount(place + 1, weights=weights, minlength=size)
        counted = np.cumsum(at_energy)
        # The division makes the last one exactly 1, whatever was rounded before.
        return np.asarray(counted / counted[-1], dtype=np.float64)


def error_rates(
    genuine: ArrayLike,
    impostor: ArrayLike,
    *,
    genuine_weights: Floats | None = None,
    impostor_weights: Floats | None = None,
) -> ErrorRates:
    """Return FAR and FRR at every threshold that makes a difference.

    Args:
        genuine: ``(g,)`` energies of genuine pairs.
        impostor: ``(i,)`` energies of impostor pairs.
        genuine_weights: ``(g,)``, how often each counts; once if not given.
        impostor_weights: ``(i,)``, likewise.

    Raises:
        TooFewError: there are no genuine or no impostor pairs.
        DataError: an energy is NaN or infinite, or the weights are not shares of the pairs.

    >>> rates = error_rates([0.1, 0.4], [0.4, 0.9])
    >>> rates.thresholds.tolist(), rates.far.tolist(), rates.frr.tolist()
    ([-inf, 0.1, 0.4, 0.9], [0.0, 0.0, 0.5, 1.0], [1.0, 0.5, 0.0, 0.0])
    """
    return Counter(genuine, impostor).rates(genuine_weights, impostor_weights)


def step_at(thresholds: Floats, threshold: float) -> int:
    """Return which of the ascending thresholds, the first −∞, gives the rates at a threshold.

    Raises:
        SettingError: the threshold is NaN.
    """
    if np.isnan(threshold):
        raise SettingError("threshold: expected a number. Received: nan.")
    return int(np.searchsorted(thresholds, threshold, side="right")) - 1


def _check_weights(weights: Floats, count: int, argument: str) -> None:
    if np.shape(weights) != (count,):
        raise DataError(
            f"{argument}: expected {count} weights, one per pair. "
            f"Received: {describe(np.asarray(weights))}."
        )
    # Written so that NaN fails too.
    if not (np.min(weights) >= 0 and 0 < np.sum(weights) < np.inf):
        raise DataError(
            f"{argument}: expected finite weights of 0 or more, not all 0. "
            f"Received: {np.min(weights):g} … {np.max(weights):g}."
        )


def _checked(energies: ArrayLike, argument: str) -> Floats:
    array = np.asarray(energies, dtype=np.float64)
    if array.ndim != 1:
        raise DataError(
            f"{argument}: expected energies of shape (n,). Received: {describe(array)}."
        )
    if len(array) == 0:
        raise TooFewError(
            f"{argument}: expected at least one {argument} pair. Received: none. "
            "Rates need two people, one of them with two photos."
        )
    if not np.isfinite(array).all():
        raise DataError(f"{argument}: expected finite energies. Received: NaN or infinity.")
    return array
