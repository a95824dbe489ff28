"""What the main job promises on the real photos. Minutes each: ``make test-slow``."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.real]

SIX_MINUTES = 360
PATIENCE = 3  # a busy machine may take so many times as long before a test gives up


def crossval(tmp_path: Path, real_data: str, *options: str) -> dict[str, Any]:
    """Run U4 as a person would, and return its JSON."""
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "likeness", "crossval", "att", "--json", "u4.json", *options],
        cwd=tmp_path,
        env=os.environ | {"LIKENESS_DATA": real_data},
        check=True,
        timeout=PATIENCE * SIX_MINUTES,
    )
    print(f"\ncrossval {' '.join(options)}: {time.perf_counter() - began:.0f} s")
    document: dict[str, Any] = json.loads((tmp_path / "u4.json").read_text())
    means = {name: figure["mean"] for name, figure in document["figures"].items()}
    print(json.dumps(means, indent=2))
    return document


def test_default_recipe_on_unseen_people(tmp_path: Path, real_data: str) -> None:
    document = crossval(tmp_path, real_data, "--protocol", "U4")
    figures = document["figures"]
    assert set(figures) == {"auc", "eer", "tar_at_far_1e-2", "accuracy", "one_shot_10way"}
    assert figures["eer"]["mean"] <= 0.050
    assert figures["one_shot_10way"]["mean"] >= 0.953
    fisherfaces = document["baselines"]["fisherfaces"]
    for name, figure in figures.items():
        gain = figure["mean"] - fisherfaces[name]["mean"]
        assert (-gain if name == "eer" else gain) > 0, name
    assert document["leaks"] == 0
    assert document["counts"]["one_shot_trials"] == 3600
    assert document["counts"]["genuine_pairs"] == 4 * 450
    assert document["counts"]["impostor_pairs"] == 4 * 4500
    assert {"protocol", "seeds", "versions"} <= set(document)


def test_plain_contrastive_pairs_on_unseen_people(tmp_path: Path, real_data: str) -> None:
    document = crossval(tmp_path, real_data, "--protocol", "U4", "--mode", "pairs")
    assert document["recipe"]["loss"]["kind"] == "contrastive"
    assert document["recipe"]["energy"] == "euclidean"
    assert document["figures"]["eer"]["mean"] <= 0.065
    assert document["figures"]["one_shot_10way"]["mean"] >= 0.92


def test_demo_shows_the_lab_split_with_its_leaks_beside_unseen_people(
    tmp_path: Path, real_data: str
) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "likeness", "demo"],
        cwd=tmp_path,
        env=os.environ | {"LIKENESS_DATA": real_data, "COLUMNS": "100", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE * SIX_MINUTES,
    )
    assert "40 of the 40 test people (100 %) are in the training part" in " ".join(
        result.stdout.split()
    )
    report = json.loads((tmp_path / "likeness-demo" / "report.json").read_text())
    lab, unseen = report["protocols"]
    assert (lab["protocol"], unseen["protocol"]) == ("L", "U4")
    assert lab["leaks"] > 0
    assert unseen["leaks"] == 0
    assert not report["drawn"]
    page = (tmp_path / "likeness-demo" / "report.html").read_text()
    assert "drawn faces" not in page
