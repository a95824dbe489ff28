"""The reliability diagram: what was foretold against what came true, as SVG text."""

from collections.abc import Sequence

from likeness.evaluation.figures import percent
from likeness.evaluation.probability_figures import ReliabilityBin
from likeness.reports.axes import Axis, Plot, Style, even_ticks
from likeness.reports.styles import EQUAL, method_style

INTERVAL = Style(label="95 % interval", colour="var(--network, #1f5fbf)", width=1.2)


def reliability_plot(bins: Sequence[ReliabilityBin], *, prior: float, mark: str = "") -> str:
    """Return the share of genuine comparisons over the probability that they were given.

    On the diagonal, a probability is what it says. (M. DeGroot & S. Fienberg, «The Comparison
    and Evaluation of Forecasters», The Statistician 1983.) The number at each point is how
    many comparisons it is of.

    Args:
        bins: at least one, of comparisons that the map was not fitted to.
        prior: that the probabilities are for, above 0, below 1.
        mark: warning on the plot.
    """
    ticks = even_ticks(0, 1, lambda share: f"{100 * share:.3g} %")
    spoken = "; ".join(
        f"{percent(bin.predicted)} foretold, {percent(bin.observed)} came true" for bin in bins
    )
    plot = Plot(
        f"Reliability at a prior of {100 * prior:g} %",
        f"On people held out: {spoken}.",
        x=Axis(label="probability that was foretold", low=0.0, high=1.0, ticks=ticks),
        # Room for the numbers of points at the ends.
        y=Axis(label="share of one person", low=-0.12, high=1.12, ticks=ticks),
        mark=mark,
    )
    plot.curve([0, 1], [0, 1], EQUAL)
    for bin in bins:
        plot.curve([bin.predicted, bin.predicted], [bin.low, bin.high], INTERVAL)
    predicted, observed = [bin.predicted for bin in bins], [bin.observed for bin in bins]
    plot.curve(predicted, observed, method_style("network"))
    counts = [f"{bin.genuine + bin.impostor:,}" for bin in bins]
    plot.dots(predicted, observed, counts, method_style("network"))
    plot.legend([Style(label="came true", colour=method_style("network").colour), INTERVAL])
    return plot.svg()
