"""One copy of the AT&T faces: found in every layout, and verified photo by photo."""

import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from likeness.datasets.att_faces import PERSON_DIGESTS, att
from likeness.errors import DataError, DataNotFoundError, DigestError


def write(root: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return root


def write_zip(path: Path, files: dict[str, bytes], zip_of: Callable[..., bytes]) -> Path:
    path.write_bytes(zip_of(files))
    return path


@pytest.mark.parametrize("prefix", ["", "orl_faces/", "att_faces/"])
@pytest.mark.parametrize("kind", ["zip", "folder", "folder with zip"])
def test_every_layout(
    tmp_path: Path, faces: Any, zip_of: Callable[..., bytes], prefix: str, kind: str
) -> None:
    files = {prefix + name: data for name, data in faces.files().items()}
    if kind == "folder":
        place = write(tmp_path, files)
    else:
        zipped = write_zip(tmp_path / "att_faces.zip", files, zip_of)
        place = zipped if kind == "zip" else tmp_path
    np.testing.assert_array_equal(att(place, digests=faces.digests).items, faces.items)


def test_headers_do_not_count(tmp_path: Path, faces: Any) -> None:
    files = {
        name: data.replace(b"P5\n", b"P5\n# CREATOR: somebody\n", 1)
        for name, data in faces.files().items()
    }
    assert att(write(tmp_path, files), digests=faces.digests).items.shape == (30, 112, 92, 1)


def test_other_files_beside_the_photos_do_no_harm(tmp_path: Path, faces: Any) -> None:
    files = faces.files() | {"README": b"hello", "s1/Thumbs.db": b"x", "s99/1.pgm": b"x"}
    assert len(att(write(tmp_path, files), digests=faces.digests)) == 30


def swapped(faces: Any, first: str, second: str) -> dict[str, bytes]:
    """The copy in which two people stand in each other's place."""
    files = faces.files()
    out = dict(files)
    for k in range(1, 11):
        out[f"{first}/{k}.pgm"] = files[f"{second}/{k}.pgm"]
        out[f"{second}/{k}.pgm"] = files[f"{first}/{k}.pgm"]
    return out


def test_strangers_in_s1_and_s2_are_refused_by_name(tmp_path: Path, faces: Any) -> None:
    place = write(tmp_path, swapped(faces, "s1", "s2"))
    with pytest.raises(
        DigestError,
        match=r": s1 and s2 are other people; a copy with strangers in s1 and s2 circulates",
    ):
        att(place, digests=faces.digests)


def test_other_strangers_are_named_too(tmp_path: Path, faces: Any) -> None:
    with pytest.raises(DigestError, match=r"the photos of 's1', 's3' are not those of the AT&T"):
        att(write(tmp_path, swapped(faces, "s1", "s3")), digests=faces.digests)


def test_one_changed_pixel_is_noticed(tmp_path: Path, faces: Any) -> None:
    files = faces.files()
    last = bytearray(files["s2/7.pgm"])
    last[-1] ^= 1
    files["s2/7.pgm"] = bytes(last)
    with pytest.raises(DigestError, match=r"the photos of 's2' are not those"):
        att(write(tmp_path, files), digests=faces.digests)


def test_photos_of_one_person_in_another_order_are_noticed(tmp_path: Path, faces: Any) -> None:
    files = faces.files()
    files["s2/1.pgm"], files["s2/2.pgm"] = files["s2/2.pgm"], files["s2/1.pgm"]
    with pytest.raises(DigestError, match="'s2'"):
        att(write(tmp_path, files), digests=faces.digests)


def test_a_missing_person_is_named_photo_by_photo(
    tmp_path: Path, faces: Any, zip_of: Callable[..., bytes]
) -> None:
    files = {name: data for name, data in faces.files().items() if not name.startswith("s3/")}
    with pytest.raises(
        DigestError,
        match=r"10 of 30 photos .* missing or broken: 's3/1', 's3/2', .* and 5 more\. Use a whole",
    ):
        att(write_zip(tmp_path / "a.zip", files, zip_of), digests=faces.digests)


@pytest.mark.parametrize(
    "photo",
    [b"", b"not a photo", b"P5\n92 112\n255\n" + bytes(99), b"P5\n112 92\n255\n" + bytes(112 * 92)],
    ids=["empty", "text", "truncated", "lying"],
)
def test_a_photo_that_is_none_counts_as_missing(tmp_path: Path, faces: Any, photo: bytes) -> None:
    files = faces.files() | {"s2/5.pgm": photo}
    with pytest.raises(DigestError, match=r"1 of 30 photos .* missing or broken: 's2/5'\."):
        att(write(tmp_path, files), digests=faces.digests)


def test_names_that_lead_out_of_a_zip_are_never_written(
    tmp_path: Path, faces: Any, zip_of: Callable[..., bytes]
) -> None:
    place = tmp_path / "inner"
    place.mkdir()
    hostile = {"../outside.txt": b"x", "/tmp/absolute-outside.txt": b"x", "s1/../../up": b"x"}
    file = write_zip(place / "a.zip", hostile | faces.files(), zip_of)
    assert len(att(file, digests=faces.digests)) == 30
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a.zip", "inner"]


def test_a_huge_member_is_not_unpacked(
    tmp_path: Path, faces: Any, zip_of: Callable[..., bytes]
) -> None:
    bomb = b"P5\n92 112\n255\n" + bytes(64 * 2**20)  # 64 MiB that zip to 64 KiB
    file = write_zip(tmp_path / "a.zip", faces.files() | {"s1/1.pgm": bomb}, zip_of)
    with pytest.raises(DigestError, match=r"1 of 30 photos .* missing or broken: 's1/1'"):
        att(file, digests=faces.digests)


def test_a_member_that_lies_about_its_size_is_not_unpacked_either(
    tmp_path: Path, faces: Any, zip_of: Callable[..., bytes]
) -> None:
    data = bytearray(zip_of({"s1/1.pgm": bytes(8 * 2**20)}))
    # The uncompressed size stands 22 bytes into the local header, 24 into the central one.
    central = data.index(b"PK\x01\x02")
    struct.pack_into("<I", data, 22, 100)
    struct.pack_into("<I", data, central + 24, 100)
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(DataError):
        att(tmp_path / "a.zip", digests=faces.digests)


def test_a_zip_that_asks_for_a_password(
    tmp_path: Path, faces: Any, zip_of: Callable[..., bytes]
) -> None:
    data = bytearray(zip_of(faces.files()))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = data.find(signature)
        while place >= 0:
            data[place + offset] |= 1
            place = data.find(signature, place + 1)
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(DataNotFoundError, match=r"a\.zip: not a zip that can be read \(.*password"):
        att(tmp_path / "a.zip", digests=faces.digests)


@pytest.mark.parametrize("cut", [0, 1000, -30])
def test_a_zip_that_breaks_off(
    tmp_path: Path, faces: Any, zip_of: Callable[..., bytes], cut: int
) -> None:
    (tmp_path / "a.zip").write_bytes(zip_of(faces.files())[:cut])
    with pytest.raises(DataNotFoundError, match="not a zip that can be read"):
        att(tmp_path / "a.zip", digests=faces.digests)


def test_damage_within_a_zip(tmp_path: Path, faces: Any, zip_of: Callable[..., bytes]) -> None:
    data = bytearray(zip_of(faces.files()))
    data[3000:3100] = bytes(100)
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(DataError):
        att(tmp_path / "a.zip", digests=faces.digests)


def test_a_zip_of_something_else(tmp_path: Path, faces: Any) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("holiday.txt", "sun")
    (tmp_path / "b.zip").write_bytes(stream.getvalue())
    with pytest.raises(
        DataNotFoundError, match=r"b\.zip: expected the AT&T faces .* Received: none of them"
    ):
        att(tmp_path / "b.zip", digests=faces.digests)


def test_an_empty_folder_and_no_folder(tmp_path: Path, faces: Any) -> None:
    with pytest.raises(DataNotFoundError, match="expected the AT&T faces"):
        att(tmp_path, digests=faces.digests)
    with pytest.raises(DataNotFoundError, match="none: there is no such file or folder"):
        att(tmp_path / "none", digests=faces.digests)


def test_a_broken_zip_in_the_folder_is_not_passed_over(tmp_path: Path, faces: Any) -> None:
    write(tmp_path, faces.files() | {"att_faces.zip": b"broken"})
    with pytest.raises(DataNotFoundError, match=r"att_faces\.zip: not a zip"):
        att(tmp_path, digests=faces.digests)


def test_the_table_names_forty_different_people() -> None:
    assert list(PERSON_DIGESTS) == [f"s{p}" for p in range(1, 41)]
    assert len(set(PERSON_DIGESTS.values())) == 40
    assert all(len(digest) == 64 for digest in PERSON_DIGESTS.values())
