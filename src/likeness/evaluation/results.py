"""The result of a protocol, as one value; its JSON is written and read only here.

In a JSON document, a value of another type counts as missing (`files.LenientObject`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from likeness.datasets.items import Acquisition, Dataset
from likeness.errors import DataError
from likeness.evaluation.baselines import Evaluation
from likeness.evaluation.figures import FigureName, Interval, percent, watermark
from likeness.evaluation.groups import Grouping
from likeness.evaluation.intervals import people_intervals
from likeness.evaluation.leaks import LeakReport
from likeness.files import LenientObject, fields_from_json, fields_to_json

FORMAT = "likeness.protocol/1"
_PARTS = (
    "acquisition",
    "data",
    "cmc",
    "open_set",
    "groups",
    "folds",
    "recipe",
    "versions",
    "added",
)
"""What is left out of the JSON where it is empty."""
BOOTSTRAP_SEED = 0

Figures = Mapping[FigureName, Interval]


@dataclass(frozen=True, kw_only=True)
class MeasuredData:
    """The data set behind a result; None where that is not recorded."""

    name: str | None = None
    digest: str | None = None
    licence: str | None = None

    @classmethod
    def of(cls, data: Dataset) -> "MeasuredData":
        """Return what is recorded of a data set."""
        return cls(name=data.name, digest=data.digest, licence=data.licence)


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
    runtime: str = ""
    threshold_seen: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _AcquisitionResult:
    """Photos without a usable face, which count as rejected in all figures of the result.

    Args:
        photos: that were tried.
        failed: of those, without a usable face.
        without: method → its figures on the acquired photos alone.
    """

    photos: int
    failed: int
    without: Mapping[str, Figures] = field(default_factory=dict)

    @classmethod
    def of(
        cls, folds: Sequence[Acquisition], without: Mapping[str, Figures]
    ) -> "_AcquisitionResult | None":
        """Return the sum over folds; None where no face was looked for."""
        if not folds:
            return None
        failed = int(sum(fold.failed.sum() for fold in folds))
        return cls(photos=sum(fold.photos for fold in folds), failed=failed, without=without)

    @property
    def fta(self) -> float:
        """The failure-to-acquire rate, 0…1."""
        return self.failed / self.photos if self.photos else 0.0

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {**fields_to_json(self), "fta": self.fta}

    @classmethod
    def from_json(cls, document: object) -> "_AcquisitionResult":
        """Read what `to_json` wrote; DataError where something is missing or of another kind."""
        return fields_from_json(cls, document)

    def sentence(self, figures: Figures) -> str:
        """Say it, with the network's figures with and without such photos."""
        said = (
            f"FTA {percent(self.fta)}: no usable face in {self.failed:,} of {self.photos:,} photos"
        )
        if not self.failed:
            return f"{said}."
        alone = self.without.get("network", {})
        beside = ", ".join(
            f"{name.label} {percent(alone[name].mean)} instead of {percent(figure.mean)}"
            for name, figure in figures.items()
            if name in alone and alone[name] != figure
        )
        return f"{said}; they count as rejected. On the other photos alone: {beside}."


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
    threshold: float | None = None
    threshold_people: tuple[str, ...] = ()
    epochs: int
    training_seconds: float = 0.0
    fingerprint: str = ""


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
        acquisition: photos without a usable face, where a face was looked for.
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
    acquisition: _AcquisitionResult | None = None

    @classmethod
    def of(
        cls,
        methods: Mapping[str, Sequence[Evaluation]],
        data: Dataset,
        leaks: LeakReport,
        *,
        protocol: str,
        title: str,
        seeds: Mapping[str, int | None],
        repetitions: int,
    ) -> "ProtocolResult":
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
        tried = [fold.acquisition for fold in methods["network"] if fold.acquisition is not None]
        acquisition = _AcquisitionResult.of(
            tried,
            {
                name: people_intervals(
                    [fold.acquired() for fold in folds],
                    repetitions=repetitions,
                    seed=BOOTSTRAP_SEED,
                )
                for name, folds in methods.items()
                if any(each.failed.any() for each in tried)
            },
        )
        return cls(
            protocol=protocol,
            title=title,
            unseen_people=leaks.leaks == 0,
            figures=figures.pop("network"),
            baselines=figures,
            counts=counts(methods["network"], data),
            drawn=data.drawn,
            data=MeasuredData.of(data),
            leaks=leaks.leaks,
            leak_counts=fields_to_json(leaks),
            leak_sentences=tuple(leaks.sentences()),
            intervals=(
                f"95 %, percentile bootstrap over people, {repetitions} repetitions, "
                f"seed {BOOTSTRAP_SEED}"
            ),
            seeds=seeds,
            acquisition=acquisition,
        )

    @property
    def methods(self) -> dict[str, Figures]:
        """The network's figures first, then each baseline's."""
        return {"network": self.figures, **self.baselines}

    @property
    def figure_names(self) -> list[FigureName]:
        """The figures that any method has, in the order of a table's columns."""
        names = {name for figures in self.methods.values() for name in figures}
        return sorted(names, key=lambda name: name.column)

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
        said += f" Intervals: {self.intervals}." if self.intervals else ""
        if self.acquisition is None:
            return said
        return f"{said} {self.acquisition.sentence(self.figures)}"

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values; parts that are empty are left out."""
        document = fields_to_json(self)
        model = document.pop("model") or {}
        counts = document.pop("leak_counts")
        report = counts | {"leaks": self.leaks, "sentences": document.pop("leak_sentences")}
        document["data"] = {name: said for name, said in document["data"].items() if said}
        for name in _PARTS:
            if not document[name]:
                del document[name]
        head = {"format": FORMAT, "watermark": self.watermark, "leak_report": report}
        return head | document | model

    @classmethod
    def from_json(cls, document: object) -> "ProtocolResult":
        """Read what `to_json` wrote, today or in an earlier version.

        Raises:
            DataError: it is not such a document, or parts of it are missing or are not numbers.
        """
        whole = LenientObject.of(document)
        report = whole.part("leak_report")
        try:
            result = cls._read(whole, report, report["sentences"])
            if not all(result.methods.values()):
                raise DataError("no figures")
        except (KeyError, DataError) as error:
            raise DataError(
                "result: expected figures with intervals, counts and a leak report. Received: a "
                f"document in which some are missing or are not numbers ({error})."
            ) from error
        return result

    @classmethod
    def _read(
        cls, document: LenientObject, report: Mapping[str, Any], sentences: object
    ) -> "ProtocolResult":
        counts = {name: n for name, n in report.items() if name not in ("leaks", "sentences")}
        model = document if "fingerprint" in document else None
        inner = {"leak_counts": counts, "leak_sentences": sentences, "model": model}
        needed = {name: document[name] for name in ("counts", "leaks")}
        tolerated = {name: document.part(name) for name in ("data", "recipe", "cmc")}
        return fields_from_json(
            cls, {"unseen_people": False, **document, **needed, **inner, **tolerated}
        )


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
        """Return it as JSON values: the figures' own, and the rest beside them."""
        document = fields_to_json(self)
        measured = document.pop("measured")
        del measured["format"], measured["leak_report"]  # the whole result has them
        return {**measured, **document}

    @classmethod
    def from_json(cls, document: object) -> "OpenSetResult":
        """Read what `to_json` wrote; DataError where something is missing or of another kind."""
        part = LenientObject.of(document)
        # An open set may be too small for any figure.
        return fields_from_json(cls, {**part, "measured": ProtocolResult._read(part, {}, ())})


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
