"""How figures are called, written and marked: on the terminal, on pages, in cards and in JSON."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

DRAWN_MARK = "drawn faces, not AT&T"
"""Of a run on made-up data."""

LEAK_MARK = "leaky split: no forecast for unseen people"
"""Of a test part that holds people, photos or pairs that were trained on."""

METHODS = {
    "network": "network",
    "raw_pixels": "raw pixels",
    "fisherfaces": "Fisherfaces",
    "modified_hausdorff": "modified Hausdorff distance",
}

_FIXED = {
    "auc": ("AUC", "area under the ROC", False),
    "eer": ("EER", "equal error rate", True),
    "accuracy": ("accuracy", "accuracy on balanced pairs", False),
    "far": ("FAR", "impostor pairs accepted", True),
    "frr": ("FRR", "genuine pairs rejected", True),
    "fpir": ("FPIR", "strangers taken for somebody", True),
    "fnir": ("FNIR", "enrolled people not found", True),
    "rank_1": ("rank-1", "rank-1 identification", False),
}
_ORDER = (
    "auc", "eer", "tar_at_far", "accuracy", "frr", "far", "fpir", "fnir", "dir_at_fpir", "one_shot",
    "rank_1",
)  # fmt: skip
_EXCHANGED = {"far", "frr", "fpir", "fnir"}
"""One is had for the other by another threshold, so that neither alone is better."""


@dataclass(frozen=True, kw_only=True)
class FigureKind:
    """What a figure is.

    Args:
        name: in the JSON document, such as "tar_at_far_1e-2".
        label: for the head of a column.
        words: for a sentence.
        smaller_is_better: as an error rate is.
        compared: whether the better of two methods can be told by it alone.
    """

    name: str
    label: str
    words: str
    smaller_is_better: bool
    compared: bool = True


def figure_kind(name: str) -> FigureKind:
    """Return what the figure of this name is; an unknown one is called by its name.

    >>> figure_kind("one_shot_10way").label, figure_kind("tar_at_far_1e-2").words
    ('10-way one-shot', 'TAR at FAR 1 %')
    """
    label, words, smaller = _FIXED.get(name) or _derived(name)
    return FigureKind(
        name=name,
        label=label,
        words=words,
        smaller_is_better=smaller,
        compared=name not in _EXCHANGED,
    )


def _derived(name: str) -> tuple[str, str, bool]:
    if match := re.fullmatch(r"one_shot_(\d+)way", name):
        return f"{match[1]}-way one-shot", f"{match[1]}-way one-shot", False
    if match := re.fullmatch(r"tar_at_far_(\d+e-?\d+)", name):
        rate = f"{100 * float(match[1]):g} %"
        return f"TAR @ FAR {rate}", f"TAR at FAR {rate}", False
    if match := re.fullmatch(r"dir_at_fpir_(\d+e-?\d+)", name):
        rate = f"{100 * float(match[1]):g} %"
        return f"DIR @ FPIR {rate}", f"DIR at FPIR {rate}", False
    plain = name.replace("_", " ")
    return plain, plain, name.endswith(("error", "error_rate", "eer"))


def figure_kinds(protocol: Mapping[str, Any]) -> list[FigureKind]:
    """Return the figures that a protocol's document has, in the order of a table's columns."""
    names = dict.fromkeys(protocol["figures"])
    for figures in protocol.get("baselines", {}).values():
        names.update(dict.fromkeys(figures))
    return [figure_kind(name) for name in sorted(names, key=_place)]


def grouping_kinds(grouping: Mapping[str, Any]) -> list[FigureKind]:
    """Return the figures that the groups of a grouping's document have."""
    names = {name for group in grouping["groups"] for name in group["figures"]}
    return [figure_kind(name) for name in sorted(names, key=_place)]


def _place(name: str) -> tuple[int, float, str]:
    known = (i for i, start in enumerate(_ORDER) if name.startswith(start))
    number = re.search(r"\d+(e-?\d+)?", name)
    return next(known, len(_ORDER)), float(number[0]) if number else 0.0, name


def method_label(name: str) -> str:
    """Return what a method is called."""
    return METHODS.get(name, name.replace("_", " "))


def methods_of(protocol: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the network's figures first, and each baseline's, by name of the method."""
    return {"network": protocol["figures"], **protocol.get("baselines", {})}


def watermark(document: Mapping[str, Any]) -> str | None:
    """Return what must stand on every table, picture and card made from a result.

    Args:
        document: with "drawn" and "leaks", of one protocol or of a whole report.

    Returns:
        The marks in one line; None if there is nothing to warn of.

    >>> watermark({"drawn": False, "leaks": 3})
    'leaky split: no forecast for unseen people'
    """
    marks = [
        mark
        for mark, holds in ((DRAWN_MARK, document.get("drawn")), (LEAK_MARK, document.get("leaks")))
        if holds
    ]
    return " · ".join(marks) or None


def percent(rate: float | None) -> str:
    """Return a rate 0…1 in percent, one decimal; a dash for None.

    >>> percent(0.9412), percent(None)
    ('94.1 %', '–')
    """
    return "–" if rate is None else f"{100 * rate:.1f} %"


def interval(figure: Mapping[str, Any] | None) -> str:
    """Return a figure's interval in percent without the sign, or nothing if it has none.

    >>> interval({"mean": 0.98, "low": 0.9612, "high": 1.0})
    '96.1–100'
    """
    if not figure or figure.get("low") is None or figure.get("high") is None:
        return ""
    return "–".join(f"{100 * figure[end]:.1f}".replace("100.0", "100") for end in ("low", "high"))


def counted(protocol: Mapping[str, Any]) -> str:
    """Say what stands behind the figures: protocol, people, pairs, trials, seeds, intervals."""
    counts = protocol.get("counts", {})
    words = [
        f"{counts[name]:,} {one if counts[name] == 1 else many}"
        for name, one, many in (
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
        if counts.get(name)
    ]
    said = f"Protocol {protocol['protocol']}: {', '.join(words) or 'no counts'}"
    seeds = [f"{name} {seed}" for name, seed in _known(protocol.get("seeds", {}))]
    said += f"; seeds: {', '.join(seeds)}." if seeds else "."
    return said + (f" Intervals: {protocol['intervals']}." if protocol.get("intervals") else "")


def _known(seeds: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    return ((name, seed) for name, seed in seeds.items() if seed is not None)
