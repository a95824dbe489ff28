"""Where every pixel of a photo lies on a drawn person's head."""

import math
from dataclasses import dataclass

import numpy as np

from likeness.datasets.drawn_canvas import Field
from likeness.datasets.drawn_person import Moment, Person


@dataclass(frozen=True)
class Sheet:
    """Coordinates of every pixel: of the head, and of what lies on the turned face."""

    u: Field  # the head's outline, to the right
    v: Field  # down
    fu: Field  # features: moved by the yaw, as on a cylinder
    fv: Field  # features: moved by the nod


def grid(size: tuple[int, int]) -> tuple[Field, Field, float]:
    """Return right, down and the side of a pixel; the middle is 0, and ±1 fits in a photo."""
    rows, columns = size
    pixel = 1 / min(rows / 2, columns / 2 * (112 / 92))
    down = (np.arange(rows, dtype=np.float32) + 0.5 - rows / 2) * pixel
    right = (np.arange(columns, dtype=np.float32) + 0.5 - columns / 2) * pixel
    x, y = np.meshgrid(right, down)
    return x.astype(np.float32), y.astype(np.float32), float(pixel)


def posed(x: Field, y: Field, person: Person, moment: Moment) -> Sheet:
    """Undo the photo's shift, scale, turn, yaw and nod for every pixel."""
    x, y = x - moment.right, y - moment.down
    cos, sin = math.cos(moment.turn) / moment.scale, math.sin(moment.turn) / moment.scale
    u, v = cos * x + sin * y, cos * y - sin * x
    # The face is a cylinder as wide as the head: a yaw moves its middle most, its rim least.
    width = person.head_width * 1.15
    angle = np.arcsin(np.clip(u / width, -1, 1)) - moment.yaw
    turned = np.sin(angle) * width + np.where(np.abs(u) > width, u - np.sign(u) * width, 0)
    facing = np.clip(1 - (v / 0.8) ** 2, 0, 1)
    return Sheet(u, v, turned.astype(np.float32), v - moment.nod * facing)


def head_radius(sheet: Sheet, person: Person, *, more: float | Field = 0.0) -> Field:
    """Return 0 in the middle of the head, 1 on its outline; ``more`` grows it, but not the jaw."""
    across = np.abs(sheet.u) / (person.head_width + more)
    up = sheet.v / (person.crown + more)
    # A jaw narrows from the ears down.
    down = np.clip(sheet.v / person.chin, 0, None)
    low = (across * (1 + 0.16 * down * down)) ** person.jaw + down**person.jaw
    upper = np.sqrt(across * across + up * up)
    radius: Field = np.where(sheet.v < 0, upper, low ** (1 / person.jaw))
    return radius.astype(np.float32)
