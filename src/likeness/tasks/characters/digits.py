"""Handwritten digits: scikit-learn's bundled ones, and MNIST, in Keras' layout or its own.

A digit is an identity here, like a person elsewhere.

MNIST was first published as four files of bytes, «IDX», packed by gzip or not: two zero bytes, 8
for unsigned bytes, the number of axes; each axis' length as four bytes, the highest first; then the
values (Y. LeCun, C. Cortes, C. J. C. Burges, «The MNIST database»).
"""

import gzip
import math
import os
import zipfile
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from likeness.arrays import Images
from likeness.datasets.download import PublishedFile, cache_place, data_place
from likeness.datasets.items import Dataset, OnProgress
from likeness.errors import DataError, DataNotFoundError, DigestError, SettingError, require_extra

MNIST_FILE = "mnist.npz"
PUBLISHED = PublishedFile(
    title="MNIST",
    names=(MNIST_FILE,),
    sha256="731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
    mirrors=("https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz",),
)

DIGITS_LICENCE = (
    "Optical Recognition of Handwritten Digits, E. Alpaydin and C. Kaynak, UCI 1998, CC BY 4.0; "
    "the part that scikit-learn bundles."
)
MNIST_LICENCE = "MNIST, Y. LeCun, C. Cortes and C. J. C. Burges, CC BY-SA 3.0."

_MOST_NPZ_BYTES = 256 * 2**20  # MNIST unpacked is 55 MB

Parts = dict[str, tuple[Images, Images]]
"""«train» and «test», each with its images ``(n, 28, 28)`` and labels ``(n,)``."""


def digits() -> Dataset:
    """Return scikit-learn's bundled digits: no network, no files.

    Returns:
        items ``(1797, 8, 8, 1)``, uint8, the 17 levels 0…16 spread over 0…255; identities
        «0» … «9»; item names «digits/0» ….

    Raises:
        MissingExtraError: scikit-learn is not installed.
    """
    bundled = require_extra("sklearn.datasets").load_digits()
    items = np.rint(bundled.images * (255 / 16)).astype(np.uint8)[..., None]
    return Dataset(
        items,
        [str(label) for label in bundled.target],
        [f"digits/{index}" for index in range(len(items))],
        name="scikit-learn digits",
        licence=DIGITS_LICENCE,
    )


def mnist(
    path: str | Path | None = None,
    *,
    part: Literal["train", "test", "all"] = "all",
    download: bool = True,
    on_progress: OnProgress | None = None,
) -> Dataset:
    """Return the MNIST digits, from Keras' ``mnist.npz`` or from the four original files.

    Looks at the path; without one, in ``LIKENESS_DATA``, and for ``mnist.npz`` in the cache and
    in Keras' own cache; and then downloads into the cache. A given path is never ignored.

    Args:
        path: an ``.npz`` file in the layout of ``keras.datasets.mnist``, or a folder that holds
            ``mnist.npz`` or ``train-images-idx3-ubyte`` and the other three, packed by gzip
            or not.
        part: «train» (60,000), «test» (10,000) or «all», the training part first.
        download: whether to download if no copy is found.
        on_progress: called with (bytes received, bytes expected) while downloading.

    Returns:
        items ``(n, 28, 28, 1)``, uint8; identities «0» … «9»; item names «train/0» ….

    Raises:
        DataNotFoundError: the file is not at the given path, or was not found.
        DataError: the file is in another layout.
        SettingError: there is no such part.
        OutputError: the cache cannot be written.
        MissingExtraError: pooch is needed to download, and not installed.
    """
    if part not in ("train", "test", "all"):
        raise SettingError(f"part: expected 'train', 'test' or 'all'. Received: {part!r}.")
    if path is not None:
        parts = _given(Path(path).expanduser())
    else:
        parts = _at_hand(may_download=download, on_progress=on_progress)
    chosen = ("train", "test") if part == "all" else (part,)
    return Dataset(
        np.concatenate([parts[name][0] for name in chosen])[..., None],
        [str(label) for name in chosen for label in parts[name][1]],
        [f"{name}/{index}" for name in chosen for index in range(len(parts[name][0]))],
        name="MNIST",
        licence=MNIST_LICENCE,
    )


def _given(path: Path) -> Parts:
    if path.is_dir():
        if (parts := _in_folder(path)) is not None:
            return parts
        raise DataNotFoundError(
            f"{path}: expected Keras' {MNIST_FILE} or MNIST's four files in it, "
            "train-images-idx3-ubyte and so on."
        )
    if not path.is_file():
        raise DataNotFoundError(f"{path}: there is no such file; expected Keras' {MNIST_FILE}.")
    return _read(path)


def _in_folder(folder: Path) -> Parts | None:
    if (folder / MNIST_FILE).is_file():
        return _read(folder / MNIST_FILE)
    return _idx_parts(folder)


def _at_hand(*, may_download: bool, on_progress: OnProgress | None) -> Parts:
    own = data_place()
    if own is not None and own.name == MNIST_FILE and own.is_file():
        return _read(own)
    if own is not None and own.is_dir() and (parts := _in_folder(own)) is not None:
        return parts
    keras_home = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
    kept = keras_home / "datasets" / MNIST_FILE
    if kept.is_file() and not (cache_place() / MNIST_FILE).is_file():
        with suppress(DigestError):
            return PUBLISHED.read(kept, read=_read)
    return PUBLISHED.read_cached(read=_read, may_download=may_download, on_progress=on_progress)


def _read(file: Path) -> Parts:
    """Read the four arrays; nothing in the file is executed (``allow_pickle=False``)."""
    try:
        with zipfile.ZipFile(file) as archive:
            if sum(member.file_size for member in archive.infolist()) > _MOST_NPZ_BYTES:
                raise ValueError("it unpacks to more than 256 MiB")
        with np.load(file, allow_pickle=False) as arrays:
            parts = {name: (arrays[f"x_{name}"], arrays[f"y_{name}"]) for name in ("train", "test")}
    # NumPy and zipfile raise many kinds of errors on other files.
    except Exception as error:
        raise _other_layout(file, str(error)) from error
    for images, labels in parts.values():
        if images.ndim != 3 or images.dtype != np.uint8 or labels.shape != (len(images),):
            raise _other_layout(file, f"images of shape {images.shape} in {images.dtype}")
        if not np.issubdtype(labels.dtype, np.integer):
            raise _other_layout(file, f"labels in {labels.dtype}")
    return parts


def _other_layout(file: Path, why: str) -> DataError:
    return DataError(
        f"{file}: expected the arrays x_train, y_train, x_test and y_test of Keras' {MNIST_FILE}, "
        f"uint8 images of shape (n, rows, columns). Received: {why}."
    )


_MOST_IDX_BYTES = 64 * 2**20  # the largest of the four unpacks to 47 MB

_IDX_STEMS = {"train": "train", "test": "t10k"}
_IDX_KINDS = (("images", 3), ("labels", 1))


def _idx_parts(folder: Path) -> dict[str, tuple[NDArray[np.uint8], NDArray[np.uint8]]] | None:
    """Return images and labels of «train» and «test»; None unless all four files are there.

    Args:
        folder: to look in; packed and unpacked names are found, with a hyphen or a dot before
            «idx».

    Raises:
        DataError: a file is of another kind, or the numbers of labels and images differ.
    """
    files = {}
    for part, stem in _IDX_STEMS.items():
        images, labels = (_idx_file(folder, f"{stem}-{kind}", axes) for kind, axes in _IDX_KINDS)
        if images is None or labels is None:
            return None
        files[part] = images, labels
    return {part: _idx_part(images, labels) for part, (images, labels) in files.items()}


def _idx_part(images: Path, labels: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    values, codes = _read_idx(images, axes=3), _read_idx(labels, axes=1)
    if len(values) != len(codes):
        raise DataError(
            f"{labels}: expected a label for each of {len(values):,} images. "
            f"Received: {len(codes):,}."
        )
    return values, codes


def _read_idx(file: Path, *, axes: int) -> NDArray[np.uint8]:
    """Return the values of a file.

    Args:
        file: packed if its name ends in ``.gz``.
        axes: how many it must have.

    Raises:
        DataError: it is of another kind, its length differs from its header, or it is too large.
    """
    try:
        with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as stream:
            held = stream.read(_MOST_IDX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:  # of gzip: another file, or a truncated one
        raise _no_idx(file, str(error)) from error
    if len(held) > _MOST_IDX_BYTES:
        raise _no_idx(file, "more than 64 MiB")
    start = 4 + 4 * axes
    if held[:4] != bytes((0, 0, 8, axes)) or len(held) < start:
        raise _no_idx(file, f"a file that begins with {held[:4].hex(' ') or 'nothing'}")
    shape = tuple(int(length) for length in np.frombuffer(held[4:start], ">u4"))
    if math.prod(shape) != len(held) - start:
        raise _no_idx(file, f"{len(held) - start:,} bytes for values of shape {shape}")
    return np.frombuffer(held[start:], np.uint8).reshape(shape)


def _idx_file(folder: Path, stem: str, axes: int) -> Path | None:
    names = (f"{stem}{mark}idx{axes}-ubyte{end}" for mark in "-." for end in ("", ".gz"))
    return next((folder / name for name in names if (folder / name).is_file()), None)


def _no_idx(file: Path, why: str) -> DataError:
    return DataError(f"{file}: expected a file of MNIST in IDX format. Received: {why}.")
