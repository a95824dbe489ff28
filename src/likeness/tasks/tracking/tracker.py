"""`Tracker`: finds one target again, frame by frame."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from likeness.arrays import Energies
from likeness.errors import DataError, SettingError
from likeness.tasks.tracking.boxes import Box
from likeness.tasks.tracking.crops import Frame, Pixels, side_with_context
from likeness.tasks.tracking.matcher import Matcher
from likeness.tasks.tracking.settings import TrackerSettings

FINER = 8
"""Places between two cells of the energy map; Bertinetto et al. take 16 for a stride of 8."""

SIZES = (0.2, 5.0)
"""Smallest and largest side of a box, in those of the first."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """Where the target is in a frame.

    Args:
        box: where it is; while it is lost, where it was last looked for.
        energy: of template and place, lower is more alike.
        score: minus the energy, larger is better: for tables and plots of trackers.
        lost: whether the box is not to be relied on.
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
        model: what knows the target again, such as a `TrackingModel`.
        first_frame: ``(rows, columns, 3)``, uint8.
        box: where the target is in it.
        settings: how it searches; the model's own if not given.

    Raises:
        DataError: the frame has another shape or type.
        SettingError: the box lies outside the frame.
    """

    def __init__(
        self,
        model: Matcher,
        first_frame: Pixels,
        box: Box,
        *,
        settings: TrackerSettings | None = None,
    ) -> None:
        frame = Frame(first_frame)
        columns, rows = frame.size
        if not box.touches(columns, rows):
            raise SettingError(
                f"box: expected one inside the first frame of {columns}×{rows} pixels. "
                f"Received: {','.join(f'{number:g}' for number in box.as_tuple())}."
            )
        self._model = model
        own = getattr(model, "settings", None)
        self.settings = settings or own or TrackerSettings()
        self._size = frame.size
        self._first = self._box = box
        self._template = model.template(self._template_picture(frame))

    def step(self, frame: Pixels) -> Step:
        """Return where the target is in the next frame.

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
        shift, energy = self._best_place(energies)
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
        side = side_with_context(self._box, shapes.context)
        return frame.crop(self._box.centre, side, shapes.template)

    @property
    def _search_side(self) -> float:
        """Of the search picture at the present size, in pixels of the frame."""
        shapes = self._model.shapes
        return side_with_context(self._box, shapes.context) * shapes.search / shapes.template

    def _best_scale(self, frame: Frame) -> tuple[float, Energies]:
        """Return the size, beside the present one, with the lowest energy, and its map."""
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

    def _best_place(self, energies: Energies) -> tuple[tuple[float, float], float]:
        """Return how far off the middle the target is, in pixels of the picture, and its energy."""
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
    def _window(self) -> NDArray[np.float64]:
        """A cosine (Hann) window over the finer places, 1 in the middle."""
        count = FINER * self._model.shapes.places
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
                f"the energy {energy:.3f} of the best place is above the model's threshold "
                f"{threshold:.3f}."
            )
        return ""

    def _kept_near(self, box: Box) -> Box:
        """Return the box with its middle inside the frame, where it can be found again."""
        columns, rows = self._size
        x, y = box.centre
        centre = (min(max(x, 0.0), float(columns)), min(max(y, 0.0), float(rows)))
        return Box.around(centre, box.width, box.height)
