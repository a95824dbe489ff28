"""Figures by group of people, to compare error rates between groups.

A group of fewer than ten people is too small to represent others: a single difficult person would
change its rates by a tenth or more. Its figures are shown, with that warning, and never compared. A
FAR below 3 / (impostor pairs within the group) is not claimed. A difference between two groups
stands out only if its 95 % interval, from people of both groups drawn again, excludes 0. The
interval of an error rate reaches up to 3/n at least, of the n pairs or photos behind it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from likeness.arrays import Codes, Floats, Mask
from likeness.evaluation.baselines import Evaluation
from likeness.evaluation.figures import FigureName, Interval, percent
from likeness.evaluation.intervals import drawn_figures
from likeness.evaluation.open_set import OpenSet
from likeness.evaluation.verification import EVIDENCE
from likeness.files import fields_from_json, fields_to_json, to_json

FEWEST_PEOPLE = 10
LEVEL = 0.95


@dataclass(frozen=True, kw_only=True)
class Group:
    """One group of people.

    Args:
        label: of the group.
        people, photos: how many.
        genuine_pairs, impostor_pairs: between photos of the group.
        figures: by name, rates 0…1: "fnmr", "fmr" (of acquired photos, both people in the group),
            "fta" (where faces were looked for), "fnir" (among everybody enrolled in an open set),
            and the one-shot rate (among everybody); a photo without a usable face counts as wrong
            in the last two. Empty where there is no genuine or no impostor pair.
        warnings: limits of its figures, in sentences.
    """

    label: str
    people: int
    photos: int
    genuine_pairs: int
    impostor_pairs: int
    figures: Mapping[FigureName, Interval]
    warnings: tuple[str, ...]

    @property
    def small(self) -> bool:
        """Whether it is too small to be compared."""
        return self.people < FEWEST_PEOPLE or not self.figures


@dataclass(frozen=True, kw_only=True)
class _Difference:
    """The difference of a figure between two groups.

    Args:
        figure: its name.
        first, second: labels of the groups.
        difference: first − second, −1…1, with its interval.
        stands_out: whether the interval excludes 0.
    """

    figure: FigureName
    first: str
    second: str
    difference: Interval
    stands_out: bool


@dataclass(frozen=True, kw_only=True)
class _WorstOverBest:
    """How far apart the groups are in an error rate (ISO/IEC 19795-10).

    Args:
        figure: "fmr", "fnmr" or "fta".
        worst, best: labels of the groups with the highest and the lowest rate.
        ratio: of the two rates, 1 or more; None where the best group shows no such rate.
    """

    figure: FigureName
    worst: str
    best: str
    ratio: float | None


@dataclass(frozen=True, kw_only=True)
class Grouping:
    """A grouping of people.

    Args:
        column: its name.
        groups: in the order of their labels.
        differences: between groups that are not too small.
        unlabelled: people who are in no group.
    """

    column: str
    groups: tuple[Group, ...]
    differences: tuple[_Difference, ...]
    unlabelled: int

    @classmethod
    def of(
        cls,
        evaluation: Evaluation,
        open_set: OpenSet | None,
        *,
        column: str,
        labels: Sequence[str | None],
        repetitions: int = 500,
        seed: int = 0,
    ) -> "Grouping":
        """Measure each group of people, and the differences between groups.

        Args:
            evaluation: of everybody.
            open_set: of everybody; None if there was none.
            column: name of the grouping.
            labels: one per identity code; None for a person without a label.
            repetitions: how often people are drawn again, within each group.
            seed: of the draws.

        Raises:
            SettingError: a setting is out of its range.
        """
        groups, draws = [], []
        for number, label in enumerate(sorted({label for label in labels if label is not None})):
            people = np.array([code for code, own in enumerate(labels) if own == label])
            group = _GroupResampler(evaluation, open_set, people)
            names, drawn = (
                drawn_figures([group], repetitions=repetitions, seed=seed + number)
                if group.figures
                else ([], np.empty((repetitions, 0)))
            )
            groups.append(_group(label, group, names, drawn))
            draws.append(dict(zip(names, drawn.T, strict=True)))
        compared = [number for number, group in enumerate(groups) if not group.small]
        return cls(
            column=column,
            groups=tuple(groups),
            differences=tuple(
                _difference(name, groups[a], groups[b], draws[a][name] - draws[b][name])
                for a, b in combinations(compared, 2)
                for name in groups[a].figures
                if name in groups[b].figures
            ),
            unlabelled=sum(label is None for label in labels),
        )

    @property
    def figure_names(self) -> list[FigureName]:
        """The figures that any group has, in the order of a table's columns."""
        names = {name for group in self.groups for name in group.figures}
        return sorted(names, key=lambda name: name.column)

    @property
    def worst_over_best(self) -> list[_WorstOverBest]:
        """The ratio of each error rate between groups that are not too small, two at least."""
        ratios = []
        for name in (FigureName(kind) for kind in ("fmr", "fnmr", "fta")):
            groups = [group for group in self.groups if not group.small and name in group.figures]
            if len(groups) > 1:
                groups.sort(key=lambda group: group.figures[name].mean)
                best, worst = groups[0].figures[name].mean, groups[-1].figures[name].mean
                least = _least(groups[0].impostor_pairs) if name == "fmr" else 0.0
                ratios.append(
                    _WorstOverBest(
                        figure=name,
                        worst=groups[-1].label,
                        best=groups[0].label,
                        ratio=worst / best if best > 0 and best >= least else None,
                    )
                )
        return ratios

    def to_json(self) -> dict[str, object]:
        """Return everything as JSON values."""
        return fields_to_json(self) | {
            "groups": [{**fields_to_json(group), "small": group.small} for group in self.groups],
            "worst_over_best": to_json(self.worst_over_best),
            "sentences": self.sentences(),
        }

    @classmethod
    def from_json(cls, document: object) -> "Grouping":
        """Read what `to_json` wrote; DataError where something is missing or of another kind."""
        return fields_from_json(cls, document)

    def sentences(self) -> list[str]:
        """Return it in sentences."""
        said = [f"{group.label}: {warning}" for group in self.groups for warning in group.warnings]
        if self.unlabelled:
            said.append(f"People without a label: {self.unlabelled}.")
        said += [self._ratio_in_words(compared) for compared in self.worst_over_best]
        outstanding = [difference for difference in self.differences if difference.stands_out]
        said += [_difference_in_words(difference) for difference in outstanding]
        if not self.differences:
            said.append("No two groups are large enough to be compared.")
        elif not outstanding:
            said.append(f"No difference of {len(self.differences)} excludes 0 with its interval.")
        else:
            said.append(
                f"{len(outstanding)} of {len(self.differences)} differences stand out; one in "
                "twenty would by chance."
            )
        return said

    def _ratio_in_words(self, compared: _WorstOverBest) -> str:
        rates = {group.label: group.figures.get(compared.figure) for group in self.groups}
        worst, best = (
            f"{label} {percent(rate.mean if (rate := rates[label]) else None)}"
            for label in (compared.worst, compared.best)
        )
        ratio = "not known, as the best group shows too few errors"
        if compared.ratio is not None:
            ratio = f"{compared.ratio:.2g}"
        return f"{compared.figure.label}, worst over best: {ratio} ({worst}, {best})."


def _group(
    label: str, group: "_GroupResampler", names: Sequence[FigureName], draws: Floats
) -> Group:
    figures = {
        name: Interval.of_draws(group.figures[name], column, level=LEVEL)
        for name, column in zip(names, draws.T, strict=True)
    }
    pairs = group.impostor_pairs
    people = len(group.group_people)
    warnings = []
    if not figures:
        warnings.append("its people have no two photos of one, or no two people: not measured.")
    if people < FEWEST_PEOPLE:
        warnings.append(
            f"{people} {'person' if people == 1 else 'people'}, fewer than {FEWEST_PEOPLE}: too "
            "few to say anything about people like them."
        )
    fmr, fnmr, fnir, fta = (FigureName(kind) for kind in ("fmr", "fnmr", "fnir", "fta"))
    behind_of = {
        fmr: pairs,
        fnmr: group.genuine_pairs,
        fnir: group.photos,
        fta: group.tried,
    }
    for name, behind in behind_of.items():
        if name in figures:
            end = max(figures[name].high, _least(behind))
            figures[name] = replace(figures[name], high=end)
    if fmr in figures and figures[fmr].mean < _least(pairs):
        warnings.append(f"{pairs:,} impostor pairs show no FMR under {100 * _least(pairs):.2g} %.")
    return Group(
        label=label,
        people=people,
        photos=group.photos,
        genuine_pairs=group.genuine_pairs,
        impostor_pairs=pairs,
        figures=figures,
        warnings=tuple(warnings),
    )


def _least(behind: int) -> float:
    """Return the lowest rate that a number of pairs or photos can show (the «rule of three»)."""
    return min(1.0, EVIDENCE / behind)


def _difference(name: FigureName, first: Group, second: Group, draws: Floats) -> _Difference:
    means = [group.figures[name].mean for group in (first, second)]
    shown = name != "fmr" or max(means) >= max(_least(g.impostor_pairs) for g in (first, second))
    difference = Interval.of_draws(means[0] - means[1], draws, level=LEVEL)
    return _Difference(
        figure=name,
        first=first.label,
        second=second.label,
        difference=difference,
        stands_out=shown and not difference.low <= 0 <= difference.high,
    )


def _difference_in_words(compared: _Difference) -> str:
    size = compared.difference.mean
    ends = sorted((compared.difference.low, compared.difference.high))
    if size < 0:
        ends = [-ends[1], -ends[0]]
    name = compared.figure.replace("_", " ") if "_" in compared.figure else compared.figure.upper()
    return (
        f"{name}: {compared.first} is {100 * abs(size):.1f} percentage points "
        f"{'above' if size > 0 else 'below'} {compared.second} "
        f"({100 * ends[0]:.1f} to {100 * ends[1]:.1f})."
    )


class _GroupResampler:
    """The figures of one group for resampled people.

    At one threshold every figure is a mean over pairs or probes, weighted by how often the people
    in each were drawn.
    """

    def __init__(
        self, evaluation: Evaluation, open_set: OpenSet | None, group_people: Codes
    ) -> None:
        pairs, self.group_people = evaluation.pairs, group_people
        tried = evaluation.acquisition
        self._acquisition = None if tried is None else tried.of_people(group_people)
        failed = np.empty(0) if self._acquisition is None else self._acquisition.failed
        self._people = max(int(pairs.codes.max()) + 1, len(failed))
        self.photos = int(np.isin(pairs.codes, group_people).sum())
        self.tried = self.photos + int(failed.sum())
        genuine_of = pairs.codes[pairs.genuine_pairs[:, :1]]
        impostor_of = pairs.codes[pairs.impostor_pairs]
        self.genuine_pairs, self.impostor_pairs = (
            int(np.isin(people, group_people).all(axis=1).sum())
            for people in (genuine_of, impostor_of)
        )
        # By figure: the error or score of each pair or probe, and the people in it, (1 or 2, n).
        self._means: dict[FigureName, tuple[Floats, Codes]] = {}
        self.figures: Mapping[FigureName, float] = {}
        if not self.genuine_pairs or not self.impostor_pairs:
            return
        threshold = evaluation.threshold
        if threshold is not None:
            self._keep(FigureName("fnmr"), pairs.genuine > threshold, genuine_of)
            self._keep(FigureName("fmr"), pairs.impostor <= threshold, impostor_of)
            if open_set is not None:
                searches = open_set.searches
                self._keep(
                    FigureName("fnir"), searches.missed(threshold), searches.mated_codes[:, None]
                )
        if (trials := evaluation.identification) is not None:
            self._keep(
                FigureName("one_shot", trials.ways), trials.correct, trials.probe_codes[:, None]
            )
        self.figures = self._measure(np.ones(self._people)) or {}

    def _keep(self, name: FigureName, values: Mask | Floats, people: Codes) -> None:
        inside = np.isin(people, self.group_people).all(axis=1)
        if inside.any():
            self._means[name] = values[inside].astype(np.float64), people[inside].T.copy()

    def draw(self, rng: np.random.Generator) -> Mapping[FigureName, float]:
        while True:
            drawn = rng.choice(self.group_people, len(self.group_people))
            often = np.bincount(drawn, minlength=self._people).astype(np.float64)
            figures = self._measure(often)
            if figures is not None:
                return figures

    def _measure(self, often: Floats) -> dict[FigureName, float] | None:
        """Return the figures; None where there are no pairs or probes."""
        fta = 0.0 if self._acquisition is None else self._acquisition.rate(often)
        figures = {} if self._acquisition is None else {FigureName("fta"): fta}
        for name, (values, people) in self._means.items():
            weights = often[people].prod(axis=0)
            total = float(weights.sum())
            if total == 0:
                return None
            rate = float(values @ weights) / total
            if name.kind == "fnir":
                rate = fta + (1 - fta) * rate
            elif name.kind == "one_shot":
                rate *= 1 - fta
            figures[name] = rate
        return figures
