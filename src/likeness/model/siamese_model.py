"""`SiameseModel`: preparation + encoder + energy + threshold, with a fingerprint."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from likeness.arrays import Embeddings
from likeness.errors import MissingExtraError, ModelError, require_extra
from likeness.files import check_new_folder
from likeness.images.preparation import preparation_from_data
from likeness.model.export import onnx_bytes
from likeness.model.folder import FORMAT, IMPORTED_FORMAT, OTHER_ITEMS_FORMAT, SavedModel, canonical
from likeness.model.protocol import PreparedModel
from likeness.tasks import registry


@dataclass(frozen=True, eq=False, kw_only=True)
class SiameseModel(PreparedModel):
    """A trained encoder with everything needed to use it.

    Args:
        preparation: from items (photos, or texts) to the encoder's input.
        encoder: a `keras.Model`, prepared items such as ``(n, rows, columns, channels)`` →
            ``(n, d)``.
        energy: one of `likeness.energies.ENERGY_NAMES`.
        threshold: a pair is accepted if its energy is at most this; None if none was chosen.
        record: the training record (recipe, data, histories, seconds), JSON values only.
        calibration: the promise of the threshold, and its evidence, JSON values only; empty if
            training chose the threshold.
        about: further entries of its card (name, licence, results), JSON values only.
    """

    encoder: Any
    about: Mapping[str, Any] = field(default_factory=dict)

    @property
    def embedding_size(self) -> int:
        """d, the numbers in an embedding."""
        return int(self.encoder.output_shape[-1])

    @property
    def runtime(self) -> str:
        """The runtime of the encoder: "keras"."""
        return "keras"

    def _encode(self, prepared: Any) -> Embeddings:
        """Run the encoder on one batch, on the active backend."""
        ops = require_extra("keras.ops")
        embedded: Embeddings = ops.convert_to_numpy(self.encoder(prepared, training=False))
        return embedded

    @property
    def _format(self) -> str:
        return OTHER_ITEMS_FORMAT if "kind" in self.preparation.as_data() else FORMAT

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of everything that determines an embedding and an energy: equal for equal models.

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
        """The encoder as an ONNX file, or a sentence that explains why it cannot be exported."""
        try:
            return onnx_bytes(self.encoder, made_up=self.preparation.made_up)
        except (MissingExtraError, ModelError) as error:
            return str(error)

    def save(self, folder: str | Path, *, overwrite: bool = False) -> Path:
        """Write the model as a folder, completely or not at all.

        Where the exporter is not installed, the folder has no ONNX part, and ``no_onnx`` in
        ``model.json`` gives the reason and the next step.

        Args:
            folder: its path; must not exist yet, or be empty.
            overwrite: whether an existing model may be replaced. A folder that
                holds anything else never is.

        Raises:
            OutputError: the folder holds something else, or it cannot be written.
        """
        folder = Path(folder)
        check_new_folder(folder, overwrite=overwrite)
        texts = {}
        if "recipe" in self.record:
            recipe = json.dumps(self.record["recipe"], indent=2, sort_keys=True, default=str)
            texts["recipe.json"] = recipe + "\n"
        SavedModel(
            folder=folder,
            format=self._format,
            fingerprint=self.fingerprint,
            preparation=self.preparation.as_data(),
            energy=self.energy,
            threshold=self.threshold,
            embedding_size=self.embedding_size,
            parameters=sum(int(values.size) for values in self.encoder.get_weights()),
            record=dict(self.record),
            calibration=dict(self.calibration),
            about=dict(self.about),
            no_onnx=self._onnx if isinstance(self._onnx, str) else None,
        ).write_new(
            {} if isinstance(self._onnx, str) else {"onnx": self._onnx},
            encoder=self.encoder,
            texts=texts,
        )
        return folder


def encoder_fingerprint(encoder: Any, head: Mapping[str, Any]) -> str:
    """SHA-256 of a Keras encoder's configuration and weights, and of everything else that
    determines an embedding.
    """
    head = {**head, "encoder": lasting_config(encoder.get_config())}
    digest = hashlib.sha256(canonical(head).encode())
    for values in encoder.get_weights():
        digest.update(f"{values.shape}{values.dtype}".encode())
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()


_FIRST_MODULES = {
    "MeanOfViews": "likeness.encoders.views",
    "OneByOne": "likeness.encoders.readings",
    "Views": "likeness.encoders.views",
    "Weighed": "likeness.encoders.readings",
    "WeightedSum": "likeness.encoders.bag_of_pieces",
    "WhitenedReadings": "likeness.encoders.readings",
}
"""Modules that defined the layers when the first models were saved."""


def lasting_config(config: Any) -> Any:
    """Return a Keras configuration that does not change when a layer of ours moves.

    Keras writes the module of each class into it, and fingerprints are taken of it.
    """
    if isinstance(config, Mapping):
        changed = {name: lasting_config(value) for name, value in config.items()}
        if str(config.get("registered_name")).startswith("likeness>"):
            changed["module"] = _FIRST_MODULES.get(str(config.get("class_name")), "likeness")
        return changed
    if isinstance(config, list | tuple):
        return [lasting_config(value) for value in config]
    return config


def load_model(folder: str | Path) -> SiameseModel:
    """Read a model that `SiameseModel.save` wrote, to run it on Keras.

    `likeness.open_model` runs it without Keras where it can, and imported models too.

    Raises:
        ModelError: there is no model, it has another format, or its parts do not belong
            together.
    """
    saved = SavedModel.read(folder)
    folder = saved.folder
    if saved.format == IMPORTED_FORMAT:
        raise ModelError(
            f"{folder} has no encoder.keras: it was imported as an ONNX file. Open it with "
            "`open_model` (the runtime onnx or auto)."
        )
    keras = require_extra("keras")
    # Importing these registers the layers that occur in the file.
    require_extra("likeness.encoders")
    for layer in registry.names("layers"):
        registry.load("layers", layer)
    try:
        encoder = keras.models.load_model(folder / "encoder.keras", compile=False)
        model = SiameseModel(
            preparation=preparation_from_data(saved.preparation),
            encoder=encoder,
            energy=saved.energy,
            threshold=saved.threshold,
            record=saved.record,
            calibration=saved.calibration,
            about=saved.about,
        )
    except Exception as error:  # Keras raises many kinds for a damaged file.
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelError(
            f"{folder} holds a damaged model: {reason}. Restore it or train it again."
        ) from error
    if model.fingerprint != saved.fingerprint:
        raise ModelError(
            f"{folder}: the parts of the model do not belong together. Expected the "
            f"fingerprint {saved.fingerprint[:12]}, the encoder gives "
            f"{model.fingerprint[:12]}. Restore the folder or train it again."
        )
    return model
