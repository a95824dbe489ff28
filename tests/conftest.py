"""What all tests share: no photograph, no network, no cache but their own."""

import os
from pathlib import Path

import pytest

from likeness.datasets import Dataset, drawn_faces

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@pytest.fixture(scope="session")
def faces() -> Dataset:
    """Eight drawn people, four photos each."""
    return drawn_faces(identities=8, photos_each=4, seed=3)


@pytest.fixture
def without_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine with no data, no cache and no network; returns its empty folder."""
    monkeypatch.delenv("LIKENESS_DATA", raising=False)
    monkeypatch.setenv("LIKENESS_CACHE", str(tmp_path / "cache"))
    # Nothing listens on the discard port: the connection is refused at once.
    monkeypatch.setenv("LIKENESS_MIRRORS", "http://127.0.0.1:9/att_faces.zip")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return tmp_path


@pytest.fixture(scope="session")
def real_data() -> str:
    """The path of the real photos; skips the test where there is none."""
    place = os.environ.get("LIKENESS_DATA")
    if not place:
        pytest.skip("needs the AT&T faces: set LIKENESS_DATA")
    return str(Path(place).resolve())
