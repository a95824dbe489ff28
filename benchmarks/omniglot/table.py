"""The benchmark's result as Markdown."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from likeness.evaluation.figures import Interval, method_label


def markdown(document: Mapping[str, Any]) -> str:
    """Return ours, the baselines of the same run, what others report, and each run's errors."""
    return "\n".join([*_measured(document), "", *_published(document), "", *_by_run(document), ""])


def _measured(document: Mapping[str, Any]) -> list[str]:
    lines = [
        "| measured here | error % | 95 % interval | CPU seconds | seconds |",
        "| --- | --- | --- | --- | --- |",
    ]
    trained = document["trained"]
    for entry in trained:
        error, training = Interval(**entry["figures"]["error"]), entry["training"]
        lines.append(
            f"| likeness, {entry['background']['name']} alone, seed {entry['recipe']['seed']} "
            f"| {_percent(error.mean)} | {error.ends()} | {training['cpu_seconds']:.0f} "
            f"| {training['seconds']:.0f} |"
        )
    for name, figures in trained[0]["baselines"].items():
        error = Interval(**figures["error"])
        lines.append(f"| {method_label(name)} | {_percent(error.mean)} | {error.ends()} | – | – |")
    counts = trained[0]["counts"]
    lines += [
        "",
        f"{counts['runs']} runs of {counts['ways'][0]}-way one-shot classification, "
        f"{counts['probes']} probes. Intervals: {trained[0]['intervals']}. CPU seconds are those "
        "of the training's process, all threads; those of the clock depend on what else the "
        "machine does.",
    ]
    return lines


def _published(document: Mapping[str, Any]) -> list[str]:
    lines = ["| published | learned from | error % | source |", "| --- | --- | --- | --- |"]
    sources: list[str] = []
    for entry in document["published"]:
        if entry["source"] not in sources:
            sources.append(entry["source"])
        errors = ", ".join(f"{error:.1f}" for error in entry["percent"])
        number = sources.index(entry["source"]) + 1
        lines.append(f"| {entry['title']} | {entry['learned_from']} | {errors} | [{number}] |")
    return [*lines, "", *(f"[{place}] {source}.  " for place, source in enumerate(sources, 1))]


def _by_run(document: Mapping[str, Any]) -> list[str]:
    trained = document["trained"]
    names = [f"{entry['background']['name']}, seed {entry['recipe']['seed']}" for entry in trained]
    lines = [
        f"| run | {' | '.join(names)} | modified Hausdorff distance |",
        "|" + " --- |" * (len(names) + 2),
    ]
    for place, row in enumerate(trained[0]["runs"]):
        cells = [_percent(entry["runs"][place]["network"]) for entry in trained]
        lines.append(f"| {row['run']} | {' | '.join(cells)} | {_hausdorff(row)} |")
    mean = [_percent(np.mean([r["network"] for r in entry["runs"]])) for entry in trained]
    last = _percent(np.mean([row["modified_hausdorff"] for row in trained[0]["runs"]]))
    return [*lines, f"| mean | {' | '.join(mean)} | {last} |"]


def _hausdorff(row: Mapping[str, float]) -> str:
    return _percent(row["modified_hausdorff"])


def _percent(rate: Any) -> str:
    return f"{100 * float(rate):.1f}"
