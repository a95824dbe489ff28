"""`ModelCard`: the contents of a model's card, for programs and for people."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from likeness.evaluation.results import ProtocolResult
from likeness.files import to_json

FORMAT = "likeness.card/1"

Rows = tuple[tuple[str, object], ...]
"""Name and fact; None is «not known»."""


@dataclass(frozen=True, kw_only=True)
class CardPart:
    """A part of a card: values for programs, and text for people."""

    values: Mapping[str, object]
    rows: Rows


@dataclass(frozen=True, kw_only=True)
class ValidFor:
    """What a threshold was calibrated for; None where that was not recorded."""

    people: float | None
    photos_each: float | None
    fusion: str | None
    strangers_accepted: float | None


@dataclass(frozen=True, kw_only=True)
class CardThreshold:
    """A threshold, its source, and its promise.

    Args:
        value: None if there is none.
        source: such as "calibration" or "by hand".
        sentences: what it promises.
        valid_for: what it was calibrated for, if it was.
        evidence: counts of what it was chosen on.
        date: when.
        for_gallery: whether the model is used with a gallery.
    """

    value: float | None
    source: str | None
    sentences: tuple[str, ...] = ()
    valid_for: ValidFor | None = None
    evidence: Mapping[str, object] = field(default_factory=dict)
    date: str | None = None
    for_gallery: bool = True

    @property
    def rows(self) -> Rows:
        """The facts for people."""
        people = self.valid_for and shown_number(self.valid_for.people)
        return (
            ("Accepts if the distance is at most", shown_number(self.value) or "no threshold"),
            ("From", self.source or "nothing"),
            *([("Valid for a gallery of", people or "no size is known")] * self.for_gallery),
            *(
                (f"Evidence: {name.replace('_', ' ')}", shown_number(fact))
                for name, fact in self.evidence.items()
            ),
            ("Date", self.date),
        )


@dataclass(frozen=True, kw_only=True)
class ModelCard:
    """The contents of a model's card.

    Args:
        fingerprint, created, likeness: of the model; when and by which version it was made.
        name: of the model.
        licence: of the model; that of its data is among ``data``.
        watermark: the mark of everything that is made from the card.
        data: what it was trained on.
        training: how.
        threshold: the model's threshold.
        results: what was measured.
        not_for: what it must not be used for, in sentences.
        limits: limits of the figures, in sentences.
        purpose: its purpose, if it is not face recognition.
        measured: the measurement in words, if there is no `ProtocolResult` of it.
    """

    fingerprint: str | None
    created: str | None
    likeness: str | None
    name: str
    licence: str | None
    watermark: str | None
    data: CardPart
    training: CardPart
    threshold: CardThreshold
    results: tuple[ProtocolResult, ...] = ()
    not_for: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    purpose: str | None = None
    measured: str | None = None

    @property
    def tables(self) -> dict[str, dict[str, str]]:
        """The facts in words, in four tables: model, data, training, threshold."""
        model: Rows = (
            ("Fingerprint", self.fingerprint),
            ("Made", self.created),
            ("likeness", self.likeness),
            ("Licence of the model", self.licence or "none was stated"),
        )
        tables = {
            "model": model,
            "data": self.data.rows,
            "training": self.training.rows,
            "threshold": self.threshold.rows,
        }
        return {
            table: {name: "not known" if fact is None else str(fact) for name, fact in rows}
            for table, rows in tables.items()
        }

    def to_json(self) -> dict[str, object]:
        """Return it as JSON values; what is not known is None."""
        threshold = {k: v for k, v in asdict(self.threshold).items() if k != "for_gallery"}
        card = {
            "format": FORMAT,
            "fingerprint": self.fingerprint,
            "created": self.created,
            "likeness": self.likeness,
            "name": self.name,
            "licence": {"model": self.licence, "data": self.data.values["licence"]},
            "watermark": self.watermark,
            "data": self.data.values,
            "training": self.training.values,
            "threshold": threshold,
            "results": self.results,
            "not_for": self.not_for,
            "limits": self.limits,
            "for": self.purpose,
            "measured": self.measured,
        }
        return {name: to_json(part) for name, part in card.items()}


def shown_number(value: object) -> object:
    """Return a number in words, and yes or no; anything else as it is."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.6g}" if isinstance(value, float) else value
