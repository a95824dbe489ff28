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

TWENTY_MINUTES = 1200
PATIENCE = 2  # a slow machine beside other tests takes so many times as long


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory, real_data: str) -> tuple[str, Path]:
    """What `likeness demo --full` printed, and its report: only here is the default trained."""
    place = tmp_path_factory.mktemp("demo")
    began = time.perf_counter()
    result = subprocess.run(
        [sys.executable, "-m", "likeness", "demo", "--full"],
        cwd=place,
        env=os.environ | {"LIKENESS_DATA": real_data, "COLUMNS": "100", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE * TWENTY_MINUTES,
    )
    print(f"\ndemo: {time.perf_counter() - began:.0f} s")
    return result.stdout, place / "likeness-demo"


def means(document: dict[str, Any]) -> dict[str, float]:
    """Return a protocol's figures, and print them."""
    found = {name: figure["mean"] for name, figure in document["figures"].items()}
    print(json.dumps(found, indent=2))
    return found


def test_default_recipe_on_unseen_people(demo: tuple[str, Path]) -> None:
    """The demo's second protocol is `likeness crossval att --protocol U4`."""
    _, document = json.loads((demo[1] / "report.json").read_text())["protocols"]
    figures = means(document)
    assert set(figures) == {"auc", "eer", "tar_at_far_1e-2", "accuracy", "one_shot_10way"}
    assert figures["eer"] <= 0.050
    assert figures["one_shot_10way"] >= 0.953
    fisherfaces = document["baselines"]["fisherfaces"]
    for name, figure in figures.items():
        gain = figure - fisherfaces[name]["mean"]
        assert (-gain if name == "eer" else gain) > 0, name
    assert document["leaks"] == 0
    assert document["counts"]["one_shot_trials"] == 3600
    assert document["counts"]["genuine_pairs"] == 4 * 450
    assert document["counts"]["impostor_pairs"] == 4 * 4500
    assert {"protocol", "seeds", "versions"} <= set(document)


def test_plain_contrastive_pairs_on_unseen_people(tmp_path: Path, real_data: str) -> None:
    """Run as a person would."""
    began = time.perf_counter()
    words = ("crossval", "att", "--json", "u4.json", "--protocol", "U4", "--mode", "pairs")
    subprocess.run(
        [sys.executable, "-m", "likeness", *words],
        cwd=tmp_path,
        env=os.environ | {"LIKENESS_DATA": real_data},
        check=True,
        timeout=PATIENCE * TWENTY_MINUTES,
    )
    print(f"\n{' '.join(words)}: {time.perf_counter() - began:.0f} s")
    document = json.loads((tmp_path / "u4.json").read_text())
    assert document["recipe"]["loss"]["kind"] == "contrastive"
    assert document["recipe"]["energy"] == "euclidean"
    figures = means(document)
    assert figures["eer"] <= 0.065
    assert figures["one_shot_10way"] >= 0.92


def test_demo_shows_the_lab_split_with_its_leaks_beside_unseen_people(
    demo: tuple[str, Path],
) -> None:
    said, folder = demo
    assert "40 of the 40 test people (100 %) are in the training part" in " ".join(said.split())
    assert (
        "A public face encoder, trained on other people, on the same people (U4): EER"
        in " ".join(said.split())
    )
    assert (folder / "public-encoder" / "model.json").is_file()
    report = json.loads((folder / "report.json").read_text())
    lab, unseen = report["protocols"]
    assert (lab["protocol"], unseen["protocol"]) == ("L", "U4")
    assert lab["leaks"] > 0
    assert unseen["leaks"] == 0
    assert not report["drawn"]
    page = (folder / "report.html").read_text()
    assert "drawn faces" not in page
