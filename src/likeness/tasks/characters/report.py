"""Results on characters and digits as tables on the terminal."""

from collections.abc import Mapping
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from likeness.evaluation.figures import Interval, method_label, percent

COLUMNS = {
    "accuracy": "accuracy ↑",
    "auc": "AUC ↑",
    "eer": "EER ↓",
    "tar_at_far_1e-2": "TAR at FAR 1 % ↑",
}


def digits_tables(document: Mapping[str, Any]) -> list[Table]:
    """Return the three tables: the example's way, new digits, and new digits from a few items.

    Args:
        document: of `likeness.tasks.characters.digits_experiment.digits_two_ways`.
    """
    tables = [_verification_table(document[part]) for part in ("closed", "new")]
    few = document["few"]
    table = _empty_table(few["title"])
    for heading in ("accuracy on the new ↑", "accuracy on the known ↑"):
        table.add_column(heading, justify="right")
    for name, row in few["methods"].items():
        table.add_row(name, _with_interval(row["new"]), _with_interval(row["known"]))
    return [*tables, table]


def _verification_table(part: Mapping[str, Any]) -> Table:
    table = _empty_table(part["title"])
    for heading in (*COLUMNS.values(), "steps"):
        table.add_column(heading, justify="right")
    for name, row in part["methods"].items():
        cells = [_with_interval(row["figures"].get(figure)) for figure in COLUMNS]
        table.add_row(name, *cells, "" if row["steps"] is None else str(row["steps"]))
    return table


def _empty_table(title: str) -> Table:
    table = Table(
        title=Text(title, style="bold"),
        title_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )
    table.add_column("method")
    return table


def _with_interval(figure: Mapping[str, float] | None) -> str:
    return "" if figure is None else f"{percent(figure['mean'])} {Interval(**figure).ends()}"


def print_one_shot_runs(console: Console, document: Mapping[str, Any]) -> None:
    """Print the table of errors, and what stands behind it.

    Args:
        console: where to.
        document: of `experiments.one_shot_runs`.
    """
    console.print(one_shot_table(document))
    console.print(Text(_counted(document), style="dim"))
    if training := document.get("training"):
        console.print(
            f"Trained on {_background(document)} alone in {training['seconds']:.0f} s, "
            f"{training['cpu_seconds']:.0f} s of the processors.",
            highlight=False,
        )


def one_shot_table(document: Mapping[str, Any]) -> Table:
    """Return a row for each method: its mean error over the runs, the interval, the worst run."""
    mark = f"{document['background']['name']} · " if document["drawn"] else ""
    ways = " or ".join(map(str, document["counts"]["ways"]))
    table = Table(
        title=Text(f"{mark}{ways}-way one-shot classification", style="bold"),
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )
    table.add_column("", no_wrap=True)
    for heading in ("error ↓", "95 % interval", "worst run"):
        table.add_column(heading, justify="right")
    methods = {"network": document["figures"], **document["baselines"]}
    for name, figures in methods.items():
        worst = max(document["runs"], key=lambda run: run[name])
        table.add_row(
            Text(method_label(name)),
            percent(figures["error"]["mean"]),
            Interval(**figures["error"]).ends(),
            f"{percent(worst[name])} ({worst['run']})",
            style="bold" if name == "network" else "",
        )
    return table


def _counted(document: Mapping[str, Any]) -> str:
    counts = document["counts"]
    return (
        f"{counts['probes']:,} probes in {counts['runs']} runs; by chance "
        f"{' or '.join(percent(1 - 1 / ways) for ways in counts['ways'])} are wrong. Intervals: "
        f"{document['intervals']}."
    )


def _background(document: Mapping[str, Any]) -> str:
    background = document["background"]
    return f"{background['name']} ({background['identities']} identities)"
