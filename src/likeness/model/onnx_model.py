"""`OnnxModel`: a saved model that ONNX Runtime runs."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from likeness.arrays import Embeddings, Energies, Items
from likeness.energies import energy_by_name, energy_matrix
from likeness.errors import LikenessError, ModelError
from likeness.model.folder import FILES, IMPORTED_FORMAT, canonical, read_part
from likeness.model.onnx_session import OnnxSession
from likeness.model.preparations import ModelPreparation, embedded, preparation_from_data
from likeness.model.protocol import is_same


@dataclass(frozen=True, eq=False, kw_only=True)
class OnnxModel:
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

    preparation: ModelPreparation
    session: OnnxSession
    energy: str
    fingerprint: str
    embedding_size: int
    threshold: float | None = None
    record: Mapping[str, Any] = field(default_factory=dict)
    calibration: Mapping[str, Any] = field(default_factory=dict)
    variant: str = "float32"
    landmarks: bytes | None = None

    def __post_init__(self) -> None:
        energy_by_name(self.energy)

    @property
    def runtime(self) -> str:
        """The runtime of the encoder: "onnx"."""
        return "onnx"

    def embed(self, images: Items) -> Embeddings:
        """Return ``(n, d)`` float32 embeddings of ``(n, any rows, any columns, 1 or 3)`` uint8.

        Of a list of texts, where the preparation reads texts.

        Raises:
            DataError: the images have another shape or type.
        """
        return embedded(images, self.preparation, self.session, size=self.embedding_size)

    def energies(self, left: Items, right: Items) -> Energies:
        """Return the ``(n, m)`` energies between two sets of photos; lower is more alike."""
        return energy_matrix(self.energy, self.embed(left), self.embed(right))

    def is_same(self, left: Items, right: Items) -> bool:
        """Return whether two photos, ``(rows, columns, channels)`` each, show one identity.

        Raises:
            NoThresholdError: the model has no threshold.
        """
        return is_same(self, left, right)


def onnx_model(
    folder: Path, document: Mapping[str, Any], *, variant: str = "float32", threads: int = 1
) -> OnnxModel:
    """Return the model of a folder whose ``model.json`` lists the variant.

    Raises:
        ModelError: its parts do not belong together, or are damaged.
    """
    name = "int8" if variant == "int8" else "onnx"
    data = read_part(folder, name, document)
    own = document["parts"]["int8"] if variant == "int8" else document
    file = str(folder / FILES[name])
    try:
        preparation = preparation_from_data(document["preparation"])
        model = OnnxModel(
            preparation=preparation,
            session=OnnxSession(data, name=file, threads=threads, reads=preparation.dtype),
            energy=document["energy"],
            fingerprint=own["fingerprint"],
            embedding_size=int(document["embedding_size"]),
            threshold=own["threshold"],
            record=document.get("record", {}),
            calibration=own.get("calibration", {}),
            variant=variant,
            landmarks=_landmarks(folder, document),
        )
    except (LikenessError, KeyError, TypeError, ValueError) as error:
        raise ModelError(
            f"{folder} holds a damaged model: {error}. Restore it or make it again."
        ) from error
    expected = _fingerprint_of(data, document, variant=variant)
    if expected not in (None, model.fingerprint):
        raise ModelError(
            f"{folder}: the parts of the model do not belong together. Expected the fingerprint "
            f"{model.fingerprint[:12]}, {FILES[name]} gives {str(expected)[:12]}. Restore the "
            "folder or make it again."
        )
    return model


def _landmarks(folder: Path, document: Mapping[str, Any]) -> bytes | None:
    wanted = document["preparation"].get("points") is not None
    return read_part(folder, "landmarks", document) if wanted else None


def _fingerprint_of(data: bytes, document: Mapping[str, Any], *, variant: str) -> str | None:
    """Return the fingerprint if it covers the file; for Keras' weights only the seal can be
    checked.
    """
    if variant == "int8":
        return int8_fingerprint(data, document["fingerprint"])
    if document["format"] == IMPORTED_FORMAT:
        return imported_fingerprint(data, document["preparation"], document["energy"])
    return None


def imported_fingerprint(data: bytes, preparation: Mapping[str, Any], energy: str) -> str:
    """SHA-256 of everything that determines an embedding and an energy of an imported encoder.

    Args:
        data: the bytes of the ONNX file.
        preparation: as ``model.json`` has it.
        energy: its name.
    """
    head = {"format": IMPORTED_FORMAT, "preparation": preparation, "energy": energy}
    return hashlib.sha256(canonical(head).encode() + data).hexdigest()


def int8_fingerprint(data: bytes, fingerprint: str) -> str:
    """SHA-256 of a model's fingerprint with the int8 file: its embeddings differ.

    Args:
        data: the bytes of the int8 file.
        fingerprint: of the model that it was made from.
    """
    return hashlib.sha256(canonical({"int8_of": fingerprint}).encode() + data).hexdigest()
