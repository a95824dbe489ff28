"""Training pairs for tracking: a target, and a later search picture.

Four kinds, mixed within each batch:

- *film*: the target of a real sequence in two frames (Bertinetto et al. 2016, section 3.4);
- *anywhere*: a random piece of a frame, located in a rotated, scaled and recoloured copy of the
  frame; the whole picture moves;
- *pasted*: a random piece of a frame, cut out with a soft edge and pasted on other surroundings
  twice, so that only the target moves;
- *things*: the same with two pictures of one identity of an image set (faces, digits, …).

Pasted search pictures also contain other pieces, as distractors. Everything is drawn from a seed.
`TrackingRecipe` holds all settings of the training.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from likeness.errors import SettingError, TooFewError
from likeness.tasks.tracking.boxes import Box, Frame, Pixels, pasting_matrix
from likeness.tasks.tracking.model import TrackingShapes
from likeness.tasks.tracking.sequences import TrackingSequence
from likeness.training.settings import SettingGroup, number

KINDS = ("film", "anywhere", "pasted", "things")


@dataclass(frozen=True, kw_only=True)
class TrackingRecipe(SettingGroup):
    """All settings of a tracker's training.

    Args:
        width: channels of the encoder's first convolution.
        channels: in each cell of its map.
        search: side of the search pictures learned from, pixels; 63 and a multiple of 8.
        steps: batches learned from.
        pairs: in a batch; each template meets every search picture.
        learning_rate: the highest; warmed up to, then lowered along a half cosine.
        weight_decay: of AdamW.
        film, anywhere, pasted, things: shares of the kinds of pairs
            (`likeness.tasks.tracking.pairs.KINDS`), scaled to sum 1; without an image set the
            share of the last falls to *pasted*.
        gap: most frames between the two of a pair from a film.
        shift: farthest that a target lies from the middle of the search picture, in its pixels.
        log_scale: largest change of size between the two pictures, natural logarithm.
        turn: largest turn between the two, radians.
        brightness_contrast: strength of the jitter of brightness and contrast.
        blur: share of smeared search pictures.
        held_out: share of each sequence, its beginning, that is not learned from: the settings
            of the tracker and the threshold are chosen there.
        seed: random seed.

    Raises:
        SettingError: a value is out of its range.
    """

    old_names: ClassVar[Mapping[str, str]] = {"light": "brightness_contrast"}

    width: int = number(16, 1, 256)
    channels: int = number(32, 2, 1024)
    search: int = number(127, 71, 255)
    steps: int = number(700, 1, 1_000_000)
    pairs: int = number(12, 2, 256)
    learning_rate: float = number(3e-3, 1e-8, 1)
    weight_decay: float = number(1e-4, 0, 1)
    film: float = number(0.4, 0, 1)
    anywhere: float = number(0.15, 0, 1)
    pasted: float = number(0.25, 0, 1)
    things: float = number(0.2, 0, 1)
    gap: int = number(60, 1, 100_000)
    shift: float = number(28.0, 0, 255)
    log_scale: float = number(0.15, 0, 1)
    turn: float = number(0.4, 0, math.pi)
    brightness_contrast: float = number(1.0, 0, 2)
    blur: float = number(0.25, 0, 1)
    held_out: float = number(0.25, 0, 0.5)
    seed: int = number(0, 0, 2**31 - 1)

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.search - 63) % 8:
            raise SettingError(
                f"search: expected 63 and a multiple of 8, such as 127. Received: {self.search}."
            )
        if not any(self.shares):
            raise SettingError(
                f"{', '.join(KINDS)}: expected a share above 0 for one of them. Received: 0 for "
                "each."
            )

    @property
    def shares(self) -> tuple[float, ...]:
        """Of each of `KINDS` in a batch."""
        return self.film, self.anywhere, self.pasted, self.things


_PATCH = 48
"""Side of a piece that is pasted, in pixels; about as large as it becomes."""

_RADIUS = 8.0
"""Within which a position counts as on the target, pixels of the search picture."""


@dataclass(frozen=True, eq=False)
class _PairBatch:
    """Pairs of one step.

    Args:
        template: ``(n, template, template, 3)``, uint8.
        search: ``(n, search, search, 3)``, uint8.
        labels: ``(n, side, side, n)``, float32; of the search picture of the first axis and
            the template of the last. Of a pair: 1 on the target and −1 off it. Of a template
            and the search picture of another pair: −1/(n − 1), so that all of them together
            count as much as the pairs themselves; 0 where the two show the same target.
    """

    template: Pixels
    search: Pixels
    labels: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class _Pair:
    template: Pixels
    search: Pixels
    shift: tuple[float, float]
    identity: tuple[str, int]


class PairSource:
    """Draws batches of pairs.

    Args:
        footage: films to learn from, one at least.
        shapes: of template and search pictures.
        recipe: how they are drawn.
        things: pictures of each identity of an image set, ``(rows, columns, 1 or 3)``, uint8;
            may be empty.

    Raises:
        TooFewError: there is no footage.
    """

    def __init__(
        self,
        footage: Sequence[TrackingSequence],
        shapes: TrackingShapes,
        recipe: TrackingRecipe,
        *,
        things: Sequence[Sequence[Pixels]] = (),
    ) -> None:
        if not footage:
            raise TooFewError("footage: expected one sequence at least. Received: none.")
        self._recipe = recipe
        self._shapes = shapes
        self._films = [[Frame(pixels) for pixels in film.frames] for film in footage]
        self._boxes = [[Box(*box) for box in film.boxes.tolist()] for film in footage]
        self._things = [[_patch(picture) for picture in pictures] for pictures in things]
        shares = list(recipe.shares)
        if not self._things:
            shares[2] += shares[3]
            shares[3] = 0.0
        self._shares = np.array(shares) / sum(shares)

    def batch(self, size: int, rng: np.random.Generator) -> _PairBatch:
        """Return ``size`` pairs, at least one, drawn from ``rng``."""
        kinds = rng.choice(len(KINDS), size=size, p=self._shares)
        pairs = [self._draw(KINDS[kind], number, rng) for number, kind in enumerate(kinds)]
        return _PairBatch(
            np.stack([pair.template for pair in pairs]),
            np.stack([pair.search for pair in pairs]),
            self._labels(pairs),
        )

    def _labels(self, pairs: list[_Pair]) -> NDArray[np.float32]:
        side = self._shapes.map_side
        other = -1 / max(1, len(pairs) - 1)
        labels = np.full((len(pairs), side, side, len(pairs)), other, np.float32)
        for row, searched in enumerate(pairs):
            for column, wanted in enumerate(pairs):
                if row == column:
                    labels[row, ..., row] = self._shapes.labels(searched.shift, radius=_RADIUS)
                elif searched.identity == wanted.identity:
                    labels[row, ..., column] = 0
        return labels

    def _draw(self, kind: str, number: int, rng: np.random.Generator) -> _Pair:
        if kind == "film":
            return self._from_film(rng)
        if kind == "anywhere":
            return self._from_anywhere(number, rng)
        return self._pasted(kind, number, rng)

    def _from_film(self, rng: np.random.Generator) -> _Pair:
        film = int(rng.integers(len(self._films)))
        frames, boxes = self._films[film], self._boxes[film]
        first = int(rng.integers(len(frames)))
        low = max(0, first - self._recipe.gap)
        high = min(len(frames) - 1, first + self._recipe.gap)
        second = int(rng.integers(low, high + 1))
        ends = (frames[first], boxes[first]), (frames[second], boxes[second])
        return self._two_views(*ends, identity=("film", film), rng=rng)

    def _from_anywhere(self, number: int, rng: np.random.Generator) -> _Pair:
        frame = self._any_frame(rng)
        box = _any_box(frame, rng)
        return self._two_views((frame, box), (frame, box), identity=("piece", number), rng=rng)

    def _two_views(
        self,
        first: tuple[Frame, Box],
        second: tuple[Frame, Box],
        *,
        identity: tuple[str, int],
        rng: np.random.Generator,
    ) -> _Pair:
        shapes, recipe = self._shapes, self._recipe
        flip = bool(rng.random() < 0.5)
        side = first[1].side_with_context(shapes.context)
        template = first[0].crop(first[1].centre, side, shapes.template)
        scale = math.exp(rng.uniform(-recipe.log_scale, recipe.log_scale))
        step = second[1].side_with_context(shapes.context) / shapes.template * scale
        turn = rng.uniform(-recipe.turn, recipe.turn)
        shift = self._shift(rng)
        # The target lies at `shift` from the middle of a picture that is turned.
        x = second[1].centre[0] - step * (math.cos(turn) * shift[0] - math.sin(turn) * shift[1])
        y = second[1].centre[1] - step * (math.sin(turn) * shift[0] + math.cos(turn) * shift[1])
        search = second[0].crop((x, y), step * shapes.search, shapes.search, turn=turn)
        return self._finished(template, search, shift, identity, flip=flip, rng=rng)

    def _pasted(self, kind: str, number: int, rng: np.random.Generator) -> _Pair:
        shapes, recipe = self._shapes, self._recipe
        use_things = kind == "things"
        who = int(rng.integers(len(self._things))) if use_things else number
        target = [self._patch_of(who, rng, use_things=use_things) for _ in range(2)]
        if not use_things:
            target[1] = target[0]
        mask = _mask(rng)
        size = shapes.template / 2
        grounds = [self._ground(shapes.template, rng), self._ground(shapes.search, rng)]
        template = _pasted_on(grounds[0], target[0], mask, (0.0, 0.0), size, turn=0.0)
        search = grounds[1]
        for _ in range(int(rng.integers(0, 3))):
            other = self._patch_of(self._another(who, rng), rng, use_things=use_things)
            across, down = rng.uniform(-0.45, 0.45, 2) * shapes.search
            other_size = size * math.exp(rng.uniform(-0.4, 0.4))
            search = _pasted_on(search, other, _mask(rng), (across, down), other_size, turn=0.0)
        shift = self._shift(rng)
        scale = math.exp(rng.uniform(-recipe.log_scale, recipe.log_scale))
        turn = rng.uniform(-recipe.turn, recipe.turn)
        search = _pasted_on(search, target[1], mask, shift, size * scale, turn=turn)
        flip = bool(rng.random() < 0.5)
        identity = ("thing", who) if use_things else ("piece", number)
        return self._finished(template, search, shift, identity, flip=flip, rng=rng)

    def _finished(
        self,
        template: Pixels,
        search: Pixels,
        shift: tuple[float, float],
        identity: tuple[str, int],
        *,
        flip: bool,
        rng: np.random.Generator,
    ) -> _Pair:
        """Flip both alike, relight each in its own way, smear some."""
        recipe = self._recipe
        if flip:
            template, search = template[:, ::-1], search[:, ::-1]
            shift = (-shift[0], shift[1])
        if rng.random() < recipe.blur:
            search = _smeared(search, rng)
        # Both may be grey, or of other colours; a little of it differs between the two.
        tint = _tint(rng, recipe.brightness_contrast)
        template = _relit(template, rng, recipe.brightness_contrast, tint)
        return _Pair(
            template, _relit(search, rng, recipe.brightness_contrast, tint), shift, identity
        )

    def _shift(self, rng: np.random.Generator) -> tuple[float, float]:
        across, down = rng.uniform(-self._recipe.shift, self._recipe.shift, 2)
        return float(across), float(down)

    def _any_frame(self, rng: np.random.Generator) -> Frame:
        film = self._films[int(rng.integers(len(self._films)))]
        return film[int(rng.integers(len(film)))]

    def _ground(self, size: int, rng: np.random.Generator) -> Pixels:
        frame = self._any_frame(rng)
        columns, rows = frame.size
        side = min(columns, rows) * rng.uniform(0.3, 1.0) * size / self._shapes.search
        centre = (rng.uniform(0, columns), rng.uniform(0, rows))
        return frame.crop(centre, side, size, turn=rng.uniform(-0.3, 0.3))

    def _patch_of(self, who: int, rng: np.random.Generator, *, use_things: bool) -> Pixels:
        if use_things:
            pictures = self._things[who]
            return pictures[int(rng.integers(len(pictures)))]
        frame = self._any_frame(rng)
        box = _any_box(frame, rng)
        return frame.crop(box.centre, max(box.width, box.height), _PATCH)

    def _another(self, who: int, rng: np.random.Generator) -> int:
        if len(self._things) < 2:
            return who
        other = int(rng.integers(len(self._things) - 1))
        return other + (other >= who)


def _any_box(frame: Frame, rng: np.random.Generator) -> Box:
    columns, rows = frame.size
    size = min(columns, rows) * rng.uniform(0.1, 0.45)
    aspect = math.exp(rng.uniform(-0.5, 0.5))
    centre = (rng.uniform(0.1, 0.9) * columns, rng.uniform(0.1, 0.9) * rows)
    return Box.around(centre, size * math.sqrt(aspect), size / math.sqrt(aspect))


def _patch(picture: Pixels) -> Pixels:
    """Bring a picture of an image set to the size of a patch, in colour."""
    grey = picture.shape[2] == 1
    image = Image.fromarray(picture[..., 0] if grey else picture).convert("RGB")
    return np.asarray(image.resize((_PATCH, _PATCH), Image.Resampling.BOX))


def _mask(rng: np.random.Generator) -> NDArray[np.float32]:
    """Return a soft-edged superellipse with a bent outline, ``(patch, patch)``, 0…1."""
    line = (np.arange(_PATCH) + 0.5) / _PATCH * 2 - 1
    x, y = np.meshgrid(line, line)
    power, wide = rng.uniform(2.0, 6.0), np.exp(rng.uniform(-0.3, 0.3))
    angle = np.arctan2(y, x)
    waves = int(rng.integers(2, 6))
    bent = 1 + rng.uniform(0, 0.2) * np.cos(waves * angle + rng.uniform(0, 2 * math.pi))
    wide, high = min(1.0, wide), min(1.0, 1 / wide)
    radius = (np.abs(x / wide) ** power + np.abs(y / high) ** power) ** (1 / power) * bent
    return np.asarray(np.clip((1 - radius) * 8, 0, 1), np.float32)


def _pasted_on(
    ground: Pixels,
    patch: Pixels,
    mask: NDArray[np.float32],
    shift: tuple[float, float],
    size: float,
    *,
    turn: float,
) -> Pixels:
    """Return the ground with the patch at ``shift`` from its middle, ``size`` pixels wide."""
    side = len(ground)
    centre = (side / 2 + shift[0], side / 2 + shift[1])
    matrix = pasting_matrix(_PATCH, centre, size, turn=turn)
    how = ((side, side), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)
    alpha = np.asarray(Image.fromarray(mask).transform(*how))[..., None]
    placed = np.asarray(Image.fromarray(patch).transform(*how), np.float32)
    return np.asarray((ground * (1 - alpha) + placed * alpha).round(), np.uint8)


def _smeared(picture: Pixels, rng: np.random.Generator) -> Pixels:
    """Return the mean of copies along a short line."""
    length, angle = int(rng.integers(3, 8)), rng.uniform(0, math.pi)
    total = np.zeros(picture.shape, np.float32)
    for step in np.arange(length) - (length - 1) / 2:
        down, across = round(step * math.sin(angle)), round(step * math.cos(angle))
        total += np.roll(picture, (down, across), axis=(0, 1))
    return np.asarray((total / length).round(), np.uint8)


def _tint(rng: np.random.Generator, brightness_contrast: float) -> NDArray[np.float32]:
    """Return a matrix ``(3, 3)`` of colours: none, others, or grey."""
    kind = rng.random()
    if brightness_contrast == 0 or kind < 0.5:
        return np.eye(3, dtype=np.float32)
    if kind < 0.65:
        return np.full((3, 3), 1 / 3, np.float32)
    return np.eye(3, dtype=np.float32)[rng.permutation(3)]


def _relit(
    picture: Pixels, rng: np.random.Generator, brightness_contrast: float, tint: NDArray[np.float32]
) -> Pixels:
    """Return the picture with other contrast, brightness and colour."""
    pixels = picture.astype(np.float32) @ tint
    contrast = math.exp(rng.uniform(-0.25, 0.25) * brightness_contrast)
    brightness = rng.uniform(-25, 25) * brightness_contrast
    colour = rng.uniform(-10, 10, 3).astype(np.float32) * brightness_contrast
    pixels = (pixels - 127.5) * contrast + 127.5 + brightness + colour
    return np.asarray(np.clip(pixels, 0, 255).round(), np.uint8)
