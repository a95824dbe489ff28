"""The face alignment of a saved model: by the eyes, or by five landmarks."""

import io
import zipfile
from dataclasses import fields
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


def alignment_in(saved: SavedModel) -> Alignment | None:
    """Return the alignment of a saved model, without opening its encoder; see `alignment_of`.

    Raises:
        ModelError: the predictor of landmarks is missing or damaged.
    """
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


LEAF_STEP = 2.0**-24
"""What leaves are rounded to: the spacing of float32 just below 1, where points lie. The points of
5 % of AT&T's photos move by a pixel; so do they by any change of the order of the sums."""

_PLANES = {"pixels": np.uint16, "offsets": np.float32}
"""Arrays whose bytes are stored one plane after the other, without loss."""


def _predictor(data: bytes) -> LandmarkPredictor:
    """Return the predictor that `predictor_bytes` stored.

    Raises:
        ValueError, KeyError, zipfile.BadZipFile: the bytes are not such a file.
    """
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        stored = {entry.name: arrays[entry.name] for entry in fields(LandmarkPredictor)}
    if stored["leaves"].dtype == np.float32:  # as the first such files have it
        return LandmarkPredictor(**stored)
    for name, kind in _PLANES.items():
        stored[name] = np.moveaxis(stored[name], 0, -1).copy().view(kind)[..., 0]
    low, middle, high = stored["leaves"].astype(np.int32)
    folded = low | middle << 8 | high << 16
    leaves = np.where(folded & 1, -(folded >> 1) - 1, folded >> 1)
    stored["leaves"] = (leaves * LEAF_STEP).astype(np.float32)
    stored["thresholds"] = stored["thresholds"].astype(np.float32)
    return LandmarkPredictor(**stored)


def predictor_bytes(predictor: LandmarkPredictor) -> bytes:
    """Return the predictor as the bytes of an ``.npz`` file, half as large as its arrays.

    A split compares a threshold with a difference of whole grey levels: its whole part is enough.
    Leaves are rounded to `LEAF_STEP`; the sign is folded into the lowest bit, so that small numbers
    have empty high bytes. Nothing else is lost.
    """
    arrays = {entry.name: getattr(predictor, entry.name) for entry in fields(predictor)}
    leaves = np.round(predictor.leaves / LEAF_STEP).astype(np.int32)
    folded = leaves << 1 ^ leaves >> 31
    arrays["leaves"] = np.stack([(folded >> shift & 0xFF).astype(np.uint8) for shift in (0, 8, 16)])
    arrays["thresholds"] = np.floor(predictor.thresholds).astype(np.int16)
    for name in _PLANES:
        values = np.ascontiguousarray(arrays[name])[..., None]
        arrays[name] = np.moveaxis(values.view(np.uint8), -1, 0).copy()
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()
