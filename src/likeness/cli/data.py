"""``likeness data ...``: get data sets and look at what they hold."""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from likeness import datasets
from likeness.cli.recognising import Json, warn
from likeness.cli.terminal import check_json_place, errors, output, reading_bar, write_json
from likeness.datasets import Dataset


def att(
    path: Annotated[
        Path | None,
        typer.Argument(help="A zip, a folder of photos, or a folder that holds att_faces.zip."),
    ] = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Do not download, even if nothing is at hand.")
    ] = False,
) -> None:
    """Find or download the AT&T faces, and check every photo.

    Looks at PATH or LIKENESS_DATA, then the cache, then downloads.
    """
    with reading_bar("AT&T faces") as tell:
        data = datasets.att(path, download=not offline, on_progress=tell)
    describe(data)
    output().print("Every photo is the one it should be (SHA-256 per person).")


def folder(
    path: Annotated[Path, typer.Argument(help="One sub-folder of photos per person.")],
    strict: Annotated[
        bool, typer.Option("--strict", help="A broken file is an error, not a note.")
    ] = False,
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
            "--faces", help="What finds faces: haar (OpenCV's own), or an ONNX file such as YuNet."
        ),
    ] = "haar",
    json_: Json = None,
) -> None:
    """Cut the face out of each photo, into a new folder.

    The face is cut out as --cut-faces does, so that a model can be trained on it. Photos without
    exactly one face of sufficient size are named and left out. The new folder is there whole or not
    at all. Exit code 2 if no face was found.
    """
    from likeness.recogniser.face_photos import write_face_photos  # late: Pillow
    from likeness.recogniser.photo_reader import face_finder

    check_json_place(json_)
    with reading_bar("Cutting faces out") as tell:
        found = write_face_photos(photos, out, finder=face_finder(finder), on_progress=tell)
    for words in found.left_out:
        warn(f"left out: {words}")
    if json_ != "-":
        output().print(
            f"Wrote the faces of {found.photos:,} photos of {found.people:,} people to {out}; "
            f"{len(found.left_out):,} photos left out.",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
    write_json(found.as_dict(), json_)


def describe(data: Dataset, *, items: str = "photos", identities: str = "people") -> None:
    counts = np.bincount(data.codes)
    rows, columns = data.items.shape[1:3]
    console = output()
    console.print(
        f"[bold]{data.name}[/]: {len(data)} {items} of {len(data.distinct)} {identities}, "
        f"{counts.min()} to {counts.max()} each, {columns}×{rows} pixels.",
        highlight=False,
    )
    console.print(f"Terms: {data.licence}", highlight=False)
    for note in data.notes:
        errors().print(f"[yellow]Note:[/] {note}", highlight=False)
