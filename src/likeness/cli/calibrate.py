"""``likeness calibrate MODEL PHOTOS --people 500 --strangers-accepted 1%``."""

from pathlib import Path
from typing import Annotated

import typer

from likeness.cli.opening import opened, read_data_for
from likeness.cli.options import Json, ModelFolder, Runtime, UnseenPeople, Variant, flag
from likeness.cli.terminal import errors, finish, note
from likeness.errors import SettingError
from likeness.evaluation.fusion import FUSION_HELP
from likeness.evaluation.threshold_choice import Purpose
from likeness.experiments.calibrated import calibration_evidence
from likeness.files import check_writable_folder
from likeness.model.folder import store_calibration
from likeness.model.opening import chosen_runtime
from likeness.reports.calibration_page import write_calibration


def calibrate(
    model: ModelFolder,
    photos: UnseenPeople,
    people: Annotated[int | None, typer.Option(help="How many people are enrolled.")] = None,
    strangers_accepted: Annotated[
        str | None,
        typer.Option(help="Share of strangers identified as somebody, such as 1% or 0.01."),
    ] = None,
    far: Annotated[
        str | None,
        typer.Option(help="For one-to-one: the false acceptance rate, such as 1e-4."),
    ] = None,
    photos_each: Annotated[int, typer.Option(help="Enrolled photos of each person.")] = 1,
    fusion: Annotated[
        str,
        typer.Option(
            help=f"Fusion of a person's photos: {FUSION_HELP}; or auto, the one with the smallest "
            "error."
        ),
    ] = "min",
    extrapolate: Annotated[
        bool, flag("extrapolate", "Fit a tail if there are too few comparisons.")
    ] = False,
    prior: Annotated[
        str,
        typer.Option(help="Probability, before looking, that it is the same person."),
    ] = "50%",
    wrong_names: Annotated[
        str | None,
        typer.Option(
            help="Share of enrolled people's photos given a wrong name; it sets the margin to "
            "the runner-up. Default: the share of strangers accepted."
        ),
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="Folder for a page with plots and every comparison.")
    ] = None,
    runtime: Runtime = "auto",
    variant: Variant = "float32",
    dry_run: Annotated[bool, flag("dry-run", "Print the threshold; do not store it.")] = False,
    json_: Json = None,
) -> None:
    """Choose the model's threshold for a purpose.

    The photos are of people the model was never trained on. The threshold is stored in the model.
    With it go the margin to the runner-up, below which an answer is ambiguous, and the map from
    energies to probabilities.
    """
    purpose = _purpose(people, strangers_accepted, far, photos_each=photos_each, fusion=fusion)
    prior_rate = _rate(prior, "--prior")
    wrong_rate = None if wrong_names is None else _rate(wrong_names, "--wrong-names")
    check_writable_folder(report, option="--report")
    chosen_runtime(model, runtime=runtime, variant=variant)  # before the photos are read
    data = read_data_for(model, photos)
    data.require(identities=2, items_each=2)
    with errors().status("Embedding and counting"):
        evidence = calibration_evidence(
            opened(model, runtime=runtime, variant=variant),
            data,
            purpose,
            extrapolate=extrapolate,
            prior=prior_rate,
            wrong_names=wrong_rate,
        )
    calibration = evidence.calibration
    lines = list(calibration.sentences())
    document = calibration.as_dict()
    if not dry_run:
        store_calibration(
            model, threshold=calibration.threshold, calibration=document, variant=variant
        )
        lines.append(f"Stored in {model}.")
    if report is not None:
        page = write_calibration(
            calibration,
            comparisons=evidence.comparisons,
            fitted=evidence.fitted,
            people=data.distinct,
            folder=report,
        )
        lines.append(f"The report: {page}")
    for text in data.notes:
        note(f"Note: {text}")
    finish(document, json_, *lines)


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
