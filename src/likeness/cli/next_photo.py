"""``likeness next-photo PHOTOS --model MODEL``."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from likeness.cli.arguments import DATA_HELP, whole_numbers
from likeness.cli.opening import Runtime, Variant, check_runs, opened, read_data_for
from likeness.cli.terminal import check_json_place, errors, output, write_json
from likeness.errors import OutputError
from likeness.evaluation.fusion import FUSION_HELP, check_fusion
from likeness.evaluation.next_photo import DRAWS
from likeness.files import check_writable_file


def next_photo(
    photos: Annotated[str, typer.Argument(help=f"People it was not trained on: {DATA_HELP}")],
    model: Annotated[Path, typer.Option(help="Folder of a model made by `likeness train`.")],
    counts: Annotated[
        str | None,
        typer.Option(
            help="Numbers of enrolled photos, such as 1,2,4; if not given, those of 1, 2, 3, 5 "
            "for which half of the people have enough."
        ),
    ] = None,
    fusion: Annotated[
        str | None,
        typer.Option(
            help=f"Of a person's photos: {FUSION_HELP}; if not given, what the model was "
            "calibrated for, or min."
        ),
    ] = None,
    draws: Annotated[int, typer.Option(help="How often the enrolled photos are drawn.")] = DRAWS,
    seed: Annotated[int, typer.Option(help="Of the draws.")] = 0,
    runtime: Runtime = "auto",
    variant: Variant = "float32",
    out: Annotated[Path | None, typer.Option(help="Draw the curve into this SVG file.")] = None,
    json_: Annotated[
        str | None, typer.Option("--json", help="Write the result here; - for standard output.")
    ] = None,
) -> None:
    """Measure what another photo per person gains.

    It measures on your own photos what a second, third or fifth photo of each person gains. Every
    point is measured on the same probes of the same people. All enrolled photos are drawn anew many
    times.
    """
    asked = None if counts is None else whole_numbers(counts, "--counts", example="1,2,4")
    if fusion is not None:
        check_fusion(fusion)
    check_json_place(json_)
    _check_out(out)
    check_runs(model, runtime=runtime, variant=variant)  # before the photos are read
    data = read_data_for(model, photos)
    data.require(identities=2, items_each=2)
    from likeness.experiments.next_photo import next_photo_of_model  # late: only here

    with errors().status("Embedding and counting"):
        document = next_photo_of_model(
            opened(model, runtime=runtime, variant=variant),
            data,
            fusion=fusion,
            counts=None if asked is None else sorted(set(asked)),
            draws=draws,
            seed=seed,
        )
    for note in document["notes"]:
        errors().print(f"Note: {note}", style="yellow", markup=False)
    if out is not None:
        _draw(document, out)
    if json_ != "-":
        _print(document, out)
    write_json(document, json_)


def _check_out(out: Path | None) -> None:
    if out is None:
        return
    expected = "a file ending in .svg in an existing folder"
    if out.suffix.lower() != ".svg":
        raise OutputError(f"--out: expected {expected}. Received: {out}.")
    check_writable_file(out, option="--out", expected=expected)


def _draw(document: Mapping[str, Any], out: Path) -> None:
    from likeness.reports import write_next_photo_plot  # late: only to draw

    write_next_photo_plot(document, out)


def _print(document: Mapping[str, Any], out: Path | None) -> None:
    from likeness.reports import next_photo_table  # late: only for people

    output().print(next_photo_table(document))
    output().print(
        f"{document['probes']:,} probes in each of {document['draws']:,} draws (seed "
        f"{document['seed']}), the same for every row; 95 % intervals from drawing the people "
        "again.",
        style="dim",
    )
    for sentence in document["sentences"]:
        output().print(sentence, markup=False)
    if out is not None:
        output().print(f"Wrote {out}", soft_wrap=True, highlight=False)
