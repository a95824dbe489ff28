"""Downloads: mirrors in turn, all or nothing in the cache, one sentence when none helps."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from likeness.datasets.download import MOST_BYTES, download
from likeness.errors import DataNotFoundError, DigestError, OutputError

GOOD = b"a good file " * 50_000


def check(file: Path) -> bytes:
    data = file.read_bytes()
    if data != GOOD:
        raise DigestError(f"{len(data)} other bytes")
    return data


def test_a_good_file_enters_the_cache(cache: Path, mirror: Any) -> None:
    url = mirror.serve("/a.zip", GOOD)
    assert download([url], cache / "a.zip", check=check) == GOOD
    assert [file.name for file in cache.iterdir()] == ["a.zip"]
    assert (cache / "a.zip").read_bytes() == GOOD


def test_mirrors_are_tried_in_turn_until_one_is_right(cache: Path, mirror: Any) -> None:
    urls = [
        mirror.url + "/gone",
        mirror.serve("/other", b"something else"),
        mirror.serve("/half", GOOD, breaks_off=True),
        mirror.serve("/good", GOOD),
        mirror.serve("/never", GOOD),
    ]
    assert download(urls, cache / "a.zip", check=check) == GOOD
    assert mirror.asked == ["/gone", "/other", "/half", "/good"]
    assert [file.name for file in cache.iterdir()] == ["a.zip"]


def test_the_reason_of_every_mirror_is_told(cache: Path, mirror: Any) -> None:
    host = mirror.url.removeprefix("http://")
    urls = [
        mirror.url + "/gone",
        mirror.serve("/other", b"something else"),
        mirror.serve("/half", GOOD, breaks_off=True),
        "http://127.0.0.1:1/refused",
        "file:///etc/hostname",
    ]
    with pytest.raises(DataNotFoundError) as caught:
        download(urls, cache / "a.zip", check=check)
    assert str(caught.value) == (
        f"{host}: HTTP 404; {host}: other photos (14 other bytes); {host}: broke off; "
        "127.0.0.1:1: cannot connect; file:///etc/hostname: not an http address"
    )
    assert list(cache.iterdir()) == []


def test_a_connection_that_breaks_leaves_nothing_and_the_next_run_works(
    cache: Path, mirror: Any
) -> None:
    url = mirror.serve("/a.zip", GOOD, breaks_off=True)
    with pytest.raises(DataNotFoundError, match="broke off"):
        download([url], cache / "a.zip", check=check)
    assert list(cache.iterdir()) == []
    mirror.serve("/a.zip", GOOD)
    assert download([url], cache / "a.zip", check=check) == GOOD


def test_an_interrupt_leaves_nothing(cache: Path, mirror: Any) -> None:
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        download([mirror.serve("/a", GOOD)], cache / "a.zip", check=check, on_progress=interrupt)
    assert list(cache.iterdir()) == []


def test_what_a_killed_process_left_is_no_file_and_is_swept_later(cache: Path, mirror: Any) -> None:
    old, running = cache / ".likeness-part-old", cache / ".likeness-part-new"
    for folder in (old, running):
        folder.mkdir(parents=True)
        (folder / "a.zip").write_bytes(GOOD[:99])
    two_days_ago = time.time() - 2 * 24 * 3600
    os.utime(old, (two_days_ago, two_days_ago))
    download([mirror.serve("/a", GOOD)], cache / "a.zip", check=check)
    assert sorted(file.name for file in cache.iterdir()) == [".likeness-part-new", "a.zip"]


def test_a_kill_leaves_nothing_under_the_files_name(cache: Path, mirror: Any) -> None:
    mirror.stalls = threading.Event()
    url = mirror.serve("/a", GOOD, breaks_off=True)
    program = (
        "import sys; from pathlib import Path; from likeness.datasets.download import download;"
        "download([sys.argv[1]], Path(sys.argv[2]), check=Path.read_bytes,"
        " on_progress=lambda done, total: print(done, flush=True))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, url, str(cache / "a.zip")], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None and process.stdout.readline()  # bytes have come
        process.kill()
    mirror.stalls.set()
    assert not (cache / "a.zip").exists()
    assert [file.name[:15] for file in cache.iterdir()] == [".likeness-part-"]
    mirror.serve("/a", GOOD)
    assert download([url], cache / "a.zip", check=check) == GOOD


def test_progress_grows_to_the_total(cache: Path, mirror: Any) -> None:
    told: list[tuple[int, int]] = []
    download(
        [mirror.serve("/a", GOOD)],
        cache / "a.zip",
        check=check,
        on_progress=lambda done, total: told.append((done, total)),
    )
    assert told[-1] == (len(GOOD), len(GOOD)) and len(told) > 3
    assert all(total == len(GOOD) and 0 < done <= total for done, total in told)
    assert told == sorted(told)


def test_a_mirror_that_sends_too_much_is_left(cache: Path, mirror: Any) -> None:
    class Endless(bytes):
        def __len__(self) -> int:
            return MOST_BYTES + 1

    url = mirror.serve("/a", Endless(b"x" * 70_000), breaks_off=False)
    with pytest.raises(DataNotFoundError, match="sends more than 64 MiB"):
        download([url], cache / "a.zip", check=check)
    assert list(cache.iterdir()) == []


def test_two_at_once_do_no_harm(cache: Path, mirror: Any) -> None:
    url = mirror.serve("/a", GOOD)
    got: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: got.append(download([url], cache / "a.zip", check=check)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [GOOD] * 4
    assert [file.name for file in cache.iterdir()] == ["a.zip"]


def test_a_newer_download_replaces_what_was_there(cache: Path, mirror: Any) -> None:
    cache.mkdir()
    (cache / "a.zip").write_bytes(b"broken")
    download([mirror.serve("/a", GOOD)], cache / "a.zip", check=check)
    assert (cache / "a.zip").read_bytes() == GOOD


def test_a_failed_download_leaves_what_was_there(cache: Path, mirror: Any) -> None:
    cache.mkdir()
    (cache / "a.zip").write_bytes(b"old")
    with pytest.raises(DataNotFoundError):
        download([mirror.serve("/a", b"other")], cache / "a.zip", check=check)
    assert (cache / "a.zip").read_bytes() == b"old"


def test_a_cache_that_cannot_be_written(tmp_path: Path, mirror: Any) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(
        OutputError, match=r"a\.zip cannot be written: .*\. Set LIKENESS_CACHE to a folder that can"
    ):
        download([mirror.serve("/a", GOOD)], tmp_path / "file" / "a.zip", check=check)


def test_no_mirrors(cache: Path) -> None:
    with pytest.raises(DataNotFoundError, match="no mirrors are listed"):
        download([], cache / "a.zip", check=check)


def test_the_variable_replaces_the_list(
    cache: Path, mirror: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = [mirror.url + "/usual.zip"]
    monkeypatch.setenv("LIKENESS_MIRRORS", f" {mirror.url}/one.zip  {mirror.url}/data/ ")
    with pytest.raises(DataNotFoundError):
        download(usual, cache / "a.zip", check=check)
    assert mirror.asked == ["/one.zip", "/data/a.zip"]
    monkeypatch.setenv("LIKENESS_MIRRORS", "")
    with pytest.raises(DataNotFoundError):
        download(usual, cache / "a.zip", check=check)
    assert mirror.asked[2:] == ["/usual.zip"]
