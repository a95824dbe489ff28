"""The service, as a process of its own: odd requests, a load, and a kill in the middle of it."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from benchmarks.service.__main__ import markdown, measure
from benchmarks.service.people import make_gallery
from benchmarks.service.server import admin_key, running

from likeness.datasets import Dataset
from likeness.images.preparation import FixedPreparation
from likeness.model.folder import SavedModel
from likeness.model.imported import import_model
from likeness.model.opening import open_model

pytestmark = pytest.mark.slow

CASES = 2_000


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, small_onnx: Callable[..., bytes]) -> Path:
    """A small model with a threshold."""
    place = tmp_path_factory.mktemp("model")
    (place / "small.onnx").write_bytes(small_onnx(shape=("n", 1, 32, 24), size=16))
    preparation = FixedPreparation(rows=32, columns=24, colours="grey")
    import_model(place / "small.onnx", place / "model", preparation=preparation, licence="MIT")
    SavedModel.read(place / "model").store_calibration(threshold=0.02, calibration={})
    return place / "model"


def test_no_request_makes_the_service_fail(model: Path, faces: Dataset, tmp_path: Path) -> None:
    """Thousands of requests made from its own OpenAPI document: none is answered with a 5xx."""
    schemathesis = shutil.which("schemathesis", path=str(Path(sys.executable).parent))
    if schemathesis is None:
        pytest.skip("needs schemathesis")
    gallery = tmp_path / "people.db"
    make_gallery(gallery, open_model(model), faces.items, people=50)
    key = admin_key(gallery)
    with running(model, gallery, log=tmp_path / "log") as server:
        done = subprocess.run(
            [
                *(schemathesis, "run", f"http://127.0.0.1:{server.port}/openapi.json"),
                *("-H", f"Authorization: Bearer {key}", "--checks", "not_a_server_error"),
                *("--max-examples", "150", "--seed", "0", "--no-color"),
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]
    cases = re.search(r"(\d+) generated", done.stdout)
    assert cases is not None and int(cases[1]) >= CASES, done.stdout[-1000:]


def test_nothing_is_lost_under_load_nor_when_it_is_killed(
    model: Path, faces: Dataset, tmp_path: Path
) -> None:
    """The benchmark in small; its rates, and memory over a minute, are what it prints."""
    found = measure(
        tmp_path, model, faces.items, people=2_000, clients=50, seconds=12, kills=2, seed=0
    )
    assert found["errors"] == [] and found["error_count"] == 0
    assert found["lost"] == [] and all(one["lost"] == [] for one in found["kills"])
    assert all(one["acknowledged"] > 0 for one in found["kills"])
    assert min(found["done"][what] for what in ("identify", "enrol", "delete")) > 0
    assert found["check"] == "clean"
    assert "| killed after s |" in markdown(found)
