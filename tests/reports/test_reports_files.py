"""Files are written whole or not at all."""

import os
import stat
import sys

import pytest

from likeness.errors import OutputError
from likeness.reports.files import write_whole


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_it_writes_every_file_and_returns_the_paths_in_order(tmp_path):
    folder = tmp_path / "new" / "report"
    paths = write_whole(folder, {"b.txt": b"two", "a.txt": b"one"})
    assert [path.name for path in paths] == ["b.txt", "a.txt"]
    assert [path.read_bytes() for path in paths] == [b"two", b"one"]
    assert names(folder) == ["a.txt", "b.txt"]


def test_it_replaces_what_was_there_and_leaves_the_rest(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"old")
    (tmp_path / "other").write_bytes(b"mine")
    write_whole(tmp_path, {"a.txt": b"new"})
    assert (tmp_path / "a.txt").read_bytes() == b"new"
    assert names(tmp_path) == ["a.txt", "other"]


@pytest.mark.skipif(os.name != "posix", reason="permissions as POSIX has them")
def test_the_files_are_as_readable_as_any_other(tmp_path):
    (path,) = write_whole(tmp_path, {"a.txt": b"one"})
    plain = tmp_path / "plain"
    plain.write_bytes(b"")
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)


def test_a_file_in_the_place_of_the_folder_is_one_sentence(tmp_path):
    (tmp_path / "out").write_bytes(b"a file")
    with pytest.raises(OutputError, match=r"a\.txt: expected a folder that can be written to\. "):
        write_whole(tmp_path / "out", {"a.txt": b"one"})
    assert (tmp_path / "out").read_bytes() == b"a file"


def test_a_folder_in_the_place_of_a_file_keeps_the_other_file_old(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"old")
    (tmp_path / "b.txt").mkdir()
    with pytest.raises(OutputError, match="there is a folder of that name"):
        write_whole(tmp_path, {"a.txt": b"new", "b.txt": b"new"})
    assert (tmp_path / "a.txt").read_bytes() == b"old"
    assert names(tmp_path) == ["a.txt", "b.txt"]


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on the size of files")
def test_no_room_for_the_second_file_keeps_the_first_one_old(tmp_path):
    import resource

    (tmp_path / "a.txt").write_bytes(b"old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(OutputError, match="Nothing there was changed"):
            write_whole(tmp_path, {"a.txt": b"new", "b.txt": b"x" * 100_000})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (tmp_path / "a.txt").read_bytes() == b"old"
    assert names(tmp_path) == ["a.txt"]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_to(tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(OutputError, match="Permission denied"):
            write_whole(tmp_path, {"a.txt": b"new"})
    finally:
        tmp_path.chmod(0o700)
