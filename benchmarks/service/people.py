"""A gallery of strangers, and photos that nobody has sent before."""

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.gallery.people import template, unit_vectors
from likeness.arrays import Images
from likeness.model.protocol import Model
from likeness.recogniser.gallery import GalleryModel, create_gallery


def make_gallery(where: Path, model: Model, photos: Images, *, people: int) -> GalleryModel:
    """Write a gallery of so many synthetic people, one template each.

    Their embeddings lie as far from nought as those of the photos do, so that a search has as
    much to sort as among real people.
    """
    described = GalleryModel.of(model)
    length = float(np.linalg.norm(model.embed(photos[:32]), axis=1).mean())
    vectors = length * unit_vectors(people, described.dimensions, seed=0)
    with create_gallery(where, described, by="benchmark") as gallery:
        for start in range(0, people, 5_000):
            gallery.enrol_many(
                {
                    f"stranger {place}": [template(vectors[place], f"photo of stranger {place}")]
                    for place in range(start, min(start + 5_000, people))
                }
            )
    return described


def fresh_photos(photos: Images, *, seed: int) -> Iterator[bytes]:
    """Yield PNG files without end, no two alike: a photo with a little noise on it."""
    rng = np.random.default_rng(seed)
    while True:
        photo = photos[rng.integers(len(photos))]
        noise = rng.integers(-3, 4, photo.shape)
        yield png(np.clip(photo.astype(np.int64) + noise, 0, 255).astype(np.uint8))


def png(photo: Images) -> bytes:
    """Return a photo as a PNG file."""
    file = io.BytesIO()
    Image.fromarray(photo[..., 0] if photo.shape[-1] == 1 else photo).save(file, "PNG")
    return file.getvalue()
