"""How commands open a model: on what runtime, and Keras only where it is needed."""

from pathlib import Path
from typing import Annotated

import typer

from likeness.cli.arguments import read_data
from likeness.cli.terminal import errors, note
from likeness.datasets import Dataset
from likeness.errors import SettingError
from likeness.model.opening import chosen_runtime, open_model
from likeness.model.protocol import Model
from likeness.model.shipped import shipped_folder, shipped_tasks

Task = Annotated[
    str | None,
    typer.Option(
        "--task", help=f"Use the model that is included for: {', '.join(shipped_tasks())}."
    ),
]


def folder_of(model: Path | None, task: str | None, *, option: str = "--model") -> Path:
    """Return the folder of the model that is meant.

    Args:
        model: as given.
        task: as given.
        option: what ``model`` is called in this command.

    Raises:
        SettingError: both or none were given, or there is no such task.
    """
    known = ", ".join(shipped_tasks())
    if (model is None) == (task is None):
        received = "neither" if model is None else "both"
        raise SettingError(
            f"{option}, --task: expected one of the two: the folder of a model, or a task that a "
            f"model comes along for ({known}). Received: {received}."
        )
    if task is None:
        assert model is not None
        return model
    if task not in shipped_tasks():
        raise SettingError(f"--task: expected one of {known}. Received: {task!r}.")
    return shipped_folder(task)


def opened(model: Path, *, runtime: str, variant: str) -> Model:
    """Return the model, and say on standard error what runs it.

    Raises:
        ModelError: there is none, or it lacks that variant.
    """
    chosen = chosen_runtime(model, runtime=runtime, variant=variant)
    if chosen == "keras":
        from likeness.training.process import load_keras  # late: only here

        load_keras()
    words = {"onnx": f"ONNX Runtime, {variant}", "keras": "Keras"}
    note(f"Running on {words[chosen]}.", style="dim")
    return open_model(model, runtime=chosen, variant=variant)


def read_data_for(model: Path, data: str) -> Dataset:
    """Return the data set or folder as the model asks for it: its faces aligned, or as it is.

    Raises:
        DataError: it cannot be had, or the model wants faces and no photo has one.
        ModelError: there is no model in the folder, or it is damaged.
    """
    from likeness.experiments.aligned_faces import aligned_faces  # late: only with photos
    from likeness.model.alignment import alignment_in

    alignment = alignment_in(model)
    photos = read_data(data)
    if alignment is None:
        return photos
    with errors().status("Looking for the faces"):
        return aligned_faces(photos, alignment)
