"""``likeness identify`` and ``likeness verify``: who is it, and is it who they say?"""

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from likeness.arrays import check_in_range
from likeness.cli.recognising import (
    COULD_NOT_TRY,
    NOT_RECOGNISED,
    CutFaces,
    Faces,
    Json,
    KeyFile,
    Model,
    Where,
    model_and_reader,
    photo_bytes,
    recogniser,
    warn,
)
from likeness.cli.terminal import check_json_place, errors, output, reading_bar, write_json
from likeness.datasets import OnProgress
from likeness.errors import DataError

if TYPE_CHECKING:
    from likeness.recogniser.recogniser import Identified, Recogniser


def identify(
    photos: Annotated[list[Path], typer.Argument(help="Photos of somebody.")],
    gallery: Where,
    model: Model,
    top_k: Annotated[int, typer.Option(help="How many of the nearest people to list.")] = 5,
    all_faces: Annotated[
        bool,
        typer.Option("--all-faces", help="Cut out and answer for each face of a group photo."),
    ] = False,
    faces: Faces = "none",
    cut_faces: CutFaces = False,
    key_file: KeyFile = None,
    json_: Json = None,
) -> None:
    """Say who is in a photo: known, unknown or ambiguous.

    Exit code 0 if everybody is known, 1 if somebody is unknown or ambiguous, 2 if a photo could not
    be used (the others are answered). With --all-faces, OpenCV's faces are looked for unless
    --faces names another finder.
    """
    check_json_place(json_)
    check_in_range(top_k, 1, 1000, argument="--top-k", whole=True)
    if all_faces and faces == "none":
        faces = "haar"
    found: list[dict[str, Any]] = []
    refused: list[str] = []
    model_reader = model_and_reader(model, faces=faces, cut=cut_faces)
    with recogniser(gallery, model_reader, key_file=key_file) as opened, _bar(json_) as tell:
        # A model without a threshold, or other capture settings, is said before any photo is.
        _ = opened.decider
        opened.check_capture(all_faces=all_faces)
        for number, file in enumerate(photos, 1):
            try:
                people = _people(opened, file, every=all_faces, nearest=top_k)
            except DataError as error:
                refused.append(f"{file}: {error}")
                errors().print(f"likeness: {error}", style="red", markup=False, soft_wrap=True)
                continue
            finally:
                tell(number, len(photos))
            for person in people:
                document = {
                    "photo": str(file),
                    "box": person.box,
                    **person.answer.as_dict(),
                    "photo_warnings": person.warnings,
                }
                found.append(document)
                if json_ != "-":
                    _say(document, several=len(photos) > 1 or all_faces)
    write_json({"format": "likeness.answers/1", "answers": found, "refused": refused}, json_)
    if refused:
        raise typer.Exit(COULD_NOT_TRY)
    if any(one["status"] != "known" for one in found):
        raise typer.Exit(NOT_RECOGNISED)


def _people(opened: "Recogniser", file: Path, *, every: bool, nearest: int) -> list["Identified"]:
    photo = photo_bytes(file)
    if every:
        return opened.identify_all(photo, file=str(file), nearest=nearest)
    face = opened.reader.read_face(photo, name=str(file))
    return opened.identify_faces([face], nearest=nearest)


def _bar(json_: str | None) -> AbstractContextManager[OnProgress]:
    """Return a progress bar; where answers go to a terminal, they are the progress."""
    if json_ != "-" and output().is_terminal:
        return nullcontext(lambda _done, _total: None)
    return reading_bar("Identifying")


def _say(answer: dict[str, Any], *, several: bool) -> None:
    lines = []
    where = answer["photo"]
    if answer["box"]:
        top, left, bottom, right = answer["box"]
        where += f", face at row {top}, column {left}, {right - left}×{bottom - top} pixels"
    if several:
        lines.append(where)
    lines += [answer["name"] or answer["status"], answer["reason"]]
    for place, one in enumerate(answer["nearest"], 1):
        likely = "" if one["probability"] is None else f"  probability {one['probability']:.1%}"
        lines.append(f"  {place}. {one['name']}  energy {one['energy']:.4g}{likely}")
    output().print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)
    for words in (*answer["photo_warnings"], *answer["warnings"]):
        warn(words)


def verify(
    name: Annotated[str, typer.Argument(help="Whom the photo is said to show.")],
    photo: Annotated[Path, typer.Argument(help="The photo.")],
    gallery: Where,
    model: Model,
    faces: Faces = "none",
    cut_faces: CutFaces = False,
    key_file: KeyFile = None,
    json_: Json = None,
) -> None:
    """Say whether a photo shows the person it claims.

    Exit code 0 if accepted, 1 if rejected, 2 if it could not be tried.
    """
    check_json_place(json_)
    model_reader = model_and_reader(model, faces=faces, cut=cut_faces)
    with recogniser(gallery, model_reader, key_file=key_file) as opened:
        found = opened.verify(name, photo_bytes(photo), file=str(photo))
    if json_ != "-":
        likely = "" if found.probability is None else f", probability {found.probability:.1%}"
        output().print(
            f"{'accepted' if found.accepted else 'rejected'}: energy {found.energy:.4g} to {name}, "
            f"threshold {found.threshold:.4g}{likely}.",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
    for words in found.warnings:
        warn(words)
    write_json(found.as_dict(), json_)
    if not found.accepted:
        raise typer.Exit(NOT_RECOGNISED)
