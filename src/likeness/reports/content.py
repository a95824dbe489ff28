"""What a report is made of: results, and the arrays behind its pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from likeness.datasets import Dataset
from likeness.evaluation.results import ProtocolResult

FORMAT = "likeness.report/1"

Curve = tuple[NDArray[np.float64], NDArray[np.float64]]


@dataclass(frozen=True, eq=False, kw_only=True)
class Mistake:
    """A pair that was decided wrongly.

    Args:
        left, right: the photos, ``(rows, columns, channels)`` of uint8.
        left_name, right_name: what they are called.
        energy: of the pair.
        genuine: whether it shows one person (and was rejected), or two (and was accepted).
    """

    left: NDArray[np.uint8]
    right: NDArray[np.uint8]
    left_name: str
    right_name: str
    energy: float
    genuine: bool


@dataclass(frozen=True, eq=False, kw_only=True)
class ProtocolSection:
    """One protocol's result, and what its pictures show.

    Args:
        result: the figures and what stands behind them.
        genuine, impostor: energies of the network, all folds together.
        curves: method → (FAR, TAR), all folds together.
        histories: one per fold: "loss" and "held_out_auc", a number per epoch.
        mistakes: the worst first.
        open_set_curves: method → (FPIR, DIR), all folds together; empty where there was no open
            set.
        evidence: JSON values from which the figures can be computed again.
    """

    result: ProtocolResult
    genuine: NDArray[np.float64]
    impostor: NDArray[np.float64]
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


@dataclass(frozen=True, eq=False, kw_only=True)
class ReportContent:
    """A whole report.

    Args:
        title: of the page.
        data: what the protocols were run on.
        sections: one per protocol.
        network: what to say about the network.
        versions: of the packages that decide the figures.
        created: when the report was made.
        seconds: how long it all took.
    """

    title: str
    data: Dataset
    sections: Sequence[ProtocolSection]
    network: NetworkFacts
    versions: Mapping[str, str]
    created: str
    seconds: float

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
