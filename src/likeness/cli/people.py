"""``likeness people ...``: who is enrolled."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from likeness.cli.options import NEW_FILE, Gallery, Json, KeyFile, flag
from likeness.cli.terminal import finish, reading_bar
from likeness.errors import DataError
from likeness.files import check_writable_file, whole_file
from likeness.recogniser.gallery import export_people, import_people, open_gallery, read_key

Name = Annotated[str, typer.Argument(help="The person's name.")]

_TOLD_EVERY = 100
"""Lines: a progress bar that moves at each takes longer than they do."""


def list_(gallery: Gallery, json_: Json = None) -> None:
    """List everybody who is enrolled."""
    with open_gallery(gallery) as opened:
        people = list(opened.everybody())
    lines = [
        f"{person.name}  {person.templates} photo{'' if person.templates == 1 else 's'}, "
        f"since {person.created}"
        for person in people
    ]
    document = {"format": "likeness.people-list/1", "people": [vars(person) for person in people]}
    finish(document, json_, *lines, f"{len(people):,} people.")


def show(name: Name, gallery: Gallery, json_: Json = None) -> None:
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
    finish(document, json_, *lines)


def rename(
    name: Name,
    new: Annotated[str, typer.Argument(help="The new name.")],
    gallery: Gallery,
    json_: Json = None,
) -> None:
    """Rename a person."""
    with open_gallery(gallery) as opened:
        person = opened.rename(name, new)
    document = {"format": "likeness.person/1", **vars(person)}
    finish(document, json_, f"{name} is now {person.name}.")


def merge(
    name: Annotated[str, typer.Argument(help="The name that is removed.")],
    into: Annotated[str, typer.Argument(help="The name that stays, and gets the templates.")],
    gallery: Gallery,
    key_file: KeyFile = None,
    json_: Json = None,
) -> None:
    """Merge two names of one person.

    An encrypted gallery needs its key: each ciphertext is bound to the person's name.
    """
    with open_gallery(gallery, key=read_key(key_file)) as opened:
        person = opened.merge(name, into=into)
    finish(
        {"format": "likeness.person/1", **vars(person)},
        json_,
        f"{name} is now part of {person.name}, who has {person.templates} photos.",
    )


def export(
    file: Annotated[Path, typer.Argument(help="File of JSON lines; must not exist.")],
    gallery: Gallery,
    without_photos: Annotated[bool, flag("without-photos", "Leave stored photos out.")] = False,
    key_file: KeyFile = None,
    json_: Json = None,
) -> None:
    """Export all people, with their embeddings in plain.

    The file holds JSON lines; the embeddings in it are not encrypted.
    """
    check_writable_file(file, option="FILE", expected=NEW_FILE, new=True)
    with open_gallery(gallery, key=read_key(key_file)) as opened, reading_bar("Exporting") as tell:
        people = opened.counts().people
        lines = _write_lines(
            file,
            _counted(
                export_people(opened, with_photos=not without_photos),
                lambda done: tell(done - 1, people),  # the first line is the head
            ),
        )
    finish(
        {"format": "likeness.model/1", "people": lines - 1, "file": str(file)},
        json_,
        f"Exported {lines - 1:,} people to {file}. Its embeddings are not encrypted.",
    )


def import_(
    file: Annotated[Path, typer.Argument(help="JSON lines of `likeness people export`.")],
    gallery: Gallery,
    key_file: KeyFile = None,
    json_: Json = None,
) -> None:
    """Import exported people: all of them, or none.

    The gallery must exist.
    """
    try:
        stream = file.open(encoding="utf-8")
    except OSError as error:
        raise DataError(f"{file}: expected JSON lines. {error.strerror}.") from error
    with (
        stream,
        open_gallery(gallery, key=read_key(key_file)) as opened,
        reading_bar("Importing") as tell,
    ):
        imported = import_people(opened, _counted(stream, lambda done: tell(done, 0)))
    finish(
        {"format": "likeness.import/1", **vars(imported)},
        json_,
        f"Imported {imported.people:,} people, {imported.new_people:,} of them new: "
        f"{imported.added:,} photos added, {imported.already:,} already enrolled.",
    )


def _counted(lines: Iterable[str], tell: Callable[[int], None]) -> Iterator[str]:
    """Go through lines and tell, now and then, how many there were."""
    for number, line in enumerate(lines, 1):
        yield line
        if number % _TOLD_EVERY == 0:
            tell(number)


def _write_lines(file: Path, lines: Iterable[str]) -> int:
    """Write lines to a new file, whole or not at all; return how many."""
    count = 0
    # For the owner alone: it holds what the gallery may keep encrypted.
    with whole_file(file, mode=0o600, new=True) as draft, draft.open("w", encoding="utf-8") as out:
        for line in lines:
            out.write(line)
            count += 1
    return count
