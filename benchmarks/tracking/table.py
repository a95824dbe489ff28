"""The benchmark's results as Markdown."""

from collections.abc import Mapping
from typing import Any

_HEAD = (
    "tracker",
    "mean overlap",
    "AUC of success",
    "centre within 20 px, %",
    "median error, px",
    "first overlap < 0.1",
    "lost for good",
    "frames a second of one core",
    "cost of a frame",
)


def markdown(document: Mapping[str, Any]) -> str:
    """Return one table for each sequence, and what the figures are."""
    parts = []
    for name, part in document["sequences"].items():
        parts.append(f"## {name} ({part['frames']} frames; ours learned from {part['learned']})\n")
        parts.append(_row(_HEAD) + _row(["---"] * len(_HEAD)) + _rows(part["methods"]))
        parts.append(_gains(part["methods"]))
    return "# Trackers side by side\n\n" + "\n".join(parts) + "\n" + _words(document)


def _rows(methods: Mapping[str, Any]) -> str:
    return "".join(
        _row(
            [
                name,
                _interval(entry, "mean_overlap", 3),
                _interval(entry, "success_auc", 3),
                _interval(entry, "precision_20", 0, times=100),
                _interval(entry, "median_centre_error", 0),
                _frame(entry["lost"]["first_below"]),
                _frame(entry["lost"]["for_good"]),
                f"{entry['frames_a_second']:.0f}",
                f"{entry['cost']:.2f} ×",
            ]
        )
        for name, entry in methods.items()
    )


def _gains(methods: Mapping[str, Any]) -> str:
    ours = methods["likeness"]
    gain = ours["intervals"]["mean_overlap_gain"]
    runs = ", ".join(f"{run['figures']['mean_overlap']:.3f}" for run in ours["runs"])
    firsts = ", ".join(_frame(run["lost"]["first_below"]) for run in ours["runs"])
    low, high = (f"{gain[end]:.3f}" for end in ("low", "high"))
    return (
        f"Ours by seed: mean overlap {runs}; first overlap below 0.1: {firsts}. Above "
        f"{ours['beside']}, the best of the three NCC, by {gain['mean']:.3f} ({low} to {high}, the "
        "same frames drawn for both).\n"
    )


def _interval(entry: Mapping[str, Any], figure: str, digits: int, *, times: float = 1) -> str:
    found = entry["intervals"][figure]
    mean, low, high = (f"{times * found[key]:.{digits}f}" for key in ("mean", "low", "high"))
    return f"{mean} ({low}–{high})"


def _frame(number: int | None) -> str:
    return "never" if number is None else f"frame {number}"


def _row(cells: Any) -> str:
    return f"| {' | '.join(cells)} |\n"


def _words(document: Mapping[str, Any]) -> str:
    lacks = document["missing"]
    seeds = ", ".join(map(str, document["seeds"]))
    said = (
        f"Ours: over {len(document['seeds'])} trainings (seeds {seeds}); where a frame is named, "
        "the earliest of them. The first frame, whose box is given, does not count. In brackets "
        f"95 % intervals by resampling blocks of {document['block']} consecutive frames: they say "
        "how "
        "much a figure of this sequence may vary, and nothing of other films. NCC is OpenCV's "
        "TM_CCOEFF_NORMED with the first frame's box as template; *grey* and *colour* search where "
        "ours does, with the same three sizes, step 1.0375, damping and cosine window, *whole "
        f"frame* everywhere at one size. OpenCV {document['opencv']}, its trackers as they come. "
        "Frames a second of one core: by processor time, which a busy machine leaves alone. The "
        "cost of a frame is that time beside NCC, grey, in the same run."
    )
    if lacks:
        said += (
            f" This OpenCV has no {', '.join(lacks)}: they are in opencv-contrib-python-headless."
        )
    return said + "\n"
