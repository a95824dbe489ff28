"""From an energy to the probability that two photos show one person, for a stated prior.

An energy is turned into a likelihood ratio, LR = p(energy | genuine) / p(energy | impostor),
and only a prior makes a probability of it: logit P = ln LR + logit prior (Bayes). So the map
is fitted once, and the prior can be stated, and changed, afterwards.

A lower energy never gives a lower probability, and no ratio leaves the range that the
comparisons behind the map can show (`LikelihoodRatio.lowest`, ``highest``).
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from likeness.arrays import Floats, check_in_range
from likeness.errors import ModelError

FORMAT = "likeness.likelihood_ratio/1"
NEAREST = 1e-12
"""Energies below this share of the scale are lifted to it before a logarithm."""


def platt(energies: Floats, *, intercept: float, slope: float) -> Floats:
    """Return ln LR = intercept − slope · energy; slope ≥ 0.

    J. Platt, «Probabilistic Outputs for Support Vector Machines», 1999.
    """
    return intercept - slope * energies


def beta(energies: Floats, *, intercept: float, slope: float, bend: float, scale: float) -> Floats:
    """Return ln LR = intercept + slope · ln s − bend · ln(1 − s), s = exp(−energy / scale).

    M. Kull, T. Silva Filho & P. Flach, «Beta calibration», AISTATS 2017, equation 6. Theirs is
    for scores in 0…1; an energy in 0…∞ is made one by exp(−energy / scale), so that bend = 0
    is Platt's map. slope, bend ≥ 0.
    """
    away = np.maximum(energies / scale, NEAREST)
    return intercept - slope * away - bend * np.log(-np.expm1(-away))


def isotonic(energies: Floats, *, knots: ArrayLike, log_ratios: ArrayLike) -> Floats:
    """Return ln LR along straight lines between knots, level beyond them.

    B. Zadrozny & C. Elkan, «Transforming Classifier Scores into Accurate Multiclass
    Probability Estimates», KDD 2002. ``log_ratios`` never rise.
    """
    return np.asarray(np.interp(energies, np.asarray(knots), np.asarray(log_ratios)))


KINDS: dict[str, Callable[..., Floats]] = {"platt": platt, "beta": beta, "isotonic": isotonic}
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
    parameters: Mapping[str, Any]
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
        """Return P(one person | energy), if it is so likely before the energy is known.

        Args:
            energies: of any shape.
            prior: P(one person), above 0, below 1.

        Raises:
            SettingError: the prior is out of its range.
        """
        return probability_of(self.log(energies), prior=prior)

    def as_dict(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return {"format": FORMAT, **asdict(self)}

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> "LikelihoodRatio":
        """Return the map that `as_dict` described.

        Raises:
            ModelError: it describes none.
        """
        if document.get("format") != FORMAT:
            raise ModelError(
                f"likelihood ratio: expected the format {FORMAT!r}. Received: "
                f"{document.get('format')!r}. Calibrate the model again: `likeness calibrate`."
            )
        try:
            return cls(**{name: value for name, value in document.items() if name != "format"})
        except TypeError as error:
            raise ModelError(
                f"likelihood ratio: its entries do not fit ({error}). Calibrate the model again: "
                "`likeness calibrate`."
            ) from error


def probability_of(log_ratios: ArrayLike, *, prior: float) -> Floats:
    """Return the probability that a prior becomes by likelihood ratios, given as ln LR.

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
    """Say what is wrong with a map; nothing if it is one."""
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
