"""A data set with detected and aligned faces, as a model needs it."""

from dataclasses import dataclass, field, replace

import numpy as np

from likeness.arrays import Photo
from likeness.datasets.items import Dataset
from likeness.errors import FaceError
from likeness.images.align import Alignment
from likeness.images.faces import FaceFinder, only_face
from likeness.recogniser.photo_reader import face_finder


@dataclass(frozen=True)
class FaceAligner:
    """Aligns the one face of a photo for a model, as the recogniser does.

    Args:
        alignment: the model's.
        finder: the face detector; that of the recogniser if not given.
    """

    alignment: Alignment
    finder: FaceFinder = field(default_factory=lambda: face_finder("auto"))

    def __call__(self, photo: Photo, name: str) -> Photo:
        """Return the aligned face of a photo; see `likeness.datasets.folder`.

        Raises:
            FaceError: there is not one face, or it cannot be aligned.
        """
        return self.alignment(photo, only_face(self.finder, photo, name=name), name=name)

    def faces_of(self, data: Dataset) -> Dataset:
        """Return the faces of photos as the recogniser gives them to a model.

        Figures on photos prepared in another way would not apply to the recogniser.

        Args:
            data: photos, uint8.

        Returns:
            Photos of the size that the alignment gives. Those without one face that can be aligned
            are left out; the notes name them, and `not_acquired` says whose they were, so that they
            count as rejected in every rate.

        Raises:
            FaceError: no photo is left.
            MissingExtraError: OpenCV is not installed.
        """
        made, kept, notes, failed = [], [], [], []
        for index, (photo, name, person) in enumerate(
            zip(data.items, data.item_names, data.identities, strict=True)
        ):
            try:
                made.append(self(photo, name))
            except FaceError as error:
                notes.append(f"left out: {error}")
                failed.append(person)
            else:
                kept.append(index)
        if not made:
            raise FaceError(
                f"{data.name}: expected photos of one face each, as the model needs them. "
                f"Found: none among {len(data)}. {notes[0] if notes else 'Give it photos.'}"
            )
        return replace(
            data.take(kept),
            items=np.stack(made),
            notes=(*data.notes, *notes),
            not_acquired=(*(data.not_acquired or ()), *failed),
        )
