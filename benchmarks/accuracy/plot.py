"""EER and one-shot rate of every method with their intervals, as one picture."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

PANELS = (("U4", "eer", "EER on unseen people, %"), ("U4", "one_shot_10way", "10-way one-shot, %"))


def draw(document: Mapping[str, Any], path: Path) -> None:
    """Write the picture as PNG."""
    methods = [entry for entry in document["methods"].values() if "U4" in entry["figures"]]
    figure = Figure(figsize=(11, 0.8 + 0.42 * len(methods)), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    for place, (protocol, name, title) in zip(axes, PANELS, strict=True):
        for row, entry in enumerate(methods):
            value = entry["figures"][protocol][name]
            mean, low, high = (100 * value[part] for part in ("mean", "low", "high"))
            colour = "tab:blue" if "likeness" in entry["title"] else "0.45"
            place.plot([low, high], [row, row], color=colour, linewidth=2)
            place.plot(mean, row, "o", color=colour)
            place.annotate(f"{mean:.1f}", (mean, row), xytext=(0, 6), textcoords="offset points")
        place.set_title(title, loc="left")
        place.grid(axis="x", color="0.9")
        place.spines[["top", "right", "left"]].set_visible(False)
        place.tick_params(axis="y", length=0)
    axes[0].set_yticks(range(len(methods)), [_plain(entry["title"]) for entry in methods])
    axes[0].set_ylim(len(methods) - 0.5, -0.9)  # the first method at the top, room for its figure
    figure.savefig(path, dpi=110)


def _plain(title: str) -> str:
    return title.replace("*", "").replace("`", "")
