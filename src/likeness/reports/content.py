"""What a report is made of: a JSON document, and the arrays behind its pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
    """One protocol's result.

    Args:
        document: JSON values: protocol, title, unseen_people, counts, figures, baselines,
            leaks, leak_report, folds, seeds, versions, ...
        genuine, impostor: energies of the network, all folds together.
        threshold: in the energies' picture; the mean over the folds.
        curves: method → (FAR, TAR), all folds together.
        histories: one per fold: "loss" and "held_out_auc", a number per epoch.
        mistakes: the worst first.
        open_set_curves: method → (FPIR, DIR), all folds together; empty where there was no open
            set.
        evidence: JSON values from which the document's figures can be computed again.
    """

    document: Mapping[str, Any]
    genuine: NDArray[np.float64]
    impostor: NDArray[np.float64]
    threshold: float | None
    curves: Mapping[str, Curve]
    histories: Sequence[Mapping[str, Sequence[float]]] = ()
    mistakes: Sequence[Mistake] = ()
    open_set_curves: Mapping[str, Curve] = field(default_factory=dict)
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False, kw_only=True)
class ReportContent:
    """A whole report.

    Args:
        document: JSON values: title, data, recipe, network, versions, seconds, protocols; each
            protocol with the evidence of its figures.
        sections: one per protocol, in the order of ``document["protocols"]``.
        network_svg: the network's picture.
        summary: the network's layers, as text.
    """

    document: Mapping[str, Any]
    sections: Sequence[ProtocolSection] = field(default=())
    network_svg: str = ""
    summary: str = ""
