"""What the figures say, in plain sentences: against the baselines, and on unseen people."""

from collections.abc import Sequence
from dataclasses import dataclass

from likeness.evaluation.figures import FigureName, method_label, percent
from likeness.evaluation.results import Figures, ProtocolResult


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """How the network does against the baselines of one protocol.

    Args:
        sentences: one at least.
        loses: whether a baseline is better in any figure.
    """

    sentences: tuple[str, ...]
    loses: bool


def verdict(result: ProtocolResult) -> Verdict:
    """Compare the means of the network with those of every baseline, figure by figure."""
    where = "unseen people" if result.unseen_people else "the pairs of this protocol"
    names = [name for name in result.figure_names if name.compared]
    if not result.baselines:
        return Verdict(sentences=("There is no baseline to compare with.",), loses=False)
    behind, level = [], []
    for method, figures in result.baselines.items():
        leads = {
            name.words: _lead(name, result.figures, figures)
            for name in names
            if name in result.figures and name in figures
        }
        lost = [words for words, lead in leads.items() if lead < 0]
        equal = [words for words, lead in leads.items() if lead == 0]
        label = method_label(method)
        if lost:
            behind.append(f"The network loses to {label} on {where} in: {', '.join(lost)}.")
        if equal:
            level.append(f"The network is level with {label} on {where} in: {', '.join(equal)}.")
    if behind or level:
        return Verdict(sentences=(*behind, *level), loses=bool(behind))
    everywhere = all(name in each for name in names for each in result.methods.values())
    which = "every figure" if everywhere else "every figure that both have"
    sentence = f"The network is ahead of {_all_of(list(result.baselines))} in {which} on {where}."
    return Verdict(sentences=(sentence,), loses=False)


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


def headline(results: Sequence[ProtocolResult]) -> Headline:
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
    return Headline(unseen=unseen, known=known, figure=figure, why=_why(unseen, known, figure))


def _why(
    unseen: ProtocolResult | None, known: ProtocolResult | None, figure: FigureName | None
) -> str:
    if unseen is None or known is None or figure is None:
        return ""
    here, there = (percent(result.figures[figure].mean) for result in (known, unseen))
    said = (
        f"{figure.words[0].upper()}{figure.words[1:]}: {here} by protocol {known.protocol}, "
        f"{there} on people the network has never seen (protocol {unseen.protocol}). "
    )
    if not known.leaks:
        return said + "The two test parts differ, so the figures do."
    return said + (
        f"Protocol {known.protocol} tests on people and photos that were trained on, "
        "so it rewards learning by heart. "
        f"Only protocol {unseen.protocol} forecasts how the network does on somebody new."
    )
