"""Signatures: the layout of the zip, what is put right in it, and what is refused."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from likeness.arrays import Images
from likeness.errors import DataError, DataNotFoundError, DigestError, SettingError
from likeness.tasks.signatures.dataset import (
    CORRECTIONS,
    MEDIA,
    NAMES,
    SIZE,
    drawn_signatures,
    read_signatures,
    signatures,
)


def png(pixels: Images) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "png")
    return stream.getvalue()


def page(number: int) -> Images:
    """White paper with a stroke at a place of its own."""
    pixels = np.full((SIZE, SIZE), 255, np.uint8)
    pixels[number : number + 3, 10:200] = 0
    return pixels


def files_of(writers: int) -> dict[str, bytes]:
    pages = {k: png(page(k)) for k in range(1, 41)}
    return {f"{writer}/{k}.png": pages[k] for writer in range(1, writers + 1) for k in pages}


@pytest.fixture
def write(tmp_path: Path, zip_of: Callable[..., bytes]) -> Callable[..., Path]:
    def written(files: dict[str, bytes], name: str = "signatures_93x40.zip") -> Path:
        file = tmp_path / name
        file.write_bytes(zip_of(files))
        return file

    return written


class TestReading:
    def test_writer_name_and_medium_come_from_the_place(self, write: Any) -> None:
        data = read_signatures(write(files_of(2)), writers=2)
        assert len(data) == 80 and data.distinct == ("w1", "w2")
        assert data.item_names[0] == "w1/王涛/paper"
        assert data.item_names[79] == "w2/朱佳怡/phone on table"
        assert data.facet("name")[10:12] == NAMES[:2]
        assert [data.facet("medium")[k] for k in (9, 10, 20, 30)] == list(MEDIA)
        np.testing.assert_array_equal(data.items[11, ..., 0], page(12))
        assert data.notes == () and "MIT" in data.licence and not data.drawn

    def test_every_writer_writes_every_name_once_on_every_medium(self, write: Any) -> None:
        data = read_signatures(write(files_of(1)), writers=1)
        both = list(zip(data.facet("name"), data.facet("medium"), strict=True))
        assert sorted(both) == sorted((name, medium) for name in NAMES for medium in MEDIA)

    def test_what_is_out_of_step_is_put_right(self, write: Any) -> None:
        data = read_signatures(write(files_of(63)), writers=63)
        left_out = [which for which, name in CORRECTIONS.items() if name is None]
        assert len(data) == 63 * 40 - len(left_out)
        assert len(data.notes) == len(left_out) and "w61: file 32" in data.notes[0]
        of_61 = data.of(["w61"])
        shifted = dict(zip(of_61.item_names, of_61.items[..., 0], strict=True))
        np.testing.assert_array_equal(shifted["w61/张磊/phone on table"], page(33))
        assert "w61/李浩然/phone on table" not in shifted
        assert "w63/陈静/phone on table" not in data.item_names

    def test_a_missing_one(self, write: Any) -> None:
        files = files_of(1)
        del files["1/17.png"]
        with pytest.raises(DataError, match=r"1/17\.png: expected a grey PNG .* nothing"):
            read_signatures(write(files), writers=1)

    @pytest.mark.parametrize("kind", ["size", "colour", "bytes", "bomb"])
    def test_other_pictures(self, write: Any, kind: str) -> None:
        other = {
            "size": png(np.zeros((10, 10), np.uint8)),
            "colour": png(np.zeros((SIZE, SIZE, 3), np.uint8)),
            "bytes": b"no picture",
            "bomb": bytes(2**18 + 1),
        }[kind]
        with pytest.raises(DataError, match=r"signatures_93x40\.zip: "):
            read_signatures(write(files_of(1) | {"1/5.png": other}), writers=1)

    def test_no_zip(self, tmp_path: Path) -> None:
        file = tmp_path / "signatures_93x40.zip"
        file.write_bytes(b"not a zip")
        with pytest.raises(DataNotFoundError, match="not a zip"):
            read_signatures(file)


class TestFinding:
    def test_another_zip_is_refused(self, write: Any) -> None:
        with pytest.raises(DigestError, match="not the signatures of 93 writers as published"):
            signatures(write(files_of(1)))

    def test_nowhere(self, without_data: Path) -> None:
        with pytest.raises(DataNotFoundError, match="downloading is off"):
            signatures(download=False)

    @pytest.mark.real
    def test_the_real_ones(self, real_data: str) -> None:
        data = signatures(real_data)
        assert len(data) == 3718 and len(data.distinct) == 93
        assert np.bincount(np.unique(data.facet("medium"), return_inverse=True)[1]).tolist() == [
            930,
            930,
            928,
            930,
        ]


class TestDrawn:
    def test_each_name_once_by_each_writer_on_each_medium(self) -> None:
        data = drawn_signatures(writers=3, names=2, media=2, size=64)
        assert data.items.shape == (12, 64, 64, 1) and data.drawn
        assert len(set(data.item_names)) == len(set(data.item_digests)) == 12
        assert data.identities[4] == "drawn2"

    def test_a_signature_depends_on_its_own_numbers_only(self) -> None:
        few = drawn_signatures(writers=2, names=2, media=1, size=64)
        more = drawn_signatures(writers=4, names=3, media=3, size=64)
        pictures = dict(zip(more.item_names, more.items, strict=True))
        for name, item in zip(few.item_names, few.items, strict=True):
            np.testing.assert_array_equal(pictures[name], item)

    def test_a_phone_draws_thinner_than_paper(self) -> None:
        data = drawn_signatures(writers=4, names=4, media=3)
        ink = (data.items < 128).mean(axis=(1, 2, 3))
        by_medium = [ink[np.array(data.facet("medium")) == m].mean() for m in ("paper", "phone")]
        assert by_medium[0] > 2 * by_medium[1]

    def test_out_of_range(self) -> None:
        with pytest.raises(SettingError, match="media"):
            drawn_signatures(media=4)


class TestFacets:
    def test_they_follow_the_items(self) -> None:
        data = drawn_signatures(writers=2, names=2, media=2, size=32)
        part = data.take([5, 0])
        assert part.facet("name") == (data.facet("name")[5], data.facet("name")[0])
        assert data.of(["drawn2"]).facet("medium") == ("paper", "paper", "tablet", "tablet")

    def test_an_unknown_one(self) -> None:
        with pytest.raises(DataError, match=r"'name', 'medium'\. Received: 'colour'"):
            drawn_signatures(writers=1, names=1, size=32).facet("colour")

    def test_one_label_per_item(self) -> None:
        from likeness.datasets import Dataset

        with pytest.raises(DataError, match="expected 2 labels of 'pen'"):
            Dataset(np.zeros((2, 1)), ["a", "b"], facets={"pen": ["x"]})
