"""From a trained model's folder to the shipped one: one part, the same answers, the same bytes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from benchmarks.shipped import ship
from typer.testing import CliRunner

from benchmarks import shipped
from likeness.errors import ModelError, OutputError, SettingError
from likeness.images.preparation import FixedPreparation
from likeness.model.folder import SavedModel
from likeness.model.imported import import_model
from likeness.model.opening import open_model
from likeness.model.shipped import shipped_model
from likeness.tasks.signatures.dataset import drawn_signatures


@pytest.fixture
def model(tmp_path: Path, small_onnx: Callable[..., bytes]) -> Path:
    """A small model with a threshold and a licence."""
    encoder = small_onnx(shape=("n", 1, 16, 24))
    (tmp_path / "encoder.onnx").write_bytes(encoder)
    folder = tmp_path / "model"
    import_model(
        tmp_path / "encoder.onnx",
        folder,
        preparation=FixedPreparation(rows=16, columns=24, colours="grey"),
        energy="cosine",
        licence="MIT",
    )
    SavedModel.read(folder).store_about({"licence": "Apache-2.0"})
    SavedModel.read(folder).store_calibration(threshold=0.25, calibration={})
    return folder


def with_int8(folder: Path, data: bytes, *, threshold: float | None) -> None:
    saved = SavedModel.read(folder)
    own = {"fingerprint": saved.int8_fingerprint(data), "threshold": threshold, "calibration": {}}
    saved.add_part("int8", data, **own)


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_it_answers_like_the_model_it_was_made_of(model: Path, tmp_path: Path) -> None:
    (model / "notes.txt").write_text("mine")
    made = ship("signatures", model, within=tmp_path / "all")
    assert names(made) == ["card.json", "card.md", "encoder.onnx", "model.json"]
    opened = shipped_model("signatures", within=tmp_path / "all")
    whole = open_model(model)
    assert (opened.fingerprint, opened.threshold) == (whole.fingerprint, 0.25)
    items = drawn_signatures(writers=2, names=1, media=2, size=64).items
    np.testing.assert_array_equal(opened.energies(items, items), whole.energies(items, items))


def test_equal_models_give_equal_bytes(model: Path, tmp_path: Path) -> None:
    first = ship("signatures", model, within=tmp_path / "a")
    again = ship("signatures", model, within=tmp_path / "b")
    assert ship("signatures", again, within=tmp_path / "a") == first
    for name in names(first):
        assert (first / name).read_bytes() == (again / name).read_bytes()


def test_the_small_variant_goes_first_if_it_can_decide(
    model: Path, tmp_path: Path, small_onnx: Callable[..., bytes]
) -> None:
    data = small_onnx(shape=("n", 1, 16, 24), seed=1)
    with_int8(model, data, threshold=None)
    assert "encoder.onnx" in names(ship("signatures", model, within=tmp_path / "all"))
    with_int8(model, data, threshold=0.5)
    made = ship("signatures", model, within=tmp_path / "all")
    assert names(made) == ["card.json", "card.md", "encoder.int8.onnx", "model.json"]
    opened = shipped_model("signatures", within=tmp_path / "all")
    assert opened.threshold == 0.5
    assert opened.fingerprint == open_model(model, variant="int8").fingerprint
    # Card and model.json speak of the part that is there.
    assert json.loads((made / "card.json").read_text())["threshold"]["value"] == 0.5
    assert json.loads((made / "model.json").read_text())["parts"].keys() == {"int8"}
    assert "encoder.onnx" in names(
        ship("signatures", model, variant="float32", within=tmp_path / "all")
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"threshold": None}, "expected a model with a threshold"),
        ({"about": {}}, "whose card names its licence"),
        ({"parts": {}}, "has no float32 part"),
        ({"energy": "euclidean"}, "do not belong together"),
    ],
)
def test_a_model_that_cannot_be_passed_on_is_refused(
    model: Path, tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    document = SavedModel.read(model).to_json() | change
    (model / "model.json").write_text(json.dumps(document))
    with pytest.raises(ModelError, match=message):
        ship("signatures", model, within=tmp_path / "all")
    assert not (tmp_path / "all").exists()


def test_settings_and_size(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingError, match=r"^task: expected one of these: signatures"):
        ship("faces", model, within=tmp_path)
    with pytest.raises(SettingError, match="variant: expected one of auto, float32, int8"):
        ship("signatures", model, variant="int4", within=tmp_path)
    with pytest.raises(ModelError, match="has no int8 part"):
        ship("signatures", model, variant="int8", within=tmp_path)
    monkeypatch.setattr(shipped, "MOST_BYTES", 1000)
    with pytest.raises(OutputError, match="expected at most 1,000 bytes"):
        ship("signatures", model, within=tmp_path / "all")
    assert not (tmp_path / "all").exists()


def test_what_is_no_model_is_one_sentence(tmp_path: Path) -> None:
    import typer

    app = typer.Typer()
    app.command()(shipped.main)
    result = CliRunner().invoke(app, ["signatures", str(tmp_path)])
    assert result.exit_code == 2
    assert "Found no model.json" in result.output
