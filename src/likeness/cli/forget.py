"""``likeness forget``, ``approve``, ``undo`` and ``re-enrol``: what changes who is enrolled."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from likeness.cli.recognising import (
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
from likeness.cli.terminal import check_json_place, output, reading_bar, write_json
from likeness.errors import SettingError
from likeness.files import check_writable_file

if TYPE_CHECKING:
    from likeness.recogniser.gallery import Receipt

ReceiptFile = Annotated[Path | None, typer.Option("--receipt", help="Write the receipt here.")]


def forget(
    gallery: Where,
    name: Annotated[str | None, typer.Argument(help="Whom to forget.")] = None,
    template: Annotated[
        int | None, typer.Option(help="Forget one photo by its number; the person stays.")
    ] = None,
    receipt: ReceiptFile = None,
    json_: Json = None,
) -> None:
    """Delete a person or a photo, and print a receipt.

    The receipt says what was removed, and which traces are left. It needs neither the model nor the
    key. Keep the receipt away from the gallery: it names the person, and with it the audit log's
    entry can be proved.
    """
    from likeness.recogniser.gallery import open_gallery  # late: a database

    if (name is None) is (template is None):
        raise SettingError("expected either a NAME or --template NUMBER.")
    _check_places(receipt, json_)
    with open_gallery(gallery) as opened:
        given = (
            opened.remove_template(template) if template is not None else opened.forget(str(name))
        )
    _hand_out(given, receipt, json_)


def undo(
    template: Annotated[int, typer.Argument(help="Number of an approved template.")],
    gallery: Where,
    receipt: ReceiptFile = None,
    json_: Json = None,
) -> None:
    """Remove an approved photo."""
    from likeness.recogniser.gallery import open_gallery  # late: a database

    _check_places(receipt, json_)
    with open_gallery(gallery) as opened:
        given = opened.undo(template)
    _hand_out(given, receipt, json_)


def approve(
    name: Annotated[str, typer.Argument(help="Whom the photo shows.")],
    photo: Annotated[Path, typer.Argument(help="A photo in which they were recognised.")],
    gallery: Where,
    model: Model,
    keep_photo: Annotated[
        bool, typer.Option("--keep-photo", help="Keep the photo, for re-enrol.")
    ] = False,
    faces: Faces = "none",
    cut_faces: CutFaces = False,
    key_file: KeyFile = None,
    json_: Json = None,
) -> None:
    """Add a photo of a recognised person to their templates.

    `likeness undo` removes it again.
    """
    check_json_place(json_)
    model_reader = model_and_reader(model, faces=faces, cut=cut_faces)
    with recogniser(gallery, model_reader, key_file=key_file) as opened:
        found = opened.approve(name, photo_bytes(photo), file=str(photo), keep_photo=keep_photo)
    added, already = found.enrolled.added, found.enrolled.already
    if json_ != "-":
        output().print(
            f"Approved as template {added[0]} of {name}. Take it back: `likeness undo {added[0]}`."
            if added
            else f"{name} has this photo already, as template {already[0]}"
            f"{'; it is kept now' if found.enrolled.kept else ''}.",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
    for words in found.warnings:
        warn(words)
    if found.look_alike is not None:
        warn(f"{found.look_alike.name!r} is within the threshold of this photo, too.")
    document = {"format": "likeness.approval/1", "name": name, "added": added, "already": already}
    write_json({**document, "kept": found.enrolled.kept}, json_)


def re_enrol(
    gallery: Where,
    model: Model,
    faces: Faces = "none",
    cut_faces: CutFaces = False,
    key_file: KeyFile = None,
    json_: Json = None,
) -> None:
    """Move a gallery to another model, from its kept photos.

    All photos are re-enrolled, or nothing changes. With the same model and other --faces or
    --cut-faces only the capture settings change.
    """
    from likeness.recogniser.gallery import open_gallery, read_key  # late: a database
    from likeness.recogniser.recogniser import re_enrol as enrol_again

    check_json_place(json_)
    loaded, reader = model_and_reader(model, faces=faces, cut=cut_faces)
    with open_gallery(gallery, key=read_key(key_file)) as opened, reading_bar("Embedding") as tell:
        count = enrol_again(opened, loaded, reader=reader, on_progress=tell)
    if json_ != "-":
        output().print(
            f"{gallery} now has {count:,} templates of model {loaded.fingerprint[:12]}.",
            markup=False,
            highlight=False,
        )
    document = {"format": "likeness.re-enrolment/1", "templates": count}
    write_json({**document, "model": loaded.fingerprint}, json_)


def _check_places(receipt: Path | None, json_: str | None) -> None:
    check_json_place(json_)
    expected = "a new file in an existing folder"
    check_writable_file(receipt, option="--receipt", expected=expected, new=True)


def _hand_out(given: "Receipt", receipt: Path | None, json_: str | None) -> None:
    if json_ != "-":
        text = "\n".join(given.sentences())
        output().print(text, markup=False, highlight=False, soft_wrap=True)
    write_json(given.as_dict(), json_)
    write_json(given.as_dict(), None if receipt is None else str(receipt))
