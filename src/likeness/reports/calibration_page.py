"""A calibration as a folder: a page for people, and all that its figures are counted from.

``calibration.json`` is what is stored in the model, and ``comparisons.csv`` each comparison
behind it, so that every figure can be computed again without this program.
"""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from likeness.evaluation import error_rates, roc
from likeness.evaluation.comparisons import Comparisons
from likeness.evaluation.figures import watermark
from likeness.evaluation.probability_fit import FittedProbability
from likeness.evaluation.threshold_choice import Calibration
from likeness.files import write_files
from likeness.reports.page_templates import render
from likeness.reports.plots import det_plot, energies_histogram
from likeness.reports.reliability_plot import reliability_plot


def write_calibration(
    calibration: Calibration,
    *,
    comparisons: Comparisons,
    fitted: FittedProbability | None,
    people: Sequence[str],
    folder: Path,
) -> Path:
    """Write ``calibration.html``, ``calibration.json`` and ``comparisons.csv``, all or none.

    Args:
        calibration: what was found, with its provenance.
        comparisons: that it was found on.
        fitted: the probabilities, or None.
        people: the names that the codes in the comparisons stand for.
        folder: made if it is not there; such files in it are replaced.

    Returns:
        The path of the page.

    Raises:
        MissingExtraError: Jinja is not installed.
        OutputError: the folder cannot be written to.
    """
    document = calibration.as_dict()
    text = json.dumps(document, indent=2, sort_keys=True, allow_nan=False, ensure_ascii=False)
    page = render("calibration.html.jinja", _view(calibration, comparisons, fitted))
    files = {
        "calibration.json": (text + "\n").encode(),
        "comparisons.csv": _table(comparisons, fitted, people).encode(),
        "calibration.html": page.encode(),
    }
    return write_files(folder, files)[-1]


def _view(
    calibration: Calibration, comparisons: Comparisons, fitted: FittedProbability | None
) -> dict[str, Any]:
    provenance = calibration.provenance
    mark = watermark(drawn=provenance["data"]["drawn"]) or ""
    return {
        "mark": mark,
        "calibration": calibration,
        "document": calibration.as_dict(),
        "plots": _plots(calibration, comparisons, fitted, mark=mark),
        "losses": _losses(calibration.probability),
        "provenance": {
            "model": provenance["model"][:12],
            "data": provenance["data"]["name"],
            "digest": provenance["data"]["digest"][:12],
            "date": provenance["date"],
            "likeness": provenance["likeness"],
        },
    }


def _plots(
    calibration: Calibration,
    comparisons: Comparisons,
    fitted: FittedProbability | None,
    *,
    mark: str,
) -> list[str]:
    genuine, impostor = comparisons.genuine, comparisons.impostor
    plots = [
        energies_histogram(genuine, impostor, threshold=calibration.threshold, mark=mark),
        det_plot(
            {"network": roc(error_rates(genuine, impostor))},
            genuine_pairs=len(genuine),
            impostor_pairs=len(impostor),
            mark=mark,
        ),
    ]
    if fitted is not None:
        prior = calibration.probability["prior"]
        bins = fitted.reliability(prior=prior)
        plots.insert(1, reliability_plot(bins, prior=prior, mark=mark))
    return plots


def _losses(probability: Mapping[str, Any]) -> list[tuple[str, float, bool]]:
    """Return each map, its log-loss, and whether it is the one in force."""
    losses = probability.get("log_losses", {})
    chosen = probability["ratio"]["kind"] if losses else ""
    return [(kind, loss, kind == chosen) for kind, loss in losses.items()]


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
