"""``likeness evaluate MODEL DATA``."""

from pathlib import Path
from typing import Annotated

import typer

from likeness.cli._arguments import DATA_HELP, read_data
from likeness.cli._opening import Runtime, Variant, check_runs, opened
from likeness.cli._terminal import check_json_place, errors, output, write_json


def evaluate(
    model: Annotated[Path, typer.Argument(help="Folder of a model.")],
    data: Annotated[str, typer.Argument(help=DATA_HELP)],
    runtime: Runtime = "auto",
    variant: Variant = "float32",
    json_: Annotated[
        str | None, typer.Option("--json", help="Write the result here; - for standard output.")
    ] = None,
) -> None:
    """Measure a saved model on the people of a data set, and say what it was trained on."""
    check_json_place(json_)
    check_runs(model, runtime=runtime, variant=variant)  # before the photos are read
    people = read_data(data)
    people.require(identities=2, items_each=2)
    from likeness.experiments.saved_model import evaluate_model  # late: only here

    with errors().status("Embedding and counting"):
        document = evaluate_model(opened(model, runtime=runtime, variant=variant), people)
    for note in people.notes:
        errors().print(f"Note: {note}", style="yellow", markup=False)
    if json_ != "-":
        from likeness.reports import print_protocol  # late: only for people

        print_protocol(output(), document)
    write_json(document, json_)
