"""Drawings of characters: the recipe for them, the frame they are scaled to, and synthetic
drawings.

Drawn characters: synthetic alphabets from a seed, for use without Omniglot.

A character is a few smooth strokes; each drawer bends, rotates and scales them slightly.
Figures on drawn characters show whether a program works, and nothing about handwriting.
"""

import numpy as np
from PIL import Image, ImageDraw

from likeness.arrays import Floats, Images, check_in_range
from likeness.datasets.items import Dataset
from likeness.images.preparation import PhotoFrame
from likeness.tasks.characters.omniglot import OneShotRun
from likeness.training.recipe import TrainingRecipe

REACH = 2.2
"""Half the side of the frame, in root mean square distances of the ink from its middle."""

SMALLEST, LARGEST = 0.19, 0.86
"""Bounds of half the side, of the longer side of the paper: a dot is not scaled to a page."""

PAPER = 255


def ink_frame(drawing: Image.Image, *, rows: int, columns: int) -> Image.Image:
    """Return the square around the ink, resized; outside the page it is filled with paper.

    A pixel's ink is how much darker than the lightest pixel it is. The square is centred on
    the mean of the ink and `REACH` times its spread to each side. Without any ink the whole
    paper is taken.

    Args:
        drawing: dark ink on light paper, of mode L or RGB.
        rows, columns: the new size.

    >>> dot = Image.new("L", (20, 20), 255)
    >>> dot.putpixel((4, 15), 0)
    >>> found = np.asarray(ink_frame(dot, rows=9, columns=9))
    >>> np.argwhere(found == found.min()).tolist()
    [[4, 4]]
    """
    middle, reach = _middle_and_reach(drawing)
    longer = max(drawing.size)
    half = float(np.clip(reach, SMALLEST * longer, LARGEST * longer))
    margin = int(np.ceil(2 * LARGEST * longer))
    paper = Image.new(
        drawing.mode,
        (drawing.width + 2 * margin, drawing.height + 2 * margin),
        PAPER if drawing.mode == "L" else (PAPER,) * 3,
    )
    paper.paste(drawing, (margin, margin))
    x, y = middle[0] + margin, middle[1] + margin
    return paper.resize(
        (columns, rows), Image.Resampling.BILINEAR, box=(x - half, y - half, x + half, y + half)
    )


def _middle_and_reach(drawing: Image.Image) -> tuple[tuple[float, float], float]:
    """Return (x, y) of the middle of the ink, and half the side of its frame."""
    grey = np.asarray(drawing.convert("L"), dtype=np.float64)
    ink = grey.max() - grey
    total = ink.sum()
    if total == 0:
        return (drawing.width / 2, drawing.height / 2), max(drawing.size) / 2
    # A pixel's place is its middle.
    down, across = np.indices(grey.shape) + 0.5
    x, y = float((ink * across).sum() / total), float((ink * down).sum() / total)
    spread = np.sqrt((ink * ((across - x) ** 2 + (down - y) ** 2)).sum() / total)
    return (x, y), REACH * float(spread)


FRAME = PhotoFrame(ink_frame, words="framed by its ink")

# After the frame, which it finds by name.
CHARACTERS = TrainingRecipe().replace(
    encoder={"kind": "cells", "embedding_size": 1024, "projection_head": True},
    preparation={"rows": 28, "columns": 28, "frame": "ink"},
    sampling={"identities": 32, "items_each": 3, "turn_identities": True},
    augmentation={"brightness_contrast": 0.0, "erasing": 0.0, "elastic": 0.5},
    # A rotated or mirrored character is another one; a slightly shifted one is the same.
    views={"mirrored": False, "shift": 1},
    whitening={"kind": "none"},
    schedule={"epochs": 10, "steps": 450, "held_out": 0.05, "refit": False},
)
"""For handwritten characters, chosen on alphabets of Omniglot's first small background set."""


NAME = "drawn characters, not Omniglot"
LICENCE = "made by likeness"

Stroke = Floats
"""``(points, 2)``: x and y of the control points of a stroke, 0…1 of the paper."""

_STEPS = 12  # line segments between two points of a stroke
_PEN = 0.025  # of the paper
_CHARACTER, _DRAWING = 0, 1


def drawn_characters(
    *,
    alphabets: int = 2,
    characters_each: int = 6,
    drawers: int = 6,
    size: int = 105,
    seed: int = 0,
) -> Dataset:
    """Return drawings of synthetic characters.

    A drawing depends on the seed and the numbers of alphabet, character and drawer only.

    Args:
        alphabets: how many, 1…1,000.
        characters_each: characters of each, 1…1,000.
        drawers: drawings of each character, 1…1,000.
        size: rows and columns of every drawing, 16…1024.
        seed: random seed of the characters, 0 or more.

    Returns:
        items ``(n, size, size, 1)``, uint8, ink 0 on paper 255; identities
        «drawn1/character1» …; item names «drawn1/character1/1» ….

    Raises:
        SettingError: an argument is out of its range.

    >>> drawn_characters(alphabets=1, characters_each=3, drawers=2).items.shape
    (6, 105, 105, 1)
    """
    for argument, value in (
        ("alphabets", alphabets),
        ("characters_each", characters_each),
        ("drawers", drawers),
    ):
        check_in_range(value, 1, 1000, argument=argument, whole=True)
    check_in_range(size, 16, 1024, argument="size", whole=True)
    check_in_range(seed, 0, 2**63 - 1, argument="seed", whole=True)
    numbers = [
        (alphabet, character, drawer)
        for alphabet in range(1, alphabets + 1)
        for character in range(1, characters_each + 1)
        for drawer in range(1, drawers + 1)
    ]
    identities = [f"drawn{alphabet}/character{character}" for alphabet, character, _ in numbers]
    return Dataset(
        np.stack([_drawing(seed, *which, size=size) for which in numbers])[..., None],
        identities,
        [f"{name}/{which[2]}" for name, which in zip(identities, numbers, strict=True)],
        name=NAME,
        licence=LICENCE,
        drawn=True,
    )


def drawn_runs(
    *, runs: int = 4, ways: int = 5, size: int = 105, seed: int = 1
) -> tuple[OneShotRun, ...]:
    """Return runs of one-shot classification like Omniglot's.

    Each run is of an alphabet of its own: one drawer's characters are the gallery, another's
    the probes, in a random order.

    Args:
        runs: how many, 1…1,000.
        ways: characters in a run, 2…1,000.
        size: rows and columns of every drawing, 16…1024.
        seed: of everything; a seed other than the training set's gives new characters.

    Raises:
        SettingError: an argument is out of its range.
    """
    check_in_range(runs, 1, 1000, argument="runs", whole=True)
    check_in_range(ways, 2, 1000, argument="ways", whole=True)
    data = drawn_characters(alphabets=runs, characters_each=ways, drawers=2, size=size, seed=seed)
    drawings = data.items.reshape(runs, ways, 2, size, size, 1)
    rng = np.random.default_rng(seed)
    orders = [rng.permutation(ways) for _ in range(runs)]
    return tuple(
        OneShotRun(
            name=f"drawn{number}", gallery=drawn[:, 0], probes=drawn[order, 1], answers=order
        )
        for number, (drawn, order) in enumerate(zip(drawings, orders, strict=True), start=1)
    )


def _generator(seed: int, *key: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


def _drawing(seed: int, alphabet: int, character: int, drawer: int, *, size: int) -> Images:
    strokes = _strokes(_generator(seed, _CHARACTER, alphabet, character))
    rng = _generator(seed, _DRAWING, alphabet, character, drawer)
    turn = rng.normal(0, 0.08)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    matrix = matrix * rng.uniform(0.85, 1.1, (2, 1))
    middle = 0.5 + rng.normal(0, 0.03, 2)
    paper = Image.new("L", (size, size), 255)
    pen = ImageDraw.Draw(paper)
    for stroke in strokes:
        moved = (stroke + rng.normal(0, 0.02, stroke.shape) - 0.5) @ matrix.T + middle
        line = [tuple(point) for point in _smooth(moved) * size]
        pen.line(line, fill=0, width=max(1, round(_PEN * size)), joint="curve")
    return np.asarray(paper, dtype=np.uint8)


def _strokes(rng: np.random.Generator) -> list[Stroke]:
    """Return one to three strokes of two to four points each."""
    return [rng.uniform(0.15, 0.85, (rng.integers(2, 5), 2)) for _ in range(rng.integers(1, 4))]


def _smooth(points: Stroke) -> Stroke:
    """Return a curve through the points (Catmull & Rom 1974)."""
    ends = np.vstack([points[0], points, points[-1]])
    t = np.linspace(0, 1, _STEPS)[:, None]
    parts = [
        0.5
        * (
            2 * b
            + (c - a) * t
            + (2 * a - 5 * b + 4 * c - d) * t**2
            + (3 * b - a - 3 * c + d) * t**3
        )
        for a, b, c, d in zip(ends, ends[1:], ends[2:], ends[3:], strict=False)
    ]
    return np.vstack(parts)
