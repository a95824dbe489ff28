"""What the old models are asked: made from seeds by NumPy alone, so that it never changes.

`RandomState` and whole numbers only: NumPy promises that its stream stays as it is.
"""

from typing import Any

import numpy as np

TEXTS = (
    "The car is red.",
    "i saw one vehicle today",
    "A big dog stood there, and a puppy.",
    "Ünïcode: 42 ½ dwellings?",
    "x",
)

FIRST_BOX = (30.0, 20.0, 24.0, 24.0)
"""Of `film`'s target in the first frame: x, y, width, height."""


def photos(count: int = 4, *, seed: int = 1, channels: int = 1) -> Any:
    """Return ``(count, 56, 48, channels)``, uint8: coarse fields, a little noise."""
    rng = np.random.RandomState(seed)
    fields = rng.randint(30, 220, (count, 7, 6, channels)).repeat(8, axis=1).repeat(8, axis=2)
    return (fields + rng.randint(0, 30, fields.shape)).astype(np.uint8)


def writing(count: int = 4, *, seed: int = 2, rows: int = 64, columns: int = 96) -> Any:
    """Return ``(count, rows, columns, 1)``, uint8: three scribbles of ink 0 on paper 255."""
    rng = np.random.RandomState(seed)
    pages = np.full((count, rows, columns, 1), 255, np.uint8)
    for page in pages:
        for character in range(3):
            left = 6 + character * (columns - 12) // 3
            y, x = rows // 2, left + columns // 8
            for _ in range(90):
                y = int(np.clip(y + rng.randint(-3, 4), 8, rows - 12))
                x = int(np.clip(x + rng.randint(-2, 3), left, left + columns // 4))
                page[y : y + 3, x : x + 3] = 0
    return pages


def rows(count: int = 12, *, seed: int = 3) -> Any:
    """Return ``(count, 5)`` float64, three kinds of rows one after the other."""
    rng = np.random.RandomState(seed)
    kinds = rng.randint(-300, 300, (3, 5))
    return (kinds[np.arange(count) % 3] + rng.randint(-40, 40, (count, 5))) / 10


def pictures(count: int = 12, *, seed: int = 4) -> Any:
    """Return ``(count, 8, 8)`` float64, three kinds of pictures one after the other."""
    rng = np.random.RandomState(seed)
    kinds = rng.randint(0, 200, (3, 8, 8))
    return (kinds[np.arange(count) % 3] + rng.randint(-15, 15, (count, 8, 8))) / 1.0


def film(count: int = 6, *, seed: int = 5) -> Any:
    """Return ``(count, 96, 128, 3)``, uint8: a patterned square crosses a patterned ground."""
    rng = np.random.RandomState(seed)
    ground = rng.randint(0, 200, (12, 16, 3)).repeat(8, axis=0).repeat(8, axis=1)
    target = rng.randint(56, 256, (4, 4, 3)).repeat(6, axis=0).repeat(6, axis=1)
    frames = np.stack([ground] * count).astype(np.uint8)
    for number, frame in enumerate(frames):
        left, top = 30 + 4 * number, 20 + 3 * number
        frame[top : top + 24, left : left + 24] = target
    return frames


def tracked(*, seed: int = 6) -> tuple[Any, Any]:
    """Return a target ``(63, 63, 3)`` and a picture ``(1, 159, 159, 3)`` to look for it in."""
    rng = np.random.RandomState(seed)
    target = rng.randint(0, 256, (21, 21, 3)).repeat(3, axis=0).repeat(3, axis=1)
    search = rng.randint(0, 256, (53, 53, 3)).repeat(3, axis=0).repeat(3, axis=1)
    search[40:103, 60:123] = target
    return target.astype(np.uint8), search[None].astype(np.uint8)


ASKED = {
    "face": photos,
    "face_ensemble": lambda: photos(channels=3),
    "characters": writing,
    "signatures": writing,
    "sentences": lambda: list(TEXTS),
    "imported": lambda: photos(channels=3),
}
"""The models that embed, by the folder's name, and what each is asked."""

ESTIMATORS = {"estimator_classifier": rows, "estimator_embedder": pictures}
