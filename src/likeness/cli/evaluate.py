"""``likeness evaluate`` and ``next-photo``: what a saved model achieves on people's photos."""

import time
from pathlib import Path
from typing import Annotated

import typer

from likeness import reports
from likeness.cli import options, terminal
from likeness.cli.arguments import whole_numbers
from likeness.cli.opening import opened, read_data_for
from likeness.datasets.person_labels import read_person_labels
from likeness.errors import OutputError
from likeness.evaluation.fusion import FUSION_HELP, check_fusion
from likeness.evaluation.next_photo import DRAWS
from likeness.experiments.next_photo import next_photo_of_model
from likeness.experiments.saved_model import evaluate_model, model_report
from likeness.files import check_writable_file, check_writable_folder
from likeness.model.opening import chosen_runtime


def evaluate(
    model: options.ModelFolder,
    data: options.Data,
    groups: Annotated[
        Path | None,
        typer.Option(help="CSV file with a column person, and a column for each grouping."),
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="Folder to write a page (report.html) and report.json to.")
    ] = None,
    evidence: options.Evidence = False,
    runtime: options.Runtime = "auto",
    variant: options.Variant = "float32",
    json_: options.Json = None,
) -> None:
    """Measure a saved model on the people of a data set.

    It measures all pairs, one-shot trials, the CMC, and an open set with half of the people never
    enrolled, at the model's threshold. It also says what the model was trained on.
    """
    check_writable_folder(report, option="--report")
    terminal.check_evidence(evidence, json_)
    chosen_runtime(model, runtime=runtime, variant=variant)  # before the photos are read
    people = read_data_for(model, data)
    people.require(identities=2, items_each=2)
    labels = None if groups is None else read_person_labels(groups, people.distinct)
    began = time.perf_counter()
    with terminal.errors().status("Embedding and counting"):
        loaded = opened(model, runtime=runtime, variant=variant)
        section = evaluate_model(loaded, people, labels=labels)
    for text in people.notes:
        terminal.note(f"Note: {text}")
    if json_ != "-":
        reports.print_protocol(terminal.output(), section.result)
    if report is not None:
        seconds = time.perf_counter() - began
        page = reports.write_report(model_report(loaded, people, section, seconds=seconds), report)
        if json_ != "-":
            terminal.say(f"The report: {page}", style="bold")
    terminal.write_json(section.to_json() if evidence else section.result.to_json(), json_)


def next_photo(
    photos: options.UnseenPeople,
    model: options.Model,
    counts: Annotated[
        str | None,
        typer.Option(
            help="Numbers of enrolled photos, such as 1,2,4. Default: those of 1, 2, 3, 5 for "
            "which half of the people have enough photos."
        ),
    ] = None,
    fusion: Annotated[
        str | None,
        typer.Option(
            help=f"Fusion of a person's photos: {FUSION_HELP}. Default: the calibration's, or min."
        ),
    ] = None,
    draws: Annotated[
        int, typer.Option(help="How often the enrolled photos are drawn at random.")
    ] = DRAWS,
    seed: Annotated[int, typer.Option(help="Random seed of the draws.")] = 0,
    runtime: options.Runtime = "auto",
    variant: options.Variant = "float32",
    out: Annotated[Path | None, typer.Option(help="Draw the curve into this SVG file.")] = None,
    json_: options.Json = None,
) -> None:
    """Measure what another photo per person gains.

    It measures on your own photos what a second, third or fifth photo of each person gains. Every
    point is measured on the same probes of the same people. The enrolled photos are drawn at random
    many times.
    """
    numbers = None if counts is None else whole_numbers(counts, "--counts", example="1,2,4")
    if fusion is not None:
        check_fusion(fusion)
    _check_svg_place(out)
    chosen_runtime(model, runtime=runtime, variant=variant)  # before the photos are read
    data = read_data_for(model, photos)
    data.require(identities=2, items_each=2)
    with terminal.errors().status("Embedding and counting"):
        result = next_photo_of_model(
            opened(model, runtime=runtime, variant=variant),
            data,
            fusion=fusion,
            counts=None if numbers is None else sorted(set(numbers)),
            draws=draws,
            seed=seed,
        )
    for text in result.notes:
        terminal.note(f"Note: {text}")
    if out is not None:
        reports.write_next_photo_plot(result, out)
    if json_ != "-":
        curve = result.curve
        terminal.output().print(reports.next_photo_table(result))
        terminal.say(
            f"{curve.probes:,} probes in each of {curve.draws:,} draws (seed "
            f"{curve.seed}), the same for every row; 95 % intervals from drawing the people "
            "again.",
            style="dim",
        )
        terminal.say(*curve.sentences(), *(() if out is None else (f"Wrote {out}",)))
    terminal.write_json(result.to_json(), json_)


def _check_svg_place(out: Path | None) -> None:
    expected = "a file ending in .svg in an existing folder"
    if out is not None and out.suffix.lower() != ".svg":
        raise OutputError(f"--out: expected {expected}. Received: {out}.")
    check_writable_file(out, option="--out", expected=expected)
