"""`TrackingModel`: an encoder and what it was trained for, from its folder, without Keras.

On disk it is a folder like that of every model: ``model.json``, ``encoder.keras``,
``encoder.onnx`` and the card, held together by a fingerprint and seals. It is of a format of its
own: a tracker's encoder gives maps, not embeddings, and cannot identify anybody.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from likeness.arrays import Prepared
from likeness.errors import LikenessError, ModelError, require_extra
from likeness.model.folder import read_document
from likeness.model.onnx_session import OnnxSession
from likeness.model.parts import FILES, parts_of, read_part
from likeness.tasks.tracking.card import TRACKING_FORMAT
from likeness.tasks.tracking.correlation import (
    EnergyMaps,
    Maps,
    correlation_energies,
    focus_weights,
)
from likeness.tasks.tracking.crops import Pixels
from likeness.tasks.tracking.matcher import Template
from likeness.tasks.tracking.settings import TrackerSettings
from likeness.tasks.tracking.shapes import TrackingShapes, prepared

FORMAT = TRACKING_FORMAT
ENERGY = "cross_correlation"


@dataclass(frozen=True, eq=False, kw_only=True)
class TrackingModel:
    """Knows a target again by the cross-correlation of an encoder's maps.

    Args:
        encode: from ``(n, side, side, 3)`` prepared pictures to maps of unit length per cell.
        shapes: of the pictures.
        fingerprint: SHA-256 of what decides an energy.
        threshold: the target is there if energy ≤ threshold; None if none was chosen.
        settings: how a tracker searches with it.
        record: how it came to be.
    """

    encode: Callable[[Prepared], Maps]
    shapes: TrackingShapes
    fingerprint: str = ""
    threshold: float | None = None
    settings: TrackerSettings = field(default_factory=TrackerSettings)
    record: Mapping[str, Any] = field(default_factory=dict)

    def template(self, picture: Pixels) -> Template:
        """Return the map of ``(template, template, 3)`` uint8, ``(h, w, channels)``."""
        template: Template = self.encode(prepared(picture[None]))[0]
        return template

    def energies(self, template: Template, pictures: Pixels, *, focus: float) -> EnergyMaps:
        """Return ``(n, places, places)``, −1…1, for ``(n, search, search, 3)`` uint8."""
        weights = focus_weights(*template.shape[:2], focus=focus)
        return correlation_energies(template, self.encode(prepared(pictures)), weights)

    def blended(self, old: Template, new: Template, *, rate: float) -> Template:
        """Return the mean of both, each cell of unit length again."""
        mixed = (1 - rate) * old + rate * new
        length = np.linalg.norm(mixed, axis=-1, keepdims=True)
        return np.asarray(mixed / np.maximum(length, 1e-12), np.float32)


def open_tracking_model(folder: str | Path, *, threads: int = 1) -> TrackingModel:
    """Read a model that `train_tracker` saved: on ONNX Runtime, or Keras where it has no ONNX part.

    Args:
        folder: of the model.
        threads: of ONNX Runtime.

    Raises:
        ModelError: there is none, it is of another kind, or its parts do not belong together.
        MissingExtraError: what should run it is not installed.
    """
    folder = Path(folder)
    document = read_document(folder, formats=(FORMAT,))
    try:
        return TrackingModel(
            encode=_encoder(folder, document, threads),
            shapes=TrackingShapes(**document["preparation"]),
            fingerprint=document["fingerprint"],
            threshold=document["threshold"],
            settings=TrackerSettings.from_dict(document["tracker"]),
            record=document.get("record", {}),
        )
    except ModelError:
        raise
    except (LikenessError, KeyError, TypeError, ValueError) as error:
        raise ModelError(
            f"{folder} holds a damaged model: {error}. Restore it or make it again."
        ) from error


def _encoder(folder: Path, document: Mapping[str, Any], threads: int) -> Callable[[Prepared], Maps]:
    if "onnx" in parts_of(document):
        data = read_part(folder, "onnx", document)
        return OnnxSession(data, name=str(folder / FILES["onnx"]), threads=threads, axes=4)
    keras = require_extra("keras")
    require_extra("likeness.encoders")
    return keras_encode(keras.models.load_model(folder / "encoder.keras", compile=False))


def keras_encode(encoder: Any) -> Callable[[Prepared], Maps]:
    """Return a function that runs a Keras encoder as it is after training."""
    ops = require_extra("keras.ops")

    def encode(pictures: Prepared) -> Maps:
        maps: Maps = ops.convert_to_numpy(encoder(pictures, training=False))
        return maps

    return encode
