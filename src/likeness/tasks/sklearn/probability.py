"""From the energies of classes to probabilities: a softmax at a temperature that was measured.

P(class c) = exp(−E_c / T) / Σ_j exp(−E_j / T). T is the one number that fits best to items that
the encoder has not learned (C. Guo et al., «On Calibration of Modern Neural Networks», ICML
2017, section 4.2, with −E in the place of the logits). One number for all classes, so it holds
for a class that is enrolled later, too.
"""

import numpy as np
from numpy.typing import NDArray

from likeness.arrays import Codes, Energies
from likeness.errors import require_extra

Floats = NDArray[np.float64]

UNCALIBRATED = 0.2
"""The temperature where nothing could be held out: a tenth of the largest energy there is
between embeddings of unit length."""

_RANGE = (1e-4, 1e4)
"""Of temperatures, times the spread of the energies."""


def class_probabilities(energies: Energies, temperature: float) -> Floats:
    """Return ``(n, classes)``, each row summing to one.

    Args:
        energies: ``(n, classes)``; infinite for a class of which nothing is known, whose
            probability is 0. At least one is finite in each row.
        temperature: > 0.

    >>> import numpy as np
    >>> class_probabilities(np.array([[0.0, np.log(3.0), np.inf]]), 1.0).round(3).tolist()
    [[0.75, 0.25, 0.0]]
    """
    nearest = energies.min(axis=1, keepdims=True)
    odds = np.exp(-(energies - nearest) / temperature)
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def fit_temperature(energies: Energies, codes: Codes) -> float:
    """Return the temperature with the smallest log-loss on items that were held out.

    Each item is a little of every other class (Platt's targets, (n + 1) / (n + 2) for its own),
    so that classes that do not overlap give no temperature of 0, and no certainty that so few
    items cannot show.

    Args:
        energies: ``(n, classes)``, finite, of at least one item and two classes.
        codes: ``(n,)``, the class of each.

    >>> import numpy as np
    >>> apart = np.array([[0.1, 1.1], [1.1, 0.1]])
    >>> fit_temperature(apart, np.array([0, 1])) < fit_temperature(apart, np.array([0, 0]))
    True
    """
    items, classes = energies.shape
    own = (items + 1) / (items + 2)
    targets = np.full(energies.shape, (1 - own) / (classes - 1))
    targets[np.arange(items), codes] = own
    away = energies - energies.min(axis=1, keepdims=True)
    spread = float(away.mean())
    if spread == 0:  # every class is as near as the others, at any temperature
        return UNCALIBRATED

    def cost(log_temperature: float) -> float:
        logits = -away / (spread * np.exp(log_temperature))
        losses = np.log(np.exp(logits).sum(axis=1)) - (targets * logits).sum(axis=1)
        return float(losses.mean())

    optimize = require_extra("scipy.optimize")
    low, high = np.log(_RANGE)
    fit = optimize.minimize_scalar(cost, bounds=(low, high), method="bounded")
    return spread * float(np.exp(fit.x))
