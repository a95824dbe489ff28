"""``likeness forget``, ``approve``, ``undo`` and ``re-enrol``: what changes who is enrolled."""

from pathlib import Path
from typing import Annotated

import typer

from likeness.cli import options
from likeness.cli.options import CutFaces, Faces, Gallery, Json, KeyFile, Model, flag
from likeness.cli.recognising import model_and_reader, recogniser
from likeness.cli.terminal import finish, reading_bar, warn, write_json
from likeness.errors import SettingError
from likeness.images.decode import read_photo
from likeness.recogniser.gallery import Receipt, open_gallery, read_key
from likeness.recogniser.recogniser import re_enrol as enrol_again


def forget(
    gallery: Gallery,
    name: Annotated[str | None, typer.Argument(help="Person to forget.")] = None,
    template: Annotated[
        int | None, typer.Option(help="Forget one photo by its number; the person stays enrolled.")
    ] = None,
    receipt: options.Receipt = None,
    json_: Json = None,
) -> None:
    """Delete a person or a photo, and print a receipt.

    The receipt says what was removed, and which traces are left. It needs neither the model nor the
    key. Keep the receipt away from the gallery: it names the person, and with it the audit log's
    entry can be proved.
    """
    if (name is None) is (template is None):
        raise SettingError("expected either a NAME or --template NUMBER.")
    with open_gallery(gallery) as opened:
        removal = (
            opened.remove_template(template) if template is not None else opened.forget(str(name))
        )
    _give(removal, receipt, json_)


def undo(
    template: Annotated[int, typer.Argument(help="Number of an approved template.")],
    gallery: Gallery,
    receipt: options.Receipt = None,
    json_: Json = None,
) -> None:
    """Remove an approved photo."""
    with open_gallery(gallery) as opened:
        removal = opened.undo(template)
    _give(removal, receipt, json_)


def approve(
    name: Annotated[str, typer.Argument(help="The person in the photo.")],
    photo: Annotated[Path, typer.Argument(help="A photo in which they were recognised.")],
    gallery: Gallery,
    model: Model,
    keep_photo: Annotated[bool, flag("keep-photo", "Store the photo, for re-enrol.")] = False,
    faces: Faces = "none",
    cut_faces: CutFaces = False,
    key_file: KeyFile = None,
    json_: Json = None,
) -> None:
    """Add a photo of a recognised person to their templates.

    `likeness undo` removes it again.
    """
    model_reader = model_and_reader(model, faces=faces, cut=cut_faces)
    with recogniser(gallery, model_reader, key_file=key_file) as opened:
        result = opened.approve(name, read_photo(photo), file=str(photo), keep_photo=keep_photo)
    enrolled = result.enrolled
    added, already = enrolled.added, enrolled.already
    document = {"format": "likeness.approval/1", "name": name, "added": added, "already": already}
    finish(
        {**document, "kept": enrolled.kept},
        json_,
        f"Approved as template {added[0]} of {name}. Undo it with `likeness undo {added[0]}`."
        if added
        else f"{name} has this photo already, as template {already[0]}"
        f"{'; it is stored now' if enrolled.kept else ''}.",
    )
    for text in result.warnings:
        warn(text)
    if result.look_alike is not None:
        warn(f"{result.look_alike.name!r} is within the threshold of this photo, too.")


def re_enrol(
    gallery: Gallery,
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
    loaded, reader = model_and_reader(model, faces=faces, cut=cut_faces)
    with open_gallery(gallery, key=read_key(key_file)) as opened, reading_bar("Embedding") as tell:
        count = enrol_again(opened, loaded, reader=reader, on_progress=tell)
    finish(
        {"format": "likeness.re-enrolment/1", "templates": count, "model": loaded.fingerprint},
        json_,
        f"{gallery} now has {count:,} templates of model {loaded.fingerprint[:12]}.",
    )


def _give(removal: Receipt, receipt: Path | None, json_: str | None) -> None:
    finish(removal.as_dict(), json_, *removal.sentences())
    write_json(removal.as_dict(), None if receipt is None else str(receipt))
