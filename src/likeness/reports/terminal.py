"""The report on a terminal of 80 columns: tables, leaks, and what the figures say."""

from collections.abc import Mapping
from typing import Any

from rich import box
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from likeness.figures import (
    FigureKind,
    counted,
    figure_kinds,
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

    Args:
        console: where to.
        protocol: the protocol's JSON document.
        drawn: whether to mark it as made-up data; what the document says if not given.
    """
    console.print(figures_table(protocol, drawn=drawn))
    console.print(Text(counted(protocol), style="dim"))
    console.print(_leaks(protocol))
    judged = verdict(protocol)
    for sentence in judged.sentences:
        console.print(Text(sentence, style="bold red" if judged.loses else "bold green"))


def _leaks(protocol: Mapping[str, Any]) -> Panel | Text:
    sentences = [str(said) for said in protocol.get("leak_report", {}).get("sentences", ())]
    if not protocol.get("leaks"):
        return Text("\n".join(sentences) or "No leak was found.", style="green")
    title = f"Leaks in protocol {protocol['protocol']}"
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
