"""Open-set identification, in the terms of ISO/IEC 19795-1.

A *search* compares a probe with everybody enrolled. It is *mated* if the probe's person is
enrolled, *non-mated* if not (a stranger). A candidate is an enrolled person whose energy is at
most the threshold.

FPIR (false positive identification rate) is the share of non-mated searches that return a
candidate: the nearest person's energy is at most the threshold. FNIR (false negative
identification rate) at rank R is the share of mated searches that do not return the right
person as one of the R nearest and at most the threshold. DIR (detection and identification
rate, P. Grother & P. Phillips, «Models of large population recognition performance», CVPR
2004) is 1 − FNIR at rank 1.

Both rates use the same counting function: FPIR counts the nearest energies of strangers
as FAR counts impostor pairs; mated searches count the right person's energy as genuine ones
do, each weighted by how right it is at the rank (ties are a fair draw, as in `rank_one`).

Intervals of open-set figures, by resampling people.

A person drawn w times weighs w in mated searches. A non-mated search is a pair of people, the
stranger and the nearest person enrolled, drawn v and w times, and weighs v·w: some people are often
mistaken for others, and some are those that others are mistaken for. (As in
`likeness.evaluation.intervals`; the galleries themselves are not drawn again, because a gallery
with the same person twice has fewer people in it, and fewer false candidates.)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from likeness.arrays import Codes, Energies, Floats, check_in_range
from likeness.datasets.items import Acquisition
from likeness.errors import SettingError, TooFewError
from likeness.evaluation.figures import FigureName, Interval
from likeness.evaluation.identification import Ranks, person_energies
from likeness.evaluation.intervals import resampled_intervals
from likeness.evaluation.pair_energies import check_square
from likeness.evaluation.verification import EVIDENCE, Counter, step_at

FPIRS = (0.05, 0.1)
"""The false positive identification rates at which the DIR is reported."""

HALVES = 20
MOST_INDICES = 10
"""Most photo indices that are enrolled in turn; of more, evenly spread ones are taken."""

FEWEST_PEOPLE = 4
"""Two enrolled and two strangers."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Searches:
    """The results of searches, mated and non-mated.

    Args:
        mated: ``(m,)`` energies between a probe and its own person.
        ranks: of that person among the enrolled, ``m`` of them.
        mated_codes: ``(m,)``, the identity of each probe.
        mated_items: ``(m,)``, which probe.
        non_mated: ``(s,)`` energies between a stranger's probe and the nearest person.
        non_mated_codes: ``(s,)``, the identity of each probe.
        non_mated_items: ``(s,)``, which probe.
        nearest_codes: ``(s,)``, the nearest person.
    """

    mated: Energies
    ranks: Ranks
    mated_codes: Codes
    mated_items: Codes
    non_mated: Energies
    non_mated_codes: Codes
    non_mated_items: Codes
    nearest_codes: Codes

    @classmethod
    def of(cls, matrix: Energies, probe_codes: Codes, gallery_codes: Codes) -> "Searches":
        """Search each probe among the enrolled people; a person's energy is the smallest.

        Args:
            matrix: ``(probes, gallery)`` energies.
            probe_codes: ``(probes,)``; those in the gallery are mated, the others strangers.
            gallery_codes: ``(gallery,)``, at least one.

        Raises:
            DataError: the shapes do not fit, or an energy is NaN.
        """
        identities, each = person_energies(matrix, probe_codes, gallery_codes)
        known = np.isin(probe_codes, identities)
        right = np.searchsorted(identities, probe_codes[known])
        strangers = each[~known]
        items = np.arange(len(probe_codes))
        return cls(
            mated=each[known, right],
            ranks=Ranks.of(each[known], right),
            mated_codes=probe_codes[known],
            mated_items=items[known],
            non_mated=strangers.min(axis=1),
            non_mated_codes=probe_codes[~known],
            non_mated_items=items[~known],
            nearest_codes=identities[strangers.argmin(axis=1)],
        )

    def rates(self, *, rank: int = 1) -> "OpenSetRates":
        """Return FPIR and FNIR at every distinct threshold.

        Raises:
            TooFewError: there is no mated or no non-mated search.
            SettingError: the rank is out of its range.

        >>> import numpy as np
        >>> energies = np.array([[0.2, 0.7], [0.6, 0.5], [0.4, 0.9]])
        >>> searches = Searches.of(energies, np.array([7, 7, 9]), np.array([7, 8]))
        >>> rates = searches.rates()
        >>> rates.at(0.3), rates.at(0.65)
        ((0.0, 0.5), (1.0, 0.5))
        >>> searches.rates(rank=2).at(0.65)
        (1.0, 0.0)
        """
        return OpenSetCounter(self, rank=rank).rates()

    def missed(self, threshold: float, *, rank: int = 1) -> Floats:
        """Return the error of each mated search, ``(m,)``, 0…1; the mean is the FNIR.

        1 where the right person is not one of the R nearest and at most the threshold.
        """
        return 1.0 - self.ranks.credit(rank) * (self.mated <= threshold)


@dataclass(frozen=True, eq=False, kw_only=True)
class OpenSetRates:
    """FPIR and FNIR at every distinct threshold.

    Args:
        thresholds: ``(t,)``, ascending, the first −∞.
        fpir: ``(t,)``, 0…1, rising.
        fnir: ``(t,)``, 1…0, falling; ends above 0 where the right person is not the nearest.
        rank: at which the right person must be.
        mated_probes, non_mated_probes: number of different probes behind the rates; in
            repeated galleries each is searched many times.
    """

    thresholds: Floats
    fpir: Floats
    fnir: Floats
    rank: int
    mated_probes: int
    non_mated_probes: int

    @property
    def least_fpir(self) -> float:
        """The lowest FPIR that can be estimated from these probes, 3/n (the «rule of three»)."""
        return EVIDENCE / self.non_mated_probes

    def at(self, threshold: float) -> tuple[float, float]:
        """Return (FPIR, FNIR) at a threshold.

        Raises:
            SettingError: the threshold is NaN.
        """
        step = step_at(self.thresholds, threshold)
        return float(self.fpir[step]), float(self.fnir[step])

    def counting(self, fta: float) -> "OpenSetRates":
        """Return the rates with photos that were not acquired as searches that find nobody.

        FPIR · (1 − FTA), and FTA + FNIR · (1 − FTA).

        Args:
            fta: the failure-to-acquire rate, 0…1.
        """
        return replace(self, fpir=self.fpir * (1 - fta), fnir=fta + self.fnir * (1 - fta))

    def dir_at(self, fpir: float) -> float:
        """Return the DIR, 1 − FNIR, at the largest threshold whose FPIR is at most this.

        Raises:
            SettingError: the rate is out of its range, or below what the probes can show.
        """
        if not 0 < fpir <= 1:
            raise SettingError(f"fpir: expected a rate above 0, at most 1. Received: {fpir!r}.")
        if fpir < self.least_fpir:
            raise SettingError(
                f"fpir: {self.non_mated_probes} probes of strangers support no FPIR under "
                f"{self.least_fpir:.2g}. Received: {fpir:g}. Measure on more people."
            )
        return float(1.0 - self.fnir[np.flatnonzero(self.fpir <= fpir)[-1]])

    def figures(self, threshold: float | None) -> dict[FigureName, float]:
        """Return the figures of an open set, by name."""
        figures: dict[FigureName, float] = {}
        if threshold is not None:
            figures[FigureName("fpir")], figures[FigureName("fnir")] = self.at(threshold)
        for fpir in FPIRS:
            if fpir >= self.least_fpir:
                figures[FigureName("dir_at_fpir", fpir)] = self.dir_at(fpir)
        return figures


class OpenSetCounter:
    """Sorts the searches once, and computes the rates for any weights of them.

    Args:
        searches: at least one of each kind.
        rank: at which the right person must be, 1 or more.

    Raises:
        TooFewError: there is no mated or no non-mated search.
        SettingError: the rank is out of its range.
    """

    def __init__(self, searches: Searches, *, rank: int = 1) -> None:
        check_in_range(rank, 1, 2**30, argument="rank", whole=True)
        if not len(searches.mated) or not len(searches.non_mated):
            raise TooFewError(
                "open set: expected probes of people who are enrolled and of people who are not. "
                f"Received: {len(searches.mated)} and {len(searches.non_mated)}."
            )
        self._counter = Counter(searches.mated, searches.non_mated)
        self._rank = rank
        self._credit = searches.ranks.credit(rank)
        self._probes = [len(np.unique(k)) for k in (searches.mated_items, searches.non_mated_items)]

    def rates(
        self, mated_weights: Floats | None = None, non_mated_weights: Floats | None = None
    ) -> OpenSetRates:
        """Return the rates; each search counts as often as its weight says, or once.

        Args:
            mated_weights: ``(m,)``, 0 or more, not all 0.
            non_mated_weights: ``(s,)``, likewise.
        """
        often = np.ones(len(self._credit)) if mated_weights is None else mated_weights
        returned = float(np.average(self._credit, weights=often))
        # If no search is right at the rank, the weights are irrelevant: the share is 0.
        weights = often * self._credit if returned > 0 else often
        counted = self._counter.rates(weights, non_mated_weights)
        return OpenSetRates(
            thresholds=counted.thresholds,
            fpir=counted.far,
            fnir=1.0 - returned * (1.0 - counted.frr),
            rank=self._rank,
            mated_probes=self._probes[0],
            non_mated_probes=self._probes[1],
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class OpenSet:
    """Searches in repeated galleries of half of the people, and the figures that follow.

    Args:
        searches: all of them.
        halves: for each repetition, the codes of the people enrolled.
        shots: enrolled photos of each.
        galleries: how many were searched.
        threshold: chosen on other people; None if there was none.
        acquisition: photos without a usable face, whose searches find nobody; None where no face
            was looked for.
    """

    searches: Searches
    halves: tuple[tuple[int, ...], ...]
    shots: int
    galleries: int
    threshold: float | None = None
    acquisition: Acquisition | None = None

    def fta(self, weights: Floats | None = None) -> float:
        """Return the failure-to-acquire rate, people weighted; 0 where no face was looked for."""
        return 0.0 if self.acquisition is None else self.acquisition.rate(weights)

    @cached_property
    def rates(self) -> OpenSetRates:
        """FPIR and FNIR at every threshold that makes a difference."""
        return self.searches.rates().counting(self.fta())

    @cached_property
    def figures(self) -> Mapping[FigureName, float]:
        """By name, rates 0…1.

        "fpir" and "fnir" (left out without a threshold), and "dir_at_fpir_5e-2",
        "dir_at_fpir_1e-1" (left out where the probes are too few).
        """
        return self.rates.figures(self.threshold)


def evaluate_open_set(
    matrix: Energies,
    codes: Codes,
    *,
    threshold: float | None = None,
    acquisition: Acquisition | None = None,
    halves: int = HALVES,
    shots: int = 1,
    seed: int = 0,
) -> OpenSet:
    """Enrol half of the people, search everybody's other photos; again with other halves.

    In each half, each photo index k in turn is enrolled (with K shots: the photos k … k+K−1, and
    on from the first where they end; of more than ten indices, ten evenly spread ones). Other
    photos of enrolled people are mated probes, all photos of the others non-mated ones. Halves come
    in pairs: one half of a shuffled list of people, then the other, so that everybody is a stranger
    about equally often.

    Args:
        matrix: ``(n, n)`` energies between all photos.
        codes: ``(n,)``, the identity of each.
        threshold: chosen on other people; None if there is none.
        acquisition: of the photos, where a face was looked for.
        halves: how many.
        shots: K.
        seed: of the shuffles.

    Raises:
        TooFewError: there are fewer than four people, too few photos to enrol, or none left.
        SettingError: a setting is out of its range.
        DataError: the matrix does not fit the codes, or an energy is NaN.
    """
    check_square(matrix, codes)
    check_in_range(halves, 1, 100_000, argument="halves", whole=True)
    check_in_range(shots, 1, 1000, argument="shots", whole=True)
    people = np.unique(codes)
    photos_of = {int(code): np.flatnonzero(codes == code) for code in people}
    photos = min((len(items) for items in photos_of.values()), default=0)
    if len(people) < FEWEST_PEOPLE or photos < shots or len(codes) == shots * len(people):
        raise TooFewError(
            f"open set: expected {FEWEST_PEOPLE} people or more, photos to enrol of each "
            f"(shots: {shots}), and others to search. Received: {len(codes)} photos of "
            f"{len(people)} people, {photos} or more of each."
        )
    drawn = _halves(people, halves, seed=seed)
    firsts = np.linspace(0, photos - 1, min(photos, MOST_INDICES)).round().astype(int)
    outcomes = []
    for half in drawn:
        for first in firsts:
            indices = (first + np.arange(shots)) % photos
            enrolled = np.concatenate([photos_of[code][indices] for code in half])
            probes = np.setdiff1d(np.arange(len(codes)), enrolled)
            outcome = Searches.of(matrix[np.ix_(probes, enrolled)], codes[probes], codes[enrolled])
            outcomes.append((probes, outcome))
    return OpenSet(
        searches=_together(outcomes),
        halves=tuple(drawn),
        shots=shots,
        galleries=len(outcomes),
        threshold=threshold,
        acquisition=acquisition,
    )


def _halves(people: Codes, count: int, *, seed: int) -> list[tuple[int, ...]]:
    rng = np.random.default_rng(seed)
    size = len(people) // 2
    drawn: list[tuple[int, ...]] = []
    while len(drawn) < count:
        order = rng.permutation(people)
        drawn += [tuple(sorted(half.tolist())) for half in (order[:size], order[-size:])]
    return drawn[:count]


def _together(outcomes: list[tuple[Codes, Searches]]) -> Searches:
    """Join the searches of all galleries; ``items`` become indices in the whole data."""
    fields = ("mated", "mated_codes", "non_mated", "non_mated_codes", "nearest_codes")
    return Searches(
        **{name: np.concatenate([getattr(part, name) for _, part in outcomes]) for name in fields},
        ranks=Ranks.joined([part.ranks for _, part in outcomes]),
        mated_items=np.concatenate([probes[part.mated_items] for probes, part in outcomes]),
        non_mated_items=np.concatenate([probes[part.non_mated_items] for probes, part in outcomes]),
    )


def open_set_intervals(
    folds: Sequence[OpenSet],
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
            probes = sum(len(np.unique(getattr(f.searches, kind))) for f in folds)
            least = min(1.0, EVIDENCE / probes)
            intervals[name] = replace(intervals[name], high=max(intervals[name].high, least))
    return intervals


class _OpenSetResampler:
    """Figures of one fold for resampled people."""

    def __init__(self, fold: OpenSet) -> None:
        self._fold = fold
        self._searches = fold.searches
        self._counter = OpenSetCounter(self._searches)
        searches = self._searches
        failed = np.empty(0) if fold.acquisition is None else fold.acquisition.failed
        searched = np.union1d(searches.mated_codes, searches.non_mated_codes)
        self._present = np.union1d(searched, np.flatnonzero(failed))
        self._people = max(int(self._present.max()) + 1, len(failed))

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
                fta = self._fold.fta(often)
                return rates.counting(fta).figures(self._fold.threshold)
