"""The search for bytes in files: across parts, in many files, and without `likeness`."""

import ast
import subprocess
from pathlib import Path

import pytest

from likeness.recogniser.gallery import byte_search_process
from likeness.recogniser.gallery.scrub import files_with


def test_finds_which_pattern_is_in_which_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"..Ada Lovelace..")
    (tmp_path / "b").write_bytes(b"\0\1\2\3 Ada Lovelace")
    (tmp_path / "empty").touch()
    files = [tmp_path / name for name in ("a", "b", "empty", "absent")]
    found = files_with(files, [b"Ada Lovelace", b"nobody", b"\1\2\3"])
    assert found == {0: ["a", "b"], 2: ["b"]}
    assert files_with(files, []) == {}


@pytest.mark.parametrize("shift", [-12, -11, -6, -1, 0])
@pytest.mark.parametrize("parts", [1, 2])
def test_finds_what_lies_across_two_parts(tmp_path: Path, shift: int, parts: int) -> None:
    place = parts * byte_search_process._PART + shift
    (tmp_path / "a").write_bytes(bytes(place) + b"Ada Lovelace" + bytes(100))
    assert files_with([tmp_path / "a"], [b"Ada Lovelace", b"e\0"]) == {0: ["a"], 1: ["a"]}


def test_a_file_that_cannot_be_read_is_no_answer(tmp_path: Path) -> None:
    with pytest.raises(subprocess.SubprocessError):
        files_with([tmp_path], [b"Ada Lovelace"])  # a folder


def test_the_process_imports_nothing() -> None:
    """It is run by its path, without the site's packages, and should start at once."""
    tree = ast.parse(Path(byte_search_process.__file__).read_text())
    modules = {
        alias.name if isinstance(node, ast.Import) else str(node.module)
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert modules == {"sys"}
