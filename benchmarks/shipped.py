"""``python -m benchmarks.shipped TASK MODEL``: make a trained model the one that is shipped.

What is needed to run it is taken over: ``model.json``, one ONNX part, and the card.
"""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from likeness.errors import LikenessError, ModelError, OutputError, SettingError
from likeness.files import check_new_folder, whole_folder, write_files
from likeness.model.folder import FILES, SavedModel
from likeness.model.shipped import shipped_folder, shipped_model
from likeness.tasks import registry

MOST_BYTES = 8_000_000
"""Of all shipped models together."""

VARIANTS = {"float32": "onnx", "int8": "int8"}


def ship(task: str, model: Path, *, variant: str = "auto", within: Path | None = None) -> Path:
    """Write the shipped folder of a task, completely or not at all; equal models give equal files.

    Args:
        task: one of ``registry.names("shipped")``.
        model: folder of a trained model with a threshold, and a licence on its card.
        variant: "float32", "int8", or "auto": int8 where there is one with a threshold of its
            own, else float32.
        within: the folder that holds the folders of all tasks; in the package if not given.

    Raises:
        SettingError: there is no such task or variant.
        ModelError: there is no such model, it lacks the part, a threshold or a licence, or its
            parts do not belong together.
        OutputError: it would be too large, or cannot be written.
    """
    folder = shipped_folder(task, within=within)
    saved = SavedModel.read(model)
    chosen = _variant(saved, variant)
    texts = _kept(saved, chosen).texts()
    data = saved.read_part(VARIANTS[chosen])
    size = len(data) + sum(len(text.encode()) for text in texts.values())
    others = sum(
        bytes_of(shipped_folder(other, within=within))
        for other in registry.names("shipped")
        if other != task
    )
    if size + others > MOST_BYTES:
        raise OutputError(
            f"{folder}: expected at most {MOST_BYTES:,} bytes of shipped models together. "
            f"Received: {size + others:,}. Train a smaller one, or ship its int8 variant."
        )
    check_new_folder(folder, overwrite=True)
    with whole_folder(folder) as fresh:
        write_files(fresh, {FILES[VARIANTS[chosen]]: data, **texts})
    return folder


def bytes_of(folder: Path) -> int:
    """Return the bytes of a folder's files; 0 if there is none."""
    return sum(file.stat().st_size for file in folder.glob("*") if file.is_file())


def _variant(saved: SavedModel, wanted: str) -> str:
    if wanted not in ("auto", *VARIANTS):
        expected = ", ".join(("auto", *VARIANTS))
        raise SettingError(f"variant: expected one of {expected}. Received: {wanted!r}.")
    if wanted != "auto":
        return wanted
    own = saved.parts.get("int8", {})
    return "float32" if own.get("threshold") is None else "int8"


def _kept(saved: SavedModel, variant: str) -> SavedModel:
    """Return the model with one part; its threshold and calibration are those of that part."""
    name = VARIANTS[variant]
    if name not in saved.parts:
        raise ModelError(f"{saved.folder} has no {variant} part. Make it with `likeness export`.")
    part = saved.parts[name]
    kept = replace(saved, parts={name: part}, no_onnx=None)
    if variant == "int8":
        kept = replace(
            kept, threshold=part.get("threshold"), calibration=part.get("calibration", {})
        )
    if kept.threshold is None:
        raise ModelError(
            f"{saved.folder}: expected a model with a threshold, since a shipped one has to "
            "decide. Choose one with `likeness calibrate`."
        )
    if not saved.about.get("licence"):
        raise ModelError(
            f"{saved.folder}: expected a model whose card names its licence, since it is passed "
            "on. Give it one with `likeness card MODEL --licence LICENCE`."
        )
    return kept


def main(
    task: Annotated[str, typer.Argument(help=f"{', '.join(registry.names('shipped'))}.")],
    model: Annotated[Path, typer.Argument(help="Folder of a trained model.")],
    variant: Annotated[str, typer.Option(help="auto, float32 or int8.")] = "auto",
) -> None:
    """Replace a task's shipped model."""
    try:
        folder = ship(task, model, variant=variant)
    except LikenessError as error:
        typer.echo(f"benchmarks.shipped: {error}", err=True)
        raise typer.Exit(2) from error
    opened = shipped_model(task)
    typer.echo(f"{folder}: {opened.fingerprint[:12]}, {bytes_of(folder):,} bytes")


if __name__ == "__main__":
    typer.run(main)
