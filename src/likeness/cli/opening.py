"""How commands open a model or a recogniser, and how training commands report their model.

Keras is loaded only where it is needed.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from likeness.cli import options, terminal
from likeness.datasets import Dataset, OnPhoto, OnProgress
from likeness.errors import SettingError
from likeness.images.preparation import preparation_from_data
from likeness.model.folder import SavedModel
from likeness.model.opening import chosen_runtime, open_model
from likeness.model.protocol import Model
from likeness.model.shipped import shipped_folder
from likeness.recogniser.gallery import GalleryKey, GalleryModel, create_gallery, open_gallery
from likeness.recogniser.photo_reader import PhotoReader
from likeness.recogniser.recogniser import Recogniser
from likeness.tasks import registry

Task = Annotated[
    str | None,
    typer.Option(
        "--task",
        help=f"Use the model that is included for: {', '.join(registry.names('shipped'))}.",
    ),
]


def folder_of(model: Path | None, task: str | None, *, option: str = "--model") -> Path:
    """Return the model's folder.

    Args:
        model: as given.
        task: as given.
        option: name of ``model`` in this command.

    Raises:
        SettingError: both or neither were given, or there is no such task.
    """
    known = ", ".join(registry.names("shipped"))
    if (model is None) == (task is None):
        received = "neither" if model is None else "both"
        raise SettingError(
            f"{option}, --task: expected one of the two: the folder of a model, or a task that a "
            f"model is included for ({known}). Received: {received}."
        )
    if task is None:
        assert model is not None
        return model
    if task not in registry.names("shipped"):
        raise SettingError(f"--task: expected one of {known}. Received: {task!r}.")
    return shipped_folder(task)


def opened(model: Path, *, runtime: str, variant: str) -> Model:
    """Return the model, and print its runtime on standard error.

    Raises:
        ModelError: there is no model, or it lacks that variant.
    """
    chosen = chosen_runtime(model, runtime=runtime, variant=variant)
    if chosen == "keras":
        from likeness.training.process import load_keras  # late: only here

        load_keras()
    words = {"onnx": f"ONNX Runtime, {variant}", "keras": "Keras"}
    terminal.note(f"Running on {words[chosen]}.", style="dim")
    return open_model(model, runtime=chosen, variant=variant)


def read_data_for(
    model: Path,
    data: str,
    *,
    on_progress: OnProgress | None = None,
    on_photo: OnPhoto | None = None,
) -> Dataset:
    """Return the data set or folder as the model reads photos: its channels, size and alignment.

    Args:
        model: its folder.
        data: the word or the path.
        on_progress, on_photo: of `read_data`.

    Raises:
        DataError: it is not available, or the model needs faces and no photo has one.
        ModelError: there is no model in the folder, or it is damaged.
    """
    from likeness.experiments.aligned_faces import FaceAligner  # late: only with photos
    from likeness.model.alignment import alignment_of

    saved = SavedModel.read(model)
    alignment = alignment_of(saved)
    if alignment is None:
        preparation = preparation_from_data(saved.preparation)
        return options.read_data(
            data, preparation=preparation, on_progress=on_progress, on_photo=on_photo
        )
    if options.is_named(data):
        with terminal.errors().status("Looking for the faces"):
            return FaceAligner(alignment).faces_of(options.read_data(data))
    return options.read_data(
        data,
        face=FaceAligner(alignment),
        on_progress=on_progress,
        on_photo=on_photo,
    )


NOT_RECOGNISED = 1
"""Exit code of unknown, ambiguous and rejected."""
COULD_NOT_TRY = 2


def model_and_reader(model: Path, *, faces: str, cut: bool) -> tuple[Model, PhotoReader]:
    """Open a model and its photo reader; see `PhotoReader.for_model`."""
    if chosen_runtime(model) == "keras":
        terminal.note(
            "This model has no ONNX part, so it starts slowly. Make one: `likeness export MODEL`.",
            style="dim",
        )
    loaded = open_model(model)
    return loaded, PhotoReader.for_model(loaded, faces=faces, cut=cut)


@contextmanager
def recogniser(
    where: str,
    model_reader: tuple[Model, PhotoReader],
    *,
    key_file: Path | None,
    new: bool = False,
) -> Iterator[Recogniser]:
    """Open a gallery for a model; photos are read as the gallery's were, if no option says how.

    Args:
        where: the gallery.
        model_reader: of `model_and_reader`.
        key_file: holds the gallery's key.
        new: whether a gallery that does not exist is created.
    """
    loaded, reader = model_reader
    key, described = GalleryKey.read(key_file), GalleryModel.of(loaded)
    opened = (
        create_gallery(where, described, key=key)
        if new
        else open_gallery(where, model=described, key=key)
    )
    with opened as gallery:
        follows = reader.following(gallery.capture())
        yield Recogniser(model=loaded, gallery=gallery, reader=follows)


def training_document(model: Any, folder: Path) -> dict[str, Any]:
    """Return the record of a training as JSON values.

    Args:
        model: that was trained.
        folder: it was saved to.
    """
    return {
        "format": "likeness.training/1",
        "model": str(folder),
        "fingerprint": model.fingerprint,
        "threshold": model.threshold,
        **{key: value for key, value in model.record.items() if key != "threshold"},
        "threshold_evidence": model.record["threshold"],
        "no_onnx": SavedModel.read(folder).no_onnx,
    }


def finish_training(document: Mapping[str, Any], json_: str | None, *lines: str) -> None:
    """Say what was learned and where the model is, and write its record as JSON.

    Args:
        document: the record: ``interrupted`` (Ctrl-C ended the training early), ``fingerprint``,
            ``model`` (the folder it was saved to) and ``no_onnx`` (why it has no ONNX part, or
            None) are in it.
        json_: the file of `--json`.
        lines: the result, in sentences.
    """
    if json_ != "-":
        if document["interrupted"]:
            terminal.say("Stopped early: these are the best weights so far.", style="yellow")
        folder = Path(document["model"])
        terminal.say(*lines, f"Model {document['fingerprint'][:12]} written to {folder}")
        terminal.say(f"Its card: {folder / 'card.md'}")
        if document["no_onnx"]:
            terminal.say(f"It has no ONNX part: {document['no_onnx']}", style="yellow")
    terminal.finish(document, json_)
