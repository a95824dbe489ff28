"""What the commands of the recogniser share: model, gallery, key, faces."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from likeness.cli._terminal import errors
from likeness.errors import ImageError
from likeness.runtime import chosen_runtime, open_model

if TYPE_CHECKING:
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


@contextmanager
def recogniser(
    where: str, model: Path, *, key_file: Path | None, faces: str, cut: bool, new: bool = False
) -> Iterator["Recogniser"]:
    """Open the model and its gallery.

    Args:
        where: the gallery.
        model: its folder.
        key_file: holds the gallery's key.
        faces, cut: see `likeness.recogniser.sight.sight_for`.
        new: whether a gallery that is not there is made.
    """
    from likeness.recogniser.gallery import create_gallery, open_gallery, read_key
    from likeness.recogniser.recogniser import Recogniser, gallery_model
    from likeness.recogniser.sight import sight_for

    key = read_key(key_file)
    if chosen_runtime(model) == "keras":
        errors().print(
            "This model has no ONNX part, so it starts slowly. Make one: `likeness export MODEL`.",
            style="dim",
            markup=False,
        )
    loaded = open_model(model)
    seeing = sight_for(faces, cut=cut, model=loaded)  # before a gallery is made
    described = gallery_model(loaded)
    opened = (
        create_gallery(where, described, key=key)
        if new
        else open_gallery(where, model=described, key=key)
    )
    with opened as gallery:
        yield Recogniser(model=loaded, gallery=gallery, sight=seeing)


def photo_bytes(file: Path) -> bytes:
    """Return the bytes of a photo's file.

    Raises:
        ImageError: it cannot be read, or is too large.
    """
    from likeness.images.decode import MOST_BYTES  # late: Pillow

    try:
        if file.stat().st_size > MOST_BYTES:
            raise ImageError(
                f"expected a photo of at most {MOST_BYTES // 2**20} MiB. Received: {file}."
            )
        return file.read_bytes()
    except OSError as error:
        raise ImageError(
            f"expected a photo. Received: {file} (cannot be read: {error.strerror})."
        ) from error


def warn(what: str) -> None:
    """Say a warning on standard error."""
    errors().print(
        f"Warning: {what}", style="yellow", markup=False, highlight=False, soft_wrap=True
    )
