"""The AT&T faces: where they are looked for, in which order, and what is said if nowhere."""

import hashlib
import os
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from likeness.datasets import att
from likeness.datasets.att_faces import MIRRORS
from likeness.errors import DataNotFoundError, DigestError

REAL = os.environ.get("LIKENESS_DATA", "")
OVERALL = "2e4844a9f4fa4397058f69d6208047170f2e9d399cda18b55c1e8d28f0a83431"

real = pytest.mark.skipif(not REAL, reason="LIKENESS_DATA is not set")


def find(
    digests: Mapping[str, str], path: Path | None = None, *, may_download: bool = True
) -> np.ndarray:
    return att(path, download=may_download, digests=digests).items


@dataclass(frozen=True)
class Copies:
    """Two zips: one as it should be, one in which s1 and s2 are not themselves."""

    good: bytes
    bad: bytes


@pytest.fixture
def copies(faces: Any, zip_of: Callable[..., bytes]) -> Copies:
    files = faces.files()
    mixed = files | {"s1/1.pgm": files["s2/1.pgm"], "s2/1.pgm": files["s1/1.pgm"]}
    return Copies(zip_of(files), zip_of(mixed))


def test_the_path_comes_first(
    tmp_path: Path, cache: Path, faces: Any, copies: Copies, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.zip").write_bytes(copies.good)
    monkeypatch.setenv("LIKENESS_DATA", str(tmp_path / "nowhere"))
    found = find(faces.digests, tmp_path / "mine.zip")
    np.testing.assert_array_equal(found, faces.items)
    assert not cache.exists()


def test_a_given_path_is_never_passed_over(
    cache: Path, faces: Any, copies: Copies, mirror: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.mkdir()
    (cache / "att_faces.zip").write_bytes(copies.good)
    monkeypatch.setenv("LIKENESS_DATA", str(cache))
    monkeypatch.setenv("LIKENESS_MIRRORS", mirror.serve("/a.zip", copies.good))
    empty = cache.parent / "empty"
    empty.mkdir()
    with pytest.raises(DataNotFoundError, match="empty: expected the AT&T faces"):
        find(faces.digests, empty)
    assert mirror.asked == []


def test_the_variable_comes_before_the_cache(
    tmp_path: Path, cache: Path, faces: Any, copies: Copies, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.mkdir()
    (cache / "att_faces.zip").write_bytes(copies.bad)
    (tmp_path / "att_faces.zip").write_bytes(copies.good)
    monkeypatch.setenv("LIKENESS_DATA", str(tmp_path))
    assert len(find(faces.digests)) == 30


def test_a_variable_that_leads_nowhere_is_named(
    tmp_path: Path, cache: Path, faces: Any, copies: Copies, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.mkdir()
    (cache / "att_faces.zip").write_bytes(copies.good)
    monkeypatch.setenv("LIKENESS_DATA", str(tmp_path / "none"))
    with pytest.raises(DataNotFoundError, match=r"^LIKENESS_DATA: .*none: there is no such"):
        find(faces.digests)
    monkeypatch.setenv("LIKENESS_DATA", str(tmp_path))
    with pytest.raises(DataNotFoundError, match=r"^LIKENESS_DATA: .*expected the AT&T faces"):
        find(faces.digests)
    (tmp_path / "att_faces.zip").write_bytes(copies.bad)
    with pytest.raises(DigestError, match=r"^LIKENESS_DATA: .*s1 and s2 are other people"):
        find(faces.digests)


def test_the_cache_comes_before_a_download(
    cache: Path, faces: Any, copies: Copies, mirror: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.mkdir()
    (cache / "att_faces.zip").write_bytes(copies.good)
    monkeypatch.setenv("LIKENESS_MIRRORS", mirror.serve("/a.zip", copies.good))
    np.testing.assert_array_equal(find(faces.digests), faces.items)
    assert mirror.asked == []


def test_a_download_is_verified_kept_and_used_again(
    cache: Path, faces: Any, copies: Copies, mirror: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    urls = [
        mirror.serve("/strangers.zip", copies.bad),
        mirror.serve("/half.zip", copies.good, breaks_off=True),
        mirror.serve("/page.zip", b"<html>this server has moved</html>"),
        mirror.serve("/att_faces.zip", copies.good),
    ]
    monkeypatch.setenv("LIKENESS_MIRRORS", " ".join(urls))
    np.testing.assert_array_equal(find(faces.digests), faces.items)
    assert len(mirror.asked) == 4
    assert [file.name for file in cache.iterdir()] == ["att_faces.zip"]
    find(faces.digests, may_download=False)
    assert len(mirror.asked) == 4


def test_a_broken_copy_in_the_cache_is_replaced(
    cache: Path, faces: Any, copies: Copies, mirror: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIKENESS_MIRRORS", mirror.serve("/a.zip", copies.good))
    cache.mkdir()
    for broken in (copies.bad, copies.good[:1000], b""):
        (cache / "att_faces.zip").write_bytes(broken)
        assert len(find(faces.digests)) == 30
        assert (cache / "att_faces.zip").read_bytes() == copies.good


def test_a_broken_copy_in_the_cache_is_told_if_downloading_is_off(
    cache: Path, faces: Any, copies: Copies
) -> None:
    cache.mkdir()
    (cache / "att_faces.zip").write_bytes(copies.bad)
    with pytest.raises(DigestError, match=r"^the cache holds no good copy: .*s1 and s2 are other"):
        find(faces.digests, may_download=False)


def test_nowhere_is_one_sentence_with_three_ways(
    cache: Path, faces: Any, copies: Copies, mirror: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    urls = [
        mirror.serve("/bad.zip", copies.bad),
        mirror.url + "/none",
        mirror.serve("/page", b"<html>"),
    ]
    monkeypatch.setenv("LIKENESS_MIRRORS", " ".join(urls))
    with pytest.raises(DataNotFoundError) as caught:
        find(faces.digests)
    said = str(caught.value)
    host = mirror.url.removeprefix("http://")
    assert said.startswith(
        f"a copy of the AT&T faces is not in the cache ({cache / 'att_faces.zip'}), and no mirror "
        "gave it ("
    )
    assert f"{host}: other photos (s1 and s2 are other people" in said
    assert f"{host}: HTTP 404" in said and f"{host}: not a zip that can be read" in said
    assert said.endswith(
        ": give the path of att_faces.zip, or set LIKENESS_DATA to its folder, or put it into the "
        "cache."
    )
    assert ".partial" not in said and list(cache.iterdir()) == []


def test_downloading_can_be_turned_off(
    cache: Path, faces: Any, copies: Copies, mirror: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIKENESS_MIRRORS", mirror.serve("/a.zip", copies.good))
    with pytest.raises(DataNotFoundError, match="downloading is off: give the path of att_faces"):
        att(download=False)
    assert mirror.asked == [] and not cache.exists()


def test_drawn_faces_are_not_taken_for_the_att_faces(
    tmp_path: Path, faces: Any, copies: Copies
) -> None:
    (tmp_path / "a.zip").write_bytes(copies.good)
    with pytest.raises(DigestError, match="370 of 400 photos of the AT&T faces are missing"):
        att(tmp_path / "a.zip")


def test_there_are_several_mirrors() -> None:
    assert len(set(MIRRORS)) == len(MIRRORS) >= 3
    assert all(url.startswith("http") and url.endswith("att_faces.zip") for url in MIRRORS)


@pytest.mark.real
@real
def test_the_real_faces() -> None:
    data = att(download=False)
    assert data.items.shape == (400, 112, 92, 1) and data.items.dtype == np.uint8
    assert hashlib.sha256(data.items.tobytes()).hexdigest() == OVERALL
    assert data.distinct == tuple(f"s{p}" for p in range(1, 41))
    assert data.item_names[:2] == ("s1/1", "s1/2") and data.item_names[-1] == "s40/10"
    assert data.identities[10] == "s2" and not data.drawn
    assert data.name == "AT&T faces" and "Samaria" in data.licence
    assert att(REAL).digest == data.digest


@pytest.fixture(scope="module")
def real_files() -> dict[str, bytes]:
    data = att(REAL)
    header = b"P5\n92 112\n255\n"
    return {
        f"{name}.pgm": header + item.tobytes()
        for name, item in zip(data.item_names, data.items, strict=True)
    }


def write_zip(file: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in files.items():
            archive.writestr(f"orl_faces/{name}", content)
    return file


@pytest.mark.real
@real
def test_the_real_faces_in_another_layout(tmp_path: Path, real_files: dict[str, bytes]) -> None:
    assert len(att(write_zip(tmp_path / "a.zip", real_files))) == 400


@pytest.mark.real
@real
def test_the_real_copy_with_strangers_in_s1_and_s2(
    tmp_path: Path, real_files: dict[str, bytes]
) -> None:
    strangers = {
        name.replace("s39/", "s1/").replace("s40/", "s2/"): content
        for name, content in real_files.items()
        if name.startswith(("s39/", "s40/"))
    }
    with pytest.raises(DigestError, match=r"s1 and s2 are other people; a copy with strangers"):
        att(write_zip(tmp_path / "a.zip", real_files | strangers))


@pytest.mark.real
@real
def test_the_real_copy_without_s40(tmp_path: Path, real_files: dict[str, bytes]) -> None:
    fewer = {name: data for name, data in real_files.items() if not name.startswith("s40/")}
    with pytest.raises(DigestError, match=r"10 of 400 photos .* 's40/1', 's40/2', .* and 5 more"):
        att(write_zip(tmp_path / "a.zip", fewer))
