"""Verification: equal error rate, ROC, AUC, TAR at a FAR, threshold choice.

All rates use one counting function, `ErrorCounter`: the pairs accepted at each threshold.
«Accept if energy ≤ threshold», so equal energies are accepted together: a threshold can
only stand at one of the energies, or below all of them. Splitting ties would create operating
points that no threshold has.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from likeness.arrays import Floats, describe
from likeness.errors import DataError, SettingError, TooFewError
from likeness.evaluation.figures import FigureName

EVIDENCE = 3
"""A FAR of f needs 3 / f impostor pairs: with none accepted
among n, 3/n is the upper end of the 95 % interval (the «rule of three»)."""


@dataclass(frozen=True, eq=False, kw_only=True)
class ErrorRates:
    """False acceptance and false rejection rates at every distinct threshold.

    Args:
        thresholds: ``(t,)``, ascending, the first −∞ (nothing is accepted), then every
            distinct energy.
        far: ``(t,)``, share of impostor pairs accepted (FAR, FMR), 0…1, rising.
        frr: ``(t,)``, share of genuine pairs rejected (FRR, FNMR), 1…0, falling.
        genuine_pairs, impostor_pairs: number of pairs behind the rates.
    """

    thresholds: Floats
    far: Floats
    frr: Floats
    genuine_pairs: int
    impostor_pairs: int

    def at(self, threshold: float) -> tuple[float, float]:
        """Return (FAR, FRR) at a threshold.

        Raises:
            SettingError: the threshold is NaN.
        """
        step = step_at(self.thresholds, threshold)
        return float(self.far[step]), float(self.frr[step])

    def threshold_at(self, far: float) -> float:
        """Return the largest threshold that accepts at most this share of the impostor pairs.

        −∞, which accepts nothing, if every energy accepts more.

        Raises:
            SettingError: the pairs are too few to show such a FAR.
        """
        if not 0 < far <= 1:
            raise SettingError(f"far: expected a rate above 0, at most 1. Received: {far!r}.")
        if not self.can_show(far):
            raise SettingError(
                f"far: {self.impostor_pairs} impostor pairs support no FAR under "
                f"{EVIDENCE / self.impostor_pairs:.2g}. Received: {far:g}. Measure on more people."
            )
        return float(self.thresholds[np.flatnonzero(self.far <= far)[-1]])

    def counting(self, fta: float) -> "ErrorRates":
        """Return the rates with photos that were not acquired as rejected attempts.

        FAR = FMR · (1 − FTA) and FRR = FTA + FNMR · (1 − FTA); a threshold of +∞ would accept
        them too. (ISO/IEC 19795-1)

        Args:
            fta: the failure-to-acquire rate, 0…1.

        >>> error_rates([0.1, 0.4], [0.4, 0.9]).counting(0.5).at(0.4)
        (0.25, 0.5)
        """
        if not fta:
            return self
        return replace(
            self,
            thresholds=np.append(self.thresholds, np.inf),
            far=np.append(self.far * (1 - fta), 1.0),
            frr=np.append(fta + self.frr * (1 - fta), 0.0),
        )

    def can_show(self, far: float) -> bool:
        """Return whether the impostor pairs suffice for this FAR, 3/n or more."""
        return far >= EVIDENCE / self.impostor_pairs

    def figures(self, threshold: float | None, fars: Sequence[float]) -> dict[FigureName, float]:
        """Return the figures of verification, by name.

        Args:
            threshold: at which the accuracy is reported; None if there is none.
            fars: false acceptance rates at which the true acceptance rate is reported.
        """
        figures = {FigureName("auc"): auc(self), FigureName("eer"): equal_error_rate(self)}
        for far in fars:
            if self.can_show(far):
                figures[FigureName("tar_at_far", far)] = tar_at_far(self, far)
        if threshold is not None:
            figures[FigureName("accuracy")] = accuracy_at(self, threshold)
        return figures


class Counter:
    """Sorts the energies once, and computes the rates for any weights of the pairs.

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
        distinct, self._step_of = np.unique(both, return_inverse=True)
        self._thresholds = np.concatenate([[-np.inf], distinct])

    def rates(
        self, genuine_weights: Floats | None = None, impostor_weights: Floats | None = None
    ) -> ErrorRates:
        """Return the rates; each pair counts as often as its weight says, or once.

        Args:
            genuine_weights: ``(g,)``, 0 or more, not all 0.
            impostor_weights: ``(i,)``, likewise.

        Raises:
            DataError: the weights do not fit.
        """
        split = len(self._genuine)
        accepted = self._accepted(self._step_of[:split], genuine_weights, "genuine_weights")
        falsely = self._accepted(self._step_of[split:], impostor_weights, "impostor_weights")
        return ErrorRates(
            thresholds=self._thresholds,
            far=falsely,
            frr=1.0 - accepted,
            genuine_pairs=len(self._genuine),
            impostor_pairs=len(self._impostor),
        )

    def _accepted(self, step_of: NDArray[np.intp], weights: Floats | None, argument: str) -> Floats:
        """Return the share accepted at each threshold."""
        size = len(self._thresholds)
        if weights is not None:
            _check_weights(weights, len(step_of), argument)
        at_energy = np.bincount(step_of + 1, weights=weights, minlength=size)
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
    """Return FAR and FRR at every distinct threshold.

    Args:
        genuine: ``(g,)`` energies of genuine pairs.
        impostor: ``(i,)`` energies of impostor pairs.
        genuine_weights: ``(g,)``, how often each counts; once if not given.
        impostor_weights: ``(i,)``, likewise.

    Raises:
        TooFewError: there are no genuine or no impostor pairs.
        DataError: an energy is NaN or infinite, or the weights do not fit.

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


def auc(rates: ErrorRates) -> float:
    """Return P(genuine energy < impostor energy) + ½ P(equal): the area under the ROC, 0…1.

    >>> auc(error_rates([0.1, 0.4], [0.4, 0.9]))
    0.875
    """
    tar = 1.0 - rates.frr
    # Trapezoids: a tie of genuine and impostor pairs is a slanted piece, worth one half.
    area = float(np.sum(np.diff(rates.far) * (tar[1:] + tar[:-1]) / 2))
    return min(area, 1.0)  # rounding may give slightly more than 1


def equal_error_rate(rates: ErrorRates) -> float:
    """Return the rate at which FAR and FRR are equal, 0…1.

    No threshold may give them exactly: between the last threshold with FAR < FRR and the
    first with FAR ≥ FRR both are taken to change along a straight line, and the rate is
    where the lines cross. Equal energies of genuine and impostor pairs move both rates at
    once, so if all energies are equal the rate is ½.

    >>> equal_error_rate(error_rates([1.0, 2.0, 3.0, 6.0], [4.0, 5.0, 7.0, 8.0]))
    0.25
    """
    after = int(np.argmax(rates.far >= rates.frr))
    before = after - 1
    gap = rates.frr[before] - rates.far[before]
    closing = gap + rates.far[after] - rates.frr[after]
    share = gap / closing
    return float(rates.far[before] + share * (rates.far[after] - rates.far[before]))


def tar_at_far(rates: ErrorRates, far: float) -> float:
    """Return the share of genuine pairs accepted where at most ``far`` of the impostors are.

    Raises:
        SettingError: the pairs are too few to show such a FAR.

    >>> tar_at_far(error_rates([1.0, 2.0, 6.0], [3.0, 5.0, 7.0, 8.0, 8.0, 9.0]), 0.5)
    1.0
    """
    threshold = rates.threshold_at(far)
    return float(1.0 - rates.frr[rates.thresholds == threshold][0])


def accuracy_at(rates: ErrorRates, threshold: float) -> float:
    """Return the accuracy on balanced pairs at a threshold, 1 − (FAR + FRR) / 2.

    Raises:
        SettingError: the threshold is NaN.

    >>> accuracy_at(error_rates([1.0, 3.0], [2.0, 4.0]), 2.5)
    0.5
    """
    far, frr = rates.at(threshold)
    return 1.0 - (far + frr) / 2


def choose_threshold(genuine: ArrayLike, impostor: ArrayLike) -> float:
    """Return the threshold with the best accuracy on balanced pairs.

    Half-way between the last energy it accepts and the next one. Of several equally good
    ones, the middle one (the upper of two), so that neither error is favoured.
    It is always finite: accepting everything is as good as accepting nothing.

    >>> choose_threshold([1.0, 2.0], [5.0, 6.0])
    3.5
    """
    rates = error_rates(genuine, impostor)
    wrong = rates.far + rates.frr
    best = np.flatnonzero(wrong <= wrong.min() + 1e-12)
    step = int(best[len(best) // 2])
    if step == len(rates.thresholds) - 1:
        return float(rates.thresholds[-1])
    here, beyond = rates.thresholds[step : step + 2]
    # Between adjacent floats the midpoint must not round up to the next one.
    return float(min(here + (beyond - here) / 2, np.nextafter(beyond, -np.inf)))


def roc(rates: ErrorRates) -> tuple[Floats, Floats]:
    """Return (FAR, TAR) along the thresholds, from (0, 0) to (1, 1)."""
    return rates.far, 1.0 - rates.frr
