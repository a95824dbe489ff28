"""The benchmark's result, as Markdown."""

from collections.abc import Mapping
from typing import Any

from benchmarks.signatures.protocols import OVERALL

COLUMNS = {
    "eer": "EER %",
    "tar_at_far_1e-2": "TAR at FAR 1 %",
    "tar_at_far_1e-3": "TAR at FAR 0.1 %",
    "accuracy": "accuracy at the threshold %",
}


def markdown(document: Mapping[str, Any]) -> str:
    """Return the tables: every method on the headline's pairs, then ours by media."""
    data, ours = document["data"], document["methods"]["likeness"]
    best = best_baseline(document)
    lines = [
        "# Signature verification",
        "",
        f"{data['items']:,} signatures of {data['identities']} writers, everybody writing the same "
        f"ten names on four media; {document['folds']} folds of writers never trained on "
        f"(partition seed {document['seeds']['partition']}, training seed "
        f"{document['seeds']['recipe']}). Means over the folds, and 95 % intervals from writers "
        f"drawn again ({document['repetitions']} times, by medium "
        f"{document['repetitions_by_medium']} times). Protocol: "
        "[docs/signatures.md](../../docs/signatures.md).",
        "",
        f"## {OVERALL.capitalize()}",
        "",
        _sentence(document["pairs"][OVERALL]),
        "",
        "| method | " + " | ".join(COLUMNS.values()) + " |",
        "|---" * (len(COLUMNS) + 1) + "|",
    ]
    for method in document["methods"].values():
        lines.append(f"| {method['title']} | {_cells(method['rules'][OVERALL])} |")
    own, other = (
        document["methods"][name]["rules"][OVERALL]["eer"]["mean"] for name in ("likeness", best)
    )
    lines += [
        "",
        f"The best method without a trained network is {document['methods'][best]['title']}: its "
        f"EER is {100 * other:.1f} %, the network's {_compared(own, other)}.",
        "",
        "## By medium",
        "",
        f"The network, and beside it the EER of {document['methods'][best]['title']}.",
        "",
        "| pairs | genuine | impostor | " + " | ".join(COLUMNS.values()) + " | best baseline |",
        "|---" * (len(COLUMNS) + 4) + "|",
    ]
    for rule, figures in ours["rules"].items():
        pairs = document["pairs"][rule]
        beside = document["methods"][best]["rules"][rule]["eer"]["mean"]
        lines.append(
            f"| {rule} | {pairs['genuine']:,} | {pairs['impostor']:,} | {_cells(figures)} | "
            f"{100 * beside:.1f} |"
        )
    calibration = ours["calibration"]
    lines += [
        "",
        "The threshold and the map to probabilities come from training writers held out. Cllr of "
        f"those probabilities on the unseen writers: {calibration['cllr']:.3f} bits, of which "
        f"{calibration['min_cllr']:.3f} are the energies' own (0 is perfect, 1 says nothing).",
        "",
        f"A training takes {ours['cost']['seconds']:.0f} s on one core of a busy machine, the "
        f"longest of the folds; the network has {ours['cost']['parameters']:,} numbers.",
    ]
    return "\n".join(lines) + "\n"


def best_baseline(document: Mapping[str, Any]) -> str:
    """Return the name of the method with the lowest EER, ours left out."""
    eers = {
        name: method["rules"][OVERALL]["eer"]["mean"]
        for name, method in document["methods"].items()
        if name != "likeness"
    }
    return min(eers, key=lambda name: eers[name])


def _compared(own: float, other: float) -> str:
    if own < other:
        return f"{100 * own:.1f} %, {100 * (1 - own / other):.0f} % lower"
    return f"{100 * own:.1f} %: not lower"


def _sentence(pairs: Mapping[str, int]) -> str:
    return (
        f"{pairs['genuine']:,} genuine and {pairs['impostor']:,} impostor pairs in all folds "
        "together."
    )


def _cells(figures: Mapping[str, Mapping[str, float]]) -> str:
    return " | ".join(_cell(figures.get(name)) for name in COLUMNS)


def _cell(figure: Mapping[str, float] | None) -> str:
    if figure is None:
        return "–"
    mean, low, high = (100 * figure[part] for part in ("mean", "low", "high"))
    return f"{mean:.1f} ({low:.1f}–{high:.1f})"
