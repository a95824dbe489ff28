"""Drawn faces: made-up people from a seed, for when no photographs are at hand.

Identity is in the geometry: head, jaw, hair, ears, eyes, brows, nose, mouth, and the greys of
skin and hair. Pose, light, expression, glasses, blur and noise change from photo to photo.
Figures on drawn faces say whether a program works, and nothing about real faces.
"""

import numpy as np
from PIL import Image, ImageFilter

from likeness.arrays import Images, check_in_range
from likeness.datasets.drawn_face import paint_face
from likeness.datasets.drawn_person import Person, draw_moment, draw_person
from likeness.datasets.items import Dataset

NAME = "drawn faces, not AT&T"
LICENCE = "made by likeness"


def drawn_faces(
    *,
    identities: int = 40,
    photos_each: int = 10,
    size: tuple[int, int] = (112, 92),
    seed: int = 0,
) -> Dataset:
    """Return photos of made-up people.

    A photo depends on the seed, the person's number and its own number only: with more people
    or more photos each, those that were there stay as they are.

    Args:
        identities: how many people, 1…10,000.
        photos_each: photos of each, 1…1,000.
        size: (rows, columns) of every photo, 16…1024.
        seed: who the people are, 0 or more.

    Returns:
        items ``(identities × photos_each, rows, columns, 1)``, uint8; identities «drawn1» …;
        item names «drawn1/1» …; `Dataset.drawn` is True.

    Raises:
        SettingError: an argument is out of its range.

    >>> drawn_faces(identities=2, photos_each=3).items.shape
    (6, 112, 92, 1)
    """
    check_in_range(identities, 1, 10_000, argument="identities", whole=True)
    check_in_range(photos_each, 1, 1_000, argument="photos_each", whole=True)
    check_in_range(seed, 0, 2**63 - 1, argument="seed", whole=True)
    for number, name in zip(size, ("rows", "columns"), strict=True):
        check_in_range(number, 16, 1024, argument=f"size ({name})", whole=True)
    people, numbers = range(1, identities + 1), range(1, photos_each + 1)
    items = np.empty((identities, photos_each, *size, 1), dtype=np.uint8)
    for person in people:
        who = draw_person(_generator(seed, person, 0))
        for number in numbers:
            rng = _generator(seed, person, number)
            items[person - 1, number - 1, ..., 0] = _photo(who, rng, size)
    return Dataset(
        items.reshape(-1, *size, 1),
        [f"drawn{person}" for person in people for _ in numbers],
        [f"drawn{person}/{number}" for person in people for number in numbers],
        name=NAME,
        licence=LICENCE,
        drawn=True,
    )


def _generator(seed: int, person: int, number: int) -> np.random.Generator:
    """Number 0 is for the person; a photo counts from 1, so the two never share a stream."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(person, number)))


def _photo(person: Person, rng: np.random.Generator, size: tuple[int, int]) -> Images:
    moment = draw_moment(rng, person)
    grey = paint_face(person, moment, size=size)
    picture = Image.fromarray((np.clip(grey, 0, 1) * 255).round().astype(np.uint8))
    blurred = picture.filter(ImageFilter.GaussianBlur(moment.blur * size[0] / 112))
    noise = rng.normal(0, 255 * moment.noise, size)
    return np.clip(np.asarray(blurred) + noise, 0, 255).round().astype(np.uint8)
