"""``likeness export MODEL [--int8 --photos DIR]``."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from likeness.cli.arguments import DATA_HELP
from likeness.cli.opening import read_data_for
from likeness.cli.terminal import check_json_place, errors, output, write_json
from likeness.errors import SettingError, require_extra
from likeness.model.folder import IMPORTED_FORMAT, read_document
from likeness.model.parts import parts_of


def export(
    model: Annotated[Path, typer.Argument(help="Folder of a model.")],
    int8: Annotated[
        bool, typer.Option("--int8", help="Make the variant in 8-bit integers, too.")
    ] = False,
    photos: Annotated[
        str | None,
        typer.Option(
            help="For --int8: people it was not trained on. Half of them set the ranges, the "
            f"others measure the loss: {DATA_HELP}"
        ),
    ] = None,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite", help="Make again what is there: with --int8, the int8 variant."
        ),
    ] = False,
    json_: Annotated[
        str | None, typer.Option("--json", help="Write the result here; - for standard output.")
    ] = None,
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
    check_json_place(json_)
    before = read_document(model)
    people = None if photos is None else read_data_for(model, photos)
    from likeness.experiments.exported import export_int8, export_onnx  # late: only here

    loss = None
    with errors().status("Exporting"):
        if "onnx" not in parts_of(before) or (overwrite and not int8):
            _load_keras_for(before)
        document = export_onnx(model, overwrite=overwrite and not int8)
        if people is not None:
            # Its quantiser's own sessions have remarks on other people's graphs.
            require_extra("onnxruntime").set_default_logger_severity(3)
            loss = export_int8(model, people, overwrite=overwrite)
    parts = parts_of(read_document(model))
    if json_ != "-":
        _say(model, parts, fresh=document != before)
        if loss is not None:
            small = parts["int8"]
            size = megabytes(small["bytes"])
            output().print(
                f"Wrote {model / small['file']} ({size}).", soft_wrap=True, highlight=False
            )
            _say_loss(loss)
    result = {
        "format": "likeness.model/1",
        "model": str(model),
        "fingerprint": document["fingerprint"],
        "parts": parts,
    }
    write_json(result, json_)


def _load_keras_for(document: Mapping[str, Any]) -> None:
    from likeness.training.quiet import load_keras  # late: only here

    if document["format"] != IMPORTED_FORMAT:
        load_keras()


def _say(model: Path, parts: Mapping[str, Any], *, fresh: bool) -> None:
    wrote = "Wrote" if fresh else "Already there, and whole:"
    onnx = parts["onnx"]
    size = megabytes(onnx["bytes"])
    output().print(f"{wrote} {model / onnx['file']} ({size}).", soft_wrap=True, highlight=False)


def _say_loss(loss: Mapping[str, Any]) -> None:
    from likeness.evaluation.figures import FigureName, Interval, percent  # late: only for people

    console = output()
    counts = loss["counts"]
    console.print(
        f"Beside float32, on {counts['identities']} people ({counts['genuine_pairs']} genuine "
        f"and {counts['impostor_pairs']:,} impostor pairs; intervals over people):",
        highlight=False,
    )
    exact, rounded = loss["figures"]["float32"], loss["figures"]["int8"]
    for name in exact:
        now, before = (
            f"{percent(figure['mean'])} ({Interval(**figure).ends()})"
            for figure in (rounded[name], exact[name])
        )
        label = FigureName.from_json(name).label
        console.print(f"  {label}: {now} instead of {before}", highlight=False)
    difference = loss["energy_difference"]
    console.print(
        f"  energies differ by {difference['mean']:.4f} on average, {difference['largest']:.4f} at "
        "most.",
        highlight=False,
    )
    console.print(
        "It has no threshold yet: `likeness calibrate MODEL PHOTOS --variant int8`.",
        highlight=False,
    )


def megabytes(size: int) -> str:
    """Return a number of bytes in words."""
    return f"{size / 1e6:.1f} MB" if size >= 100_000 else f"{size / 1e3:.1f} kB"
