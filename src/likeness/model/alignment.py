"""The face alignment of a saved model: by the eyes, or by five landmarks."""

import io
import zipfile
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from likeness.errors import ModelError
from likeness.images.align import Alignment, EyeAlignment, PointAlignment
from likeness.images.faces.landmarks import LandmarkPredictor
from likeness.model.folder import FILES, SavedModel
from likeness.model.preparations import preparation_from_data


def alignment_of(model: Any) -> Alignment | None:
    """Return the alignment of a model; None if it reads photos without alignment.

    Args:
        model: an open one.

    Raises:
        ModelError: it needs landmarks, and their predictor is damaged.
    """
    return _alignment(getattr(model, "preparation", None), getattr(model, "landmarks", None))


def alignment_in(folder: Path) -> Alignment | None:
    """Return the alignment of the model in a folder, without opening the model; see `alignment_of`.

    Raises:
        ModelError: there is no model, or the predictor of landmarks is missing or damaged.
    """
    saved = SavedModel.read(folder)
    if saved.preparation.get("eyes") is None and saved.preparation.get("points") is None:
        return None
    return _alignment(preparation_from_data(saved.preparation), saved.landmarks())


def _alignment(preparation: Any, landmarks: bytes | None) -> Alignment | None:
    if getattr(preparation, "eyes", None) is not None:
        return EyeAlignment(preparation.eyes, (preparation.rows, preparation.columns))
    if getattr(preparation, "points", None) is None or landmarks is None:
        return None
    try:
        return PointAlignment(_predictor(landmarks))
    except (ValueError, KeyError, OSError, zipfile.BadZipFile) as error:
        raise ModelError(
            f"{FILES['landmarks']} of the model is damaged: {error}. Get the model again."
        ) from error


def _predictor(data: bytes) -> LandmarkPredictor:
    """Return the predictor that `predictor_bytes` stored.

    Raises:
        ValueError, KeyError, zipfile.BadZipFile: the bytes are not such a file.
    """
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        return LandmarkPredictor(
            **{entry.name: arrays[entry.name] for entry in fields(LandmarkPredictor)}
        )


def predictor_bytes(predictor: LandmarkPredictor) -> bytes:
    """Return the predictor as the bytes of an ``.npz`` file, without loss."""
    stream = io.BytesIO()
    arrays = {entry.name: getattr(predictor, entry.name) for entry in fields(predictor)}
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()
