"""What the figures say, in plain sentences: against the baselines, and on unseen people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from likeness.evaluation.figures import FigureKind, figure_kinds, method_label, percent


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """How the network does against the baselines of one protocol.

    Args:
        sentences: one at least.
        loses: whether a baseline is better in any figure.
    """

    sentences: tuple[str, ...]
    loses: bool


def verdict(protocol: Mapping[str, Any]) -> Verdict:
    """Compare the means of the network with those of every baseline, figure by figure.

    Args:
        protocol: a protocol's JSON document.
    """
    where = "unseen people" if protocol.get("unseen_people") else "the pairs of this protocol"
    kinds = [kind for kind in figure_kinds(protocol) if kind.compared]
    baselines: Mapping[str, Any] = protocol.get("baselines", {})
    if not baselines:
        return Verdict(sentences=("There is no baseline to compare with.",), loses=False)
    behind, level = [], []
    for name, figures in baselines.items():
        signs = {
            kind.words: _sign(kind, protocol["figures"], figures)
            for kind in kinds
            if _both_have(kind, protocol["figures"], figures)
        }
        lost = [words for words, sign in signs.items() if sign < 0]
        equal = [words for words, sign in signs.items() if sign == 0]
        label = method_label(name)
        if lost:
            behind.append(f"The network loses to {label} on {where} in: {', '.join(lost)}.")
        if equal:
            level.append(f"The network is level with {label} on {where} in: {', '.join(equal)}.")
    if behind or level:
        return Verdict(sentences=(*behind, *level), loses=bool(behind))
    everywhere = all(
        _both_have(k, protocol["figures"], b) for k in kinds for b in baselines.values()
    )
    figures = "every figure" if everywhere else "every figure that both have"
    sentence = f"The network is ahead of {_all_of(baselines)} in {figures} on {where}."
    return Verdict(sentences=(sentence,), loses=False)


def _all_of(baselines: Mapping[str, Any]) -> str:
    if len(baselines) > 2:
        return f"all {len(baselines)} baselines"
    return "both baselines" if len(baselines) == 2 else method_label(next(iter(baselines)))


def _both_have(kind: FigureKind, ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> bool:
    return kind.name in ours and kind.name in theirs


def _sign(kind: FigureKind, ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> int:
    """Return 1 where the network is ahead, −1 where it loses, 0 where they are level."""
    lead = float(ours[kind.name]["mean"]) - float(theirs[kind.name]["mean"])
    if kind.smaller_is_better:
        lead = -lead
    return int(lead > 0) - int(lead < 0)


@dataclass(frozen=True, kw_only=True)
class Headline:
    """The figure on unseen people next to the one on known people.

    Args:
        unseen, known: the protocols' documents; None if the report has none such.
        figure: that both have, or the first of the one there is; None if there is nothing.
        why: why they differ, in a sentence.
    """

    unseen: Mapping[str, Any] | None
    known: Mapping[str, Any] | None
    figure: FigureKind | None
    why: str


def headline(protocols: Sequence[Mapping[str, Any]]) -> Headline:
    """Choose what the report says first.

    Args:
        protocols: the protocols' JSON documents.
    """
    unseen = next((p for p in protocols if p.get("unseen_people")), None)
    known = next((p for p in protocols if not p.get("unseen_people")), None)
    there = [p for p in (unseen, known) if p is not None]
    shared = [
        kind
        for kind in (figure_kinds(there[0]) if there else [])
        if all(kind.name in p["figures"] for p in there)
    ]
    first = {"accuracy": 0, "eer": 1}
    shared.sort(key=lambda kind: first.get(kind.name, 2))
    figure = shared[0] if shared else None
    return Headline(unseen=unseen, known=known, figure=figure, why=_why(unseen, known, figure))


def _why(
    unseen: Mapping[str, Any] | None, known: Mapping[str, Any] | None, figure: FigureKind | None
) -> str:
    if unseen is None or known is None or figure is None:
        return ""
    here, there = (percent(p["figures"][figure.name]["mean"]) for p in (known, unseen))
    said = (
        f"{figure.words[0].upper()}{figure.words[1:]}: {here} by protocol {known['protocol']}, "
        f"{there} on people the network has never seen (protocol {unseen['protocol']}). "
    )
    if not known.get("leaks"):
        return said + "The two test parts differ, so the figures do."
    return said + (
        f"Protocol {known['protocol']} tests on people and photos that were trained on, "
        "so it rewards learning by heart. "
        f"Only protocol {unseen['protocol']} forecasts how the network does on somebody new."
    )
