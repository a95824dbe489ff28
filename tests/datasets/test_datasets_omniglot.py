"""Omniglot: the layout of its zips, where they are looked for, and what is refused."""

import hashlib
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from likeness.arrays import Images
from likeness.datasets import Dataset
from likeness.datasets.download import PublishedFile
from likeness.errors import DataError, DataNotFoundError, DigestError, SettingError
from likeness.tasks.characters.drawings import drawn_characters
from likeness.tasks.characters.omniglot import (
    BACKGROUNDS,
    RUNS,
    SIZE,
    OneShotRun,
    omniglot,
    omniglot_runs,
    read_background,
)

DRAWN = drawn_characters(alphabets=2, characters_each=2, drawers=3)


def png(pixels: Images) -> bytes:
    """One drawing as Omniglot has it: a PNG of one bit a pixel."""
    stream = io.BytesIO()
    Image.fromarray(pixels[..., 0]).convert("1", dither=Image.Dither.NONE).save(stream, "png")
    return stream.getvalue()


def background_files() -> dict[str, bytes]:
    return {
        f"images_background_small1/{name}.png": png(item)
        for name, item in zip(DRAWN.item_names, DRAWN.items, strict=True)
    }


def run_files(number: int = 1) -> dict[str, bytes]:
    """A run of four characters; the probe of place i is the character of place (i + 1) mod 4."""
    folder = f"run{number:02}"
    drawings = DRAWN.items.reshape(4, 3, SIZE, SIZE, 1)
    files = {f"{folder}/training/class{i + 1:02}.png": png(drawings[i, 0]) for i in range(4)}
    files |= {f"{folder}/test/item{i + 1:02}.png": png(drawings[(i + 1) % 4, 1]) for i in range(4)}
    lines = [
        f"{folder}/test/item{i + 1:02}.png {folder}/training/class{(i + 1) % 4 + 1:02}.png\n"
        for i in range(4)
    ]
    return files | {f"{folder}/class_labels.txt": "".join(lines).encode()}


@pytest.fixture
def write(tmp_path: Path, zip_of: Callable[..., bytes]) -> Callable[..., Path]:
    def written(files: dict[str, bytes], name: str = "drawings.zip") -> Path:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(zip_of(files))
        return file

    return written


def alphabets(data: Dataset) -> list[str]:
    return [identity.partition("/")[0] for identity in data.identities]


class TestABackgroundSet:
    def test_every_drawing_comes_with_its_character_and_alphabet(self, write: Any) -> None:
        data = read_background(write(background_files()), name="small")
        np.testing.assert_array_equal(data.items, DRAWN.items)
        assert data.identities == DRAWN.identities
        assert data.item_names == DRAWN.item_names
        assert alphabets(data) == ["drawn1"] * 6 + ["drawn2"] * 6
        assert data.name == "small" and "MIT" in data.licence and not data.drawn

    def test_folders_and_other_files_are_passed_over(self, write: Any) -> None:
        others = {
            "images_background_small1/": b"",
            "__MACOSX/images_background_small1/drawn1/._x.png": b"nothing",
            "README.txt": b"read me",
            "../../evil/drawn1/character1/1.png": b"nothing",
        }
        data = read_background(write(background_files() | others), name="small")
        assert len(data) == len(DRAWN)

    def test_characters_are_in_natural_order(self, write: Any) -> None:
        one = png(DRAWN.items[0])
        names = [f"set/Greek/character{number}/1.png" for number in (10, 9, 1)]
        data = read_background(write(dict.fromkeys(names, one)), name="small")
        assert data.identities == tuple(f"Greek/character{number}" for number in (1, 9, 10))

    def test_a_zip_without_drawings(self, write: Any) -> None:
        with pytest.raises(DataError, match=r"drawings\.zip: expected drawings .* Received: 0"):
            read_background(write({"README.txt": b"read me"}), name="small")

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"no picture", "expected a JPEG, PNG"),
            (png(np.zeros((20, 20, 1), np.uint8)), r"of 105×105 pixels\. Received: shape \(20, 2"),
            (b"\0" * 2**17, "Received: nothing"),
        ],
        ids=["text", "small", "large"],
    )
    def test_a_drawing_that_is_none(self, write: Any, content: bytes, said: str) -> None:
        file = write({"set/Greek/character01/1.png": content})
        with pytest.raises(DataError, match=said):
            read_background(file, name="small")

    @pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04 broken"])
    def test_what_is_no_zip(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "some.zip").write_bytes(content)
        with pytest.raises(DataNotFoundError, match="not a zip that can be read"):
            read_background(tmp_path / "some.zip", name="small")

    def test_a_zip_with_a_password(self, write: Any) -> None:
        file = write(background_files())
        data = bytearray(file.read_bytes())
        for sign, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            at = data.find(sign)
            while at >= 0:
                data[at + place] |= 1
                at = data.find(sign, at + 4)
        file.write_bytes(data)
        with pytest.raises(DataNotFoundError, match="password"):
            read_background(file, name="small")


class TestRuns:
    def test_the_answer_is_the_place_of_the_same_character(self, write: Any) -> None:
        (run,) = OneShotRun.read(write(run_files()))
        drawings = DRAWN.items.reshape(4, 3, SIZE, SIZE, 1)
        assert run.name == "run01" and run.ways == 4
        assert run.answers.tolist() == [1, 2, 3, 0]
        np.testing.assert_array_equal(run.gallery, drawings[:, 0])
        np.testing.assert_array_equal(run.probes, drawings[[1, 2, 3, 0], 1])

    def test_they_are_in_their_order(self, write: Any) -> None:
        files = {**run_files(10), **run_files(9), **run_files(2)}
        assert [run.name for run in OneShotRun.read(write(files))] == ["run02", "run09", "run10"]

    def test_a_zip_without_runs(self, write: Any) -> None:
        with pytest.raises(DataError, match=r"expected runs .* Received: none"):
            OneShotRun.read(write(background_files()))

    def test_a_list_that_is_none(self, write: Any) -> None:
        files = run_files() | {"run01/class_labels.txt": b"one two three\n"}
        with pytest.raises(DataError, match="expected two names in each line"):
            OneShotRun.read(write(files))

    def test_a_drawing_that_is_missing(self, write: Any) -> None:
        files = run_files()
        del files["run01/test/item02.png"]
        with pytest.raises(DataError, match=r"run01/test/item02\.png: expected .* nothing"):
            OneShotRun.read(write(files))

    def test_an_empty_list(self, write: Any) -> None:
        with pytest.raises(DataError, match="Received: 0 of them"):
            OneShotRun.read(write(run_files() | {"run01/class_labels.txt": b"\n"}))


class TestWhereItIsLookedFor:
    @pytest.fixture
    def published(self, write: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A small set in the place of the published one; returns its file, not yet in a place."""
        file: Path = write(background_files(), "elsewhere/images_background_small1.zip")
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        small = replace(BACKGROUNDS["small1"], sha256=digest, mirrors=())
        monkeypatch.setitem(BACKGROUNDS, "small1", small)
        return file

    def test_at_the_path_or_in_the_folder(self, published: Path, cache: Path) -> None:
        assert len(omniglot(path=published)) == 12
        assert len(omniglot("small1", path=str(published.parent))) == 12
        assert omniglot(path=published).name == "Omniglot small1"

    @pytest.mark.parametrize("name", BACKGROUNDS["small1"].names)
    def test_in_the_variable_by_either_name(
        self, published: Path, cache: Path, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        file = published.rename(published.parent / name)
        for place in (file, file.parent):
            monkeypatch.setenv("LIKENESS_DATA", str(place))
            assert len(omniglot()) == 12

    def test_the_variable_may_hold_other_data(
        self, published: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("LIKENESS_DATA", str(tmp_path))
        with pytest.raises(DataNotFoundError, match=r"is not in the cache .* downloading is off"):
            omniglot(download=False)

    def test_it_is_downloaded_into_the_cache_and_found_there(
        self, published: Path, cache: Path, mirror: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        mirror.serve("/omniglot_images_background_small1.zip", published.read_bytes())
        monkeypatch.setenv("LIKENESS_MIRRORS", mirror.url + "/")
        told: list[tuple[int, int]] = []
        assert len(omniglot(on_progress=lambda *done: told.append(done))) == 12
        assert told and told[-1][0] == published.stat().st_size
        assert len(omniglot(download=False)) == 12
        assert len(mirror.asked) == 1

    def test_another_file_at_a_mirror_is_not_taken(
        self, published: Path, cache: Path, mirror: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        mirror.serve("/omniglot_images_background_small1.zip", published.read_bytes() + b"more")
        monkeypatch.setenv("LIKENESS_MIRRORS", mirror.url + "/")
        with pytest.raises(DataNotFoundError, match=r"no mirror gave it .*SHA-256 differs"):
            omniglot()
        assert list(cache.iterdir()) == []

    def test_another_file_at_the_path(self, published: Path) -> None:
        published.write_bytes(published.read_bytes() + b"more")
        with pytest.raises(DigestError, match="is not Omniglot's first small background set as"):
            omniglot(path=published)

    def test_another_file_in_the_cache(self, published: Path, cache: Path) -> None:
        cache.mkdir()
        (cache / BACKGROUNDS["small1"].names[0]).write_bytes(b"other")
        with pytest.raises(DigestError, match="the cache holds no good copy"):
            omniglot(download=False)

    def test_a_path_that_leads_nowhere(self, tmp_path: Path) -> None:
        with pytest.raises(DataNotFoundError, match="there is no such file or folder"):
            omniglot(path=tmp_path / "none.zip")
        with pytest.raises(DataNotFoundError, match=r"expected .* or images_background_small2"):
            omniglot("small2", path=tmp_path)
        with pytest.raises(DataNotFoundError, match="twenty runs"):
            omniglot_runs(path=tmp_path)

    def test_a_set_that_there_is_not(self) -> None:
        with pytest.raises(SettingError, match="background: expected one of small1, small2"):
            omniglot("large")

    def test_a_file_too_large_is_not_looked_at(self, tmp_path: Path) -> None:
        file = tmp_path / "large.zip"
        file.write_bytes(b"0" * 100)
        wanted = PublishedFile(
            title="it",
            names=("large.zip",),
            sha256=hashlib.sha256(b"0" * 100).hexdigest(),
            mirrors=(),
            most_bytes=99,
        )
        with pytest.raises(DigestError, match="is not it as published"):
            wanted.read(file, read=lambda path: path)
        assert replace(wanted, most_bytes=100).read(file, read=lambda path: path) == file


@pytest.mark.real
class TestThePublishedFiles:
    @pytest.fixture(autouse=True)
    def _there(self, real_data: str) -> None:
        if not any((Path(real_data) / name).is_file() for name in RUNS.names):
            pytest.skip("needs Omniglot's zips in LIKENESS_DATA")

    @pytest.mark.parametrize(
        ("background", "characters", "names"),
        [
            ("small1", 136, {"Balinese", "Early_Aramaic", "Greek", "Korean", "Latin"}),
            ("small2", 156, {"Greek", "Japanese_(katakana)", "Latin", "Sanskrit", "Tagalog"}),
        ],
    )
    def test_five_alphabets_drawn_by_twenty(
        self, background: str, characters: int, names: set[str]
    ) -> None:
        data = omniglot(background, download=False)
        assert len(data.distinct) == characters and set(alphabets(data)) == names
        assert (np.bincount(data.codes) == 20).all()
        assert set(np.unique(data.items)) == {0, 255} and data.items.mean() > 200

    def test_twenty_runs_of_twenty_characters(self) -> None:
        runs = omniglot_runs(download=False)
        assert [run.name for run in runs] == [f"run{number:02}" for number in range(1, 21)]
        for run in runs:
            assert len(run.gallery) == len(run.probes) == 20
            assert sorted(run.answers.tolist()) == list(range(20))
