"""Files and folders are written completely or not at all, and places are tried before long work."""

import errno
import os
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from likeness import files
from likeness.errors import OutputError
from likeness.files import (
    check_new_folder,
    check_writable_file,
    check_writable_folder,
    natural_key,
    whole_file,
    whole_folder,
    write_file,
    write_files,
)

POSIX = pytest.mark.skipif(os.name != "posix", reason="permissions as POSIX has them")
NOT_ROOT = pytest.mark.skipif(
    os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere"
)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def permissions(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def write_a_file(path: Path) -> None:
    write_file(path, b"x" * 100_000)


def write_several(path: Path) -> None:
    write_files(path.parent, {"first.txt": b"new", path.name: b"x" * 100_000})


def write_by_draft(path: Path) -> None:
    with whole_file(path) as draft:
        draft.write_bytes(b"x" * 100_000)


def write_a_new_file(path: Path) -> None:
    path.unlink(missing_ok=True)
    write_file(path, b"x" * 100_000, new=True)


WRITERS = pytest.mark.parametrize("write", [write_a_file, write_several, write_by_draft])


@contextmanager
def full_disk() -> Iterator[None]:
    """Files of more than a thousand bytes fail, as all do on a full disk."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


class TestContent:
    def test_text_is_utf_8_and_bytes_are_as_they_are(self, tmp_path: Path) -> None:
        assert write_file(tmp_path / "text", "ä\n").read_bytes() == b"\xc3\xa4\n"
        assert write_file(tmp_path / "bytes", b"\xff\r\n").read_bytes() == b"\xff\r\n"
        assert names(tmp_path) == ["bytes", "text"]

    def test_several_files_are_written_and_returned_in_order(self, tmp_path: Path) -> None:
        folder = tmp_path / "new" / "report"
        paths = write_files(folder, {"b.txt": b"two", "a.txt": "one"})
        assert [path.name for path in paths] == ["b.txt", "a.txt"]
        assert [path.read_bytes() for path in paths] == [b"two", b"one"]
        assert names(folder) == ["a.txt", "b.txt"]

    def test_what_was_there_is_replaced_and_the_rest_is_left(self, tmp_path: Path) -> None:
        (tmp_path / "a.txt").write_bytes(b"old")
        (tmp_path / "other").write_bytes(b"mine")
        write_files(tmp_path, {"a.txt": b"new"})
        assert (tmp_path / "a.txt").read_bytes() == b"new"
        assert names(tmp_path) == ["a.txt", "other"]

    def test_a_folder_is_replaced_with_all_that_it_holds(self, tmp_path: Path) -> None:
        (tmp_path / "model" / "old").mkdir(parents=True)
        with whole_folder(tmp_path / "model") as fresh:
            (fresh / "new").mkdir()
            (fresh / "new" / "file").write_text("1")
            assert names(tmp_path / "model") == ["old"]
        assert names(tmp_path / "model") == ["new"]
        assert names(tmp_path) == ["model"]

    @POSIX
    def test_a_pipe_is_written_to_and_stays(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")
        reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
        try:
            check_writable_file(tmp_path / "pipe", option="--json")
            write_file(tmp_path / "pipe", "told")
            assert os.read(reader, 100) == b"told"
        finally:
            os.close(reader)
        assert (tmp_path / "pipe").is_fifo()


class TestAllOrNothing:
    """Whatever happens between, the old content or the new one is there, and nothing else."""

    @WRITERS
    @pytest.mark.skipif(sys.platform == "win32", reason="no limit on the size of files")
    def test_a_full_disk(self, tmp_path: Path, write: Callable[[Path], None]) -> None:
        (tmp_path / "a.txt").write_bytes(b"old")
        with full_disk(), pytest.raises(OutputError, match="Nothing there was changed"):
            write(tmp_path / "a.txt")
        assert (tmp_path / "a.txt").read_bytes() == b"old"
        assert names(tmp_path) == ["a.txt"]

    @WRITERS
    def test_a_disk_that_does_not_sync(
        self, tmp_path: Path, write: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(handle: int) -> None:
            raise OSError(errno.EIO, "Input/output error")

        (tmp_path / "a.txt").write_bytes(b"old")
        monkeypatch.setattr(os, "fsync", fail)
        with pytest.raises(OutputError, match=r"cannot be written: Input/output error\. Nothing"):
            write(tmp_path / "a.txt")
        assert (tmp_path / "a.txt").read_bytes() == b"old"
        assert names(tmp_path) == ["a.txt"]

    @pytest.mark.parametrize(
        "write", [write_a_file, write_several, write_by_draft, write_a_new_file]
    )
    def test_the_bytes_are_on_the_disk_before_the_name_and_then_the_name(
        self, tmp_path: Path, write: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        synced: list[tuple[str, bool]] = []
        sync = os.fsync

        def note(handle: int) -> None:
            kind = "folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file"
            there = (tmp_path / "a.txt").exists()
            synced.append((kind, there))
            sync(handle)

        monkeypatch.setattr(os, "fsync", note)
        write(tmp_path / "a.txt")
        files_synced = 2 if write is write_several else 1
        expected = [("file", False)] * files_synced
        assert synced == expected + [("folder", True)] * (os.name == "posix")

    @POSIX
    def test_a_folder_is_on_the_disk_before_its_name(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        synced = []
        sync = os.fsync

        def note(handle: int) -> None:
            synced.append((Path(f"/dev/fd/{handle}").resolve().name, (tmp_path / "m").exists()))
            sync(handle)

        monkeypatch.setattr(os, "fsync", note)
        with whole_folder(tmp_path / "m") as fresh:
            (fresh / "sub").mkdir()
            (fresh / "sub" / "file").write_text("1")
        assert sorted(synced[:-1]) == [("file", False), ("fresh", False), ("sub", False)]
        assert synced[-1] == (tmp_path.name, True)

    @pytest.mark.parametrize("kind", ["file", "folder"])
    def test_a_process_that_is_killed_between(self, tmp_path: Path, kind: str) -> None:
        target = write_file(tmp_path / "a.txt", "old")
        program = (
            "import os, sys; from likeness.files import whole_file, whole_folder\n"
            "with whole_file(sys.argv[1]) as draft, whole_folder(sys.argv[2]) as fresh:\n"
            "    draft.write_text('half'); (fresh / 'part').write_text('half')\n"
            "    os._exit(9)\n"
        )
        folder = tmp_path / "model"
        folder.mkdir()
        (folder / "whole").write_text("old")
        ended = subprocess.run([sys.executable, "-c", program, target, folder], check=False)
        assert ended.returncode == 9
        assert target.read_text() == "old"
        assert names(folder) == ["whole"]
        # What it left is swept by the first write after some seconds: nobody has it locked.
        left = [path for path in tmp_path.iterdir() if path.name.startswith(".likeness-part-")]
        assert len(left) == 2
        write_file(tmp_path / "b.txt", "1")
        assert all(path.exists() for path in left)
        for path in left:
            os.utime(path, (time.time() - 60,) * 2)
        write_file(tmp_path / "b.txt", "2")
        assert names(tmp_path) == ["a.txt", "b.txt", "model"]

    @POSIX
    @pytest.mark.parametrize("age", [60, 2 * 24 * 3600])
    def test_what_is_being_written_is_not_swept_however_long_it_takes(
        self, tmp_path: Path, age: float
    ) -> None:
        with whole_file(tmp_path / "a.txt") as draft:
            draft.write_text("long")
            os.utime(draft.parent, (time.time() - age,) * 2)
            program = "import sys; from likeness.files import write_file; write_file(*sys.argv[1:])"
            subprocess.run([sys.executable, "-c", program, tmp_path / "b.txt", "2"], check=True)
            write_file(tmp_path / "c.txt", "3")
        assert (tmp_path / "a.txt").read_text() == "long"
        assert names(tmp_path) == ["a.txt", "b.txt", "c.txt"]

    @POSIX
    def test_where_folders_cannot_be_locked_age_decides(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def none(_handle: int, _how: int) -> None:
            raise OSError(errno.ENOLCK, "No locks available")

        monkeypatch.setattr("fcntl.flock", none)
        for name, age in (("new", 3600), ("old", 25 * 3600)):
            (tmp_path / f".likeness-part-{name}").mkdir()
            os.utime(tmp_path / f".likeness-part-{name}", (time.time() - age,) * 2)
        write_file(tmp_path / "a.txt", "1")
        assert names(tmp_path) == [".likeness-part-new", "a.txt"]

    @pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
    def test_what_is_raised_inside(self, tmp_path: Path, error: type[BaseException]) -> None:
        write_file(tmp_path / "a.txt", "old")
        (tmp_path / "model").mkdir()
        (tmp_path / "model" / "whole").write_text("old")
        with pytest.raises(error), whole_file(tmp_path / "a.txt") as draft:
            draft.write_text("half")
            raise error
        with pytest.raises(error), whole_folder(tmp_path / "model") as fresh:
            (fresh / "part").write_text("half")
            raise error
        assert (tmp_path / "a.txt").read_text() == "old"
        assert names(tmp_path / "model") == ["whole"]
        assert names(tmp_path) == ["a.txt", "model"]

    def test_a_folder_in_the_place_of_a_file_keeps_the_other_file_old(self, tmp_path: Path) -> None:
        (tmp_path / "a.txt").write_bytes(b"old")
        (tmp_path / "b.txt").mkdir()
        with pytest.raises(OutputError, match="there is a folder of that name"):
            write_files(tmp_path, {"a.txt": b"new", "b.txt": b"new"})
        assert (tmp_path / "a.txt").read_bytes() == b"old"
        assert names(tmp_path) == ["a.txt", "b.txt"]

    def test_a_folder_that_cannot_be_swapped_in_leaves_the_old_one(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "model").mkdir()
        (tmp_path / "model" / "whole").write_text("old")
        replace = Path.replace

        def fail(self: Path, target: Path) -> Path:
            if self.name == "fresh":
                raise OSError(errno.EXDEV, "Invalid cross-device link")
            return replace(self, target)

        monkeypatch.setattr(Path, "replace", fail)
        with pytest.raises(OutputError, match="cross-device"), whole_folder(tmp_path / "model"):
            pass
        assert names(tmp_path / "model") == ["whole"]
        assert names(tmp_path) == ["model"]


class TestNew:
    def test_a_file_that_is_there_is_left_alone(self, tmp_path: Path) -> None:
        write_file(tmp_path / "key", "mine", new=True)
        with pytest.raises(OutputError, match=r"key: expected a new file\. Received: an existing"):
            write_file(tmp_path / "key", "other", new=True)
        assert (tmp_path / "key").read_text() == "mine"
        assert names(tmp_path) == ["key"]

    @pytest.mark.parametrize("links_work", [True, False])
    def test_a_file_that_comes_meanwhile_is_left_alone(
        self, tmp_path: Path, links_work: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        if not links_work:
            monkeypatch.setattr(os, "link", no_links)
        with (
            pytest.raises(OutputError, match="expected a new file"),
            whole_file(tmp_path / "backup", new=True) as draft,
        ):
            draft.write_text("ours")
            (tmp_path / "backup").write_text("theirs")
        assert (tmp_path / "backup").read_text() == "theirs"
        assert names(tmp_path) == ["backup"]

    @POSIX
    def test_a_link_that_leads_nowhere_is_no_new_file(self, tmp_path: Path) -> None:
        (tmp_path / "key").symlink_to(tmp_path / "elsewhere")
        with pytest.raises(OutputError, match="expected a new file"):
            write_file(tmp_path / "key", "secret", new=True)
        assert not (tmp_path / "elsewhere").exists()

    def test_where_hard_links_do_not_work(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(os, "link", no_links)
        write_file(tmp_path / "key", "secret", mode=0o600, new=True)
        assert (tmp_path / "key").read_text() == "secret"
        assert names(tmp_path) == ["key"]


def no_links(*_: object) -> None:
    raise OSError(errno.EPERM, "Operation not permitted")


@POSIX
class TestPermissionsAndLinks:
    def test_a_new_file_is_as_readable_as_any_other(self, tmp_path: Path) -> None:
        (tmp_path / "plain").write_bytes(b"")
        (path,) = write_files(tmp_path, {"a.txt": b"one"})
        assert permissions(path) == permissions(tmp_path / "plain")
        assert permissions(write_file(tmp_path / "b", "")) == permissions(tmp_path / "plain")

    @pytest.mark.parametrize("mode", [0o600, 0o640, 0o444])
    def test_a_replaced_file_keeps_its_permissions(self, tmp_path: Path, mode: int) -> None:
        path = write_file(tmp_path / "a.txt", "old")
        path.chmod(mode)
        write_file(path, "new")
        assert (path.read_text(), permissions(path)) == ("new", mode)
        write_files(tmp_path, {"a.txt": "newer"})
        assert (path.read_text(), permissions(path)) == ("newer", mode)

    def test_a_replaced_folder_keeps_its_permissions(self, tmp_path: Path) -> None:
        (tmp_path / "model").mkdir(mode=0o700)
        with whole_folder(tmp_path / "model") as fresh:
            (fresh / "part").write_text("1")
        assert permissions(tmp_path / "model") == 0o700

    def test_a_mode_can_be_asked_for(self, tmp_path: Path) -> None:
        assert permissions(write_file(tmp_path / "key", "1", mode=0o600)) == 0o600

    def test_a_link_stays_and_what_it_leads_to_is_replaced(self, tmp_path: Path) -> None:
        (tmp_path / "data").mkdir()
        target = write_file(tmp_path / "data" / "a.txt", "old")
        (tmp_path / "link").symlink_to(target)
        write_file(tmp_path / "link", "new")
        write_files(tmp_path, {"link": "newer"})
        assert (tmp_path / "link").is_symlink()
        assert target.read_text() == "newer"
        (tmp_path / "folder").symlink_to(tmp_path / "data")
        with whole_folder(tmp_path / "folder") as fresh:
            (fresh / "b.txt").write_text("1")
        assert (tmp_path / "folder").is_symlink()
        assert names(tmp_path / "data") == ["b.txt"]
        assert names(tmp_path) == ["data", "folder", "link"]


class TestPlaces:
    """What cannot be written is refused before the work, and trying leaves nothing."""

    def test_places_that_will_do(self, tmp_path: Path) -> None:
        (tmp_path / "a.txt").write_text("old")
        (tmp_path / "empty").mkdir()
        check_writable_file(tmp_path / "a.txt", option="--json")
        check_writable_file(tmp_path / "b.txt", option="--json", new=True)
        check_writable_file(None, option="--json")
        check_writable_folder(tmp_path, option="--report")
        check_writable_folder(tmp_path / "new" / "report", option="--report")
        check_writable_folder(None, option="--report")
        check_new_folder(tmp_path / "empty")
        check_new_folder(tmp_path / "new" / "model")
        assert names(tmp_path) == ["a.txt", "empty"]

    def test_files(self, tmp_path: Path) -> None:
        (tmp_path / "a.txt").write_text("old")
        for path, new in (
            (tmp_path, False),
            (tmp_path / "no" / "a.json", False),
            (tmp_path / "a.txt" / "a.json", False),
            (tmp_path / "a.txt", True),
        ):
            with pytest.raises(OutputError, match=r"^--json: expected a file in an existing fol"):
                check_writable_file(path, option="--json", new=new)

    def test_folders(self, tmp_path: Path) -> None:
        (tmp_path / "a.txt").write_text("old")
        with pytest.raises(OutputError, match=r"^--report: expected a folder\. Received: .* a fil"):
            check_writable_folder(tmp_path / "a.txt", option="--report")
        for folder in (tmp_path / "a.txt" / "report", tmp_path / "a.txt" / "b" / "report"):
            with pytest.raises(OutputError, match=r"^--report: .*report cannot be written: Not a"):
                check_writable_folder(folder, option="--report")
            with pytest.raises(OutputError, match=r"report cannot be written: Not a directory"):
                check_new_folder(folder)
        with pytest.raises(OutputError, match=r"expected a folder\. Received: a file"):
            check_new_folder(tmp_path / "a.txt")
        with pytest.raises(OutputError, match="expected a new or empty folder"):
            check_new_folder(tmp_path, overwrite=True)

    def test_a_result_is_replaced_only_if_asked(self, tmp_path: Path) -> None:
        (tmp_path / "model.json").write_text("{}")
        check_new_folder(tmp_path, overwrite=True)
        with pytest.raises(OutputError, match="already holds a model"):
            check_new_folder(tmp_path)
        with pytest.raises(OutputError, match="expected a new or empty folder"):
            check_new_folder(tmp_path, overwrite=True, document="")
        with pytest.raises(OutputError, match="expected a new or empty folder"):
            check_new_folder(tmp_path, overwrite=True, document="estimator.json")

    def test_a_file_in_the_place_of_the_folder_is_one_sentence(self, tmp_path: Path) -> None:
        (tmp_path / "out").write_bytes(b"a file")
        with pytest.raises(OutputError, match=r"out \(a\.txt\) cannot be written: .*\. Nothing th"):
            write_files(tmp_path / "out", {"a.txt": b"one"})
        with pytest.raises(OutputError, match=r"a\.txt cannot be written: .*\. Nothing there"):
            write_file(tmp_path / "out" / "a.txt", b"one")
        with (
            pytest.raises(OutputError, match="Nothing there"),
            whole_folder(tmp_path / "out" / "b"),
        ):
            pass
        assert (tmp_path / "out").read_bytes() == b"a file"

    @NOT_ROOT
    def test_a_folder_that_may_not_be_written_to(self, tmp_path: Path) -> None:
        (tmp_path / "a.txt").write_text("old")
        tmp_path.chmod(0o500)
        try:
            for attempt in (
                lambda: write_file(tmp_path / "a.txt", b"new"),
                lambda: write_files(tmp_path, {"a.txt": b"new"}),
                lambda: whole_folder(tmp_path / "model").__enter__(),
                lambda: check_writable_file(tmp_path / "a.txt", option="--json"),
                lambda: check_writable_folder(tmp_path / "report", option="--report"),
                lambda: check_new_folder(tmp_path / "model"),
            ):
                with pytest.raises(OutputError, match="Permission denied"):
                    attempt()
        finally:
            tmp_path.chmod(0o700)
        assert (tmp_path / "a.txt").read_text() == "old"

    def test_a_disk_that_loses_the_name_is_said(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sync = os.fsync

        def fail(handle: int) -> None:
            if stat.S_ISDIR(os.fstat(handle).st_mode):
                raise OSError(errno.EIO, "Input/output error")
            sync(handle)

        monkeypatch.setattr(files.os, "fsync", fail)
        with pytest.raises(OutputError, match="was written, but could not be synced"):
            write_file(tmp_path / "a.txt", b"new")


def test_names_are_ordered_as_people_count() -> None:
    assert sorted(["s10", "s2", "s1"], key=natural_key) == ["s1", "s2", "s10"]
    assert natural_key("s1") != natural_key("s01")
