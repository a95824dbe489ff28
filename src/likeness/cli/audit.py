"""``likeness audit TRAIN TEST``."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from likeness import datasets
from likeness.cli.arguments import DATA_HELP, is_named, read_data
from likeness.cli.terminal import check_json_place, errors, output, write_json
from likeness.datasets import Dataset

if TYPE_CHECKING:
    from likeness.evaluation.audit import SharedPhoto

SIZE = (112, 92)
"""Folders are read at one size, so that a photo and its resized copy are cut alike."""

SHOWN = 20
LEAKED = 1
"""Exit code where something is shared: a script can stop there."""


def audit(
    train: Annotated[str, typer.Argument(help=f"What is trained on: {DATA_HELP}")],
    test: Annotated[str, typer.Argument(help="What is tested on, likewise.")],
    json_: Annotated[
        str | None, typer.Option("--json", help="Write the result here; - for standard output.")
    ] = None,
) -> None:
    """List the people and photos that two data sets share.

    Photos are also found resized or mirrored; pairs are compared as well. Exit code 0 if nothing is
    shared, 1 if something is.
    """
    from likeness.evaluation.audit import audit as compare  # late: only here

    check_json_place(json_)
    first, second = _read(train), _read(test)
    with errors().status("Comparing photos"):
        found = compare(first, second)
    for data in (first, second):
        for note in data.notes:
            errors().print(f"Note: {data.name}: {note}", style="yellow", markup=False)
    if json_ != "-":
        _print(found.photos, found.sentences())
    write_json(found.as_dict(), json_)
    if not found.clean:
        raise typer.Exit(LEAKED)


def _read(data: str) -> Dataset:
    return read_data(data) if is_named(data) else datasets.folder(Path(data), size=SIZE)


def _print(shared: Sequence["SharedPhoto"], sentences: list[str]) -> None:
    if shared:
        table = Table(title="Shared photos")
        for heading in ("training", "test", "how"):
            table.add_column(heading)
        for photo in shared[:SHOWN]:
            table.add_row(photo.train, photo.test, photo.how)
        output().print(table)
        if len(shared) > SHOWN:
            output().print(f"and {len(shared) - SHOWN} more; --json has them all.")
    for sentence in sentences:
        output().print(sentence, markup=False)
