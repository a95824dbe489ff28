"""`TrackingModel`: an encoder and what it was trained for, from its folder, without Keras.

On disk it is a folder like that of every model: ``model.json``, ``encoder.keras``,
``encoder.onnx`` and the card, held together by a fingerprint and seals. It is of a format of its
own: a tracker's encoder gives maps, not embeddings, and cannot identify anybody.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np

from likeness.arrays import Prepared
from likeness.errors import LikenessError, MissingExtraError, ModelError, require_extra
from likeness.files import check_new_folder, whole_folder, write_files
from likeness.model.export import onnx_bytes
from likeness.model.folder import FILES, model_texts, part_entry, parts_of, read_document, read_part
from likeness.model.onnx_session import OnnxSession
from likeness.model.siamese_model import encoder_fingerprint
from likeness.tasks.tracking.card import TRACKING_FORMAT
from likeness.tasks.tracking.correlation import (
    EnergyMaps,
    Maps,
    correlation_energies,
    focus_weights,
)
from likeness.tasks.tracking.crops import Pixels
from likeness.tasks.tracking.settings import TrackerSettings, TrackingShapes, prepared
from likeness.tasks.tracking.tracker import Template

_ENERGY = "cross_correlation"


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
        """Return ``(n, side, side)``, −1…1, for ``(n, search, search, 3)`` uint8."""
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
    document = read_document(folder, formats=(TRACKING_FORMAT,))
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
    return _keras_encode(keras.models.load_model(folder / "encoder.keras", compile=False))


def _keras_encode(encoder: Any) -> Callable[[Prepared], Maps]:
    """Return a function that runs a Keras encoder as it is after training."""
    ops = require_extra("keras.ops")

    def encode(pictures: Prepared) -> Maps:
        maps: Maps = ops.convert_to_numpy(encoder(pictures, training=False))
        return maps

    return encode


@dataclass(frozen=True, eq=False, kw_only=True)
class TrainedTracker:
    """A trained encoder with all that is needed to track.

    Args:
        encoder: a `keras.Model` from pictures of any size to maps.
        shapes: of the pictures.
        settings: how a tracker searches.
        threshold: the target is there if energy ≤ threshold; None if none was chosen.
        record: how it came to be, JSON values only.
    """

    encoder: Any
    shapes: TrackingShapes
    settings: TrackerSettings = field(default_factory=TrackerSettings)
    threshold: float | None = None
    record: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of what decides an energy: equal for equal encoders."""
        head = {"format": TRACKING_FORMAT, "preparation": self.shapes.as_dict(), "energy": _ENERGY}
        return encoder_fingerprint(self.encoder, head)

    @cached_property
    def _onnx(self) -> bytes | str:
        """The encoder as an ONNX file, or a sentence that says why there is none."""
        try:
            return onnx_bytes(self.encoder, sizes=(self.shapes.template, self.shapes.search))
        except (MissingExtraError, ModelError) as error:
            return str(error)

    @property
    def no_onnx(self) -> str | None:
        """Why its folder has no ONNX part; None if it has one."""
        return self._onnx if isinstance(self._onnx, str) else None

    @cached_property
    def _run(self) -> Callable[[Prepared], Maps]:
        if isinstance(self._onnx, str):
            return _keras_encode(self.encoder)
        return OnnxSession(self._onnx, name="the exported encoder", axes=4)

    def _encode(self, pictures: Prepared) -> Maps:
        """Run the encoder, which is exported when it is first needed."""
        return self._run(pictures)

    def with_choice(
        self, settings: TrackerSettings, threshold: float | None, record: Mapping[str, Any]
    ) -> Self:
        """Return the same encoder with these; what it was exported to is kept."""
        changed = replace(self, settings=settings, threshold=threshold, record=record)
        for name in ("_onnx", "_run"):
            if name in vars(self):
                vars(changed)[name] = vars(self)[name]
        return changed

    def model(self) -> TrackingModel:
        """Return it ready to track, on ONNX Runtime where the export runs, or else on Keras."""
        return TrackingModel(
            encode=self._encode,
            shapes=self.shapes,
            fingerprint=self.fingerprint,
            threshold=self.threshold,
            settings=self.settings,
            record=self.record,
        )

    def save(self, folder: str | Path, *, overwrite: bool = False) -> Path:
        """Write the model as a folder, whole or not at all.

        Args:
            folder: its path; must not exist yet, or be empty.
            overwrite: whether a model that is already there may be replaced.

        Raises:
            OutputError: something else is there, or it cannot be written.
        """
        folder = Path(folder)
        check_new_folder(folder, overwrite=overwrite)
        document: dict[str, Any] = {
            "format": TRACKING_FORMAT,
            "fingerprint": self.fingerprint,
            "preparation": self.shapes.as_dict(),
            "energy": _ENERGY,
            "threshold": self.threshold,
            "tracker": self.settings.as_dict(),
            "parameters": sum(int(values.size) for values in self.encoder.get_weights()),
            "record": dict(self.record),
            "about": {},
        }
        with whole_folder(folder) as fresh:
            self.encoder.save(fresh / "encoder.keras")
            if isinstance(self._onnx, str):
                document |= {"parts": {}, "no_onnx": self._onnx}
            else:
                (fresh / FILES["onnx"]).write_bytes(self._onnx)
                document["parts"] = {"onnx": part_entry("onnx", self._onnx, document)}
            write_files(fresh, model_texts(document))
        return folder
