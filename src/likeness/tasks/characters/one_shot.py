"""Runs of one-shot classification: drawings and answers, errors, and an interval over the runs.

A run is one small world (an alphabet and two drawers); its probes share it and are not
independent. So whole runs are drawn again, not probes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from likeness.arrays import Codes, Energies, Images, check_images, check_in_range, describe
from likeness.errors import DataError, TooFewError
from likeness.evaluation.figures import Interval
from likeness.evaluation.intervals import quantiles


@dataclass(frozen=True, eq=False, kw_only=True)
class OneShotRun:
    """One image each of several new identities, and probes to recognise by them.

    Args:
        name: of the run.
        gallery: ``(ways, rows, columns, channels)``, one image of each identity.
        probes: ``(q, rows, columns, channels)``, none of them in the gallery.
        answers: ``(q,)``, the gallery row of each probe's identity.

    Raises:
        DataError: the images are none, or an answer is no row of the gallery.

    >>> nothing = np.zeros((2, 4, 4, 1), np.uint8)
    >>> run = OneShotRun(name="run01", gallery=nothing, probes=nothing, answers=[1, 0])
    >>> run.ways, run.answers.tolist()
    (2, [1, 0])
    """

    name: str
    gallery: Images
    probes: Images
    answers: Codes

    def __post_init__(self) -> None:
        answers = np.array(self.answers, dtype=np.int64)
        for part in ("gallery", "probes"):
            images = check_images(getattr(self, part), argument=part).view()
            images.flags.writeable = False
            object.__setattr__(self, part, images)
        rows = len(self.gallery)
        if answers.shape != (len(self.probes),) or not ((answers >= 0) & (answers < rows)).all():
            raise DataError(
                f"answers: expected {len(self.probes)} rows of the gallery, 0 to {rows - 1}. "
                f"Received: {np.array2string(answers, threshold=8)}."
            )
        answers.flags.writeable = False
        object.__setattr__(self, "answers", answers)

    @property
    def ways(self) -> int:
        """How many identities there are to choose from."""
        return len(self.gallery)


REPETITIONS = 10_000
SEED = 0


def run_error(energies: Energies, answers: Codes) -> float:
    """Return the share of a run's probes whose nearest gallery image is not theirs, 0…1.

    Where several are nearest, one is drawn fairly: of two, one of them right, half an error.

    Args:
        energies: ``(q, ways)``, of each probe with each gallery image.
        answers: ``(q,)``, the gallery row of each probe's identity.

    Raises:
        DataError: the shapes do not go together, or a number is NaN.

    >>> import numpy as np
    >>> run_error(np.array([[0.1, 0.9], [0.4, 0.7]]), np.array([0, 1]))
    0.5
    """
    if energies.ndim != 2 or 0 in energies.shape or answers.shape != energies.shape[:1]:
        raise DataError(
            "energies, answers: expected shapes (q, ways) and (q,). Received: "
            f"{describe(energies)} and {describe(answers)}."
        )
    if np.isnan(energies).any():
        raise DataError("energies: expected numbers. Received: NaN.")
    nearest = energies == energies.min(axis=1, keepdims=True)
    right = nearest[np.arange(len(answers)), answers] / nearest.sum(axis=1)
    return float(1.0 - right.mean())


def mean_error(
    errors: Sequence[float] | NDArray[np.float64],
    *,
    repetitions: int = REPETITIONS,
    seed: int = SEED,
    level: float = 0.95,
) -> Interval:
    """Return the mean over runs with its interval: runs are drawn with replacement.

    Args:
        errors: one per run.
        repetitions: how often the runs are drawn again, 10…1,000,000.
        seed: of the draws.
        level: of the interval, 0.5…0.999.

    Raises:
        TooFewError: there is no run.
        SettingError: a setting is out of its range.
    """
    check_in_range(repetitions, 10, 1_000_000, argument="repetitions", whole=True)
    values = np.asarray(errors, np.float64)
    if not len(values):
        raise TooFewError("errors: expected at least one run. Received: none.")
    rng = np.random.default_rng(seed)
    draws = values[rng.integers(len(values), size=(repetitions, len(values)))].mean(axis=1)
    low, high = quantiles(draws, level=level)
    return Interval(mean=float(values.mean()), low=float(low), high=float(high))
