"""`SiameseModel`: preparation + encoder + energy + threshold, saved as data with a fingerprint.

On disk a model is a folder::

    model.json      format version, preparation, energy, threshold, calibration, fingerprint
    encoder.keras   the encoder, as Keras saves it
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
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from likeness.arrays import Embeddings, Energies, Images, Prepared, check_images, describe
from likeness.card import card_files
from likeness.energies import energy_by_name, energy_matrix
from likeness.errors import ModelError, NoThresholdError, OutputError, require_extra
from likeness.images.preparation import Preparation

FORMAT = "likeness.model/1"
_BATCH = 64


@dataclass(frozen=True, eq=False, kw_only=True)
class SiameseModel:
    """A trained encoder with all that is needed to use it.

    Args:
        preparation: from photos to what the encoder reads.
        encoder: a `keras.Model`, ``(n, rows, columns, channels)`` → ``(n, d)``.
        energy: one of `likeness.energies.ENERGY_NAMES`.
        threshold: a pair is accepted if its energy is at most this; None if none was chosen.
        record: how the model came to be (recipe, data, histories, seconds), JSON values only.
        calibration: what the threshold promises, and on what evidence, JSON values only; empty
            if it is the one that training chose.
        about: what its card says beyond that (name, licence, results), JSON values only.
    """

    preparation: Preparation
    encoder: Any
    energy: str
    threshold: float | None = None
    record: Mapping[str, Any] = field(default_factory=dict)
    calibration: Mapping[str, Any] = field(default_factory=dict)
    about: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        energy_by_name(self.energy)

    def embed(self, images: Images) -> Embeddings:
        """Return ``(n, d)`` float32 embeddings of ``(n, any rows, any columns, 1 or 3)`` uint8.

        Raises:
            DataError: the images have another shape or type.
        """
        check_images(images)
        parts = [
            self._encode(self.preparation(images[start : start + _BATCH]))
            for start in range(0, len(images), _BATCH)
        ]
        size = self.encoder.output_shape[-1]
        return np.concatenate(parts) if parts else np.empty((0, size), np.float32)

    def energies(self, left: Images, right: Images) -> Energies:
        """Return the ``(n, m)`` energies between two sets of photos; lower is more alike."""
        return energy_matrix(self.energy, self.embed(left), self.embed(right))

    def is_same(self, left: Images, right: Images) -> bool:
        """Say whether two photos, ``(rows, columns, channels)`` each, show one identity.

        Raises:
            NoThresholdError: the model has no threshold.
        """
        if self.threshold is None:
            raise NoThresholdError(
                "this model has no threshold, so it cannot decide; it was trained on too few "
                "people to hold some out. Train on at least six people with two photos each, "
                "or pass a threshold of your own: `replace(model, threshold=...)`."
            )
        return bool(self.energies(left[None], right[None])[0, 0] <= self.threshold)

    def _encode(self, prepared: Prepared) -> Embeddings:
        """Run the encoder on one batch, on whatever backend is in force."""
        ops = require_extra("keras.ops")
        embedded: Embeddings = ops.convert_to_numpy(self.encoder(prepared, training=False))
        return embedded

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of what decides an embedding and an energy: equal for equal models.

        Over the canonical JSON of format, preparation, energy and the encoder's
        configuration, and each weight's shape, type and bytes. (The bytes of a `.keras` file
        differ from save to save.)
        """
        head = {
            "format": FORMAT,
            "preparation": asdict(self.preparation),
            "energy": self.energy,
            "encoder": self.encoder.get_config(),
        }
        digest = hashlib.sha256(_canonical(head).encode())
        for values in self.encoder.get_weights():
            digest.update(f"{values.shape}{values.dtype}".encode())
            digest.update(np.ascontiguousarray(values).tobytes())
        return digest.hexdigest()

    def save(self, folder: str | Path, *, overwrite: bool = False) -> Path:
        """Write the model as a folder, whole or not at all.

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
            "format": FORMAT,
            "fingerprint": self.fingerprint,
            "preparation": asdict(self.preparation),
            "energy": self.energy,
            "threshold": self.threshold,
            "embedding_size": int(self.encoder.output_shape[-1]),
            "parameters": sum(int(values.size) for values in self.encoder.get_weights()),
            "record": dict(self.record),
            "calibration": dict(self.calibration),
            "about": dict(self.about),
        }
        try:
            text = json.dumps(document, indent=2, sort_keys=True, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise ModelError(f"record: expected JSON values only. {error}.") from error
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".likeness-") as place:
                fresh = Path(place) / "fresh"
                fresh.mkdir()
                self.encoder.save(fresh / "encoder.keras")
                _write_texts(fresh, {**card_files(document), "model.json": text + "\n"})
                if "recipe" in self.record:
                    recipe = json.dumps(self.record["recipe"], indent=2, sort_keys=True)
                    (fresh / "recipe.json").write_text(recipe + "\n", encoding="utf-8")
                _swap_in(fresh, folder, aside=Path(place) / "aside")
        except OSError as error:
            raise OutputError(
                f"the model cannot be written to {folder}: {error.strerror or error}. "
                "Nothing was changed there; choose another folder or make room."
            ) from error
        return folder


def load_model(folder: str | Path) -> SiameseModel:
    """Read a model that `SiameseModel.save` wrote.

    Raises:
        ModelError: there is none, it is of another format, or its parts do not belong
            together.
    """
    folder = Path(folder)
    document = _read_document(folder)
    keras = require_extra("keras")
    # Importing these registers the layers that Keras will meet in the file.
    require_extra("likeness.encoders")
    try:
        encoder = keras.models.load_model(folder / "encoder.keras", compile=False)
        model = SiameseModel(
            preparation=Preparation(**document["preparation"]),
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
    read_model_document(folder)


def read_model_document(folder: str | Path) -> dict[str, Any]:
    """Return ``model.json``: all of a model but its encoder, read without Keras.

    Raises:
        ModelError: there is no model, or it is of another format.
    """
    return _read_document(Path(folder))


def store_calibration(
    folder: str | Path, *, threshold: float, calibration: Mapping[str, Any]
) -> None:
    """Give a saved model another threshold, and its card too; all files whole or none.

    The fingerprint stays: it is of embeddings and energies, which a threshold does not change.

    Raises:
        ModelError: there is no model.
        OutputError: it cannot be written.
    """
    _replace_entries(Path(folder), {"threshold": threshold, "calibration": dict(calibration)})


def store_about(folder: str | Path, about: Mapping[str, Any]) -> None:
    """Give a saved model's card another name, licence or results; all files whole or none.

    Raises:
        ModelError: there is no model.
        OutputError: it cannot be written.
    """
    _replace_entries(Path(folder), {"about": dict(about)})


def _replace_entries(folder: Path, entries: Mapping[str, Any]) -> None:
    """Replace entries of ``model.json``, and the card that is made of it."""
    document = _read_document(folder) | dict(entries)
    text = json.dumps(document, indent=2, sort_keys=True, allow_nan=False)
    # The model last: what fails before it leaves the model as it was, and a card that is too
    # new is made again with the next change.
    texts = {**card_files(document), "model.json": text + "\n"}
    try:
        with tempfile.TemporaryDirectory(dir=folder, prefix=".likeness-") as place:
            _write_texts(Path(place), texts)
            for name in texts:
                (Path(place) / name).replace(folder / name)
    except OSError as error:
        raise OutputError(
            f"{folder}: {', '.join(entries)} cannot be written: {error.strerror or error}. The "
            "model is as it was; make room."
        ) from error


def _write_texts(folder: Path, texts: Mapping[str, str]) -> None:
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")


def check_writable_place(folder: Path, *, overwrite: bool) -> None:
    """Raise unless a model may be written to ``folder``.

    Call it before a long training, not only after.

    Raises:
        OutputError: something else is there, or a model is and may not be replaced.
    """
    if folder.is_file():
        raise OutputError(f"{folder}: expected a folder. Received: a file. Choose another name.")
    if not folder.is_dir() or not any(folder.iterdir()):
        return
    if not (folder / "model.json").is_file():
        raise OutputError(
            f"{folder}: expected a new or empty folder. Received: one that holds other "
            "files. Choose another name."
        )
    if not overwrite:
        raise OutputError(
            f"{folder} already holds a model. Choose another name, or replace it with "
            "`--overwrite` (`overwrite=True`)."
        )


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


def _read_document(folder: Path) -> dict[str, Any]:
    path = folder / "model.json"
    if not path.is_file():
        raise ModelError(
            f"{folder}: expected a folder with model.json and encoder.keras. Found no "
            "model.json. Make a model with `likeness train`."
        )
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ModelError(f"{path}: expected JSON. It cannot be read: {error}.") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        found = document.get("format") if isinstance(document, dict) else describe(document)
        raise ModelError(
            f"{path}: expected the format {FORMAT!r}. Received: {found!r}. Use the version "
            "of likeness that wrote it, or train it again."
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
        ("threshold", threshold is None or is_number, "a number or null"),
    ):
        if not fits:
            raise ModelError(
                f"{path.parent} holds a damaged model: {entry}: expected {expected}, received "
                f"{document[entry]!r}. Restore it or train it again."
            )


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
