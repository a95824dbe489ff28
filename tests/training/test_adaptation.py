"""`likeness train --from`: an encoder is whitened where held-out people gain, or left as it is."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from likeness.cli import main
from likeness.datasets import Dataset
from likeness.errors import OverlapError, TooFewError
from likeness.images.preparation import FixedPreparation
from likeness.model.imported import import_model
from likeness.model.opening import open_model
from likeness.training.adaptation import adapt

pytest.importorskip("onnx")

SIDE, USED = 16, 16


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An imported encoder whose embedding is the first row of grey levels."""
    import onnx  # late: skipped without it

    folder = tmp_path_factory.mktemp("base")
    helper = onnx.helper
    matrix = np.eye(SIDE * SIDE, USED, dtype=np.float32)
    nodes = [
        helper.make_node("Flatten", ["x"], ["flat"]),
        helper.make_node("MatMul", ["flat", "m"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "first row",
        [helper.make_tensor_value_info("x", 1, ("n", 1, SIDE, SIDE))],
        [helper.make_tensor_value_info("y", 1, ("n", USED))],
        [onnx.numpy_helper.from_array(matrix, "m")],
    )
    opset = helper.make_opsetid("", 17)
    file = folder / "row.onnx"
    file.write_bytes(
        helper.make_model(graph, opset_imports=[opset], ir_version=8).SerializeToString()
    )
    preparation = FixedPreparation(rows=SIDE, columns=SIDE, colours="grey")
    import_model(file, folder / "model", preparation=preparation, licence="MIT", energy="euclidean")
    return folder / "model"


def people(*, noise: float, count: int = 20, seed: int = 0) -> Dataset:
    """Half of the row says who it is; the other half is noise, wide or none."""
    rng = np.random.default_rng(seed)
    codes = np.repeat(np.arange(count), 6)
    rows = rng.normal(128, 30, (count, USED))[codes] + rng.normal(0, 3, (len(codes), USED))
    rows[:, USED // 2 :] = 128 + rng.normal(0, 1, (len(codes), USED // 2)) * noise
    items = np.full((len(codes), SIDE, SIDE, 1), 128, np.uint8)
    items[:, 0, :, 0] = np.clip(rows, 0, 255).round()
    return Dataset(items=items, identities=[f"p{code:02}" for code in codes], name="rows")


def test_a_gain_of_held_out_people_is_kept(base: Path, tmp_path: Path) -> None:
    learned, others = people(noise=30), people(noise=30, seed=1)
    adapted = adapt(base, learned, tmp_path / "out")
    assert adapted.gained and adapted.change.high < 0 and adapted.people == 20
    assert adapted.after.mean < 0.8 * adapted.before.mean
    model = open_model(tmp_path / "out")
    assert model.fingerprint == adapted.model.fingerprint != open_model(base).fingerprint
    np.testing.assert_allclose(np.linalg.norm(model.embed(others.items), axis=1), 1, atol=1e-5)
    # People that nobody has seen gain, too, and the threshold is one for them.
    energies = model.energies(others.items, others.items)
    same = others.codes[:, None] == others.codes[None]
    accepted = energies <= model.threshold
    assert accepted[same].mean() > 0.7 and accepted[~same].mean() < 0.3
    assert model.record["adapted"]["from"] == open_model(base).fingerprint
    assert "whitened on rows" in (tmp_path / "out" / "card.md").read_text()
    with pytest.raises(OverlapError):
        adapt(tmp_path / "out", learned, tmp_path / "again")


def test_without_a_gain_the_encoder_stays_as_it_was(base: Path, tmp_path: Path) -> None:
    adapted = adapt(base, people(noise=0), tmp_path / "out")
    assert not adapted.gained
    assert "stays as it was" in adapted.sentences()[1]
    old, new = open_model(base), open_model(tmp_path / "out")
    assert (new.fingerprint, new.energy, new.threshold) == (old.fingerprint, old.energy, None)


def test_too_few_people(base: Path, tmp_path: Path) -> None:
    with pytest.raises(TooFewError):
        adapt(base, people(noise=1, count=5), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def run(monkeypatch: pytest.MonkeyPatch, *words: Any) -> int:
    monkeypatch.setattr(sys, "argv", ["likeness", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_the_command(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = people(noise=30, count=8)
    for index, (photo, name) in enumerate(zip(data.items, data.identities, strict=True)):
        (tmp_path / "photos" / name).mkdir(parents=True, exist_ok=True)
        Image.fromarray(photo[..., 0]).save(tmp_path / "photos" / name / f"{index}.png")
    words = ["train", tmp_path / "photos", "--from", base, "--out", tmp_path / "out"]
    assert run(monkeypatch, *words, "--json", tmp_path / "result.json") == 0
    result = json.loads((tmp_path / "result.json").read_text())
    assert result["fingerprint"] == open_model(tmp_path / "out").fingerprint
    assert {"before", "after", "change"} == set(result["eer"])
    assert run(monkeypatch, *words, "--overwrite", "--mode", "pairs") != 0
