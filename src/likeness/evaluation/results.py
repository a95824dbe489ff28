"""The result of a protocol, as one value; its JSON is written and read only here.

In a JSON document, a value of another type counts as missing (`number_of` and others).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from likeness.datasets.items import Dataset
from likeness.errors import DataError
from likeness.evaluation.baselines import Evaluation
from likeness.evaluation.figures import FigureName, Interval, in_order, watermark
from likeness.evaluation.groups import Grouping
from likeness.evaluation.intervals import people_intervals
from likeness.evaluation.leaks import LeakReport


def object_of(value: Any) -> Mapping[str, Any]:
    """Return an object, or an empty one."""
    return value if isinstance(value, Mapping) else {}


def list_of(value: Any) -> list[Any]:
    """Return a list, or an empty one."""
    return list(value) if isinstance(value, list | tuple) else []


def text_of(value: Any) -> str | None:
    """Return words, or None."""
    return value if isinstance(value, str) and value.strip() else None


def number_of(value: Any) -> int | float | None:
    """Return a finite number, or None."""
    return value if is_number(value) else None


def is_number(value: Any) -> bool:
    """Return whether a value is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def json_of(value: Any) -> Any:
    """Return a value as it is read back from JSON: lists for tuples, however deep."""
    if isinstance(value, Mapping):
        return {name: json_of(each) for name, each in value.items()}
    return [json_of(each) for each in value] if isinstance(value, list | tuple) else value


def plain_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that are words, numbers, or yes and no."""
    return {
        name: value
        for name, value in values.items()
        if isinstance(value, str | bool) or is_number(value)
    }


FORMAT = "likeness.protocol/1"
BOOTSTRAP_SEED = 0

Figures = Mapping[FigureName, Interval]


@dataclass(frozen=True, kw_only=True)
class MeasuredData:
    """The data set behind a result; None where that is not recorded."""

    name: str | None = None
    digest: str | None = None
    licence: str | None = None


@dataclass(frozen=True, kw_only=True)
class MeasuredModel:
    """The saved model behind a result.

    Args:
        fingerprint: of the model.
        runtime: what ran it.
        threshold_seen: number of the people that its threshold was calibrated on.
        notes: what was left out of the data.
    """

    fingerprint: str
    runtime: str
    threshold_seen: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class FoldResult:
    """One training of several, measured on people of its own.

    Args:
        fold: its number, from 0.
        people: those tested.
        figures: of the network.
        threshold: chosen on ``threshold_people``; None if there were too few.
        threshold_people: of the training side.
        epochs: that were trained.
        training_seconds: how long that took.
        fingerprint: of the network.
    """

    fold: int
    people: tuple[str, ...]
    figures: Mapping[FigureName, float]
    threshold: float | None
    threshold_people: tuple[str, ...]
    epochs: int
    training_seconds: float
    fingerprint: str


@dataclass(frozen=True, kw_only=True)
class ProtocolResult:
    """The figures of one protocol, and their basis.

    Args:
        protocol: such as "U4", "L", "open-set", "evaluate" or "held-out".
        title: description of the protocol.
        unseen_people: whether no tested person was in the training data.
        figures: of the network.
        baselines: method → its figures.
        counts: of people, photos, folds, pairs and trials behind the figures.
        drawn: whether the data are synthetic.
        data: that was measured on.
        leaks: how many people, photos and pairs tested were trained on.
        leak_counts: by kind; see `LeakReport`.
        leak_sentences: the same in words.
        intervals: how they were made.
        threshold: the model's threshold, the mean over the folds; None if there is none.
        seeds: random seeds by name.
        cmc: method → the cumulative match at each rank from 1.
        open_set: what was measured with half of the people enrolled, if that was.
        groups: one for each grouping of people.
        folds: one for each training.
        model: the saved model that was measured, if one was.
        recipe: settings of the training.
        versions: of the packages that decide the figures.
        added: when it was added to a model's card.
    """

    protocol: str
    title: str
    unseen_people: bool
    figures: Figures
    baselines: Mapping[str, Figures] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    drawn: bool = False
    data: MeasuredData = MeasuredData()
    leaks: int = 0
    leak_counts: Mapping[str, int] = field(default_factory=dict)
    leak_sentences: tuple[str, ...] = ()
    intervals: str = ""
    threshold: float | None = None
    seeds: Mapping[str, int | None] = field(default_factory=dict)
    cmc: Mapping[str, Sequence[float]] = field(default_factory=dict)
    open_set: "OpenSetResult | None" = None
    groups: tuple[Grouping, ...] = ()
    folds: tuple[FoldResult, ...] = ()
    model: MeasuredModel | None = None
    recipe: Mapping[str, object] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    added: str = ""

    @property
    def methods(self) -> dict[str, Figures]:
        """The network's figures first, then each baseline's."""
        return {"network": self.figures, **self.baselines}

    @property
    def figure_names(self) -> list[FigureName]:
        """The figures that any method has, in the order of a table's columns."""
        return in_order(name for figures in self.methods.values() for name in figures)

    @property
    def watermark(self) -> str | None:
        """The mark of everything that is made from the result."""
        return watermark(drawn=self.drawn, leaks=self.leaks)

    def counted(self) -> str:
        """Return the basis of the figures: protocol, people, pairs, trials, seeds, intervals."""
        words = [
            f"{self.counts[name]:,} {singular if self.counts[name] == 1 else plural}"
            for name, singular, plural in _COUNTED
            if self.counts.get(name)
        ]
        said = f"Protocol {self.protocol}: {', '.join(words) or 'no counts'}"
        seeds = [f"{name} {seed}" for name, seed in self.seeds.items() if seed is not None]
        said += f"; seeds: {', '.join(seeds)}." if seeds else "."
        return said + (f" Intervals: {self.intervals}." if self.intervals else "")

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values; parts that are empty are left out."""
        document = {
            "format": FORMAT,
            "protocol": self.protocol,
            "title": self.title,
            "unseen_people": self.unseen_people,
            "drawn": self.drawn,
            "counts": dict(self.counts),
            "figures": _figures_json(self.figures),
            "baselines": {name: _figures_json(each) for name, each in self.baselines.items()},
            "intervals": self.intervals,
            "leaks": self.leaks,
            "watermark": self.watermark,
            "threshold": self.threshold,
            "seeds": dict(self.seeds),
            "leak_report": {
                **self.leak_counts,
                "leaks": self.leaks,
                "sentences": list(self.leak_sentences),
            },
        }
        parts = {
            "data": {name: text for name, text in asdict(self.data).items() if text is not None},
            "cmc": {name: list(rates) for name, rates in self.cmc.items()},
            "open_set": self.open_set and self.open_set.to_json(),
            "groups": [grouping.to_json() for grouping in self.groups],
            "folds": [asdict(fold) for fold in self.folds],
            "recipe": dict(self.recipe),
            "versions": dict(self.versions),
            "added": self.added,
        }
        model = {} if self.model is None else asdict(self.model)
        given = {name: part for name, part in parts.items() if part}
        return {name: json_of(part) for name, part in (document | given | model).items()}

    @classmethod
    def from_json(cls, document: object) -> "ProtocolResult":
        """Read what `to_json` wrote, today or in an earlier version.

        Raises:
            DataError: it is not such a document, or parts of it are missing or are not numbers.
        """
        try:
            return _read(object_of(document))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DataError(
                "result: expected figures with intervals, counts and a leak report. Received: a "
                f"document in which some are missing or are not numbers ({error})."
            ) from error


@dataclass(frozen=True, kw_only=True)
class OpenSetResult:
    """The figures with half of the people enrolled, and the others strangers.

    Args:
        measured: the figures of identification and their counts.
        least_fpir: the lowest FPIR that the probes can show.
        curves: method → lists "fpir" and "dir", one entry per point.
        halves: of each fold, the people enrolled in each repetition.
        sentences: the figures in words.
    """

    measured: ProtocolResult
    least_fpir: float
    curves: Mapping[str, Mapping[str, Sequence[float]]] = field(default_factory=dict)
    halves: Sequence[Sequence[Sequence[str]]] = ()
    sentences: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            name: part
            for name, part in self.measured.to_json().items()
            if name not in ("format", "leak_report")
        } | {
            "least_fpir": self.least_fpir,
            "curves": {name: dict(curve) for name, curve in self.curves.items()},
            "halves": [[list(half) for half in fold] for fold in self.halves],
            "sentences": list(self.sentences),
        }


def protocol_result(
    methods: Mapping[str, Sequence[Evaluation]],
    data: Dataset,
    leaks: LeakReport,
    *,
    protocol: str,
    title: str,
    seeds: Mapping[str, int | None],
    repetitions: int,
) -> ProtocolResult:
    """Return the figures of evaluations, with intervals over people, counts and leaks.

    Args:
        methods: "network" and the baselines → one evaluation per fold.
        data: all of it.
        leaks: of all folds together.
        protocol: name of the result.
        title: description of the protocol.
        seeds: random seeds by name.
        repetitions: how often people are drawn again for the intervals.
    """
    figures = {
        name: people_intervals(folds, repetitions=repetitions, seed=BOOTSTRAP_SEED)
        for name, folds in methods.items()
    }
    return ProtocolResult(
        protocol=protocol,
        title=title,
        unseen_people=leaks.leaks == 0,
        figures=figures.pop("network"),
        baselines=figures,
        counts=counts(methods["network"], data),
        drawn=data.drawn,
        data=MeasuredData(name=data.name, digest=data.digest, licence=data.licence),
        leaks=leaks.leaks,
        leak_counts=asdict(leaks),
        leak_sentences=tuple(leaks.sentences()),
        intervals=(
            f"95 %, percentile bootstrap over people, {repetitions} repetitions, "
            f"seed {BOOTSTRAP_SEED}"
        ),
        seeds=seeds,
    )


def counts(folds: Sequence[Evaluation], data: Dataset) -> dict[str, int]:
    """Return how many people, photos, pairs and trials stand behind the figures."""
    return {
        "identities": len(data.distinct),
        "items": len(data),
        "folds": len(folds),
        "genuine_pairs": sum(len(fold.pairs.genuine) for fold in folds),
        "impostor_pairs": sum(len(fold.pairs.impostor) for fold in folds),
        "one_shot_trials": sum(
            len(fold.identification.correct) for fold in folds if fold.identification
        ),
    }


_COUNTED = (
    ("identities", "person", "people"),
    ("folds", "fold", "folds"),
    ("genuine_pairs", "genuine pair", "genuine pairs"),
    ("impostor_pairs", "impostor pair", "impostor pairs"),
    ("one_shot_trials", "one-shot trial", "one-shot trials"),
    ("galleries", "gallery", "galleries"),
    ("enrolled", "person enrolled in each", "people enrolled in each"),
    ("mated_searches", "mated search", "mated searches"),
    ("non_mated_searches", "non-mated search", "non-mated searches"),
    ("non_mated_probes", "different photo of strangers", "different photos of strangers"),
)


def _figures_json(figures: Figures) -> dict[str, dict[str, float]]:
    return {name: figure.as_dict() for name, figure in figures.items()}


def _read(document: Mapping[str, Any], *, part: bool = False) -> ProtocolResult:
    """Read a document; a ``part`` of one has its leak report in the whole."""
    report = object_of(document.get("leak_report"))
    methods = {"network": document["figures"], **document.get("baselines", {})}
    figures = {name: _figures(each) for name, each in methods.items()}
    if not part and not all(figures.values()):  # an open set may be too small for any
        raise ValueError("no figures")
    data, open_set = object_of(document.get("data")), document.get("open_set")
    return ProtocolResult(
        protocol=_text(document["protocol"]),
        title=_text(document["title"]),
        unseen_people=_flag(document.get("unseen_people", False)),
        figures=figures.pop("network"),
        baselines=figures,
        counts={name: _count(count) for name, count in document["counts"].items()},
        drawn=_flag(document.get("drawn", False)),
        data=MeasuredData(
            **{name: str(data[name]) for name in ("name", "digest", "licence") if name in data}
        ),
        leaks=_count(document["leaks"]),
        leak_counts={
            name: _count(count)
            for name, count in report.items()
            if name not in ("leaks", "sentences")
        },
        leak_sentences=() if part else _texts(report["sentences"]),
        intervals=_text(document.get("intervals", "")),
        threshold=_number_or_none(document.get("threshold")),
        seeds={name: _number_or_none(seed) for name, seed in document.get("seeds", {}).items()},
        cmc={name: _numbers(rates) for name, rates in object_of(document.get("cmc")).items()},
        open_set=None if open_set is None else _open_set(open_set),
        groups=tuple(Grouping.from_json(each) for each in list_of(document.get("groups"))),
        folds=tuple(_fold(fold) for fold in list_of(document.get("folds"))),
        model=MeasuredModel(
            fingerprint=str(document["fingerprint"]),
            runtime=text_of(document.get("runtime")) or "",
            threshold_seen=_count(document.get("threshold_seen", 0)),
            notes=_texts(document.get("notes", [])),
        )
        if "fingerprint" in document
        else None,
        recipe=dict(object_of(document.get("recipe"))),
        versions={name: str(text) for name, text in object_of(document.get("versions")).items()},
        added=_text(document.get("added", "")),
    )


def _open_set(document: Mapping[str, Any]) -> OpenSetResult:
    curves = object_of(document.get("curves"))
    return OpenSetResult(
        measured=_read(document, part=True),
        least_fpir=_number(document["least_fpir"]),
        curves={
            name: {rate: _numbers(points) for rate, points in curve.items()}
            for name, curve in curves.items()
        },
        halves=tuple(
            tuple(_texts(half) for half in fold) for fold in list_of(document.get("halves"))
        ),
        sentences=_texts(document["sentences"]),
    )


def _fold(document: Mapping[str, Any]) -> FoldResult:
    figures = document["figures"].items()
    return FoldResult(
        fold=_count(document["fold"]),
        people=_texts(document["people"]),
        figures={FigureName.from_json(name): _number(rate) for name, rate in figures},
        threshold=_number_or_none(document.get("threshold")),
        threshold_people=_texts(document.get("threshold_people", [])),
        epochs=_count(document["epochs"]),
        training_seconds=_number(document.get("training_seconds", 0)),
        fingerprint=_text(document.get("fingerprint", "")),
    )


def _figures(document: Mapping[str, Any]) -> dict[FigureName, Interval]:
    return {
        FigureName.from_json(name): Interval(
            **{end: _number(figure[end]) for end in ("mean", "low", "high")}
        )
        for name, figure in document.items()
    }


def _number(value: Any) -> Any:
    if not is_number(value):
        raise ValueError(f"{value!r} is not a number")
    return value


def _number_or_none(value: Any) -> Any:
    return None if value is None else _number(value)


def _numbers(values: Any) -> list[float]:
    return [_number(value) for value in values]


def _count(value: Any) -> int:
    if not isinstance(value, int):
        raise ValueError(f"{value!r} is not a count")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a text")
    return value


def _texts(values: Any) -> tuple[str, ...]:
    if not isinstance(values, list | tuple):
        raise ValueError(f"{values!r} is not a list")
    return tuple(str(value) for value in values)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{value!r} is neither true nor false")
    return value
