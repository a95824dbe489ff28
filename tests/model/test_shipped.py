"""The models that come along: whole, small, with a card, and open without Keras."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import likeness
from likeness.datasets import Dataset
from likeness.errors import ModelError, SettingError
from likeness.model.folder import FILES
from likeness.model.shipped import shipped_folder, shipped_model
from likeness.tasks import registry
from likeness.tasks.signatures.dataset import drawn_signatures


@pytest.fixture(scope="module")
def signed() -> Dataset:
    return drawn_signatures(writers=2, names=1, media=2, size=96)


@pytest.mark.parametrize("task", registry.names("shipped"))
class TestEach:
    def test_it_decides(self, task: str, signed: Dataset) -> None:
        model = shipped_model(task)
        assert model.runtime == "onnx"
        assert model.threshold is not None
        energies = model.energies(signed.items, signed.items)
        assert energies.shape == (4, 4)
        assert energies.diagonal() == pytest.approx(0, abs=1e-3)
        assert (energies[~np.eye(4, dtype=bool)] > 1e-3).all()

    def test_its_folder_holds_what_is_needed_and_nothing_else(self, task: str) -> None:
        folder = shipped_folder(task)
        names = {file.name for file in folder.iterdir()}
        assert {"card.json", "card.md", "model.json"} < names
        (part,) = names - {"card.json", "card.md", "model.json"}
        assert part in FILES.values()

    def test_its_card_says_what_it_is_and_under_which_terms(self, task: str) -> None:
        folder = shipped_folder(task)
        card = json.loads((folder / "card.json").read_text())
        assert card["fingerprint"] == json.loads((folder / "model.json").read_text())["fingerprint"]
        assert card["name"] and card["licence"]["model"] and card["licence"]["data"]
        assert card["data"]["people"] and card["not_for"] and card["limits"]
        assert card["threshold"]["value"] is not None

    def test_it_opens_without_keras(self, task: str, tmp_path: Path) -> None:
        code = (
            "import sys; sys.modules['keras'] = None\n"
            "from likeness.model.shipped import shipped_model\n"
            f"print(shipped_model({task!r}).fingerprint)"
        )
        found = subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        assert found.stdout.strip() == shipped_model(task).fingerprint


def test_together_they_are_small() -> None:
    folders = [shipped_folder(task) for task in registry.names("shipped")]
    assert sum(file.stat().st_size for folder in folders for file in folder.iterdir()) < 8_000_000


def test_every_folder_has_its_task() -> None:
    tasks = Path(likeness.__file__).parent / "tasks"
    folders = {path.parent for path in tasks.glob("*/shipped_models/*/model.json")}
    assert folders == {shipped_folder(task) for task in registry.names("shipped")}


@pytest.mark.parametrize("task", ["faces", "", "../cli", "Signatures"])
def test_an_unknown_task_lists_the_known_ones(task: str) -> None:
    with pytest.raises(SettingError, match=r"^task: expected one of these: signatures \(are two"):
        shipped_model(task)


def test_a_folder_that_is_missing_or_damaged_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"Found no model\.json"):
        shipped_model("signatures", within=tmp_path)
    whole = shipped_folder("signatures")
    copy = tmp_path / "signatures"
    copy.mkdir()
    for file in whole.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    assert shipped_model("signatures", within=tmp_path).fingerprint
    (part,) = copy.glob("*.onnx")
    part.write_bytes(part.read_bytes() + b"\0")
    with pytest.raises(ModelError, match="swapped or damaged"):
        shipped_model("signatures", within=tmp_path)
