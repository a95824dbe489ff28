"""Digits: scikit-learn's bundled ones, and MNIST in Keras' layout."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from likeness.errors import DataError, DataNotFoundError, DigestError, SettingError
from likeness.tasks.characters.digits import digits, mnist

RNG = np.random.default_rng(5)


def small_mnist(**changes: Any) -> dict[str, Any]:
    arrays = {
        "x_train": RNG.integers(0, 256, (6, 28, 28), dtype=np.uint8),
        "y_train": np.array([5, 0, 4, 1, 9, 2], np.uint8),
        "x_test": RNG.integers(0, 256, (3, 28, 28), dtype=np.uint8),
        "y_test": np.array([7, 2, 1], np.uint8),
    }
    return arrays | changes


def save(file: Path, arrays: dict[str, Any]) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(file, **arrays)
    return file


def test_the_bundled_digits() -> None:
    data = digits()
    assert data.items.shape == (1797, 8, 8, 1) and data.items.dtype == np.uint8
    assert data.distinct == tuple("0123456789")
    assert data.items.min() == 0 and data.items.max() == 255
    assert len(np.unique(data.items)) == 17
    assert data.item_names[0] == "digits/0" and not data.drawn and "CC BY" in data.licence


@pytest.mark.parametrize(
    ("part", "labels"), [("train", "504192"), ("test", "721"), ("all", "504192721")]
)
def test_the_parts_of_mnist(tmp_path: Path, part: Any, labels: str) -> None:
    arrays = small_mnist()
    data = mnist(save(tmp_path / "mnist.npz", arrays), part=part)
    assert "".join(data.identities) == labels
    both = np.concatenate([arrays["x_train"], arrays["x_test"]])
    expected = {"train": both[:6], "test": both[6:], "all": both}[part]
    np.testing.assert_array_equal(data.items[..., 0], expected)
    assert data.item_names[0] == ("test/0" if part == "test" else "train/0")


def test_a_folder_that_holds_it(tmp_path: Path) -> None:
    save(tmp_path / "mnist.npz", small_mnist())
    assert len(mnist(str(tmp_path))) == 9


def test_the_variable_if_it_holds_mnist(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path / "data" / "mnist.npz", small_mnist())
    monkeypatch.setenv("LIKENESS_DATA", str(tmp_path / "data"))
    assert len(mnist()) == 9
    monkeypatch.setenv("LIKENESS_DATA", str(tmp_path / "data" / "mnist.npz"))
    assert len(mnist()) == 9
    monkeypatch.setenv("LIKENESS_DATA", str(tmp_path))  # holds other things: looks on
    with pytest.raises(DataNotFoundError, match="MNIST is not in the cache"):
        mnist(download=False)


def test_another_file_in_a_cache_is_not_taken(tmp_path: Path, cache: Path) -> None:
    save(cache / "mnist.npz", small_mnist())
    save(tmp_path / "keras" / "datasets" / "mnist.npz", small_mnist())
    with pytest.raises(DigestError, match="the cache holds no good copy"):
        mnist(download=False)


def test_a_download_of_another_file_is_refused(
    tmp_path: Path, cache: Path, mirror: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = save(tmp_path / "other.npz", small_mnist()).read_bytes()
    mirror.serve("/mnist.npz", other)
    monkeypatch.setenv("LIKENESS_MIRRORS", mirror.url + "/")
    with pytest.raises(DataNotFoundError, match=r"no mirror gave it .*its SHA-256 differs"):
        mnist()
    assert mirror.asked == ["/mnist.npz"] and list(cache.iterdir()) == []


def test_a_path_that_leads_nowhere(tmp_path: Path) -> None:
    with pytest.raises(DataNotFoundError, match=r"expected Keras' mnist\.npz or MNIST's"):
        mnist(tmp_path)
    with pytest.raises(DataNotFoundError, match=r"mnist\.npz: there is no such file"):
        mnist(tmp_path / "mnist.npz")


def test_a_part_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"part: expected 'train', 'test' or 'all'"):
        mnist(tmp_path, part="both")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes",
    [
        {"x_train": np.zeros((6, 28, 28))},
        {"x_train": np.zeros((6, 784), np.uint8)},
        {"y_test": np.zeros(2, np.uint8)},
        {"y_test": np.array(["a", "b", "c"])},
        {"y_test": np.array([1, 2, None], dtype=object)},
    ],
    ids=["floats", "flat", "too few labels", "letters", "pickled"],
)
def test_other_layouts_are_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(DataError, match=r"expected the arrays x_train, y_train, x_test and y_test"):
        mnist(save(tmp_path / "mnist.npz", small_mnist(**changes)))


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04 broken"])
def test_what_is_no_npz_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "mnist.npz").write_bytes(content)
    with pytest.raises(DataError, match=r"expected the arrays"):
        mnist(tmp_path)


def test_a_missing_array_is_named(tmp_path: Path) -> None:
    arrays = small_mnist()
    del arrays["y_test"]
    with pytest.raises(DataError, match="y_test"):
        mnist(save(tmp_path / "mnist.npz", arrays))


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "mnist.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in range(5):
            archive.writestr(f"{name}.npy", bytes(60 * 2**20))
    with pytest.raises(DataError, match="unpacks to more than 256 MiB"):
        mnist(tmp_path)
