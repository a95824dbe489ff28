"""How good likelihood ratios are: Cllr, minCllr and the reliability diagram's numbers.

N. Brümmer & J. du Preez, «Application-independent evaluation of speaker detection», Computer
Speech & Language 2006. Cllr is the mean cost in bits of believing the ratios, genuine and
impostor comparisons equally heavy: 0 is perfect, 1 is what LR = 1 everywhere costs, and more
than 1 misleads. minCllr is what is left after the best monotone map of these very energies:
Cllr − minCllr is the fault of the calibration, minCllr that of the energies.
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from likeness.arrays import Codes, Floats
from likeness.errors import require_extra
from likeness.evaluation.probability import check_prior, probability_of
from likeness.evaluation.rare_rates import wilson

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
    """Return the Cllr that no monotone map of the energies can get below, 0…1.

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
    # A mean of ones, or of zeros, may be rounded to a little beside it.
    return np.clip(np.asarray(pooled, np.float64), 0.0, 1.0)


@dataclass(frozen=True, kw_only=True)
class ReliabilityBin:
    """Comparisons that were given much the same probability, and how many were genuine.

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

    Genuine comparisons weigh ``prior`` together and impostor ones the rest, so that the
    probabilities and the shares are of the same world.

    Args:
        genuine, impostor: ``(g,)`` and ``(i,)``, ln LR of comparisons that the map was not
            fitted to.
        genuine_people, impostor_people: ``(g, 2)`` and ``(i, 2)``, whose each is.
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


def _bin(
    probabilities: Floats, is_genuine: NDArray[np.bool_], weights: Floats, people: Codes
) -> ReliabilityBin:
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


def _effective(is_genuine: NDArray[np.bool_], weights: Floats, people: Codes) -> float:
    """Return how many independent comparisons would be as sure of the share of genuine ones.

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
