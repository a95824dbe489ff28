"""`Sequence`: the frames of a film, and where its target is in each."""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from likeness.arrays import describe
from likeness.errors import DataError


@dataclass(frozen=True, eq=False, kw_only=True)
class Sequence:
    """A film and its target.

    Args:
        frames: ``(n, rows, columns, 3)``, uint8, at least two.
        boxes: ``(n, 4)``, float64: x, y, width and height of the target in each frame, in
            pixels, (0, 0) the upper left corner of the frame.
        name: what to call it.
        licence: its terms.
        drawn: whether it is made up.

    Raises:
        DataError: shapes or types do not fit.
    """

    frames: NDArray[np.uint8]
    boxes: NDArray[np.float64]
    name: str
    licence: str = "not stated"
    drawn: bool = field(default=False)

    def __post_init__(self) -> None:
        frames, boxes = self.frames, self.boxes
        if frames.ndim != 4 or frames.shape[3] != 3 or frames.dtype != np.uint8 or len(frames) < 2:
            raise DataError(
                "frames: expected uint8 of shape (n, rows, columns, 3), two at least. "
                f"Received: {describe(frames)}."
            )
        if (
            boxes.shape != (len(frames), 4)
            or not np.isfinite(boxes).all()
            or boxes[:, 2:].min() <= 0
        ):
            raise DataError(
                f"boxes: expected {len(frames)} rows of x, y, width and height, finite, the sizes "
                f"above 0. Received: {describe(boxes)}."
            )

    def __len__(self) -> int:
        return len(self.frames)

    def part(self, start: int, stop: int) -> "Sequence":
        """Return the frames from ``start`` up to ``stop``, which is not among them."""
        return replace(self, frames=self.frames[start:stop], boxes=self.boxes[start:stop])
