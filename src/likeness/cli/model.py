"""``likeness model ...``: import a public encoder, and show what a model's folder holds."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from likeness.cli.export import megabytes
from likeness.cli.opening import Task, folder_of
from likeness.cli.options import Json, Out, Overwrite, flag
from likeness.cli.terminal import output, reading_bar, say, write_json
from likeness.errors import LikenessError, ModelError, SettingError
from likeness.images.fixed_preparation import FixedPreparation
from likeness.model.folder import WITH_A_CARD, parts_of, read_document, read_part
from likeness.model.imported import import_model
from likeness.model.preparations import preparation_from_data
from likeness.tasks import registry


def import_(
    file: Annotated[Path, typer.Argument(help="The encoder, an ONNX file.")],
    size: Annotated[str, typer.Option(help="Its input, columns × rows, such as 112x112.")],
    licence: Annotated[
        str, typer.Option(help="Its licence: text, or an SPDX identifier such as MIT.")
    ],
    out: Out,
    layout: Annotated[str, typer.Option(help="nchw (channels first) or nhwc.")] = "nchw",
    channels: Annotated[str, typer.Option(help="rgb, bgr or grey.")] = "rgb",
    mean: Annotated[
        str, typer.Option(help="Subtracted from the pixels: one number, or one per channel.")
    ] = "127.5",
    scale: Annotated[
        str, typer.Option(help="The pixels are divided by it: one number, or one per channel.")
    ] = "127.5",
    eyes: Annotated[
        str | None,
        typer.Option(
            help="Position of the eyes in its input, such as 38.3,51.7,73.5,51.5: column and row "
            "of the left one, then of the right one."
        ),
    ] = None,
    energy: Annotated[
        str, typer.Option(help="cosine, euclidean, squared_euclidean or manhattan.")
    ] = "cosine",
    name: Annotated[
        str | None, typer.Option(help="The model's name. Default: the file's name.")
    ] = None,
    overwrite: Overwrite = False,
    json_: Json = None,
) -> None:
    """Import a public face encoder (ArcFace, SFace, …).

    It is tried on drawn faces, and can then be evaluated, calibrated and used like a model trained
    here. Its documentation says which size, channels, mean and scale it was trained with.
    """
    columns, rows = _size(size)
    preparation = FixedPreparation(
        rows=rows,
        columns=columns,
        colours=channels,
        layout=layout,
        mean=_numbers(mean, "--mean"),
        scale=_numbers(scale, "--scale"),
        eyes=None if eyes is None else _eyes(eyes),
    )
    import_model(
        file,
        out,
        preparation=preparation,
        licence=licence,
        energy=energy,
        name=name,
        overwrite=overwrite,
    )
    document = _summary(out)
    if json_ != "-":
        _tell(document)
        say(f"Written to {out}. It has no threshold: choose one with `likeness calibrate`.")
    write_json(document, json_)


def get(
    name: Annotated[str | None, typer.Argument(help="Its name; see --list.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder to write the model to.")] = None,
    path: Annotated[
        Path | None, typer.Option(help="Folder with its files. Default: look for them.")
    ] = None,
    list_: Annotated[bool, flag("list", "List the encoders that can be had.")] = False,
    offline: Annotated[bool, flag("offline", "Do not download anything.")] = False,
    overwrite: Overwrite = False,
    json_: Json = None,
) -> None:
    """Get a public face encoder by name, ready for the door.

    Its weights are looked for in an installed package (`[faces]`), in the cache and at their
    author's, and count only with the right SHA-256.
    """
    from likeness.model.public import PUBLIC_ENCODERS, get_model  # late: the conversion

    if list_:
        for encoder in PUBLIC_ENCODERS.values():
            say(f"{encoder.name}: {encoder.about}")
            say(f"    licence: {encoder.licence}")
            say(f"    learned from: {encoder.training_photos}")
            say(f"    not for: {encoder.not_for}")
            for file in encoder.files:
                say(f"    {file.name}, {megabytes(file.size)}, SHA-256 {file.sha256}")
        return
    if name is None or out is None:
        raise SettingError(
            "model get: expected a name and --out FOLDER, or --list. Example: "
            "`likeness model get dlib --out faces`."
        )
    with reading_bar(f"Getting {name}") as tell:
        get_model(name, out, path=path, offline=offline, overwrite=overwrite, on_progress=tell)
    document = _summary(out)
    if json_ != "-":
        _tell(document)
        say(
            f"Written to {out}. Its threshold was measured on the AT&T faces, not with your camera:"
            " choose yours with `likeness calibrate`."
        )
    write_json(document, json_)


def show(
    model: Annotated[Path | None, typer.Argument(help="Folder of a model.")] = None,
    task: Task = None,
    json_: Json = None,
) -> None:
    """Say what a model's folder holds, and check its ONNX parts."""
    document = _summary(folder_of(model, task, option="MODEL"))
    if json_ != "-":
        _tell(document)
    write_json(document, json_)


def _summary(folder: Path) -> dict[str, Any]:
    """Return what a model's folder holds, without running the model.

    Raises:
        ModelError: there is none, or a part is damaged or does not belong to it.
    """
    document = read_document(folder, formats=WITH_A_CARD)
    parts = parts_of(document)
    for name in parts:
        read_part(folder, name, document)
    keras = folder / "encoder.keras"
    if keras.is_file():
        parts = {"keras": {"file": keras.name, "bytes": keras.stat().st_size}, **parts}
    record = document.get("record", {})
    return {
        "format": "likeness.model-summary/1",
        "model": str(folder),
        "name": document.get("name", folder.resolve().name),
        "model_format": document["format"],
        "fingerprint": document["fingerprint"],
        "made": "imported" if "imported" in record else "trained",
        "licence": document.get("licence") or document.get("about", {}).get("licence"),
        "data": {
            key: record["data"][key] for key in ("name", "licence") if key in record.get("data", {})
        },
        "preparation": document["preparation"],
        "energy": document["energy"],
        "embedding_size": document.get("embedding_size"),
        "threshold": document["threshold"],
        **({"tracker": document["tracker"]} if "tracker" in document else {}),
        "calibration": document.get("calibration", {}),
        "parts": parts,
        "no_onnx": document.get("no_onnx"),
    }


def _tell(document: Mapping[str, Any]) -> None:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, text in _lines(document):
        table.add_row(name, text)
    output().print(table)


def _lines(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    lines = [
        ("name", f"{document['name']} ({document['made']})"),
        ("format", document["model_format"]),
        ("fingerprint", document["fingerprint"]),
        *_of_format(document),
        ("licence", _licence(document)),
    ]
    for name, part in document["parts"].items():
        lines.append((name, f"{part['file']}, {megabytes(part['bytes'])}{_int8(name, part)}"))
    if document["no_onnx"] and "onnx" not in document["parts"]:
        lines.append(("onnx", f"none: {document['no_onnx']}"))
    elif "keras" in document["parts"] and "onnx" not in document["parts"]:
        lines.append(("onnx", "none; make it with `likeness export MODEL`"))
    return lines


def _of_format(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    if document["model_format"] not in registry.names("summary"):
        return [
            ("preparation", _preparation(document)),
            ("embedding", f"{document['embedding_size']} numbers, {document['energy']} energy"),
            ("threshold", _threshold(document)),
        ]
    lines: list[tuple[str, str]] = registry.load("summary", document["model_format"])(document)
    return lines


def _preparation(document: Mapping[str, Any]) -> str:
    try:
        return preparation_from_data(document["preparation"]).in_words()
    except (LikenessError, TypeError) as error:
        raise ModelError(
            f"{document['model']} holds a damaged model: {error}. Restore it or make it again."
        ) from error


def _threshold(document: Mapping[str, Any]) -> str:
    if document["threshold"] is None:
        return "none; choose one with `likeness calibrate MODEL PHOTOS`"
    sentences = document["calibration"].get("sentences", ())
    promise = sentences[0] if sentences else "Chosen in training, for accuracy on balanced pairs."
    return f"{document['threshold']:.4g}. {promise}"


def _licence(document: Mapping[str, Any]) -> str:
    if document["licence"]:
        return str(document["licence"])
    if "licence" in document["data"]:
        return f"not stated; of its data ({document['data']['name']}): " + str(
            document["data"]["licence"]
        )
    return "not stated"


def _int8(name: str, part: Mapping[str, Any]) -> str:
    if name != "int8":
        return ""
    threshold = part.get("threshold")
    text = "no threshold of its own yet" if threshold is None else f"threshold {threshold:.4g}"
    if "loss" not in part:
        return f"; {text}"
    figures = part["loss"]["figures"]
    before, after = (100 * figures[kind]["eer"]["mean"] for kind in ("float32", "int8"))
    return f", EER {after:.1f} % instead of {before:.1f} %; {text}"


def _size(word: str) -> tuple[int, int]:
    """Read «112x112» or «92×112»: columns, rows."""
    columns, _, rows = word.lower().replace("×", "x").partition("x")
    if not (columns.strip().isdecimal() and rows.strip().isdecimal()):
        raise SettingError(
            f"--size: expected columns and rows such as 112x112. Received: {word!r}."
        )
    return int(columns), int(rows)


def _numbers(word: str, option: str) -> tuple[float, ...]:
    """Read «127.5» or «104,117,123»."""
    try:
        return tuple(float(number) for number in word.split(","))
    except ValueError as error:
        raise SettingError(
            f"{option}: expected a number, or one per channel by commas. Received: {word!r}."
        ) from error


def _eyes(word: str) -> tuple[float, float, float, float]:
    """Read «38.3,51.7,73.5,51.5»."""
    try:
        left_column, left_row, right_column, right_row = map(float, word.split(","))
    except ValueError as error:
        raise SettingError(
            "--eyes: expected four numbers by commas, column and row of the left eye and of the "
            f"right one, such as 38.3,51.7,73.5,51.5. Received: {word!r}."
        ) from error
    return (left_column, left_row, right_column, right_row)
