"""``likeness compare A B``, by ``--model`` or ``--task``: two files, is it the same?"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from likeness.arrays import Images
from likeness.cli.opening import Task, folder_of
from likeness.cli.recognising import NOT_RECOGNISED, Json, warn
from likeness.cli.terminal import check_json_place, output, write_json
from likeness.errors import SettingError

if TYPE_CHECKING:
    from likeness.model.protocol import Model


def compare(
    left: Annotated[Path, typer.Argument(metavar="A", help="A photo, a signature, a drawing.")],
    right: Annotated[Path, typer.Argument(metavar="B", help="Another one.")],
    model: Annotated[Path | None, typer.Option("--model", help="Folder of the model.")] = None,
    task: Task = None,
    prior: Annotated[
        float | None,
        typer.Option(help="How likely the same is beforehand, 0…1; the calibration's if left out."),
    ] = None,
    json_: Json = None,
) -> None:
    """Say whether two files show the same person or writer.

    The model's own preparation reads the files: a model for signatures cuts them to their ink, an
    imported one for faces looks for the eyes if it asks for them. Either --model or --task says
    which model. Exit code 0 if the same, 1 if different, 2 if it could not be tried.
    """
    check_json_place(json_)
    if prior is not None and not 0 < prior < 1:
        raise SettingError(f"--prior: expected a number above 0 and below 1. Received: {prior:g}.")
    folder = folder_of(model, task)
    from likeness.model.opening import open_model
    from likeness.model.shipped import shipped_model
    from likeness.recogniser.comparison import compare as compared  # late: only here

    loaded = open_model(folder) if task is None else shipped_model(task)
    found = compared(loaded, _read(left, loaded), _read(right, loaded), prior=prior)
    if json_ != "-":
        likely = (
            ""
            if found.probability is None
            else f", probability {found.probability:.1%} at a prior of {found.prior:.0%}"
        )
        output().print(
            f"{'same' if found.same else 'different'}: energy {found.energy:.4g}, threshold "
            f"{found.threshold:.4g}{likely}.",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
    for words in found.warnings:
        warn(words)
    named = {} if task is None else {"task": task}
    write_json({"left": str(left), "right": str(right), **named, **found.as_dict()}, json_)
    if not found.same:
        raise typer.Exit(NOT_RECOGNISED)


def _read(file: Path, model: "Model") -> Images:
    """Return a file's pixels, as the model asks for them."""
    from likeness.images.decode import decode_file  # late: Pillow

    if getattr(getattr(model, "preparation", None), "eyes", None) is None:
        return decode_file(file)
    from likeness.cli.recognising import photo_bytes  # late: Pillow
    from likeness.recogniser.photo_reader import photo_reader_for

    reader = photo_reader_for("none", cut=False, model=model)
    return reader.read_face(photo_bytes(file), name=str(file)).pixels
