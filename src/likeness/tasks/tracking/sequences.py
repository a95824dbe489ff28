"""Tracking sequences by name: two public ones, and a drawn one for when neither is at hand.

Of the two public ones, one is for training and the other for testing. The drawn one has made-up
surroundings and a made-up target, from a seed: figures on it say whether a program works, and
nothing about films.
"""

import hashlib
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from likeness.arrays import check_in_range
from likeness.datasets.places import DATA_VARIABLE, cache_place, data_place
from likeness.errors import DataNotFoundError, DigestError
from likeness.tasks.tracking.crops import pasting_matrix
from likeness.tasks.tracking.sequence import Boxes, Sequence, read_sequence

BAG_FILE = "tracking_vot15_bag.zip"
DRAGON_BABY_FILE = "tracking_otb_DragonBaby.zip"

_BAG_LICENCE = (
    "The sequence «bag» of the Visual Object Tracking Challenge VOT2015 (Kristan et al., «The "
    "Visual Object Tracking VOT2015 Challenge Results», ICCV workshops 2015), for research."
)
_DRAGON_BABY_LICENCE = (
    "The sequence «DragonBaby» of the Object Tracking Benchmark OTB (Wu, Lim and Yang, «Object "
    "Tracking Benchmark», TPAMI 2015), for research."
)
_VOT_HOME = "https://votchallenge.net/vot2015/dataset.html"
_OTB_HOME = "http://cvlab.hanyang.ac.kr/tracker_benchmark/datasets.html"


def bag(path: str | Path | None = None) -> Sequence:
    """Return «bag» of VOT2015: a white plastic bag in the wind, 196 frames of 480×360 pixels.

    Looks at the path; without one, for ``tracking_vot15_bag.zip`` at or in ``LIKENESS_DATA``
    and in the cache. Its turned boxes become upright ones of the same area, as in the VOT toolkit.

    Args:
        path: a zip or a folder.

    Raises:
        DataNotFoundError: it is not where it was said to be, or nowhere.
        DigestError: it is another sequence.
    """
    return _known(
        path,
        file_name=BAG_FILE,
        home=_VOT_HOME,
        expected=(
            (196, 360, 480, 3),
            "60ccdd141af34bd70db79b8d048c45c47ea03180afb47c62ebf111a46518343e",
        ),
        named=("bag", _BAG_LICENCE),
    )


def dragon_baby(path: str | Path | None = None) -> Sequence:
    """Return «DragonBaby» of OTB: a child's head in a fight, 113 frames of 640×360 pixels.

    As `bag`, from ``tracking_otb_DragonBaby.zip``.

    Args:
        path: a zip or a folder.

    Raises:
        DataNotFoundError: it is not where it was said to be, or nowhere.
        DigestError: it is another sequence.
    """
    return _known(
        path,
        file_name=DRAGON_BABY_FILE,
        home=_OTB_HOME,
        expected=(
            (113, 360, 640, 3),
            "0a63fa277c164b9ad27a3f21b0569d0f16d5b319ce4c3e00e8dda940324e0342",
        ),
        named=("DragonBaby", _DRAGON_BABY_LICENCE),
    )


def _known(
    path: str | Path | None,
    *,
    file_name: str,
    home: str,
    expected: tuple[tuple[int, ...], str],
    named: tuple[str, str],
) -> Sequence:
    name, licence = named
    file = _file_of(path, file_name)
    if file is None:
        raise DataNotFoundError(
            f"the sequence {name!r} is not at hand: get it from {home}, pack its frames and ground "
            f"truth into {file_name}, and set {DATA_VARIABLE} to the folder of that file, or put "
            f"it into the cache ({cache_place()})."
        )
    sequence = read_sequence(file)
    shape, digest = expected
    if sequence.frames.shape != shape or boxes_digest(sequence.boxes) != digest:
        raise DigestError(
            f"{file}: expected the sequence {name!r}, {shape[0]} frames of {shape[2]}×{shape[1]} "
            "and its own boxes. Received: another; read it with `read_sequence`."
        )
    return replace(sequence, name=name, licence=licence)


def _file_of(path: str | Path | None, file_name: str) -> Path | None:
    """Return where the sequence should be; a path that is given is never passed over."""
    if path is not None:
        return Path(path).expanduser()
    own = data_place()
    files = [own, own / file_name] if own else []
    files.append(cache_place() / file_name)
    return next((file for file in files if file.name == file_name and file.is_file()), None)


def boxes_digest(boxes: Boxes) -> str:
    """Return the SHA-256 of boxes, to a hundredth of a pixel."""
    rounded = np.rint(boxes * 100).astype("<i8")
    return hashlib.sha256(np.ascontiguousarray(rounded).tobytes()).hexdigest()


_TARGET = 40
"""Side of the target's picture, in pixels, before it is scaled."""


def drawn_sequence(
    *, frames: int = 40, size: tuple[int, int] = (144, 192), speed: float = 1.0, seed: int = 0
) -> Sequence:
    """Return a film of a patterned disc that moves, grows and turns over a patterned ground.

    A second disc of another pattern crosses its way.

    Args:
        frames: 2…10,000.
        size: (rows, columns) of every frame, 64…1024.
        speed: of the target; at 1 it goes some three pixels a frame; 0…10.
        seed: of everything random, 0 or more.

    Raises:
        SettingError: an argument is out of its range.

    >>> drawn_sequence(frames=3).frames.shape
    (3, 144, 192, 3)
    """
    check_in_range(frames, 2, 10_000, argument="frames", whole=True)
    for number, name in zip(size, ("rows", "columns"), strict=True):
        check_in_range(number, 64, 1024, argument=f"size ({name})", whole=True)
    check_in_range(speed, 0.0, 10.0, argument="speed")
    check_in_range(seed, 0, 2**63 - 1, argument="seed", whole=True)
    rng = np.random.default_rng(seed)
    ground = _pattern(rng, size, cells=7, strength=45)
    target, other = (_pattern(rng, (_TARGET, _TARGET), cells=4, strength=110) for _ in range(2))
    phase = rng.uniform(0, 2 * math.pi, 4)
    pictures = np.empty((frames, *size, 3), np.uint8)
    boxes = np.empty((frames, 4))
    for number in range(frames):
        time = 0.05 * speed * number
        picture = Image.fromarray(ground)
        _put(picture, other, _centre(size, -0.8 * time, phase[2:]), _TARGET * 0.9, turn=0.0)
        side = _TARGET * (1 + 0.25 * math.sin(0.4 * time + phase[0]))
        middle = _centre(size, time, phase)
        _put(picture, target, middle, side, turn=0.3 * math.sin(time))
        noisy = np.asarray(picture, np.float32) + rng.normal(0, 3, (*size, 3))
        pictures[number] = np.clip(noisy, 0, 255).round().astype(np.uint8)
        boxes[number] = (middle[0] - side / 2, middle[1] - side / 2, side, side)
    return Sequence(
        frames=pictures, boxes=boxes, name="drawn sequence", licence="made by likeness", drawn=True
    )


def _pattern(
    rng: np.random.Generator, size: tuple[int, int], *, cells: int, strength: float
) -> NDArray[np.uint8]:
    """Return a smooth coloured pattern, ``(rows, columns, 3)``."""
    base = rng.uniform(70, 185, 3)
    coarse = np.clip(base + rng.uniform(-strength, strength, (cells, cells, 3)), 0, 255)
    picture = Image.fromarray(coarse.round().astype(np.uint8))
    return np.asarray(picture.resize((size[1], size[0]), Image.Resampling.BICUBIC))


def _centre(size: tuple[int, int], time: float, phase: NDArray[np.float64]) -> tuple[float, float]:
    rows, columns = size
    x = columns * (0.5 + 0.33 * math.sin(time + phase[0]))
    y = rows * (0.5 + 0.3 * math.sin(1.3 * time + phase[1]))
    return x, y


def _put(
    picture: Image.Image,
    disc: NDArray[np.uint8],
    middle: tuple[float, float],
    side: float,
    *,
    turn: float,
) -> None:
    """Put a disc of ``side`` pixels onto the picture, with a soft edge."""
    line = (np.arange(_TARGET) + 0.5) / _TARGET * 2 - 1
    radius = np.hypot(line[:, None], line[None, :])
    mask = Image.fromarray((np.clip((1 - radius) * 8, 0, 1) * 255).astype(np.uint8))
    matrix = pasting_matrix(_TARGET, middle, side, turn=turn)
    how = (picture.size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)
    picture.paste(Image.fromarray(disc).transform(*how), mask=mask.transform(*how))
