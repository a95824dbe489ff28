"""The digits two ways, as tables on the terminal."""

from collections.abc import Mapping
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from likeness.evaluation.figures import interval, percent

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
    tables = [_verification(document[part]) for part in ("closed", "new")]
    few = document["few"]
    table = _empty(few["title"])
    for heading in ("accuracy on the new ↑", "accuracy on the known ↑"):
        table.add_column(heading, justify="right")
    for name, row in few["methods"].items():
        table.add_row(name, _cell(row["new"]), _cell(row["known"]))
    return [*tables, table]


def _verification(part: Mapping[str, Any]) -> Table:
    table = _empty(part["title"])
    for heading in (*COLUMNS.values(), "steps"):
        table.add_column(heading, justify="right")
    for name, row in part["methods"].items():
        cells = [_cell(row["figures"].get(figure)) for figure in COLUMNS]
        table.add_row(name, *cells, "" if row["steps"] is None else str(row["steps"]))
    return table


def _empty(title: str) -> Table:
    table = Table(
        title=Text(title, style="bold"),
        title_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )
    table.add_column("method")
    return table


def _cell(figure: Mapping[str, float] | None) -> str:
    return "" if figure is None else f"{percent(figure['mean'])} {interval(figure)}"
