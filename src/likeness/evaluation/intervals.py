"""Intervals by resampling people.

Pairs are not independent: one odd photo is in many pairs, one hard person in many more.
Resampling pairs would give far too narrow intervals. So people are drawn with
replacement, within each fold; a person drawn w times weighs w in genuine pairs and one-shot
trials, a pair of people drawn v and w times weighs v·w in impostor pairs, and two copies of
one person form no pair. (Bolle, Ratha & Pankanti, «Error analysis of pattern recognition
systems — the subsets bootstrap», CVIU 2004, resample by person likewise.)
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from likeness.arrays import Floats, check_in_range
from likeness.errors import TooFewError
from likeness.evaluation.baselines import FARS, Evaluation
from likeness.evaluation.figures import FigureName, Interval
from likeness.evaluation.verification import Counter


class _Figures(Protocol):
    """Figures that can be computed again for resampled people."""

    @property
    def figures(self) -> Mapping[FigureName, float]:
        """The figures of everybody, each counted once."""

    def draw(self, rng: np.random.Generator) -> Mapping[FigureName, float]:
        """Return the figures for people drawn with replacement."""


def people_intervals(
    folds: Sequence[Evaluation],
    *,
    beyond: Sequence[Evaluation] | None = None,
    repetitions: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> dict[FigureName, Interval]:
    """Return the mean over folds of every figure that all folds have, with its interval.

    Args:
        folds: one evaluation per fold, each on people of its own; at least one.
        beyond: other evaluations of the same pairs of the same people; then the figures are the
            differences from them. Both are measured on the same people in every draw, so that what
            is hard for both cancels out.
        repetitions: how often people are drawn again.
        seed: of the draws.
        level: of the interval, 0.5…0.999.

    Raises:
        SettingError: a setting is out of its range.
        TooFewError: there is no fold.
    """
    measured: list[_Figures] = (
        [_Resampler(fold) for fold in folds]
        if beyond is None
        else [_Paired(*pair) for pair in zip(beyond, folds, strict=True)]
    )
    return resampled_intervals(measured, repetitions=repetitions, seed=seed, level=level)


def resampled_intervals(
    folds: Sequence[_Figures], *, repetitions: int = 1000, seed: int = 0, level: float = 0.95
) -> dict[FigureName, Interval]:
    """Return the mean over folds of whatever figures all of them have, with its interval.

    Args and errors are those of `people_intervals`.
    """
    check_in_range(level, 0.5, 0.999, argument="level")
    names, draws = drawn_figures(folds, repetitions=repetitions, seed=seed)
    means = [float(np.mean([fold.figures[name] for fold in folds])) for name in names]
    return {
        name: Interval.of_draws(mean, column, level=level)
        for name, mean, column in zip(names, means, draws.T, strict=True)
    }


def drawn_figures(
    folds: Sequence[_Figures], *, repetitions: int, seed: int
) -> tuple[list[FigureName], Floats]:
    """Return the names of the figures that all folds have, and their means in each draw.

    Returns:
        (names, ``(repetitions, names)``).

    Raises:
        SettingError: a setting is out of its range.
        TooFewError: there is no fold.
    """
    check_in_range(repetitions, 10, 100_000, argument="repetitions", whole=True)
    if not folds:
        raise TooFewError("folds: expected at least one evaluation. Received: none.")
    names = [name for name in folds[0].figures if all(name in fold.figures for fold in folds)]
    rng = np.random.default_rng(seed)
    draws = np.empty((repetitions, len(names)))
    for row in draws:
        per_fold = [fold.draw(rng) for fold in folds]
        row[:] = [np.mean([figures[name] for figures in per_fold]) for name in names]
    return names, draws


class _Paired:
    """Differences of the figures of one fold, for the same people drawn."""

    def __init__(self, before: Evaluation, after: Evaluation) -> None:
        self._before, self._after = _Resampler(before), _Resampler(after)

    @property
    def figures(self) -> Mapping[FigureName, float]:
        return _difference(self._before.figures, self._after.figures)

    def draw(self, rng: np.random.Generator) -> Mapping[FigureName, float]:
        seed = int(rng.integers(2**62))
        before, after = (
            side.draw(np.random.default_rng(seed)) for side in (self._before, self._after)
        )
        return _difference(before, after)


def _difference(
    before: Mapping[FigureName, float], after: Mapping[FigureName, float]
) -> dict[FigureName, float]:
    return {name: after[name] - value for name, value in before.items() if name in after}


def item_intervals(
    measured: Evaluation, *, repetitions: int = 1000, seed: int = 0, level: float = 0.95
) -> dict[FigureName, Interval]:
    """Return every figure with its interval from resampling items, not identities.

    For a few fixed identities, such as digits: the interval is for other items of the same
    identities, not for other identities.

    Args:
        measured: on all pairs of some items.
        repetitions, seed, level: as in `people_intervals`.

    Raises:
        SettingError: a setting is out of its range.
    """
    return resampled_intervals(
        [_ItemResampler(measured)], repetitions=repetitions, seed=seed, level=level
    )


class _ItemResampler:
    """Figures of pairs for resampled items: a pair's weight is the product of its items'
    weights.
    """

    def __init__(self, measured: Evaluation) -> None:
        pairs = measured.pairs
        self._threshold = measured.threshold
        self._counter = Counter(pairs.genuine, pairs.impostor)
        self._items = len(pairs.codes)
        self._genuine = np.ascontiguousarray(pairs.genuine_pairs.T)
        self._impostor = np.ascontiguousarray(pairs.impostor_pairs.T)

    @property
    def figures(self) -> Mapping[FigureName, float]:
        return self._counter.rates().figures(self._threshold, FARS)

    def draw(self, rng: np.random.Generator) -> dict[FigureName, float]:
        while True:
            drawn = rng.choice(self._items, self._items)
            weights = np.bincount(drawn, minlength=self._items).astype(np.float64)
            genuine = weights[self._genuine[0]] * weights[self._genuine[1]]
            impostor = weights[self._impostor[0]] * weights[self._impostor[1]]
            if genuine.any() and impostor.any():
                rates = self._counter.rates(genuine, impostor)
                return rates.figures(self._threshold, FARS)


class _Resampler:
    """Figures of one fold for resampled people."""

    def __init__(self, fold: Evaluation) -> None:
        pairs = fold.pairs
        self._fold = fold
        self._counter = Counter(pairs.genuine, pairs.impostor)
        failed = np.empty(0) if fold.acquisition is None else fold.acquisition.failed
        self._people = max(int(pairs.codes.max()) + 1, len(failed))
        self._genuine_of = pairs.codes[pairs.genuine_pairs[:, 0]]
        # Two contiguous rows, because strided columns are slow to read 500 times.
        self._impostor_of = np.ascontiguousarray(pairs.codes[pairs.impostor_pairs].T)
        trials = fold.identification
        self._probes_of = np.empty(0, np.int64) if trials is None else trials.probe_codes
        # People without pairs do not contribute, so they are not drawn.
        in_pairs = np.union1d(self._genuine_of, self._impostor_of)
        self._present = np.union1d(in_pairs, np.flatnonzero(failed))

    @property
    def figures(self) -> Mapping[FigureName, float]:
        return self._fold.figures

    def draw(self, rng: np.random.Generator) -> dict[FigureName, float]:
        while True:
            drawn = rng.choice(self._present, len(self._present))
            weights = np.bincount(drawn, minlength=self._people).astype(np.float64)
            genuine = weights[self._genuine_of]
            first, second = self._impostor_of
            impostor = weights[first] * weights[second]
            probes = weights[self._probes_of]
            # A draw of one person only has no impostor pair: draw again.
            if genuine.any() and impostor.any() and (probes.any() or not len(probes)):
                fta = self._fold.fta(weights)
                return self._figures(genuine, impostor, probes, fta=fta)

    def _figures(
        self, genuine: Floats, impostor: Floats, probes: Floats, *, fta: float
    ) -> dict[FigureName, float]:
        rates = self._counter.rates(genuine, impostor).counting(fta)
        figures = rates.figures(self._fold.threshold, self._fold.fars)
        if self._fold.acquisition is not None:
            figures[FigureName("fta")] = fta
        trials = self._fold.identification
        if trials is not None:
            figures[FigureName("one_shot", trials.ways)] = float(
                np.average(trials.correct, weights=probes) * (1 - fta)
            )
        return figures
