"""The probability that two photos show one person, from their energy and a prior.

An energy is turned into a likelihood ratio, LR = p(energy | genuine) / p(energy | impostor),
and a prior turns it into a probability: logit P = ln LR + logit prior (Bayes). So the map
is fitted once, and the prior can be stated, and changed, afterwards.

A lower energy never gives a lower probability, and no ratio leaves the range that the
comparisons behind the map can show (`LikelihoodRatio.lowest`, ``highest``).

The quality of likelihood ratios: Cllr, minCllr and the reliability diagram.

N. Brümmer & J. du Preez, «Application-independent evaluation of speaker detection», Computer
Speech & Language 2006. Cllr is the mean cost in bits of using the ratios, genuine and impostor
comparisons with equal weight: 0 is perfect, 1 is what LR = 1 everywhere costs, and more than 1
misleads. minCllr is the rest after the best monotone map of the same energies: Cllr − minCllr is
the calibration loss, minCllr the discrimination loss of the energies.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from likeness.arrays import Codes, Floats, Mask, check_in_range
from likeness.errors import ModelError, require_extra
from likeness.evaluation.rare_rates import wilson
from likeness.files import fields_to_json

PRIOR = 0.5
"""The default prior: one person and two people are equally likely."""

FORMAT = "likeness.likelihood_ratio/1"
NEAREST = 1e-12
"""Lower limit of energies, as a share of the scale, before a logarithm."""


def _platt(energies: Floats, *, intercept: float, slope: float) -> Floats:
    """Return ln LR = intercept − slope · energy; slope ≥ 0.

    J. Platt, «Probabilistic Outputs for Support Vector Machines», 1999.
    """
    return intercept - slope * energies


def _beta(energies: Floats, *, intercept: float, slope: float, bend: float, scale: float) -> Floats:
    """Return ln LR = intercept + slope · ln s − bend · ln(1 − s), s = exp(−energy / scale).

    M. Kull, T. Silva Filho & P. Flach, «Beta calibration», AISTATS 2017, equation 6. Theirs is
    for scores in 0…1; an energy in 0…∞ is made one by exp(−energy / scale), so that bend = 0
    is Platt's map. slope, bend ≥ 0.
    """
    away = np.maximum(energies / scale, NEAREST)
    return intercept - slope * away - bend * np.log(-np.expm1(-away))


def _isotonic(energies: Floats, *, knots: ArrayLike, log_ratios: ArrayLike) -> Floats:
    """Return ln LR along straight lines between knots, level beyond them.

    B. Zadrozny & C. Elkan, «Transforming Classifier Scores into Accurate Multiclass
    Probability Estimates», KDD 2002. ``log_ratios`` never rise.
    """
    return np.asarray(np.interp(energies, np.asarray(knots), np.asarray(log_ratios)))


KINDS: dict[str, Callable[..., Floats]] = {"platt": _platt, "beta": _beta, "isotonic": _isotonic}
"""The maps, the simplest first."""


@dataclass(frozen=True, kw_only=True)
class LikelihoodRatio:
    """A fitted map from energies to likelihood ratios.

    Args:
        kind: one of `KINDS`.
        parameters: of that formula, JSON values.
        lowest, highest: of ln LR; what the map gives beyond is clipped, because the
            comparisons behind it cannot show more. lowest ≤ 0 ≤ highest.

    Raises:
        ModelError: the parameters are not such a map's, or it would rise with the energy.

    >>> ratio = LikelihoodRatio(
    ...     kind="platt", parameters={"intercept": 4.0, "slope": 2.0}, lowest=-3.0, highest=3.0
    ... )
    >>> ratio.log([0.0, 2.0, 9.0]).tolist()
    [3.0, 0.0, -3.0]
    >>> [round(float(p), 3) for p in ratio.probability([0.0, 2.0], prior=0.1)]
    [0.691, 0.1]
    """

    kind: str
    parameters: Mapping[str, float | Sequence[float]]
    lowest: float
    highest: float

    def __post_init__(self) -> None:
        problem = _problem(self)
        if problem:
            raise ModelError(
                f"likelihood ratio: {problem}. Calibrate the model again: `likeness calibrate`."
            )

    def log(self, energies: ArrayLike) -> Floats:
        """Return ln LR of energies of any shape, `lowest`…`highest`."""
        given = np.asarray(energies, dtype=np.float64)
        log_ratios = KINDS[self.kind](given, **self.parameters)
        return np.clip(log_ratios, self.lowest, self.highest)

    def probability(self, energies: ArrayLike, *, prior: float) -> Floats:
        """Return P(one person | energy), given the prior.

        Args:
            energies: of any shape.
            prior: P(one person), above 0, below 1.

        Raises:
            SettingError: the prior is out of its range.
        """
        return probability_of(self.log(energies), prior=prior)

    def to_json(self) -> dict[str, object]:
        """Return everything as JSON values."""
        return {"format": FORMAT, **fields_to_json(self)}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "LikelihoodRatio":
        """Return the map that `to_json` wrote.

        Raises:
            ModelError: it is not such a map.
        """
        entries = dict(document)
        stated = entries.pop("format", None)
        if stated != FORMAT:
            raise ModelError(
                f"likelihood ratio: expected the format {FORMAT!r}. Received: {stated!r}. "
                "Calibrate the model again: `likeness calibrate`."
            )
        try:
            return cls(**entries)
        except TypeError as error:
            raise ModelError(
                f"likelihood ratio: its entries do not fit ({error}). Calibrate the model again: "
                "`likeness calibrate`."
            ) from error


def probability_of(log_ratios: ArrayLike, *, prior: float) -> Floats:
    """Return the posterior probability for a prior and likelihood ratios, given as ln LR.

    Raises:
        SettingError: the prior is not above 0 and below 1.
    """
    check_prior(prior)
    logit = np.asarray(log_ratios, dtype=np.float64) + np.log(prior / (1 - prior))
    # exp of a large number overflows to infinity, and 1 / (1 + ∞) is the right 0.
    with np.errstate(over="ignore"):
        return np.asarray(1 / (1 + np.exp(-logit)))


def check_prior(prior: float) -> None:
    """Raise unless the prior is above 0 and below 1.

    Raises:
        SettingError: it is not.
    """
    check_in_range(prior, 1e-9, 1 - 1e-9, argument="prior")


_ONE = np.zeros(1)


def _problem(ratio: LikelihoodRatio) -> str:
    """Return what is wrong with a map; empty if it is valid."""
    if ratio.kind not in KINDS:
        return f"expected one of {', '.join(KINDS)}. Received: {ratio.kind!r}"
    try:
        bounds = np.array([ratio.lowest, ratio.highest], np.float64)
        values = {name: np.asarray(v, np.float64) for name, v in ratio.parameters.items()}
        with np.errstate(all="ignore"):  # whether the values make sense is seen below
            KINDS[ratio.kind](np.zeros(1), **values)
    except (TypeError, ValueError, AttributeError) as error:
        return f"the parameters are not those of {ratio.kind} ({error})"
    if not (np.isfinite(bounds).all() and bounds[0] <= 0 <= bounds[1]):
        return f"expected finite bounds around 0. Received: {ratio.lowest} and {ratio.highest}"
    if not all(np.isfinite(value).all() for value in values.values()):
        return "expected finite parameters. Received: NaN or infinity"
    falls = (
        values.get("slope", 0) >= 0
        and values.get("bend", 0) >= 0
        and values.get("scale", 1) > 0
        and (np.diff(values.get("knots", _ONE)) > 0).all()
        and (np.diff(values.get("log_ratios", _ONE)) <= 0).all()
    )
    return "" if falls else "expected one that never rises with the energy"


BINS = 10


def cllr(genuine: ArrayLike, impostor: ArrayLike) -> float:
    """Return Cllr in bits, 0 or more.

    Args:
        genuine: ``(g,)``, ln LR of genuine comparisons; infinite ones are allowed.
        impostor: ``(i,)``, of impostor comparisons.

    >>> cllr([0.0, 0.0], [0.0])
    1.0
    """
    missed = np.logaddexp(0, -np.asarray(genuine, np.float64)).mean()
    believed = np.logaddexp(0, np.asarray(impostor, np.float64)).mean()
    return float((missed + believed) / (2 * np.log(2)))


def min_cllr(genuine: ArrayLike, impostor: ArrayLike) -> float:
    """Return the lowest Cllr of any monotone map of the energies, 0…1.

    Args:
        genuine, impostor: ``(g,)`` and ``(i,)`` energies.

    Raises:
        MissingExtraError: scikit-learn is not installed.

    >>> min_cllr([1.0, 2.0], [3.0]), min_cllr([1.0], [1.0])
    (0.0, 1.0)
    """
    kinds = [np.asarray(energies, np.float64) for energies in (genuine, impostor)]
    distinct = np.unique(np.concatenate(kinds))
    weights = [
        np.bincount(np.searchsorted(distinct, energies), minlength=len(distinct)) / len(energies)
        for energies in kinds
    ]
    share = pooled_share(*weights)
    with np.errstate(divide="ignore"):
        log_ratios = np.log(share) - np.log1p(-share)
    return cllr(*(log_ratios[np.searchsorted(distinct, energies)] for energies in kinds))


def pooled_share(genuine: Floats, impostor: Floats) -> Floats:
    """Return the share of genuine weight at ascending energies, pooled so that it never rises.

    Pool adjacent violators (M. Ayer et al., Annals of Mathematical Statistics 1955).

    Args:
        genuine, impostor: ``(n,)`` weights at each energy, not both 0 anywhere.

    Raises:
        MissingExtraError: scikit-learn is not installed.
    """
    regression = require_extra("sklearn.isotonic").isotonic_regression
    total = genuine + impostor
    pooled = regression(genuine / total, sample_weight=total, increasing=False)
    # A mean of ones, or of zeros, may be slightly off by rounding.
    return np.clip(np.asarray(pooled, np.float64), 0.0, 1.0)


@dataclass(frozen=True, kw_only=True)
class ReliabilityBin:
    """A bin of comparisons with similar probabilities, and the share of genuine ones.

    Args:
        predicted: their mean probability.
        observed: the share of genuine ones at the stated prior.
        low, high: the 95 % interval of ``observed``, people left out one at a time.
        genuine, impostor: how many comparisons.
    """

    predicted: float
    observed: float
    low: float
    high: float
    genuine: int
    impostor: int


def reliability(
    genuine: Floats,
    impostor: Floats,
    *,
    genuine_people: Codes,
    impostor_people: Codes,
    prior: float,
    bins: int = BINS,
) -> list[ReliabilityBin]:
    """Return the numbers of a reliability diagram; bins without comparisons are left out.

    Genuine comparisons have the total weight ``prior`` and impostor ones the rest, so that
    probabilities and shares are comparable.

    Args:
        genuine, impostor: ``(g,)`` and ``(i,)``, ln LR of comparisons that the map was not
            fitted to.
        genuine_people, impostor_people: ``(g, 2)`` and ``(i, 2)``, the identity of each.
        prior: P(one person), above 0, below 1.
        bins: of equal width, 2 or more.

    Raises:
        SettingError: the prior is out of its range.
    """
    check_prior(prior)
    is_genuine = np.arange(len(genuine) + len(impostor)) < len(genuine)
    weights = np.where(is_genuine, prior / len(genuine), (1 - prior) / len(impostor))
    probabilities = probability_of(np.concatenate([genuine, impostor]), prior=prior)
    people = np.concatenate([genuine_people, impostor_people])
    bin_of = np.minimum((probabilities * bins).astype(np.int64), bins - 1)
    return [
        _bin(probabilities[inside], is_genuine[inside], weights[inside], people[inside])
        for inside in (bin_of == number for number in np.unique(bin_of))
    ]


def _bin(probabilities: Floats, is_genuine: Mask, weights: Floats, people: Codes) -> ReliabilityBin:
    observed = float(np.average(is_genuine, weights=weights))
    effective = _effective(is_genuine, weights, people)
    low, high = wilson(observed, effective, NormalDist().inv_cdf(0.975))
    return ReliabilityBin(
        predicted=float(np.average(probabilities, weights=weights)),
        observed=observed,
        low=min(low, observed),
        high=max(high, observed),
        genuine=int(is_genuine.sum()),
        impostor=int((~is_genuine).sum()),
    )


def _effective(is_genuine: Mask, weights: Floats, people: Codes) -> float:
    """Return the effective number of independent comparisons for the share of genuine ones.

    At most as many as there are different pairs of people, the heavy ones counting more
    (L. Kish, «Survey Sampling», 1965); fewer if leaving out a person moves the share much.
    """
    present, codes = np.unique(people, return_inverse=True)
    left, right = codes.reshape(-1, 2).T
    pair_weights = np.bincount(left * len(present) + right, weights=weights)
    most = float(pair_weights.sum() ** 2 / (pair_weights**2).sum())

    def without(values: Floats) -> Floats:
        both = np.bincount(left, weights=values, minlength=len(present))
        other = left != right
        both += np.bincount(right[other], weights=values[other], minlength=len(present))
        return np.asarray(values.sum() - both)

    total = without(weights)
    some = total > 1e-12 * weights.sum()
    shares = without(weights * is_genuine)[some] / total[some]
    share = float(np.average(is_genuine, weights=weights))
    spread = float(((shares - shares.mean()) ** 2).sum()) if len(shares) else 0.0
    variance = spread * (1 - 1 / max(len(shares), 2))
    return min(most, share * (1 - share) / variance) if variance > 0 else most
