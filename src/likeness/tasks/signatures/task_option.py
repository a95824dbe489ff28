"""``--model`` or ``--task``: a model's folder, or a model that comes with the package."""

from pathlib import Path
from typing import Annotated

import typer

from likeness.errors import SettingError
from likeness.tasks.signatures.shipped import TASKS, shipped_folder

Task = Annotated[
    str | None,
    typer.Option("--task", help=f"Take the model that comes along for: {', '.join(TASKS)}."),
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
    if (model is None) == (task is None):
        received = "neither" if model is None else "both"
        raise SettingError(
            f"{option}, --task: expected one of the two: the folder of a model, or a task that a "
            f"model comes along for ({', '.join(TASKS)}). Received: {received}."
        )
    if model is not None:
        return model
    if task not in TASKS:
        raise SettingError(f"--task: expected one of {', '.join(TASKS)}. Received: {task!r}.")
    return shipped_folder(task)
