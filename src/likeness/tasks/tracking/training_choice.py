"""The settings and the threshold of a tracker, chosen on frames that were not learned from."""

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from likeness.evaluation import choose_threshold
from likeness.tasks.tracking.boxes import Box
from likeness.tasks.tracking.crops import Frame, side_with_context
from likeness.tasks.tracking.model import TrackingModel
from likeness.tasks.tracking.sequence import Sequence as Film
from likeness.tasks.tracking.settings import TrackerSettings
from likeness.tasks.tracking.tracker import Tracker
from likeness.tasks.tracking.tracks import overlaps

WINDOWS = (0.08, 0.176, 0.3)
PENALTIES = (0.005, 0.02)
FOCUSES = (0.0, 0.8)
RATES = (0.0, 0.01)

CLEARLY = 0.02
"""Mean overlap by which other settings must beat the usual ones: a few dozen frames of one
sequence cannot show less."""

_TEMPLATE_EVERY = 4
"""Every so many held-out frames give a template that the threshold is chosen with."""


def chosen(
    model: TrackingModel, held_out: Sequence[Film]
) -> tuple[TrackerSettings, float | None, dict[str, Any]]:
    """Return settings, threshold, and what stands behind them.

    Args:
        model: the trained encoder with the usual settings.
        held_out: the beginnings of the sequences; where there are none, the usual settings and no
            threshold come back.
    """
    usual = model.settings
    if not held_out:
        return usual, None, {"tried": [], "frames": 0}
    tried = [
        {**{name: getattr(settings, name) for name in _NAMES}, "mean_overlap": round(found, 4)}
        for settings, found in ((s, _mean_overlap(model, held_out, s)) for s in _candidates(usual))
    ]
    best = _best(tried)
    settings = TrackerSettings.from_dict(
        {**usual.as_dict(), **{name: tried[best][name] for name in _NAMES}}
    )
    genuine, impostor = energies_on(model, held_out, focus=settings.focus)
    threshold = choose_threshold(genuine, impostor)
    return (
        settings,
        threshold,
        {
            "frames": sum(len(film) for film in held_out),
            "tried": tried,
            "chosen": best,
            "genuine_pairs": len(genuine),
            "impostor_pairs": len(impostor),
            "genuine_rejected": round(float((genuine > threshold).mean()), 4),
            "impostor_accepted": round(float((impostor <= threshold).mean()), 4),
        },
    )


_NAMES = ("window", "scale_penalty", "focus", "template_rate")


def _candidates(usual: TrackerSettings) -> Iterator[TrackerSettings]:
    """Yield the usual settings first, then the others."""
    yield usual
    for values in product(WINDOWS, PENALTIES, FOCUSES, RATES):
        changed = dict(zip(_NAMES, values, strict=True))
        settings = TrackerSettings.from_dict({**usual.as_dict(), **changed})
        if settings != usual:
            yield settings


def _best(tried: Sequence[dict[str, Any]]) -> int:
    """Return the place of the best settings; of the usual ones (0) unless clearly beaten."""
    overlap = [entry["mean_overlap"] for entry in tried]
    best = int(np.argmax(overlap))
    return best if overlap[best] >= overlap[0] + CLEARLY else 0


def _mean_overlap(
    model: TrackingModel, held_out: Sequence[Film], settings: TrackerSettings
) -> float:
    """Return the mean over the held-out parts: forwards, backwards, two and three times as fast."""
    found = []
    for film in held_out:
        for step in (1, -1, 2, 3):
            frames, boxes = film.frames[::step], film.boxes[::step]
            if len(frames) > 1:
                found.append(overlaps(tracked(model, frames, boxes[0], settings), boxes[1:]))
    return float(np.concatenate(found).mean())


def tracked(
    model: TrackingModel,
    frames: NDArray[np.uint8],
    first: NDArray[np.float64],
    settings: TrackerSettings,
) -> NDArray[np.float64]:
    """Return the boxes ``(n − 1, 4)`` of the frames after the first."""
    tracker = Tracker(model, frames[0], Box(*first.tolist()), settings=settings)
    return np.array([tracker.step(frame).box.as_tuple() for frame in frames[1:]])


def energies_on(
    model: TrackingModel, films: Sequence[Film], *, focus: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return energies of templates on their target, and of the most alike place away from it.

    The search picture lies on the true box of another frame of the sequence. On the target: the
    lowest energy at most half a box from its middle; away from it: the lowest at least a box
    from it, which is what a tracker takes for the target when that is not to be seen.
    """
    genuine, impostor = [], []
    shapes = model.shapes
    cells = shapes.stride * (np.arange(shapes.places) - (shapes.places - 1) / 2)
    away = np.hypot(cells[:, None], cells[None, :])
    target = shapes.template / (1 + 2 * shapes.context)
    for film in films:
        frames = [Frame(pixels) for pixels in film.frames]
        boxes = [Box(*box) for box in film.boxes.tolist()]
        sides = [side_with_context(box, shapes.context) for box in boxes]
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
