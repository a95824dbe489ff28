"""The STS benchmark from made-up copies: zips, tars, folders, mirrors, and what is none."""

import hashlib
import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from likeness.errors import DataError, DataNotFoundError, DigestError, SettingError
from likeness.tasks.sentences.sts import ARCHIVES, DIGESTS, sts

LINES = {
    "train": "a\tf\t2012\t1\t5.000\tOne “quoted.\tOne two.\n"
    'a\tf\t2012\t2\t0.4\t"Half a quote.\tThree. \thttp://x\tterms\n',
    "dev": "a\tf\t2012\t1\t2.5\tFour.\tFive.",
    "test": "a\tf\t2012\t1\t3\tSix.\tSeven.\n\n",
}
FILES = {f"sts-{part}.csv": text.encode() for part, text in LINES.items()}
KNOWN = {part: hashlib.sha256(text.encode()).hexdigest() for part, text in LINES.items()}


def find(path: Any = None, part: str = "train", **changes: Any) -> Any:
    settings = {"download": False, "digests": KNOWN} | changes
    return sts(path, part=part, **settings)  # type: ignore[arg-type]


def tarred(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return stream.getvalue()


@pytest.fixture(params=["zip", "zip_in_folder", "tar", "folder", "folder_with_zip"])
def copy(request: pytest.FixtureRequest, tmp_path: Path, zip_of: Callable[..., bytes]) -> Path:
    nested = {f"stsbenchmark/{name}": data for name, data in FILES.items()}
    kind = request.param
    if kind == "folder":
        for name, data in FILES.items():
            (tmp_path / name).write_bytes(data)
        return tmp_path
    if kind == "tar":
        (tmp_path / ARCHIVES[1]).write_bytes(tarred(nested))
        return tmp_path / ARCHIVES[1]
    (tmp_path / ARCHIVES[0]).write_bytes(zip_of(nested if kind == "zip_in_folder" else FILES))
    return tmp_path if kind == "folder_with_zip" else tmp_path / ARCHIVES[0]


def test_every_form_of_copy(copy: Path) -> None:
    train = find(copy)
    assert train.left == ("One “quoted.", '"Half a quote.')
    assert train.right == ("One two.", "Three.")
    assert train.scores.tolist() == [5.0, 0.4]
    assert train.name == "STS benchmark, train part" and "CC BY-SA" in train.licence
    assert find(copy, "dev").right == ("Five.",)
    assert len(find(copy, "test")) == 1


def test_the_variable_and_the_cache(
    without_data: Path, zip_of: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(
        DataNotFoundError, match=r"^the STS benchmark is not in the cache .* is off"
    ):
        find()
    cache = without_data / "cache"
    cache.mkdir()
    (cache / ARCHIVES[1]).write_bytes(tarred(FILES))
    assert len(find()) == 2
    # A place of other data is passed over, a copy there is not.
    own = without_data / "own"
    own.mkdir()
    monkeypatch.setenv("LIKENESS_DATA", str(own))
    assert len(find()) == 2
    (own / ARCHIVES[0]).write_bytes(zip_of({"sts-train.csv": b"other"}))
    with pytest.raises(DigestError, match=r"sts-train.csv is not the published one"):
        find()


def test_it_is_downloaded_once_and_checked(
    without_data: Path, mirror: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror.serve("/" + ARCHIVES[1], tarred(FILES))
    monkeypatch.setenv("LIKENESS_MIRRORS", mirror.url + "/")
    assert len(find(download=True)) == 2
    assert (without_data / "cache" / ARCHIVES[1]).is_file()
    assert len(find(part="dev")) == 1


def test_another_file_at_the_mirror_does_not_enter_the_cache(
    without_data: Path, mirror: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror.serve("/" + ARCHIVES[1], tarred(FILES | {"sts-train.csv": b"strange"}))
    monkeypatch.setenv("LIKENESS_MIRRORS", mirror.url + "/")
    with pytest.raises(DataNotFoundError, match=r"and no mirror gave it .*not the published one"):
        find(download=True)
    assert not (without_data / "cache" / ARCHIVES[1]).exists()


def test_what_is_no_copy(tmp_path: Path, zip_of: Callable[..., bytes]) -> None:
    with pytest.raises(DataNotFoundError, match=r"there is no such file or folder"):
        find(tmp_path / "nowhere")
    with pytest.raises(DataNotFoundError, match=r"expected the STS benchmark .* none of it"):
        find(tmp_path)
    for name, data in {
        "text.zip": b"no zip",
        "cut.zip": zip_of(FILES)[:60],
        "cut.tar.gz": tarred(FILES)[:60],
    }.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(DataNotFoundError, match=r"not a zip or tar.gz that can be read"):
            find(tmp_path / name)
    (tmp_path / "other.zip").write_bytes(zip_of({"readme.txt": b"hello"}))
    with pytest.raises(DataNotFoundError, match=r"none of it"):
        find(tmp_path / "other.zip")


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("sts-train.csv", bytes(20 * 2**20))
    with pytest.raises(DataNotFoundError, match=r"none of it"):
        find(tmp_path / "bomb.zip")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"a\tf\t2012\t1\t5.0\tOne.\n", r"line 1: expected at least 7 columns between tabs"),
        (b"a\tf\t2012\t1\tfive\tOne.\tTwo.\n", r"line 1: expected .* the fifth a score"),
        (b"a\tf\t2012\t1\t7\tOne.\tTwo.\n", r"^scores: expected numbers from 0 to 5"),
        (b"\xff\xfe", r"expected UTF-8"),
    ],
)
def test_a_damaged_part(tmp_path: Path, content: bytes, sentence: str) -> None:
    (tmp_path / "sts-train.csv").write_bytes(content)
    with pytest.raises(DataError, match=sentence):
        find(tmp_path, digests={"train": hashlib.sha256(content).hexdigest()})


def test_there_is_no_such_part() -> None:
    with pytest.raises(SettingError, match=r"^part: expected one of train, dev, test\. Received: "):
        sts(part="all")  # type: ignore[arg-type]


@pytest.mark.real
def test_the_real_one(real_data: str) -> None:
    try:
        sizes = {part: len(sts(real_data, part=part)) for part in DIGESTS}  # type: ignore[arg-type]
    except DataNotFoundError:
        pytest.skip("needs the STS benchmark beside the faces")
    assert sizes == {"train": 5749, "dev": 1500, "test": 1379}
