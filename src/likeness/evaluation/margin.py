"""The margin to the runner-up: how much farther away the second nearest person must be.

Of G enrolled people, somebody else is named where that other is within the threshold and
nearer than the right person by the margin. So one comparison with one of the G − 1 others may fail
at a rate of at most share / (G − 1), for any dependence (the union bound), and the margin is the
smallest one whose rate is below that *with its interval*. The calibration may have fewer people
than will be enrolled, but enough to show such a rate.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from likeness.arrays import Codes, Energies, Mask, check_in_range
from likeness.evaluation.figures import rare_percent
from likeness.evaluation.fusion import fuse
from likeness.evaluation.pair_energies import check_square
from likeness.evaluation.rare_rates import AcceptedRate, Rate
from likeness.evaluation.threshold_choice import Purpose
from likeness.files import fields_to_json

FORMAT = "likeness.margin/1"


@dataclass(frozen=True, kw_only=True)
class _Outcomes:
    """Outcomes for photos of enrolled people, in galleries of the calibration people.

    Args:
        people: enrolled in the largest gallery.
        right: number of photos with the right name.
        wrong: named as somebody else.
        ambiguous: accepted, but the runner-up was too near.
        unknown: rejected as strangers.
    """

    people: int
    right: int
    wrong: int
    ambiguous: int
    unknown: int

    def sentence(self) -> str:
        """Return it in sentences."""
        photos = self.right + self.wrong + self.ambiguous + self.unknown
        return (
            f"In galleries of {self.people:,} of these people, of {photos:,} answers about "
            f"enrolled people {self.right:,} were right, {self.wrong:,} wrong, "
            f"{self.ambiguous:,} ambiguous, {self.unknown:,} unknown."
        )


@dataclass(frozen=True, kw_only=True)
class Margin:
    """A margin to the runner-up, its promise, and its evidence.

    Args:
        value: «known» only if the runner-up is at least this much farther away, 0 or more; None
            if none could be measured.
        wrong_names: the share of enrolled people's photos that may be given a wrong name.
        people: G, the size of the gallery.
        wrong: the share of wrong names in such a gallery; ``high``, by the union bound, is the
            promise. None without a value.
        outcomes: with this value, or without one, counted in galleries of the calibration people.
        reason: why there is no value; empty if there is one.
    """

    value: float | None
    wrong_names: float
    people: int
    wrong: Rate | None
    outcomes: _Outcomes
    reason: str = ""

    @classmethod
    def measure(
        cls,
        matrix: Energies,
        codes: Codes,
        purpose: Purpose,
        *,
        threshold: float,
        wrong_names: float,
        energy: str | None = None,
    ) -> "Margin":
        """Find the smallest margin that keeps the promised rate of wrong names.

        Args:
            matrix: ``(n, n)`` energies between all photos of people never trained on.
            codes: ``(n,)``, the identity of each.
            purpose: how many people are enrolled, with how many photos each.
            threshold: the model's threshold.
            wrong_names: the share of enrolled people's photos that may be given a wrong name.
            energy: the name of the energies; only the fusion "centroid" needs it.

        Raises:
            SettingError: the share is out of its range.
        """
        check_square(matrix, codes)
        check_in_range(wrong_names, 1e-12, 0.999, argument="wrong_names")
        galleries = list(_galleries(matrix, codes, purpose, energy))
        value, wrong, reason = _smallest(galleries, purpose, threshold, wrong_names)
        return cls(
            value=value,
            wrong_names=wrong_names,
            people=purpose.people,
            wrong=wrong,
            outcomes=_outcomes(galleries, threshold, value),
            reason=reason,
        )

    def to_json(self) -> dict[str, object]:
        """Return everything as JSON values."""
        return {"format": FORMAT, **fields_to_json(self), "sentences": self.sentences()}

    def sentences(self) -> list[str]:
        """Return it in sentences."""
        if self.value is None or self.wrong is None:
            return [f"No margin to the runner-up was measured: {self.reason}"]
        rule = (
            f"A name is given only if the runner-up is at least {self.value:.4g} farther away, "
            "else the answer is «ambiguous»"
            if self.value > 0
            else "No margin to the runner-up is needed"
        )
        return [
            f"{rule}: among {self.people:,} people, at most {rare_percent(self.wrong.high)} of "
            "enrolled people's photos get a wrong name.",
            self.outcomes.sentence(),
        ]


def is_clear(
    nearest: Energies, second: Energies, *, threshold: float, margin: float | None
) -> Mask:
    """Return where the runner-up is far enough away for the nearest person to be named.

    At least ``margin`` farther, and never equally near; without a measured margin: beyond the
    threshold, so that only one person is accepted.

    Args:
        nearest, second: ``(n,)`` energies to the nearest person and the runner-up.
        threshold: accept if energy ≤ threshold.
        margin: 0 or more; None if none was measured.
    """
    if margin is None:
        return np.asarray(second > threshold)
    return np.asarray((second > nearest) & (second - nearest >= margin))


@dataclass(frozen=True, eq=False, kw_only=True)
class _Gallery:
    """Probes of enrolled people against all of them: ``(p, people)`` energies."""

    energies: Energies
    own: Codes
    people: Codes

    def right(self) -> Energies:
        return np.asarray(self.energies[np.arange(len(self.own)), self.own])


def _galleries(
    matrix: Energies, codes: Codes, purpose: Purpose, energy: str | None
) -> Iterator[_Gallery]:
    """Enrol everybody with enough photos, several times with other photos; the rest are probes."""
    each = purpose.photos_each
    photos = [np.flatnonzero(codes == code) for code in np.unique(codes)]
    start = 0
    while len(able := [of for of in photos if len(of) >= start + each]) >= 2:
        enrolled = np.stack([of[start : start + each] for of in able])
        probes = np.setdiff1d(np.concatenate(able), enrolled)
        if len(probes):
            people = codes[enrolled[:, 0]]
            yield _Gallery(
                energies=fuse(
                    matrix[probes[:, None, None], enrolled],
                    purpose.fusion,
                    energy=energy,
                    among=matrix[enrolled[:, :, None], enrolled[:, None, :]],
                ),
                own=np.searchsorted(people, codes[probes]),
                people=people,
            )
        start += each


def _smallest(
    galleries: list[_Gallery], purpose: Purpose, threshold: float, share: float
) -> tuple[float | None, Rate | None, str]:
    """Return the margin and its promise, or the reason why there is none."""
    if purpose.people == 1:
        return None, None, "one person is enrolled, so there is no runner-up."
    if not galleries:
        return None, None, "no two people have a photo more than is enrolled. Add photos of each."
    others = purpose.people - 1
    counted = _counted(galleries, threshold)
    if counted.at(0.0).high <= share / others:
        return 0.0, _times(counted.at(0.0), others), ""
    behind = counted.largest_threshold(share / others)
    if behind is None:
        return None, None, _too_few(counted.at(-np.inf), purpose, share)
    value = max(0.0, -behind)
    return value, _times(counted.at(-value), others), ""


def _counted(galleries: list[_Gallery], threshold: float) -> AcceptedRate:
    """Return, for each probe and other person, how much farther the other is than the right one.

    At most −m: misidentified at a margin of m, if the other is within the threshold.
    """
    farther, people = [], []
    for gallery in galleries:
        own = gallery.own[:, None]
        other = np.arange(len(gallery.people))[None, :]
        ahead = gallery.energies - gallery.right()[:, None]
        # People beyond the threshold are never named: farther than any margin.
        ahead[gallery.energies > threshold] = np.inf
        farther.append(ahead[own != other])
        both = np.broadcast_arrays(gallery.people[own], gallery.people[other])
        people.append(np.stack(both, axis=-1)[own != other])
    energies = np.concatenate(farther)
    return AcceptedRate(
        np.minimum(energies, 1 + np.abs(energies[np.isfinite(energies)]).max(initial=0)),
        np.concatenate(people),
    )


def _outcomes(galleries: list[_Gallery], threshold: float, margin: float | None) -> _Outcomes:
    right = wrong = ambiguous = unknown = 0
    for gallery in galleries:
        nearest, second = np.partition(gallery.energies, 1, axis=1)[:, :2].T
        clear = is_clear(nearest, second, threshold=threshold, margin=margin)
        accepted = nearest <= threshold
        known = accepted & clear
        unknown += int((~accepted).sum())
        ambiguous += int((accepted & ~clear).sum())
        right += int((known & (gallery.right() == nearest)).sum())
        wrong += int((known & (gallery.right() != nearest)).sum())
    return _Outcomes(
        people=max((len(gallery.people) for gallery in galleries), default=0),
        right=right,
        wrong=wrong,
        ambiguous=ambiguous,
        unknown=unknown,
    )


def _times(rate: Rate, others: int) -> Rate:
    """Return the rate of one comparison as the share of photos, by the union bound."""
    share, high = (min(1.0, others * end) for end in (rate.share, rate.high))
    return replace(rate, share=share, low=min(1.0, rate.low), high=high)


def _too_few(nothing: Rate, purpose: Purpose, share: float) -> str:
    least = min(1.0, (purpose.people - 1) * nothing.high)
    return (
        f"{nothing.comparisons:,} comparisons (worth {nothing.effective:,.0f} independent ones) "
        f"support no share of wrong names under {rare_percent(least)} among {purpose.people:,} "
        f"people, and {rare_percent(share)} was asked for. Until it is, an answer is ambiguous "
        "where two people are within the threshold. Calibrate on more people, or allow more wrong "
        "names."
    )
