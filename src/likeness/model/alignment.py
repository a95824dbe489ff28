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
        model: an open one; or a `SavedModel`, whose encoder stays closed.

    Raises:
        ModelError: it needs landmarks, and their predictor is missing or damaged.
    """
    if isinstance(model, SavedModel):
        preparation: Any = preparation_from_data(model.preparation)
        landmarks = model.landmarks()
    else:
        preparation = getattr(model, "preparation", None)
        landmarks = getattr(model, "landmarks", None)
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
