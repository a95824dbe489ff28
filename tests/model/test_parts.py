"""The parts of a model's folder: listed, sealed, and refused if they do not belong to it."""

import json
from pathlib import Path
from typing import Any

import pytest

from likeness.errors import ModelError, OutputError
from likeness.model.folder import add_part, part_entry, parts_of, read_part, write_document

DOCUMENT: dict[str, Any] = {
    "format": "likeness.model/1",
    "fingerprint": "f" * 64,
    "preparation": {"rows": 16, "columns": 12, "channels": 1},
    "energy": "euclidean",
    "threshold": 0.5,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_document(tmp_path, DOCUMENT)
    return tmp_path


def stored(folder: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((folder / "model.json").read_text())
    return document


def test_a_part_is_written_listed_and_read(folder: Path) -> None:
    found = add_part(folder, "onnx", b"weights", DOCUMENT, entries={"note": 1})
    assert found == stored(folder)
    assert read_part(folder, "onnx", found) == b"weights"
    assert parts_of(found)["onnx"]["bytes"] == 7
    assert parts_of(found)["onnx"]["note"] == 1
    assert {key: value for key, value in found.items() if key != "parts"} == DOCUMENT
    assert sorted(path.name for path in folder.iterdir()) == ["encoder.onnx", "model.json"]


def test_the_parts_do_not_get_in_each_others_way(folder: Path) -> None:
    document = add_part(folder, "onnx", b"weights", DOCUMENT)
    document = add_part(folder, "int8", b"small", document)
    document = add_part(folder, "onnx", b"others", document)
    assert list(parts_of(document)) == ["onnx", "int8"]
    assert [read_part(folder, name, stored(folder)) for name in ("onnx", "int8")] == [
        b"others",
        b"small",
    ]


def test_why_there_was_none_goes_when_there_is_one(folder: Path) -> None:
    without = {**DOCUMENT, "no_onnx": "the exporter was missing"}
    assert "no_onnx" in add_part(folder, "int8", b"small", without)
    assert "no_onnx" not in add_part(folder, "onnx", b"weights", without)


def test_a_swapped_file_is_refused(folder: Path) -> None:
    document = add_part(folder, "onnx", b"weights", DOCUMENT)
    (folder / "encoder.onnx").write_bytes(b"weightz")
    with pytest.raises(ModelError, match=r"encoder\.onnx: expected the SHA-256 .* swapped or dam"):
        read_part(folder, "onnx", document)


def test_a_missing_file_is_refused(folder: Path) -> None:
    document = add_part(folder, "onnx", b"weights", DOCUMENT)
    (folder / "encoder.onnx").unlink()
    with pytest.raises(
        ModelError, match=r"is listed in model\.json, but cannot be read: No such file"
    ):
        read_part(folder, "onnx", document)


@pytest.mark.parametrize(
    "changes",
    [
        {"energy": "cosine"},
        {"fingerprint": "e" * 64},
        {"preparation": {"rows": 16, "columns": 13, "channels": 1}},
    ],
)
def test_an_edited_document_is_refused(folder: Path, changes: dict[str, Any]) -> None:
    document = add_part(folder, "onnx", b"weights", DOCUMENT)
    with pytest.raises(ModelError, match=r"do not belong together: encoder\.onnx was made for an"):
        read_part(folder, "onnx", document | changes)


def test_threshold_and_record_may_change(folder: Path) -> None:
    document = add_part(folder, "onnx", b"weights", DOCUMENT)
    changed = document | {"threshold": 0.1, "record": {"seconds": 3}}
    assert read_part(folder, "onnx", changed) == b"weights"


def test_a_part_of_another_kind_does_not_pass_for_this_one(folder: Path) -> None:
    document = add_part(folder, "int8", b"weights", DOCUMENT)
    (folder / "encoder.onnx").write_bytes(b"weights")
    moved = document | {"parts": {"onnx": document["parts"]["int8"]}}
    with pytest.raises(ModelError, match=r"do not belong together"):
        read_part(folder, "onnx", moved)


def test_digest_and_seal_name_exactly_these_bytes() -> None:
    entry = part_entry("onnx", b"weights", DOCUMENT)
    # SHA-256 of the seven bytes, from `printf weights | sha256sum`.
    assert entry["sha256"] == "9a129038d9a00aed0cf6a7ea059ca50a813449061ab87848cf1a13eafdf33b2c"
    assert part_entry("onnx", b"weights", DOCUMENT) == entry
    assert part_entry("onnx", b"weightz", DOCUMENT)["seal"] != entry["seal"]


def test_a_file_that_cannot_be_written_is_not_listed(folder: Path) -> None:
    first = add_part(folder, "int8", b"small", DOCUMENT)
    (folder / "encoder.onnx").mkdir()
    (folder / "encoder.onnx" / "in the way").write_text("")
    with pytest.raises(OutputError, match=r"encoder\.onnx cannot be written: .*make room\.$"):
        add_part(folder, "onnx", b"weights", first)
    assert stored(folder) == first
    assert read_part(folder, "int8", stored(folder)) == b"small"
