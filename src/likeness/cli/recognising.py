"""What the commands of the recogniser share: model, gallery, key, faces."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from likeness.cli.terminal import errors
from likeness.model.opening import chosen_runtime, open_model

if TYPE_CHECKING:
    from likeness.model import protocol
    from likeness.recogniser.photo_reader import PhotoReader
    from likeness.recogniser.recogniser import Recogniser

Where = Annotated[
    str, typer.Option("--gallery", help="A path, or postgresql+psycopg://USER@HOST/DATABASE.")
]
Model = Annotated[Path, typer.Option("--model", help="Folder of the model.")]
KeyFile = Annotated[
    Path | None,
    typer.Option("--key-file", help="File with the gallery's key; else LIKENESS_GALLERY_KEY."),
]
Json = Annotated[
    str | None, typer.Option("--json", help="Write the result here; - for standard output.")
]
Faces = Annotated[
    str,
    typer.Option(
        help="What finds faces: none (photos are taken as they are), haar (OpenCV's own), or an "
        "ONNX file for cv2.FaceDetectorYN such as YuNet."
    ),
]
CutFaces = Annotated[
    bool,
    typer.Option("--cut-faces", help="Give the model the face alone; do so everywhere or nowhere."),
]

NOT_RECOGNISED = 1
"""Exit code of unknown, ambiguous and rejected."""
COULD_NOT_TRY = 2


def model_and_reader(
    model: Path, *, faces: str, cut: bool
) -> tuple["protocol.Model", "PhotoReader"]:
    """Open a model and its photo reader; see `photo_reader_for`."""
    from likeness.recogniser.photo_reader import photo_reader_for  # late: only here

    if chosen_runtime(model) == "keras":
        errors().print(
            "This model has no ONNX part, so it starts slowly. Make one: `likeness export MODEL`.",
            style="dim",
            markup=False,
        )
    loaded = open_model(model)
    return loaded, photo_reader_for(faces, cut=cut, model=loaded)


@contextmanager
def recogniser(
    where: str,
    model_reader: tuple["protocol.Model", "PhotoReader"],
    *,
    key_file: Path | None,
    new: bool = False,
) -> Iterator["Recogniser"]:
    """Open a gallery for a model.

    Args:
        where: the gallery.
        model_reader: of `model_and_reader`.
        key_file: holds the gallery's key.
        new: whether a gallery that is not there is made.
    """
    from likeness.recogniser.gallery import create_gallery, open_gallery, read_key
    from likeness.recogniser.recogniser import Recogniser, gallery_model

    loaded, reader = model_reader
    key = read_key(key_file)
    described = gallery_model(loaded)
    opened = (
        create_gallery(where, described, key=key)
        if new
        else open_gallery(where, model=described, key=key)
    )
    with opened as gallery:
        yield Recogniser(model=loaded, gallery=gallery, reader=reader)


def photo_bytes(file: Path) -> bytes:
    """Return the bytes of a photo's file.

    Raises:
        ImageError: it cannot be read, or is too large.
    """
    from likeness.images.decode import read_photo  # late: Pillow

    return read_photo(file)


def warn(what: str) -> None:
    """Say a warning on standard error."""
    errors().print(
        f"Warning: {what}", style="yellow", markup=False, highlight=False, soft_wrap=True
    )
