"""DET curves of every method, on the headline's pairs, as one picture."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from benchmarks.signatures.protocols import OVERALL
from likeness.evaluation import Evaluation, error_rates

LEAST = 1e-4
GRID = np.geomspace(LEAST, 1, 200)


def draw(
    document: Mapping[str, Any], headline: Mapping[str, Sequence[Evaluation]], path: Path
) -> None:
    """Write the picture as PNG: FRR at each FAR, the mean over folds."""
    figure = Figure(figsize=(7, 5.5), layout="constrained")
    axes = figure.subplots()
    for name, folds in headline.items():
        ours = name == "likeness"
        title = str(document["methods"][name]["title"]).replace("`", "")
        eer = 100 * document["methods"][name]["rules"][OVERALL]["eer"]["mean"]
        axes.plot(
            100 * GRID,
            100 * np.mean([_rejected(fold) for fold in folds], axis=0),
            label=f"{title}: EER {eer:.1f} %",
            linewidth=2.5 if ours else 1.2,
            color="tab:blue" if ours else None,
        )
    axes.plot(100 * GRID, 100 * GRID, color="0.8", linewidth=1, linestyle=":")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_ylim(1, 100)
    axes.set_xlabel("false acceptance rate, %")
    axes.set_ylabel("false rejection rate, %")
    axes.set_title(f"Unseen writers, {OVERALL}", loc="left")
    axes.grid(color="0.92")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="lower left")
    figure.savefig(path, dpi=110)


def _rejected(fold: Evaluation) -> Any:
    rates = error_rates(fold.pairs.genuine, fold.pairs.impostor)
    places = np.searchsorted(rates.far, GRID, side="right") - 1
    return rates.frr[places]
