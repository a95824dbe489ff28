"""A data set as a model asks for it: every face brought to its place by the eyes."""

from dataclasses import replace

import numpy as np

from likeness.datasets import Dataset
from likeness.errors import FaceError
from likeness.images.align import prepare_face
from likeness.images.faces import FaceFinder, HaarFaceFinder, only_face
from likeness.images.fixed_preparation import FixedPreparation
from likeness.images.preparation import Preparation


def by_the_eyes(
    data: Dataset, preparation: Preparation | FixedPreparation, finder: FaceFinder | None = None
) -> Dataset:
    """Return the photos as the recogniser gives them to a model with this preparation.

    What is measured on photos of another kind holds for no answer of the recogniser.

    Args:
        data: photos, uint8.
        preparation: the model's; where it does not ask for the eyes, the data comes back.
        finder: what looks for faces; OpenCV's cascades if not given.

    Returns:
        Photos of the size that the preparation reads. Those without one face and its two eyes
        are left out, and the notes name them.

    Raises:
        FaceError: no photo is left.
        MissingExtraError: OpenCV is not installed.
    """
    eyes = getattr(preparation, "eyes", None)
    if eyes is None:
        return data
    finder = finder or HaarFaceFinder()
    size = (preparation.rows, preparation.columns)
    made, kept, notes = [], [], []
    for place, (photo, name) in enumerate(zip(data.items, data.item_names, strict=True)):
        try:
            face = only_face(finder, photo, name=name)
            made.append(prepare_face(photo, face, eyes=eyes, size=size, name=name))
        except FaceError as error:
            notes.append(f"left out: {error}")
        else:
            kept.append(place)
    if not made:
        raise FaceError(
            f"{data.name}: expected photos of one face with two eyes, which the model asks for. "
            f"Found: none among {len(data)}. {notes[0] if notes else 'Give it photos.'}"
        )
    return replace(data.take(kept), items=np.stack(made), notes=(*data.notes, *notes))
