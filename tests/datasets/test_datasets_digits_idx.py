"""MNIST's four files as they were first published."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from likeness.errors import DataError, DataNotFoundError
from likeness.tasks.characters.digits import mnist

RNG = np.random.default_rng(7)
IMAGES = {"train": RNG.integers(0, 256, (6, 28, 28), dtype=np.uint8)}
IMAGES["t10k"] = RNG.integers(0, 256, (3, 28, 28), dtype=np.uint8)
LABELS = {"train": np.array([5, 0, 4, 1, 9, 2], np.uint8), "t10k": np.array([7, 2, 1], np.uint8)}


def packed(values: NDArray[np.uint8]) -> bytes:
    """As the page of the MNIST database tells it, number by number."""
    header = struct.pack(">BBBB", 0, 0, 8, values.ndim)
    return header + b"".join(struct.pack(">I", n) for n in values.shape) + values.tobytes()


def write_four(folder: Path, *, mark: str = "-", gz: bool = False) -> Path:
    folder.mkdir(exist_ok=True)
    for stem in ("train", "t10k"):
        for kind, values in (("images", IMAGES[stem]), ("labels", LABELS[stem])):
            name = f"{stem}-{kind}{mark}idx{values.ndim}-ubyte{'.gz' if gz else ''}"
            content = packed(values)
            (folder / name).write_bytes(gzip.compress(content) if gz else content)
    return folder


@pytest.mark.parametrize(("mark", "gz"), [("-", False), (".", False), ("-", True)])
def test_the_four_files_are_read(tmp_path: Path, mark: str, gz: bool) -> None:
    data = mnist(write_four(tmp_path / "raw", mark=mark, gz=gz))
    assert "".join(data.identities) == "504192721"
    both = np.concatenate([IMAGES["train"], IMAGES["t10k"]])
    np.testing.assert_array_equal(data.items[..., 0], both)


def test_the_variable_may_name_their_folder(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIKENESS_DATA", str(write_four(tmp_path / "raw")))
    assert len(mnist(part="test")) == 3


def test_kerass_file_goes_first(tmp_path: Path) -> None:
    write_four(tmp_path)
    one, digit = np.zeros((1, 28, 28), np.uint8), np.zeros(1, np.uint8)
    np.savez(tmp_path / "mnist.npz", x_train=one, y_train=digit, x_test=one, y_test=digit)
    assert len(mnist(tmp_path)) == 2


def test_three_of_the_four_are_too_few(tmp_path: Path) -> None:
    write_four(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(DataNotFoundError, match=r"expected Keras' mnist\.npz or MNIST's"):
        mnist(tmp_path)


def test_a_label_for_each_image(tmp_path: Path) -> None:
    write_four(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(packed(LABELS["train"]))
    with pytest.raises(DataError, match=r"a label for each of 3 images\. Received: 6"):
        mnist(tmp_path)


@given(content=st.binary(max_size=40), cut=st.integers(0, 40))
def test_whatever_else_is_in_a_file_is_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, cut: int
) -> None:
    folder = write_four(tmp_path_factory.mktemp("idx"))
    whole = packed(LABELS["train"])
    for wrong in (content, whole[: min(cut, len(whole) - 1)], whole + content[:1] + b"\0"):
        (folder / "train-labels-idx1-ubyte").write_bytes(wrong)
        with pytest.raises(DataError, match="expected a file of MNIST in IDX format"):
            mnist(folder)


@pytest.mark.parametrize(
    "content",
    [b"", b"text", gzip.compress(packed(LABELS["train"]))[:-9], gzip.compress(b"x")[:10] + b"\xff"],
    ids=["nothing", "text", "cut", "broken"],
)
def test_what_gzip_cannot_unpack_is_refused(tmp_path: Path, content: bytes) -> None:
    write_four(tmp_path, gz=True)
    (tmp_path / "train-labels-idx1-ubyte.gz").write_bytes(content)
    with pytest.raises(DataError, match="expected a file of MNIST in IDX format"):
        mnist(tmp_path)


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    write_four(tmp_path, gz=True)
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(bytes(65 * 2**20)))
    with pytest.raises(DataError, match="more than 64 MiB"):
        mnist(tmp_path)
