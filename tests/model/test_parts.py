"""The parts of a model's folder: listed, sealed, and refused if they do not belong to it."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from likeness.errors import ModelError, OutputError
from likeness.model.folder import SavedModel

DOCUMENT: dict[str, Any] = {
    "format": "likeness.model/1",
    "fingerprint": "f" * 64,
    "preparation": {"rows": 16, "columns": 12, "channels": 1},
    "energy": "euclidean",
    "threshold": 0.5,
}


@pytest.fixture
def saved(tmp_path: Path) -> SavedModel:
    (tmp_path / "model.json").write_text(json.dumps(DOCUMENT))
    return SavedModel.read(tmp_path)


def stored(saved: SavedModel) -> SavedModel:
    return SavedModel.read(saved.folder)


def test_a_part_is_written_listed_and_read(saved: SavedModel) -> None:
    whole = saved.add_part("onnx", b"weights", note=1)
    assert whole == stored(saved)
    assert whole.read_part("onnx") == b"weights"
    assert whole.parts["onnx"]["bytes"] == 7
    assert whole.parts["onnx"]["note"] == 1
    assert replace(whole, parts={}) == saved
    assert {key: whole.to_json()[key] for key in DOCUMENT} == DOCUMENT
    names = sorted(path.name for path in saved.folder.iterdir())
    assert names == ["encoder.onnx", "model.json"]


def test_the_parts_do_not_get_in_each_others_way(saved: SavedModel) -> None:
    both = saved.add_part("onnx", b"weights").add_part("int8", b"small").add_part("onnx", b"others")
    assert list(both.parts) == ["onnx", "int8"]
    assert [stored(saved).read_part(name) for name in ("onnx", "int8")] == [b"others", b"small"]


def test_why_there_was_none_goes_when_there_is_one(saved: SavedModel) -> None:
    without = replace(saved, no_onnx="the exporter was missing")
    assert "no_onnx" in without.add_part("int8", b"small").to_json()
    assert "no_onnx" not in without.add_part("onnx", b"weights").to_json()


def test_a_swapped_file_is_refused(saved: SavedModel) -> None:
    whole = saved.add_part("onnx", b"weights")
    (saved.folder / "encoder.onnx").write_bytes(b"weightz")
    with pytest.raises(ModelError, match=r"encoder\.onnx: expected the SHA-256 .* swapped or dam"):
        whole.read_part("onnx")


def test_a_missing_file_is_refused(saved: SavedModel) -> None:
    whole = saved.add_part("onnx", b"weights")
    (saved.folder / "encoder.onnx").unlink()
    with pytest.raises(
        ModelError, match=r"is listed in model\.json, but cannot be read: No such file"
    ):
        whole.read_part("onnx")


@pytest.mark.parametrize(
    "changes",
    [
        {"energy": "cosine"},
        {"fingerprint": "e" * 64},
        {"preparation": {"rows": 16, "columns": 13, "channels": 1}},
    ],
)
def test_an_edited_document_is_refused(saved: SavedModel, changes: dict[str, Any]) -> None:
    whole = saved.add_part("onnx", b"weights")
    with pytest.raises(ModelError, match=r"do not belong together: encoder\.onnx was made for an"):
        replace(whole, **changes).read_part("onnx")


def test_threshold_and_record_may_change(saved: SavedModel) -> None:
    whole = saved.add_part("onnx", b"weights")
    changed = replace(whole, threshold=0.1, record={"seconds": 3})
    assert changed.read_part("onnx") == b"weights"


def test_a_part_of_another_kind_does_not_pass_for_this_one(saved: SavedModel) -> None:
    whole = saved.add_part("int8", b"weights")
    (saved.folder / "encoder.onnx").write_bytes(b"weights")
    moved = replace(whole, parts={"onnx": whole.parts["int8"]})
    with pytest.raises(ModelError, match=r"do not belong together"):
        moved.read_part("onnx")


def test_digest_and_seal_name_exactly_these_bytes(saved: SavedModel) -> None:
    entry = saved.with_part("onnx", b"weights").parts["onnx"]
    # SHA-256 of the seven bytes, from `printf weights | sha256sum`.
    assert entry["sha256"] == "9a129038d9a00aed0cf6a7ea059ca50a813449061ab87848cf1a13eafdf33b2c"
    assert saved.with_part("onnx", b"weights").parts["onnx"] == entry
    assert saved.with_part("onnx", b"weightz").parts["onnx"]["seal"] != entry["seal"]


@pytest.mark.parametrize("size", [0, 1, 1001])
def test_a_packed_part_is_the_same_once_read(saved: SavedModel, size: int) -> None:
    data = (np.random.default_rng(0).normal(size=1001) / 30).astype(np.float16).tobytes()[:size]
    whole = saved.write_new({"onnx": data}, packed=["onnx"])
    assert whole == stored(saved)
    assert whole.read_part("onnx") == data
    assert (saved.folder / "encoder.onnx.z").stat().st_size == whole.parts["onnx"]["bytes"]
    assert not (saved.folder / "encoder.onnx").exists()


@pytest.mark.parametrize("unpacked", [2000, 2**40, -1, "2002"])
def test_a_packed_part_of_another_size_is_refused(saved: SavedModel, unpacked: Any) -> None:
    whole = saved.write_new({"onnx": bytes(2002)}, packed=["onnx"])
    entry = {**whole.parts["onnx"], "unpacked": unpacked}
    with pytest.raises(ModelError, match=r"encoder\.onnx\.z is damaged: .*get it again"):
        replace(whole, parts={"onnx": entry}).read_part("onnx")


def test_a_file_that_cannot_be_written_is_not_listed(saved: SavedModel) -> None:
    first = saved.add_part("int8", b"small")
    (saved.folder / "encoder.onnx").mkdir()
    (saved.folder / "encoder.onnx" / "in the way").write_text("")
    with pytest.raises(OutputError, match=r"encoder\.onnx cannot be written: .*make room\.$"):
        first.add_part("onnx", b"weights")
    assert stored(saved) == first
    assert stored(saved).read_part("int8") == b"small"


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param('{"a":' * 100_000, id="nested deeply"),
        pytest.param(json.dumps(DOCUMENT | {"embedding_size": -128}), id="a negative size"),
        pytest.param(json.dumps(DOCUMENT | {"embedding_size": 2**40}), id="an endless size"),
        pytest.param(json.dumps(DOCUMENT | {"embedding_size": True}), id="no number"),
        pytest.param(json.dumps(DOCUMENT | {"energy": 3}), id="an energy that is no word"),
    ],
)
def test_a_strangers_model_is_refused_in_a_sentence(tmp_path: Path, damage: str) -> None:
    (tmp_path / "model.json").write_text(damage)
    with pytest.raises(ModelError, match=r"cannot be read|damaged model: (embedding_size|energy)"):
        SavedModel.read(tmp_path)
