"""Decisions with three outcomes: known, unknown or ambiguous.

*Known*: the nearest person is within the threshold, and the runner-up is farther away by the
margin that calibration found. *Ambiguous*: the nearest person is within the threshold, but
the runner-up is too near. *Unknown*: nobody is within the threshold.

Threshold, margin and probabilities come with the model (`likeness calibrate`); there are no
built-in numbers here, and a model without a threshold cannot decide.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from likeness.arrays import Floats, Images, check_in_range, describe
from likeness.errors import DataError, ModelError, NoThresholdError
from likeness.evaluation.figures import rare_percent
from likeness.evaluation.margin import is_clear
from likeness.evaluation.probability import PRIOR, LikelihoodRatio, check_prior
from likeness.evaluation.threshold_choice import Purpose
from likeness.model.protocol import Model

Status = Literal["known", "unknown", "ambiguous"]


@dataclass(frozen=True, kw_only=True)
class Neighbour:
    """An enrolled person and the energy of the photo to them.

    Args:
        name: the person's.
        energy: fused over the person's photos; lower is more alike.
        probability: see `Answer`; None if the model has no probabilities.
    """

    name: str
    energy: float
    probability: float | None


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer of identification, and its basis.

    A probability is that of *one comparison*: P(the photo and this enrolled person are the
    same person | their energy), given the prior probability ``prior``.
    It is not the probability that the name is right among all enrolled people: the nearest of many
    strangers is nearer than a random one. Choose a suitable prior: about 1 / G for G people who are
    all equally likely.

    Args:
        status: "known", "unknown" or "ambiguous".
        name: of the nearest person if known, else None.
        energy: to the nearest person; None if nobody is enrolled.
        runner_up: the second nearest person; None if there is none.
        margin: how much farther away the runner-up is; None if there is none.
        margin_needed: to be known; None if none was measured; the runner-up must then be beyond the
            threshold.
        probability: that the photo is of the nearest person, for the prior; None if the model
            has no probabilities, or the person is unknown.
        prior: P(the photo is of a given enrolled person) before the energy is known: the one
            stated, or 1 / G for a gallery of G people.
        threshold: the model's threshold.
        nearest: the nearest people, the nearest first.
        reason: why, in a sentence.
        warnings: what the calibration does not cover.
        model: its fingerprint.
    """

    status: Status
    name: str | None
    energy: float | None
    runner_up: Neighbour | None
    margin: float | None
    margin_needed: float | None
    probability: float | None
    prior: float
    threshold: float
    nearest: tuple[Neighbour, ...]
    reason: str
    warnings: tuple[str, ...]
    model: str


@dataclass(frozen=True, kw_only=True)
class Promise:
    """What a calibrated threshold promises about strangers in a gallery of another size.

    Args:
        people: G, how many are enrolled.
        measured: the share of strangers accepted, 1 − (1 − f)^G, from the rate f of one
            comparison.
        at_most: the same from the upper end of that rate's interval: the promise.
    """

    people: int
    measured: float
    at_most: float


@dataclass(frozen=True, kw_only=True)
class _Comparison:
    """The comparison of two pictures by a model.

    Args:
        same: whether the energy is within the threshold.
        energy: between them; lower is more alike.
        threshold: the model's threshold.
        probability: P(same | energy) for the prior; None if the model has no probabilities.
        prior: P(same) before the energy is known.
        identical: whether the two pictures are equal pixel by pixel, so that the energy is
            meaningless.
        warnings: remarks on the reliability of the result.
        model: its fingerprint.
    """

    same: bool
    energy: float
    threshold: float
    probability: float | None
    prior: float
    identical: bool
    warnings: tuple[str, ...]
    model: str

    def as_dict(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return {"format": "likeness.comparison/1", **asdict(self)}


NEAREST = 5


@dataclass(frozen=True, kw_only=True)
class Decider:
    """Decides by one model's threshold, margin and probabilities.

    Make it with `Decider.of`, once for many photos.

    Args:
        threshold: accept if energy ≤ threshold.
        margin: the runner-up must be at least this much farther away; None if none was measured.
        ratio: from energies to likelihood ratios; None if the model has no probabilities.
        prior: of probabilities, above 0, below 1.
        prior_by_size: whether identification takes 1 / G of G enrolled people instead, because
            nobody stated a prior.
        purpose: what the threshold was calibrated for; None if training chose it.
        strangers: measured and promised share of strangers accepted at that purpose.
        fingerprint: the model's.
    """

    threshold: float
    margin: float | None
    ratio: LikelihoodRatio | None
    prior: float
    prior_by_size: bool
    purpose: Purpose | None
    strangers: tuple[float, float]
    fingerprint: str

    @classmethod
    def of(cls, model: Model, *, prior: float | None = None) -> "Decider":
        """Return the decider of a model.

        Args:
            model: with a threshold.
            prior: P(one person) that probabilities are stated for. If not given, the one stated
                in the calibration, or ½ for two photos and 1 / G for one of G people.

        Raises:
            NoThresholdError: the model has no threshold.
            ModelError: its calibration belongs to another model, or is damaged.
            SettingError: the prior is out of its range.
        """
        if model.threshold is None:
            raise NoThresholdError(
                "this model has no threshold, so it cannot decide. Choose one with "
                "`likeness calibrate MODEL PHOTOS`."
            )
        stored = model.calibration
        _check_belongs(model)
        try:
            probability = stored.get("probability", {})
            kept = probability.get("prior", PRIOR)
            ratio = probability.get("ratio")
            margin = stored.get("margin", {}).get("value")
            purpose = Purpose(**stored["purpose"]) if stored else None
            strangers = stored["strangers"] if stored else {"share": 1.0, "high": 1.0}
            shares = float(strangers["share"]), float(strangers["high"])
            margin = None if margin is None else float(margin)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ModelError(
                f"the model's calibration is damaged ({type(error).__name__}: {error}). Calibrate "
                "it again: `likeness calibrate MODEL PHOTOS`."
            ) from error
        # A calibration keeps the default where nobody stated a prior.
        prior_by_size = prior is None and kept == PRIOR
        prior = kept if prior is None else prior
        check_prior(prior)
        return cls(
            threshold=float(model.threshold),
            margin=margin,
            ratio=None if ratio is None else LikelihoodRatio.from_json(ratio),
            prior=prior,
            prior_by_size=prior_by_size,
            purpose=purpose,
            strangers=shares,
            fingerprint=model.fingerprint,
        )

    def decide(
        self,
        names: Sequence[str],
        energies: ArrayLike,
        *,
        people: int | None = None,
        nearest: int = NEAREST,
    ) -> Answer:
        """Decide who it is.

        Args:
            names: of the enrolled people, ``G`` different ones; nobody is allowed. The two nearest
                are enough for the answer.
            energies: ``(G,)``, of the photo to each of them, fused as in the calibration.
            people: how many are enrolled in all, for the prior and the warnings; G if not given.
            nearest: how many of the nearest people to return, 1 or more.

        Raises:
            DataError: the energies are not one finite number per person.

        >>> from types import SimpleNamespace
        >>> model = SimpleNamespace(threshold=1.0, calibration={}, fingerprint="f")
        >>> answer = Decider.of(model).decide(["ada", "bob", "eve"], [0.4, 1.2, 1.5])
        >>> answer.status, answer.name, answer.runner_up.name
        ('known', 'ada', 'bob')
        >>> answer.reason.partition(";")[0]
        'ada is nearest, at 0.4, within the threshold of 1'
        """
        check_in_range(nearest, 1, 2**30, argument="nearest", whole=True)
        values = _checked(names, energies)
        # Of equally near people, the first one; the answer is ambiguous anyway.
        order = np.argsort(values, kind="stable")[: max(nearest, 2)]
        enrolled = len(values) if people is None else people
        prior = 1 / max(enrolled, 2) if self.prior_by_size else self.prior
        within = len(order) > 0 and values[order[0]] <= self.threshold
        ordered = [
            Neighbour(
                name=names[i],
                energy=float(values[i]),
                probability=self.probability(float(values[i]), prior=prior) if within else None,
            )
            for i in order
        ]
        first = ordered[0] if ordered else None
        second = ordered[1] if len(ordered) > 1 else None
        status = self._status(first, second)
        return Answer(
            status=status,
            name=first.name if first and status == "known" else None,
            energy=first.energy if first else None,
            runner_up=second,
            margin=second.energy - first.energy if first and second else None,
            margin_needed=self.margin,
            probability=first.probability if first else None,
            prior=prior,
            threshold=self.threshold,
            nearest=tuple(ordered[:nearest]),
            reason=self._reason(status, first, second),
            warnings=self.warnings(people=enrolled),
            model=self.fingerprint,
        )

    def promise_for(self, people: int) -> Promise:
        """Return what the threshold promises about strangers for a number of enrolled people.

        Raises:
            NoThresholdError: training chose the threshold, which promises nothing.
            SettingError: ``people`` is not a whole number of 1 or more.
        """
        if self.purpose is None:
            raise NoThresholdError(
                "this model's threshold was chosen in training and promises nothing about "
                "strangers. Choose one with `likeness calibrate MODEL PHOTOS`."
            )
        check_in_range(people, 1, 10**9, argument="people", whole=True)
        measured, at_most = (
            # 1 − (1 − f)^G of the rate f of one comparison, by which it was 1 − (1 − f)^G'.
            float(-np.expm1(people / self.purpose.people * np.log1p(-min(share, 1 - 1e-15))))
            for share in self.strangers
        )
        return Promise(people=people, measured=measured, at_most=at_most)

    def warnings(self, *, people: int) -> tuple[str, ...]:
        """Return what the calibration does not cover, for a number of enrolled people."""
        if self.purpose is None:
            return (
                "The threshold was chosen in training: nothing is promised about strangers. "
                "Choose one with `likeness calibrate MODEL PHOTOS`.",
            )
        if people <= self.purpose.people:
            return ()
        promise = self.promise_for(people)
        names = "" if self.margin is None else ", and wrong names are more frequent too"
        return (
            f"{people:,} people are enrolled, and the threshold was calibrated for "
            f"{self.purpose.people:,}: up to {rare_percent(promise.at_most)} of strangers are "
            f"accepted, not {rare_percent(self.strangers[1])}{names}. Calibrate again: "
            f"`likeness calibrate MODEL PHOTOS --people {people}`.",
        )

    def probability(self, energy: float, *, prior: float | None = None) -> float | None:
        """Return P(one person | energy) for a prior; None if the model has no probabilities."""
        if self.ratio is None:
            return None
        return float(self.ratio.probability(energy, prior=self.prior if prior is None else prior))

    def _status(self, first: Neighbour | None, second: Neighbour | None) -> Status:
        if first is None or first.energy > self.threshold:
            return "unknown"
        if second is None:
            return "known"
        energies = np.array([first.energy]), np.array([second.energy])
        clear = is_clear(*energies, threshold=self.threshold, margin=self.margin)
        return "known" if clear[0] else "ambiguous"

    def _reason(self, status: Status, first: Neighbour | None, second: Neighbour | None) -> str:
        if first is None:
            return "Nobody is enrolled."
        nearest = f"{first.name} is nearest, at {first.energy:.4g}"
        if status == "unknown":
            return f"{nearest}, beyond the threshold of {self.threshold:.4g}."
        within = f"{nearest}, within the threshold of {self.threshold:.4g}"
        if second is None:
            return f"{within}; nobody else is enrolled."
        known = status == "known"
        if self.margin is None:
            other = f"; {second.name} is beyond it" if known else f", and so is {second.name}"
            return f"{within}{other} (no margin was measured)."
        gap = f"{second.name} is {second.energy - first.energy:.4g} farther away"
        needed = f"{',' if known else ', and'} a margin of {self.margin:.4g} is needed"
        return f"{within}; {gap}{'' if known and self.margin == 0 else needed}."


def compare(
    model: Model, left: Images, right: Images, *, prior: float | None = None
) -> _Comparison:
    """Say whether two pictures show one identity, by the model's threshold and probabilities.

    Args:
        model: with a threshold; its preparation reads the pictures.
        left, right: ``(rows, columns, 1 or 3)``, uint8; their sizes may differ.
        prior: P(same) that the probability is stated for; the calibration's own if not given.

    Raises:
        NoThresholdError: the model has no threshold.
        ModelError: its calibration belongs to another model, or is damaged.
        DataError: a picture has another shape or type.
        SettingError: the prior is out of its range.
    """
    decider = Decider.of(model, prior=prior)
    energy = float(model.energies(left[None], right[None])[0, 0])
    identical = np.array_equal(left, right)
    warnings = []
    if identical:
        warnings.append("both files hold the same picture, so an energy of 0 proves nothing.")
    if decider.ratio is None:
        warnings.append("no probability: the model is not calibrated (`likeness calibrate`).")
    return _Comparison(
        same=energy <= decider.threshold,
        energy=energy,
        threshold=decider.threshold,
        probability=decider.probability(energy),
        prior=decider.prior,
        identical=identical,
        warnings=tuple(warnings),
        model=decider.fingerprint,
    )


def _check_belongs(model: Model) -> None:
    of = model.calibration.get("provenance", {}).get("model", model.fingerprint)
    if of != model.fingerprint:
        raise ModelError(
            f"the calibration is of model {str(of)[:12]}; this one is {model.fingerprint[:12]}. "
            "Calibrate it: `likeness calibrate MODEL PHOTOS`."
        )


def _checked(names: Sequence[str], energies: ArrayLike) -> Floats:
    values = np.asarray(energies, dtype=np.float64)
    if values.shape != (len(names),):
        raise DataError(
            f"energies: expected one for each of {len(names)} people, shape ({len(names)},). "
            f"Received: {describe(values)}."
        )
    if not np.isfinite(values).all():
        raise DataError("energies: expected finite numbers. Received: NaN or infinity.")
    if len(set(names)) != len(names):
        raise DataError(
            "names: expected different people, each with one energy. Received: repeated names. "
            "Fuse the energies to a person's photos first."
        )
    return values
