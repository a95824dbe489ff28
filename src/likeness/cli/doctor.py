"""``likeness doctor PHOTOS --model M``."""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray

from likeness import datasets
from likeness.cli.arguments import is_named, read_data
from likeness.cli.opening import opened
from likeness.cli.options import DATA_HELP, Json
from likeness.cli.terminal import errors, note, output, reading_bar, write_json
from likeness.datasets import Dataset
from likeness.errors import MissingExtraError, require_extra
from likeness.experiments.gallery_doctor import examine_gallery
from likeness.files import check_writable_folder
from likeness.images.check import PhotoCheck, check_photo
from likeness.images.faces import FaceFinder
from likeness.model.opening import chosen_runtime
from likeness.recogniser.photo_reader import face_finder
from likeness.reports import print_doctor, write_doctor

FINDINGS = 1
"""Exit code where there are findings: a script can stop there."""


def doctor(
    photos: Annotated[str, typer.Argument(help=f"The people to enrol: {DATA_HELP}")],
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
    json_: Json = None,
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
    check_writable_folder(report, option="--report")
    if report is not None:
        require_extra("jinja2")
    if model is not None:
        chosen_runtime(model, runtime="auto", variant="float32")  # before the photos are read
    finder, reason = _finder(faces)
    data, checks = _read(photos, finder)
    with errors().status("Comparing photos and people"):
        loaded = None if model is None else opened(model, runtime="auto", variant="float32")
        document = examine_gallery(data, checks, loaded)
    if reason:
        document["sentences"].append(reason)
    if json_ != "-":
        print_doctor(output(), document)
    if report is not None:
        page = write_doctor(document, dict(zip(data.item_names, data.items, strict=True)), report)
        note(f"The report, with photographs: {page}", style="none")
    write_json(document, json_)
    if not document["clean"]:
        raise typer.Exit(FINDINGS)


def _finder(word: str) -> tuple[FaceFinder | None, str]:
    """Return the face detector, or None and the reason why there is none."""
    if word == "none":
        return None, ""
    if word != "haar":
        return face_finder(word), ""
    try:
        return face_finder(word), ""
    except MissingExtraError as error:
        return None, str(error)


def _read(photos: str, finder: FaceFinder | None) -> tuple[Dataset, list[PhotoCheck]]:
    """Return the photos, and what each is like in its original size."""
    checks: list[PhotoCheck] = []

    def look(_: str, photo: NDArray[np.uint8]) -> None:
        checks.append(check_photo(photo, finder=finder))

    with reading_bar(photos) as tell:
        if not is_named(photos):
            return datasets.folder(Path(photos), on_progress=tell, on_photo=look), checks
        data = read_data(photos)
        for done, (name, photo) in enumerate(zip(data.item_names, data.items, strict=True), 1):
            look(name, photo)
            tell(done, len(data))
    return data, checks
