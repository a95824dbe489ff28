"""A track as a file: CSV with one line for each frame."""

import csv
import io
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from likeness.errors import DataError
from likeness.tasks.tracking.boxes import Box
from likeness.tasks.tracking.tracker import Step

COLUMNS = ("frame", "x", "y", "width", "height", "energy", "lost", "reason")


def track_csv(first: Box, steps: Iterable[Step]) -> str:
    """Return a track as CSV text: `COLUMNS`, frames counted from 1.

    Args:
        first: the given box; its line has no energy.
        steps: of the frames after the first.
    """
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerow([1, *_numbers(first), "", 0, ""])
    for number, step in enumerate(steps, start=2):
        writer.writerow(
            [number, *_numbers(step.box), f"{step.energy:.4f}", int(step.lost), step.reason]
        )
    return file.getvalue()


def _numbers(box: Box) -> list[str]:
    return [f"{number:.2f}" for number in box.as_tuple()]


def read_track(path: str | Path) -> NDArray[np.float64]:
    """Return the boxes ``(n, 4)`` of a file that `track_csv` made.

    Raises:
        DataError: it is no such file.
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
