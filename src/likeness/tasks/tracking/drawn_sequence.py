"""A drawn tracking sequence: made-up surroundings and a made-up target, from a seed.

Figures on it say whether a program works, and nothing about films.
"""

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from likeness.arrays import check_in_range
from likeness.tasks.tracking.sequence import Sequence

NAME = "drawn sequence"
LICENCE = "made by likeness"

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
        _put(picture, other, _place(size, -0.8 * time, phase[2:]), _TARGET * 0.9, turn=0.0)
        side = _TARGET * (1 + 0.25 * math.sin(0.4 * time + phase[0]))
        middle = _place(size, time, phase)
        _put(picture, target, middle, side, turn=0.3 * math.sin(time))
        noisy = np.asarray(picture, np.float32) + rng.normal(0, 3, (*size, 3))
        pictures[number] = np.clip(noisy, 0, 255).round().astype(np.uint8)
        boxes[number] = (middle[0] - side / 2, middle[1] - side / 2, side, side)
    return Sequence(frames=pictures, boxes=boxes, name=NAME, licence=LICENCE, drawn=True)


def _pattern(
    rng: np.random.Generator, size: tuple[int, int], *, cells: int, strength: float
) -> NDArray[np.uint8]:
    """Return a smooth coloured pattern, ``(rows, columns, 3)``."""
    base = rng.uniform(70, 185, 3)
    coarse = np.clip(base + rng.uniform(-strength, strength, (cells, cells, 3)), 0, 255)
    picture = Image.fromarray(coarse.round().astype(np.uint8))
    return np.asarray(picture.resize((size[1], size[0]), Image.Resampling.BICUBIC))


def _place(size: tuple[int, int], time: float, phase: NDArray[np.float64]) -> tuple[float, float]:
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
    step, half = _TARGET / side, _TARGET / 2
    cosine, sine = math.cos(turn) * step, math.sin(turn) * step
    x, y = middle
    matrix = (
        cosine,
        -sine,
        half - cosine * x + sine * y,
        sine,
        cosine,
        half - sine * x - cosine * y,
    )
    how = (picture.size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)
    picture.paste(Image.fromarray(disc).transform(*how), mask=mask.transform(*how))
