"""Success and precision of every tracker on both sequences: curves only, no frame."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from likeness.tasks.tracking.evaluation import PIXELS, THRESHOLDS

_LOOKS = {
    "likeness": {"color": "#1f5fbf", "linewidth": 2.6},
    "NCC, grey": {"color": "#b3541e", "linestyle": "--"},
    "NCC, colour": {"color": "#b3541e", "linestyle": ":"},
    "NCC, whole frame": {"color": "#b3541e", "linestyle": "-."},
    "OpenCV KCF": {"color": "#2b7a3d"},
    "OpenCV CSRT": {"color": "#7a2b6f"},
    "OpenCV MOSSE": {"color": "0.45", "linestyle": "--"},
    "OpenCV MIL": {"color": "0.45", "linestyle": ":"},
}


def draw(document: Mapping[str, Any], path: Path) -> None:
    """Write the picture as SVG; the same results give the same file."""
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "likeness", "font.size": 9}):
        sequences = document["sequences"]
        figure = Figure(figsize=(10, 3.6 * len(sequences)), layout="constrained")
        grid = figure.subplots(len(sequences), 2, squeeze=False)
        for (name, part), (left, right) in zip(sequences.items(), grid, strict=True):
            for method, entry in part["methods"].items():
                look = _LOOKS.get(method, {})
                auc = entry["figures"]["success_auc"]
                left.plot(THRESHOLDS, entry["success"], label=f"{method} ({auc:.2f})", **look)
                right.plot(PIXELS, entry["precision"], **look)
            left.set(xlabel="overlap threshold", ylabel="share of frames above", ylim=(0, 1))
            right.set(xlabel="centre error, pixels", ylabel="share of frames within", ylim=(0, 1))
            left.set_title(f"{name}: success (area under it)", loc="left")
            right.set_title(f"{name}: precision", loc="left")
            right.axvline(20, color="0.8", linewidth=1)
            left.legend(fontsize=7.5, loc="upper right")
            for axes in (left, right):
                axes.grid(color="0.92")
                axes.spines[["top", "right"]].set_visible(False)
        figure.savefig(path, format="svg", metadata={"Date": None})
