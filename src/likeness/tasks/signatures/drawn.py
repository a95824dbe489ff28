"""Drawn signatures: made-up names in made-up hands, for when the real ones are not at hand.

A name is a few characters of a few strokes; a hand slants, stretches and bends them in its own
way, and each signature of it a little differently; a medium has its own pen. Figures on drawn
signatures say whether a program works, and nothing about handwriting.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from likeness.arrays import Images, check_in_range
from likeness.datasets.items import Dataset
from likeness.tasks.characters.drawn_characters import Stroke, _generator, _smooth, _strokes

NAME = "drawn signatures"
LICENCE = "made by likeness"
MEDIA = ("paper", "tablet", "phone")
"""What they are written on; a medium's pen is as wide as `_PENS` says."""

_PENS = (0.03, 0.02, 0.01)  # of the picture
_NAME, _HAND, _SIGNATURE = 10, 11, 12
_CHARACTERS = 3
_HABIT, _TREMOR = 0.09, 0.012  # of a character: how far a hand, and one signature of it, strays


def drawn_signatures(
    *, writers: int = 8, names: int = 3, media: int = 2, size: int = 224, seed: int = 0
) -> Dataset:
    """Return signatures of made-up writers, each name once by each writer on each medium.

    A signature depends on the seed and the numbers of writer, name and medium only.

    Args:
        writers: how many, 1…10,000.
        names: how many different texts, 1…1,000.
        media: how many of `MEDIA`, 1…3.
        size: rows and columns of every picture, 32…1024.
        seed: who the writers are, 0 or more.

    Returns:
        items ``(writers × names × media, size, size, 1)``, uint8, ink 0 on paper 255;
        identities «drawn1» …; item names «drawn1/name1/paper» …; the facets "name" and "medium".

    Raises:
        SettingError: an argument is out of its range.

    >>> drawn_signatures(writers=2, names=2, media=2, size=64).items.shape
    (8, 64, 64, 1)
    """
    check_in_range(writers, 1, 10_000, argument="writers", whole=True)
    check_in_range(names, 1, 1_000, argument="names", whole=True)
    check_in_range(media, 1, len(MEDIA), argument="media", whole=True)
    check_in_range(size, 32, 1024, argument="size", whole=True)
    check_in_range(seed, 0, 2**63 - 1, argument="seed", whole=True)
    which = [
        (writer, name, medium)
        for writer in range(1, writers + 1)
        for medium in range(media)
        for name in range(1, names + 1)
    ]
    identities = [f"drawn{writer}" for writer, _, _ in which]
    facets = {
        "name": [f"name{name}" for _, name, _ in which],
        "medium": [MEDIA[medium] for _, _, medium in which],
    }
    return Dataset(
        np.stack([_signature(seed, *one, size=size) for one in which])[..., None],
        identities,
        ["/".join(parts) for parts in zip(identities, *facets.values(), strict=True)],
        name=NAME,
        licence=LICENCE,
        drawn=True,
        facets=facets,
    )


def _signature(seed: int, writer: int, name: int, medium: int, *, size: int) -> Images:
    hand = _generator(seed, _HAND, writer)
    matrix = np.array([[1.0, hand.uniform(-0.5, 0.3)], [hand.uniform(-0.15, 0.1), 1.0]])
    tall = hand.uniform(0.6, 1.1)
    # The writer's way of writing this very name, and this time's small differences.
    habit = _generator(seed, _HAND, writer, name)
    rng = _generator(seed, _SIGNATURE, writer, name, medium)
    paper = Image.new("L", (size, size), 255)
    pen = ImageDraw.Draw(paper)
    width = max(1, round(_PENS[medium] * size * rng.uniform(0.9, 1.1)))
    for place in range(_CHARACTERS):
        strokes = _strokes(_generator(seed, _NAME, name, place))
        for stroke in strokes:
            strays = _strays(stroke, habit, _HABIT) + _strays(stroke, rng, _TREMOR)
            moved = ((stroke + strays - 0.5) * [1.0, tall]) @ matrix.T
            x = (0.06 + (place + 0.5 + moved[:, 0]) * 0.88 / _CHARACTERS) * size
            y = (0.5 + moved[:, 1] * 0.88 / _CHARACTERS) * size
            line = [tuple(point) for point in _smooth(np.column_stack([x, y]))]
            pen.line(line, fill=0, width=width, joint="curve")
    return np.asarray(paper, dtype=np.uint8)


def _strays(stroke: Stroke, rng: np.random.Generator, how_far: float) -> NDArray[np.float64]:
    return rng.normal(0, how_far, stroke.shape)
