"""U4, S20 and C5 of docs/protocols.md, for any method.

C5, the closed set: five photos of each person are learned and enrolled, the other five are
recognised; ten draws of the five.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.method import ClosedSetMethod, Fitted, Method
from likeness.arrays import Energies, Images
from likeness.datasets import Dataset
from likeness.evaluation import evaluate_matrix, people_intervals, rank_one
from likeness.experiments.unseen_people import unseen_people_parts
from likeness.files import to_json
from likeness.training import TrainingProgress

Tell = Callable[[TrainingProgress], None]
Figures = dict[str, dict[str, float]]
REPETITIONS = 500
FOLDS = {"U4": 4, "S20": 2}


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What one fit took, in seconds of one core: what else the machine does hardly counts.

    Args:
        seconds: of learning.
        parameters: kept for use.
        photos_per_second: embedded, the best of three goes.
    """

    seconds: float
    parameters: int
    photos_per_second: float


@dataclass(frozen=True, eq=False)
class UnseenJob:
    """Learn from some people, compare photos of others; runs in a process of its own."""

    method: Method
    train: Dataset
    test: Dataset
    seed: int

    def __call__(self, tell: Tell) -> tuple[Energies, Cost]:
        """Return the energies between the test photos, and what it took."""
        fitted, seconds = _timed_fit(self.method, self.train, self.seed)
        embeddings, rate = _timed_embedding(fitted, self.test.items)
        cost = Cost(seconds=seconds, parameters=fitted.parameters, photos_per_second=rate)
        return fitted.energies(embeddings), cost


@dataclass(frozen=True, eq=False)
class ClosedJob:
    """Learn and enrol some photos of everybody, recognise the others."""

    method: Method | ClosedSetMethod
    train: Dataset
    test: Dataset
    seed: int

    def __call__(self, tell: Tell) -> NDArray[np.float64]:
        """Return how right the answer was for each test photo, 0…1."""
        if hasattr(self.method, "recognise"):
            answers = self.method.recognise(self.train, self.test.items)
            return np.asarray(answers == self.test.codes, np.float64)
        fitted = self.method.fit(self.train, seed=self.seed)  # type: ignore[union-attr]
        both = np.concatenate([self.test.items, self.train.items])
        matrix = fitted.energies(fitted.embed(both))
        probes = len(self.test)
        return rank_one(matrix[:probes, probes:], self.test.codes, self.train.codes)


def _timed_fit(method: Method, train: Dataset, seed: int) -> tuple[Fitted, float]:
    began = time.process_time()
    fitted = method.fit(train, seed=seed)
    return fitted, time.process_time() - began


def _timed_embedding(fitted: Fitted, items: Images) -> tuple[Any, float]:
    embeddings = fitted.embed(items)  # the first time compiles
    times = []
    for _ in range(3):
        began = time.process_time()
        fitted.embed(items)
        times.append(time.process_time() - began)
    return embeddings, len(items) / max(min(times), 1e-9)


def unseen_jobs(method: Method, data: Dataset, protocol: str, *, seed: int) -> list[UnseenJob]:
    """Return a job per fold of U4 or S20."""
    parts = unseen_people_parts(data, FOLDS[protocol])
    return [UnseenJob(method, train, test, seed) for train, test in parts]


def unseen_figures(jobs: Sequence[UnseenJob], results: Sequence[tuple[Energies, Cost]]) -> Figures:
    """Return the figures with intervals over people."""
    folds = [
        evaluate_matrix(matrix, job.test.codes, threshold=None)
        for job, (matrix, _) in zip(jobs, results, strict=True)
    ]
    intervals = people_intervals(folds, repetitions=REPETITIONS, seed=0)
    return to_json(intervals)


def closed_jobs(
    method: Method | ClosedSetMethod, data: Dataset, *, draws: int, seed: int
) -> list[ClosedJob]:
    """Return a job per draw: half of each person's photos to learn, half to recognise."""
    jobs = []
    for draw in range(draws):
        rng = np.random.default_rng(draw)
        learned, left = [], []
        for code in np.unique(data.codes):
            mixed = rng.permutation(np.flatnonzero(data.codes == code))
            learned += sorted(mixed[: len(mixed) // 2])
            left += sorted(mixed[len(mixed) // 2 :])
        jobs.append(ClosedJob(method, data.take(learned), data.take(left), seed))
    return jobs


def closed_figures(
    jobs: Sequence[ClosedJob], results: Sequence[NDArray[np.float64]]
) -> dict[str, float]:
    """Return the rank-1 rate over all draws, with an interval over people."""
    codes = np.concatenate([job.test.codes for job in jobs])
    correct = np.concatenate(results)
    each = np.array([correct[codes == code].mean() for code in np.unique(codes)])
    rng = np.random.default_rng(0)
    drawn = rng.choice(each, (REPETITIONS, len(each))).mean(axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return {"mean": float(correct.mean()), "low": float(low), "high": float(high)}
