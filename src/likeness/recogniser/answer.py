"""`Answer`: who a photo shows, and what that rests on."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

Status = Literal["known", "unknown", "ambiguous"]


@dataclass(frozen=True, kw_only=True)
class Neighbour:
    """An enrolled person and how far away the photo is.

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
    """Who it is, and what that rests on.

    A probability is that of *one comparison*: P(the photo and this enrolled person are the
    same person | their energy), if that is as likely as ``prior`` before the energy is known.
    It is not the probability that the name is right among all enrolled people: the nearest of
    many strangers is nearer than a stranger taken at random. State a prior that fits: about
    1 / G for one of G people who may all come.

    Args:
        status: "known", "unknown" or "ambiguous".
        name: of the nearest person if known, else None.
        energy: to the nearest person; None if nobody is enrolled.
        runner_up: the second nearest person; None if there is none.
        margin: how much farther away the runner-up is; None if there is none.
        margin_needed: to be known; None if none was measured, and then the runner-up must be
            beyond the threshold.
        probability: that the photo is of the nearest person, for the prior; None if the model
            has no probabilities.
        prior: the one stated.
        threshold: in force.
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

    def as_dict(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return asdict(self)


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
