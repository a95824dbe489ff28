"""Import of a public face encoder into a model's folder."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from likeness.arrays import Embeddings
from likeness.energies import energy_by_name
from likeness.errors import ModelError, SettingError
from likeness.files import check_new_folder
from likeness.images.preparation import FixedPreparation
from likeness.model.folder import SavedModel
from likeness.model.onnx_model import OnnxModel
from likeness.model.onnx_session import OnnxSession

SAME = 1e-5
"""Embeddings that differ by less than this share of their largest number are one embedding."""


def import_model(
    file: str | Path,
    folder: str | Path,
    *,
    preparation: FixedPreparation,
    licence: str,
    energy: str = "cosine",
    name: str | None = None,
    overwrite: bool = False,
) -> OnnxModel:
    """Import a public face encoder into a model's folder, to be calibrated and used like a trained
    model.

    The encoder is first tested on drawn faces: it must accept prepared photos, and give different
    embeddings for different faces.

    Args:
        file: ONNX, one input and one output of 32-bit floats, its weights inside.
        folder: where to; must not exist yet, or be empty.
        preparation: as in the encoder's training.
        licence: its terms, as text or SPDX identifier; stored with the model.
        energy: one of `likeness.energies.ENERGY_NAMES`.
        name: its name; the file's name if not given.
        overwrite: whether an existing model may be replaced.

    Returns:
        The model, without a threshold.

    Raises:
        ModelError: it is not such a file, or the encoder fails the test.
        SettingError: there is no energy of that name, or no licence.
        OutputError: the folder cannot be written.
    """
    file, folder = Path(file), Path(folder)
    energy_by_name(energy)
    if not licence.strip():
        raise SettingError(
            "licence: expected the encoder's terms, as text or SPDX identifier (such as MIT). "
            "Received: nothing. Its authors say which; many allow research only."
        )
    check_new_folder(folder, overwrite=overwrite)
    try:
        data = file.read_bytes()
    except OSError as error:
        raise ModelError(
            f"{file}: expected an ONNX file. It cannot be read: {error.strerror}."
        ) from error
    return import_bytes(
        data,
        folder,
        file_name=file.name,
        preparation=preparation,
        licence=licence,
        energy=energy,
        name=name or file.stem,
    )


def import_bytes(
    data: bytes,
    folder: Path,
    *,
    file_name: str,
    preparation: FixedPreparation,
    licence: str,
    energy: str,
    name: str,
    facts: Mapping[str, str] | None = None,
) -> OnnxModel:
    """Import an encoder from the bytes of its ONNX file; see `import_model`.

    Args:
        data: the bytes.
        folder: the output folder; one that is there is replaced.
        file_name: of the file, for messages and the record.
        preparation, licence, energy, name: as in `import_model`.
        facts: what else the record says of it.

    Raises:
        ModelError: as in `import_model`.
        OutputError: the folder cannot be written.
    """
    session = OnnxSession(data, name=file_name)
    _check_shape(session, preparation)
    embeddings = _tried(session, preparation)
    digest = hashlib.sha256(data).hexdigest()
    saved = SavedModel.imported(
        folder,
        data,
        preparation=preparation.as_data(),
        energy=energy,
        embedding_size=embeddings.shape[1],
        name=name,
        licence=licence.strip(),
        imported={"file": file_name, "sha256": digest, **(facts or {})},
    )
    return OnnxModel.of(saved.write_new({"onnx": data}))


def _check_shape(session: OnnxSession, preparation: FixedPreparation) -> None:
    """Raise if the file states another input shape."""
    named = session.input_shape
    wanted = preparation.shape
    fits = len(named) == 4 and all(
        not isinstance(size, int) or size == given
        for size, given in zip(named[1:], wanted, strict=True)
    )
    if not fits or (isinstance(named[0], int) and named[0] != 1):
        raise ModelError(
            f"{session.name}: expected an encoder that reads any number of photos, or one, of the "
            f"shape {wanted}, as size, layout and channels say. It reads {list(named)}; change "
            "them to what it reads."
        )


def _tried(session: OnnxSession, preparation: FixedPreparation) -> Embeddings:
    """Return the embeddings of drawn faces, after checking them."""
    from likeness.datasets import drawn_faces  # late: only an import draws

    size = (max(preparation.rows, 16), max(preparation.columns, 16))
    faces = drawn_faces(identities=3, photos_each=2, size=size, seed=0)
    prepared = preparation(faces.items)
    embeddings = session(prepared)
    if not np.isfinite(embeddings).all():
        raise ModelError(
            f"{session.name}: expected finite embeddings. Received: NaN or infinity for drawn "
            "faces; check mean and scale."
        )
    close = SAME * max(float(np.abs(embeddings).max()), 1e-30)
    if _smallest_difference(embeddings) <= close:
        raise ModelError(
            f"{session.name}: expected different embeddings of different photos. Received: the "
            "same for two drawn faces; check mean, scale and layout."
        )
    if np.abs(session(prepared[-1:]) - embeddings[-1:]).max() > 10 * close:
        raise ModelError(
            f"{session.name}: expected the same embedding of a photo alone and among others. "
            "Received: another; export the encoder for inference, not for training."
        )
    return embeddings


def _smallest_difference(embeddings: Embeddings) -> float:
    """Return the largest difference, over the numbers of an embedding, of the two most similar
    rows.
    """
    apart = np.abs(embeddings[:, None] - embeddings[None]).max(axis=2)
    np.fill_diagonal(apart, np.inf)
    return float(apart.min())
