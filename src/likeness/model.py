"""`SiameseModel`: preparation + encoder + energy + threshold, saved as data with a fingerprint.

On disk a model is a folder::

    model.json      format version, preparation, energy, threshold, calibration, fingerprint
    encoder.keras   the encoder, as Keras saves it
    encoder.onnx    the same for ONNX Runtime, where the exporter was installed
    recipe.json     the recipe alone, ready for another training
    card.json       the model card, for programs; made of model.json alone
    card.md         the model card, for people

Nothing in it is code; a folder whose parts do not belong together is refused.
"""

import hashlib
import json
import math
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from likeness.arrays import Embeddings, Energies, Items, describe
from likeness.card import TRACKING_FORMAT, card_files
from likeness.energies import energy_by_name, energy_matrix
from likeness.errors import (
    MissingExtraError,
    ModelError,
    NoThresholdError,
    OutputError,
    require_extra,
)
from likeness.export.onnx_file import onnx_bytes
from likeness.parts import FILES, canonical, document_text, part_entry
from likeness.preparations import ItemPreparation, preparation_from_data

FORMAT = "likeness.model/1"
"""Of a trained model. What was added since (``parts``, ``no_onnx``) may be left out and may be
ignored: whoever reads the rest reads it rightly."""

IMPORTED_FORMAT = "likeness.model/2"
"""Of an imported encoder: no encoder.keras, another preparation. Who knows only the first
format must not take it for a damaged one."""

OTHER_ITEMS_FORMAT = "likeness.model/3"
"""Of a trained model whose preparation names its kind: it reads other items than photos, and
who knows only the first format could not prepare them."""

FORMATS = (FORMAT, IMPORTED_FORMAT, OTHER_ITEMS_FORMAT)
"""Of the models that give embeddings."""

WITH_A_CARD = (*FORMATS, TRACKING_FORMAT)
"""Of all models: each has a card and can be looked at."""

_BATCH = 64


@dataclass(frozen=True, eq=False, kw_only=True)
class SiameseModel:
    """A trained encoder with all that is needed to use it.

    Args:
        preparation: from items (photos, or texts) to what the encoder reads.
        encoder: a `keras.Model`, prepared items such as ``(n, rows, columns, channels)`` →
            ``(n, d)``.
        energy: one of `likeness.energies.ENERGY_NAMES`.
        threshold: a pair is accepted if its energy is at most this; None if none was chosen.
        record: how the model came to be (recipe, data, histories, seconds), JSON values only.
        calibration: what the threshold promises, and on what evidence, JSON values only; empty
            if it is the one that training chose.
        about: what its card says beyond that (name, licence, results), JSON values only.
    """

    preparation: ItemPreparation
    encoder: Any
    energy: str
    threshold: float | None = None
    record: Mapping[str, Any] = field(default_factory=dict)
    calibration: Mapping[str, Any] = field(default_factory=dict)
    about: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        energy_by_name(self.energy)

    def embed(self, images: Items) -> Embeddings:
        """Return ``(n, d)`` float32 embeddings of ``(n, any rows, any columns, 1 or 3)`` uint8.

        Of a list of texts, where the preparation reads texts.

        Raises:
            DataError: the images have another shape or type.
        """
        self.preparation.check(images)
        parts = [
            self._encode(self.preparation(images[start : start + _BATCH]))
            for start in range(0, len(images), _BATCH)
        ]
        empty = np.empty((0, self.embedding_size), np.float32)
        return np.concatenate(parts) if parts else empty

    def energies(self, left: Items, right: Items) -> Energies:
        """Return the ``(n, m)`` energies between two sets of photos; lower is more alike."""
        return energy_matrix(self.energy, self.embed(left), self.embed(right))

    def is_same(self, left: Items, right: Items) -> bool:
        """Say whether two photos, ``(rows, columns, channels)`` each, show one identity.

        Raises:
            NoThresholdError: the model has no threshold.
        """
        return decided(self, left, right)

    @property
    def embedding_size(self) -> int:
        """d, the numbers in an embedding."""
        return int(self.encoder.output_shape[-1])

    @property
    def runtime(self) -> str:
        """What runs the encoder: "keras"."""
        return "keras"

    def _encode(self, prepared: Any) -> Embeddings:
        """Run the encoder on one batch, on whatever backend is in force."""
        ops = require_extra("keras.ops")
        embedded: Embeddings = ops.convert_to_numpy(self.encoder(prepared, training=False))
        return embedded

    @property
    def _format(self) -> str:
        return OTHER_ITEMS_FORMAT if "kind" in self.preparation.as_data() else FORMAT

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of what decides an embedding and an energy: equal for equal models.

        Over the canonical JSON of format, preparation, energy and the encoder's
        configuration, and each weight's shape, type and bytes. (The bytes of a `.keras` file
        differ from save to save.)
        """
        head = {
            "format": self._format,
            "preparation": self.preparation.as_data(),
            "energy": self.energy,
        }
        return encoder_fingerprint(self.encoder, head)

    @cached_property
    def _onnx(self) -> bytes | str:
        """The encoder as an ONNX file, or a sentence that says why there is none."""
        try:
            return onnx_bytes(self.encoder, made_up=self.preparation.made_up)
        except (MissingExtraError, ModelError) as error:
            return str(error)

    def save(self, folder: str | Path, *, overwrite: bool = False) -> Path:
        """Write the model as a folder, whole or not at all.

        Where the exporter is not installed, the folder has no ONNX part, and ``no_onnx`` in
        ``model.json`` says why and what to do.

        Args:
            folder: its path; must not exist yet, or be empty.
            overwrite: whether a model that is already there may be replaced. A folder that
                holds anything else never is.

        Raises:
            OutputError: something else is there, or it cannot be written.
        """
        folder = Path(folder)
        check_writable_place(folder, overwrite=overwrite)
        document = {
            "format": self._format,
            "fingerprint": self.fingerprint,
            "preparation": self.preparation.as_data(),
            "energy": self.energy,
            "threshold": self.threshold,
            "embedding_size": self.embedding_size,
            "parameters": sum(int(values.size) for values in self.encoder.get_weights()),
            "record": dict(self.record),
            "calibration": dict(self.calibration),
            "about": dict(self.about),
        }
        try:
            document_text(document)
        except (TypeError, ValueError) as error:
            raise ModelError(f"record: expected JSON values only. {error}.") from error
        with whole_folder(folder) as fresh:
            self.encoder.save(fresh / "encoder.keras")
            document |= self._save_onnx(fresh, document)
            write_texts(fresh, model_texts(document))
            if "recipe" in self.record:
                recipe = json.dumps(self.record["recipe"], indent=2, sort_keys=True)
                (fresh / "recipe.json").write_text(recipe + "\n", encoding="utf-8")
        return folder

    def _save_onnx(self, fresh: Path, document: Mapping[str, Any]) -> dict[str, Any]:
        """Write the ONNX part, and return what ``model.json`` says of it."""
        if isinstance(self._onnx, str):
            return {"parts": {}, "no_onnx": self._onnx}
        (fresh / FILES["onnx"]).write_bytes(self._onnx)
        return {"parts": {"onnx": part_entry("onnx", self._onnx, document)}}


def encoder_fingerprint(encoder: Any, head: Mapping[str, Any]) -> str:
    """SHA-256 of a Keras encoder's configuration and weights, and of what else decides."""
    head = {**head, "encoder": encoder.get_config()}
    digest = hashlib.sha256(canonical(head).encode())
    for values in encoder.get_weights():
        digest.update(f"{values.shape}{values.dtype}".encode())
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()


def decided(model: Any, left: Items, right: Items) -> bool:
    """Say whether two photos, ``(rows, columns, channels)`` each, show one identity.

    Args:
        model: has ``threshold`` and ``energies``.
        left, right: the photos.

    Raises:
        NoThresholdError: the model has no threshold.
    """
    if model.threshold is None:
        raise NoThresholdError(
            "this model has no threshold, so it cannot decide. Choose one with `likeness calibrate "
            "MODEL PHOTOS` (training does from six people with two photos each), or pass one of "
            "your own: `replace(model, threshold=...)`."
        )
    # One item as a list of one: an array's leading axis, or a text in a list.
    first, second = (np.asarray(item)[None] for item in (left, right))
    return bool(model.energies(first, second)[0, 0] <= model.threshold)


def load_model(folder: str | Path) -> SiameseModel:
    """Read a model that `SiameseModel.save` wrote, to run it on Keras.

    `likeness.open_model` runs it without Keras where it can, and imported models too.

    Raises:
        ModelError: there is none, it is of another format, or its parts do not belong
            together.
    """
    folder = Path(folder)
    document = read_document(folder)
    if document["format"] == IMPORTED_FORMAT:
        raise ModelError(
            f"{folder} has no encoder.keras: it was imported as an ONNX file. Open it with "
            "`open_model` (the runtime onnx or auto)."
        )
    keras = require_extra("keras")
    # Importing these registers the layers that Keras will meet in the file.
    require_extra("likeness.encoders")
    try:
        encoder = keras.models.load_model(folder / "encoder.keras", compile=False)
        model = SiameseModel(
            preparation=preparation_from_data(document["preparation"]),
            encoder=encoder,
            energy=document["energy"],
            threshold=document["threshold"],
            record=document.get("record", {}),
            calibration=document.get("calibration", {}),
            about=document.get("about", {}),
        )
    except Exception as error:  # Keras raises many kinds for a damaged file.
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelError(
            f"{folder} holds a damaged model: {reason}. Restore it or train it again."
        ) from error
    if model.fingerprint != document["fingerprint"]:
        raise ModelError(
            f"{folder}: the parts of the model do not belong together. Expected the "
            f"fingerprint {document['fingerprint'][:12]}, the encoder gives "
            f"{model.fingerprint[:12]}. Restore the folder or train it again."
        )
    return model


def check_model(folder: str | Path) -> None:
    """Raise unless the folder holds a model as far as can be told without Keras.

    Raises:
        ModelError: there is none, or it is of another format.
    """
    read_document(folder)


def store_calibration(
    folder: str | Path,
    *,
    threshold: float,
    calibration: Mapping[str, Any],
    variant: str = "float32",
) -> None:
    """Give a saved model another threshold, and its card too; all files whole or none.

    The fingerprint stays: it is of embeddings and energies, which a threshold does not change.

    Args:
        folder: of the model.
        threshold, calibration: as in `SiameseModel`.
        variant: "float32", or "int8", whose energies are others: it has its own threshold.

    Raises:
        ModelError: there is no model, or it has no such variant.
        OutputError: it cannot be written.
    """
    folder = Path(folder)
    document = read_document(folder)
    owner = document if variant == "float32" else document.get("parts", {}).get(variant)
    if owner is None:
        raise ModelError(f"{folder} has no variant {variant!r}. Make it with `likeness export`.")
    owner |= {"threshold": threshold, "calibration": dict(calibration)}
    _replace_document(folder, document, what="the threshold")


def store_about(folder: str | Path, about: Mapping[str, Any]) -> None:
    """Give a saved model's card another name, licence or results; all files whole or none.

    Raises:
        ModelError: there is no model.
        OutputError: it cannot be written.
    """
    document = read_document(folder, formats=WITH_A_CARD) | {"about": dict(about)}
    _replace_document(Path(folder), document, what="the card")


def model_texts(document: Mapping[str, Any]) -> dict[str, str]:
    """Return the text files that say what a model is: its card, and ``model.json`` last."""
    return {**card_files(document), "model.json": document_text(document)}


def _replace_document(folder: Path, document: Mapping[str, Any], *, what: str) -> None:
    """Replace ``model.json``, and the card that is made of it."""
    texts = model_texts(document)
    # The model last: what fails before it leaves the model as it was, and a card that is too
    # new is made again with the next change.
    try:
        with tempfile.TemporaryDirectory(dir=folder, prefix=".likeness-") as place:
            write_texts(Path(place), texts)
            for name in texts:
                (Path(place) / name).replace(folder / name)
    except OSError as error:
        raise OutputError(
            f"{folder}: {what} cannot be written: {error.strerror or error}. The model is as it "
            "was; make room."
        ) from error


def write_texts(folder: Path, texts: Mapping[str, str]) -> None:
    """Write text files into a folder."""
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")


def check_writable_place(folder: Path, *, overwrite: bool, document: str = "model.json") -> None:
    """Raise unless a model may be written to ``folder``.

    Call it before a long training, not only after.

    Args:
        folder: its path.
        overwrite: whether a model that is already there may be replaced.
        document: the file by which a folder is known to hold a model.

    Raises:
        OutputError: something else is there, or a model is and may not be replaced.
    """
    if folder.is_file():
        raise OutputError(f"{folder}: expected a folder. Received: a file. Choose another name.")
    if not folder.is_dir() or not any(folder.iterdir()):
        return
    if not (folder / document).is_file():
        raise OutputError(
            f"{folder}: expected a new or empty folder. Received: one that holds other "
            "files. Choose another name."
        )
    if not overwrite:
        raise OutputError(
            f"{folder} already holds a model. Choose another name, or replace it with "
            "`--overwrite` (`overwrite=True`)."
        )


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Yield a fresh folder to write into; at the end it takes the place of ``folder``.

    If anything is raised inside, what was there stays as it was.

    Raises:
        OutputError: it cannot be written.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".likeness-") as place:
            fresh = Path(place) / "fresh"
            fresh.mkdir()
            yield fresh
            _swap_in(fresh, folder, aside=Path(place) / "aside")
    except OSError as error:
        raise OutputError(
            f"{folder} cannot be written: {error.strerror or error}. "
            "Nothing was changed there; choose another folder or make room."
        ) from error


def _swap_in(fresh: Path, folder: Path, *, aside: Path) -> None:
    """Put ``fresh`` in the place of ``folder``; on failure put the old one back."""
    if folder.exists():
        folder.replace(aside)
    try:
        fresh.replace(folder)
    except OSError:
        if aside.exists():
            aside.replace(folder)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def read_document(folder: str | Path, *, formats: tuple[str, ...] = FORMATS) -> dict[str, Any]:
    """Return the content of ``model.json``: all of a model but its encoder, read without Keras.

    Args:
        folder: of the model.
        formats: that the caller can use, the usual one first.

    Raises:
        ModelError: there is none, it is of another format, or entries are missing or damaged.
    """
    folder = Path(folder)
    path = folder / "model.json"
    if not path.is_file():
        raise ModelError(
            f"{folder}: expected a folder with model.json and an encoder. Found no "
            "model.json. Make a model with `likeness train`."
        )
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ModelError(f"{path}: expected JSON. It cannot be read: {error}.") from error
    if not isinstance(document, dict) or document.get("format") not in formats:
        found = document.get("format") if isinstance(document, dict) else describe(document)
        raise ModelError(
            f"{path}: expected the format {formats[0]!r}. Received: {found!r}. Use a model "
            "of this kind, or the version of likeness that wrote it."
        )
    _check_entries(path, document)
    return document


def _check_entries(path: Path, document: dict[str, Any]) -> None:
    missing = {"fingerprint", "preparation", "energy", "threshold"} - set(document)
    if missing:
        raise ModelError(f"{path}: these entries are missing: {', '.join(sorted(missing))}.")
    threshold = document["threshold"]
    is_number = isinstance(threshold, int | float) and math.isfinite(threshold)
    for entry, fits, expected in (
        ("fingerprint", isinstance(document["fingerprint"], str), "text"),
        ("preparation", isinstance(document["preparation"], dict), "an object"),
        ("record", isinstance(document.get("record", {}), dict), "an object"),
        ("calibration", isinstance(document.get("calibration", {}), dict), "an object"),
        ("about", isinstance(document.get("about", {}), dict), "an object"),
        ("parts", _is_table(document.get("parts", {})), "an object of objects"),
        ("threshold", threshold is None or is_number, "a number or null"),
    ):
        if not fits:
            raise ModelError(
                f"{path.parent} holds a damaged model: {entry}: expected {expected}, received "
                f"{document[entry]!r}. Restore it or train it again."
            )


def _is_table(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(entry, dict) for entry in value.values())
