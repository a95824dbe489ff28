"""`EnergyHistogram`: how many genuine and impostor comparisons lie at which energy.

What a threshold was chosen on, small enough to be kept with it: a picture can then show where
a new comparison lies among them. Counts of comparisons alone; no photo, no person, no pair.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from likeness.errors import DataError

FORMAT = "likeness.energy-histogram/1"

BINS = 40
"""Equal bins from the lowest to the highest energy of both kinds."""


@dataclass(frozen=True, kw_only=True)
class EnergyHistogram:
    """Counts of energies in bins of equal width, genuine and impostor apart.

    Args:
        edges: ``BINS + 1``, ascending. A bin holds what is at its lower edge or above and
            below its upper one; the last holds its upper edge too.
        genuine, impostor: ``BINS`` counts each.
    """

    edges: tuple[float, ...]
    genuine: tuple[int, ...]
    impostor: tuple[int, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return {
            "format": FORMAT,
            "edges": list(self.edges),
            "genuine": list(self.genuine),
            "impostor": list(self.impostor),
        }


def energy_histogram(genuine: ArrayLike, impostor: ArrayLike) -> EnergyHistogram:
    """Count energies into `BINS` bins.

    Args:
        genuine, impostor: finite energies, ``(g,)`` and ``(i,)``, one of each at least.

    Raises:
        DataError: there are none of one kind, or one is not finite.

    >>> energy_histogram([0.0, 0.1], [4.0]).genuine[:3]
    (1, 1, 0)
    """
    kinds = [np.asarray(values, np.float64).ravel() for values in (genuine, impostor)]
    if not all(len(values) and np.isfinite(values).all() for values in kinds):
        raise DataError(
            "energies: expected finite numbers, one or more of genuine and of impostor "
            f"comparisons. Received: {len(kinds[0])} and {len(kinds[1])}, "
            f"{sum(int((~np.isfinite(values)).sum()) for values in kinds)} of them not finite."
        )
    every = np.concatenate(kinds)
    # Equal energies get a bin of their own, of width one in all: NumPy's own rule.
    edges = np.histogram_bin_edges(every, bins=BINS)
    counts = [np.histogram(values, bins=edges)[0] for values in kinds]
    return EnergyHistogram(
        edges=tuple(float(edge) for edge in edges),
        genuine=tuple(int(count) for count in counts[0]),
        impostor=tuple(int(count) for count in counts[1]),
    )


def stored_histogram(
    calibration: Mapping[str, Any], record: Mapping[str, Any], threshold: float | None
) -> EnergyHistogram | None:
    """Return the histogram behind a saved model's threshold, where it kept one.

    Args:
        calibration, record: of the model. `likeness calibrate` stores it in the one, training
            beside the threshold in the other.
        threshold: in force; the histogram behind another one is not returned.

    Returns:
        None for a model without one: made before there were histograms, without a threshold,
        or with one that was given by hand.

    Raises:
        DataError: what is stored is damaged or of another format.
    """
    chosen = record.get("threshold") or {}
    for source in (calibration, chosen):
        if threshold is not None and source.get("threshold") == threshold:
            stored = source.get("energies")
            return _read(stored) if stored else None
    return None


def _read(stored: Mapping[str, Any]) -> EnergyHistogram:
    try:
        histogram = EnergyHistogram(
            edges=tuple(float(edge) for edge in stored["edges"]),
            genuine=tuple(int(count) for count in stored["genuine"]),
            impostor=tuple(int(count) for count in stored["impostor"]),
        )
        sound = (
            stored["format"] == FORMAT
            and len(histogram.edges) > 1
            and bool(np.isfinite(histogram.edges).all() and (np.diff(histogram.edges) > 0).all())
            and {len(histogram.genuine), len(histogram.impostor)} == {len(histogram.edges) - 1}
            and min((*histogram.genuine, *histogram.impostor)) >= 0
        )
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
        sound = False
    if not sound:
        raise DataError(
            "the model's histogram of energies is damaged: expected the format "
            f"{FORMAT}, ascending edges, and one count per bin. Calibrate the model again: "
            "`likeness calibrate MODEL PHOTOS`."
        )
    return histogram
