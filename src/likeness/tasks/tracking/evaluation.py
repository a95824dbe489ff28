"""How well a track follows its target: overlap, centre error, and when it was lost.

Wu, Lim and Yang, «Online Object Tracking: A Benchmark», CVPR 2013, section 4: the success plot
(share of the frames with an overlap above a threshold, over all thresholds), its area, and the
precision (share of the frames whose centre is at most so many pixels off; 20 by custom). The
first frame, whose box is given, does not count: leave it out of the arrays.

Frames are not independent, since a tracker that is off stays off. Intervals resample blocks of
frames (Künsch, «The Jackknife and the Bootstrap for General Stationary Observations», Annals
of Statistics 1989). They say how much the figure of this sequence may vary, and nothing of
other sequences.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from likeness.arrays import check_in_range, describe
from likeness.errors import DataError
from likeness.evaluation.figures import Interval

Floats = NDArray[np.float64]

THRESHOLDS = np.linspace(0, 1, 101)
"""Of the success plot."""

PIXELS = np.arange(51.0)
"""Of the precision plot."""

NEAR = 20
"""Pixels within which a centre counts as right, by the custom of the field."""

LOST_BELOW = 0.1
"""A frame with a smaller overlap is one in which the target is lost."""

BLOCK = 10
"""Frames that are resampled together."""


def overlaps(boxes: ArrayLike, truth: ArrayLike) -> Floats:
    """Return the intersection over union of boxes, row by row, 0…1.

    Args:
        boxes, truth: ``(n, 4)``: x, y, width, height; sizes above 0.

    Raises:
        DataError: shapes differ, or numbers are not finite or sizes not above 0.

    >>> overlaps([[0, 0, 2, 2]], [[1, 0, 2, 2]]).round(3).tolist()
    [0.333]
    """
    left, right = _boxes(boxes, truth)
    low = np.maximum(left[:, :2], right[:, :2])
    high = np.minimum(left[:, :2] + left[:, 2:], right[:, :2] + right[:, 2:])
    common = np.prod(np.maximum(high - low, 0), axis=1)
    both = left[:, 2] * left[:, 3] + right[:, 2] * right[:, 3] - common
    return np.asarray(common / both)


def centre_errors(boxes: ArrayLike, truth: ArrayLike) -> Floats:
    """Return how many pixels the middles of boxes are apart, row by row.

    Args and errors are those of `overlaps`.
    """
    left, right = _boxes(boxes, truth)
    apart = (left[:, :2] + left[:, 2:] / 2) - (right[:, :2] + right[:, 2:] / 2)
    return np.asarray(np.hypot(apart[:, 0], apart[:, 1]))


def _boxes(boxes: ArrayLike, truth: ArrayLike) -> tuple[Floats, Floats]:
    left, right = np.asarray(boxes, np.float64), np.asarray(truth, np.float64)
    if left.shape != right.shape or left.ndim != 2 or left.shape[1] != 4 or not len(left):
        raise DataError(
            "boxes, truth: expected as many boxes in both, (n, 4), one at least. Received: "
            f"{describe(left)} and {describe(right)}."
        )
    for given, argument in ((left, "boxes"), (right, "truth")):
        if not np.isfinite(given).all() or given[:, 2:].min() <= 0:
            raise DataError(
                f"{argument}: expected finite boxes of a width and a height above 0. Received: "
                "one of NaN or infinity, or without a size."
            )
    return left, right


def success_curve(overlap: ArrayLike) -> Floats:
    """Return the share of frames with an overlap above each of `THRESHOLDS`, ``(101,)``."""
    values = np.sort(np.asarray(overlap, np.float64).reshape(-1))
    return np.asarray(1 - np.searchsorted(values, THRESHOLDS, side="right") / len(values))


def precision_curve(errors: ArrayLike) -> Floats:
    """Return the share of frames whose centre is at most each of `PIXELS` off, ``(51,)``."""
    values = np.sort(np.asarray(errors, np.float64).reshape(-1))
    return np.asarray(np.searchsorted(values, PIXELS, side="right") / len(values))


def first_lost(overlap: ArrayLike, *, below: float = LOST_BELOW) -> int | None:
    """Return the index of the first frame with an overlap below so much; None if there is none."""
    indices = np.flatnonzero(np.asarray(overlap) < below)
    return int(indices[0]) if len(indices) else None


def lost_for_good(overlap: ArrayLike) -> int | None:
    """Return the index from which on the overlap is 0 to the end; None if it is not at the end."""
    indices = np.flatnonzero(np.asarray(overlap) > 0)
    start = int(indices[-1]) + 1 if len(indices) else 0
    return start if start < np.size(overlap) else None


@dataclass(frozen=True, eq=False, kw_only=True)
class TrackEvaluation:
    """How well one track, or several of the same frames, followed the target.

    Args:
        overlap: ``(n,)`` or ``(runs, n)``, of each frame after the first.
        error: likewise, pixels between the middles.
    """

    overlap: Floats
    error: Floats

    @property
    def figures(self) -> Mapping[str, float]:
        """Mean overlap, area under the success plot, precision, and the median error in pixels."""
        return _figures(self.overlap, self.error)

    @property
    def lost(self) -> Mapping[str, int | None]:
        """Numbers of frames, the first frame being 1: first below `LOST_BELOW`, and for good.

        Of several runs the earliest.
        """
        runs = np.atleast_2d(self.overlap)
        return {
            "first_below": _earliest([first_lost(run) for run in runs]),
            "for_good": _earliest([lost_for_good(run) for run in runs]),
        }

    def as_dict(self) -> dict[str, Any]:
        """Return everything, JSON values only."""
        return {
            "frames": self.overlap.shape[-1],
            "figures": dict(self.figures),
            "lost": dict(self.lost),
            "success": success_curve(self.overlap).round(5).tolist(),
            "precision": precision_curve(self.error).round(5).tolist(),
        }


def evaluate_track(boxes: ArrayLike, truth: ArrayLike) -> TrackEvaluation:
    """Return how well boxes follow the true ones.

    Args:
        boxes, truth: ``(n, 4)`` each, x, y, width, height, without the first frame.

    Raises:
        DataError: they do not fit each other.
    """
    return TrackEvaluation(overlap=overlaps(boxes, truth), error=centre_errors(boxes, truth))


def _earliest(indices: Sequence[int | None]) -> int | None:
    """Return the number of the frame; index 0 is that of frame 2."""
    return min((index + 2 for index in indices if index is not None), default=None)


def several_runs(tracks: Sequence[TrackEvaluation]) -> TrackEvaluation:
    """Return several tracks of the same frames as one: every figure is over all of their frames.

    Raises:
        DataError: they are of different lengths, or there is none.
    """
    if len({len(track.overlap) for track in tracks}) != 1:
        raise DataError("tracks: expected one at least, all of one number of frames.")
    return TrackEvaluation(
        overlap=np.stack([track.overlap for track in tracks]),
        error=np.stack([track.error for track in tracks]),
    )


def _figures(overlap: Floats, error: Floats) -> dict[str, float]:
    """Return the figures of frames with these overlaps and errors."""
    return {
        "mean_overlap": float(overlap.mean()),
        "success_auc": float(success_curve(overlap).mean()),
        f"precision_{NEAR}": float((error <= NEAR).mean()),
        "median_centre_error": float(np.median(error)),
    }


def track_intervals(
    tracks: Mapping[str, TrackEvaluation],
    *,
    beside: str | None = None,
    block: int = BLOCK,
    repetitions: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> dict[str, dict[str, Interval]]:
    """Return every figure of every track on one sequence, with its interval.

    Blocks of consecutive frames are drawn with replacement, the same for all tracks, until there
    are as many frames as before.

    Args:
        tracks: method → its track; all of the same frames.
        beside: a method: each other method's figures minus its own are given too, as
            "…_gain", which is paired and so narrower than two intervals side by side.
        block: frames that are drawn together, 1…the number of frames.
        repetitions: how often frames are drawn again.
        seed: of the draws.
        level: of the interval, 0.5…0.999.

    Raises:
        DataError: the tracks are of different lengths, or there is none.
        SettingError: a setting is out of its range.
    """
    lengths = {track.overlap.shape[-1] for track in tracks.values()}
    if len(lengths) != 1:
        raise DataError(f"tracks: expected one number of frames. Received: {sorted(lengths)}.")
    frames = lengths.pop()
    check_in_range(block, 1, frames, argument="block", whole=True)
    check_in_range(repetitions, 2, 1_000_000, argument="repetitions", whole=True)
    check_in_range(level, 0.5, 0.999, argument="level")

    def everything(choice: NDArray[np.int64]) -> dict[str, dict[str, float]]:
        figures = {
            name: _figures(track.overlap[..., choice], track.error[..., choice])
            for name, track in tracks.items()
        }
        return _with_gains(figures, beside)

    rng = np.random.default_rng(seed)
    draws = [everything(_drawn_frames(frames, block, rng)) for _ in range(repetitions)]
    whole = everything(np.arange(frames))
    tail = (1 - level) / 2

    def bounds(name: str, figure: str) -> Interval:
        low, high = np.quantile([draw[name][figure] for draw in draws], [tail, 1 - tail])
        return Interval(mean=whole[name][figure], low=float(low), high=float(high))

    return {name: {figure: bounds(name, figure) for figure in whole[name]} for name in whole}


def _drawn_frames(frames: int, block: int, rng: np.random.Generator) -> NDArray[np.int64]:
    starts = rng.integers(0, frames - block + 1, size=-(-frames // block))
    return np.asarray((starts[:, None] + np.arange(block)).reshape(-1)[:frames])


def _with_gains(
    tracks: dict[str, dict[str, float]], beside: str | None
) -> dict[str, dict[str, float]]:
    if beside is None:
        return tracks
    reference = tracks[beside]
    return {
        name: figures
        | {
            f"{key}_gain": value - reference[key]
            for key, value in figures.items()
            if name != beside
        }
        for name, figures in tracks.items()
    }
