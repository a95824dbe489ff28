"""A folder with one sub-folder per person: what is read, passed over, noted and refused."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from likeness.datasets import folder
from likeness.errors import DataNotFoundError, FaceError, ImageError, NoFaceError, SettingError
from likeness.images.preparation import FixedPreparation, Preparation

RNG = np.random.default_rng(4)


def save(file: Path, rows: int = 20, columns: int = 16, *, colour: bool = False) -> np.ndarray:
    file.parent.mkdir(parents=True, exist_ok=True)
    shape = (rows, columns, 3) if colour else (rows, columns)
    pixels = RNG.integers(0, 256, shape, dtype=np.uint8)
    Image.fromarray(pixels).save(file)
    return pixels


def two_people(root: Path) -> None:
    for person in ("ada", "bob"):
        for photo in (1, 2):
            save(root / person / f"{photo}.pgm")


def test_people_and_photos_in_natural_order(tmp_path: Path) -> None:
    saved = {
        f"{person}/{photo}.png": save(tmp_path / person / f"{photo}.png")
        for person in ("s10", "s2", "s1")
        for photo in (10, 9, 1)
    }
    data = folder(tmp_path)
    assert data.item_names == tuple(
        f"{person}/{photo}.png" for person in ("s1", "s2", "s10") for photo in (1, 9, 10)
    )
    assert data.distinct == ("s1", "s2", "s10")
    assert data.name == tmp_path.name and not data.drawn and data.notes == ()
    for name, item in zip(data.item_names, data.items, strict=True):
        np.testing.assert_array_equal(item[..., 0], saved[name])


@pytest.mark.parametrize(
    "extension", ["jpg", "JPEG", "jpe", "Png", "pgm", "PPM", "bmp", "WebP", "tif", "AVIF"]
)
def test_every_extension_in_either_case(tmp_path: Path, extension: str) -> None:
    (tmp_path / "ada").mkdir()
    kind = {"jpg": "JPEG", "jpe": "JPEG", "pgm": "PPM", "tif": "TIFF"}.get(
        extension.lower(), extension
    )
    image = Image.fromarray(np.full((9, 8), 100, np.uint8)).convert("RGB")
    image.save(tmp_path / "ada" / f"1.{extension}", kind)
    data = folder(tmp_path, channels=3)
    assert data.items.shape == (1, 9, 8, 3) and abs(int(data.items.mean()) - 100) < 4


def test_other_files_and_deeper_folders_are_named_and_hidden_ones_skipped(tmp_path: Path) -> None:
    two_people(tmp_path)
    (tmp_path / "ada" / "notes.txt").write_text("hello")
    (tmp_path / "ada" / ".1.pgm").write_bytes(b"")
    (tmp_path / "readme.pgm").write_text("hello")
    save(tmp_path / ".trash" / "1.pgm")
    save(tmp_path / "ada" / "deeper" / "1.pgm")
    (tmp_path / "bob" / "folder.jpg").mkdir()
    data = folder(tmp_path)
    assert len(data) == 4 and data.notes == (
        "left out: readme.pgm (not in a person's folder).",
        "left out: ada/deeper (a folder within a folder of photos).",
        "left out: ada/notes.txt (not a photo: text).",
        "left out: bob/folder.jpg (a folder within a folder of photos).",
    )


def test_a_person_without_photos_is_noted(tmp_path: Path) -> None:
    two_people(tmp_path)
    (tmp_path / "eve").mkdir()
    (tmp_path / "zoe").mkdir()
    assert folder(tmp_path).notes == (
        "left out: eve (no photo in it).",
        "left out: zoe (no photo in it).",
    )


def test_broken_files_are_left_out_and_noted_with_the_reason(tmp_path: Path) -> None:
    two_people(tmp_path)
    (tmp_path / "ada" / "3.pgm").write_bytes(b"")
    (tmp_path / "bob" / "0.pgm").write_text("no photo")
    data = folder(tmp_path)
    assert data.item_names == ("ada/1.pgm", "ada/2.pgm", "bob/1.pgm", "bob/2.pgm")
    assert data.notes == ("left out: ada/3.pgm (0 bytes).", "left out: bob/0.pgm (text).")


def test_strict_names_the_first_broken_file_and_how_many(tmp_path: Path) -> None:
    two_people(tmp_path)
    (tmp_path / "ada" / "3.pgm").write_bytes(b"")
    (tmp_path / "bob" / "0.pgm").write_text("no photo")
    with pytest.raises(
        ImageError, match=r"2 of 6 photos cannot be read\. The first: .*ada/3\.pgm \(0 bytes\)\.$"
    ):
        folder(tmp_path, strict=True)


def test_nothing_but_broken_files_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "ada").mkdir()
    (tmp_path / "ada" / "1.pgm").write_bytes(b"")
    with pytest.raises(ImageError, match=r"1 of 1 photos cannot be read\. The first: "):
        folder(tmp_path)


def test_photos_of_one_size_keep_it(tmp_path: Path) -> None:
    two_people(tmp_path)
    assert folder(tmp_path).items.shape == (4, 20, 16, 1)


def test_photos_of_several_sizes_become_112_by_92(tmp_path: Path) -> None:
    save(tmp_path / "ada" / "1.png")
    save(tmp_path / "ada" / "2.png")
    save(tmp_path / "bob" / "1.png", 21, 16)
    save(tmp_path / "bob" / "2.png")
    data = folder(tmp_path)
    assert data.items.shape == (4, 112, 92, 1)
    assert folder(tmp_path, size=(112, 92)).digest == data.digest


def test_very_large_photos_do_not_keep_their_size(tmp_path: Path) -> None:
    save(tmp_path / "ada" / "1.bmp", 1001, 1000)
    save(tmp_path / "bob" / "1.bmp", 1001, 1000)
    assert folder(tmp_path).items.shape == (2, 112, 92, 1)


def test_a_size_that_is_asked_for(tmp_path: Path) -> None:
    two_people(tmp_path)
    assert folder(tmp_path, size=(30, 40)).items.shape == (4, 30, 40, 1)


def test_grey_and_colour_photos_together(tmp_path: Path) -> None:
    save(tmp_path / "ada" / "1.png", colour=True)
    save(tmp_path / "bob" / "1.png")
    assert folder(tmp_path).items.shape == (2, 20, 16, 1)
    assert folder(tmp_path, channels=3).items.shape == (2, 20, 16, 3)


def test_one_person_is_no_error_here(tmp_path: Path) -> None:
    save(tmp_path / "ada" / "1.png")
    assert folder(str(tmp_path)).distinct == ("ada",)


def test_progress_counts_photos(tmp_path: Path) -> None:
    two_people(tmp_path)
    (tmp_path / "ada" / "3.pgm").write_bytes(b"")
    told: list[tuple[int, int]] = []
    folder(tmp_path, on_progress=lambda done, total: told.append((done, total)))
    assert told == [(done, 5) for done in range(1, 6)]


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
def test_links_are_followed(tmp_path: Path) -> None:
    save(tmp_path / "away" / "ada" / "1.png")
    root = tmp_path / "root"
    root.mkdir()
    (root / "ada").symlink_to(tmp_path / "away" / "ada")
    (root / "bob").mkdir()
    (root / "bob" / "7.png").symlink_to(tmp_path / "away" / "ada" / "1.png")
    (root / "bob" / "8.png").symlink_to(tmp_path / "nowhere.png")
    data = folder(root)
    assert data.item_names == ("ada/1.png", "bob/7.png")
    assert data.notes == ("left out: bob/8.png (cannot be read: No such file or directory).",)


def test_names_with_accents_and_blanks(tmp_path: Path) -> None:
    save(tmp_path / "Ada Łukasz" / "im é 1.png")
    data = folder(tmp_path)
    assert data.item_names == ("Ada Łukasz/im é 1.png",) and data.digest


@pytest.mark.skipif(sys.platform != "linux", reason="file names are bytes on Linux")
def test_names_that_are_no_utf8_can_be_printed(tmp_path: Path) -> None:
    save(tmp_path / "ada" / "1.png")
    (tmp_path / "ada").rename(tmp_path / os.fsdecode(b"ad\xff"))
    data = folder(tmp_path)
    assert data.distinct == ("ad\\xff",) and data.digest


def test_no_such_folder(tmp_path: Path) -> None:
    with pytest.raises(
        DataNotFoundError, match=r"none: expected a folder with one sub-folder .* Found: nothing\."
    ):
        folder(tmp_path / "none")


def test_a_file_instead_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"")
    with pytest.raises(DataNotFoundError, match=r"Found: a file\."):
        folder(tmp_path / "a.zip")


def test_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(DataNotFoundError, match=r"Found: 0 sub-folders, none with a photo\."):
        folder(tmp_path)


def test_photos_without_sub_folders(tmp_path: Path) -> None:
    save(tmp_path / "1.png")
    save(tmp_path / "2.png")
    with pytest.raises(DataNotFoundError, match="none with a photo, and 2 photos beside them"):
        folder(tmp_path)


@pytest.mark.parametrize("size", [(0, 5), (5000, 50), (50, float("nan"))])
def test_a_size_out_of_range(tmp_path: Path, size: tuple[int, int]) -> None:
    with pytest.raises(SettingError, match=r"^size \((rows|columns)\): expected a"):
        folder(tmp_path, size=size)


def test_channels_out_of_range(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"channels: expected 1 \(grey\) or 3"):
        folder(tmp_path, channels=2)


def test_each_photo_is_shown_in_its_original_size_and_colours(tmp_path: Path) -> None:
    two_people(tmp_path)
    pixels = save(tmp_path / "cy" / "1.png", rows=90, columns=70, colour=True)
    (tmp_path / "cy" / "2.jpg").write_bytes(b"broken")
    shown = {}
    data = folder(tmp_path, on_photo=shown.__setitem__)
    assert tuple(shown) == data.item_names
    assert np.array_equal(shown["cy/1.png"], pixels)
    assert shown["ada/1.pgm"].shape == (20, 16, 1)
    assert data.items.shape[1:] == (112, 92, 1)


def test_photos_are_known_by_their_content(tmp_path: Path) -> None:
    two_people(tmp_path)
    png = (tmp_path / "ada" / "1.pgm").read_bytes()
    (tmp_path / "ada" / "IMG_0001").write_bytes(png)
    (tmp_path / "ada" / "from-camera.dat").write_bytes(png)
    assert folder(tmp_path).item_names[:4] == (
        "ada/1.pgm",
        "ada/2.pgm",
        "ada/IMG_0001",
        "ada/from-camera.dat",
    )


@pytest.mark.parametrize("system", [".thumbnails", ".trash", "@eaDir", "__MACOSX", "#recycle"])
def test_folders_of_the_system_are_no_people(tmp_path: Path, system: str) -> None:
    two_people(tmp_path)
    save(tmp_path / system / "1.png")
    save(tmp_path / "ada" / system / "1.png")
    data = folder(tmp_path)
    assert data.distinct == ("ada", "bob") and len(data) == 4 and data.notes == ()


def test_photos_of_several_sizes_come_as_the_preparation_reads_them(tmp_path: Path) -> None:
    photos = [
        save(tmp_path / "ada" / "1.png", 40, 30, colour=True),
        save(tmp_path / "bob" / "1.png", 60, 70, colour=True),
    ]
    for preparation in (
        FixedPreparation(rows=112, columns=112),
        Preparation(rows=20, columns=16, channels=3),
        Preparation(),
    ):
        channels, resize = preparation.channels, preparation.resized
        data = folder(tmp_path, channels=channels, resize=resize)
        for photo, item in zip(photos, data.items, strict=True):
            assert item.shape == (preparation.rows, preparation.columns, channels)
            np.testing.assert_array_equal(preparation(item[None]), preparation(photo[None]))


def test_faces_as_a_model_wants_them_and_who_has_none(tmp_path: Path) -> None:
    two_people(tmp_path)
    dark = np.zeros((90, 80), np.uint8)
    Image.fromarray(dark).save(tmp_path / "bob" / "3.png")
    seen: list[str] = []

    def face(photo: np.ndarray, name: str) -> np.ndarray:
        if not photo.any():
            raise NoFaceError(f"{name}: expected one face. Found: none.")
        return np.full((7, 6, 3), photo.shape[0], np.uint8)

    data = folder(tmp_path, face=face, on_photo=lambda name, _: seen.append(name))
    assert data.not_acquired == ("bob",)  # rejected in every rate, not forgotten
    assert folder(tmp_path).not_acquired is None  # no face was looked for
    assert data.items.shape == (4, 7, 6, 3) and tuple(seen) == data.item_names
    assert data.notes == ("left out: bob/3.png: expected one face. Found: none.",)
    for name in ("ada/1.pgm", "ada/2.pgm", "bob/1.pgm", "bob/2.pgm"):
        Image.fromarray(dark).save(tmp_path / name)
    with pytest.raises(FaceError, match=r"expected photos of one face each.*none among 5"):
        folder(tmp_path, face=face)
