"""The settings and the threshold of a tracker, chosen on frames that were not learned from."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from likeness.evaluation import choose_threshold
from likeness.tasks.tracking.boxes import Box
from likeness.tasks.tracking.crops import Frame, side_with_context
from likeness.tasks.tracking.evaluation import overlaps
from likeness.tasks.tracking.model import TrackingModel
from likeness.tasks.tracking.sequence import Sequence as Film
from likeness.tasks.tracking.settings import TrackerSettings
from likeness.tasks.tracking.tracker import Tracker

_COMPARED = {
    "window": (0.08, 0.176, 0.3),
    "scale_penalty": (0.005, 0.02),
    "focus": (0.0, 0.8),
    "template_rate": (0.0, 0.01),
}
"""The settings that are chosen, and the values that are tried of each."""

CLEARLY = 0.02
"""Mean overlap by which other settings must beat the usual ones: a few dozen frames of one
sequence cannot show less."""

_TEMPLATE_EVERY = 4
"""Every so many held-out frames give a template that the threshold is chosen with."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Settings and threshold, and what stands behind them.

    Args:
        settings: how the tracker searches.
        threshold: the target is there if energy ≤ threshold; None if nothing was held out.
        frames: held out.
        tried: the settings that were compared, each with its mean overlap; the usual ones first.
        chosen: the index of ``settings`` in ``tried``.
        genuine, impostor: energies that the threshold was chosen on.
    """

    settings: TrackerSettings
    threshold: float | None = None
    frames: int = 0
    tried: tuple[tuple[TrackerSettings, float], ...] = ()
    chosen: int = 0
    genuine: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    impostor: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))

    def to_json(self) -> dict[str, Any]:
        """Return JSON values; of a choice without held-out frames, that there were none."""
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


def choose(model: TrackingModel, held_out: Sequence[Film]) -> Choice:
    """Choose how to search, and above which energy the target counts as lost.

    Args:
        model: the trained encoder with the usual settings.
        held_out: the beginnings of the sequences; where there are none, the usual settings and no
            threshold come back.
    """
    if not held_out:
        return Choice(settings=model.settings)
    tried = tuple(
        (settings, _mean_overlap(model, held_out, settings))
        for settings in _candidates(model.settings)
    )
    overlap = [round(mean, 4) for _, mean in tried]
    best = int(np.argmax(overlap))
    if overlap[best] < overlap[0] + CLEARLY:
        best = 0
    settings = tried[best][0]
    genuine, impostor = held_out_energies(model, held_out, focus=settings.focus)
    return Choice(
        settings=settings,
        threshold=choose_threshold(genuine, impostor),
        frames=sum(len(film) for film in held_out),
        tried=tried,
        chosen=best,
        genuine=genuine,
        impostor=impostor,
    )


def _candidates(usual: TrackerSettings) -> Iterator[TrackerSettings]:
    """Yield the usual settings first, then the others."""
    yield usual
    for values in product(*_COMPARED.values()):
        changes: Mapping[str, Any] = dict(zip(_COMPARED, values, strict=True))
        settings = replace(usual, **changes)
        if settings != usual:
            yield settings


def _mean_overlap(
    model: TrackingModel, held_out: Sequence[Film], settings: TrackerSettings
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


def held_out_energies(
    model: TrackingModel, films: Sequence[Film], *, focus: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return energies of templates on their target, and of the most alike position away from it.

    The search picture lies on the true box of another frame of the sequence. On the target: the
    lowest energy at most half a box from its middle; away from it: the lowest at least a box
    from it, which is what a tracker takes for the target when that is not to be seen.
    """
    genuine, impostor = [], []
    shapes = model.shapes
    cells = shapes.stride * (np.arange(shapes.map_side) - (shapes.map_side - 1) / 2)
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
