"""Drawn faces: synthetic people from a seed, for use without photographs.

Identity is in the geometry: head, jaw, hair, ears, eyes, brows, nose, mouth, and the greys of
skin and hair. Pose, light, expression, glasses, blur and noise change from photo to photo.
Figures on drawn faces show whether a program works, and nothing about real faces.

Soft shapes are painted on a small grey picture. A shape is a distance: below zero inside, above
zero outside, in the units of the coordinates. Distances combine by minimum (or) and maximum
(and), and are painted with an edge as soft as one pixel, so that no larger drawing has to be
made and shrunk.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from likeness.arrays import Images, check_in_range
from likeness.datasets.drawn_person import DrawnPerson, Moment
from likeness.datasets.items import Dataset

Field = NDArray[np.floating[Any]]
"""``(rows, columns)``, float32: a coordinate, a distance or a grey for every pixel."""


def _ellipse(u: Field, v: Field, middle: tuple[float, float], radii: tuple[float, float]) -> Field:
    """Distance from an ellipse, right near its edge and on its shorter axis."""
    x, y = (u - middle[0]) / radii[0], (v - middle[1]) / radii[1]
    radius: Field = np.sqrt(x * x + y * y)
    return (radius - 1) * min(radii)


def _rounded(
    u: Field, v: Field, middle: tuple[float, float], radii: tuple[float, float], power: float
) -> Field:
    """Distance from a superellipse: power 2 is an ellipse, larger nears a rectangle."""
    x, y = np.abs(u - middle[0]) / radii[0], np.abs(v - middle[1]) / radii[1]
    radius: Field = (x**power + y**power) ** (1 / power)
    return (radius - 1) * min(radii)


def _stroke(u: Field, v: Field, *, half: float, bend: float, slant: float, thick: float) -> Field:
    """Distance from the curve ``v = bend·u² + slant·u`` for |u| < half, thinning to its ends."""
    along = np.clip(u / half, -1.2, 1.2)
    line = bend * u * u + slant * u
    distance: Field = np.abs(v - line) - thick * (1.15 - along * along)
    return np.maximum(distance, np.abs(u) - half)


class _Canvas:
    """A grey picture that shapes are painted on, one over the other.

    Args:
        grey: the picture to begin with, 0…1.
        edge: how wide a soft edge is, in the units of the distances: about one pixel.
    """

    def __init__(self, grey: Field, *, edge: float) -> None:
        self.grey = grey
        self._edge = edge

    def paint(
        self, distance: Field, grey: float | Field, *, opacity: float = 1.0, soft: float = 0.0
    ) -> None:
        """Paint a shape; ``soft`` widens its edge, for shadows."""
        share = np.clip(0.5 - distance / (self._edge + soft), 0, 1)
        self.grey += opacity * share * (grey - self.grey)

    def shade(self, distance: Field, factor: float, *, soft: float) -> None:
        """Darken (factor < 1) or brighten what is under a soft shape."""
        share = np.clip(0.5 - distance / (self._edge + soft), 0, 1)
        self.grey *= 1 + (factor - 1) * share


NAME = "drawn faces, not AT&T"
LICENCE = "made by likeness"

_BOTH = (-1.0, 1.0)


def drawn_faces(
    *,
    identities: int = 40,
    photos_each: int = 10,
    size: tuple[int, int] = (112, 92),
    seed: int = 0,
) -> Dataset:
    """Return photos of synthetic people.

    A photo depends on the seed, the person's number and its own number only: adding people or
    photos does not change the others.

    Args:
        identities: how many people, 1…10,000.
        photos_each: photos of each, 1…1,000.
        size: (rows, columns) of every photo, 16…1024.
        seed: random seed of the people, 0 or more.

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
        who = DrawnPerson.draw(_generator(seed, person, 0))
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


def _photo(person: DrawnPerson, rng: np.random.Generator, size: tuple[int, int]) -> Images:
    moment = Moment.draw(rng, person)
    grey = paint_face(person, moment, size=size)
    picture = Image.fromarray((np.clip(grey, 0, 1) * 255).round().astype(np.uint8))
    blurred = picture.filter(ImageFilter.GaussianBlur(moment.blur * size[0] / 112))
    noise = rng.normal(0, 255 * moment.noise, size)
    return np.clip(np.asarray(blurred) + noise, 0, 255).round().astype(np.uint8)


@dataclass(frozen=True)
class _Sheet:
    """Where each pixel lies: on the head, and on what the turned face shows."""

    u: Field  # the head's outline, to the right
    v: Field  # down
    fu: Field  # features: moved by the yaw, as on a cylinder
    fv: Field  # features: moved by the nod


def _grid(size: tuple[int, int]) -> tuple[Field, Field, float]:
    """Return right, down and the side of a pixel; the middle is 0, and ±1 fits in a photo."""
    rows, columns = size
    pixel = 1 / min(rows / 2, columns / 2 * (112 / 92))
    down = (np.arange(rows, dtype=np.float32) + 0.5 - rows / 2) * pixel
    right = (np.arange(columns, dtype=np.float32) + 0.5 - columns / 2) * pixel
    x, y = np.meshgrid(right, down)
    return x.astype(np.float32), y.astype(np.float32), float(pixel)


def _posed(x: Field, y: Field, person: DrawnPerson, moment: Moment) -> _Sheet:
    """Undo the photo's shift, scale, turn, yaw and nod for every pixel."""
    x, y = x - moment.right, y - moment.down
    cos, sin = math.cos(moment.turn) / moment.scale, math.sin(moment.turn) / moment.scale
    u, v = cos * x + sin * y, cos * y - sin * x
    # The face is a cylinder as wide as the head: a yaw moves its middle most, its rim least.
    width = person.head_width * 1.15
    angle = np.arcsin(np.clip(u / width, -1, 1)) - moment.yaw
    turned = np.sin(angle) * width + np.where(np.abs(u) > width, u - np.sign(u) * width, 0)
    facing = np.clip(1 - (v / 0.8) ** 2, 0, 1)
    return _Sheet(u, v, turned.astype(np.float32), v - moment.nod * facing)


def _head_radius(sheet: _Sheet, person: DrawnPerson, *, more: float | Field = 0.0) -> Field:
    """Return 0 in the middle of the head, 1 on its outline; ``more`` grows it, but not the jaw."""
    across = np.abs(sheet.u) / (person.head_width + more)
    up = sheet.v / (person.crown + more)
    # A jaw narrows from the ears down.
    down = np.clip(sheet.v / person.chin, 0, None)
    low = (across * (1 + 0.16 * down * down)) ** person.jaw + down**person.jaw
    upper = np.sqrt(across * across + up * up)
    radius: Field = np.where(sheet.v < 0, upper, low ** (1 / person.jaw))
    return radius.astype(np.float32)


def paint_face(person: DrawnPerson, moment: Moment, *, size: tuple[int, int]) -> Field:
    """Return the photo, ``(rows, columns)``, greys about 0…1, without blur and noise."""
    x, y, pixel = _grid(size)
    sheet = _posed(x, y, person, moment)
    shine = moment.light_x
    canvas = _Canvas(
        (moment.backdrop * (1 + 0.25 * shine * x - 0.08 * y)).astype(np.float32), edge=1.4 * pixel
    )
    _paint_behind(canvas, sheet, person, moment)
    head = _head_radius(sheet, person)
    _paint_skin(canvas, sheet, person, moment, head)
    _paint_eyes(canvas, sheet, person, moment)
    _paint_nose(canvas, sheet, person, moment)
    _paint_mouth(canvas, sheet, person, moment)
    _paint_hair(canvas, sheet, person, head)
    _paint_brows(canvas, sheet, person, moment)
    if moment.glasses:
        _paint_glasses(canvas, sheet, person)
    return canvas.grey * moment.gain * (1 + 0.35 * shine * x + 0.35 * moment.light_y * y)


def _paint_behind(canvas: _Canvas, sheet: _Sheet, person: DrawnPerson, moment: Moment) -> None:
    """Long hair behind, shoulders, neck, ears."""
    u, v, skin = sheet.u, sheet.v, person.skin
    if person.hair_length > 0.2:
        reach = (person.crown + person.hair_length) / 2
        middle = (0.0, person.hair_length - reach)
        wide = person.head_width + person.hair_volume + 0.06
        back = _rounded(u, v, middle, (wide, reach + person.hair_volume), 2.6)
        canvas.paint(back, person.hair * 0.8)
    shirt = float(np.clip(person.shirt + moment.shirt_change, 0.1, 0.92))
    canvas.paint(_rounded(u, v, (0, 1.55), (0.95, 0.68), 2.6), shirt * (1 - 0.15 * np.abs(u)))
    neck = np.maximum(np.abs(u) - person.head_width * 0.6, np.abs(v - 0.6) - 0.42)
    canvas.paint(neck, skin * 0.72)
    canvas.paint(_ellipse(u, v, (0, 1.0), (person.head_width * 0.62, 0.13)), skin * 0.74)
    canvas.shade(_ellipse(u, v, (0, person.chin), (0.4, 0.16)), 0.72, soft=0.14)
    for side in _BOTH:
        # A turned head shows one ear more, the other less.
        shown = person.ears * (1 + 1.2 * side * moment.yaw)
        if shown > 0.02:
            middle = (side * (person.head_width - 0.005), person.ear_height)
            canvas.paint(_ellipse(u, v, middle, (shown, 0.17)), skin * 0.88)
            canvas.paint(_ellipse(u, v, middle, (shown * 0.5, 0.1)), skin * 0.7, soft=0.03)


def _paint_skin(
    canvas: _Canvas, sheet: _Sheet, person: DrawnPerson, moment: Moment, head: Field
) -> None:
    """The face as a lit bulge, cheeks, folds, beard."""
    towards = np.sqrt(np.clip(1 - 0.85 * head * head, 0.02, 1))
    lit = 0.66 + 0.36 * towards + moment.light_x * sheet.u * 0.9 + moment.light_y * sheet.v * 0.6
    outline = (head - 1) * person.head_width
    canvas.paint(outline, (person.skin * lit).astype(np.float32))
    fu, fv = sheet.fu, sheet.fv
    for side in _BOTH:
        socket = (side * person.eye_distance, person.eye_height - 0.02)
        canvas.shade(_ellipse(fu, fv, socket, (0.17, 0.10)), 0.83, soft=0.12)
        cheek = (side * 0.27, 0.22 - 0.04 * moment.smile)
        canvas.shade(_ellipse(fu, fv, cheek, (0.12, 0.09)), 1 + 0.12 * person.cheeks, soft=0.14)
        fold = _stroke(fv - 0.33, side * fu - 0.19, half=0.13, bend=-1.0, slant=0.35, thick=0.008)
        strength = 0.10 * person.folds + 0.14 * max(moment.smile, 0)
        canvas.shade(np.maximum(fold, outline), 1 - strength, soft=0.03)
    canvas.shade(_ellipse(fu, fv, (0, person.chin * 0.86), (0.12, 0.08)), 1.06, soft=0.12)
    if person.beard:
        around = _rounded(fu, fv, (0, person.mouth_height - 0.62), (0.62, 0.62), 2.4)
        beard = np.maximum(outline, -around)
        canvas.paint(beard, person.hair + 0.06, opacity=person.beard, soft=0.08)


def _paint_eyes(canvas: _Canvas, sheet: _Sheet, person: DrawnPerson, moment: Moment) -> None:
    for side in _BOTH:
        x = (sheet.fu - side * person.eye_distance) * side
        y = sheet.fv - person.eye_height - person.eye_slant * x
        half = person.eye_size
        opening = 0.44 * half * moment.eyes_open * (1 - 0.25 * max(moment.smile, 0))
        lids = np.abs(y) - opening * (1 - (x / half) ** 2)
        canvas.paint(np.maximum(lids, np.abs(x) - half), min(person.skin * 1.18, 0.9))
        iris = _ellipse(x * side, y, (moment.gaze * half * 0.5, 0), (0.44 * half, 0.44 * half))
        canvas.paint(np.maximum(iris, lids), person.iris)
        pupil = _ellipse(x * side, y, (moment.gaze * half * 0.5, 0), (0.2 * half, 0.2 * half))
        canvas.paint(np.maximum(pupil, lids), 0.04)
        upper = _stroke(
            x, y + opening, half=half * 1.1, bend=opening / half**2, slant=0.0, thick=0.012
        )
        canvas.paint(upper, person.skin * 0.32, opacity=0.85)
        crease = _stroke(
            x, y + opening + 0.04, half=half, bend=opening / half**2, slant=0.0, thick=0.006
        )
        canvas.shade(crease, 0.8, soft=0.02)
        under = _stroke(x, y - opening - 0.025, half=half, bend=-1.5, slant=0.0, thick=0.006)
        canvas.shade(under, 0.86, soft=0.03)


def _paint_brows(canvas: _Canvas, sheet: _Sheet, person: DrawnPerson, moment: Moment) -> None:
    for side in _BOTH:
        x = (sheet.fu - side * person.eye_distance) * side - 0.01
        y = sheet.fv - person.eye_height + person.brow_distance + moment.brow_lift
        brow = _stroke(
            x,
            y,
            half=0.145,
            bend=person.brow_arch,
            slant=person.brow_slant,
            thick=person.brow_thick,
        )
        canvas.paint(brow, min(person.hair, person.skin * 0.55), opacity=0.9, soft=0.02)


def _paint_nose(canvas: _Canvas, sheet: _Sheet, person: DrawnPerson, moment: Moment) -> None:
    # The nose stands out: a turn moves it farther than the rest of the face.
    x = sheet.fu - 0.09 * moment.yaw
    tip = person.eye_height + person.nose_length
    y, half = sheet.fv - tip, person.nose_width
    dark = -1.0 if moment.light_x > 0 else 1.0
    for side in _BOTH:
        strength = person.nose_bridge * (0.22 if side == dark else 0.10)
        slope = 0.35 * half + 0.45 * half * np.clip(1 + y / person.nose_length, 0, 1)
        flank = np.maximum(np.abs(side * x - slope) - 0.012, np.abs(y + 0.13) - 0.12)
        canvas.shade(flank, 1 - strength, soft=0.05)
        canvas.shade(_ellipse(x, y, (side * half * 0.78, -0.01), (0.035, 0.04)), 0.86, soft=0.04)
        nostril = _ellipse(x, y, (side * half * 0.45, 0.022), (half * 0.24, 0.014))
        canvas.paint(nostril, person.skin * 0.28, opacity=0.8)
    canvas.shade(_ellipse(x, y, (0, 0.05), (half * 0.9, 0.02)), 0.78, soft=0.05)
    canvas.shade(_ellipse(x, y, (0, -0.04), (half * 0.4, 0.045)), 1.13, soft=0.05)
    canvas.shade(_ellipse(x, y, (0, -0.17), (0.02, 0.10)), 1.08, soft=0.04)


def _paint_mouth(canvas: _Canvas, sheet: _Sheet, person: DrawnPerson, moment: Moment) -> None:
    x = sheet.fu - 0.03 * moment.yaw
    half = person.mouth_width * (1 + 0.22 * moment.smile - 0.12 * moment.mouth_open)
    gap = 0.055 * moment.mouth_open
    y = sheet.fv - person.mouth_height + gap * 0.3
    along = np.clip(1 - (x / half) ** 2, 0, 1)
    # A smile lifts the corners; the middle stays.
    line = y + 0.075 * moment.smile * (1 - along)
    ends = np.abs(x) - half
    if person.moustache:
        top = _rounded(x, y, (0, -0.09), (half * 1.05, 0.05), 2.5)
        canvas.paint(top, person.hair + 0.04, opacity=person.moustache, soft=0.05)
    notch = 0.25 * person.lips * np.exp(-((x / 0.03) ** 2))
    upper = np.maximum(-line - 1.1 * person.lips * along**0.7 + notch, line)
    lower = np.maximum(line - gap * along - 1.35 * person.lips * along, -line)
    lips = person.skin * person.lip_dark
    canvas.paint(np.maximum(upper, ends), lips * 0.9)
    canvas.paint(np.maximum(lower, ends), lips)
    inside = np.maximum(np.abs(line - gap * along / 2) - gap * along / 2 - 0.007, ends)
    canvas.paint(inside, person.skin * 0.18)
    if moment.mouth_open and moment.smile > 0.2:
        teeth = np.maximum(np.abs(line - gap * 0.28) - gap * 0.28 * along, np.abs(x) - half * 0.8)
        canvas.paint(teeth, min(person.skin * 1.2, 0.9))
    below = y - gap - 1.35 * person.lips - 0.045
    canvas.shade(_ellipse(x, below, (0, 0), (half * 0.5, 0.015)), 0.82, soft=0.05)


def _paint_hair(canvas: _Canvas, sheet: _Sheet, person: DrawnPerson, head: Field) -> None:
    end = person.hair_length
    volume: float | Field = person.hair_volume
    if end <= 0.2:
        # Short hair lies closer to the head towards the ears.
        volume = person.hair_volume * np.clip((end - sheet.v) / 0.45, 0, 1) ** 0.7 - 0.01
    outer = (_head_radius(sheet, person, more=volume) - 1) * person.head_width
    aside = np.abs(sheet.fu) / person.head_width
    # The hair line: an arch from temple to temple, lower at the sides, off middle by a parting.
    line = -person.hair_line + person.side_hair * aside**4 + person.parting * sheet.fu * 0.6
    # Short hair ends in sideburns: a narrowing strip before the ear.
    strip = np.maximum(end - 0.9 * (1 - np.clip(aside, 0, 1)), -0.3) if end <= 0.2 else end
    above = np.maximum(sheet.fv - line, sheet.v - strip)
    strands = np.sin(9 * sheet.fu + 7 * person.waves * sheet.fv + 40 * person.parting)
    shine = np.clip(1 - ((sheet.v + 0.72 * person.crown) / 0.22) ** 2, 0, 1)
    grey = person.hair * (1 + 0.10 * strands + 0.35 * shine) + 0.02
    canvas.shade(np.maximum(above - 0.05, (head - 1) * person.head_width), 0.85, soft=0.06)
    canvas.paint(np.maximum(outer, above), grey.astype(np.float32), soft=0.015)
    if person.hair_length > 0.2:
        # Long hair falls before the rim of the face.
        inner = person.head_width * (0.93 - 0.1 * np.clip(sheet.v, -0.5, 1))
        fall = np.maximum(inner - np.abs(sheet.u), sheet.v - person.hair_length)
        wide = np.abs(sheet.u) - person.head_width - person.hair_volume - 0.03
        canvas.paint(np.maximum(np.maximum(fall, wide), -0.25 - sheet.v), grey * 0.92, soft=0.02)


def _paint_glasses(canvas: _Canvas, sheet: _Sheet, person: DrawnPerson) -> None:
    size, y = person.glasses_size, person.eye_height + 0.015
    distance = max(person.eye_distance, size + 0.02)
    for side in _BOTH:
        lens = _rounded(
            sheet.fu, sheet.fv, (side * distance, y), (size, size * 0.78), person.glasses_round
        )
        canvas.shade(lens, 0.93, soft=0.0)
        canvas.paint(np.abs(lens) - 0.010, 0.10)
        arm = np.maximum(np.abs(sheet.fv - y + 0.04) - 0.012, distance + size - side * sheet.fu)
        rim = np.abs(sheet.u) - person.head_width
        canvas.paint(np.maximum(arm, rim), 0.12)
    bridge = np.maximum(np.abs(sheet.fv - y + 0.03) - 0.012, np.abs(sheet.fu) - distance + size)
    canvas.paint(bridge, 0.10)
