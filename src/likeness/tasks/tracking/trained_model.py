"""`TrainedTracker`: a tracker's encoder as training gives it, and its folder."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from likeness.arrays import Prepared
from likeness.errors import MissingExtraError, ModelError
from likeness.model.folder import check_writable_place, model_texts, whole_folder, write_texts
from likeness.model.onnx_file import onnx_bytes
from likeness.model.onnx_session import OnnxSession
from likeness.model.parts import FILES, part_entry
from likeness.model.siamese_model import encoder_fingerprint
from likeness.tasks.tracking.correlation import Maps
from likeness.tasks.tracking.model import ENERGY, FORMAT, TrackingModel, keras_encode
from likeness.tasks.tracking.settings import TrackerSettings
from likeness.tasks.tracking.shapes import TrackingShapes


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
        head = {"format": FORMAT, "preparation": self.shapes.as_dict(), "energy": ENERGY}
        return encoder_fingerprint(self.encoder, head)

    @cached_property
    def _onnx(self) -> bytes | str:
        """The encoder as an ONNX file, or a sentence that says why there is none."""
        try:
            return onnx_bytes(self.encoder, sizes=(self.shapes.template, self.shapes.search))
        except (MissingExtraError, ModelError) as error:
            return str(error)

    @cached_property
    def _run(self) -> Callable[[Prepared], Maps]:
        if isinstance(self._onnx, str):
            return keras_encode(self.encoder)
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
            "about": {},
        }
        with whole_folder(folder) as fresh:
            self.encoder.save(fresh / "encoder.keras")
            if isinstance(self._onnx, str):
                document |= {"parts": {}, "no_onnx": self._onnx}
            else:
                (fresh / FILES["onnx"]).write_bytes(self._onnx)
                document["parts"] = {"onnx": part_entry("onnx", self._onnx, document)}
            write_texts(fresh, model_texts(document))
        return folder
