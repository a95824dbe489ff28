"""``python -m benchmarks.shipped TASK MODEL``: make a trained model the one that is shipped.

What is needed to run it is taken over: ``model.json``, one ONNX part, and the card.
"""

from pathlib import Path
from typing import Annotated, Any

import typer

from likeness.errors import LikenessError, ModelError, OutputError, SettingError
from likeness.files import check_new_folder, whole_folder, write_files
from likeness.model.folder import FILES, model_texts, parts_of, read_document, read_part
from likeness.model.shipped import shipped_folder, shipped_model, shipped_tasks

MOST_BYTES = 8_000_000
"""Of all shipped models together."""

VARIANTS = {"float32": "onnx", "int8": "int8"}


def ship(task: str, model: Path, *, variant: str = "auto", within: Path | None = None) -> Path:
    """Write the shipped folder of a task, completely or not at all; equal models give equal files.

    Args:
        task: one of `shipped_tasks`.
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
    document = read_document(model)
    chosen = _variant(document, variant)
    texts = model_texts(_kept(document, chosen, model))
    data = read_part(model, VARIANTS[chosen], document)
    size = len(data) + sum(len(text.encode()) for text in texts.values())
    others = sum(
        bytes_of(shipped_folder(other, within=within)) for other in shipped_tasks() if other != task
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


def _variant(document: dict[str, Any], wanted: str) -> str:
    if wanted not in ("auto", *VARIANTS):
        expected = ", ".join(("auto", *VARIANTS))
        raise SettingError(f"variant: expected one of {expected}. Received: {wanted!r}.")
    if wanted != "auto":
        return wanted
    own = parts_of(document).get("int8", {})
    return "float32" if own.get("threshold") is None else "int8"


def _kept(document: dict[str, Any], variant: str, model: Path) -> dict[str, Any]:
    """Return ``model.json`` with one part; its threshold and calibration are those of that part."""
    name = VARIANTS[variant]
    parts = parts_of(document)
    if name not in parts:
        raise ModelError(f"{model} has no {variant} part. Make it with `likeness export`.")
    kept = {key: value for key, value in document.items() if key != "no_onnx"}
    kept["parts"] = {name: parts[name]}
    if variant == "int8":
        kept["threshold"] = parts[name].get("threshold")
        kept["calibration"] = parts[name].get("calibration", {})
    if kept["threshold"] is None:
        raise ModelError(
            f"{model}: expected a model with a threshold, since a shipped one has to decide. "
            "Choose one with `likeness calibrate`."
        )
    if not document.get("about", {}).get("licence"):
        raise ModelError(
            f"{model}: expected a model whose card names its licence, since it is passed on. Give "
            "it one with `likeness card MODEL --licence LICENCE`."
        )
    return kept


def main(
    task: Annotated[str, typer.Argument(help=f"{', '.join(shipped_tasks())}.")],
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
