"""``likeness evaluate MODEL DATA``."""

import time
from pathlib import Path
from typing import Annotated

import typer

from likeness.cli.arguments import DATA_HELP
from likeness.cli.opening import Runtime, Variant, check_runs, opened, read_data_for
from likeness.cli.terminal import (
    check_evidence,
    check_json_place,
    errors,
    output,
    write_json,
)
from likeness.datasets.person_labels import read_person_labels
from likeness.files import check_writable_folder


def evaluate(
    model: Annotated[Path, typer.Argument(help="Folder of a model.")],
    data: Annotated[str, typer.Argument(help=DATA_HELP)],
    groups: Annotated[
        Path | None,
        typer.Option(help="CSV file with a column person, and a column for each way of grouping."),
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="Folder to write a page (report.html) and report.json to.")
    ] = None,
    evidence: Annotated[
        bool, typer.Option("--evidence", help="Put into the JSON what every figure follows from.")
    ] = False,
    runtime: Runtime = "auto",
    variant: Variant = "float32",
    json_: Annotated[
        str | None, typer.Option("--json", help="Write the result here; - for standard output.")
    ] = None,
) -> None:
    """Measure a saved model on the people of a data set.

    It also says what the model was trained on. All pairs, one-shot trials, the CMC, and an open set
    with half of the people never enrolled, at the model's threshold.
    """
    check_json_place(json_)
    check_writable_folder(report, option="--report")
    check_evidence(evidence, json_)
    check_runs(model, runtime=runtime, variant=variant)  # before the photos are read
    people = read_data_for(model, data)
    people.require(identities=2, items_each=2)
    labels = None if groups is None else read_person_labels(groups, people.distinct)
    from likeness.experiments.saved_model import evaluate_model, model_report  # late: only here

    began = time.perf_counter()
    with errors().status("Embedding and counting"):
        loaded = opened(model, runtime=runtime, variant=variant)
        section = evaluate_model(loaded, people, labels=labels)
    for note in people.notes:
        errors().print(f"Note: {note}", style="yellow", markup=False)
    if json_ != "-":
        from likeness.reports import print_protocol  # late: only for people

        print_protocol(output(), section.result)
    if report is not None:
        from likeness.reports import write_report  # late: brings Jinja

        seconds = time.perf_counter() - began
        page = write_report(model_report(loaded, people, section, seconds=seconds), report)
        if json_ != "-":
            output().print(f"The report: {page}", soft_wrap=True, highlight=False, style="bold")
    write_json(section.to_json() if evidence else section.result.to_json(), json_)
