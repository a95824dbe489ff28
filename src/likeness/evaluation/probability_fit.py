"""Choosing the map from energies to likelihood ratios by its log-loss on people held out.

Three maps are fitted (Platt, beta, isotonic; see `likeness.evaluation.probability_maps`). The
people are dealt to folds; a comparison is held out if both its people are in the fold, and
fitted to if neither is.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from likeness.arrays import Codes
from likeness.errors import TooFewError
from likeness.evaluation.comparisons import Comparisons
from likeness.evaluation.counts import Floats
from likeness.evaluation.figures import rare_percent
from likeness.evaluation.probability import KINDS, LikelihoodRatio, probability_of
from likeness.evaluation.probability_figures import ReliabilityBin, cllr, min_cllr, reliability
from likeness.evaluation.probability_maps import Fitting, Support

FORMAT = "likeness.probability/1"
Mask = NDArray[np.bool_]
MOST_FOLDS = 5
PEOPLE_A_FOLD = 5


@dataclass(frozen=True, eq=False, kw_only=True)
class FittedProbability:
    """The map that did best on people held out, and how well that was.

    Args:
        ratio: fitted to all comparisons.
        support: what it was clipped to.
        log_losses: kind → its log-loss in nats on people held out, prior ½; Cllr · ln 2.
        comparisons: all of them.
        genuine, impostor: ``(g,)`` and ``(i,)``, ln LR of each by the chosen kind, fitted to
            other people; NaN where it was never held out, because its people are in two folds.
        folds: how many the people were dealt to.
        cllr, min_cllr: of the comparisons held out, bits.
    """

    ratio: LikelihoodRatio
    support: Support
    log_losses: dict[str, float]
    comparisons: Comparisons
    genuine: Floats
    impostor: Floats
    folds: int
    cllr: float
    min_cllr: float

    def as_dict(self, *, prior: float) -> dict[str, Any]:
        """Return the map and its figures as JSON values, with a reliability diagram's numbers.

        Args:
            prior: P(one person) that probabilities are stated for, above 0, below 1.
        """
        tested = [int(np.isfinite(part).sum()) for part in (self.genuine, self.impostor)]
        return {
            "format": FORMAT,
            "ratio": self.ratio.as_dict(),
            "prior": prior,
            "log_losses": dict(self.log_losses),
            "cllr": self.cllr,
            "min_cllr": self.min_cllr,
            "folds": self.folds,
            "held_out": {"genuine": tested[0], "impostor": tested[1]},
            "support": asdict(self.support),
            "reliability": [asdict(bin) for bin in self.reliability(prior=prior)],
            "sentences": self.sentences(prior=prior),
        }

    def reliability(self, *, prior: float) -> list[ReliabilityBin]:
        """Return the bins of the reliability diagram, of the comparisons held out."""
        genuine, impostor = np.isfinite(self.genuine), np.isfinite(self.impostor)
        return reliability(
            self.genuine[genuine],
            self.impostor[impostor],
            genuine_people=self.comparisons.genuine_people[genuine],
            impostor_people=self.comparisons.impostor_people[impostor],
            prior=prior,
        )

    def sentences(self, *, prior: float) -> list[str]:
        """Say it in words."""
        low, high = probability_of([self.support.lowest, self.support.highest], prior=prior)
        losses = ", ".join(f"{kind} {loss:.3f}" for kind, loss in self.log_losses.items())
        return [
            f"Probabilities by {self.ratio.kind} calibration (log-loss on people held out: "
            f"{losses}); Cllr {self.cllr:.3f}, of which {self.min_cllr:.3f} are the energies' own.",
            f"At a prior of {rare_percent(prior)}, {rare_percent(low)} to {rare_percent(high)}: "
            "what these comparisons can show, and no more.",
        ]


def fit_probability(found: Comparisons, *, seed: int = 0) -> FittedProbability:
    """Fit every map, and keep the one with the lowest log-loss on people held out.

    Args:
        found: comparisons of people that the model was not trained on.
        seed: deals the people to the folds.

    Raises:
        TooFewError: there are fewer than four people, or a part of them lacks genuine
            comparisons.
        MissingExtraError: scikit-learn is not installed.
    """
    folds = _deal(found, seed=seed)
    given = _held_out_log_ratios(found, folds)
    costs = {kind: _cllr_held_out(*log_ratios) for kind, log_ratios in given.items()}
    best = min(costs, key=lambda kind: costs[kind])
    genuine, impostor = given[best]
    tested = np.isfinite(genuine), np.isfinite(impostor)
    fitting = Fitting(found)
    return FittedProbability(
        ratio=fitting.ratio(best),
        support=fitting.support,
        log_losses={kind: cost * float(np.log(2)) for kind, cost in costs.items()},
        comparisons=found,
        genuine=genuine,
        impostor=impostor,
        folds=folds.count,
        cllr=costs[best],
        min_cllr=min_cllr(found.genuine[tested[0]], found.impostor[tested[1]]),
    )


def _held_out_log_ratios(found: Comparisons, folds: "_Folds") -> dict[str, tuple[Floats, Floats]]:
    """Return ln LR of each comparison, by maps that have not seen its people; NaN without one."""
    given = {
        kind: (np.full(len(found.genuine), np.nan), np.full(len(found.impostor), np.nan))
        for kind in KINDS
    }
    for fold in range(folds.count):
        fitting = Fitting(_part(found, folds.rest(fold)))
        own, other = folds.held_out(fold)
        for kind, (genuine, impostor) in given.items():
            ratio = fitting.ratio(kind)
            genuine[own] = ratio.log(found.genuine[own])
            impostor[other] = ratio.log(found.impostor[other])
    return given


def _cllr_held_out(genuine: Floats, impostor: Floats) -> float:
    return cllr(genuine[np.isfinite(genuine)], impostor[np.isfinite(impostor)])


@dataclass(frozen=True, eq=False)
class _Folds:
    """Who is held out when."""

    count: int
    genuine: Codes
    """``(g,)``, the fold that each comparison is held out in."""
    first: Codes
    second: Codes
    """``(i,)`` each, those of the two people of impostor comparisons."""

    def held_out(self, fold: int) -> tuple[Mask, Mask]:
        """Return the comparisons, both of whose people are in the fold."""
        return self.genuine == fold, (self.first == fold) & (self.second == fold)

    def rest(self, fold: int) -> tuple[Mask, Mask]:
        """Return the comparisons, neither of whose people is in the fold."""
        return self.genuine != fold, (self.first != fold) & (self.second != fold)


def _deal(found: Comparisons, *, seed: int) -> _Folds:
    """Deal the people to folds, those with genuine comparisons first: each fold needs some."""
    people = np.unique(np.concatenate([found.genuine_people, found.impostor_people]))
    count = min(max(2, len(people) // PEOPLE_A_FOLD), MOST_FOLDS)
    order = np.random.default_rng(seed).permutation(people)
    order = order[np.argsort(~np.isin(order, found.genuine_people), kind="stable")]
    fold_of = np.empty(int(people.max()) + 1, np.int64)
    fold_of[order] = np.arange(len(order)) % count
    genuine, *impostor = (
        fold_of[people]
        for people in (found.genuine_people[:, 0], *np.transpose(found.impostor_people))
    )
    folds = _Folds(count, genuine, *impostor)
    parts = [part(fold) for part in (folds.held_out, folds.rest) for fold in range(count)]
    if not all(mask.any() for part in parts for mask in part):
        raise TooFewError(
            "a probability is chosen on people held out: expected at least four people, with "
            f"several photos each. Received: {len(found.genuine):,} genuine comparisons of "
            f"{len(people)} people. Add people, or photos of them."
        )
    return folds


def _part(found: Comparisons, masks: tuple[Mask, Mask]) -> Comparisons:
    genuine, impostor = masks
    return Comparisons(
        genuine=found.genuine[genuine],
        impostor=found.impostor[impostor],
        genuine_people=found.genuine_people[genuine],
        impostor_people=found.impostor_people[impostor],
    )
