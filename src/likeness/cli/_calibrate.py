"""``likeness calibrate MODEL PHOTOS --people 500 --strangers-accepted 1%``."""

from pathlib import Path
from typing import Annotated

import typer

from likeness.cli._arguments import DATA_HELP, read_data
from likeness.cli._opening import Runtime, Variant, check_runs, opened
from likeness.cli._terminal import check_json_place, errors, output, write_json
from likeness.errors import SettingError
from likeness.evaluation.calibration import Purpose
from likeness.model import store_calibration


def calibrate(
    model: Annotated[Path, typer.Argument(help="Folder of a model.")],
    photos: Annotated[str, typer.Argument(help=f"People it was not trained on: {DATA_HELP}")],
    people: Annotated[int | None, typer.Option(help="How many people are enrolled.")] = None,
    strangers_accepted: Annotated[
        str | None,
        typer.Option(help="Share of strangers taken for somebody, such as 1% or 0.01."),
    ] = None,
    far: Annotated[
        str | None, typer.Option(help="For one-to-one: the false acceptance rate, such as 1e-4.")
    ] = None,
    photos_each: Annotated[int, typer.Option(help="Enrolled photos of each person.")] = 1,
    fusion: Annotated[str, typer.Option(help="Of a person's photos: min or mean.")] = "min",
    extrapolate: Annotated[
        bool,
        typer.Option("--extrapolate", help="Fit a tail where the comparisons are too few."),
    ] = False,
    runtime: Runtime = "auto",
    variant: Variant = "float32",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say it, but leave the model as it is.")
    ] = False,
    json_: Annotated[
        str | None, typer.Option("--json", help="Write the result here; - for standard output.")
    ] = None,
) -> None:
    """Find the threshold for a purpose on people never trained on, and store it in the model."""
    purpose = _purpose(people, strangers_accepted, far, photos_each=photos_each, fusion=fusion)
    check_json_place(json_)
    check_runs(model, runtime=runtime, variant=variant)  # before the photos are read
    data = read_data(photos)
    data.require(identities=2, items_each=2)
    from likeness.experiments.calibrated import calibrate_model  # late: only here

    with errors().status("Embedding and counting"):
        face_model = opened(model, runtime=runtime, variant=variant)
        found = calibrate_model(face_model, data, purpose, extrapolate=extrapolate)
    if not dry_run:
        store_calibration(
            model, threshold=found.threshold, calibration=found.as_dict(), variant=variant
        )
    for note in data.notes:
        errors().print(f"Note: {note}", style="yellow", markup=False)
    if json_ != "-":
        for sentence in found.sentences():
            output().print(sentence, markup=False)
        if not dry_run:
            output().print(f"Stored in {model}.", markup=False)
    write_json(found.as_dict(), json_)


def _purpose(
    people: int | None, strangers: str | None, far: str | None, *, photos_each: int, fusion: str
) -> Purpose:
    if (far is None) == (strangers is None) or (far is not None and people is not None):
        raise SettingError(
            "expected either --people and --strangers-accepted (who is it?), or --far (is it "
            "the one they say?). Example: --people 500 --strangers-accepted 1%."
        )
    if far is None and people is None:
        raise SettingError("--people: expected how many people are enrolled. Received: nothing.")
    word, option = (strangers, "--strangers-accepted") if far is None else (far, "--far")
    return Purpose(
        people=people or 1,
        strangers_accepted=_rate(str(word), option),
        photos_each=photos_each,
        fusion=fusion,
    )


def _rate(word: str, option: str) -> float:
    """Read «1%», «1 %» or «0.01»."""
    number, sign, rest = word.strip().partition("%")
    try:
        rate = float(number) / (100 if sign else 1)
    except ValueError:
        rate = float("nan")
    if rest or not 0 < rate < 1:
        raise SettingError(
            f"{option}: expected a rate such as 1% or 0.01, above 0 and below 1. "
            f"Received: {word!r}."
        )
    return rate
