"""OpenCV's trackers, as they come, where the installed package has them."""

from typing import Any

import cv2

from likeness.tasks.tracking.boxes import Box

NAMES = ("KCF", "CSRT", "MOSSE", "MIL")
"""MIL is in every package; the others are in ``opencv-contrib-python-headless``."""


def maker(name: str) -> Any:
    """Return what makes the tracker; None if this OpenCV has none of the name."""
    for module in (cv2, getattr(cv2, "legacy", None)):
        made = getattr(module, f"Tracker{name}_create", None) or getattr(
            getattr(module, f"Tracker{name}", None), "create", None
        )
        if made is not None:
            return made
    return None


class OpenCVTracker:
    """One of OpenCV's trackers; where it reports a failure the last box stays."""

    def __init__(self, name: str, first_frame: Any, box: Box) -> None:
        self._tracker = maker(name)()
        self._box = box
        x, y, width, height = (round(number) for number in box.as_tuple())
        self._tracker.init(first_frame[..., ::-1].copy(), (x, y, width, height))

    def step(self, frame: Any) -> Box:
        """Return the position of the target in the next frame."""
        found, box = self._tracker.update(frame[..., ::-1].copy())
        if found and box[2] > 0 and box[3] > 0:
            self._box = Box(*(float(number) for number in box))
        return self._box
