"""Drawn faces: made-up people from a seed, for when no photographs are at hand.

Identity is geometry: the head, the hair, where the eyes, brows, nose, mouth and ears are and
how large. Everything else changes from photo to photo: pose, light, expression, glasses.
Figures on drawn faces say whether the program works, nothing about real faces.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from likeness.arrays import check_in_range
from likeness.datasets._dataset import Dataset

NAME = "drawn faces, not AT&T"

_ROWS, _COLUMNS = 112, 92
_FINER = 3  # drawn three times as large, then averaged: smooth edges

Traits = Mapping[str, float]
Point = tuple[float, float]

# Identity: mean and half-width of a uniform distribution; lengths in pixels of 112×92.
_TRAITS = {
    "head_width": (28.0, 4.5),
    "head_height": (38.0, 4.5),
    "jaw": (0.72, 0.16),
    "skin": (165.0, 45.0),
    "hair": (75.0, 60.0),
    "hair_line": (0.50, 0.16),
    "hair_sides": (0.30, 0.45),
    "hair_puff": (5.0, 4.0),
    "parting": (0.0, 0.8),
    "eye_distance": (12.5, 2.4),
    "eye_height": (-4.0, 3.0),
    "eye_width": (5.0, 1.1),
    "eye_open": (2.3, 0.7),
    "brow_height": (7.0, 1.8),
    "brow_width": (6.5, 1.6),
    "brow_thick": (1.7, 0.9),
    "brow_tilt": (0.0, 1.8),
    "nose_length": (11.0, 3.0),
    "nose_width": (4.2, 1.6),
    "mouth_height": (18.5, 3.0),
    "mouth_width": (8.5, 2.4),
    "lips": (1.9, 0.9),
    "ears": (4.0, 2.2),
    "beard": (-0.6, 1.1),
    "collar": (90.0, 80.0),
}


def drawn_faces(
    *,
    identities: int = 40,
    photos_each: int = 10,
    size: tuple[int, int] = (_ROWS, _COLUMNS),
    seed: int = 0,
) -> Dataset:
    """Draw faces of made-up people.

    A person's face depends on the seed and their number only: more people, or more photos,
    do not change those that were there.

    Args:
        identities: how many people, 1…100,000.
        photos_each: photos of each, 1…10,000.
        size: (rows, columns) of a photo.
        seed: of everything.

    Returns:
        ``(identities · photos_each, rows, columns, 1)``, uint8; marked as ``drawn``.
    """
    check_in_range(identities, 1, 100_000, argument="identities", whole=True)
    check_in_range(photos_each, 1, 10_000, argument="photos_each", whole=True)
    photos, people, names = [], [], []
    for person in range(1, identities + 1):
        traits = _traits(np.random.default_rng([seed, person]))
        for place in range(1, photos_each + 1):
            rng = np.random.default_rng([seed, person, place])
            photos.append(_photo(traits, rng, size))
            people.append(f"drawn{person}")
            names.append(f"drawn{person}/{place}")
    return Dataset(
        np.stack(photos)[..., None],
        people,
        names,
        name=NAME,
        licence="made up by likeness; no terms",
        drawn=True,
    )


def _traits(rng: np.random.Generator) -> Traits:
    return {name: mean + half * rng.uniform(-1, 1) for name, (mean, half) in _TRAITS.items()}


def _photo(traits: Traits, rng: np.random.Generator, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Draw one photo of a person: a pose, an expression, a light."""
    backdrop = rng.uniform(90, 130)
    sketch = _Sketch(rng, backdrop)
    expression = {
        "smile": rng.uniform(-0.8, 2.6),
        "open_mouth": max(0.0, rng.uniform(-4.0, 3.0)),
        "brow_lift": rng.uniform(-1.0, 1.6),
        "eyes": 0.15 if rng.random() < 0.08 else rng.uniform(0.75, 1.15),
        "gaze": rng.uniform(-1.2, 1.2),
    }
    _draw_head(sketch, traits)
    _draw_features(sketch, traits, expression)
    if rng.random() < 0.2:
        _draw_glasses(sketch, traits)
    image = sketch.image.resize((size[1], size[0]), Image.Resampling.BOX)
    image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.2, 0.7)))
    return _relit(np.asarray(image, dtype=np.float64), rng)


class _Sketch:
    """Shapes in face coordinates (origin between the eyes and nose), drawn in a pose."""

    def __init__(self, rng: np.random.Generator, backdrop: float) -> None:
        self.image = Image.new("L", (_COLUMNS * _FINER, _ROWS * _FINER), int(backdrop))
        self._draw = ImageDraw.Draw(self.image)
        turn = rng.normal(0, 0.06)
        scale = np.exp(rng.normal(0, 0.045))
        self._cos, self._sin = scale * np.cos(turn), scale * np.sin(turn)
        self._shift = (rng.normal(0, 2.2), rng.normal(0, 2.6))
        self.yaw = float(np.clip(rng.normal(0, 0.35), -0.8, 0.8))
        self.nod = float(np.clip(rng.normal(0, 1.6), -4, 4))

    def place(self, x: float, y: float, depth: float = 0.0) -> Point:
        """Return where a point of the face is in the picture.

        What lies nearer to the viewer (``depth`` > 0) moves farther when the head turns.
        """
        x = x * (1 - 0.12 * abs(self.yaw)) + self.yaw * depth
        y = y + self.nod * depth / 6
        across = x * self._cos - y * self._sin + _COLUMNS / 2 + self._shift[0]
        down = x * self._sin + y * self._cos + _ROWS * 0.52 + self._shift[1]
        return across * _FINER, down * _FINER

    def shape(self, points: Sequence[Point], grey: float, depth: float = 0.0) -> None:
        """Fill an outline."""
        self._draw.polygon([self.place(x, y, depth) for x, y in points], fill=_grey(grey))

    def line(self, points: Sequence[Point], grey: float, width: float, depth: float = 0.0) -> None:
        """Draw a line of some width."""
        self._draw.line(
            [self.place(x, y, depth) for x, y in points],
            fill=_grey(grey),
            width=max(1, round(width * _FINER)),
            joint="curve",
        )

    def oval(self, middle: Point, radii: Point, grey: float, depth: float = 0.0) -> None:
        """Fill an ellipse."""
        angle = np.linspace(0, 2 * np.pi, 40)
        x, y = middle[0] + radii[0] * np.cos(angle), middle[1] + radii[1] * np.sin(angle)
        self.shape(list(zip(x, y, strict=True)), grey, depth)


def _draw_head(sketch: _Sketch, t: Traits) -> None:
    """Shoulders, neck, hair behind, ears, face, beard, hair in front."""
    width, height, skin, hair = t["head_width"], t["head_height"], t["skin"], t["hair"]
    shoulders = [(-60, 75), (-34, 48), (-11, 41), (11, 41), (34, 48), (60, 75)]
    sketch.shape([(x, y - 2) for x, y in shoulders], t["collar"])
    sketch.shape([(-11, 20), (11, 20), (13, 46), (0, 52), (-13, 46)], skin * 0.82)
    puff = t["hair_puff"]
    low = height * (t["hair_sides"] - 0.35)
    back = [(x, min(y, low)) for x, y in _outline(width + puff, height + puff, 1.0)]
    sketch.shape(back, hair, depth=-2)
    for side in (-1, 1):
        sketch.oval((side * (width + 0.5), 1), (t["ears"], 1.6 * t["ears"]), skin * 0.9, depth=-2)
    face = _outline(width, height, t["jaw"])
    sketch.shape(face, skin)
    if t["beard"] > 0:
        low_face = [(x * 0.99, y) for x, y in face if y > height * 0.25]
        sketch.shape(low_face, skin * (1 - 0.45 * t["beard"]))
    line = -height * t["hair_line"]
    over = [(x * 1.02, y - 1) for x, y in face if y < line]
    if len(over) > 2:
        # The hair line dips at the parting.
        sketch.shape([*over, (t["parting"] * width * 0.5, line - 5)], hair, depth=1)


def _draw_features(sketch: _Sketch, t: Traits, expression: Traits) -> None:
    """Eyes, brows, nose, mouth."""
    dark, skin = min(t["hair"], 70.0), t["skin"]
    eye_y = t["eye_height"]
    for side in (-1, 1):
        eye_x = side * t["eye_distance"]
        opening = t["eye_open"] * expression["eyes"]
        sketch.oval((eye_x, eye_y), (t["eye_width"], opening), min(skin * 1.35, 240), depth=5)
        pupil = (min(opening, 2.3), min(opening, 2.3))
        sketch.oval((eye_x + expression["gaze"], eye_y), pupil, 30, depth=5)
        lid = [(eye_x - t["eye_width"], eye_y), (eye_x, eye_y - opening)]
        sketch.line([*lid, (eye_x + t["eye_width"], eye_y)], skin * 0.5, 0.8, depth=5)
        brow_y = eye_y - t["brow_height"] - expression["brow_lift"]
        inner = (eye_x - side * t["brow_width"], brow_y + t["brow_tilt"] / 2)
        outer = (eye_x + side * t["brow_width"], brow_y - t["brow_tilt"] / 2 + 1)
        middle = (eye_x, brow_y - 1.4)
        sketch.line([inner, middle, outer], dark, t["brow_thick"], depth=5)
    tip = eye_y + t["nose_length"]
    half = t["nose_width"]
    sketch.line([(1.5, eye_y + 1), (half * 0.7, tip - 2)], skin * 0.85, 1.2, depth=8)
    sketch.shape([(-half, tip), (0, tip - 3), (half, tip), (0, tip + 2)], skin * 0.72, depth=9)
    _draw_mouth(sketch, t, expression)


def _draw_mouth(sketch: _Sketch, t: Traits, expression: Traits) -> None:
    y, half, smile = t["mouth_height"], t["mouth_width"], expression["smile"]
    wide = half * (1 + 0.06 * smile)
    x = np.linspace(-wide, wide, 13)
    bow = smile * (1 - (x / wide) ** 2) - smile / 2
    round_off = np.sqrt(np.maximum(1 - (x / wide) ** 2, 0))
    upper, lower = y + bow - t["lips"] * round_off, y + bow + t["lips"] * round_off
    lower = lower + expression["open_mouth"] * round_off
    outline = [*zip(x, upper, strict=True), *zip(x[::-1], lower[::-1], strict=True)]
    sketch.shape(outline, t["skin"] * 0.62, depth=6)
    if expression["open_mouth"] > 0.8:
        sketch.oval(
            (0, y + smile / 2 + 1), (wide * 0.7, expression["open_mouth"] * 0.6), 40, depth=6
        )
    else:
        sketch.line(list(zip(x, y + bow, strict=True)), t["skin"] * 0.38, 0.8, depth=6)


def _draw_glasses(sketch: _Sketch, t: Traits) -> None:
    angle = np.linspace(0, 2 * np.pi, 30)
    for side in (-1, 1):
        x = side * t["eye_distance"] + 7.2 * np.cos(angle)
        y = t["eye_height"] + 5.6 * np.sin(angle)
        sketch.line(list(zip(x, y, strict=True)), 35, 1.1, depth=6)
    inner = t["eye_distance"] - 7.2
    sketch.line([(-inner, t["eye_height"]), (inner, t["eye_height"])], 35, 1.1, depth=6)


def _outline(width: float, height: float, jaw: float) -> list[Point]:
    """Return a head's outline: an ellipse above, narrowing to the chin below by ``jaw``."""
    angle = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    x, y = width * np.cos(angle), height * np.sin(angle)
    below = np.clip(y / height, 0, 1)
    x = x * (1 - (1 - jaw) * below**1.5)
    return list(zip(x.tolist(), y.tolist(), strict=True))


def _relit(image: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Light from a side, exposure, and the camera's noise."""
    rows, columns = image.shape
    across = np.linspace(-1, 1, columns)[None, :]
    down = np.linspace(-1, 1, rows)[:, None]
    light = 1 + rng.normal(0, 0.13) * across + rng.normal(0, 0.07) * down
    image = image * light * np.exp(rng.normal(0, 0.10)) + rng.normal(0, 6)
    image = image + rng.normal(0, 3.0, image.shape)
    return np.clip(np.round(image), 0, 255).astype(np.uint8)


def _grey(value: float) -> int:
    return int(np.clip(value, 0, 255))
