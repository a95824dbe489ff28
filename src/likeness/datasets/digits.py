"""Handwritten digits: MNIST, and scikit-learn's small ones for when there is no network."""

import hashlib
import io
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from likeness.datasets._dataset import Dataset
from likeness.datasets._download import OnProgress, cache_folder, fetch
from likeness.errors import DataError, DataNotFoundError, DigestError, SettingError, require_extra

MNIST_URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
MNIST_SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"
FILE = "mnist.npz"
PARTS = ("all", "test", "train")


def digits() -> Dataset:
    """Return scikit-learn's bundled digits: ``(1797, 8, 8, 1)``, identities "0" to "9".

    Raises:
        MissingExtraError: scikit-learn is not installed.
    """
    bundle = require_extra("sklearn.datasets").load_digits()
    # The bundle counts 0…16; scaled so that 16 becomes 255.
    items = np.round(bundle.images * (255 / 16)).astype(np.uint8)[..., None]
    return Dataset(
        items,
        [str(digit) for digit in bundle.target],
        name="scikit-learn digits",
        licence="UCI ML handwritten digits (Alpaydin & Kaynak 1998), CC BY 4.0",
    )


def mnist(
    path: str | Path | None = None,
    *,
    part: str = "all",
    download: bool = True,
    on_progress: OnProgress | None = None,
) -> Dataset:
    """Return MNIST: ``(n, 28, 28, 1)``, identities "0" to "9".

    Looks at ``path`` (mnist.npz or a folder that holds it); or else at LIKENESS_DATA if it
    holds mnist.npz, Keras' own cache, our cache, and then downloads.

    Args:
        path: where the file is.
        part: "train" (60,000), "test" (10,000) or "all" (training ones first).
        download: whether to download it if it is nowhere.
        on_progress: called with (bytes so far, bytes in all) during a download.

    Raises:
        DataNotFoundError: it is not there, or the download fails.
        DigestError: the download is another file.
        DataError: the file does not hold MNIST.
    """
    if part not in PARTS:
        raise SettingError(f"part: expected one of {', '.join(PARTS)}. Received: {part!r}.")
    arrays = _arrays(_file(path, download, on_progress))
    parts = ("train", "test") if part == "all" else (part,)
    return Dataset(
        np.concatenate([arrays[f"x_{name}"] for name in parts])[..., None],
        [str(digit) for name in parts for digit in arrays[f"y_{name}"]],
        name=f"MNIST ({part})",
        licence="MNIST (LeCun, Cortes, Burges 1998), CC BY-SA 3.0",
    )


def _file(path: str | Path | None, download: bool, on_progress: OnProgress | None) -> Path:
    if path is not None:
        file = Path(path) / FILE if Path(path).is_dir() else Path(path)
        if not file.is_file():
            raise DataNotFoundError(f"{path}: expected {FILE}, or a folder that holds it.")
        return file
    around = os.environ.get("LIKENESS_DATA")
    keras_home = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras"))
    cached = cache_folder() / FILE
    for place in (*([Path(around) / FILE] if around else []), keras_home / "datasets" / FILE):
        if place.is_file():
            return place
    if not cached.is_file():
        if not download:
            raise DataNotFoundError(f"{FILE} is not at hand. Give its path, or connect once.")
        fetch(cached, [MNIST_URL], check=_check_download, on_progress=on_progress)
    return cached


def _check_download(data: bytes) -> None:
    digest = hashlib.sha256(data).hexdigest()
    if digest != MNIST_SHA256:
        raise DigestError(f"{FILE}: expected SHA-256 {MNIST_SHA256[:12]}. Received: {digest[:12]}.")


def _arrays(file: Path) -> dict[str, Any]:
    wanted = {f"{axis}_{part}" for axis in "xy" for part in ("train", "test")}
    try:
        with np.load(io.BytesIO(file.read_bytes()), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in wanted & set(archive.files)}
    except (OSError, ValueError, zipfile.BadZipFile, AttributeError) as error:
        raise DataError(f"{file}: expected Keras' {FILE}. It cannot be read: {error}.") from error
    if set(arrays) != wanted or arrays["x_train"].dtype != np.uint8:
        raise DataError(f"{file}: expected the arrays {', '.join(sorted(wanted))}.")
    return arrays
