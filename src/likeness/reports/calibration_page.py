"""A calibration as a folder: a page for people, and all that its figures are counted from.

``calibration.json`` is what is stored in the model, and ``comparisons.csv`` each comparison
behind it, so that every figure can be computed again without this program.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from likeness.evaluation import error_rates, roc
from likeness.evaluation.calibration import Calibration
from likeness.evaluation.figures import percent, watermark
from likeness.evaluation.fusion import Comparisons
from likeness.evaluation.probability import ReliabilityBin
from likeness.evaluation.probability_fit import FittedProbability
from likeness.files import write_files
from likeness.reports.axes import Axis, Plot, Style
from likeness.reports.content import json_text
from likeness.reports.html import render
from likeness.reports.plots import EQUAL, det_plot, energies_histogram, method_style

INTERVAL = Style(label="95 % interval", colour="var(--network, #1f5fbf)", width=1.2)


def write_calibration(calibration: Calibration, folder: Path, *, people: Sequence[str]) -> Path:
    """Write ``calibration.html``, ``calibration.json`` and ``comparisons.csv``, all or none.

    Args:
        calibration: what was found.
        folder: created if it does not exist; such files in it are replaced.
        people: the names that the codes in the comparisons stand for.

    Returns:
        The path of the page.

    Raises:
        MissingExtraError: Jinja is not installed.
        OutputError: the folder cannot be written to.
    """
    document = calibration.to_json()
    whence = calibration.provenance
    mark = watermark(drawn=whence.data.drawn) or ""
    fitted = calibration.fitted
    view = {
        "mark": mark,
        "calibration": calibration.choice,
        "document": document,
        "plots": _plots(calibration, mark=mark),
        "losses": fitted
        and [(kind, loss, kind == fitted.ratio.kind) for kind, loss in fitted.log_losses.items()],
        "provenance": {
            "model": whence.model[:12],
            "data": whence.data.name,
            "digest": whence.data.digest[:12],
            "date": whence.date,
            "likeness": whence.likeness,
        },
    }
    files = {
        "calibration.json": json_text(document),
        "comparisons.csv": _table(calibration.comparisons, calibration.fitted, people),
        "calibration.html": render("calibration.html.jinja", view),
    }
    return write_files(folder, files)[-1]


def _plots(calibration: Calibration, *, mark: str) -> list[str]:
    genuine, impostor = calibration.comparisons.genuine, calibration.comparisons.impostor
    plots = [
        energies_histogram(genuine, impostor, threshold=calibration.choice.threshold, mark=mark),
        det_plot(
            {"network": roc(error_rates(genuine, impostor))},
            genuine=len(genuine),
            impostor=len(impostor),
            mark=mark,
        ),
    ]
    if calibration.fitted:
        bins = calibration.fitted.reliability()
        plots.insert(1, reliability_plot(bins, prior=calibration.prior, mark=mark))
    return plots


def _table(
    comparisons: Comparisons, fitted: FittedProbability | None, people: Sequence[str]
) -> str:
    """Return one line per comparison; the ratio is there if its people were held out."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["kind", "probe_person", "enrolled_person", "energy", "log_likelihood_ratio"])
    for kind in ("genuine", "impostor"):
        energies = getattr(comparisons, kind)
        pairs = getattr(comparisons, f"{kind}_people")
        ratios = np.full(len(energies), np.nan) if fitted is None else getattr(fitted, kind)
        for energy, (probe, enrolled), ratio in zip(energies, pairs, ratios, strict=True):
            known = float(ratio) if np.isfinite(ratio) else ""
            writer.writerow([kind, people[probe], people[enrolled], float(energy), known])
    return text.getvalue()


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
    x = Axis.even("predicted probability", 0.0, 1.0, lambda share: f"{100 * share:.3g} %")
    spoken = "; ".join(
        f"{percent(bin.predicted)} predicted, {percent(bin.observed)} observed" for bin in bins
    )
    plot = Plot(
        f"Reliability at a prior of {100 * prior:g} %",
        f"On people held out: {spoken}.",
        x=x,
        # Room for the numbers of points at the ends.
        y=replace(x, label="observed share of genuine comparisons", low=-0.12, high=1.12),
        mark=mark,
    )
    plot.curve([0, 1], [0, 1], EQUAL)
    for bin in bins:
        plot.curve([bin.predicted, bin.predicted], [bin.low, bin.high], INTERVAL)
    predicted, observed = [bin.predicted for bin in bins], [bin.observed for bin in bins]
    plot.curve(predicted, observed, method_style("network"))
    counts = [f"{bin.genuine + bin.impostor:,}" for bin in bins]
    plot.dots(predicted, observed, counts, method_style("network"))
    plot.legend([Style(label="observed", colour=method_style("network").colour), INTERVAL])
    return plot.svg()
