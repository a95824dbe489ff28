"""Failure to acquire (FTA): photos in which no usable face is found belong to the rates.

Such a photo is a rejected genuine attempt and a rejected impostor attempt (ISO/IEC 19795-1):

    FRR = FTA + FNMR · (1 − FTA),   FAR = FMR · (1 − FTA),

with the match rates FNMR and FMR of the photos that were acquired. Identification likewise: the
attempt finds nobody. Leaving such photos out would make an encoder with a strict face finder look
better than it is at the door.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from likeness.arrays import Codes, Floats
from likeness.datasets.items import Dataset


@dataclass(frozen=True, eq=False, kw_only=True)
class Acquisition:
    """How many photos of each person were acquired, and how many were not.

    Args:
        acquired, failed: ``(people,)``; first the people of the data set in the order of their
            codes, then those none of whose photos was acquired.
    """

    acquired: NDArray[np.int64]
    failed: NDArray[np.int64]

    @classmethod
    def of(cls, data: Dataset) -> "Acquisition | None":
        """Return that of a data set; None where no face was looked for."""
        if data.not_acquired is None:
            return None
        everybody = data.everybody
        return cls(
            acquired=np.array([data.identities.count(person) for person in everybody], np.int64),
            failed=np.array([data.not_acquired.count(person) for person in everybody], np.int64),
        )

    def of_people(self, codes: Codes) -> "Acquisition":
        """Return that of some people; the others have no photo."""
        inside = np.isin(np.arange(len(self.failed)), codes)
        return Acquisition(acquired=self.acquired * inside, failed=self.failed * inside)

    @property
    def photos(self) -> int:
        """All photos that were tried."""
        return int(self.acquired.sum() + self.failed.sum())

    def rate(self, weights: Floats | None = None) -> float:
        """Return the FTA, 0…1, each person's photos counted as often as ``(people,)`` weights say.

        >>> Acquisition(acquired=np.array([3, 0]), failed=np.array([0, 1])).rate()
        0.25
        """
        weights = np.ones(len(self.failed)) if weights is None else weights[: len(self.failed)]
        total = float(weights @ (self.acquired + self.failed))
        return float(weights @ self.failed) / total if total else 0.0


def failure_rate(acquisition: Acquisition | None, weights: Floats | None = None) -> float:
    """Return the FTA; 0 where no face was looked for."""
    return 0.0 if acquisition is None else acquisition.rate(weights)
