"""``likeness data ...`` and ``audit``: get data sets, look at what they hold, compare two."""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.table import Table

from likeness import datasets
from likeness.cli.arguments import is_named, read_data
from likeness.cli.options import DATA_HELP, DataPath, Json, Offline, flag
from likeness.cli.terminal import errors, finish, note, output, reading_bar, say, warn, write_json
from likeness.datasets import Dataset
from likeness.evaluation.audit import audit as compare
from likeness.recogniser.face_photos import write_face_photos
from likeness.recogniser.photo_reader import face_finder

SIZE = (112, 92)
"""Folders are read at one size, so that a photo and its resized copy are cut alike."""

SHOWN = 20
LEAKED = 1
"""Exit code where something is shared: a script can stop there."""


def att(path: DataPath = None, offline: Offline = False) -> None:
    """Find or download the AT&T faces, and check every photo.

    Looks at PATH or LIKENESS_DATA, then the cache, then downloads.
    """
    with reading_bar("AT&T faces") as tell:
        data = datasets.att(path, download=not offline, on_progress=tell)
    describe(data)
    say("Every photo is the one it should be (SHA-256 per person).")


def folder(
    path: Annotated[Path, typer.Argument(help="One sub-folder of photos per person.")],
    strict: Annotated[bool, flag("strict", "Fail on a broken file, instead of noting it.")] = False,
) -> None:
    """Read a folder of photos, and say what it holds.

    The folder holds one sub-folder of photos per person.
    """
    with reading_bar(str(path)) as tell:
        data = datasets.folder(path, strict=strict, on_progress=tell)
    describe(data)


def faces(
    photos: Annotated[Path, typer.Argument(help="One sub-folder of photos per person.")],
    out: Annotated[Path, typer.Argument(help="The new folder; must not exist, or be empty.")],
    finder: Annotated[
        str,
        typer.Option(
            "--faces", help="Face detector: haar (OpenCV's), or an ONNX file such as YuNet."
        ),
    ] = "haar",
    json_: Json = None,
) -> None:
    """Cut the face out of each photo, into a new folder.

    The face is cut out as --cut-faces does, so that a model can be trained on it. Photos without
    exactly one face of sufficient size are named and left out. The new folder is written whole or
    not at all. Exit code 2 if no face was found.
    """
    with reading_bar("Cutting faces out") as tell:
        written = write_face_photos(photos, out, finder=face_finder(finder), on_progress=tell)
    for text in written.left_out:
        warn(f"left out: {text}")
    finish(
        written.as_dict(),
        json_,
        f"Wrote the faces of {written.photos:,} photos of {written.people:,} people to {out}; "
        f"{len(written.left_out):,} photos left out.",
    )


def describe(data: Dataset, *, items: str = "photos", identities: str = "people") -> None:
    """Say what a data set holds."""
    counts = np.bincount(data.codes)
    rows, columns = data.items.shape[1:3]
    say(
        f"{data.name}: {len(data)} {items} of {len(data.distinct)} {identities}, "
        f"{counts.min()} to {counts.max()} each, {columns}×{rows} pixels.",
        f"Terms: {data.licence}",
    )
    for text in data.notes:
        note(f"Note: {text}")


def audit(
    train: Annotated[str, typer.Argument(help=f"The training data: {DATA_HELP}")],
    test: Annotated[str, typer.Argument(help="The test data, likewise.")],
    json_: Json = None,
) -> None:
    """List the people and photos that two data sets share.

    Photos are also found resized or mirrored; pairs are compared as well. Exit code 0 if nothing is
    shared, 1 if something is.
    """
    first, second = _read_alike(train), _read_alike(test)
    with errors().status("Comparing photos"):
        leaks = compare(first, second)
    for data in (first, second):
        for text in data.notes:
            note(f"Note: {data.name}: {text}")
    if json_ != "-":
        if leaks.photos:
            table = Table("training", "test", "how", title="Shared photos")
            for photo in leaks.photos[:SHOWN]:
                table.add_row(photo.train, photo.test, photo.how)
            output().print(table)
        if len(leaks.photos) > SHOWN:
            say(f"and {len(leaks.photos) - SHOWN} more; --json has them all.")
        say(*leaks.sentences())
    write_json(leaks.as_dict(), json_)
    if not leaks.clean:
        raise typer.Exit(LEAKED)


def _read_alike(data: str) -> Dataset:
    return read_data(data) if is_named(data) else datasets.folder(Path(data), size=SIZE)
