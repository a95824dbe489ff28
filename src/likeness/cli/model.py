"""``likeness model ...``, ``export`` and ``card``: what a saved model holds, and its forms."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Self

import typer
from rich.markdown import Markdown
from rich.table import Table

from likeness.cli import opening, options, terminal
from likeness.errors import LikenessError, ModelError, OutputError, SettingError, require_extra
from likeness.experiments.exported import export_int8, export_onnx
from likeness.files import check_writable_file, check_writable_folder
from likeness.images.preparation import FixedPreparation, preparation_from_data
from likeness.model.card import card_markdown, check_result, model_card
from likeness.model.folder import IMPORTED_FORMAT, WITH_A_CARD, SavedModel
from likeness.model.imported import import_model
from likeness.reports.html import write_card_page
from likeness.tasks import registry
from likeness.training.process import load_keras


def _import(
    file: Annotated[Path, typer.Argument(help="The encoder, an ONNX file.")],
    size: Annotated[str, typer.Option(help="Its input, columns × rows, such as 112x112.")],
    licence: Annotated[
        str, typer.Option(help="Its licence: text, or an SPDX identifier such as MIT.")
    ],
    out: options.Out,
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
    overwrite: options.Overwrite = False,
    json_: options.Json = None,
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
        version=2,
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
    summary = _Summary.of(out)
    if json_ != "-":
        summary.tell()
        terminal.say(
            f"Written to {out}. It has no threshold: choose one with `likeness calibrate`."
        )
    terminal.finish(summary.to_json(), json_)


def _get(
    name: Annotated[str | None, typer.Argument(help="Its name; see --list.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder to write the model to.")] = None,
    path: Annotated[
        Path | None, typer.Option(help="Folder with its files. Default: search for them.")
    ] = None,
    list_: Annotated[bool, options.flag("list", "List the available encoders.")] = False,
    offline: Annotated[bool, options.flag("offline", "Do not download anything.")] = False,
    overwrite: options.Overwrite = False,
    json_: options.Json = None,
) -> None:
    """Get a public face encoder by name, or the detector yunet.

    Its weights are searched in an installed package (`[faces]`), in the cache and at the author's
    site, and are accepted only with the right SHA-256.
    """
    from likeness.model import public  # late: the conversion

    detector = public.YUNET
    if list_:
        for encoder in public.PUBLIC_ENCODERS.values():
            terminal.say(f"{encoder.name}: {encoder.about}")
            terminal.say(f"    licence: {encoder.licence}")
            terminal.say(f"    learned from: {encoder.training_photos}")
            terminal.say(f"    not for: {encoder.not_for}")
            for file in encoder.files:
                terminal.say(f"    {file.name}, {_megabytes(file.size)}, SHA-256 {file.sha256}")
        terminal.say(
            "yunet: YuNet (Wu et al., 2023), the face detector; every command then uses it"
        )
        terminal.say("    licence: MIT")
        terminal.say(f"    {detector.name}, {_megabytes(detector.size)}, SHA-256 {detector.sha256}")
        return
    if name == "yunet":
        with terminal.reading_bar("Getting yunet") as tell:
            stored = public.YUNET.cache(path=path, offline=offline, on_progress=tell)
        document = {
            "format": "likeness.detector/1",
            "file": str(stored),
            "sha256": detector.sha256,
        }
        terminal.finish(
            document, json_, f"{stored}: models that need aligned faces now find them with it."
        )
        return
    if name is None or out is None:
        raise SettingError(
            "model get: expected a name and --out FOLDER, or --list. Example: "
            "`likeness model get dlib --out faces`."
        )
    with terminal.reading_bar(f"Getting {name}") as tell:
        public.get_model(
            name, out, path=path, offline=offline, overwrite=overwrite, on_progress=tell
        )
    summary = _Summary.of(out)
    if json_ != "-":
        summary.tell()
        terminal.say(
            f"Written to {out}. It has no threshold: choose one with `likeness calibrate`."
            if summary.threshold is None
            else f"Written to {out}. Its threshold was measured on the AT&T faces, not with your "
            "camera: choose yours with `likeness calibrate`."
        )
    terminal.finish(summary.to_json(), json_)


def _show(
    model: Annotated[Path | None, typer.Argument(help="Folder of a model.")] = None,
    task: opening.Task = None,
    json_: options.Json = None,
) -> None:
    """Show the contents of a model's folder, and check its ONNX parts."""
    summary = _Summary.of(opening.folder_of(model, task, option="MODEL"))
    if json_ != "-":
        summary.tell()
    terminal.finish(summary.to_json(), json_)


@dataclass(frozen=True, kw_only=True)
class _Summary:
    """What a model's folder holds, read without running the model; see `to_json` for its names."""

    model: str
    name: str
    model_format: str
    fingerprint: str
    made: str
    licence: str | None
    data: Mapping[str, str]
    preparation: Mapping[str, object]
    energy: str
    embedding_size: int | None
    threshold: float | None
    tracker: Mapping[str, object] | None
    calibration: Mapping[str, Any]
    parts: Mapping[str, Mapping[str, Any]]
    no_onnx: str | None

    @classmethod
    def of(cls, folder: Path) -> Self:
        """Read a model's folder.

        Raises:
            ModelError: there is no model, or a part is damaged or does not belong to it.
        """
        saved = SavedModel.read(folder, formats=WITH_A_CARD)
        parts = dict(saved.parts)
        for name in parts:
            saved.read_part(name)
        keras = folder / "encoder.keras"
        if keras.is_file():
            parts = {"keras": {"file": keras.name, "bytes": keras.stat().st_size}, **parts}
        record = saved.record
        data = record.get("data", {})
        return cls(
            model=str(folder),
            name=saved.name or folder.resolve().name,
            model_format=saved.format,
            fingerprint=saved.fingerprint,
            made="imported" if "imported" in record else "trained",
            licence=saved.licence or saved.about.get("licence"),
            data={key: data[key] for key in ("name", "licence") if key in data},
            preparation=saved.preparation,
            energy=saved.energy,
            embedding_size=saved.embedding_size,
            threshold=saved.threshold,
            tracker=saved.others.get("tracker"),
            calibration=saved.calibration,
            parts=parts,
            no_onnx=saved.no_onnx,
        )

    def to_json(self) -> Mapping[str, object]:
        """Return JSON values."""
        document = {"format": "likeness.model-summary/1", **vars(self)}
        if self.tracker is None:
            del document["tracker"]
        return document

    def tell(self) -> None:
        """Print it for people."""
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
        table.add_column(style="dim", no_wrap=True)
        table.add_column(overflow="fold")
        for name, text in self._lines():
            table.add_row(name, text)
        terminal.output().print(table)

    def _lines(self) -> list[tuple[str, str]]:
        lines = [
            ("name", f"{self.name} ({self.made})"),
            ("format", self.model_format),
            ("fingerprint", self.fingerprint),
            *self._of_format(),
            ("licence", self._licence()),
        ]
        for name, part in self.parts.items():
            lines.append((name, f"{part['file']}, {_megabytes(part['bytes'])}{_int8(name, part)}"))
        if self.no_onnx and "onnx" not in self.parts:
            lines.append(("onnx", f"none: {self.no_onnx}"))
        elif "keras" in self.parts and "onnx" not in self.parts:
            lines.append(("onnx", "none; make it with `likeness export MODEL`"))
        return lines

    def _of_format(self) -> list[tuple[str, str]]:
        if self.model_format in registry.names("summary"):
            of_task = registry.load("summary", self.model_format)
            lines: list[tuple[str, str]] = of_task(self.to_json())
            return lines
        try:
            preparation = preparation_from_data(self.preparation).in_words()
        except (LikenessError, TypeError) as error:
            raise ModelError(
                f"{self.model} holds a damaged model: {error}. Restore it or make it again."
            ) from error
        return [
            ("preparation", preparation),
            ("embedding", f"{self.embedding_size} numbers, {self.energy} energy"),
            ("threshold", self._threshold()),
        ]

    def _threshold(self) -> str:
        if self.threshold is None:
            return "none; choose one with `likeness calibrate MODEL PHOTOS`"
        sentences = self.calibration.get("sentences", ())
        promise = sentences[0] if sentences else _OF_TRAINING
        return f"{self.threshold:.4g}. {promise}"

    def _licence(self) -> str:
        if self.licence or "licence" not in self.data:
            return self.licence or "not stated"
        return f"not stated; of its data ({self.data['name']}): {self.data['licence']}"


_OF_TRAINING = "Chosen in training, for accuracy on balanced pairs."


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


def _export(
    model: options.ModelFolder,
    int8: Annotated[bool, options.flag("int8", "Also write a variant in 8-bit integers.")] = False,
    photos: Annotated[
        str | None,
        typer.Option(
            help="For --int8: people the model was not trained on. Half of them set the ranges, "
            f"the others measure the loss of accuracy: {options.DATA_HELP}"
        ),
    ] = None,
    overwrite: Annotated[
        bool, options.flag("overwrite", "Replace the existing part; with --int8, the int8 variant.")
    ] = False,
    json_: options.Json = None,
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
    before = SavedModel.read(model)
    check_writable_folder(model, option="MODEL")
    people = None if photos is None else opening.read_data_for(model, photos)
    loss = None
    with terminal.errors().status("Exporting"):
        again = "onnx" not in before.parts or (overwrite and not int8)
        if again and before.format != IMPORTED_FORMAT:
            load_keras()
        saved = export_onnx(model, overwrite=overwrite and not int8)
        if people is not None:
            # The quantiser's own sessions print warnings about the graph.
            require_extra("onnxruntime", package="onnxruntime").set_default_logger_severity(3)
            loss = export_int8(model, people, overwrite=overwrite)
    parts = SavedModel.read(model).parts
    wrote = "Already exists, intact:" if saved == before else "Wrote"
    lines = [_written(wrote, model, parts["onnx"])]
    if loss is not None:
        lines += [_written("Wrote", model, parts["int8"]), *loss.sentences()]
    result = {
        "format": "likeness.model-export/1",
        "model": str(model),
        "fingerprint": saved.fingerprint,
        "parts": parts,
    }
    terminal.finish(result, json_, *lines)


def _written(wrote: str, model: Path, part: Mapping[str, Any]) -> str:
    return f"{wrote} {model / part['file']} ({_megabytes(part['bytes'])})."


def _megabytes(size: int) -> str:
    """Return a number of bytes in words."""
    return f"{size / 1e6:.1f} MB" if size >= 100_000 else f"{size / 1e3:.1f} kB"


def _card(
    model: options.ModelFolder,
    add: Annotated[
        list[Path] | None,
        typer.Option(help="Add a result (--json of crossval or evaluate); repeatable."),
    ] = None,
    name: Annotated[str | None, typer.Option(help="The model's name on its card.")] = None,
    licence: Annotated[
        str | None, typer.Option(help="The model's licence, such as CC-BY-4.0.")
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Also write the card as a page.")] = None,
    json_: options.Json = None,
) -> None:
    """Show a model's card: data, figures, threshold, limits.

    The card also says what the model is not for. It is in the model's folder, as card.json and
    card.md, and written if it is missing.
    """
    check_writable_file(html, option="--html")
    if html is not None:
        require_extra("jinja2")
    saved = SavedModel.read(model, formats=WITH_A_CARD)
    about = {
        **saved.about,
        **{key: word for key, word in (("name", name), ("licence", licence)) if word is not None},
    }
    for file in add or ():
        about["results"] = _with_result(
            about.get("results"), options.read_json(file, option="--add"), saved.to_json()
        )
    try:
        saved.store_about(about)
    except OutputError as error:
        if add or name is not None or licence is not None:
            raise
        terminal.note(f"Note: {error}")
    made = model_card({**saved.to_json(), "about": about})
    if html is not None:
        write_card_page(made, html)
    if json_ != "-":
        terminal.output().print(Markdown(card_markdown(made)))
    terminal.finish(made.to_json(), json_)


def _with_result(results: Any, result: Any, document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the results with a new one, which replaces one of the same protocol and data."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    kept = replace(check_result(result, document), added=now).to_json()
    others = [other for other in results or () if _subject(other) != _subject(kept)]
    return [*others, kept]


def _subject(result: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(result.get(key) for key in ("protocol", "data", "seeds"))
