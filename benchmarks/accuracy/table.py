"""The benchmark's one result, as Markdown."""

from collections.abc import Mapping
from typing import Any

COLUMNS = {
    ("U4", "auc"): "AUC %",
    ("U4", "eer"): "EER %",
    ("U4", "tar_at_far_1e-2"): "TAR at FAR 1 %",
    ("U4", "one_shot_10way"): "10-way one-shot %",
    ("S20", "one_shot_20way"): "20-way (S20) %",
    ("C5", "rank_one"): "closed set (C5) %",
}


def markdown(document: Mapping[str, Any]) -> str:
    """Return the accuracies and the costs as two tables."""
    methods = document["methods"]
    lines = _row(["method", *COLUMNS.values()]) + _row(["---"] * (1 + len(COLUMNS)))
    for entry in methods.values():
        cells = [_figure(entry, protocol, name) for protocol, name in COLUMNS]
        lines += _row([entry["title"], *cells])
    seeds = ", ".join(map(str, document["seeds"]))
    lines += (
        f"\n{document['data']['identities']} people, {document['data']['items']} photos. Means, "
        "and 95 % intervals from resampling people. The rows of likeness are means over seeds "
        f"{seeds} (C5: seed {document['seeds'][0]}), interval bounds as well; other networks "
        f"seed {document['seeds'][0]}, and fewer draws of C5 (results.json has the number).\n\n"
    )
    lines += _row(["method", "learning ×", "parameters ×", "photos per second ×"])
    lines += _row(["---"] * 4)
    for entry in methods.values():
        if "cost" in entry:
            lines += _row([entry["title"], *_cost(entry["cost"], document["unit"])])
    unit = document["unit"]
    lines += (
        f"\nCosts of a fold of U4, as ratios to {unit['title']} in the same run: "
        f"{unit['seconds']:.0f} seconds of one core, {unit['parameters']:,} parameters, "
        f"{unit['photos_per_second']:.0f} photos a second in batches.\n"
    )
    return lines


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def _figure(entry: Mapping[str, Any], protocol: str, name: str) -> str:
    figure = entry["figures"].get(protocol, {}).get(name)
    if figure is None:
        return ""
    mean, low, high = (100 * figure[part] for part in ("mean", "low", "high"))
    return f"{mean:.1f} ({low:.1f}–{high:.1f})"


def _cost(cost: Mapping[str, float], unit: Mapping[str, Any]) -> list[str]:
    return [
        _ratio(cost[name] / unit[name]) for name in ("seconds", "parameters", "photos_per_second")
    ]


def _ratio(ratio: float) -> str:
    if 0 < ratio < 0.001:
        return "< 0.001"
    return f"{ratio:.2g}" if ratio < 10 else f"{ratio:.0f}"
