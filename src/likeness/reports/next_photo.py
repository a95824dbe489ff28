"""The value of the next photo, for people: a plot and a table on the terminal."""

from pathlib import Path

from rich.table import Table
from rich.text import Text

from likeness.evaluation.figures import Interval, percent, watermark
from likeness.evaluation.next_photo import NextPhotoCurve, NextPhotoResult
from likeness.files import write_file
from likeness.reports.axes import Axis, Plot, Style, even_ticks
from likeness.reports.terminal import plain_table, rate_cell

ASIDE = 0.04
"""So far apart are the intervals of the two series, in photos, so that none hides the other."""


def next_photo_plot(result: NextPhotoResult) -> str:
    """Return the error rates over the number of enrolled photos, as SVG."""
    photos = [float(point.photos) for point in result.curve.points]
    series = _series(result.curve)
    top = max(figure.high for _, _, figures in series for figure in figures)
    top = min(1.0, max(1.08 * top, 0.01))
    plot = Plot(
        "What the next photo gains",
        _spoken(result.curve),
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
        mark=watermark(drawn=result.drawn) or "",
    )
    for aside, style, figures in series:
        across = [k + aside for k in photos]
        plot.whiskers(across, [f.low for f in figures], [f.high for f in figures], style)
        means = [figure.mean for figure in figures]
        plot.curve(across, means, style)
        plot.dots(across, means, [""] * len(means), style)
    plot.legend([style for _, style, _ in series])
    return plot.svg()


def write_next_photo_plot(result: NextPhotoResult, file: Path) -> Path:
    """Write the plot, whole or not at all.

    Raises:
        OutputError: it cannot be written there.
    """
    return write_file(file, next_photo_plot(result))


def next_photo_table(result: NextPhotoResult) -> Table:
    """Return a row for each number of photos."""
    curve = result.curve
    table = plain_table(
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
        table.add_row(str(point.photos), *(rate_cell(getattr(point, name)) for name in headings))
    return table


def _series(curve: NextPhotoCurve) -> list[tuple[float, Style, list[Interval]]]:
    """Return for each series how far it stands aside, its style, and its figures."""
    points = curve.points
    spread = ASIDE * max(1.0, (points[-1].photos - points[0].photos) / 4)
    wrong = Style(
        label=f"wrong answers, {curve.people}-way", colour="var(--network, #1f5fbf)", width=2.8
    )
    series = [(-spread, wrong, [point.wrong for point in points])]
    if curve.far is not None:
        rejected = Style(
            label=f"rejected at FAR {100 * curve.far:g} %",
            colour="var(--raw, #b3541e)",
            dash="7 4",
        )
        series.append((spread, rejected, [p.rejected for p in points if p.rejected]))
    return series


def _spoken(curve: NextPhotoCurve) -> str:
    return " ".join(
        f"{point.photos} enrolled: {percent(point.wrong.mean)} wrong." for point in curve.points
    )
