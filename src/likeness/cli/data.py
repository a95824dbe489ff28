"""``likeness data ...``, ``audit`` and ``doctor``: get data sets, and check them."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from likeness import datasets
from likeness.cli import opening, options, terminal
from likeness.datasets import Dataset
from likeness.errors import MissingExtraError
from likeness.evaluation.leaks import audit as compare
from likeness.experiments.saved_model import examine_gallery
from likeness.images.faces import FaceFinder
from likeness.images.quality import PhotoCheck
from likeness.model.opening import chosen_runtime
from likeness.recogniser.photo_reader import PhotoReader, face_finder
from likeness.reports import print_doctor, write_doctor

SIZE = (112, 92)
"""Folders are read at one size, so that a photo and its resized copy are cropped alike."""

SHOWN = 20
LEAKED = 1
"""Exit code if something is shared, for scripts."""


def _att(path: options.DataPath = None, offline: options.Offline = False) -> None:
    """Find or download the AT&T faces, and check every photo.

    Looks at PATH or LIKENESS_DATA, then the cache, then downloads.
    """
    with terminal.reading_bar("AT&T faces") as tell:
        data = datasets.att(path, download=not offline, on_progress=tell)
    describe(data)
    terminal.say("Every photo was verified (SHA-256 per person).")


def _folder(
    path: Annotated[Path, typer.Argument(help="One sub-folder of photos per person.")],
    strict: Annotated[
        bool, options.flag("strict", "Fail on a broken file, instead of listing it.")
    ] = False,
) -> None:
    """Read a folder of photos, and summarise it.

    The folder holds one sub-folder of photos per person.
    """
    with terminal.reading_bar(str(path)) as tell:
        data = datasets.folder(path, strict=strict, on_progress=tell)
    describe(data)


def _faces(
    photos: Annotated[Path, typer.Argument(help="One sub-folder of photos per person.")],
    out: Annotated[Path, typer.Argument(help="The new folder; must not exist, or be empty.")],
    finder: Annotated[
        str,
        typer.Option(
            "--faces", help="Face detector: haar (OpenCV's), or an ONNX file such as YuNet."
        ),
    ] = "haar",
    json_: options.Json = None,
) -> None:
    """Cut the face out of each photo, into a new folder.

    The face is cut out as --cut-faces does, so that a model can be trained on it. Photos without
    exactly one face of sufficient size are named and left out. The new folder is written completely
    or not at all. Exit code 2 if no face was found.
    """
    with terminal.reading_bar("Cutting faces out") as tell:
        reader = PhotoReader(finder=face_finder(finder), cut=True)
        written = reader.write_faces(photos, out, on_progress=tell)
    for text in written.left_out:
        terminal.note(f"Warning: left out: {text}")
    terminal.finish(
        {"format": "likeness.face-photos/1", **vars(written)},
        json_,
        f"Wrote the faces of {written.photos:,} photos of {written.people:,} people to {out}; "
        f"{len(written.left_out):,} photos left out.",
    )


def describe(data: Dataset, *, items: str = "photos", identities: str = "people") -> None:
    """Print a summary of a data set."""
    counts = [data.identities.count(identity) for identity in data.distinct]
    rows, columns = data.items.shape[1:3]
    terminal.say(
        f"{data.name}: {len(data)} {items} of {len(data.distinct)} {identities}, "
        f"{min(counts)} to {max(counts)} each, {columns}×{rows} pixels.",
        f"Terms: {data.licence}",
    )
    for text in data.notes:
        terminal.note(f"Note: {text}")


def _audit(
    train: Annotated[str, typer.Argument(help=f"The training data: {options.DATA_HELP}")],
    test: Annotated[str, typer.Argument(help="The test data, in the same form.")],
    json_: options.Json = None,
) -> None:
    """List the people and photos that two data sets share.

    Photos are also found resized or mirrored; pairs are compared as well. Exit code 0 if nothing is
    shared, 1 if something is.
    """
    first, second = _read_alike(train), _read_alike(test)
    with terminal.errors().status("Comparing photos"):
        leaks = compare(first, second)
    for data in (first, second):
        for text in data.notes:
            terminal.note(f"Note: {data.name}: {text}")
    if json_ != "-":
        if leaks.photos:
            table = Table("training", "test", "how", title="Shared photos")
            for photo in leaks.photos[:SHOWN]:
                table.add_row(photo.train, photo.test, photo.how)
            terminal.output().print(table)
        if len(leaks.photos) > SHOWN:
            terminal.say(f"and {len(leaks.photos) - SHOWN} more; --json lists all.")
        terminal.say(*leaks.sentences())
    terminal.finish(leaks.to_json(), json_)
    if not leaks.clean:
        raise typer.Exit(LEAKED)


def _read_alike(data: str) -> Dataset:
    return (
        options.read_data(data)
        if options.is_named(data)
        else datasets.folder(Path(data), size=SIZE)
    )


FINDINGS = 1
"""Exit code if there are findings, for scripts."""


def _doctor(
    photos: Annotated[str, typer.Argument(help=f"The people to enrol: {options.DATA_HELP}")],
    model: Annotated[
        Path | None,
        typer.Option(help="Folder of a model; without it people are not compared."),
    ] = None,
    faces: Annotated[
        str,
        typer.Option(
            help="Face detector: haar (OpenCV's), none, or an ONNX file for cv2.FaceDetectorYN "
            "such as YuNet."
        ),
    ] = "haar",
    json_: options.Json = None,
    report: Annotated[
        Path | None,
        typer.Option(
            help="Folder to write doctor.html, a page with the photos, and doctor.json to."
        ),
    ] = None,
) -> None:
    """Check photos before enrolling people.

    It reports bad photos, duplicates, wrong names and look-alikes. With a model it also says whom
    to ask for another photo, in order of what that gains. Exit code 0 if there are no
    findings, 1 if there are some.
    """
    terminal.check_outputs(report=report)
    if model is not None:
        chosen_runtime(model, runtime="auto", variant="float32")  # before the photos are read
    finder, reason = _finder(faces)
    data, checks = _read(photos, finder, model)
    with terminal.errors().status("Comparing photos and people"):
        loaded = None if model is None else opening.opened(model, runtime="auto", variant="float32")
        diagnosis = examine_gallery(data, checks, loaded)
    diagnosis = replace(diagnosis, remarks=(reason,) if reason else ())
    if json_ != "-":
        print_doctor(terminal.output(), diagnosis)
    if report is not None:
        pictures = dict(zip(data.item_names, data.items, strict=True))
        page = write_doctor(diagnosis, report, photos=pictures)
        terminal.note(f"The report, with photographs: {page}", style="none")
    terminal.finish(diagnosis.to_json(), json_)
    if not diagnosis.clean:
        raise typer.Exit(FINDINGS)


def _finder(word: str) -> tuple[FaceFinder | None, str]:
    """Return the face detector; or None, and the reason."""
    if word == "none":
        return None, ""
    if word != "haar":
        return face_finder(word), ""
    try:
        return face_finder(word), ""
    except MissingExtraError as error:
        return None, str(error)


def _read(
    photos: str, finder: FaceFinder | None, model: Path | None
) -> tuple[Dataset, list[PhotoCheck]]:
    """Return the photos as the model reads them, and the quality of each in its original size."""
    checks: list[PhotoCheck] = []
    with terminal.reading_bar(photos) as tell:
        told: dict[str, Any] = {} if options.is_named(photos) else {"on_progress": tell}
        if told:
            told["on_photo"] = lambda _, photo: checks.append(PhotoCheck.of(photo, finder=finder))
        data = (
            options.read_data(photos, **told)
            if model is None
            else opening.read_data_for(model, photos, **told)
        )
        if not told:
            originals = options.read_data(photos)
            photo_of = dict(zip(originals.item_names, originals.items, strict=True))
            for done, name in enumerate(data.item_names, 1):
                checks.append(PhotoCheck.of(photo_of[name], finder=finder))
                tell(done, len(data))
    return data, checks
