"""Accuracy of a track: overlap, centre error, and when the target was lost.

Wu, Lim and Yang, «Online Object Tracking: A Benchmark», CVPR 2013, section 4: the success plot
(share of the frames with an overlap above a threshold, over all thresholds), its area, and the
precision (share of the frames whose centre is at most a number of pixels off; 20 by convention).
The first frame, whose box is given, does not count: leave it out of the arrays.

Frames are not independent, since errors of a tracker persist. Intervals resample blocks of
frames (Künsch, «The Jackknife and the Bootstrap for General Stationary Observations», Annals
of Statistics 1989). They are for the variation within this sequence, not for other sequences.

It is also used to choose a tracker's settings and threshold on held-out frames.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from likeness.arrays import Floats, Integers, check_in_range, describe
from likeness.errors import DataError
from likeness.evaluation import choose_threshold
from likeness.evaluation.figures import Interval
from likeness.tasks.tracking.boxes import Box, Frame
from likeness.tasks.tracking.model import TrackerSettings, TrackingModel
from likeness.tasks.tracking.sequences import TrackingSequence
from likeness.tasks.tracking.tracker import Tracker

THRESHOLDS = np.linspace(0, 1, 101)
"""Of the success plot."""

PIXELS = np.arange(51.0)
"""Of the precision plot."""

NEAR = 20
"""Pixels within which a centre counts as right, by convention."""

LOST_BELOW = 0.1
"""Overlap below which the target counts as lost in a frame."""

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


def _centre_errors(boxes: ArrayLike, truth: ArrayLike) -> Floats:
    """Return the distances of the centres of boxes in pixels, row by row.

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


def _success_curve(overlap: ArrayLike) -> Floats:
    """Return the share of frames with an overlap above each of `THRESHOLDS`, ``(101,)``."""
    values = np.sort(np.asarray(overlap, np.float64).reshape(-1))
    return np.asarray(1 - np.searchsorted(values, THRESHOLDS, side="right") / len(values))


def _precision_curve(errors: ArrayLike) -> Floats:
    """Return the share of frames whose centre is at most each of `PIXELS` off, ``(51,)``."""
    values = np.sort(np.asarray(errors, np.float64).reshape(-1))
    return np.asarray(np.searchsorted(values, PIXELS, side="right") / len(values))


def _first_lost(overlap: ArrayLike) -> int | None:
    """Return the index of the first frame below `LOST_BELOW`; None if there is none."""
    indices = np.flatnonzero(np.asarray(overlap) < LOST_BELOW)
    return int(indices[0]) if len(indices) else None


def _lost_for_good(overlap: ArrayLike) -> int | None:
    """Return the index from which on the overlap is 0 to the end; None if it is not at the end."""
    indices = np.flatnonzero(np.asarray(overlap) > 0)
    start = int(indices[-1]) + 1 if len(indices) else 0
    return start if start < np.size(overlap) else None


@dataclass(frozen=True, eq=False, kw_only=True)
class TrackEvaluation:
    """The accuracy of one track, or of several of the same frames.

    Args:
        overlap: ``(n,)`` or ``(runs, n)``, of each frame after the first.
        error: same shape, pixels between the centres.
    """

    overlap: Floats
    error: Floats

    @classmethod
    def of(cls, boxes: ArrayLike, truth: ArrayLike) -> Self:
        """Return the accuracy of boxes.

        Args:
            boxes, truth: ``(n, 4)`` each, x, y, width, height, without the first frame.

        Raises:
            DataError: they do not fit each other.
        """
        return cls(overlap=overlaps(boxes, truth), error=_centre_errors(boxes, truth))

    @classmethod
    def together(cls, tracks: "Sequence[TrackEvaluation]") -> Self:
        """Return several tracks of the same frames as one, whose figures are over all of them.

        Raises:
            DataError: they are of different lengths, or there is none.
        """
        if len({len(track.overlap) for track in tracks}) != 1:
            raise DataError("tracks: expected one at least, all of one number of frames.")
        return cls(
            overlap=np.stack([track.overlap for track in tracks]),
            error=np.stack([track.error for track in tracks]),
        )

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
            "first_below": _earliest([_first_lost(run) for run in runs]),
            "for_good": _earliest([_lost_for_good(run) for run in runs]),
        }

    def to_json(self) -> dict[str, object]:
        """Return everything, JSON values only."""
        return {
            "frames": self.overlap.shape[-1],
            "figures": dict(self.figures),
            "lost": dict(self.lost),
            "success": _success_curve(self.overlap).round(5).tolist(),
            "precision": _precision_curve(self.error).round(5).tolist(),
        }


def _earliest(indices: Sequence[int | None]) -> int | None:
    """Return the number of the frame; index 0 is that of frame 2."""
    return min((index + 2 for index in indices if index is not None), default=None)


def _figures(overlap: Floats, error: Floats) -> dict[str, float]:
    """Return the figures of frames with these overlaps and errors."""
    return {
        "mean_overlap": float(overlap.mean()),
        "success_auc": float(_success_curve(overlap).mean()),
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

    def everything(choice: Integers) -> dict[str, dict[str, float]]:
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


def _drawn_frames(frames: int, block: int, rng: np.random.Generator) -> Integers:
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


_COMPARED = {
    "window": (0.08, 0.176, 0.3),
    "scale_penalty": (0.005, 0.02),
    "focus": (0.0, 0.8),
    "template_rate": (0.0, 0.01),
}
"""The settings that are chosen, and the candidate values of each."""

CLEARLY = 0.02
"""Gain of mean overlap that other settings must reach: a few dozen frames of one sequence cannot
show less."""

_TEMPLATE_EVERY = 4
"""Number of held-out frames from one template to the next, when the threshold is chosen."""


@dataclass(frozen=True, kw_only=True)
class _Choice:
    """Settings and threshold, and their evidence.

    Args:
        settings: of the search.
        threshold: the target is there if energy ≤ threshold; None if nothing was held out.
        frames: held out.
        tried: the settings that were compared, each with its mean overlap; the defaults first.
        chosen: the index of ``settings`` in ``tried``.
        genuine, impostor: energies that the threshold was chosen on.
    """

    settings: TrackerSettings
    threshold: float | None = None
    frames: int = 0
    tried: tuple[tuple[TrackerSettings, float], ...] = ()
    chosen: int = 0
    genuine: Floats = field(default_factory=lambda: np.empty(0))
    impostor: Floats = field(default_factory=lambda: np.empty(0))

    def to_json(self) -> dict[str, object]:
        """Return JSON values."""
        tried = [
            {name: getattr(settings, name) for name in _COMPARED}
            | {"mean_overlap": round(overlap, 4)}
            for settings, overlap in self.tried
        ]
        if self.threshold is None:
            return {"tried": tried, "frames": self.frames}
        return {
            "frames": self.frames,
            "tried": tried,
            "chosen": self.chosen,
            "genuine_pairs": len(self.genuine),
            "impostor_pairs": len(self.impostor),
            "genuine_rejected": round(float((self.genuine > self.threshold).mean()), 4),
            "impostor_accepted": round(float((self.impostor <= self.threshold).mean()), 4),
        }


def choose(model: TrackingModel, held_out: Sequence[TrackingSequence]) -> _Choice:
    """Choose the settings of the search, and the threshold above which the target counts as lost.

    Args:
        model: the trained encoder with the default settings.
        held_out: the beginnings of the sequences; without any, the default settings and no
            threshold are returned.
    """
    if not held_out:
        return _Choice(settings=model.settings)
    tried = tuple(
        (settings, _mean_overlap(model, held_out, settings))
        for settings in _candidates(model.settings)
    )
    overlap = [round(mean, 4) for _, mean in tried]
    best = int(np.argmax(overlap))
    if overlap[best] < overlap[0] + CLEARLY:
        best = 0
    settings = tried[best][0]
    genuine, impostor = _held_out_energies(model, held_out, focus=settings.focus)
    return _Choice(
        settings=settings,
        threshold=choose_threshold(genuine, impostor),
        frames=sum(len(film) for film in held_out),
        tried=tried,
        chosen=best,
        genuine=genuine,
        impostor=impostor,
    )


def _candidates(usual: TrackerSettings) -> Iterator[TrackerSettings]:
    """Yield the default settings first, then the others."""
    yield usual
    for values in product(*_COMPARED.values()):
        window, scale_penalty, focus, template_rate = values
        settings = replace(
            usual,
            window=window,
            scale_penalty=scale_penalty,
            focus=focus,
            template_rate=template_rate,
        )
        if settings != usual:
            yield settings


def _mean_overlap(
    model: TrackingModel, held_out: Sequence[TrackingSequence], settings: TrackerSettings
) -> float:
    """Return the mean over the held-out parts: forwards, backwards, two and three times as fast."""
    overlap = []
    for film in held_out:
        for step in (1, -1, 2, 3):
            frames, boxes = film.frames[::step], film.boxes[::step]
            if len(frames) > 1:
                tracker = Tracker(model, frames[0], Box(*boxes[0].tolist()), settings=settings)
                tracked = [tracker.step(frame).box.as_tuple() for frame in frames[1:]]
                overlap.append(overlaps(tracked, boxes[1:]))
    return float(np.concatenate(overlap).mean())


def _held_out_energies(
    model: TrackingModel, films: Sequence[TrackingSequence], *, focus: float
) -> tuple[Floats, Floats]:
    """Return energies of templates on their target, and of the most similar position away from it.

    The search picture lies on the true box of another frame of the sequence. On the target: the
    lowest energy at most half a box from its middle; away from it: the lowest at least a box
    from it, which is what a tracker mistakes for the target when the target is hidden.
    """
    genuine, impostor = [], []
    shapes = model.shapes
    cells = shapes.stride * (np.arange(shapes.map_side) - (shapes.map_side - 1) / 2)
    away = np.hypot(cells[:, None], cells[None, :])
    target = shapes.template / (1 + 2 * shapes.context)
    for film in films:
        frames = [Frame(pixels) for pixels in film.frames]
        boxes = [Box(*box) for box in film.boxes.tolist()]
        sides = [box.side_with_context(shapes.context) for box in boxes]
        pictures = [
            frame.crop(box.centre, side * shapes.search / shapes.template, shapes.search)
            for frame, box, side in zip(frames, boxes, sides, strict=True)
        ]
        for first in range(0, len(frames), _TEMPLATE_EVERY):
            picture = frames[first].crop(boxes[first].centre, sides[first], shapes.template)
            others = [picture for number, picture in enumerate(pictures) if number != first]
            maps = model.energies(model.template(picture), np.stack(others), focus=focus)
            genuine.append(maps[:, away <= target / 2].min(axis=1))
            impostor.append(maps[:, away >= target].min(axis=1))
    return np.concatenate(genuine), np.concatenate(impostor)
