"""Made-up embeddings, a gallery of them, and the probes that are asked."""

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from likeness.recogniser.gallery import Gallery, GalleryModel, NewTemplate, create_gallery

EACH = 4
"""Templates of a person."""

Vectors = NDArray[np.float32]


def unit_vectors(count: int, dimensions: int, *, seed: int) -> Vectors:
    """Return ``(count, dimensions)`` vectors of unit length, evenly in all directions."""
    drawn = np.random.default_rng(seed).standard_normal((count, dimensions), dtype=np.float32)
    drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
    return drawn


def noisy(vectors: Vectors, *, seed: int, noise: float = 0.5) -> Vectors:
    """Return vectors of unit length near to the given ones, as another photo's would be."""
    moved = vectors + noise * unit_vectors(*vectors.shape, seed=seed)
    moved /= np.linalg.norm(moved, axis=1, keepdims=True)
    return moved


def template(vector: Vectors, name: str) -> NewTemplate:
    """Return a template of a photo that only its name stands for."""
    digest = hashlib.sha256(name.encode()).hexdigest()
    return NewTemplate(vector=vector, photo_digest=digest)


def model_of(dimensions: int) -> GalleryModel:
    """Return the model that they are said to be of."""
    return GalleryModel(fingerprint="benchmark", energy="euclidean", dimensions=dimensions)


def enrol_all(where: str | Path, vectors: Vectors, *, at_once: int = 50_000) -> Gallery:
    """Make a gallery of the vectors, `EACH` to a person."""
    gallery = create_gallery(where, model_of(vectors.shape[1]), by="benchmark")
    for start in range(0, len(vectors), at_once):
        stop = min(start + at_once, len(vectors))
        people: dict[str, list[NewTemplate]] = {}
        for place in range(start, stop):
            name = f"person {place // EACH}"
            people.setdefault(name, []).append(template(vectors[place], f"photo {place}"))
        gallery.enrol_many(people)
    return gallery
