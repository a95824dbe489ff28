"""``likeness digits`` as a person types it."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from fresh_process import python

from likeness.tasks.characters.digits import digits

from .conftest import run_here


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    words = ("-m", "likeness", "digits", *arguments)
    return python(*words, cwd=cwd, check=False, COLUMNS="140", NO_COLOR="1")


@pytest.fixture
def npz(tmp_path: Path) -> Path:
    """The bundled digits in the layout of Keras' mnist.npz."""
    data = digits()
    images, labels = data.items[:400, :, :, 0], data.codes[:400].astype(np.uint8)
    path = tmp_path / "mnist.npz"
    np.savez(path, x_train=images, y_train=labels, x_test=images[:9], y_test=labels[:9])
    return path


def test_three_tables_and_their_json(npz: Path) -> None:
    words = ["--per-digit", "10", "--steps", "2", "--json", "digits.json"]
    result = run("mnist.npz", *words, cwd=npz.parent)
    assert result.returncode == 0, result.stderr
    said = " ".join(result.stdout.split())
    assert said.startswith("MNIST: 100 items, seed 0 As the example does: the same ten digits")
    assert "New digits: learned from 0123456, verified on 789" in said
    assert "SiameseClassifier, 5 each" in said
    found = json.loads((npz.parent / "digits.json").read_text())
    assert found["format"] == "likeness.digits/1"
    assert len(found["closed"]["methods"]) == 4


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["nothing.npz"], "nothing.npz: there is no such file"),
        (["--steps", "0,3"], "--steps: expected whole numbers from 1, such as 100,300."),
        (["--json", "no/where.json"], "--json: expected a file in an existing folder"),
        (["--per-digit", "2"], "--per-digit"),
    ],
)
def test_wrong_words(words: list[str], sentence: str, tmp_path: Path) -> None:
    result = run_here("digits", *words, cwd=tmp_path, COLUMNS="140")
    assert result.returncode == 2
    assert sentence in " ".join(result.stderr.split())
    assert list(tmp_path.iterdir()) == []
