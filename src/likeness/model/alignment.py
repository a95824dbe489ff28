"""The face alignment of a saved model: by the eyes, or by five landmarks."""

import zipfile
from typing import Any

from likeness.errors import ModelError
from likeness.images.align import Alignment, EyeAlignment, PointAlignment
from likeness.images.faces.landmarks import LandmarkPredictor
from likeness.images.preparation import preparation_from_data
from likeness.model.folder import FILES, SavedModel


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
        return PointAlignment(LandmarkPredictor.from_bytes(landmarks))
    except (ValueError, KeyError, OSError, zipfile.BadZipFile) as error:
        raise ModelError(
            f"{FILES['landmarks']} of the model is damaged: {error}. Get the model again."
        ) from error
