"""Galleries for tests: in memory, in a file, and on the tests' own PostgreSQL server."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from likeness.recogniser.gallery import Gallery, GalleryModel, NewTemplate, create_gallery

DIMENSIONS = 8


def model_of(energy: str = "euclidean", *, dimensions: int = DIMENSIONS) -> GalleryModel:
    return GalleryModel(fingerprint="8524c4c431a3ffff", energy=energy, dimensions=dimensions)


def vector_of(name: str, dimensions: int = DIMENSIONS) -> NDArray[np.float32]:
    """A vector of unit length that is always the same for a name."""
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
    drawn = np.random.default_rng(seed).standard_normal(dimensions).astype(np.float32)
    return drawn / np.linalg.norm(drawn)


def photo_of(name: str, *, kept: bool = False) -> NewTemplate:
    """A template of a photo of that name."""
    photo = f"the photo {name}, ".encode() * 400
    return NewTemplate(
        vector=vector_of(name),
        photo_digest=hashlib.sha256(photo).hexdigest(),
        quality={"sharpness": 0.5},
        provenance={"file": "a camera"},
        photo=photo if kept else None,
    )


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A place for a gallery in each store."""
    if request.param == "postgresql":
        return request.getfixturevalue("server").schema()
    return ":memory:" if request.param == "memory" else str(tmp_path / "people.db")


@pytest.fixture
def gallery(place: str) -> Iterator[Gallery]:
    """An empty gallery in each store."""
    with create_gallery(place, model_of(), by="operator") as made:
        yield made


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A place for a gallery in a file."""
    return tmp_path / "staff.db"
