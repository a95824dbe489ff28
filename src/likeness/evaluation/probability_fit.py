"""Fitting maps from energies to likelihood ratios, and choosing one by people held out.

Three maps are fitted (Platt, beta, isotonic; see `likeness.evaluation.probability`). The people
are dealt to folds; a comparison is held out if both its people are in the fold, and fitted to if
neither is; the map with the lowest log-loss on comparisons held out is kept. Genuine and impostor
comparisons are with equal weight together, so that the log-odds that a map learns are ln LR.

Ratios are limited to what the comparisons can show. With no impostor accepted among comparisons
worth n independent ones, their rate may still be up to h (Wilson's 95 % end), so no energy
shows a ratio above 1/h; and with no genuine one rejected among those worth m, none under the
end of 0 of m. Every map is clipped to that range.
"""

from dataclasses import dataclass

import numpy as np

from likeness.arrays import Codes, Energies, Floats, Mask
from likeness.errors import TooFewError, require_extra
from likeness.evaluation.figures import rare_percent
from likeness.evaluation.fusion import Comparisons
from likeness.evaluation.probability import (
    KINDS,
    NEAREST,
    LikelihoodRatio,
    ReliabilityBin,
    cllr,
    min_cllr,
    pooled_share,
    probability_of,
    reliability,
)
from likeness.evaluation.rare_rates import AcceptedRate, Rate
from likeness.files import fields_to_json, to_json

FORMAT = "likeness.probability/1"
MOST_FOLDS = 5
PEOPLE_A_FOLD = 5

MERGED = 4096
"""Most energies of each kind that a map is fitted to; beyond that, neighbours are merged."""


@dataclass(frozen=True, kw_only=True)
class _Support:
    """The range of likelihood ratios that the comparisons can show.

    Args:
        genuine: of rejecting no genuine comparison; ``high`` is the lowest LR.
        impostor: of accepting no impostor comparison; 1 / ``high`` is the highest LR.
    """

    genuine: Rate
    impostor: Rate

    @property
    def lowest(self) -> float:
        """The lowest ln LR, 0 or less."""
        return float(np.log(self.genuine.high))

    @property
    def highest(self) -> float:
        """The highest ln LR, 0 or more."""
        return float(-np.log(self.impostor.high))


@dataclass(frozen=True, eq=False, kw_only=True)
class FittedProbability:
    """The map with the lowest loss on held-out people, and its figures.

    Args:
        ratio: fitted to all comparisons.
        prior: P(one person) that probabilities are stated for.
        support: what it was clipped to.
        log_losses: kind → its log-loss in nats on people held out, prior ½; Cllr · ln 2.
        comparisons: all of them.
        genuine, impostor: ``(g,)`` and ``(i,)``, ln LR of each by the chosen kind, fitted to
            other people; NaN where it was never held out, because its people are in two folds.
        folds: how many the people were dealt to.
        cllr, min_cllr: of the comparisons held out, bits.
    """

    ratio: LikelihoodRatio
    prior: float
    support: _Support
    log_losses: dict[str, float]
    comparisons: Comparisons
    genuine: Floats
    impostor: Floats
    folds: int
    cllr: float
    min_cllr: float

    @classmethod
    def fit(
        cls, comparisons: Comparisons, *, prior: float = 0.5, seed: int = 0
    ) -> "FittedProbability":
        """Fit every map, and keep the one with the lowest log-loss on people held out.

        Args:
            comparisons: of people that the model was not trained on.
            prior: P(one person) that probabilities are stated for, above 0, below 1.
            seed: deals the people to the folds.

        Raises:
            TooFewError: there are fewer than four people, or a part of them lacks genuine
                comparisons.
            MissingExtraError: scikit-learn is not installed.
        """
        folds = _deal(comparisons, seed=seed)
        given = _held_out_log_ratios(comparisons, folds)
        costs = {kind: _cllr_held_out(*log_ratios) for kind, log_ratios in given.items()}
        best = min(costs, key=lambda kind: costs[kind])
        genuine, impostor = given[best]
        tested = np.isfinite(genuine), np.isfinite(impostor)
        fitting = Fitting(comparisons)
        return cls(
            ratio=fitting.ratio(best),
            prior=prior,
            support=fitting.support,
            log_losses={kind: cost * float(np.log(2)) for kind, cost in costs.items()},
            comparisons=comparisons,
            genuine=genuine,
            impostor=impostor,
            folds=folds.count,
            cllr=costs[best],
            min_cllr=min_cllr(comparisons.genuine[tested[0]], comparisons.impostor[tested[1]]),
        )

    def to_json(self) -> dict[str, object]:
        """Return the map and its figures as JSON values, with a reliability diagram's numbers."""
        document = fields_to_json(self)
        del document["comparisons"], document["genuine"], document["impostor"]
        tested = [int(np.isfinite(part).sum()) for part in (self.genuine, self.impostor)]
        return document | {
            "format": FORMAT,
            "held_out": {"genuine": tested[0], "impostor": tested[1]},
            "reliability": to_json(self.reliability()),
            "sentences": self.sentences(),
        }

    def reliability(self) -> list[ReliabilityBin]:
        """Return the bins of the reliability diagram, of the comparisons held out."""
        genuine, impostor = np.isfinite(self.genuine), np.isfinite(self.impostor)
        return reliability(
            self.genuine[genuine],
            self.impostor[impostor],
            genuine_people=self.comparisons.genuine_people[genuine],
            impostor_people=self.comparisons.impostor_people[impostor],
            prior=self.prior,
        )

    def sentences(self) -> list[str]:
        """Return it in sentences."""
        low, high = probability_of([self.support.lowest, self.support.highest], prior=self.prior)
        losses = ", ".join(f"{kind} {loss:.3f}" for kind, loss in self.log_losses.items())
        return [
            f"Probabilities by {self.ratio.kind} calibration (log-loss on people held out: "
            f"{losses}); Cllr {self.cllr:.3f}, of which {self.min_cllr:.3f} is the discrimination "
            "loss of the energies.",
            f"At a prior of {rare_percent(self.prior)}, {rare_percent(low)} to "
            f"{rare_percent(high)}: the range that these comparisons can show.",
        ]


def _held_out_log_ratios(
    comparisons: Comparisons, folds: "_Folds"
) -> dict[str, tuple[Floats, Floats]]:
    """Return ln LR of each comparison, by maps fitted to other people; NaN without one."""
    given = {
        kind: (
            np.full(len(comparisons.genuine), np.nan),
            np.full(len(comparisons.impostor), np.nan),
        )
        for kind in KINDS
    }
    for fold in range(folds.count):
        fitting = Fitting(_part(comparisons, folds.rest(fold)))
        own, other = folds.held_out(fold)
        for kind, (genuine, impostor) in given.items():
            ratio = fitting.ratio(kind)
            genuine[own] = ratio.log(comparisons.genuine[own])
            impostor[other] = ratio.log(comparisons.impostor[other])
    return given


def _cllr_held_out(genuine: Floats, impostor: Floats) -> float:
    return cllr(genuine[np.isfinite(genuine)], impostor[np.isfinite(impostor)])


@dataclass(frozen=True, eq=False)
class _Folds:
    """The folds of people."""

    count: int
    genuine: Codes
    """``(g,)``, the fold in which each comparison is held out."""
    first: Codes
    second: Codes
    """``(i,)`` each, those of the two people of impostor comparisons."""

    def held_out(self, fold: int) -> tuple[Mask, Mask]:
        """Return the comparisons, both of whose people are in the fold."""
        return self.genuine == fold, (self.first == fold) & (self.second == fold)

    def rest(self, fold: int) -> tuple[Mask, Mask]:
        """Return the comparisons, neither of whose people is in the fold."""
        return self.genuine != fold, (self.first != fold) & (self.second != fold)


def _deal(comparisons: Comparisons, *, seed: int) -> _Folds:
    """Deal the people to folds, those with genuine comparisons first: each fold needs some."""
    people = np.unique(np.concatenate([comparisons.genuine_people, comparisons.impostor_people]))
    count = min(max(2, len(people) // PEOPLE_A_FOLD), MOST_FOLDS)
    order = np.random.default_rng(seed).permutation(people)
    order = order[np.argsort(~np.isin(order, comparisons.genuine_people), kind="stable")]
    fold_of = np.empty(int(people.max()) + 1, np.int64)
    fold_of[order] = np.arange(len(order)) % count
    genuine, *impostor = (
        fold_of[people]
        for people in (comparisons.genuine_people[:, 0], *np.transpose(comparisons.impostor_people))
    )
    folds = _Folds(count, genuine, *impostor)
    parts = [part(fold) for part in (folds.held_out, folds.rest) for fold in range(count)]
    if not all(mask.any() for part in parts for mask in part):
        raise TooFewError(
            "a probability is chosen on people held out: expected at least four people, with "
            f"several photos each. Received: {len(comparisons.genuine):,} genuine comparisons of "
            f"{len(people)} people. Add people, or photos of them."
        )
    return folds


def _part(comparisons: Comparisons, masks: tuple[Mask, Mask]) -> Comparisons:
    genuine, impostor = masks
    return Comparisons(
        genuine=comparisons.genuine[genuine],
        impostor=comparisons.impostor[impostor],
        genuine_people=comparisons.genuine_people[genuine],
        impostor_people=comparisons.impostor_people[impostor],
    )


class Fitting:
    """The data that all maps are fitted to, prepared once.

    Args:
        comparisons: at least one genuine and one impostor one.

    `support` is what they can show, counted with the dependence between people.
    """

    def __init__(self, comparisons: Comparisons) -> None:
        # For genuine comparisons, the largest energies are counted.
        genuine = AcceptedRate(-np.asarray(comparisons.genuine), comparisons.genuine_people)
        impostor = AcceptedRate(comparisons.impostor, comparisons.impostor_people)
        self.support = _Support(genuine=genuine.at(-np.inf), impostor=impostor.at(-np.inf))
        self._genuine = _Merged(comparisons.genuine)
        self._impostor = _Merged(comparisons.impostor)

    def ratio(self, kind: str) -> LikelihoodRatio:
        """Fit the map of a kind, and clip it to what the comparisons can show.

        Raises:
            MissingExtraError: scikit-learn is not installed.
        """
        fit = _isotonic if kind == "isotonic" else _logistic
        return LikelihoodRatio(
            kind=kind,
            parameters=fit(kind, self._genuine, self._impostor, self.support),
            lowest=self.support.lowest,
            highest=self.support.highest,
        )


class _Merged:
    """Ascending energies of one kind and their weights, 1 in all; neighbours merged if many."""

    def __init__(self, energies: Energies) -> None:
        ordered = np.sort(np.asarray(energies, np.float64))
        starts = np.unique(np.linspace(0, len(ordered), MERGED, endpoint=False).astype(np.int64))
        counts = np.diff(starts, append=len(ordered))
        self.energies = np.add.reduceat(ordered, starts) / counts
        self.weights = counts / len(ordered)
        self.count = len(ordered)


def _logistic(
    kind: str, genuine: _Merged, impostor: _Merged, support: _Support
) -> dict[str, float]:
    """Fit Platt's map, or the beta map, by logistic regression on features of the energy.

    Each comparison counts partly as the other kind (Platt's targets (n + 1) / (n + 2)), so that
    kinds that do not overlap give no infinite slope. A part whose coefficient would be
    negative is left out (Kull et al.).
    """
    scale = float((np.median(genuine.energies) + np.median(impostor.energies)) / 2)
    scale = scale if scale > 0 else 1.0
    energies = np.concatenate([genuine.energies, impostor.energies])
    away = np.maximum(energies / scale, NEAREST)
    features = {"slope": -away}
    if kind == "beta":
        features["bend"] = -np.log(-np.expm1(-away))
    target = np.concatenate(
        [
            np.full(len(genuine.energies), (genuine.count + 1) / (genuine.count + 2)),
            np.full(len(impostor.energies), 1 / (impostor.count + 2)),
        ]
    )
    weights = np.concatenate([genuine.weights, impostor.weights])
    coefficients = _nonnegative(features, target, weights)
    if kind == "platt":
        return {"intercept": coefficients["intercept"], "slope": coefficients["slope"] / scale}
    return {**coefficients, "scale": scale}


def _nonnegative(features: dict[str, Floats], target: Floats, weights: Floats) -> dict[str, float]:
    """Return the coefficients of a logistic regression whose slopes are 0 or more."""
    coefficients = {"intercept": 0.0} | dict.fromkeys(features, 0.0)
    left = dict(features)
    while left:
        intercept, slopes = _regression(np.stack(list(left.values()), axis=1), target, weights)
        worst = min(left, key=lambda name: slopes[list(left).index(name)])
        if slopes.min() >= 0:
            return (
                coefficients
                | {"intercept": intercept}
                | dict(zip(left, map(float, slopes), strict=True))
            )
        del left[worst]
    share = float(np.average(target, weights=weights))
    return coefficients | {"intercept": float(np.log(share / (1 - share)))}


def _regression(columns: Floats, target: Floats, weights: Floats) -> tuple[float, Floats]:
    """Return intercept and slopes; every row counts as both kinds, by its target."""
    middle, spread = columns.mean(axis=0), columns.std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    rows = np.tile((columns - middle) / spread, (2, 1))
    model = require_extra("sklearn.linear_model").LogisticRegression(C=1e9, tol=1e-9, max_iter=2000)
    model.fit(
        rows,
        np.repeat([1, 0], len(columns)),
        sample_weight=np.concatenate([weights * target, weights * (1 - target)]),
    )
    slopes = np.asarray(model.coef_[0], np.float64) / spread
    return float(model.intercept_[0] - slopes @ middle), slopes


def _isotonic(
    kind: str, genuine: _Merged, impostor: _Merged, support: _Support
) -> dict[str, list[float]]:
    """Pool adjacent violators, with one contradicting comparison added at either end.

    Below all energies stands one impostor comparison, above all one genuine one, each as
    heavy as one of the independent comparisons: the ends are as certain as the counts allow. (The
    «Laplace» option of the BOSARIS toolkit: N. Brümmer & E. de Villiers, 2011.)
    """
    distinct = np.unique(np.concatenate([genuine.energies, impostor.energies]))
    weights = []
    for end, part, rate in ((-1, genuine, support.genuine), (0, impostor, support.impostor)):
        weight = np.bincount(
            np.searchsorted(distinct, part.energies), weights=part.weights, minlength=len(distinct)
        )
        weight[end] += 1 / rate.effective
        weights.append(np.asarray(weight, np.float64))
    share = pooled_share(*weights)
    log_ratios = np.log(share) - np.log1p(-share)
    # Of each level, its two ends are enough.
    steps = np.flatnonzero(np.abs(np.diff(log_ratios)) > 1e-9)
    ends = np.unique(np.concatenate([[0], steps, steps + 1, [len(distinct) - 1]]))
    return {
        "knots": distinct[ends].tolist(),
        "log_ratios": np.minimum.accumulate(log_ratios[ends]).tolist(),
    }
