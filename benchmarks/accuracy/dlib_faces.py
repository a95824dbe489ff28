"""`face_recognition`: dlib's network, trained by its author on three million photos."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from likeness.arrays import Embeddings, Energies, Images
from likeness.datasets import Dataset
from likeness.energies import energy_matrix
from likeness.errors import require_extra

ENLARGED = 2
"""The photos are small for dlib: twice the size."""


@dataclass(frozen=True)
class _Dlib:
    parameters: int = 5_600_000  # its file of 22.5 MB, four bytes each

    def embed(self, images: Images) -> Embeddings:
        """Return ``(n, 128)``."""
        return np.concatenate([_encoded(image) for image in images[..., 0]])

    def energies(self, embeddings: Embeddings) -> Energies:
        """Return Euclidean distances."""
        return energy_matrix("euclidean", embeddings)


def _encoded(image: Images) -> Embeddings:
    dlib = require_extra("face_recognition")
    rows, columns = (side * ENLARGED for side in image.shape)
    large = np.asarray(Image.fromarray(image).resize((columns, rows), Image.Resampling.BICUBIC))
    photo = np.dstack([large] * 3)
    # Where dlib's finder misses the face, the middle of the photo below the hair is taken:
    # a photo left out would flatter it.
    missed = (int(rows * 0.2), int(columns * 0.9), int(rows * 0.9), int(columns * 0.1))
    found = dlib.face_locations(photo) or [missed]
    largest = max(found, key=lambda box: (box[2] - box[0]) * (box[1] - box[3]))
    return np.asarray(dlib.face_encodings(photo, [largest]), np.float32)


@dataclass(frozen=True)
class DlibFaces:
    """It knows faces from elsewhere and learns nothing here."""

    title: str = "`face_recognition` (dlib, three million photos)"
    source: str = "pretrained by its author"

    def fit(self, train: Dataset, *, seed: int) -> _Dlib:
        """There is nothing to learn."""
        return _Dlib()
