"""What a report is made of: results, the arrays behind its pictures, and what they say in words.

The document is written with sorted keys and indented, but each list of plain values in one line: a
report holds thousands of energies; one a line would make it a file that nobody scrolls.
"""

import datetime
import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from typing import Any

from likeness import __version__
from likeness.arrays import Floats, Photo
from likeness.datasets import Dataset
from likeness.evaluation.figures import FigureName, method_label, percent
from likeness.evaluation.results import Figures, ProtocolResult
from likeness.reports.network_picture import TowerPicture

FORMAT = "likeness.report/1"

Curve = tuple[Floats, Floats]


@dataclass(frozen=True, eq=False, kw_only=True)
class Mistake:
    """A pair that was decided wrongly.

    Args:
        left, right: the photos, ``(rows, columns, channels)`` of uint8.
        left_name, right_name: what they are called.
        energy: of the pair.
        genuine: whether it shows one person (and was rejected), or two (and was accepted).
    """

    left: Photo
    right: Photo
    left_name: str
    right_name: str
    energy: float
    genuine: bool


@dataclass(frozen=True, eq=False, kw_only=True)
class ProtocolSection:
    """One protocol's result, and what its pictures show.

    Args:
        result: the figures and their basis.
        genuine, impostor: energies of the network, all folds together.
        curves: method → (FAR, TAR), all folds together.
        histories: one per fold: "loss" and "held_out_auc", a number per epoch.
        mistakes: the worst first.
        open_set_curves: method → (FPIR, DIR), all folds together; empty where there was no open
            set.
        evidence: JSON values from which the figures can be computed again.
    """

    result: ProtocolResult
    genuine: Floats
    impostor: Floats
    curves: Mapping[str, Curve]
    histories: Sequence[Mapping[str, Sequence[float]]] = ()
    mistakes: Sequence[Mistake] = ()
    open_set_curves: Mapping[str, Curve] = field(default_factory=dict)
    evidence: Mapping[str, object] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the result with its evidence, as JSON values."""
        return self.result.to_json() | {"evidence": dict(self.evidence)}


@dataclass(frozen=True, kw_only=True)
class NetworkFacts:
    """What a report says about the network, apart from its figures.

    Args:
        summary: its layers as text, as Keras prints them.
        svg: its picture.
        facts: encoder, energy, embedding_size, parameters.
    """

    summary: str = ""
    svg: str = ""
    facts: Mapping[str, str | int] = field(default_factory=dict)

    @classmethod
    def of(cls, network: Any) -> "NetworkFacts":
        """Describe a `SiameseNet`."""
        lines: list[str] = []
        network.summary(line_length=78, print_fn=lines.append)
        picture = TowerPicture.of(network)
        facts = {
            "encoder": network.encoder.name,
            "energy": picture.energy,
            "embedding_size": picture.embedding_size,
            "parameters": picture.parameters,
        }
        return cls(summary="\n".join(lines), svg=picture.svg(), facts=facts)


def versions() -> dict[str, str]:
    """Return the versions that decide the figures."""
    known = {"likeness": __version__, "python": platform.python_version()}
    for package in ("keras", "tensorflow", "tensorflow-cpu", "jax", "torch", "numpy"):
        try:
            known[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return known


@dataclass(frozen=True, eq=False, kw_only=True)
class ReportContent:
    """A whole report.

    Args:
        title: of the page.
        data: what the protocols were run on.
        sections: one per protocol.
        network: the facts on the network.
        seconds: how long it all took.
        versions: of the packages that decide the figures.
        created: when the report was made.
    """

    title: str
    data: Dataset
    sections: Sequence[ProtocolSection]
    network: NetworkFacts
    seconds: float
    versions: Mapping[str, str] = field(default_factory=versions)
    created: str = field(
        default_factory=lambda: datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    )

    @property
    def results(self) -> list[ProtocolResult]:
        """Of the protocols, in order."""
        return [section.result for section in self.sections]

    def to_json(self) -> dict[str, Any]:
        """Return the document of ``report.json``."""
        data = self.data
        return {
            "format": FORMAT,
            "title": self.title,
            "drawn": data.drawn,
            "created": self.created,
            "data": {
                "name": data.name,
                "licence": data.licence,
                "items": len(data),
                "identities": len(data.distinct),
                "digest": data.digest,
                "notes": list(data.notes),
            },
            "recipe": dict(self.results[-1].recipe) if self.sections else {},
            "network": dict(self.network.facts),
            "versions": dict(self.versions),
            "seeds": {result.protocol: dict(result.seeds) for result in self.results},
            "seconds": {"total": round(self.seconds, 1)},
            "protocols": [section.to_json() for section in self.sections],
        }


@dataclass(frozen=True, kw_only=True)
class _Verdict:
    """How the network does against the baselines of one protocol.

    Args:
        sentences: one at least.
        loses: whether a baseline is better in any figure.
    """

    sentences: tuple[str, ...]
    loses: bool


def verdict(result: ProtocolResult) -> _Verdict:
    """Compare the means of the network with those of every baseline, figure by figure."""
    where = "unseen people" if result.unseen_people else "the pairs of this protocol"
    names = [name for name in result.figure_names if name.compared]
    if not result.baselines:
        return _Verdict(sentences=("There is no baseline to compare with.",), loses=False)
    behind, level, compared = [], [], []
    for method, figures in result.baselines.items():
        leads = {
            name.words: _lead(name, result.figures, figures)
            for name in names
            if name in result.figures and name in figures
        }
        lost = [words for words, lead in leads.items() if lead < 0]
        equal = [words for words, lead in leads.items() if lead == 0]
        label = method_label(method)
        if leads:
            compared.append(method)
        if lost:
            behind.append(f"The network loses to {label} on {where} in: {', '.join(lost)}.")
        if equal:
            level.append(f"The network is level with {label} on {where} in: {', '.join(equal)}.")
    others = [method for method in result.baselines if method not in compared]
    alone = [f"Nothing can be compared with {_all_of(others)}: no common figure."] if others else []
    if behind or level:
        return _Verdict(sentences=(*behind, *level, *alone), loses=bool(behind))
    if not compared:
        return _Verdict(sentences=tuple(alone), loses=False)
    everywhere = all(name in each for name in names for each in result.methods.values())
    which = "every figure" if everywhere else "every figure that both have"
    ahead = f"The network is ahead of {_all_of(compared)} in {which} on {where}."
    return _Verdict(sentences=(ahead, *alone), loses=False)


def _all_of(baselines: Sequence[str]) -> str:
    if len(baselines) > 2:
        return f"all {len(baselines)} baselines"
    return "both baselines" if len(baselines) == 2 else method_label(baselines[0])


def _lead(name: FigureName, ours: Figures, theirs: Figures) -> float:
    """Return by how much the network is ahead; below 0 where it loses."""
    lead = ours[name].mean - theirs[name].mean
    return -lead if name.smaller_is_better else lead


@dataclass(frozen=True, kw_only=True)
class Headline:
    """The figure on unseen people next to the one on known people.

    Args:
        unseen, known: the protocols' results; None if the report has none such.
        figure: that both have, or the first of the one there is; None if there is nothing.
        why: why they differ, in a sentence.
    """

    unseen: ProtocolResult | None
    known: ProtocolResult | None
    figure: FigureName | None
    why: str

    @classmethod
    def of(cls, results: Sequence[ProtocolResult]) -> "Headline":
        """Choose what the report says first."""
        unseen = next((result for result in results if result.unseen_people), None)
        known = next((result for result in results if not result.unseen_people), None)
        there = [result for result in (unseen, known) if result is not None]
        shared = [
            name
            for name in (there[0].figure_names if there else [])
            if all(name in result.figures for result in there)
        ]
        first = {"accuracy": 0, "eer": 1}
        shared.sort(key=lambda name: first.get(name, 2))
        figure = shared[0] if shared else None
        return cls(unseen=unseen, known=known, figure=figure, why=_why(unseen, known, figure))


def _why(
    unseen: ProtocolResult | None, known: ProtocolResult | None, figure: FigureName | None
) -> str:
    if unseen is None or known is None or figure is None:
        return ""
    here, there = (percent(result.figures[figure].mean) for result in (known, unseen))
    said = (
        f"{figure.words[0].upper()}{figure.words[1:]}: {here} by protocol {known.protocol}, "
        f"{there} on unseen people (protocol {unseen.protocol}). "
    )
    if not known.leaks:
        return said + "The two test parts differ, so the figures do."
    return said + (
        f"Protocol {known.protocol} tests on people and photos that were trained on, "
        "so it rewards memorisation. "
        "Only unseen people forecast how the network does on somebody new."
    )


def json_text(document: Mapping[str, Any]) -> str:
    """Return a document as JSON; every float is read back as the very same number.

    Raises:
        ValueError: a number is NaN or infinite, which JSON cannot represent.
        TypeError: a value is not a JSON type.

    >>> print(json_text({"b": [1.5, 2], "a": {"c": [{"d": None}]}}), end="")
    {
      "a": {
        "c": [
          {
            "d": null
          }
        ]
      },
      "b": [1.5, 2]
    }
    """
    return _written(document, "\n") + "\n"


def _written(value: Any, line: str) -> str:
    """Write a value; ``line`` is a line's end and the indent of the next."""
    deeper = line + "  "
    if isinstance(value, Mapping) and value:
        entries = [
            f"{json.dumps(str(key), ensure_ascii=False)}: {_written(value[key], deeper)}"
            for key in sorted(value)
        ]
        return f"{{{deeper}{f',{deeper}'.join(entries)}{line}}}"
    if isinstance(value, list | tuple) and any(isinstance(entry, Mapping) for entry in value):
        return f"[{deeper}{f',{deeper}'.join(_written(entry, deeper) for entry in value)}{line}]"
    return json.dumps(value, allow_nan=False, ensure_ascii=False)
