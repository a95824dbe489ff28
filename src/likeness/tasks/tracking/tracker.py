"""`Tracker`: follows one target frame by frame; and its track as a CSV file."""

import csv
import io
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from PIL import Image

from likeness.arrays import Energies, Floats
from likeness.errors import DataError, SettingError
from likeness.tasks.tracking.boxes import Box, Frame, Pixels
from likeness.tasks.tracking.model import TrackerSettings, TrackingModel

FINER = 8
"""Positions between two cells of the energy map; Bertinetto et al. take 16 for a stride of 8."""

LARGEST = 2
"""Times the frame that a first box may be: of a target that is near, a part is seen."""

SIZES = (0.2, 5.0)
"""Smallest and largest side of a box, in those of the first."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """The position of the target in a frame.

    Args:
        box: its position; while it is lost, the last searched position.
        energy: of template and position, lower is more alike.
        score: minus the energy, larger is better: for tables and plots of trackers.
        lost: whether the target seems lost.
        reason: why it is lost, a sentence; empty if it is not.
    """

    box: Box
    energy: float
    lost: bool = False
    reason: str = ""

    @property
    def score(self) -> float:
        """Minus the energy."""
        return -self.energy


class Tracker:
    """Follows a target from a box in the first frame.

    Args:
        model: what knows the target again.
        first_frame: ``(rows, columns, 3)``, uint8.
        box: of the target in the first frame.
        settings: of the search; the model's own if not given.

    Raises:
        DataError: the frame has another shape or type.
        SettingError: the box lies outside the frame, is smaller than a pixel, or far larger than
            the frame.
    """

    def __init__(
        self,
        model: TrackingModel,
        first_frame: Pixels,
        box: Box,
        *,
        settings: TrackerSettings | None = None,
    ) -> None:
        frame = Frame(first_frame)
        _check_fits(box, *frame.size)
        self._model = model
        self.settings = settings or model.settings
        self._size = frame.size
        self._first = self._box = box
        self._template = model.template(self._template_picture(frame))

    def step(self, frame: Pixels) -> Step:
        """Return the position of the target in the next frame.

        Args:
            frame: ``(rows, columns, 3)``, uint8, of the size of the first.

        Raises:
            DataError: it has another shape, type or size.
        """
        picture = Frame(frame)
        if picture.size != self._size:
            raise DataError(
                f"frame: expected the size of the first, {self._size[0]}×{self._size[1]}. "
                f"Received: {picture.size[0]}×{picture.size[1]}."
            )
        scale, energies = self._best_scale(picture)
        shift, energy = self._best_position(energies)
        box = self._moved(shift, scale)
        reason = self._why_lost(box, energy)
        self._box = self._kept_near(box)
        if not reason and self.settings.template_rate > 0:
            fresh = self._model.template(self._template_picture(picture))
            self._template = self._model.blended(
                self._template, fresh, rate=self.settings.template_rate
            )
        return Step(box=self._box, energy=energy, lost=bool(reason), reason=reason)

    def _template_picture(self, frame: Frame) -> Pixels:
        shapes = self._model.shapes
        side = self._box.side_with_context(shapes.context)
        return frame.crop(self._box.centre, side, shapes.template)

    @property
    def _search_side(self) -> float:
        """Of the search picture at the present size, in pixels of the frame."""
        shapes = self._model.shapes
        return self._box.side_with_context(shapes.context) * shapes.search / shapes.template

    def _best_scale(self, frame: Frame) -> tuple[float, Energies]:
        """Return the best change of size, by the lowest energy, and its map."""
        settings, size = self.settings, self._model.shapes.search
        middle = settings.scales // 2
        scales = settings.scale_step ** np.arange(-middle, middle + 1.0)
        pictures = [
            frame.crop(self._box.centre, self._search_side * scale, size) for scale in scales
        ]
        maps = self._model.energies(self._template, np.stack(pictures), focus=settings.focus)
        lowest = maps.min(axis=(1, 2)) + settings.scale_penalty * (scales != 1.0)
        best = int(np.argmin(lowest))
        return float(scales[best]), maps[best]

    def _best_position(self, energies: Energies) -> tuple[tuple[float, float], float]:
        """Return the offset of the target from the centre, in pixels of the picture, and its
        energy.
        """
        fine = np.asarray(
            Image.fromarray(energies.astype(np.float32)).resize(
                (FINER * energies.shape[1], FINER * energies.shape[0]), Image.Resampling.BICUBIC
            ),
            np.float64,
        )
        low, high = fine.min(), fine.max()
        share = (fine - low) / max(high - low, 1e-12)
        wanted = (1 - self.settings.window) * share - self.settings.window * self._window
        row, column = np.unravel_index(int(np.argmin(wanted)), fine.shape)
        # Pillow's pixels are areas: the middle of cell 0 lies at (FINER − 1) / 2.
        unit = self._model.shapes.stride / FINER
        across = (column - (fine.shape[1] - 1) / 2) * unit
        down = (row - (fine.shape[0] - 1) / 2) * unit
        return (float(across), float(down)), float(fine[row, column])

    @cached_property
    def _window(self) -> Floats:
        """A cosine (Hann) window over the finer positions, 1 in the middle."""
        count = FINER * self._model.shapes.map_side
        line = np.sin(np.pi * (np.arange(count) + 0.5) / count) ** 2
        return np.outer(line, line)

    def _moved(self, shift: tuple[float, float], scale: float) -> Box:
        settings, box = self.settings, self._box
        step = self._search_side * scale / self._model.shapes.search
        centre = (box.centre[0] + step * shift[0], box.centre[1] + step * shift[1])
        grown = 1 - settings.scale_damping + settings.scale_damping * scale
        low, high = (limit * self._first.width for limit in SIZES)
        width = float(np.clip(box.width * grown, low, high))
        return Box.around(centre, width, width * self._first.height / self._first.width)

    def _why_lost(self, box: Box, energy: float) -> str:
        if not box.touches(*self._size):
            return "the box left the frame."
        threshold = self._model.threshold
        if threshold is not None and energy > threshold:
            return (
                f"the energy {energy:.3f} of the best position is above the model's threshold "
                f"{threshold:.3f}."
            )
        return ""

    def _kept_near(self, box: Box) -> Box:
        """Return the box with its centre inside the frame, so that it can be found again."""
        columns, rows = self._size
        x, y = box.centre
        centre = (min(max(x, 0.0), float(columns)), min(max(y, 0.0), float(rows)))
        return Box.around(centre, box.width, box.height)


def _check_fits(box: Box, columns: int, rows: int) -> None:
    """Raise unless a box marks something in a frame of this size."""
    size = f"{box.width:g}×{box.height:g} pixels"
    frame = f"the first frame of {columns}×{rows} pixels"
    if max(box.as_tuple()) <= 1:
        x, y, width, height = box.as_tuple()
        pixels = f"{x * columns:.0f},{y * rows:.0f},{width * columns:.0f},{height * rows:.0f}"
        raise SettingError(
            f"box: expected pixels of {frame}. Received: {_words(box)}, which looks like shares of "
            f"it: write {pixels}."
        )
    if box.width > LARGEST * columns or box.height > LARGEST * rows:
        raise SettingError(
            f"box: expected one at most {LARGEST} times as wide and high as {frame}. "
            f"Received: {size}."
        )
    across = min(box.x + box.width, columns) - max(box.x, 0)
    down = min(box.y + box.height, rows) - max(box.y, 0)
    if min(box.width, box.height) < 1 or min(across, down) < 1:
        raise SettingError(
            f"box: expected a pixel or more each way inside {frame}. Received: {_words(box)}, a "
            f"box of {size}."
        )


def _words(box: Box) -> str:
    return ",".join(f"{number:g}" for number in box.as_tuple())


COLUMNS = ("frame", "x", "y", "width", "height", "energy", "lost", "reason")


def track_csv(first: Box, steps: Iterable[Step]) -> Iterator[str]:
    """Yield a track as lines of a CSV file: `COLUMNS`, frames counted from 1.

    A line comes as soon as its step does.

    Args:
        first: the given box; its line has no energy.
        steps: of the frames after the first.
    """
    yield _line(COLUMNS)
    yield _line([1, *_numbers(first), "", 0, ""])
    for number, step in enumerate(steps, start=2):
        yield _line(
            [number, *_numbers(step.box), f"{step.energy:.4f}", int(step.lost), step.reason]
        )


def _line(cells: Iterable[object]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()


def _numbers(box: Box) -> list[str]:
    return [f"{number:.2f}" for number in box.as_tuple()]


def read_track(path: str | Path) -> Floats:
    """Return the boxes ``(n, 4)`` of a file that `track_csv` made.

    Raises:
        DataError: it is not such a file.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
        rows = list(csv.DictReader(io.StringIO(text)))
        boxes = [[float(row[name]) for name in COLUMNS[1:5]] for row in rows]
    except (OSError, KeyError, TypeError, ValueError, csv.Error) as error:
        raise DataError(
            f"{path}: expected a CSV file with the columns {', '.join(COLUMNS)}. "
            f"It cannot be read: {error}."
        ) from error
    _check(boxes, path)
    return np.array(boxes)


def _check(boxes: Sequence[Sequence[float]], path: str | Path) -> None:
    if not boxes or not all(math.isfinite(number) for box in boxes for number in box):
        raise DataError(f"{path}: expected one line of finite numbers for each frame.")
