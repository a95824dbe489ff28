"""Verification: are these two the same? The figures of the field, from `ErrorRates`."""

import numpy as np
from numpy.typing import ArrayLike

from likeness.errors import SettingError
from likeness.evaluation.counts import ErrorRates, Floats, error_rates

EVIDENCE = 3
"""A FAR needs three impostor pairs per false acceptance to be claimed: with none accepted
among n, 3/n is the upper end of the 95 % interval (the «rule of three»)."""


def is_evidence(rates: ErrorRates, far: float) -> bool:
    """Return whether the impostor pairs are enough to claim such a FAR, 3/n or more."""
    return far >= EVIDENCE / rates.impostor_pairs


def auc(rates: ErrorRates) -> float:
    """Return P(genuine energy < impostor energy) + ½ P(equal): the area under the ROC, 0…1.

    >>> auc(error_rates([0.1, 0.4], [0.4, 0.9]))
    0.875
    """
    tar = 1.0 - rates.frr
    # Trapezoids: a tie of genuine and impostor pairs is a slanted piece, worth one half.
    area = float(np.sum(np.diff(rates.far) * (tar[1:] + tar[:-1]) / 2))
    return min(area, 1.0)  # thousands of rounded pieces may add up to a little more


def equal_error_rate(rates: ErrorRates) -> float:
    """Return the rate at which FAR and FRR are equal, 0…1.

    No threshold may give them exactly: between the last threshold with FAR < FRR and the
    first with FAR ≥ FRR both are taken to change along a straight line, and the rate is
    where the lines cross. Equal energies of genuine and impostor pairs move both rates at
    once, so where all energies tie the rate is ½: a coin.

    >>> equal_error_rate(error_rates([1.0, 2.0, 3.0, 6.0], [4.0, 5.0, 7.0, 8.0]))
    0.25
    """
    after = int(np.argmax(rates.far >= rates.frr))
    before = after - 1
    gap = rates.frr[before] - rates.far[before]
    closing = gap + rates.far[after] - rates.frr[after]
    share = gap / closing
    return float(rates.far[before] + share * (rates.far[after] - rates.far[before]))


def threshold_at_far(rates: ErrorRates, far: float) -> float:
    """Return the largest threshold that accepts at most this share of the impostor pairs.

    −∞, which accepts nothing, if every energy accepts more.

    Raises:
        SettingError: the pairs are too few to show such a FAR.
    """
    if not 0 < far <= 1:
        raise SettingError(f"far: expected a rate above 0, at most 1. Received: {far!r}.")
    if not is_evidence(rates, far):
        raise SettingError(
            f"far: {rates.impostor_pairs} impostor pairs support no FAR under "
            f"{EVIDENCE / rates.impostor_pairs:.2g}. Received: {far:g}. Measure on more people."
        )
    return float(rates.thresholds[np.flatnonzero(rates.far <= far)[-1]])


def tar_at_far(rates: ErrorRates, far: float) -> float:
    """Return the share of genuine pairs accepted where at most ``far`` of the impostors are.

    Raises:
        SettingError: the pairs are too few to show such a FAR.

    >>> tar_at_far(error_rates([1.0, 2.0, 6.0], [3.0, 5.0, 7.0, 8.0, 8.0, 9.0]), 0.5)
    1.0
    """
    threshold = threshold_at_far(rates, far)
    return float(1.0 - rates.frr[rates.thresholds == threshold][0])


def accuracy_at(rates: ErrorRates, threshold: float) -> float:
    """Return the accuracy on balanced pairs at a threshold, 1 − (FAR + FRR) / 2.

    Raises:
        SettingError: the threshold is NaN, which accepts nothing and refuses nothing.

    >>> accuracy_at(error_rates([1.0, 3.0], [2.0, 4.0]), 2.5)
    0.5
    """
    far, frr = rates.at(threshold)
    return 1.0 - (far + frr) / 2


def choose_threshold(genuine: ArrayLike, impostor: ArrayLike) -> float:
    """Return the threshold with the best accuracy on balanced pairs.

    Half-way between the last energy it accepts and the next one. Of several equally good
    ones, the middle one (the upper of two), so that the answer does not lean to either error.
    It is always finite: accepting everything is as good as accepting nothing.

    >>> choose_threshold([1.0, 2.0], [5.0, 6.0])
    3.5
    """
    rates = error_rates(genuine, impostor)
    wrong = rates.far + rates.frr
    best = np.flatnonzero(wrong <= wrong.min() + 1e-12)
    place = int(best[len(best) // 2])
    if place == len(rates.thresholds) - 1:
        return float(rates.thresholds[-1])
    here, beyond = rates.thresholds[place : place + 2]
    # Between neighbouring numbers there is no half-way; it must not round up to the next one.
    return float(min(here + (beyond - here) / 2, np.nextafter(beyond, -np.inf)))


def roc(rates: ErrorRates) -> tuple[Floats, Floats]:
    """Return (FAR, TAR) along the thresholds, from (0, 0) to (1, 1)."""
    return rates.far, 1.0 - rates.frr
