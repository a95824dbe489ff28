"""`train_tracker`: train a tracker's encoder on sequences.

The beginning of each sequence is held out. The network learns from the rest, and from image sets if
there are any; then the settings of the tracker and the threshold are chosen on the held-out parts.

The fully-convolutional encoder of a tracker, the network that trains it, and the loss.

L. Bertinetto, J. Valmadre, J. F. Henriques, A. Vedaldi, P. H. S. Torr, «Fully-Convolutional
Siamese Networks for Object Tracking», ECCV 2016 workshops. No convolution is padded: the features
of a cell do not depend on its position in the picture, so a template moved by four pixels gives the
same features one cell further. Smaller than theirs (they have five layers of AlexNet), and with two
departures: each cell is scaled to unit length, which makes the correlation a mean of cosines and
keeps bright cells from dominating, and pictures are 63 and 127 pixels wide rather than 127 and 255.

The loss is that of their equations 2 and 3, with cells weighted as in their section 2.2: those on
the target have the same total weight as all others.
"""

import datetime
import math
import time
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from likeness import __version__
from likeness.datasets.items import Dataset
from likeness.encoders.seeds import Seeds
from likeness.errors import TooFewError, TrainingFailedError
from likeness.tasks.tracking.evaluation import choose
from likeness.tasks.tracking.model import TrackingShapes, TrainedTracker, prepared
from likeness.tasks.tracking.pairs import PairSource, TrackingRecipe
from likeness.tasks.tracking.sequences import TrackingSequence
from likeness.training.networks import BY_XLA, WarmCosine
from likeness.training.process import OnProgress, TrainingProgress, keep_freed_memory

STRIDE = 4
"""Pixels of the picture from one cell to the next."""

_LAYERS = ((1, 3, 2), (2, 3, 1), (3, 3, 2), (4, 3, 1), (4, 3, 1))
"""Of each convolution: channels in widths, size, stride."""


def fully_convolutional(*, width: int = 16, channels: int = 32, seed: int = 0) -> Any:
    """Return an encoder of five unpadded convolutions that reads pictures of any size.

    Args:
        width: channels of the first convolution; the others have 2, 3 and 4 times as many.
        channels: of the last convolution, in each cell.
        seed: of the initial weights.

    Returns:
        A `keras.Model`, ``(n, rows, columns, 3)`` → ``(n, cells down, cells across, channels)``
        of unit length per cell; 27 pixels give one cell, and each 4 more another.
    """
    seeds = Seeds(seed)
    picture = layers.Input((None, None, 3), name="photo")
    x = picture
    for number, (times, size, strides) in enumerate(_LAYERS, start=1):
        last = number == len(_LAYERS)
        x = layers.Conv2D(
            channels if last else times * width,
            size,
            strides=strides,
            padding="valid",
            use_bias=False,
            kernel_initializer=seeds.glorot() if last else seeds.he(),
            name=f"convolution_{number}",
        )(x)
        x = layers.BatchNormalization(momentum=0.95, name=f"norm_{number}")(x)
        if not last:
            x = layers.ReLU(name=f"relu_{number}")(x)
    x = layers.UnitNormalization(name="unit_length")(x)
    return keras.Model(picture, x, name="fully_convolutional")


@keras.saving.register_keras_serializable(package="likeness")
class CorrelationNet(keras.Model):
    """Correlates every template of a batch with every position of every search picture.

    Bertinetto et al. 2016, equation 1: ``response = scale · (φ(z) ⋆ φ(x)) + offset``; ⋆ is the
    mean over the cells of the template, so that with features of unit length it lies between
    −1 and 1. Each template meets the search pictures of the others too: they are the impostors
    that the paper leaves out (Zhu et al., «Distractor-aware Siamese Networks for Visual Object
    Tracking», ECCV 2018, section 3.2, train on such pairs).

    Args:
        encoder: reads pictures of any size, gives maps of unit length per cell.
        scale: of the response at first; learned.
        offset: of the response at first; learned.
        **kwargs: of `keras.Model`.
    """

    def __init__(
        self, encoder: Any, *, scale: float = 10.0, offset: float = -4.0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.encoder = encoder
        self._at_first = {"scale": scale, "offset": offset}
        self.scale = self.add_weight(
            shape=(), initializer=keras.initializers.Constant(scale), name="scale"
        )
        self.offset = self.add_weight(
            shape=(), initializer=keras.initializers.Constant(offset), name="offset"
        )

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Return ``(n, rows, columns, n)`` responses, the last axis the template's.

        Args:
            inputs: "template" ``(n, small, small, 3)`` and "search" ``(n, large, large, 3)``.
            training: whether statistics of the batch are used.
        """
        template = self.encoder(inputs["template"], training=training)
        search = self.encoder(inputs["search"], training=training)
        cells = template.shape[1] * template.shape[2]
        # A convolution in Keras does not flip its kernel: it is this correlation.
        kernel = ops.transpose(template, (1, 2, 3, 0)) / cells
        correlation = ops.conv(search, kernel, padding="valid", data_format="channels_last")
        return self.scale * correlation + self.offset

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs."""
        return {
            "encoder": keras.saving.serialize_keras_object(self.encoder),
            **self._at_first,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "CorrelationNet":
        """Return the network of a configuration."""
        encoder = keras.saving.deserialize_keras_object(config["encoder"], custom_objects)
        return cls(**{**config, "encoder": encoder})


def response_logistic(labels: Any, responses: Any) -> Any:
    """Return the mean of ``log(1 + exp(−label · response))`` on the target, plus that off it.

    Args:
        labels: positive on the target, negative off it, 0 where it is ignored; the absolute value
            is the weight in the mean. Any shape.
        responses: of the same shape, larger is more alike.

    Returns:
        One number; half of the sum of the two means.
    """
    responses = ops.convert_to_tensor(responses)
    labels = ops.cast(labels, responses.dtype)
    # softplus is log(1 + exp(·)), without the overflow.
    losses = ops.softplus(-ops.sign(labels) * responses)
    return 0.5 * (_mean(ops.relu(labels), losses) + _mean(ops.relu(-labels), losses))


def _mean(weights: Any, values: Any) -> Any:
    """Return the weighted mean; 0 where no weight is above 0."""
    total = ops.sum(weights)
    return ops.sum(weights * values) / ops.where(total > 0, total, 1.0)


FEWEST_FRAMES = 8
"""Fewest frames of a sequence of which a part is held out."""

TEMPLATE = 63
SEARCH = 159
"""Side of the search picture in use: larger than in training, so that a target may move one and a
half times its size between frames. Unpadded convolutions allow it."""


def train_tracker(
    recipe: TrackingRecipe,
    films: Sequence[TrackingSequence],
    *,
    things: Dataset | None = None,
    on_progress: OnProgress | None = None,
) -> TrainedTracker:
    """Train a tracker's encoder on sequences, and on pictures of an image set.

    Ctrl-C after the first tenth of the steps ends the training, and what was learned is kept.

    Args:
        recipe: all settings.
        films: one sequence at least, of 8 frames.
        things: an image set whose identities are pasted onto frames as further targets.
        on_progress: called after every batch.

    Returns:
        The encoder with the settings and the threshold chosen on the held-out beginnings;
        ``record`` holds recipe, data, losses, what was tried, seconds, date, and whether it was
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
        recipe,
        things=_pictures(things),
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


def _split(
    recipe: TrackingRecipe, films: Sequence[TrackingSequence]
) -> tuple[list[TrackingSequence], list[TrackingSequence]]:
    """Return the training parts, and the held-out beginnings, if any.

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


def _fitted(recipe: TrackingRecipe, encoder: Any, source: PairSource, watch: "_Watch") -> bool:
    """Train the encoder; return whether Ctrl-C stopped it."""
    network = CorrelationNet(encoder)
    warm = max(1, recipe.steps // 10)
    optimizer = keras.optimizers.AdamW(
        WarmCosine(recipe.learning_rate, recipe.steps), weight_decay=recipe.weight_decay
    )
    network.compile(optimizer=optimizer, loss=response_logistic, jit_compile=BY_XLA)
    # Else its variables come with the first step, which TensorFlow then traces twice.
    network.optimizer.build(network.trainable_variables)
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


class _Watch(keras.callbacks.Callback):
    """Reports progress, and keeps the mean loss of every twentieth of the steps."""

    def __init__(self, recipe: TrackingRecipe, on_progress: OnProgress | None) -> None:
        super().__init__()
        self._recipe = recipe
        self._on_progress = on_progress
        self._total = 0.0
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
        # Keras hands out the mean since the epoch began.
        self._recent.append(mean * self.steps - self._total)
        self._total = mean * self.steps
        if self._on_progress is not None:
            self._on_progress(self.progress(self.steps, stage="final"))
        if len(self._recent) >= max(1, self._recipe.steps // 20):
            self.losses.append(round(float(np.mean(self._recent)), 5))
            self._recent = []

    def progress(self, step: int, *, stage: str) -> TrainingProgress:
        """Return the progress of the training."""
        loss = self._recent[-1] if self._recent else (self.losses or [math.nan])[-1]
        return TrainingProgress(stage=stage, step=step, steps=self._recipe.steps, loss=loss)


def _data(
    films: Sequence[TrackingSequence], learned: Sequence[TrackingSequence], things: Dataset | None
) -> dict[str, Any]:
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
