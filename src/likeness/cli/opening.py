"""How commands open a model: on what runtime, and Keras only where it is needed."""

from pathlib import Path
from typing import Annotated

import typer

from likeness.cli.arguments import read_data
from likeness.cli.terminal import errors
from likeness.datasets import Dataset
from likeness.images.fixed_preparation import FixedPreparation
from likeness.model.folder import read_document
from likeness.model.opening import FaceModel, chosen_runtime, open_model
from likeness.model.preparations import preparation_from_data

Runtime = Annotated[
    str, typer.Option(help="What runs the encoder: onnx, keras, or auto (onnx where it is there).")
]
Variant = Annotated[
    str, typer.Option(help="float32, or int8 where `likeness export --int8` made one.")
]


def check_runs(model: Path, *, runtime: str, variant: str) -> None:
    """Raise unless the folder holds what was asked for, as far as can be told without running.

    Raises:
        ModelError: it does not.
    """
    chosen_runtime(model, runtime=runtime, variant=variant)


def opened(model: Path, *, runtime: str, variant: str) -> FaceModel:
    """Return the model, and say on standard error what runs it.

    Raises:
        ModelError: there is none, or it lacks the part that was asked for.
    """
    chosen = chosen_runtime(model, runtime=runtime, variant=variant)
    if chosen == "keras":
        from likeness.training.quiet import load_keras  # late: only here

        load_keras()
    words = {"onnx": f"ONNX Runtime, {variant}", "keras": "Keras"}
    errors().print(f"Running on {words[chosen]}.", style="dim", highlight=False)
    return open_model(model, runtime=chosen, variant=variant)


def read_data_for(model: Path, data: str) -> Dataset:
    """Return the data set or folder as the model asks for it: by the eyes, or as it is.

    Raises:
        DataError: it cannot be had, or the model asks for eyes and no photo has them.
        ModelError: there is no model in the folder.
    """
    from likeness.experiments.by_the_eyes import by_the_eyes  # late: only with photos

    photos = read_data(data)
    entries = read_document(model)["preparation"]
    preparation = preparation_from_data(entries) if "eyes" in entries else None
    if not isinstance(preparation, FixedPreparation):
        return photos
    with errors().status("Looking for the eyes"):
        return by_the_eyes(photos, preparation)
