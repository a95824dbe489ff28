"""`train_tracker`: from sequences to an encoder that knows a target again.

The beginning of each sequence is held out. The network learns from the rest, and from image sets if
there are any; then the settings of the tracker and the threshold below which the target counts
as there are chosen on what was held out.
"""

import datetime
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from likeness import __version__
from likeness.datasets.items import Dataset
from likeness.errors import TooFewError, TrainingFailedError
from likeness.tasks.tracking.choice import choose
from likeness.tasks.tracking.model import TrainedTracker
from likeness.tasks.tracking.network import (
    STRIDE,
    CorrelationNet,
    ResponseLogisticLoss,
    fully_convolutional,
)
from likeness.tasks.tracking.pairs import PairSettings, PairSource
from likeness.tasks.tracking.recipe import TrackingRecipe
from likeness.tasks.tracking.sequence import Sequence as Film
from likeness.tasks.tracking.settings import TrackingShapes, prepared
from likeness.training.process import OnProgress, TrainingProgress, keep_freed_memory

FEWEST_FRAMES = 8
"""Of a sequence that a part of is held out."""

TEMPLATE = 63
SEARCH = 159
"""Side of the search picture in use: larger than what is learned from, so that a target may go
one and a half times its size from one frame to the next. Unpadded convolutions allow it."""


def train_tracker(
    recipe: TrackingRecipe,
    films: Sequence[Film],
    *,
    things: Dataset | None = None,
    on_progress: OnProgress | None = None,
) -> TrainedTracker:
    """Train a tracker's encoder on sequences, and on pictures of an image set.

    Ctrl-C after the first tenth of the steps ends the training, and what was learned is kept.

    Args:
        recipe: every choice.
        films: one sequence at least, of 8 frames.
        things: an image set whose identities are pasted onto frames as further targets.
        on_progress: called after every batch.

    Returns:
        The encoder with the settings and the threshold chosen on the held-out beginnings;
        ``record`` tells recipe, data, losses, what was tried, seconds, date, and whether it was
        interrupted.

    Raises:
        TooFewError: there is no sequence, or one is too short.
        TrainingFailedError: the loss became NaN.
    """
    learned, held_out = _split(recipe, films)
    began, worked = time.perf_counter(), time.process_time()
    encoder = fully_convolutional(width=recipe.width, channels=recipe.channels, seed=recipe.seed)
    source = PairSource(
        learned,
        TrackingShapes(template=TEMPLATE, search=recipe.search, stride=STRIDE),
        things=_pictures(things),
        settings=_pair_settings(recipe),
    )
    watch = _Watch(recipe, on_progress)
    interrupted = _fitted(recipe, encoder, source, watch)
    shapes = TrackingShapes(template=TEMPLATE, search=SEARCH, stride=STRIDE)
    if on_progress is not None:
        on_progress(watch.progress(recipe.steps, stage="choosing"))
    trained = TrainedTracker(encoder=encoder, shapes=shapes)
    choice = choose(trained.model(), held_out)
    record = {
        "recipe": recipe.as_dict(),
        "data": _data(films, learned, things),
        "history": {"loss": watch.losses},
        "choice": choice.to_json(),
        "interrupted": interrupted,
        "seconds": round(time.perf_counter() - began, 1),
        "processor_seconds": round(time.process_time() - worked, 1),
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "likeness": __version__,
    }
    return trained.with_choice(choice.settings, choice.threshold, record)


def _split(recipe: TrackingRecipe, films: Sequence[Film]) -> tuple[list[Film], list[Film]]:
    """Return what is learned from, and the beginnings that are held out, if any are.

    The beginning, since a tracker starts there.
    """
    if not films:
        raise TooFewError("films: expected one sequence at least. Received: none.")
    for film in films:
        if len(film) < FEWEST_FRAMES:
            raise TooFewError(
                f"{film.name}: expected {FEWEST_FRAMES} frames at least. Received: {len(film)}."
            )
    if recipe.held_out == 0:
        return list(films), []
    cuts = [max(3, round(len(film) * recipe.held_out)) for film in films]
    return (
        [film.part(cut, len(film)) for film, cut in zip(films, cuts, strict=True)],
        [film.part(0, cut) for film, cut in zip(films, cuts, strict=True)],
    )


def _pictures(things: Dataset | None) -> list[list[Any]]:
    if things is None:
        return []
    return [
        [things.items[item] for item in np.flatnonzero(things.codes == code)]
        for code in range(len(things.distinct))
    ]


def _pair_settings(recipe: TrackingRecipe) -> PairSettings:
    return PairSettings(
        shares=(recipe.film, recipe.anywhere, recipe.pasted, recipe.things),
        gap=recipe.gap,
        light=recipe.brightness_contrast,
        blur=recipe.blur,
    )


def _fitted(recipe: TrackingRecipe, encoder: Any, source: PairSource, watch: "_Watch") -> bool:
    """Train the encoder; return whether Ctrl-C ended it."""
    network = CorrelationNet(encoder)
    warm = max(1, recipe.steps // 10)
    schedule = keras.optimizers.schedules.CosineDecay(
        0.05 * recipe.learning_rate,
        max(1, recipe.steps - warm),
        warmup_target=recipe.learning_rate,
        warmup_steps=warm,
        alpha=0.01,
    )
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=recipe.weight_decay)
    network.compile(optimizer=optimizer, loss=ResponseLogisticLoss(), jit_compile=False)
    try:
        keep_freed_memory()
        network.fit(_Feed(recipe, source), epochs=1, verbose=0, shuffle=False, callbacks=[watch])
    except KeyboardInterrupt:
        if watch.steps < warm:
            raise
        return True
    return False


class _Feed(keras.utils.PyDataset):
    """Batches of pairs; each depends on the seed and its number only."""

    def __init__(self, recipe: TrackingRecipe, source: PairSource) -> None:
        super().__init__()
        self._recipe = recipe
        self._source = source

    def __len__(self) -> int:
        return self._recipe.steps

    def __getitem__(self, index: int) -> tuple[dict[str, Any], Any]:
        rng = np.random.default_rng([self._recipe.seed, index])
        batch = self._source.batch(self._recipe.pairs, rng)
        inputs = {"template": prepared(batch.template), "search": prepared(batch.search)}
        return inputs, batch.labels


@dataclass
class _Mean:
    """Keras hands out the mean since the epoch began; this gives back single losses."""

    last: float = 0.0

    def single(self, mean: float, step: int) -> float:
        loss = mean * step - self.last
        self.last = mean * step
        return loss


class _Watch(keras.callbacks.Callback):
    """Tells the progress, and keeps the mean loss of every twentieth of the steps."""

    def __init__(self, recipe: TrackingRecipe, on_progress: OnProgress | None) -> None:
        super().__init__()
        self._recipe = recipe
        self._on_progress = on_progress
        self._mean = _Mean()
        self._recent: list[float] = []
        self.steps = 0
        self.losses: list[float] = []

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        mean = float((logs or {}).get("loss", math.nan))
        self.steps = batch + 1
        if not math.isfinite(mean):
            raise TrainingFailedError(
                f"the loss became {mean} in step {self.steps}. "
                f"Lower learning_rate (it is {self._recipe.learning_rate:g})."
            )
        self._recent.append(self._mean.single(mean, self.steps))
        if self._on_progress is not None:
            self._on_progress(self.progress(self.steps, stage="final"))
        if len(self._recent) >= max(1, self._recipe.steps // 20):
            self.losses.append(round(float(np.mean(self._recent)), 5))
            self._recent = []

    def progress(self, step: int, *, stage: str) -> TrainingProgress:
        """Return where the training is."""
        loss = self._recent[-1] if self._recent else (self.losses or [math.nan])[-1]
        return TrainingProgress(stage=stage, step=step, steps=self._recipe.steps, loss=loss)


def _data(films: Sequence[Film], learned: Sequence[Film], things: Dataset | None) -> dict[str, Any]:
    data: dict[str, Any] = {
        "name": ", ".join(film.name for film in films),
        "licence": " ".join(dict.fromkeys(film.licence for film in films)),
        "drawn": any(film.drawn for film in films),
        "sequences": [
            {"name": film.name, "frames": len(film), "learned": len(part)}
            for film, part in zip(films, learned, strict=True)
        ],
        "things": None,
    }
    if things is not None:
        data["things"] = {
            "name": things.name,
            "licence": things.licence,
            "identities": len(things.distinct),
            "items": len(things),
        }
    return data
