"""``likeness gallery ...``: move a gallery, back it up, check it, change its key."""

from pathlib import Path
from typing import Annotated

import typer

from likeness.cli.recognising import Json, KeyFile
from likeness.cli.terminal import check_json_place, errors, output, write_json
from likeness.errors import SettingError

DAMAGED = 1
"""Exit code where a check found damage."""

Where = Annotated[str, typer.Argument(help="A path, or postgresql+psycopg://USER@HOST/DATABASE.")]


def copy(
    gallery: Where,
    destination: Annotated[
        str, typer.Argument(help="A path or address that holds no gallery yet.")
    ],
    json_: Json = None,
) -> None:
    """Copy a gallery between SQLite and PostgreSQL.

    The copy is verified by counts and digests. One moment of the gallery is copied while others may
    use it, and it is there whole or not at all. An encrypted gallery stays encrypted with its key.
    """
    from likeness.recogniser.gallery import copy_gallery, open_gallery  # late: a database

    check_json_place(json_)
    with errors().status("Copying and verifying"), open_gallery(gallery) as source:
        copied = copy_gallery(source, destination)
    if json_ != "-":
        output().print(
            f"Copied {copied.people:,} people with {copied.templates:,} templates and "
            f"{copied.photos:,} photos, and {copied.audit:,} entries of the audit log.\n"
            f"Verified: both sides have the digest {copied.digest[:12]}.",
            markup=False,
            highlight=False,
        )
    write_json(copied.as_dict(), json_)


def check(gallery: Where, key_file: KeyFile = None, json_: Json = None) -> None:
    """Check every page, row and embedding for damage.

    Exit code 0 if it is sound, 1 if something is damaged. Without the key of an encrypted gallery
    everything but the ciphertexts is looked at.
    """
    from likeness.recogniser.gallery import check_gallery, read_key  # late: a database

    check_json_place(json_)
    key = read_key(key_file)
    with errors().status("Looking at every row"):
        found = check_gallery(gallery, key=key)
    if json_ != "-":
        for problem in found.problems:
            output().print(f"Damaged: {problem}.", markup=False, highlight=False)
        output().print(
            f"{'Sound' if found.sound else 'Damaged'}: {found.people:,} people, "
            f"{found.templates:,} templates, {found.photos:,} photos.",
            highlight=False,
        )
    for note in found.notes:
        errors().print(f"Note: {note}.", style="yellow", markup=False)
    write_json(found.as_dict(), json_)
    if not found.sound:
        raise typer.Exit(DAMAGED)


def backup(
    gallery: Annotated[str, typer.Argument(help="A gallery in a file.")],
    file: Annotated[Path, typer.Argument(help="The backup; must not exist.")],
    json_: Json = None,
) -> None:
    """Write a gallery to a new file while it is in use.

    The backup shows one moment of it. The backup is a gallery itself: open it where it is, or copy
    it with `likeness gallery copy`. Who is forgotten later is still in it.
    """
    from likeness.recogniser.gallery import backup_gallery, open_gallery  # late: a database

    check_json_place(json_)
    with errors().status("Backing up"), open_gallery(gallery) as source:
        backup_gallery(source, file)
        counts = source.counts()
    if json_ != "-":
        output().print(
            f"Backed up {counts.people:,} people with {counts.templates:,} templates to {file}.",
            markup=False,
            highlight=False,
        )
    document = {"format": "likeness.gallery-backup/1", "file": str(file), **vars(counts)}
    write_json(document, json_)


def rotate_key(
    gallery: Where,
    new_key_file: Annotated[
        Path | None,
        typer.Option("--new-key-file", help="The new key; a file that is not there is made."),
    ] = None,
    decrypt: Annotated[
        bool, typer.Option("--decrypt", help="Store everything plain from now on.")
    ] = False,
    key_file: KeyFile = None,
    json_: Json = None,
) -> None:
    """Encrypt a gallery with a new key.

    A plain gallery is encrypted for the first time. The new key is on the disk before anything is
    encrypted with it. Keep it apart from the gallery and its backups: without it nobody can read
    them.
    """
    from likeness.recogniser.gallery import GalleryKey, open_gallery, read_key, write_key

    if (new_key_file is None) is not decrypt:
        raise SettingError("expected either --new-key-file FILE or --decrypt.")
    check_json_place(json_)
    with open_gallery(gallery, key=read_key(key_file)) as opened:
        opened.store.sealing.require()  # before a key is made
        key, made = None, False
        if new_key_file is not None:
            made = not new_key_file.exists()
            if made:
                write_key(GalleryKey.generate(), new_key_file)
                errors().print(f"Made a key in {new_key_file}.", markup=False, highlight=False)
            key = read_key(new_key_file)
        with errors().status("Sealing everything anew"):
            opened.rotate_key(key)
        if json_ != "-":
            output().print(
                f"{opened.where} is not encrypted any more."
                if key is None
                else f"{opened.where} is encrypted with the key {key.id}.",
                markup=False,
                highlight=False,
            )
        key_id = None if key is None else key.id
        document = {"format": "likeness.key-rotation/1", "key_id": key_id, "key_made": made}
        write_json(document, json_)
