"""The inference benchmark: which runtimes a model has, and what the table says."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from benchmarks.inference.__main__ import arms_of, markdown, run_once, summary
from benchmarks.inference.dlib_speed import CHIP
from benchmarks.inference.dlib_speed import table as speed_table

from likeness.images.preparation import FixedPreparation
from likeness.model.imported import import_model

ROOT = Path(__file__).parents[2]

FAST = {
    "cold_seconds": 0.5,
    "one_photo_milliseconds": 2.0,
    "processor_milliseconds": 1.6,
    "photos_per_second": 400.0,
    "resident_megabytes": 100.0,
}
SLOW = {
    "cold_seconds": 10.0,
    "one_photo_milliseconds": 100.0,
    "processor_milliseconds": 80.0,
    "photos_per_second": 100.0,
    "resident_megabytes": 1500.0,
}


@pytest.fixture
def folder(small_onnx: Callable[..., bytes], tmp_path: Path) -> Path:
    (tmp_path / "face.onnx").write_bytes(small_onnx())
    prepare = FixedPreparation(rows=16, columns=12)
    import_model(tmp_path / "face.onnx", tmp_path / "m", preparation=prepare, licence="MIT")
    return tmp_path / "m"


def test_only_what_the_model_has_is_run(folder: Path) -> None:
    assert arms_of(folder) == ["ONNX Runtime"]
    (folder / "encoder.keras").write_bytes(b"")
    assert arms_of(folder) == ["Keras", "ONNX Runtime"]


def test_a_process_measures_every_figure(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    found = run_once(folder, "ONNX Runtime")
    assert set(found) == set(FAST)
    assert all(value > 0 for value in found.values())


def test_the_best_process_counts() -> None:
    held_up = {name: value * 3 for name, value in FAST.items()} | {"photos_per_second": 10.0}
    assert summary({"ONNX Runtime": [held_up, FAST, held_up]}) == {"ONNX Runtime": FAST}


def test_the_table_has_the_ratios(folder: Path) -> None:
    (folder / "encoder.keras").write_bytes(b"0" * 2_000_000)
    table = markdown(folder, {"Keras": [SLOW], "ONNX Runtime": [FAST]})
    lines = table.splitlines()
    assert lines[2] == (
        "| Keras | 2.0 | 10.00 (20 ×) | 100 (50 ×) | 80 (50 ×) | 100 (0.25 ×) | 1500 (15 ×) |"
    )
    assert lines[3].startswith(
        "| ONNX Runtime | 0.0 | 0.50 (1 ×) | 2.00 (1 ×) | 1.60 (1 ×) | 400 (1 ×) |"
    )
    assert "The best of 1 processes each" in table


def test_what_is_missing_is_said(folder: Path) -> None:
    words = [sys.executable, "-m", "benchmarks.inference", str(folder), "--rounds", "1"]
    done = subprocess.run(
        [*words, "--json", str(folder.parent / "found.json")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Keras is left out: the model has no encoder.keras." in done.stderr
    assert "int8 is left out: the model has no encoder.int8.onnx." in done.stderr
    found = json.loads((folder.parent / "found.json").read_text())
    assert list(found["best"]) == ["ONNX Runtime"]


def test_the_speed_beside_dlib_is_a_ratio_of_medians() -> None:
    text = speed_table({CHIP: {"dlib": [9.0, 11.0, 50.0], "likeness": [1.0, 1.0, 9.0]}})
    assert text.splitlines()[-1] == f"| {CHIP} | likeness | 1.0 | 11.0 |"
