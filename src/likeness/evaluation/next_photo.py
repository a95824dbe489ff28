"""The value of the next photo: error rates by the number of enrolled photos per person.

Each draw splits every person's photos again: some may be enrolled, the others are probes. Of those
that may be enrolled the first one is enrolled, then the first two, and so on, and the probes stay
the same: every point of the curve is measured on the same probes of the same people, and a
difference between two points comes from the photos added, not from other probes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from likeness import __version__
from likeness.arrays import Codes, Energies, Floats, Integers, check_in_range
from likeness.errors import SettingError, TooFewError
from likeness.evaluation.figures import Interval, percent
from likeness.evaluation.fusion import (
    Comparisons,
    RejectedAtFar,
    check_fusion,
    fuse,
    pair_counts,
    people_again,
)
from likeness.evaluation.identification import rank_one
from likeness.evaluation.pair_energies import check_square
from likeness.evaluation.results import MeasuredData
from likeness.evaluation.verification import EVIDENCE
from likeness.files import fields_to_json

FORMAT = "likeness.next_photo/1"
COUNTS = (1, 2, 3, 5)
DRAWS = 100
FARS = (0.01, 0.02, 0.05, 0.1, 0.2)
MOST_COMPARISONS = 1_000_000
"""Of all draws together, for each point; with many photos there are fewer draws than asked for."""


@dataclass(frozen=True, kw_only=True)
class Point:
    """The errors with a given number of enrolled photos per person.

    Args:
        photos: enrolled, of each person.
        wrong: the share of probes whose nearest enrolled person is not the right one, 1 − rank-1.
        rejected: false rejection rate at the false acceptance rate of the curve; None if the
            comparisons can show none.
        rejected_at_threshold: false rejection rate at the threshold; None without one.
        accepted_at_threshold: false acceptance rate there: with the nearest of more photos it
            rises.
    """

    photos: int
    wrong: Interval
    rejected: Interval | None
    rejected_at_threshold: Interval | None
    accepted_at_threshold: Interval | None


@dataclass(frozen=True, kw_only=True)
class _Gain:
    """The reduction of errors between two points, on the same probes and people.

    Args:
        before, after: photos enrolled.
        wrong: by how much fewer answers are wrong.
        rejected: by how much the false rejection rate is lower.
    """

    before: int
    after: int
    wrong: Interval
    rejected: Interval | None


@dataclass(frozen=True, kw_only=True)
class NextPhotoCurve:
    """Errors over the number of enrolled photos.

    Args:
        fusion, energy: by which a probe is compared with a person.
        people: N, all of them enrolled.
        left_out: codes of the people with too few photos.
        probes: in each draw, the same for every point.
        draws: of the photos that are enrolled.
        seed: of the draws and the intervals.
        far: the false acceptance rate at which rejections are counted; at each point its own
            threshold has it. None if the comparisons can show none.
        threshold: a given one, the same at each point.
        points: by number of photos, rising.
        gains: from each point to the next.
    """

    fusion: str
    energy: str
    people: int
    left_out: tuple[int, ...]
    probes: int
    draws: int
    seed: int
    far: float | None
    threshold: float | None
    points: tuple[Point, ...]
    gains: tuple[_Gain, ...]

    @classmethod
    def measure(
        cls,
        matrix: Energies,
        codes: Codes,
        *,
        energy: str,
        fusion: str = "min",
        counts: Sequence[int] | None = None,
        threshold: float | None = None,
        draws: int = DRAWS,
        repetitions: int = 1000,
        seed: int = 0,
    ) -> "NextPhotoCurve":
        """Measure what more photos of each person gain.

        People with more photos than the largest count are included: that many photos are enrolled,
        and at least one is a probe.

        Args:
            matrix: ``(n, n)`` energies between all photos of people never trained on.
            codes: ``(n,)``.
            energy: the name of the energies.
            fusion: fusion of a person's energies.
            counts: of enrolled photos; if not given, those of `COUNTS` that at least half of the
                people can take part in.
            threshold: where rejected and accepted shares are counted besides; none if not given.
            draws: number of draws, at least 1; `MOST_COMPARISONS` may make them fewer.
            repetitions: how often people are drawn again for the intervals.
            seed: of both.

        Raises:
            SettingError: a setting is out of its range, or there is no such fusion of this energy.
            TooFewError: fewer than two people can take part.
            DataError: the matrix does not fit the codes, or an energy is NaN.
        """
        check_square(matrix, codes)
        check_fusion(fusion, energy=energy)
        check_in_range(draws, 1, 10_000, argument="draws", whole=True)
        check_in_range(repetitions, 10, 100_000, argument="repetitions", whole=True)
        photos_of = {int(code): np.flatnonzero(codes == code) for code in np.unique(codes)}
        counts = _counts([len(photos) for photos in photos_of.values()], counts)
        taking_part = [photos for photos in photos_of.values() if len(photos) > counts[-1]]
        people, probes = len(taking_part), sum(len(photos) - counts[-1] for photos in taking_part)
        draws = min(draws, max(1, MOST_COMPARISONS // (probes * people)))
        rng = np.random.default_rng(seed)
        deals = [_deal_photos(taking_part, counts[-1], rng) for _ in range(draws)]
        # Those of one draw count as evidence: the next draw has much the same photos.
        shown = EVIDENCE / (probes * (people - 1))
        far = next((rate for rate in FARS if rate >= shown), None)
        times = people_again(people, repetitions=repetitions, seed=seed)
        measured = [
            _DealtComparisons(matrix, deals, photos=k, fusion=fusion, energy=energy).series(
                times, far=far, threshold=threshold
            )
            for k in counts
        ]
        return cls(
            fusion=fusion,
            energy=energy,
            people=people,
            left_out=tuple(c for c, photos in photos_of.items() if len(photos) <= counts[-1]),
            probes=probes,
            draws=draws,
            seed=seed,
            far=far,
            threshold=threshold,
            points=tuple(
                _point(k, each, photos=sum(len(photos) for photos in taking_part))
                for k, each in zip(counts, measured, strict=True)
            ),
            gains=tuple(
                _Gain(
                    before=before,
                    after=after,
                    wrong=_difference(less["wrong"], more["wrong"]),
                    rejected=_difference(less["rejected"], more["rejected"]) if far else None,
                )
                for (before, less), (after, more) in pairwise(zip(counts, measured, strict=True))
            ),
        )

    def sentences(self) -> list[str]:
        """Return the gain of each step, in sentences."""
        if not self.gains:
            return [
                "One number of enrolled photos shows no gain; with three photos of most people it "
                "can be told what the second one gains."
            ]
        steps = zip(self.points[:-1], self.points[1:], self.gains, strict=True)
        return [self._gained(*step) for step in steps] + self._at_threshold()

    def _at_threshold(self) -> list[str]:
        first, last = self.points[0], self.points[-1]
        before, after = first.accepted_at_threshold, last.accepted_at_threshold
        if before is None or after is None or percent(before.mean) == percent(after.mean):
            return []
        return [
            f"A threshold is for one number of photos: at {self.threshold:.4g}, "
            f"{percent(before.mean)} of the impostors are accepted with {first.photos} enrolled "
            f"and {percent(after.mean)} with {last.photos}. "
            "Calibrate for as many as you enrol."
        ]

    def _gained(self, before: Point, after: Point, gain: _Gain) -> str:
        said = [_change("wrong answers", before.wrong, after.wrong, gain.wrong)]
        if before.rejected and after.rejected and gain.rejected:
            what = f"rejections at a FAR of {100 * (self.far or 0):g} %"
            said.append(_change(what, before.rejected, after.rejected, gain.rejected))
        return f"{_step(before.photos, after.photos)} {' and '.join(said)}."


@dataclass(frozen=True, kw_only=True)
class NextPhotoResult:
    """The curve of a saved model, and its basis.

    Args:
        curve: that was measured.
        model: its fingerprint.
        data: that was measured on.
        drawn: whether the data are synthetic.
        left_out: names of the people with too few photos.
        notes: excluded people and photos, in sentences.
    """

    curve: NextPhotoCurve
    model: str
    data: MeasuredData
    drawn: bool
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, object]:
        """Return everything as JSON values: the curve's own, and the rest beside them."""
        document = fields_to_json(self)
        facts = {
            "format": FORMAT,
            "sentences": self.curve.sentences(),
            "likeness": __version__,
        }
        return {**document.pop("curve"), **document, **facts}


@dataclass(frozen=True, eq=False, kw_only=True)
class _Deal:
    """One draw: ``(people, most)`` photos that may be enrolled, ``(q,)`` probes, and whose."""

    enrolled: Integers
    probes: Integers
    whose: Codes


def _deal_photos(photos_of_each: Sequence[Integers], most: int, rng: np.random.Generator) -> _Deal:
    """_Deal each person's photos: ``most`` of them may be enrolled, the others are probes."""
    shuffled = [rng.permutation(photos) for photos in photos_of_each]
    rest = [len(photos) - most for photos in shuffled]
    return _Deal(
        enrolled=np.stack([photos[:most] for photos in shuffled]),
        probes=np.concatenate([photos[most:] for photos in shuffled]),
        whose=np.repeat(np.arange(len(shuffled)), rest),
    )


class _DealtComparisons:
    """All comparisons with a given number of enrolled photos, and the rates for any weights of the
    people.
    """

    def __init__(
        self, matrix: Energies, deals: Sequence[_Deal], *, photos: int, fusion: str, energy: str
    ) -> None:
        self._people = people = len(deals[0].enrolled)
        parts = []
        for deal in deals:
            enrolled = deal.enrolled[:, :photos]
            parts.append(
                fuse(
                    matrix[deal.probes[:, None, None], enrolled],
                    fusion,
                    energy=energy,
                    among=matrix[enrolled[:, :, None], enrolled[:, None, :]],
                )
            )
        fused = np.concatenate(parts)
        whose = np.concatenate([deal.whose for deal in deals])
        own = whose[:, None] == np.arange(people)
        self._whose = whose
        self._wrong = 1.0 - rank_one(fused, whose, np.arange(people))
        rows, columns = np.nonzero(~own)
        self._comparisons = Comparisons(
            genuine=fused[own],
            impostor=fused[rows, columns],
            genuine_people=np.stack([whose, whose], axis=1),
            impostor_people=np.stack([whose[rows], columns], axis=1),
        )

    def series(
        self, times: Floats, *, far: float | None, threshold: float | None
    ) -> dict[str, Floats]:
        """Return rates by name, ``(1 + repetitions,)`` each: first as it is, then drawn again."""
        times = np.concatenate([np.ones((1, self._people)), times])
        rates = {"wrong": self._by_probe(self._wrong, times)}
        if far is not None:
            rejected = RejectedAtFar(self._comparisons, far=far, people=self._people)
            rates["rejected"] = np.array([rejected.rate(row) for row in times])
        if threshold is not None:
            refused = (self._comparisons.genuine > threshold).astype(np.float64)
            rates["rejected_at_threshold"] = self._by_probe(refused, times)
            accepted = self._comparisons.impostor_people[self._comparisons.impostor <= threshold]
            rates["accepted_at_threshold"] = self._pairs(accepted, times) / self._pairs(
                self._comparisons.impostor_people, times
            )
        return rates

    def _by_probe(self, values: Floats, times: Floats) -> Floats:
        sums = np.bincount(self._whose, weights=values, minlength=self._people)
        return np.asarray(times @ sums / (times @ np.bincount(self._whose)))

    def _pairs(self, pairs: Codes, times: Floats) -> Floats:
        """Return how many of the comparisons there are, for each number of each person."""
        return np.asarray(((times @ pair_counts(pairs, self._people)) * times).sum(axis=1))


def _counts(photos: Sequence[int], wanted: Sequence[int] | None) -> list[int]:
    """Return the counts of enrolled photos, rising."""
    if wanted is not None:
        for count in wanted:
            check_in_range(count, 1, 1000, argument="counts", whole=True)
        if not wanted:
            raise SettingError("counts: expected at least one. Received: none.")
    able = {count: sum(has > count for has in photos) for count in wanted or COUNTS}
    # Of counts that were asked for, each must be possible; else those for half of the people.
    needed = 2 if wanted is not None else max(2, len(photos) / 2)
    kept = sorted(count for count, people in able.items() if people >= needed)
    if not kept or (wanted is not None and len(kept) < len(able)):
        count = min(set(able) - set(kept))
        raise TooFewError(
            f"expected {int(np.ceil(needed))} people or more with {count + 1} photos each, "
            f"{count} to enrol and one to recognise. Received: {len(photos)} people, "
            f"{able[count]} of them with that many."
        )
    return kept


def _point(enrolled: int, series: Mapping[str, Floats], *, photos: int) -> Point:
    def rate(name: str, trials: float) -> Interval | None:
        if name not in series:
            return None
        share, *draws = series[name]
        return Interval.of_share(float(share), np.array(draws), trials=trials)

    wrong = rate("wrong", photos)
    assert wrong is not None
    return Point(
        photos=enrolled,
        wrong=wrong,
        rejected=rate("rejected", photos),
        rejected_at_threshold=rate("rejected_at_threshold", photos),
        accepted_at_threshold=rate("accepted_at_threshold", photos * (photos - 1) / 2),
    )


def _difference(less: Floats, more: Floats) -> Interval:
    """Return the reduction by more photos, with the quantiles of the paired draws."""
    lowered = less - more
    return Interval.of_draws(float(lowered[0]), lowered[1:])


def _change(what: str, before: Interval, after: Interval, gain: Interval) -> str:
    if gain.mean == 0:
        return f"leaves {what} at {percent(after.mean)}"
    word = "lowers" if gain.mean > 0 else "raises"
    by_chance = " (which may be chance)" if gain.low <= 0 <= gain.high else ""
    return f"{word} {what} from {percent(before.mean)} to {percent(after.mean)}{by_chance}"


def _step(before: int, after: int) -> str:
    """Return the beginning of the sentence about the photos added.

    >>> _step(1, 2), _step(3, 5)
    ('A second photo', 'Going from 3 to 5 photos')
    """
    if after - before == 1 and after in _ORDINALS:
        return f"A {_ORDINALS[after]} photo"
    return f"Going from {before} to {after} photos"


_ORDINALS = {2: "second", 3: "third", 4: "fourth", 5: "fifth", 6: "sixth"}
