"""The report on a terminal of 80 columns: tables, leaks, and what the figures say."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from likeness.evaluation.figures import (
    FigureKind,
    counted,
    figure_kinds,
    grouping_kinds,
    interval,
    method_label,
    methods_of,
    percent,
    watermark,
)
from likeness.reports.verdict import headline, verdict


def figures_table(
    protocol: Mapping[str, Any], *, title: str | None = None, drawn: bool | None = None
) -> Table:
    """Return one protocol's table: methods as rows, figures as columns.

    Args:
        protocol: the protocol's JSON document.
        title: above the table; the protocol's own if not given.
        drawn: whether to mark it as made-up data; what the document says if not given.
    """
    words = title or f"{protocol['protocol']}, {protocol.get('title', '')}"
    mark = watermark(protocol if drawn is None else {**protocol, "drawn": drawn})
    head = f"{mark} · {words}" if mark else words
    table = Table(
        title=Text(head, style="bold"), box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False
    )
    kinds = figure_kinds(protocol)
    table.add_column("", no_wrap=True)
    for kind in kinds:
        table.add_column(Text(_heading(kind)), justify="right")
    for name, figures in methods_of(protocol).items():
        style = "bold" if name == "network" else ""
        cells = [_cell(figures.get(kind.name)) for kind in kinds]
        table.add_row(Text(method_label(name)), *cells, style=style)
    return table


def _heading(kind: FigureKind) -> str:
    return f"{kind.label} ↓" if kind.smaller_is_better else kind.label


def _cell(figure: Mapping[str, Any] | None) -> Text:
    text = Text(percent(figure["mean"] if figure else None))
    if said := interval(figure):
        text.append(f"\n{said}", style="dim not bold")
    return text


def print_protocol(
    console: Console, protocol: Mapping[str, Any], *, drawn: bool | None = None
) -> None:
    """Print one protocol: its table, its leaks, and how the network does against the baselines.

    Then what it has of the CMC, of the open set, and of groups of people.

    Args:
        console: where to.
        protocol: the protocol's JSON document.
        drawn: whether to mark it as made-up data; what the document says if not given.
    """
    console.print(figures_table(protocol, drawn=drawn))
    console.print(Text(counted(protocol), style="dim"))
    console.print(_leaks(protocol))
    _print_verdict(console, protocol)
    if cmc := protocol.get("cmc"):
        console.print(Text(_cmc(cmc["network"])))
    if part := protocol.get("open_set"):
        _print_open_set(console, part, drawn=drawn)
    for grouping in protocol.get("groups", ()):
        shown = protocol if drawn is None else {**protocol, "drawn": drawn}
        _print_grouping(console, grouping, mark=watermark(shown))


def _print_verdict(console: Console, protocol: Mapping[str, Any]) -> None:
    judged = verdict(protocol)
    for sentence in judged.sentences:
        console.print(Text(sentence, style="bold red" if judged.loses else "bold green"))


def _cmc(rates: Sequence[float]) -> str:
    """Say the cumulative match at a few ranks."""
    last = next((rank for rank, rate in enumerate(rates, 1) if rate >= 0.9995), len(rates))
    shown = [rank for rank in (1, 2, 3, 5, 10, 20, 50, 100) if rank < last] + [last]
    said = ", ".join(f"{percent(rates[rank - 1])} at rank {rank}" for rank in shown)
    return f"CMC, the right person among so many nearest: {said}."


def _print_open_set(console: Console, part: Mapping[str, Any], *, drawn: bool | None) -> None:
    console.print(figures_table(part, drawn=drawn))
    console.print(Text(counted(part), style="dim"))
    for sentence in part["sentences"]:
        console.print(Text(sentence))
    _print_verdict(console, part)


def _print_grouping(console: Console, grouping: Mapping[str, Any], *, mark: str | None) -> None:
    words = f"By {grouping['column']}"
    table = Table(
        title=Text(f"{mark} · {words}" if mark else words, style="bold"),
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )
    table.add_column("")
    for heading in ("people", "photos", "pairs"):
        table.add_column(Text(heading), justify="right", no_wrap=True)
    kinds = grouping_kinds(grouping)
    for kind in kinds:
        table.add_column(Text(_heading(kind)), justify="right")
    for group in grouping["groups"]:
        counts = [Text(f"{group[name]:,}") for name in ("people", "photos")]
        pairs = [f"{group[f'{kind}_pairs']:,} {kind}" for kind in ("genuine", "impostor")]
        counts.append(Text("\n".join(pairs)))
        cells = [_cell(group["figures"].get(kind.name)) for kind in kinds]
        table.add_row(
            Text(group["label"]), *counts, *cells, style="dim" if group["small"] else None
        )
    console.print(table)
    for sentence in grouping["sentences"]:
        console.print(Text(sentence, style="yellow"))


def _leaks(protocol: Mapping[str, Any]) -> Panel | Text:
    sentences = [str(said) for said in protocol.get("leak_report", {}).get("sentences", ())]
    if not protocol.get("leaks") and not protocol.get("threshold_seen"):
        return Text("\n".join(sentences) or "No leak was found.", style="green")
    title = (
        f"Leaks in protocol {protocol['protocol']}"
        if protocol.get("leaks")
        else "The threshold knows these people"
    )
    return Panel(
        Text("\n".join(sentences) or f"{protocol['leaks']} leaks."),
        title=Text(title),
        style="yellow",
        expand=False,
    )


def print_report(console: Console, document: Mapping[str, Any]) -> None:
    """Print a whole report: every protocol, then the unseen people beside the known ones.

    Args:
        console: where to.
        document: of ``report.json``.
    """
    drawn = bool(document.get("drawn"))
    for protocol in document["protocols"]:
        console.print()
        print_protocol(console, protocol, drawn=drawn)
    if said := headline(document["protocols"]).why:
        console.print()
        mark = watermark({"drawn": drawn})
        console.print(Text(f"{mark}: {said}" if mark else said, style="bold"))
