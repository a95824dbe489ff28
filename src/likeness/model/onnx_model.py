"""`OnnxModel`: a saved model that ONNX Runtime runs."""

from dataclasses import dataclass
from typing import Any, Self

from likeness.arrays import Embeddings
from likeness.errors import LikenessError, ModelError
from likeness.images.preparation import preparation_from_data
from likeness.model.folder import FILES, IMPORTED_FORMAT, SavedModel
from likeness.model.onnx_session import OnnxSession
from likeness.model.protocol import PreparedModel


@dataclass(frozen=True, eq=False, kw_only=True)
class OnnxModel(PreparedModel):
    """A model loaded without Keras; used like a `SiameseModel`.

    Args:
        preparation: from items (photos, or texts) to the encoder's input.
        session: the encoder.
        energy: one of `likeness.energies.ENERGY_NAMES`.
        fingerprint: of everything that determines an embedding and an energy. The float variant of
            a trained model has the one of its Keras encoder, from which it differs by less
            than 1e-5; an int8 variant has its own.
        embedding_size: d.
        threshold: a pair is accepted if its energy is at most this; None if none was chosen.
        record: the training record.
        calibration: the promise of the threshold, and its evidence.
        variant: "float32" or "int8".
        landmarks: the predictor of landmarks, if faces are aligned by them; see
            `likeness.model.alignment`.
    """

    session: OnnxSession
    fingerprint: str
    embedding_size: int
    variant: str = "float32"
    landmarks: bytes | None = None

    @property
    def runtime(self) -> str:
        """The runtime of the encoder: "onnx"."""
        return "onnx"

    def _encode(self, prepared: Any) -> Embeddings:
        return self.session(prepared)

    @classmethod
    def of(cls, saved: SavedModel, *, variant: str = "float32", threads: int = 1) -> Self:
        """Return a saved model whose ``model.json`` lists the variant.

        Raises:
            ModelError: its parts do not belong together, or are damaged.
        """
        name = "int8" if variant == "int8" else "onnx"
        data = saved.read_part(name)
        file = str(saved.folder / FILES[name])
        own = saved.parts[name] if variant == "int8" else saved.to_json()
        try:
            preparation = preparation_from_data(saved.preparation)
            model = cls(
                preparation=preparation,
                session=OnnxSession(data, name=file, threads=threads, reads=preparation.dtype),
                energy=saved.energy,
                fingerprint=own["fingerprint"],
                embedding_size=saved.to_json()["embedding_size"],
                threshold=own["threshold"],
                record=saved.record,
                calibration=own.get("calibration", {}),
                variant=variant,
                landmarks=saved.landmarks(),
            )
        except (LikenessError, KeyError, TypeError, ValueError) as error:
            raise ModelError(
                f"{saved.folder} holds a damaged model: {error}. Restore it or make it again."
            ) from error
        expected = _fingerprint_of(data, saved, variant=variant)
        if expected not in (None, model.fingerprint):
            raise ModelError(
                f"{saved.folder}: the parts of the model do not belong together. Expected the "
                f"fingerprint {model.fingerprint[:12]}, {FILES[name]} gives {str(expected)[:12]}. "
                "Restore the folder or make it again."
            )
        return model


def _fingerprint_of(data: bytes, saved: SavedModel, *, variant: str) -> str | None:
    """Return the fingerprint if it covers the file; Keras' weights have only the seal."""
    if variant == "int8":
        return saved.int8_fingerprint(data)
    return saved.imported_fingerprint(data) if saved.format == IMPORTED_FORMAT else None
