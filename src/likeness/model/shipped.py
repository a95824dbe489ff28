"""The models included in the package, each by the name of its task."""

from dataclasses import dataclass
from pathlib import Path

from likeness.errors import SettingError
from likeness.model.folder import SavedModel
from likeness.model.opening import open_model
from likeness.model.protocol import Model
from likeness.tasks import registry


@dataclass(frozen=True, kw_only=True)
class ShippedModel:
    """A model in the package.

    Args:
        folder: of the model.
        question: that it answers.
    """

    folder: Path
    question: str


def shipped_folder(task: str, *, within: Path | None = None) -> Path:
    """Return the folder of a task's model.

    Args:
        task: one of ``registry.names("shipped")``.
        within: the folder that holds the folders of all tasks, each by its name; in the package if
            not given.

    Raises:
        SettingError: there is no such task.
    """
    models: dict[str, ShippedModel] = {
        name: registry.load("shipped", name) for name in registry.names("shipped")
    }
    try:
        folder = models[task].folder
    except KeyError:
        known = "; ".join(f"{name} ({model.question})" for name, model in models.items())
        raise SettingError(f"task: expected one of these: {known}. Received: {task!r}.") from None
    return folder if within is None else within / task


def shipped_model(task: str, *, threads: int = 1, within: Path | None = None) -> Model:
    """Open a task's model on ONNX Runtime: float32, or int8 if only that exists.

    Args:
        task: one of ``registry.names("shipped")``.
        threads: of ONNX Runtime, 1…256.
        within: the folder that holds the folders of all tasks; in the package if not given.

    Raises:
        SettingError: there is no such task.
        ModelError: its folder is not there, or its parts do not belong together.

    >>> shipped_model("signatures").runtime
    'onnx'
    """
    folder = shipped_folder(task, within=within)
    variant = "float32" if "onnx" in SavedModel.read(folder).parts else "int8"
    return open_model(folder, runtime="onnx", variant=variant, threads=threads)
