"""Intervals of open-set figures, by resampling people.

A person drawn w times weighs w in mated searches. A non-mated search is a pair of people, the
stranger and the nearest person enrolled, drawn v and w times, and weighs v·w: some people are
taken for others again and again, and some are those that others are taken for. (As in
`likeness.evaluation.intervals`; the galleries themselves are not drawn again, because a
gallery with the same person twice has fewer people in it, and fewer false candidates.)
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from likeness.evaluation.figures import FigureName, Interval
from likeness.evaluation.intervals import resampled_intervals
from likeness.evaluation.open_set import OpenSetCounter, OpenSetEvaluation, open_set_figures
from likeness.evaluation.verification import EVIDENCE


def open_set_intervals(
    folds: Sequence[OpenSetEvaluation],
    *,
    repetitions: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> dict[FigureName, Interval]:
    """Return the mean over folds of every figure that all folds have, with its interval.

    The interval of FPIR and FNIR reaches up to 3/n at least, of the n different probes behind
    it (the «rule of three»): no error among people drawn again is not no error at all.

    Args and errors are those of `likeness.evaluation.people_intervals`.
    """
    intervals = resampled_intervals(
        [_OpenSetResampler(fold) for fold in folds], repetitions=repetitions, seed=seed, level=level
    )
    kinds = (FigureName("fpir"), "non_mated_items"), (FigureName("fnir"), "mated_items")
    for name, kind in kinds:
        if name in intervals:
            probes = sum(len(np.unique(getattr(f.open_set.searches, kind))) for f in folds)
            least = min(1.0, EVIDENCE / probes)
            intervals[name] = replace(intervals[name], high=max(intervals[name].high, least))
    return intervals


class _OpenSetResampler:
    """Figures of one fold under other numbers of each person."""

    def __init__(self, fold: OpenSetEvaluation) -> None:
        self._fold = fold
        self._searches = fold.open_set.searches
        self._counter = OpenSetCounter(self._searches)
        searches = self._searches
        self._present = np.union1d(searches.mated_codes, searches.non_mated_codes)
        self._people = int(self._present.max()) + 1

    @property
    def figures(self) -> Mapping[FigureName, float]:
        return self._fold.figures

    def draw(self, rng: np.random.Generator) -> Mapping[FigureName, float]:
        searches = self._searches
        while True:
            drawn = rng.choice(self._present, len(self._present))
            often = np.bincount(drawn, minlength=self._people).astype(np.float64)
            mated = often[searches.mated_codes]
            non_mated = often[searches.non_mated_codes] * often[searches.nearest_codes]
            if mated.any() and non_mated.any():
                rates = self._counter.rates(mated, non_mated)
                return open_set_figures(rates, self._fold.threshold)
