"""The report's plots, each as SVG text.

Energies, ROC, DET, learning curves, one-shot, CMC, the two of an open set, and the next photo.

The same arguments give the same text. ``mark`` is printed on the plot if the data are synthetic or
the split leaks.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from likeness.arrays import Floats
from likeness.evaluation.figures import Interval, method_label, percent, watermark
from likeness.evaluation.next_photo import NextPhotoCurve, NextPhotoResult
from likeness.reports.axes import Axis, Plot, Style
from likeness.reports.content import Curve

BINS = 48
EVIDENCE = 3
"""Pairs that must be wrong before a rate is drawn on the DET (the «rule of three»)."""

GENUINE = Style(label="genuine pairs", colour="var(--genuine, #00746b)")
IMPOSTOR = Style(label="impostor pairs", colour="var(--impostor, #c2472f)", dash="5 2")
EQUAL = Style(label="", colour="var(--faint, #5a6673)", dash="2 4", width=1)
"""The diagonal, where two rates are equal."""

_METHODS = {
    "network": ("var(--network, #1f5fbf)", "", 2.8),
    "raw_pixels": ("var(--raw, #b3541e)", "7 4", 2.0),
    "fisherfaces": ("var(--fisher, #2b7a3d)", "2 3", 2.2),
}
_OTHERS = ("var(--faint, #5a6673)", "9 3 2 3", 2.0)
_DASHES = ("", "7 3", "2 3", "9 3 2 3")


def energies_histogram(
    genuine: ArrayLike, impostor: ArrayLike, *, threshold: float | None, mark: str = ""
) -> str:
    """Return how the energies of genuine and impostor pairs are spread.

    Each kind is drawn as shares of its own pairs: there are many more impostors.

    Args:
        genuine: ``(g,)`` energies, at least one, finite.
        impostor: ``(i,)`` energies, likewise.
        threshold: pairs at most this far apart are accepted; None if there is none.
        mark: warning on the plot.
    """
    kinds = [np.asarray(energies, dtype=np.float64) for energies in (genuine, impostor)]
    everything = np.concatenate(kinds)
    low = min(0.0, float(everything.min()))
    high = max(float(everything.max()), threshold or 0.0)
    high = high if high > low else low + 1.0
    edges = np.linspace(low, high, BINS + 1)
    shares = [np.histogram(energies, edges)[0] / len(energies) for energies in kinds]
    top = 1.25 * max(float(share.max()) for share in shares)
    at = "none" if threshold is None else f"{threshold:.3g}"
    plot = Plot(
        "Distances of pairs",
        f"Histogram; medians: genuine pairs {np.median(kinds[0]):.3g}, "
        f"impostor pairs {np.median(kinds[1]):.3g}; threshold: {at}.",
        x=Axis.even("distance (lower is more alike)", low, high, "{:g}".format),
        y=Axis.even("share of the pairs", 0.0, top, _whole_percent),
        mark=mark,
    )
    for style, share in reversed(list(zip((GENUINE, IMPOSTOR), shares, strict=True))):
        plot.steps(edges, share, style)
    if threshold is not None:
        plot.vertical(threshold, "accept", "reject")
    plot.legend([GENUINE, IMPOSTOR])
    return plot.svg()


def roc_plot(
    curves: Mapping[str, Curve],
    *,
    open_set: bool = False,
    at_threshold: tuple[float, float] | None = None,
    mark: str = "",
) -> str:
    """Return the receiver operating characteristic of each method.

    Args:
        curves: method → (FAR, TAR), rising from (0, 0) to (1, 1); or (FPIR, DIR) of an open set.
        open_set: whether the rates are those of identification.
        at_threshold: the network's two rates at its threshold; not shown if not given.
        mark: warning on the plot.
    """
    if open_set:
        title, x = "Open set: identification", "strangers identified as somebody (FPIR)"
        y = "enrolled people found (DIR)"
        said = "Share of enrolled people found over share of strangers identified as somebody. "
        said += _at_five_percent(curves)
    else:
        title, x, y = "ROC", "impostor pairs accepted (FAR)", "genuine pairs accepted (TAR)"
        said = "Share of genuine pairs accepted over share of impostor pairs accepted. "
        said += _at_one_percent(curves)
    x_axis, y_axis = (Axis.even(label, 0.0, 1.0, _whole_percent) for label in (x, y))
    plot = Plot(title, said, x=x_axis, y=y_axis, mark=mark)
    if not open_set:
        plot.curve([0, 1], [0, 1], EQUAL)
    _draw_methods(plot, curves)
    if at_threshold is not None:
        wrong, rate = at_threshold
        plot.dots([wrong], [rate], ["its threshold"], method_style("network"))
    plot.legend([method_style(name) for name in curves])
    return plot.svg()


def det_plot(
    curves: Mapping[str, Curve],
    *,
    genuine: int,
    impostor: int,
    open_set: bool = False,
    mark: str = "",
) -> str:
    """Return the detection error trade-off of each method, on normal-deviate axes.

    A. Martin et al., «The DET curve in assessment of detection task performance»,
    Eurospeech 1997. Rates that fewer than three wrong pairs would show are not drawn.

    Args:
        curves: method → (FAR, TAR), or (FPIR, DIR) of an open set, whose FNIR is 1 − DIR.
        genuine, impostor: number of pairs behind the curves; of an open set, of different probes,
            mated and non-mated.
        open_set: whether the rates are those of identification.
        mark: warning on the plot.
    """
    if open_set:
        title = "Open set: DET"
        said = "The two error rates of identification against each other. "
        said += _at_five_percent(curves)
        x = _deviate_axis("strangers identified as somebody (FPIR)", impostor)
        y = _deviate_axis("enrolled people not found (FNIR)", genuine)
    else:
        title = "DET"
        said = "The two error rates against each other. " + _at_one_percent(curves)
        x = _deviate_axis("impostor pairs accepted (FAR)", impostor)
        y = _deviate_axis("genuine pairs rejected (FRR)", genuine)
    plot = Plot(title, said, x=x, y=y, mark=mark)
    diagonal = [max(x.low, y.low), x.high]
    plot.curve(diagonal, diagonal, EQUAL)
    drawn = _draw_methods(plot, {name: _within(curve, x, y) for name, curve in curves.items()})
    # A method that makes next to no errors has no line on the plot: its legend says so.
    plot.legend([method_style(name, more="" if drawn[name] else " (off scale)") for name in curves])
    return plot.svg()


def cmc_plot(curves: Mapping[str, Sequence[float]], *, mark: str = "") -> str:
    """Return the cumulative match characteristic of each method: a rate for each rank from 1.

    Args:
        curves: method → ``(ranks,)``, 0…1, rising; at least one rank.
        mark: warning on the plot.
    """
    longest = max(len(rates) for rates in curves.values())
    low = _floor(np.concatenate([np.asarray(rates, float) for rates in curves.values()]))
    first = ", ".join(f"{method_label(name)} {percent(r[0])}" for name, r in curves.items())
    plot = Plot(
        "CMC",
        f"Share of probes whose right person is among the nearest R. Rank 1: {first}.",
        x=_counting_axis("rank R", longest),
        y=Axis.even("right person among the R nearest", low, 1.0, _whole_percent),
        mark=mark,
    )
    ranked = {name: (np.arange(1.0, len(r) + 1), np.asarray(r)) for name, r in curves.items()}
    _draw_methods(plot, ranked)
    plot.legend([method_style(name) for name in curves])
    return plot.svg()


def learning_curves(
    histories: Sequence[Mapping[str, Sequence[float]]], *, series: str, mark: str = ""
) -> str:
    """Return one number per epoch, one line per fold.

    Args:
        histories: one per fold; those without the series are left out.
        series: "loss" or "held_out_auc".
        mark: warning on the plot.
    """
    lines = [np.asarray(history[series], float) for history in histories if history.get(series)]
    longest = max((len(line) for line in lines), default=1)
    finite = np.concatenate([line[np.isfinite(line)] for line in lines] or [np.zeros(0)])
    if series == "loss":
        title = "Loss while training"
        high = 1.05 * max(float(finite.max(initial=0.0)), 1e-6)
        y = Axis.even("loss, mean of an epoch", 0.0, high, "{:g}".format)
    else:
        title = "AUC on held-out people"
        y = Axis.even("AUC, after each epoch", _floor(finite), 1.0, _whole_percent)
    x = _counting_axis("epoch", longest)
    ends = ", ".join(f"{line[-1]:.3g}" for line in lines)
    plot = Plot(title, f"One line per fold; last values: {ends}.", x=x, y=y, mark=mark)
    styles = [_fold_style(fold) for fold in range(len(lines))]
    for line, style in zip(lines, styles, strict=True):
        known = np.isfinite(line)
        plot.curve(np.arange(1, len(line) + 1)[known], line[known], style)
    if 1 < len(lines) <= 4:
        plot.legend(styles)
    return plot.svg()


def one_shot_plot(
    rates: Sequence[float], *, title: str, baselines: Mapping[str, float], mark: str = ""
) -> str:
    """Return the network's one-shot rate in each fold, beside the means of the baselines.

    Args:
        rates: one per fold, 0…1, at least one.
        title: above the plot.
        baselines: method → mean over the folds, 0…1.
        mark: warning on the plot.
    """
    low = max(0.0, _floor(np.array([*rates, *baselines.values()])) - 0.05)
    last = len(rates) - 0.5
    plot = Plot(
        title,
        f"Folds: {', '.join(percent(rate) for rate in rates)}. "
        + " ".join(f"{method_label(m)}: {percent(rate)}." for m, rate in baselines.items()),
        x=Axis(
            label="fold (other people in each)",
            low=-0.5,
            high=last,
            ticks=[(float(k), str(k)) for k in range(len(rates))],
        ),
        y=Axis.even("right answers (lines: means)", low, 1.0, _whole_percent),
        mark=mark,
    )
    means = {"network": float(np.mean(rates)), **baselines}
    for name, mean in means.items():
        plot.curve([-0.5, last], [mean, mean], method_style(name))
    plot.dots(
        np.arange(len(rates)), rates, [percent(rate) for rate in rates], method_style("network")
    )
    plot.legend([method_style(name) for name in means])
    return plot.svg()


def _draw_methods(plot: Plot, curves: Mapping[str, Curve]) -> dict[str, bool]:
    """Draw the curves, the first on top; return which of them are lines."""
    backwards = reversed(list(curves.items()))
    return {name: plot.curve(x, y, method_style(name)) for name, (x, y) in backwards}


def _within(curve: Curve, x: Axis, y: Axis) -> Curve:
    """Return (FAR, FRR) of a (FAR, TAR) curve, of its points that are on the plot."""
    far, frr = np.asarray(curve[0]), 1.0 - np.asarray(curve[1])
    inside = (far >= x.low) & (far <= x.high) & (frr >= y.low) & (frr <= y.high)
    return far[inside], frr[inside]


def _at_one_percent(curves: Mapping[str, Curve]) -> str:
    return f"TAR at FAR 1 %: {_reached(curves, 0.01)}."


def _at_five_percent(curves: Mapping[str, Curve]) -> str:
    return f"DIR at FPIR 5 %: {_reached(curves, 0.05)}."


def _reached(curves: Mapping[str, Curve], most: float) -> str:
    """Say what each curve reaches where its first rate is at most this."""
    parts = []
    for name, (rate, reached) in curves.items():
        inside = np.asarray(reached)[np.asarray(rate) <= most]
        parts.append(f"{method_label(name)} {percent(float(inside.max(initial=0.0)))}")
    return ", ".join(parts)


_DEVIATES = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8)


def _deviate_axis(label: str, pairs: int) -> Axis:
    low = min(max(EVIDENCE / max(pairs, 1), _DEVIATES[0]), 0.2)
    ticks = [(rate, f"{100 * rate:g} %") for rate in _DEVIATES if low <= rate]
    return Axis(label=label, low=low, high=0.8, ticks=ticks, bend=_deviates)


def _deviates(rates: Floats) -> Floats:
    inverse = NormalDist().inv_cdf
    return np.array([inverse(min(max(float(rate), 1e-9), 1 - 1e-9)) for rate in rates])


def _counting_axis(label: str, longest: int) -> Axis:
    """Return an axis from 1, with ticks at whole numbers only."""
    axis = Axis.even(label, 1, max(longest, 2), "{:g}".format)
    return replace(axis, ticks=[(k, text) for k, text in axis.ticks if k == int(k)])


def _floor(values: Floats) -> float:
    """Return the twentieth below the values; 0.5 if there are none."""
    lowest = float(values.min(initial=1.0)) if values.size else 0.5
    return min(max(0.0, math.floor(20 * lowest - 0.2) / 20), 0.95)


def _whole_percent(share: float) -> str:
    return f"{100 * share:.3g} %"


def method_style(name: str, *, more: str = "") -> Style:
    """Return how a method looks; ``more`` stands after its name in the legend."""
    colour, dash, width = _METHODS.get(name, _OTHERS)
    return Style(label=method_label(name) + more, colour=colour, dash=dash, width=width)


def _fold_style(fold: int) -> Style:
    """Return how the network looks in one of several folds."""
    colour, _, _ = _METHODS["network"]
    return Style(label=f"fold {fold}", colour=colour, dash=_DASHES[fold % 4], width=1.8)


_ASIDE = 0.04
"""Offset between the intervals of the two series, in photos, so that neither hides the other."""


def next_photo_plot(result: NextPhotoResult) -> str:
    """Return the error rates over the number of enrolled photos, as SVG."""
    photos = [float(point.photos) for point in result.curve.points]
    series = _next_photo_series(result.curve)
    top = max(figure.high for _, _, figures in series for figure in figures)
    top = min(1.0, max(1.08 * top, 0.01))
    plot = Plot(
        "What the next photo gains",
        _next_photo_words(result.curve),
        x=Axis(
            label="enrolled photos of each person",
            low=photos[0] - 0.4,
            high=photos[-1] + 0.4,
            ticks=[(k, f"{k:g}") for k in photos],
        ),
        y=Axis.even("errors (bars: 95 % intervals)", 0.0, top, _whole_percent),
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


def _next_photo_series(curve: NextPhotoCurve) -> list[tuple[float, Style, list[Interval]]]:
    """Return for each series how far it stands aside, its style, and its figures."""
    points = curve.points
    spread = _ASIDE * max(1.0, (points[-1].photos - points[0].photos) / 4)
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


def _next_photo_words(curve: NextPhotoCurve) -> str:
    return " ".join(
        f"{point.photos} enrolled: {percent(point.wrong.mean)} wrong." for point in curve.points
    )
