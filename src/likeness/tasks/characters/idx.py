"""MNIST as it was first published: four files of bytes, «IDX», packed by gzip or not.

Two zero bytes, 8 for unsigned bytes, the number of axes; each axis' length as four bytes, the
highest first; then the values (Y. LeCun, C. Cortes, C. J. C. Burges, «The MNIST database»).
"""

import gzip
import math
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from likeness.errors import DataError

_MOST_BYTES = 64 * 2**20  # the largest of the four unpacks to 47 MB

_STEMS = {"train": "train", "test": "t10k"}
_KINDS = (("images", 3), ("labels", 1))


def idx_parts(folder: Path) -> dict[str, tuple[NDArray[np.uint8], NDArray[np.uint8]]] | None:
    """Return images and labels of «train» and «test»; None unless all four files are there.

    Args:
        folder: to look in; packed and unpacked names are found, with a hyphen or a dot before
            «idx».

    Raises:
        DataError: a file is something else, or has another number of labels than of images.
    """
    found = {}
    for part, stem in _STEMS.items():
        images, labels = (_first(folder, f"{stem}-{kind}", axes) for kind, axes in _KINDS)
        if images is None or labels is None:
            return None
        found[part] = images, labels
    return {part: _read_part(images, labels) for part, (images, labels) in found.items()}


def _read_part(images: Path, labels: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    seen, said = read_idx(images, axes=3), read_idx(labels, axes=1)
    if len(seen) != len(said):
        raise DataError(
            f"{labels}: expected a label for each of {len(seen):,} images. Received: {len(said):,}."
        )
    return seen, said


def read_idx(file: Path, *, axes: int) -> NDArray[np.uint8]:
    """Return the values of a file.

    Args:
        file: packed if its name ends in ``.gz``.
        axes: how many it must have.

    Raises:
        DataError: it is something else, shorter or longer than it says, or far too large.
    """
    try:
        with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as stream:
            held = stream.read(_MOST_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:  # of gzip: another file, or a cut one
        raise _other(file, str(error)) from error
    if len(held) > _MOST_BYTES:
        raise _other(file, "more than 64 MiB")
    start = 4 + 4 * axes
    if held[:4] != bytes((0, 0, 8, axes)) or len(held) < start:
        raise _other(file, f"a file that begins with {held[:4].hex(' ') or 'nothing'}")
    shape = tuple(int(length) for length in np.frombuffer(held[4:start], ">u4"))
    if math.prod(shape) != len(held) - start:
        raise _other(file, f"{len(held) - start:,} bytes for values of shape {shape}")
    return np.frombuffer(held[start:], np.uint8).reshape(shape)


def _first(folder: Path, stem: str, axes: int) -> Path | None:
    names = (f"{stem}{mark}idx{axes}-ubyte{end}" for mark in "-." for end in ("", ".gz"))
    return next((folder / name for name in names if (folder / name).is_file()), None)


def _other(file: Path, why: str) -> DataError:
    return DataError(f"{file}: expected a file of MNIST in IDX format. Received: {why}.")
