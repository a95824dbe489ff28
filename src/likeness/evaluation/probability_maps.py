"""Fitting one map from energies to likelihood ratios, and bounding it by what was counted.

Genuine and impostor comparisons are equally heavy together, so that the log-odds that a map
learns are ln LR.

What the comparisons cannot show is not claimed. With no impostor accepted among comparisons
worth n independent ones, their rate may still be up to h (Wilson's 95 % end), so no energy
shows a ratio above 1/h; and with no genuine one rejected among those worth m, none under the
end of 0 of m. Every map is clipped to that range.
"""

from dataclasses import dataclass

import numpy as np

from likeness.arrays import Energies
from likeness.errors import require_extra
from likeness.evaluation.comparisons import Comparisons
from likeness.evaluation.counts import Floats
from likeness.evaluation.probability import NEAREST, LikelihoodRatio
from likeness.evaluation.probability_figures import pooled_share
from likeness.evaluation.rare_rates import AcceptedRate, Rate

MERGED = 4096
"""Of each kind, so many energies are fitted to at most: neighbours are merged beyond that."""


@dataclass(frozen=True, kw_only=True)
class Support:
    """What the comparisons can show of likelihood ratios.

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


def fit_ratio(kind: str, found: Comparisons) -> LikelihoodRatio:
    """Fit one map, and clip it to what the comparisons can show.

    Args:
        kind: one of `KINDS`.
        found: at least one genuine and one impostor comparison.

    Raises:
        MissingExtraError: scikit-learn is not installed.
    """
    return Fitting(found).ratio(kind)


class Fitting:
    """What all maps are fitted to, prepared once.

    Args:
        found: at least one genuine and one impostor comparison.
    """

    def __init__(self, found: Comparisons) -> None:
        self.support = support_of(found)
        self._genuine, self._impostor = _Merged(found.genuine), _Merged(found.impostor)

    def ratio(self, kind: str) -> LikelihoodRatio:
        """Return the map of a kind, as `fit_ratio` does."""
        fit = _isotonic if kind == "isotonic" else _logistic
        return LikelihoodRatio(
            kind=kind,
            parameters=fit(kind, self._genuine, self._impostor, self.support),
            lowest=self.support.lowest,
            highest=self.support.highest,
        )


def support_of(found: Comparisons) -> Support:
    """Return what the comparisons can show, counted with the dependence between people."""
    # The other way round: of genuine comparisons, the farthest count.
    genuine = AcceptedRate(-np.asarray(found.genuine), found.genuine_people)
    impostor = AcceptedRate(found.impostor, found.impostor_people)
    return Support(genuine=genuine.at(-np.inf), impostor=impostor.at(-np.inf))


class _Merged:
    """Ascending energies of one kind and their weights, 1 in all; neighbours merged if many."""

    def __init__(self, energies: Energies) -> None:
        ordered = np.sort(np.asarray(energies, np.float64))
        starts = np.unique(np.linspace(0, len(ordered), MERGED, endpoint=False).astype(np.int64))
        counts = np.diff(starts, append=len(ordered))
        self.energies = np.add.reduceat(ordered, starts) / counts
        self.weights = counts / len(ordered)
        self.count = len(ordered)


def _logistic(kind: str, genuine: _Merged, impostor: _Merged, support: Support) -> dict[str, float]:
    """Fit Platt's map, or the beta map, by logistic regression on what the energy is made of.

    Each comparison is a little of the other kind (Platt's targets (n + 1) / (n + 2)), so that
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
    found = _nonnegative(features, target, weights)
    if kind == "platt":
        return {"intercept": found["intercept"], "slope": found["slope"] / scale}
    return {**found, "scale": scale}


def _nonnegative(features: dict[str, Floats], target: Floats, weights: Floats) -> dict[str, float]:
    """Return the coefficients of a logistic regression whose slopes are 0 or more."""
    found = {"intercept": 0.0} | dict.fromkeys(features, 0.0)
    left = dict(features)
    while left:
        intercept, slopes = _regression(np.stack(list(left.values()), axis=1), target, weights)
        worst = min(left, key=lambda name: slopes[list(left).index(name)])
        if slopes.min() >= 0:
            return (
                found | {"intercept": intercept} | dict(zip(left, map(float, slopes), strict=True))
            )
        del left[worst]
    share = float(np.average(target, weights=weights))
    return found | {"intercept": float(np.log(share / (1 - share)))}


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
    kind: str, genuine: _Merged, impostor: _Merged, support: Support
) -> dict[str, list[float]]:
    """Pool adjacent violators, with one comparison more at either end that speaks against it.

    Below all energies stands one impostor comparison, above all one genuine one, each as
    heavy as one of the independent comparisons: no end is surer than a count allows. (The
    «Laplace» option of the BOSARIS toolkit: N. Brümmer & E. de Villiers, 2011.)
    """
    distinct = np.unique(np.concatenate([genuine.energies, impostor.energies]))
    weights = []
    for place, part, rate in ((-1, genuine, support.genuine), (0, impostor, support.impostor)):
        weight = np.bincount(
            np.searchsorted(distinct, part.energies), weights=part.weights, minlength=len(distinct)
        )
        weight[place] += 1 / rate.effective
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
