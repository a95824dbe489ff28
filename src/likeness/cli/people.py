"""``likeness people ...``: who is enrolled."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from likeness.cli.recognising import Json, KeyFile, Where
from likeness.cli.terminal import check_json_place, output, reading_bar, write_json
from likeness.errors import DataError
from likeness.files import check_writable_file, whole_file

Name = Annotated[str, typer.Argument(help="The person's name.")]

_TOLD_EVERY = 100
"""Lines: a progress bar that moves at each takes longer than they do."""


def list_(gallery: Where, json_: Json = None) -> None:
    """List everybody who is enrolled."""
    from likeness.recogniser.gallery import open_gallery  # late: a database
    from likeness.recogniser.people_energies import everybody

    check_json_place(json_)
    with open_gallery(gallery) as opened:
        people = [vars(person) for person in everybody(opened)]
    if json_ != "-":
        for person in people:
            photos = "1 photo" if person["templates"] == 1 else f"{person['templates']} photos"
            _print(f"{person['name']}  {photos}, since {person['created']}")
        _print(f"{len(people):,} people.")
    write_json({"format": "likeness.people-list/1", "people": people}, json_)


def show(name: Name, gallery: Where, json_: Json = None) -> None:
    """Show a person and their templates."""
    from likeness.recogniser.gallery import open_gallery  # late: a database

    check_json_place(json_)
    with open_gallery(gallery) as opened:
        person = opened.person(name)
        templates = [_without_vector(one) for one in opened.templates(name)]
    if json_ != "-":
        _print(f"{person.name}, since {person.created}")
        for key, value in person.metadata.items():
            _print(f"  {key}: {value}")
        for one in templates:
            kept = ", photo kept" if one["photo_kept"] else ""
            _print(f"  template {one['id']}: {one['provenance']['how']} {one['created']}{kept}")
    document = {"format": "likeness.person/1", **vars(person), "templates": templates}
    write_json(document, json_)


def rename(
    name: Name,
    new: Annotated[str, typer.Argument(help="The new name.")],
    gallery: Where,
    json_: Json = None,
) -> None:
    """Rename a person."""
    from likeness.recogniser.gallery import open_gallery  # late: a database

    check_json_place(json_)
    with open_gallery(gallery) as opened:
        person = opened.rename(name, new)
    if json_ != "-":
        _print(f"{name} is now {person.name}.")
    write_json({"format": "likeness.person/1", **vars(person)}, json_)


def merge(
    name: Annotated[str, typer.Argument(help="Who goes.")],
    into: Annotated[str, typer.Argument(help="Who stays, and gets the templates.")],
    gallery: Where,
    key_file: KeyFile = None,
    json_: Json = None,
) -> None:
    """Merge two names of one person.

    An encrypted gallery needs its key: each ciphertext is bound to whose it is.
    """
    from likeness.recogniser.gallery import open_gallery, read_key  # late: a database

    check_json_place(json_)
    with open_gallery(gallery, key=read_key(key_file)) as opened:
        person = opened.merge(name, into=into)
    if json_ != "-":
        _print(f"{name} is now part of {person.name}, who has {person.templates} photos.")
    write_json({"format": "likeness.person/1", **vars(person)}, json_)


def export(
    file: Annotated[Path, typer.Argument(help="JSON lines; must not exist.")],
    gallery: Where,
    without_photos: Annotated[
        bool, typer.Option("--without-photos", help="Leave kept photos out.")
    ] = False,
    key_file: KeyFile = None,
    json_: Json = None,
) -> None:
    """Export all people, with their embeddings in plain.

    The file holds JSON lines; the embeddings in it are not encrypted.
    """
    from likeness.recogniser.gallery import export_people, open_gallery, read_key

    check_json_place(json_)
    check_writable_file(file, option="FILE", expected="a new file in an existing folder", new=True)
    with open_gallery(gallery, key=read_key(key_file)) as opened, reading_bar("Exporting") as tell:
        people = opened.counts().people
        lines = _write_lines(
            file,
            _counted(
                export_people(opened, with_photos=not without_photos),
                lambda done: tell(done - 1, people),  # the first line is the head
            ),
        )
    if json_ != "-":
        _print(f"Exported {lines - 1:,} people to {file}. Its embeddings are not encrypted.")
    write_json({"format": "likeness.model/1", "people": lines - 1, "file": str(file)}, json_)


def import_(
    file: Annotated[Path, typer.Argument(help="JSON lines of `likeness people export`.")],
    gallery: Where,
    key_file: KeyFile = None,
    json_: Json = None,
) -> None:
    """Import exported people: all of them, or none.

    The gallery must exist.
    """
    from likeness.recogniser.gallery import import_people, open_gallery, read_key

    check_json_place(json_)
    try:
        stream = file.open(encoding="utf-8")
    except OSError as error:
        raise DataError(f"{file}: expected JSON lines. {error.strerror}.") from error
    with (
        stream,
        open_gallery(gallery, key=read_key(key_file)) as opened,
        reading_bar("Importing") as tell,
    ):
        found = import_people(opened, _counted(stream, lambda done: tell(done, 0)))
    if json_ != "-":
        _print(
            f"Imported {found.people:,} people, {found.new_people:,} of them new: "
            f"{found.added:,} photos added, {found.already:,} were there."
        )
    write_json({"format": "likeness.import/1", **vars(found)}, json_)


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


def _without_vector(template: Any) -> dict[str, Any]:
    return {key: value for key, value in vars(template).items() if key != "vector"}


def _print(text: str) -> None:
    output().print(text, markup=False, highlight=False, soft_wrap=True)
