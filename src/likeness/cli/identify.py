"""``likeness identify``, ``verify`` and ``compare``: who is it, and is it the same person?"""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from likeness.arrays import Images, check_in_range
from likeness.cli import opening, options, terminal
from likeness.datasets import OnProgress
from likeness.errors import DataError, SettingError
from likeness.images.decode import decode_file, read_photo
from likeness.model.opening import open_model
from likeness.model.protocol import Model as LoadedModel
from likeness.model.shipped import shipped_model
from likeness.recogniser.decision import compare as compare_images
from likeness.recogniser.photo_reader import PhotoReader
from likeness.recogniser.recogniser import Identified, Recogniser


def _identify(
    photos: Annotated[list[Path], typer.Argument(help="Photos of the people to identify.")],
    gallery: options.Gallery,
    model: options.Model,
    top_k: options.TopK = 5,
    all_faces: Annotated[
        bool, options.flag("all-faces", "Identify each face of a group photo.")
    ] = False,
    faces: options.Faces = "none",
    cut_faces: options.CutFaces = False,
    key_file: options.KeyFile = None,
    json_: options.Json = None,
) -> None:
    """Identify the people in photos: known, unknown or ambiguous.

    Exit code 0 if everybody is known, 1 if somebody is unknown or ambiguous, 2 if a photo could not
    be used (the others are answered). With --all-faces the detector is haar unless --faces names
    another.
    """
    check_in_range(top_k, 1, 1000, argument="--top-k", whole=True)
    if all_faces and faces == "none":
        faces = "haar"
    answered: list[tuple[Path, Identified]] = []
    refused: list[str] = []
    model_reader = opening.model_and_reader(model, faces=faces, cut=cut_faces)
    with (
        opening.recogniser(gallery, model_reader, key_file=key_file) as opened,
        _bar(json_) as tell,
    ):
        # Check the threshold and the capture settings before reading photos.
        _ = opened.decider
        opened.check_capture(all_faces=all_faces)
        for number, file in enumerate(photos, 1):
            try:
                people = _people(opened, file, every=all_faces, nearest=top_k)
            except DataError as error:
                refused.append(f"{file}: {error}")
                terminal.note(f"likeness: {error}", style="red")
                continue
            finally:
                tell(number, len(photos))
            for person in people:
                answered.append((file, person))
                if json_ != "-":
                    _tell(file, person, several=len(photos) > 1 or all_faces)
    answers = [
        {
            "photo": str(file),
            "box": person.box,
            **asdict(person.answer),
            "photo_warnings": person.warnings,
        }
        for file, person in answered
    ]
    terminal.finish({"format": "likeness.answers/1", "answers": answers, "refused": refused}, json_)
    if refused:
        raise typer.Exit(opening.COULD_NOT_TRY)
    if any(person.answer.status != "known" for _, person in answered):
        raise typer.Exit(opening.NOT_RECOGNISED)


def _people(opened: Recogniser, file: Path, *, every: bool, nearest: int) -> list[Identified]:
    photo = read_photo(file)
    if every:
        return opened.identify_all(photo, file=str(file), nearest=nearest)
    face = opened.reader.read_face(photo, name=str(file))
    return opened.identify_faces([face], nearest=nearest)


def _bar(json_: str | None) -> AbstractContextManager[OnProgress]:
    """Return a progress bar; on a terminal the answers themselves show the progress."""
    if json_ != "-" and terminal.output().is_terminal:
        return nullcontext(lambda _done, _total: None)
    return terminal.reading_bar("Identifying")


def _tell(file: Path, person: Identified, *, several: bool) -> None:
    answer, where = person.answer, str(file)
    if person.box:
        top, left, bottom, right = person.box
        where += f", face at row {top}, column {left}, {right - left}×{bottom - top} pixels"
    lines = [where] if several else []
    lines += [answer.name or answer.status, answer.reason]
    for rank, neighbour in enumerate(answer.nearest, 1):
        probability = neighbour.probability
        likely = "" if probability is None else f"  probability {probability:.1%}"
        lines.append(f"  {rank}. {neighbour.name}  energy {neighbour.energy:.4g}{likely}")
    terminal.say(*lines)
    for text in (*person.warnings, *answer.warnings):
        terminal.note(f"Warning: {text}")


def _verify(
    name: Annotated[str, typer.Argument(help="The claimed person.")],
    photo: Annotated[Path, typer.Argument(help="The photo.")],
    gallery: options.Gallery,
    model: options.Model,
    faces: options.Faces = "none",
    cut_faces: options.CutFaces = False,
    key_file: options.KeyFile = None,
    json_: options.Json = None,
) -> None:
    """Verify that a photo shows a person.

    Exit code 0 if accepted, 1 if rejected, 2 if it could not be tried.
    """
    model_reader = opening.model_and_reader(model, faces=faces, cut=cut_faces)
    with opening.recogniser(gallery, model_reader, key_file=key_file) as opened:
        answer = opened.verify(name, read_photo(photo), file=str(photo))
    likely = "" if answer.probability is None else f", probability {answer.probability:.1%}"
    terminal.finish(
        answer.as_dict(),
        json_,
        f"{'accepted' if answer.accepted else 'rejected'}: energy {answer.energy:.4g} to {name}, "
        f"threshold {answer.threshold:.4g}{likely}.",
    )
    for text in answer.warnings:
        terminal.note(f"Warning: {text}")
    if not answer.accepted:
        raise typer.Exit(opening.NOT_RECOGNISED)


def _compare(
    left: Annotated[Path, typer.Argument(metavar="A", help="A photo, a signature or a drawing.")],
    right: Annotated[Path, typer.Argument(metavar="B", help="The second file.")],
    model: options.OptionalModel = None,
    task: opening.Task = None,
    prior: Annotated[
        float | None,
        typer.Option(
            help="Prior probability that both are the same: 0…1. Default: the calibration's."
        ),
    ] = None,
    json_: options.Json = None,
) -> None:
    """Compare two files: same person or writer?

    The model's own preparation reads the files: a model for signatures crops them to their ink, an
    imported one for faces finds the eyes if it needs them. Either --model or --task names the
    model. Exit code 0 if the same, 1 if different, 2 if it could not be tried.
    """
    if prior is not None and not 0 < prior < 1:
        raise SettingError(f"--prior: expected a number above 0 and below 1. Received: {prior:g}.")
    folder = opening.folder_of(model, task)
    loaded = open_model(folder) if task is None else shipped_model(task)
    answer = compare_images(loaded, _pixels(left, loaded), _pixels(right, loaded), prior=prior)
    likely = (
        ""
        if answer.probability is None
        else f", probability {answer.probability:.1%} at a prior of {answer.prior:.0%}"
    )
    named = {} if task is None else {"task": task}
    terminal.finish(
        {"left": str(left), "right": str(right), **named, **answer.as_dict()},
        json_,
        f"{'same' if answer.same else 'different'}: energy {answer.energy:.4g}, threshold "
        f"{answer.threshold:.4g}{likely}.",
    )
    for text in answer.warnings:
        terminal.note(f"Warning: {text}")
    if not answer.same:
        raise typer.Exit(opening.NOT_RECOGNISED)


def _pixels(file: Path, model: LoadedModel) -> Images:
    """Return a file's pixels, as the model reads them."""
    from likeness.model.alignment import alignment_of

    if alignment_of(model) is None:
        return decode_file(file)
    reader = PhotoReader.for_model(model, faces="none", cut=False)
    return reader.read_face(read_photo(file), name=str(file)).pixels
