"""Task → the folder of its model, in the package."""

from pathlib import Path

from likeness.errors import SettingError
from likeness.model.folder import read_document
from likeness.model.opening import FaceModel, open_model
from likeness.model.parts import parts_of

FOLDERS = Path(__file__).parent / "shipped_models"
"""Where the folders of the models lie."""

TASKS = {"signatures": "are two signatures of one name by the same writer?"}
"""What there is a model for, and the question that it answers."""


def shipped_folder(task: str, *, within: Path = FOLDERS) -> Path:
    """Return the folder of a task's model.

    Args:
        task: one of `TASKS`.
        within: where the folders lie.

    Raises:
        SettingError: there is no such task.
    """
    if task not in TASKS:
        known = "; ".join(f"{name} ({question})" for name, question in TASKS.items())
        raise SettingError(f"task: expected one of these: {known}. Received: {task!r}.")
    return within / task


def shipped_model(task: str, *, threads: int = 1, within: Path = FOLDERS) -> FaceModel:
    """Open a task's model on ONNX Runtime: float32, or int8 where that is what there is.

    Args:
        task: one of `TASKS`.
        threads: of ONNX Runtime, 1…256.
        within: where the folders lie.

    Raises:
        SettingError: there is no such task.
        ModelError: its folder is not there, or its parts do not belong together.

    >>> shipped_model("signatures").runtime
    'onnx'
    """
    folder = shipped_folder(task, within=within)
    variant = "float32" if "onnx" in parts_of(read_document(folder)) else "int8"
    return open_model(folder, runtime="onnx", variant=variant, threads=threads)
