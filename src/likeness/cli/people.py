"""``likeness people ...``, ``forget``, ``approve``, ``undo`` and ``re-enrol``: who is enrolled."""

import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, TextIO, TypeVar

import typer

from likeness.cli import opening, options, terminal
from likeness.errors import DataError, OutputError, SettingError
from likeness.files import check_writable_file, whole_file
from likeness.images.decode import read_photo
from likeness.recogniser.gallery import (
    GalleryKey,
    Receipt,
    export_people,
    import_people,
    open_gallery,
)
from likeness.recogniser.recogniser import re_enrol as enrol_again

Name = Annotated[str, typer.Argument(help="The person's name.")]

Line = TypeVar("Line", str, bytes)

_ROOM = 2**18
"""Bytes: the numbers of 10,000 photos are less."""

_TOLD_EVERY = 100
"""Lines between two updates of the progress bar."""


def _list(gallery: options.Gallery, json_: options.Json = None) -> None:
    """List everybody who is enrolled."""
    with open_gallery(gallery) as opened:
        people = list(opened.everybody())
    lines = [
        f"{person.name}  {person.templates} photo{'' if person.templates == 1 else 's'}, "
        f"since {person.created}"
        for person in people
    ]
    document = {"format": "likeness.people-list/1", "people": [vars(person) for person in people]}
    terminal.finish(document, json_, *lines, f"{len(people):,} people.")


def _show(name: Name, gallery: options.Gallery, json_: options.Json = None) -> None:
    """Show a person and their templates."""
    with open_gallery(gallery) as opened:
        person, templates = opened.person(name), list(opened.templates(name))
    lines = [f"{person.name}, since {person.created}"]
    lines += [f"  {key}: {value}" for key, value in person.metadata.items()]
    for template in templates:
        kept = ", photo kept" if template.photo_kept else ""
        how = template.provenance["how"]
        lines.append(f"  template {template.id}: {how} {template.created}{kept}")
    without_vectors = [
        {key: value for key, value in vars(template).items() if key != "vector"}
        for template in templates
    ]
    document = {"format": "likeness.person/1", **vars(person), "templates": without_vectors}
    terminal.finish(document, json_, *lines)


def _rename(
    name: Name,
    new: Annotated[str, typer.Argument(help="The new name.")],
    gallery: options.Gallery,
    json_: options.Json = None,
) -> None:
    """Rename a person."""
    with open_gallery(gallery) as opened:
        person = opened.change_person(name, new=new)
        near = opened.near_names(person.name)
    document = {"format": "likeness.person/1", **vars(person)}
    terminal.finish(document, json_, f"{name} is now {person.name}.")
    for text in person.near_name_warnings(near):
        terminal.note(f"Warning: {text}.")


def _merge(
    name: Annotated[str, typer.Argument(help="The name that is removed.")],
    into: Annotated[str, typer.Argument(help="The name that stays, and gets the templates.")],
    gallery: options.Gallery,
    key_file: options.KeyFile = None,
    json_: options.Json = None,
) -> None:
    """Merge two names of one person.

    An encrypted gallery needs its key: each ciphertext is bound to the person's name.
    """
    with open_gallery(gallery, key=GalleryKey.read(key_file)) as opened:
        person = opened.merge(name, into=into)
    terminal.finish(
        {"format": "likeness.person/1", **vars(person)},
        json_,
        f"{name} is now part of {person.name}, who has {person.templates} photos.",
    )


def _export(
    file: Annotated[Path, typer.Argument(help="File of JSON lines; must not exist.")],
    gallery: options.Gallery,
    without_photos: Annotated[
        bool, options.flag("without-photos", "Leave stored photos out.")
    ] = False,
    key_file: options.KeyFile = None,
    json_: options.Json = None,
) -> None:
    """Export all people, with their embeddings in plain.

    The file holds JSON lines; the embeddings in it are not encrypted.
    """
    check_writable_file(file, option="FILE", expected=options.NEW_FILE, new=True)
    with (
        open_gallery(gallery, key=GalleryKey.read(key_file)) as opened,
        terminal.reading_bar("Exporting") as tell,
    ):
        people = opened.counts().people
        lines = _write_lines(
            file,
            _counted(
                export_people(opened, with_photos=not without_photos),
                lambda done: tell(done - 1, people),  # the first line is the head
            ),
        )
    terminal.finish(
        {"format": "likeness.export/1", "people": lines - 1, "file": str(file)},
        json_,
        f"Exported {lines - 1:,} people to {file}. Its embeddings are not encrypted.",
    )


def _import(
    file: Annotated[Path, typer.Argument(help="JSON lines of `likeness people export`.")],
    gallery: options.Gallery,
    key_file: options.KeyFile = None,
    json_: options.Json = None,
) -> None:
    """Import exported people: all of them, or none.

    The gallery must exist.
    """
    try:
        stream = file.open("rb")
    except OSError as error:
        raise DataError(f"{file}: expected JSON lines. {error.strerror}.") from error
    with (
        stream,
        open_gallery(gallery, key=GalleryKey.read(key_file)) as opened,
        terminal.reading_bar("Importing") as tell,
    ):
        imported = import_people(
            opened, _counted(stream, lambda done: tell(done, 0)), name=str(file)
        )
    terminal.finish(
        {"format": "likeness.import/1", **vars(imported)},
        json_,
        f"Imported {imported.people:,} people, {imported.new_people:,} of them new: "
        f"{imported.added:,} photos added, {imported.already:,} already enrolled.",
    )
    for text in imported.warnings:
        terminal.note(f"Warning: {text}.")


def _counted(lines: Iterable[Line], tell: Callable[[int], None]) -> Iterator[Line]:
    """Iterate over lines and report the number from time to time."""
    for number, line in enumerate(lines, 1):
        yield line
        if number % _TOLD_EVERY == 0:
            tell(number)


def _write_lines(file: Path, lines: Iterable[str]) -> int:
    """Write lines to a new file, completely or not at all; return how many."""
    count = 0
    # Readable by the owner only: the gallery may be encrypted.
    with whole_file(file, mode=0o600, new=True) as draft, draft.open("w", encoding="utf-8") as out:
        for line in lines:
            out.write(line)
            count += 1
    return count


def _forget(
    gallery: options.Gallery,
    name: Annotated[str | None, typer.Argument(help="Person to forget.")] = None,
    template: Annotated[
        int | None, typer.Option(help="Forget one photo by its number; the person stays enrolled.")
    ] = None,
    receipt: options.Receipt = None,
    json_: options.Json = None,
) -> None:
    """Delete a person or a photo, and print a receipt.

    The receipt lists what was removed, and which traces remain. Neither the model nor the key is
    needed. Store the receipt outside the gallery: it names the person, and proves the entry in the
    audit log.
    """
    if (name is None) is (template is None):
        raise SettingError("expected either a NAME or --template NUMBER.")
    with open_gallery(gallery) as opened, _room_for_receipt(receipt) as write:
        removal = (
            opened.remove_template(template) if template is not None else opened.forget(str(name))
        )
        write(removal)
    terminal.finish(removal.as_dict(), json_, *removal.sentences())


def _undo(
    template: Annotated[int, typer.Argument(help="Number of an approved template.")],
    gallery: options.Gallery,
    receipt: options.Receipt = None,
    json_: options.Json = None,
) -> None:
    """Remove an approved photo."""
    with open_gallery(gallery) as opened, _room_for_receipt(receipt) as write:
        removal = opened.undo(template)
        write(removal)
    terminal.finish(removal.as_dict(), json_, *removal.sentences())


def _approve(
    name: Annotated[str, typer.Argument(help="The person in the photo.")],
    photo: Annotated[Path, typer.Argument(help="A photo in which the person was recognised.")],
    gallery: options.Gallery,
    model: options.Model,
    keep_photo: Annotated[
        bool, options.flag("keep-photo", "Store the photo, for re-enrol.")
    ] = False,
    faces: options.Faces = "none",
    cut_faces: options.CutFaces = False,
    key_file: options.KeyFile = None,
    json_: options.Json = None,
) -> None:
    """Add a photo of a recognised person to their templates.

    `likeness undo` removes it again.
    """
    model_reader = opening.model_and_reader(model, faces=faces, cut=cut_faces)
    with opening.recogniser(gallery, model_reader, key_file=key_file) as opened:
        result = opened.approve(name, read_photo(photo), file=str(photo), keep_photo=keep_photo)
    enrolled = result.enrolled
    added, already = enrolled.added, enrolled.already
    document = {"format": "likeness.approval/1", "name": name, "added": added, "already": already}
    terminal.finish(
        {**document, "kept": enrolled.kept},
        json_,
        f"Approved as template {added[0]} of {name}. Undo it with `likeness undo {added[0]}`."
        if added
        else f"{name} already has this photo, as template {already[0]}"
        f"{'; it is stored now' if enrolled.kept else ''}.",
    )
    for text in result.warnings:
        terminal.note(f"Warning: {text}")
    if result.look_alike is not None:
        terminal.note(
            f"Warning: {result.look_alike.name!r} is within the threshold of this photo, too."
        )


def _re_enrol(
    gallery: options.Gallery,
    model: options.Model,
    faces: options.Faces = "none",
    cut_faces: options.CutFaces = False,
    key_file: options.KeyFile = None,
    json_: options.Json = None,
) -> None:
    """Move a gallery to another model, from its kept photos.

    All photos are re-enrolled, or nothing changes. With the same model and other --faces or
    --cut-faces only the capture settings change.
    """
    loaded, reader = opening.model_and_reader(model, faces=faces, cut=cut_faces)
    with (
        open_gallery(gallery, key=GalleryKey.read(key_file)) as opened,
        terminal.reading_bar("Embedding") as tell,
    ):
        count = enrol_again(opened, loaded, reader=reader, on_progress=tell)
    terminal.finish(
        {"format": "likeness.re-enrolment/1", "templates": count, "model": loaded.fingerprint},
        json_,
        f"{gallery} now has {count:,} templates of model {loaded.fingerprint[:12]}.",
    )


@contextmanager
def _room_for_receipt(file: Path | None) -> Iterator[Callable[[Receipt], None]]:
    """Take the room that a receipt needs on the disk before anything is deleted.

    Yields:
        what writes the receipt; the file is there when the block ends.

    Raises:
        OutputError: there is no room, or the file cannot be written; after the deletion, with the
            receipt itself.
    """
    if file is None:
        yield lambda _receipt: None
        return
    advice = "Nothing was deleted; choose another place or make room."
    texts: list[str] = []

    def overwrite(stream: TextIO, receipt: Receipt) -> None:
        texts.append(json.dumps(receipt.as_dict(), indent=2, ensure_ascii=False) + "\n")
        stream.write(texts[0])
        stream.flush()

    try:
        with (
            whole_file(file, new=True, advice=advice) as draft,
            draft.open("w+", encoding="utf-8") as stream,
        ):
            stream.write(" " * _ROOM)
            stream.flush()
            os.fsync(stream.fileno())
            stream.seek(0)
            yield partial(overwrite, stream)
            stream.truncate()
    except OutputError as error:
        if not texts:
            raise
        raise OutputError(
            f"{str(error).removesuffix(advice).strip()} The deletion is done. This is its receipt, "
            f"keep it:\n{texts[0]}"
        ) from error
