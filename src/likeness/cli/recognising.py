"""How commands open a recogniser: a model, its photo reader, and a gallery."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from likeness.cli.terminal import note
from likeness.model.opening import chosen_runtime, open_model
from likeness.model.protocol import Model
from likeness.recogniser.gallery import create_gallery, open_gallery, read_key
from likeness.recogniser.photo_reader import PhotoReader, photo_reader_for
from likeness.recogniser.recogniser import Recogniser, gallery_model

NOT_RECOGNISED = 1
"""Exit code of unknown, ambiguous and rejected."""
COULD_NOT_TRY = 2


def model_and_reader(model: Path, *, faces: str, cut: bool) -> tuple[Model, PhotoReader]:
    """Open a model and its photo reader; see `photo_reader_for`."""
    if chosen_runtime(model) == "keras":
        note(
            "This model has no ONNX part, so it starts slowly. Make one: `likeness export MODEL`.",
            style="dim",
        )
    loaded = open_model(model)
    return loaded, photo_reader_for(faces, cut=cut, model=loaded)


@contextmanager
def recogniser(
    where: str,
    model_reader: tuple[Model, PhotoReader],
    *,
    key_file: Path | None,
    new: bool = False,
) -> Iterator[Recogniser]:
    """Open a gallery for a model.

    Args:
        where: the gallery.
        model_reader: of `model_and_reader`.
        key_file: holds the gallery's key.
        new: whether a gallery that does not exist is created.
    """
    loaded, reader = model_reader
    key, described = read_key(key_file), gallery_model(loaded)
    opened = (
        create_gallery(where, described, key=key)
        if new
        else open_gallery(where, model=described, key=key)
    )
    with opened as gallery:
        yield Recogniser(model=loaded, gallery=gallery, reader=reader)
