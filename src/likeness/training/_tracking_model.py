"""`TrainedTracker`: a tracker's encoder as training gives it, and its folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from likeness.errors import MissingExtraError, ModelError
from likeness.export.onnx_file import onnx_bytes
from likeness.model import (
    check_writable_place,
    encoder_fingerprint,
    whole_folder,
    write_texts,
)
from likeness.onnx_session import OnnxSession
from likeness.parts import FILES, document_text, part_entry
from likeness.tracking.model import ENERGY, FORMAT, TrackingModel, keras_encode
from likeness.tracking.settings import TrackerSettings
from likeness.tracking.shapes import TrackingShapes


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
    settings: TrackerSettings
    threshold: float | None
    record: Mapping[str, Any]

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of what decides an energy: equal for equal encoders."""
        head = {"format": FORMAT, "preparation": self.shapes.as_dict(), "energy": ENERGY}
        return encoder_fingerprint(self.encoder, head)

    @cached_property
    def _onnx(self) -> bytes | str:
        return _exported(self.encoder, self.shapes)

    def model(self) -> TrackingModel:
        """Return it ready to track, on ONNX Runtime where the export runs, or else on Keras."""
        return TrackingModel(
            encode=_encode(self.encoder, self._onnx),
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
        check_writable_place(folder, overwrite=overwrite)
        document: dict[str, Any] = {
            "format": FORMAT,
            "fingerprint": self.fingerprint,
            "preparation": self.shapes.as_dict(),
            "energy": ENERGY,
            "threshold": self.threshold,
            "tracker": self.settings.as_dict(),
            "parameters": sum(int(values.size) for values in self.encoder.get_weights()),
            "record": dict(self.record),
        }
        with whole_folder(folder) as fresh:
            self.encoder.save(fresh / "encoder.keras")
            if isinstance(self._onnx, str):
                document |= {"parts": {}, "no_onnx": self._onnx}
            else:
                (fresh / FILES["onnx"]).write_bytes(self._onnx)
                document["parts"] = {"onnx": part_entry("onnx", self._onnx, document)}
            write_texts(fresh, {"model.json": document_text(document)})
        return folder


def runnable(encoder: Any, shapes: TrackingShapes) -> TrackingModel:
    """Return a fresh encoder ready to track, with the usual settings and no threshold."""
    return TrackingModel(encode=_encode(encoder, _exported(encoder, shapes)), shapes=shapes)


def _exported(encoder: Any, shapes: TrackingShapes) -> bytes | str:
    """Return the encoder as an ONNX file, or a sentence that says why there is none."""
    try:
        return onnx_bytes(encoder, sizes=(shapes.template, shapes.search))
    except (MissingExtraError, ModelError) as error:
        return str(error)


def _encode(encoder: Any, onnx: bytes | str) -> Any:
    if isinstance(onnx, str):
        return keras_encode(encoder)
    return OnnxSession(onnx, name="the exported encoder", axes=4)
