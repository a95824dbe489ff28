"""``likeness export MODEL [--int8 --photos DIR]``."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from likeness.cli.opening import read_data_for
from likeness.cli.options import DATA_HELP, Json, ModelFolder, flag
from likeness.cli.terminal import errors, finish
from likeness.errors import SettingError, require_extra
from likeness.evaluation.figures import FigureName, Interval, percent
from likeness.experiments.exported import export_int8, export_onnx
from likeness.model.folder import IMPORTED_FORMAT, parts_of, read_document
from likeness.training.process import load_keras


def export(
    model: ModelFolder,
    int8: Annotated[bool, flag("int8", "Also write a variant in 8-bit integers.")] = False,
    photos: Annotated[
        str | None,
        typer.Option(
            help="For --int8: people the model was not trained on. Half of them set the ranges, "
            f"the others measure the loss of accuracy: {DATA_HELP}"
        ),
    ] = None,
    overwrite: Annotated[
        bool, flag("overwrite", "Replace the existing part; with --int8, the int8 variant.")
    ] = False,
    json_: Json = None,
) -> None:
    """Write the encoder for ONNX Runtime, to run without Keras.

    `likeness train` does it where the exporter is installed (tf2onnx on TensorFlow, onnx on torch).
    --int8 adds a variant of a quarter of the size, and says what accuracy it costs.
    """
    if int8 != (photos is not None):
        raise SettingError(
            "expected --int8 and --photos together: the loss is measured on photos. Received: "
            "only one of them."
        )
    before = read_document(model)
    people = None if photos is None else read_data_for(model, photos)
    loss = None
    with errors().status("Exporting"):
        again = "onnx" not in parts_of(before) or (overwrite and not int8)
        if again and before["format"] != IMPORTED_FORMAT:
            load_keras()
        document = export_onnx(model, overwrite=overwrite and not int8)
        if people is not None:
            # Its quantiser's own sessions have remarks on other people's graphs.
            require_extra("onnxruntime").set_default_logger_severity(3)
            loss = export_int8(model, people, overwrite=overwrite)
    parts = parts_of(read_document(model))
    wrote = "Already there, and whole:" if document == before else "Wrote"
    lines = [_written(wrote, model, parts["onnx"])]
    if loss is not None:
        lines += [_written("Wrote", model, parts["int8"]), *_loss(loss)]
    result = {
        "format": "likeness.model/1",
        "model": str(model),
        "fingerprint": document["fingerprint"],
        "parts": parts,
    }
    finish(result, json_, *lines)


def _written(wrote: str, model: Path, part: Mapping[str, Any]) -> str:
    return f"{wrote} {model / part['file']} ({megabytes(part['bytes'])})."


def _loss(loss: Mapping[str, Any]) -> list[str]:
    counts, difference = loss["counts"], loss["energy_difference"]
    lines = [
        f"Beside float32, on {counts['identities']} people ({counts['genuine_pairs']} genuine "
        f"and {counts['impostor_pairs']:,} impostor pairs; intervals over people):"
    ]
    exact, rounded = loss["figures"]["float32"], loss["figures"]["int8"]
    for name in exact:
        now, before = (
            f"{percent(figure['mean'])} ({Interval(**figure).ends()})"
            for figure in (rounded[name], exact[name])
        )
        lines.append(f"  {FigureName.from_json(name).label}: {now} instead of {before}")
    return [
        *lines,
        f"  energies differ by {difference['mean']:.4f} on average, {difference['largest']:.4f} at "
        "most.",
        "It has no threshold yet: `likeness calibrate MODEL PHOTOS --variant int8`.",
    ]


def megabytes(size: int) -> str:
    """Return a number of bytes in words."""
    return f"{size / 1e6:.1f} MB" if size >= 100_000 else f"{size / 1e3:.1f} kB"
