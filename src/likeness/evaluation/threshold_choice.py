"""Threshold choice (calibration) for a number of enrolled people and a share of strangers accepted.

A stranger who is compared with G enrolled people has G chances to be accepted as one of them.
If a single comparison is falsely accepted at the rate f, at least one of G is at a rate of at
most 1 − (1 − f)^G (equal if the comparisons were independent; a face that is like one person
is often like another, which makes the true rate lower). So a promise about strangers sets a
target for one comparison, and the threshold is the largest one whose false acceptance rate is
below the target *with its interval*. (FPIR and FNIR of ISO/IEC 19795-1.)
"""

from dataclasses import dataclass, replace

import numpy as np

from likeness.arrays import Codes, Energies, Floats, Mask, check_in_range
from likeness.datasets.sampling import LabelledPairs
from likeness.errors import SettingError, TooFewError
from likeness.evaluation.figures import rare_percent
from likeness.evaluation.fusion import Comparisons, FusionChoice, check_fusion
from likeness.evaluation.rare_rates import FEW, AcceptedRate, NormalEnergies, Rate, Tail
from likeness.files import fields_to_json

FORMAT = "likeness.calibration/1"
TAIL_SHARE = 0.05
REPETITIONS = 200
AUTO = "auto"
FARTHEST = 1000.0
"""A tail fitted to n comparisons is extrapolated down to a rate of 1 / (FARTHEST · n)."""


@dataclass(frozen=True, kw_only=True)
class Purpose:
    """The purpose of a threshold.

    Args:
        people: G, how many are enrolled; 1 for one-to-one verification.
        strangers_accepted: the share of strangers that may be identified as somebody, above 0,
            below 1.
        photos_each: enrolled photos of a person.
        fusion: fusion of a person's energies, see `likeness.evaluation.fusion`; or
            "auto", the one with the lowest measured error.

    Raises:
        SettingError: a value is out of its range.
    """

    people: int = 1
    strangers_accepted: float = 0.01
    photos_each: int = 1
    fusion: str = "min"

    def __post_init__(self) -> None:
        check_in_range(self.people, 1, 10**9, argument="people", whole=True)
        check_in_range(self.strangers_accepted, 1e-12, 0.999, argument="strangers_accepted")
        check_in_range(self.photos_each, 1, 1000, argument="photos_each", whole=True)
        if self.fusion != AUTO:
            check_fusion(self.fusion)

    @property
    def target(self) -> float:
        """The false acceptance rate that one comparison may have.

        >>> round(Purpose(people=500, strangers_accepted=0.01).target, 9)
        2.01e-05
        """
        return float(-np.expm1(np.log1p(-self.strangers_accepted) / self.people))

    def strangers(self, rate: float) -> float:
        """Return the share of strangers accepted at a rate of one comparison."""
        return float(-np.expm1(self.people * np.log1p(-min(rate, 1 - 1e-15))))


@dataclass(frozen=True, kw_only=True)
class ThresholdChoice:
    """A threshold, its promise, and its evidence.

    Args:
        purpose: what it is for.
        threshold: accept if energy ≤ threshold.
        strangers: the share of strangers accepted; its ``high`` is the promise. Where the tail
            was extrapolated, ``share`` and ``high`` are the model's, not counted.
        rejected: the share of enrolled people's photos that are rejected; None where nobody has a
            photo to compare with their own.
        people: how many it was calibrated on.
        extrapolated: whether the threshold lies below all counted energies.
        fusion_choice: how the fusion was chosen; None if it was given.
    """

    purpose: Purpose
    threshold: float
    strangers: Rate
    rejected: Rate | None
    people: int
    extrapolated: bool = False
    fusion_choice: FusionChoice | None = None

    def counting(self, fta: float) -> "ThresholdChoice":
        """Return it with photos that were not acquired as rejected attempts (ISO/IEC 19795-1).

        The upper end of the strangers accepted stays: it holds for every face that is found.

        Args:
            fta: the failure-to-acquire rate, 0…1.
        """
        strangers, rejected = self.strangers, self.rejected
        lowered = [end * (1 - fta) for end in (strangers.share, strangers.low)]
        if rejected is not None:
            ends = rejected.share, rejected.low, rejected.high
            share, low, high = (fta + end * (1 - fta) for end in ends)
            rejected = replace(rejected, share=share, low=low, high=high)
        strangers = replace(strangers, share=lowered[0], low=lowered[1])
        return replace(self, strangers=strangers, rejected=rejected)

    def failures_in_words(self, *, failed: int, photos: int) -> str:
        """Say how many photos had no usable face, and what is rejected of the others alone."""
        said = f"FTA {rare_percent(failed / photos)}: no usable face in {failed:,} of {photos:,}"
        if not failed or self.rejected is None:
            return f"{said} photos."
        return (
            f"{said} photos; they count as rejected. Of the other photos alone, "
            f"{rare_percent(self.rejected.share)} are rejected."
        )

    def to_json(self) -> dict[str, object]:
        """Return everything as JSON values."""
        return {"format": FORMAT, **fields_to_json(self), "sentences": self.sentences()}

    def sentences(self) -> list[str]:
        """Return it in sentences."""
        whom = (
            "an impostor"
            if self.purpose.people == 1
            else f"a stranger against {self.purpose.people:,} people"
        )
        how = "extrapolated" if self.extrapolated else "measured"
        said = [
            f"Accept if the distance is at most {self.threshold:.4g}: {whom} is accepted in at "
            f"most {rare_percent(self.strangers.high)} of cases ({how} "
            f"{rare_percent(self.strangers.share)}).",
            *self._rejections(),
        ]
        if self.extrapolated:
            said.append(
                "Extrapolated: these comparisons are too few to show so low a rate. It follows a "
                "fitted distribution, and is an extrapolation, not a measurement."
            )
        return [*said, *(self.fusion_choice.sentences() if self.fusion_choice else ())]

    def _rejections(self) -> list[str]:
        counted = f"From {self.strangers.comparisons:,} impostor"
        if self.rejected is None:
            return [
                "How often photos of enrolled people are rejected cannot be known: nobody has "
                "enough photos to compare one of them with the others. Enrol a second photo.",
                f"{counted} comparisons of {self.people} people.",
            ]
        share, low, high = (
            rare_percent(rate)
            for rate in (self.rejected.share, self.rejected.low, self.rejected.high)
        )
        return [
            f"Photos of enrolled people are rejected in {share} of cases ({low} to {high}).",
            f"{counted} and {self.rejected.comparisons:,} genuine comparisons of {self.people} "
            "people.",
        ]


def calibrate(
    matrix: Energies,
    codes: Codes,
    purpose: Purpose,
    *,
    energy: str | None = None,
    extrapolate: bool = False,
    seed: int = 0,
    pairs: LabelledPairs | None = None,
) -> ThresholdChoice:
    """Find the threshold for a purpose, on people used neither for training nor for tests.

    Where the fusion is to be chosen ("auto"), half of the people choose it and the other half
    give the threshold: choosing the fusion on the same impostors would bias the promise. Half the
    people make a quarter of the comparisons. Where those cannot show the target, everybody does
    both, and the result says so: otherwise small data sets would have no choice, and the preference
    for the simpler fusion limits the bias.

    Args:
        matrix: ``(n, n)`` energies between all photos of these people.
        codes: ``(n,)``, the identity of each.
        purpose: what it is for.
        energy: the name of the energies; only the fusions "centroid" and "auto" need it.
        extrapolate: whether a tail may be fitted where the comparisons are too few.
        seed: of the draws behind an extrapolated threshold's interval, and of the halves.
        pairs: the selected pairs, of one photo each; all of them if not given.

    Raises:
        TooFewError: the comparisons cannot show so low a rate; says how many people could.
        SettingError: the target is beyond the range of a fitted tail, or the
            fusion cannot be computed for this energy.
    """
    if purpose.fusion == AUTO:
        return _with_chosen_fusion(
            matrix, codes, purpose, energy=energy, extrapolate=extrapolate, seed=seed, pairs=pairs
        )
    comparisons = Comparisons.with_people(
        matrix,
        codes,
        photos_each=purpose.photos_each,
        fusion=purpose.fusion,
        energy=energy,
        pairs=pairs,
        genuine_required=False,
    )
    people = len(np.unique(codes))
    impostors = AcceptedRate(comparisons.impostor, comparisons.impostor_people)
    threshold = impostors.largest_threshold(purpose.target)
    if threshold is not None:
        rate = impostors.at(threshold)
    elif extrapolate:
        threshold, rate = _extrapolated(
            comparisons, purpose, impostors, energy=energy, people=people, seed=seed
        )
    else:
        raise TooFewError(_too_few(purpose, impostors, people=people, photos=len(codes)))
    return ThresholdChoice(
        purpose=purpose,
        threshold=threshold,
        strangers=_mapped(rate, purpose),
        rejected=_rejected(comparisons, threshold),
        people=people,
        extrapolated=impostors.at(-np.inf).high > purpose.target,
    )


def _with_chosen_fusion(
    matrix: Energies,
    codes: Codes,
    purpose: Purpose,
    *,
    energy: str | None,
    extrapolate: bool,
    seed: int,
    pairs: LabelledPairs | None,
) -> ThresholdChoice:
    if purpose.photos_each == 1:  # one photo is its own nearest, mean and middle
        plain = replace(purpose, fusion="min")
        return calibrate(
            matrix, codes, plain, energy=energy, extrapolate=extrapolate, seed=seed, pairs=pairs
        )
    if energy is None:
        raise SettingError('energy: expected its name for the fusion "auto". Received: None.')
    people = np.random.default_rng(seed).permutation(np.unique(codes))
    first = np.isin(codes, people[: len(people) // 2])

    def chosen_and_calibrated(choosing: Mask, finding: Mask, beyond: bool) -> ThresholdChoice:
        choice = FusionChoice.measure(
            matrix[np.ix_(choosing, choosing)],
            codes[choosing],
            photos_each=purpose.photos_each,
            far=min(purpose.target, 0.5),
            energy=energy,
            seed=seed,
        )
        calibrated = calibrate(
            matrix[np.ix_(finding, finding)],
            codes[finding],
            replace(purpose, fusion=choice.fusion),
            energy=energy,
            extrapolate=beyond,
            seed=seed,
        )
        same = bool((choosing & finding).any())
        return replace(calibrated, fusion_choice=replace(choice, same_people=same))

    try:
        return chosen_and_calibrated(first, ~first, False)
    except TooFewError:
        everyone = np.ones(len(codes), bool)
        return chosen_and_calibrated(everyone, everyone, extrapolate)


def _too_few(purpose: Purpose, counted: AcceptedRate, *, people: int, photos: int) -> str:
    nothing = counted.at(-np.inf)
    wanted = nothing.effective * nothing.high / purpose.target
    # Comparisons grow with the square of the people.
    more = int(np.ceil(people * (np.sqrt(wanted / nothing.effective) - 1))) + 1
    gallery = "" if purpose.people == 1 else f" against {purpose.people:,} people"
    return (
        f"{len(counted):,} impostor comparisons of {people} people (worth {nothing.effective:,.0f} "
        f"independent ones) support no false acceptance rate under {rare_percent(nothing.high)}; "
        f"{rare_percent(purpose.strangers_accepted)} of strangers{gallery} needs "
        f"{rare_percent(purpose.target)}. You need photos of about {more:,} more people, or "
        "`--extrapolate`."
    )


def _extrapolated(
    comparisons: Comparisons,
    purpose: Purpose,
    counted: AcceptedRate,
    *,
    energy: str | None,
    people: int,
    seed: int,
) -> tuple[float, Rate]:
    """Return the threshold at which the upper end of the fitted tail reaches the target, and its
    rate.

    People are drawn again and the tail is fitted to each draw; the threshold is low enough for all
    but 2.5 % of the draws. Where the tail rests on too few pairs of people, that is too bold: the
    tail ends just below the lowest energy seen, and the next look-alike is beyond that end. There
    all impostor energies together, as a normal distribution, give the threshold, unless the tail
    itself is lower.
    """
    if purpose.target * FARTHEST * len(counted) < 1:
        raise SettingError(
            f"{rare_percent(purpose.strangers_accepted)} of strangers against {purpose.people:,} "
            f"people needs {rare_percent(purpose.target)} per comparison, too far beyond the "
            f"{len(counted):,} impostor comparisons for any tail. Allow more, or measure on more "
            "people."
        )
    lowest = _LowestEnergies(comparisons)
    tail = lowest.tail()
    if lowest.pairs_in_tail < FEW:
        normal = NormalEnergies.of(comparisons.impostor, people=people, energy=energy)
        threshold = min(tail.threshold(purpose.target), normal.threshold(purpose.target))
        share = normal.rate(threshold)
    else:
        rng = np.random.default_rng(seed)
        drawn = (lowest.drawn_again(rng).threshold(purpose.target) for _ in range(REPETITIONS))
        threshold = sorted(drawn)[int(0.025 * REPETITIONS)]
        share = tail.rate(threshold)
    if threshold <= 0:
        raise TooFewError(
            f"{people} people are too few to extrapolate to "
            f"{rare_percent(purpose.target)} a comparison: no energy would be low enough. "
            "Measure on more people, or accept more strangers."
        )
    return threshold, Rate(
        share=share,
        low=0.0,
        high=purpose.target,
        comparisons=len(counted),
        effective=counted.at(-np.inf).effective,
    )


class _LowestEnergies:
    """The lowest impostor energies, and tails fitted to them for people drawn again."""

    def __init__(self, comparisons: Comparisons) -> None:
        self._present, codes = np.unique(comparisons.impostor_people, return_inverse=True)
        people = len(self._present)
        codes = codes.reshape(-1, 2)
        # Enough of them that the tail is among them under any weights.
        order = np.argsort(comparisons.impostor, kind="stable")
        order = order[: max(4, int(4 * TAIL_SHARE * len(order)))]
        self._energies = np.asarray(comparisons.impostor[order], np.float64)
        self._people = codes[order]
        pairs = np.bincount(codes[:, 0] * people + codes[:, 1], minlength=people * people)
        self._compared = pairs.reshape(people, people)
        self.pairs_in_tail = TAIL_SHARE * people * (people - 1) / 2

    def tail(self) -> Tail:
        return self._fitted(np.ones(len(self._present)))

    def drawn_again(self, rng: np.random.Generator) -> Tail:
        """Return the tail for people drawn with replacement; copies are not compared."""
        people = len(self._present)
        while True:
            times = np.bincount(rng.choice(people, people), minlength=people).astype(np.float64)
            if times[self._people].prod(axis=1).any():  # no near pair was drawn: draw again
                return self._fitted(times)

    def _fitted(self, times: Floats) -> Tail:
        return Tail.fit(
            self._energies,
            share=TAIL_SHARE,
            weights=times[self._people].prod(axis=1),
            total=float(times @ self._compared @ times),
        )


def _mapped(rate: Rate, purpose: Purpose) -> Rate:
    """Return the rate of one comparison as the rate of strangers."""
    share, low, high = (purpose.strangers(end) for end in (rate.share, rate.low, rate.high))
    return replace(rate, share=share, low=low, high=high)


def _rejected(comparisons: Comparisons, threshold: float) -> Rate | None:
    """Return the share of enrolled people's photos beyond the threshold, if there are any."""
    if not len(comparisons.genuine):
        return None
    accepted = AcceptedRate(comparisons.genuine, comparisons.genuine_people).at(threshold)
    return Rate(
        share=1 - accepted.share,
        low=1 - accepted.high,
        high=1 - accepted.low,
        comparisons=accepted.comparisons,
        effective=accepted.effective,
    )
