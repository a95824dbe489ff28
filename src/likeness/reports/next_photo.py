"""The value of the next photo, for people: a plot and a table on the terminal."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from likeness.evaluation.figures import Interval, percent, watermark
from likeness.files import write_file
from likeness.reports.axes import Axis, Plot, Style, even_ticks

ASIDE = 0.04
"""So far apart are the intervals of the two series, in photos, so that none hides the other."""


def next_photo_plot(document: Mapping[str, Any]) -> str:
    """Return the error rates over the number of enrolled photos, as SVG.

    Args:
        document: JSON values of `NextPhotoCurve`, and "drawn" if the data are made up.
    """
    points = document["points"]
    photos = [float(point["photos"]) for point in points]
    series = _series(document)
    top = max(figure["high"] for _, _, figures in series for figure in figures)
    top = min(1.0, max(1.08 * top, 0.01))
    plot = Plot(
        "What the next photo gains",
        _spoken(document),
        x=Axis(
            label="enrolled photos of each person",
            low=photos[0] - 0.4,
            high=photos[-1] + 0.4,
            ticks=[(k, f"{k:g}") for k in photos],
        ),
        y=Axis(
            label="errors (bars: 95 % intervals)",
            low=0.0,
            high=top,
            ticks=even_ticks(0, top, lambda rate: f"{100 * rate:.3g} %"),
        ),
        mark=watermark(drawn=document.get("drawn", False)) or "",
    )
    for aside, style, figures in series:
        places = [k + aside for k in photos]
        plot.whiskers(places, [f["low"] for f in figures], [f["high"] for f in figures], style)
        means = [figure["mean"] for figure in figures]
        plot.curve(places, means, style)
        plot.dots(places, means, [""] * len(means), style)
    plot.legend([style for _, style, _ in series])
    return plot.svg()


def write_next_photo_plot(document: Mapping[str, Any], file: Path) -> Path:
    """Write the plot, whole or not at all.

    Raises:
        OutputError: it cannot be written there.
    """
    return write_file(file, next_photo_plot(document))


def next_photo_table(document: Mapping[str, Any]) -> Table:
    """Return a row for each number of photos."""
    head = f"{document['people']} people, fusion of their photos: {document['fusion']}"
    mark = f"{found} · " if (found := watermark(drawn=document.get("drawn", False))) else ""
    table = Table(
        title=Text(mark + head, style="bold"),
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )
    columns = {"wrong": f"wrong, {document['people']}-way ↓"}
    if document["far"] is not None:
        columns["rejected"] = f"rejected at FAR {100 * document['far']:g} % ↓"
    if document["threshold"] is not None:
        columns["rejected_at_threshold"] = f"rejected at {document['threshold']:.4g} ↓"
        columns["accepted_at_threshold"] = f"impostors accepted at {document['threshold']:.4g} ↓"
    table.add_column("photos", justify="right")
    for heading in columns.values():
        table.add_column(Text(heading), justify="right")
    for point in document["points"]:
        table.add_row(str(point["photos"]), *(_cell(point[name]) for name in columns))
    return table


def _cell(figure: Mapping[str, Any]) -> Text:
    text = Text(percent(figure["mean"]))
    return text.append(f"\n{Interval(**figure).ends()}", style="dim not bold")


def _series(
    document: Mapping[str, Any],
) -> list[tuple[float, Style, list[Mapping[str, float]]]]:
    """Return for each series how far it stands aside, its style, and its figures."""
    points = document["points"]
    spread = ASIDE * max(1.0, (points[-1]["photos"] - points[0]["photos"]) / 4)
    wrong = Style(
        label=f"wrong answers, {document['people']}-way",
        colour="var(--network, #1f5fbf)",
        width=2.8,
    )
    found = [(-spread, wrong, [point["wrong"] for point in points])]
    if document["far"] is not None:
        rejected = Style(
            label=f"rejected at FAR {100 * document['far']:g} %",
            colour="var(--raw, #b3541e)",
            dash="7 4",
        )
        found.append((spread, rejected, [point["rejected"] for point in points]))
    return found


def _spoken(document: Mapping[str, Any]) -> str:
    return " ".join(
        f"{point['photos']} enrolled: {percent(point['wrong']['mean'])} wrong."
        for point in document["points"]
    )
