"""``likeness evaluate``, ``next-photo`` and ``calibrate``: a saved model on people's photos."""

import time
from pathlib import Path
from typing import Annotated

import typer

from likeness import reports
from likeness.cli import opening, options, terminal
from likeness.datasets.photo_folder import read_person_labels
from likeness.errors import OutputError, SettingError, require_extra
from likeness.evaluation.fusion import FUSION_HELP, check_fusion
from likeness.evaluation.next_photo import DRAWS
from likeness.evaluation.threshold_choice import Purpose
from likeness.experiments.calibrated import calibrate_model, calibrate_on_gallery
from likeness.experiments.saved_model import evaluate_model, model_report, next_photo_of_model
from likeness.files import check_writable_file, check_writable_folder, write_file
from likeness.model.folder import SavedModel
from likeness.model.opening import chosen_runtime
from likeness.recogniser.gallery import GalleryKey, GalleryModel, open_gallery
from likeness.reports.calibration_page import write_calibration


def _evaluate(
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
    terminal.check_outputs(report=report, evidence=evidence, json_=json_)
    require_extra("sklearn")  # for the baselines, before the photos are read
    chosen_runtime(model, runtime=runtime, variant=variant)  # before the photos are read
    people = opening.read_data_for(model, data)
    people.require(identities=2, items_each=2)
    labels = None if groups is None else read_person_labels(groups, people.everybody)
    began = time.perf_counter()
    with terminal.errors().status("Embedding and counting"):
        loaded = opening.opened(model, runtime=runtime, variant=variant)
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
    terminal.finish(section.to_json() if evidence else section.result.to_json(), json_)


def _next_photo(
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
        int, typer.Option(help="Number of random draws of the enrolled photos.")
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
    numbers = None if counts is None else options.whole_numbers(counts, "--counts", example="1,2,4")
    if fusion is not None:
        check_fusion(fusion)
    _check_svg_place(out)
    chosen_runtime(model, runtime=runtime, variant=variant)  # before the photos are read
    data = opening.read_data_for(model, photos)
    data.require(identities=2, items_each=2)
    with terminal.errors().status("Embedding and counting"):
        result = next_photo_of_model(
            opening.opened(model, runtime=runtime, variant=variant),
            data,
            fusion=fusion,
            counts=None if numbers is None else sorted(set(numbers)),
            draws=draws,
            seed=seed,
        )
    for text in result.notes:
        terminal.note(f"Note: {text}")
    if out is not None:
        write_file(out, reports.next_photo_plot(result))
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
    terminal.finish(result.to_json(), json_)


def _check_svg_place(out: Path | None) -> None:
    expected = "a file ending in .svg in an existing folder"
    if out is not None and out.suffix.lower() != ".svg":
        raise OutputError(f"--out: expected {expected}. Received: {out}.")
    check_writable_file(out, option="--out", expected=expected)


def _calibrate(
    model: options.ModelFolder,
    photos: options.OtherPeople = None,
    on_gallery: Annotated[
        str | None,
        typer.Option(
            help="Instead of other people's photos: a gallery, whose own people are compared, "
            "each photo with the others. It extrapolates where they are few."
        ),
    ] = None,
    people: Annotated[
        int | None,
        typer.Option(help="Number of enrolled people. With --on-gallery it is the gallery's."),
    ] = None,
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
        bool,
        options.flag(
            "extrapolate", "Extrapolate by a fitted tail if there are too few comparisons."
        ),
    ] = False,
    prior: Annotated[
        str,
        typer.Option(
            help="Prior probability of the same person. At 50 %, a search in a gallery of G people "
            "takes 1 / G."
        ),
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
    runtime: options.Runtime = "auto",
    variant: options.Variant = "float32",
    dry_run: Annotated[
        bool, options.flag("dry-run", "Print the threshold; do not store it.")
    ] = False,
    key_file: options.KeyFile = None,
    json_: options.Json = None,
) -> None:
    """Choose the model's threshold for a purpose.

    The photos are of people the model was never trained on; a small company without such photos
    can use its own gallery. The threshold is stored in the model. With it go the margin to the
    runner-up, below which an answer is ambiguous, and the map from energies to probabilities.
    """
    if (photos is None) == (on_gallery is None):
        raise SettingError(
            "expected either photos of other people, or --on-gallery. Received: "
            f"{'neither' if photos is None else 'both'}. Example: likeness calibrate faces "
            "--on-gallery staff.db --strangers-accepted 1%."
        )
    if on_gallery is None:
        purpose = _purpose(people, strangers_accepted, far, photos_each=photos_each, fusion=fusion)
    elif strangers_accepted is None or (people, far, photos_each) != (None, None, 1):
        raise SettingError(
            "--on-gallery: expected --strangers-accepted, and neither --people, --far nor "
            "--photos-each, which the gallery tells. Example: --on-gallery staff.db "
            "--strangers-accepted 1%."
        )
    else:
        accepted = _rate(strangers_accepted, "--strangers-accepted")
    prior_rate = _rate(prior, "--prior")
    wrong_rate = None if wrong_names is None else _rate(wrong_names, "--wrong-names")
    terminal.check_outputs(report=report)
    if not dry_run:
        check_writable_folder(model, option="MODEL")  # the threshold is stored there
    require_extra("sklearn")  # for the probabilities, before the photos are read
    loaded = opening.opened(model, runtime=runtime, variant=variant)
    notes: tuple[str, ...] = ()
    if on_gallery is not None:
        with open_gallery(
            on_gallery, model=GalleryModel.of(loaded), key=GalleryKey.read(key_file)
        ) as gallery:
            calibration = calibrate_on_gallery(
                loaded,
                gallery,
                strangers_accepted=accepted,
                fusion=fusion,
                prior=prior_rate,
                wrong_names=wrong_rate,
            )
            enrolled = sorted(gallery.everybody(), key=lambda person: person.id)
        compared = tuple(person.name for person in enrolled)
    else:
        data = opening.read_data_for(model, str(photos))
        data.require(identities=2, items_each=2)
        with terminal.errors().status("Embedding and counting"):
            calibration = calibrate_model(
                loaded,
                data,
                purpose,
                extrapolate=extrapolate,
                prior=prior_rate,
                wrong_names=wrong_rate,
            )
        compared, notes = tuple(data.distinct), tuple(data.notes)
    lines = calibration.sentences()
    document = calibration.to_json()
    if not dry_run:
        SavedModel.read(model).store_calibration(
            threshold=calibration.choice.threshold, calibration=document, variant=variant
        )
        lines.append(f"Stored in {model}.")
    if report is not None and calibration.choice.rejected is None:
        lines.append("No report: it shows how often enrolled people are rejected, too.")
    elif report is not None:
        page = write_calibration(calibration, report, people=compared)
        lines.append(f"The report: {page}")
    for text in notes:
        terminal.note(f"Note: {text}")
    terminal.finish(document, json_, *lines)


def _purpose(
    people: int | None, strangers: str | None, far: str | None, *, photos_each: int, fusion: str
) -> Purpose:
    if (far is None) == (strangers is None) or (far is not None and people is not None):
        raise SettingError(
            "expected either --people and --strangers-accepted (identification), or --far "
            "(verification). Example: --people 500 --strangers-accepted 1%."
        )
    if far is None and people is None:
        raise SettingError("--people: expected the number of enrolled people. Received: nothing.")
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
