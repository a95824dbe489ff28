"""``likeness gallery ...``: move a gallery, back it up, check it, change its key."""

from pathlib import Path
from typing import Annotated

import typer

from likeness.cli import options, terminal
from likeness.errors import SettingError
from likeness.recogniser import gallery as galleries

DAMAGED = 1
"""Exit code if a check found damage."""


def _copy(
    gallery: options.GalleryArgument,
    destination: Annotated[
        str, typer.Argument(help="A path or address that holds no gallery yet.")
    ],
    json_: options.Json = None,
) -> None:
    """Copy a gallery between SQLite and PostgreSQL.

    The copy is verified by counts and digests. One moment of the gallery is copied while others may
    use it, and the copy is written completely or not at all. An encrypted gallery stays encrypted
    with its key.
    """
    with (
        terminal.errors().status("Copying and verifying"),
        galleries.open_gallery(gallery) as source,
    ):
        copied = galleries.copy_gallery(source, destination)
    terminal.finish(
        copied.as_dict(),
        json_,
        f"Copied {copied.people:,} people with {copied.templates:,} templates and "
        f"{copied.photos:,} photos, and {copied.audit:,} entries of the audit log.",
        f"Verified: both sides have the digest {copied.digest[:12]}.",
    )


def _check(
    gallery: options.GalleryArgument, key_file: options.KeyFile = None, json_: options.Json = None
) -> None:
    """Check every page, row and embedding for damage.

    Exit code 0 if it is sound, 1 if something is damaged. Without the key of an encrypted gallery
    everything but the ciphertexts is checked.
    """
    key = galleries.GalleryKey.read(key_file)
    with terminal.errors().status("Checking every row"):
        report = galleries.check_gallery(gallery, key=key)
    for text in report.notes:
        terminal.note(f"Note: {text}.")
    terminal.finish(
        report.as_dict(),
        json_,
        *(f"Damaged: {problem}." for problem in report.problems),
        f"{'Sound' if report.sound else 'Damaged'}: {report.people:,} people, "
        f"{report.templates:,} templates, {report.photos:,} photos.",
    )
    if not report.sound:
        raise typer.Exit(DAMAGED)


def _backup(
    gallery: Annotated[str, typer.Argument(help="A gallery in a file.")],
    file: Annotated[Path, typer.Argument(help="The backup; must not exist.")],
    json_: options.Json = None,
) -> None:
    """Write a gallery to a new file while it is in use.

    The backup shows one moment of it. The backup is a gallery itself: open it where it is, or copy
    it with `likeness gallery copy`. People who are forgotten later are still in it.
    """
    with terminal.errors().status("Backing up"), galleries.open_gallery(gallery) as source:
        galleries.backup_gallery(source, file)
        counts = source.counts()
    terminal.finish(
        {"format": "likeness.gallery-backup/1", "file": str(file), **vars(counts)},
        json_,
        f"Backed up {counts.people:,} people with {counts.templates:,} templates to {file}.",
    )


def _rotate_key(
    gallery: options.GalleryArgument,
    new_key_file: Annotated[
        Path | None,
        typer.Option("--new-key-file", help="File of the new key; created if it does not exist."),
    ] = None,
    decrypt: Annotated[
        bool, options.flag("decrypt", "Store everything unencrypted from now on.")
    ] = False,
    key_file: options.KeyFile = None,
    json_: options.Json = None,
) -> None:
    """Encrypt a gallery with a new key.

    A plain gallery is encrypted for the first time. The new key is on the disk before anything is
    encrypted with it. Keep it apart from the gallery and its backups: without it nobody can read
    them.
    """
    if (new_key_file is None) is not decrypt:
        raise SettingError("expected either --new-key-file FILE or --decrypt.")
    with galleries.open_gallery(gallery, key=galleries.GalleryKey.read(key_file)) as opened:
        opened.store.sealing.require()  # before a key is made
        key, made = None, False
        if new_key_file is not None:
            made = not new_key_file.exists()
            if made:
                galleries.GalleryKey.generate().write(new_key_file)
                terminal.note(f"Made a key in {new_key_file}.")
            key = galleries.GalleryKey.read(new_key_file)
        with terminal.errors().status("Encrypting everything again"):
            opened.rotate_key(key)
        key_id = None if key is None else key.id
        terminal.finish(
            {"format": "likeness.key-rotation/1", "key_id": key_id, "key_made": made},
            json_,
            f"{opened.where} is not encrypted any more."
            if key is None
            else f"{opened.where} is encrypted with the key {key.id}.",
        )
