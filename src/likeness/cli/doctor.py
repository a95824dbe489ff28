"""``likeness doctor PHOTOS --model M``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from likeness import datasets
from likeness.cli.arguments import DATA_HELP, is_named, read_data
from likeness.cli.opening import check_runs, opened
from likeness.cli.terminal import check_json_place, errors, output, reading_bar, write_json
from likeness.datasets import Dataset
from likeness.errors import MissingExtraError, require_extra
from likeness.files import check_writable_folder

if TYPE_CHECKING:
    from likeness.images.check import PhotoCheck
    from likeness.images.faces import FaceFinder

FOUND = 1
"""Exit code where there is something to look at: a script can stop there."""


def doctor(
    photos: Annotated[str, typer.Argument(help=f"The people to enrol: {DATA_HELP}")],
    model: Annotated[
        Path | None,
        typer.Option(help="Folder of a model; without it people are not compared."),
    ] = None,
    faces: Annotated[
        str,
        typer.Option(
            help="What finds faces: haar (OpenCV's own), none, or an ONNX file for "
            "cv2.FaceDetectorYN such as YuNet."
        ),
    ] = "haar",
    json_: Annotated[
        str | None, typer.Option("--json", help="Write the result here; - for standard output.")
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(help="Write doctor.html, a page with the photos, and doctor.json here."),
    ] = None,
) -> None:
    """Check photos before enrolling people.

    It reports bad photos, duplicates, wrong names and look-alikes. With a model it also says whom
    to ask for another photo, in order of what that gains. Exit code 0 if there is nothing to look
    at, 1 if there is something.
    """
    check_json_place(json_)
    _check_report(report)
    if model is not None:
        check_runs(model, runtime="auto", variant="float32")  # before the photos are read
    finder, note = _finder(faces)
    data, checks = _read(photos, finder)
    from likeness.experiments.gallery_doctor import examine_gallery  # late: only here

    with errors().status("Comparing photos and people"):
        compares = None if model is None else opened(model, runtime="auto", variant="float32")
        document = examine_gallery(data, checks, compares)
    if note:
        document["sentences"].append(note)
    _tell(document, data, report, to_terminal=json_ != "-")
    write_json(document, json_)
    if not document["clean"]:
        raise typer.Exit(FOUND)


def _check_report(report: Path | None) -> None:
    """Raise before a long run if the page could not be made."""
    if report is not None:
        require_extra("jinja2")
        check_writable_folder(report, option="--report")


def _finder(word: str) -> tuple["FaceFinder | None", str]:
    """Return what finds faces, or None and why not."""
    from likeness.recogniser.photo_reader import face_finder  # late: only here

    if word == "none":
        return None, ""
    if word != "haar":
        return face_finder(word), ""
    try:
        return face_finder(word), ""
    except MissingExtraError as error:
        return None, str(error)


def _read(photos: str, finder: "FaceFinder | None") -> tuple[Dataset, list["PhotoCheck"]]:
    """Return the photos, and what each is like in its original size."""
    from likeness.images.check import check_photo  # late: only here

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


def _tell(
    document: dict[str, Any], data: Dataset, report: Path | None, *, to_terminal: bool
) -> None:
    from likeness.reports import print_doctor, write_doctor  # late: only for people

    if to_terminal:
        print_doctor(output(), document)
    if report is not None:
        page = write_doctor(document, dict(zip(data.item_names, data.items, strict=True)), report)
        errors().print(f"The report, with photographs: {page}", markup=False, soft_wrap=True)
