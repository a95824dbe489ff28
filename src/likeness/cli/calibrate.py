"""``likeness calibrate MODEL PHOTOS --people 500 --strangers-accepted 1%``."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from likeness.cli.arguments import DATA_HELP
from likeness.cli.opening import Runtime, Variant, check_runs, opened, read_data_for
from likeness.cli.terminal import check_json_place, errors, output, write_json
from likeness.errors import SettingError
from likeness.evaluation.calibration import Purpose
from likeness.evaluation.fusion import FUSION_HELP
from likeness.files import check_writable_folder
from likeness.model.folder import store_calibration

if TYPE_CHECKING:
    from likeness.experiments.calibrated import CalibrationEvidence


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
    fusion: Annotated[
        str, typer.Option(help=f"Of a person's photos: {FUSION_HELP}, or auto: by measured error.")
    ] = "min",
    extrapolate: Annotated[
        bool,
        typer.Option("--extrapolate", help="Fit a tail where the comparisons are too few."),
    ] = False,
    prior: Annotated[
        str, typer.Option(help="Of probabilities: how likely one person is beforehand.")
    ] = "50%",
    wrong_names: Annotated[
        str | None,
        typer.Option(
            help="Share of enrolled people's photos given a wrong name; it sets the margin to "
            "the runner-up. As many as strangers accepted, if not given."
        ),
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="Folder for a page with plots and every comparison.")
    ] = None,
    runtime: Runtime = "auto",
    variant: Variant = "float32",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say it, but leave the model as it is.")
    ] = False,
    json_: Annotated[
        str | None, typer.Option("--json", help="Write the result here; - for standard output.")
    ] = None,
) -> None:
    """Choose the model's threshold for a purpose.

    The photos are of people the model was never trained on. The threshold is stored in the model.
    With it go the margin to the runner-up, below which an answer is ambiguous, and the map from
    energies to probabilities.
    """
    purpose = _purpose(people, strangers_accepted, far, photos_each=photos_each, fusion=fusion)
    settings: dict[str, Any] = {
        "prior": _rate(prior, "--prior"),
        "wrong_names": None if wrong_names is None else _rate(wrong_names, "--wrong-names"),
    }
    check_json_place(json_)
    check_writable_folder(report, option="--report")
    check_runs(model, runtime=runtime, variant=variant)  # before the photos are read
    data = read_data_for(model, photos)
    data.require(identities=2, items_each=2)
    from likeness.experiments.calibrated import calibration_evidence  # late: only here

    with errors().status("Embedding and counting"):
        evidence = calibration_evidence(
            opened(model, runtime=runtime, variant=variant),
            data,
            purpose,
            extrapolate=extrapolate,
            **settings,
        )
    found = evidence.calibration
    page = None if report is None else _report(evidence, data.distinct, report)
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
        if page is not None:
            output().print(f"The report: {page}", soft_wrap=True, markup=False)
    write_json(found.as_dict(), json_)


def _report(evidence: "CalibrationEvidence", people: Sequence[str], folder: Path) -> Path:
    from likeness.reports.calibration_page import write_calibration  # late: only if asked for

    return write_calibration(
        evidence.calibration,
        comparisons=evidence.comparisons,
        fitted=evidence.fitted,
        people=people,
        folder=folder,
    )


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
