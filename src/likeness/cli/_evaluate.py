"""``likeness evaluate MODEL DATA``."""

from pathlib import Path
from typing import Annotated

import typer

from likeness.cli._arguments import DATA_HELP, read_data
from likeness.cli._terminal import check_evidence, check_json_place, errors, output, write_json
from likeness.model import check_model, load_model
from likeness.training.quiet import load_keras


def evaluate(
    model: Annotated[Path, typer.Argument(help="Folder of a model made by `likeness train`.")],
    data: Annotated[str, typer.Argument(help=DATA_HELP)],
    evidence: Annotated[
        bool, typer.Option("--evidence", help="Put into the JSON what every figure follows from.")
    ] = False,
    json_: Annotated[
        str | None, typer.Option("--json", help="Write the result here; - for standard output.")
    ] = None,
) -> None:
    """Measure a saved model on the people of a data set, and say what it was trained on."""
    check_json_place(json_)
    check_evidence(evidence, json_)
    check_model(model)  # before the photos are read and Keras is loaded
    people = read_data(data)
    people.require(identities=2, items_each=2)
    from likeness.experiments.saved_model import evaluate_model  # late: only here

    with errors().status("Embedding and counting"):
        load_keras()
        document = evaluate_model(load_model(model), people, with_evidence=evidence)
    for note in people.notes:
        errors().print(f"Note: {note}", style="yellow", markup=False)
    if json_ != "-":
        from likeness.reports import print_protocol  # late: only for people

        print_protocol(output(), document)
    write_json(document, json_)
