"""Every tracker of the benchmark, each made from a first frame and a box."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.tracking.correlation_baseline import PixelTracker, WholeFrameTracker
from benchmarks.tracking.opencv_trackers import NAMES, OpenCVTracker, maker
from likeness.tasks.tracking import Box, Tracker, TrackingModel

Make = Callable[[Any, Box], Any]
"""From the first frame and the target's box to an object with ``step(frame)``."""

BASELINES = {
    "NCC, grey": lambda frame, box: PixelTracker(frame, box, colour=False),
    "NCC, colour": lambda frame, box: PixelTracker(frame, box, colour=True),
    "NCC, whole frame": WholeFrameTracker,
}

UNIT = "NCC, grey"
"""What the cost of a frame is given in."""


def opencv_methods() -> dict[str, Make]:
    """Return OpenCV's trackers, as far as the installed package has them."""

    def made(name: str) -> Make:
        return lambda frame, box: OpenCVTracker(name, frame, box)

    return {f"OpenCV {name}": made(name) for name in NAMES if maker(name) is not None}


def missing() -> list[str]:
    """Return the names of OpenCV's trackers that this package lacks."""
    return [name for name in NAMES if maker(name) is None]


class Ours:
    """Our tracker, which answers with a step rather than a box."""

    def __init__(self, model: Any, frame: Any, box: Box) -> None:
        self._tracker = Tracker(model, frame, box)

    def step(self, frame: Any) -> Box:
        """Return the position of the target in the next frame."""
        return self._tracker.step(frame).box


def our_method(folder: Path) -> Make:
    """Return our tracker with the model in a folder."""
    model = TrackingModel.open(folder)
    return lambda frame, box: Ours(model, frame, box)
