"""The report on a terminal of 80 columns: tables, leaks, and what the figures say."""

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from likeness.evaluation.figures import FigureName, Interval, method_label, percent, watermark
from likeness.evaluation.groups import Grouping
from likeness.evaluation.next_photo import NextPhotoResult
from likeness.evaluation.results import ProtocolResult
from likeness.reports.content import Headline, ReportContent, verdict


def figures_table(result: ProtocolResult, *, title: str | None = None) -> Table:
    """Return one protocol's table: methods as rows, figures as columns.

    Args:
        result: of the protocol.
        title: above the table; the protocol's own if not given.
    """
    table = _plain_table(title or f"{result.protocol}, {result.title}", mark=result.watermark)
    table.add_column("", no_wrap=True)
    for name in result.figure_names:
        table.add_column(Text(_heading(name)), justify="right")
    for method, figures in result.methods.items():
        style = "bold" if method == "network" else ""
        cells = [_rate_cell(figures.get(name)) for name in result.figure_names]
        table.add_row(Text(method_label(method)), *cells, style=style)
    return table


def _plain_table(title: str, *, mark: str | None = None) -> Table:
    """Return a table without columns yet; a mark stands before its title."""
    head = f"{mark} · {title}" if mark else title
    return Table(
        title=Text(head, style="bold"), box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False
    )


def _rate_cell(figure: Interval | None) -> Text:
    """Return a rate above its interval; a dash for None."""
    if figure is None:
        return Text(percent(None))
    return Text(percent(figure.mean)).append(f"\n{figure.ends()}", style="dim not bold")


def _heading(name: FigureName) -> str:
    return f"{name.label} ↓" if name.smaller_is_better else name.label


def print_protocol(console: Console, result: ProtocolResult) -> None:
    """Print one protocol: its table, its leaks, and how the network does against the baselines.

    Then what it has of the CMC, of the open set, and of groups of people.
    """
    console.print(figures_table(result))
    console.print(Text(result.counted(), style="dim"))
    console.print(_leaks(result))
    _print_verdict(console, result)
    if result.cmc:
        console.print(Text(_cmc(result.cmc["network"])))
    if part := result.open_set:
        console.print(figures_table(part.measured))
        console.print(Text(part.measured.counted(), style="dim"))
        for sentence in part.sentences:
            console.print(Text(sentence))
        _print_verdict(console, part.measured)
    for grouping in result.groups:
        _print_grouping(console, grouping, mark=result.watermark)


def _print_verdict(console: Console, result: ProtocolResult) -> None:
    judged = verdict(result)
    for sentence in judged.sentences:
        console.print(Text(sentence, style="bold red" if judged.loses else "bold"))


def _cmc(rates: Sequence[float]) -> str:
    """Say the cumulative match at a few ranks."""
    last = next((rank for rank, rate in enumerate(rates, 1) if rate >= 0.9995), len(rates))
    shown = [rank for rank in (1, 2, 3, 5, 10, 20, 50, 100) if rank < last] + [last]
    said = ", ".join(f"{percent(rates[rank - 1])} at rank {rank}" for rank in shown)
    return f"CMC, the right person among the nearest R: {said}."


def _print_grouping(console: Console, grouping: Grouping, *, mark: str | None) -> None:
    table = _plain_table(f"By {grouping.column}", mark=mark)
    table.add_column("")
    for heading in ("people", "photos", "pairs"):
        table.add_column(Text(heading), justify="right", no_wrap=True)
    for name in grouping.figure_names:
        table.add_column(Text(_heading(name)), justify="right")
    for group in grouping.groups:
        pairs = f"{group.genuine_pairs:,} genuine\n{group.impostor_pairs:,} impostor"
        counts = [Text(text) for text in (f"{group.people:,}", f"{group.photos:,}", pairs)]
        cells = [_rate_cell(group.figures.get(name)) for name in grouping.figure_names]
        style = "dim" if group.small else None
        table.add_row(Text(group.label), *counts, *cells, style=style)
    console.print(table)
    for sentence in grouping.sentences():
        console.print(Text(sentence, style="yellow"))


def _leaks(result: ProtocolResult) -> Panel | Text:
    sentences = "\n".join(result.leak_sentences)
    if not result.leaks and not (result.model and result.model.threshold_seen):
        return Text(sentences or "No leak was found.", style="green")
    title = (
        f"Leaks in protocol {result.protocol}"
        if result.leaks
        else "The threshold was calibrated on these people"
    )
    text = Text(sentences or f"{result.leaks} leaks.")
    return Panel(text, title=Text(title), style="yellow", expand=False)


def print_report(console: Console, content: ReportContent) -> None:
    """Print a whole report: every protocol, then the unseen people beside the known ones."""
    for result in content.results:
        console.print()
        print_protocol(console, result)
    if said := Headline.of(content.results).why:
        console.print()
        mark = watermark(drawn=content.data.drawn)
        console.print(Text(f"{mark}: {said}" if mark else said, style="bold"))


def next_photo_table(result: NextPhotoResult) -> Table:
    """Return a row for each number of photos."""
    curve = result.curve
    table = _plain_table(
        f"{curve.people} people, fusion of their photos: {curve.fusion}",
        mark=watermark(drawn=result.drawn),
    )
    headings = {"wrong": f"wrong, {curve.people}-way ↓"}
    if curve.far is not None:
        headings["rejected"] = f"rejected at FAR {100 * curve.far:g} % ↓"
    if curve.threshold is not None:
        headings["rejected_at_threshold"] = f"rejected at {curve.threshold:.4g} ↓"
        headings["accepted_at_threshold"] = f"impostors accepted at {curve.threshold:.4g} ↓"
    table.add_column("photos", justify="right")
    for heading in headings.values():
        table.add_column(Text(heading), justify="right")
    for point in curve.points:
        table.add_row(str(point.photos), *(_rate_cell(getattr(point, name)) for name in headings))
    return table
