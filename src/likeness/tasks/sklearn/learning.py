"""One encoder from items and classes, by the engine that faces are learned with."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from likeness.arrays import Codes, Embeddings, Prepared, check_in_range
from likeness.errors import SettingError, require_extra
from likeness.training.recipe import TrainingRecipe

ENERGY = "euclidean"

MARGINS = {
    "contrastive": 1.2,
    "margin_softmax": 0.2,
    "supervised_contrastive": 0.0,
    "triplet": 0.3,
}
"""The margin of each loss where none is given."""

WIDTHS = {"convnet": 16, "dense": 64, "residual": 16}
"""The width of each encoder where none is given."""

SMALLEST = {"convnet": 8, "residual": 16}
"""Rows and columns that an encoder asks for at least."""

FEWEST_EACH = 4
"""Items of a class in a batch, if its size allows."""

_AT_ONCE = 64
"""Items are embedded so many at a time, never fewer: in a batch of another size the last bits
of an embedding are others, and an item's answer would depend on its neighbours."""


@dataclass(frozen=True, kw_only=True)
class Learning:
    """The settings of an estimator that its encoder is learned with; see `SiameseEmbedder`."""

    encoder: str
    embedding_size: int
    width: int | None
    loss: str
    margin: float | None
    steps: int
    batch_size: int
    learning_rate: float
    distortion: float

    def recipe(self, shape: tuple[int, ...], *, classes: int, seed: int) -> TrainingRecipe:
        """Return the recipe for prepared items of a shape.

        Raises:
            SettingError: a setting is out of its range, or does not go with the items.
        """
        encoder = self._encoder_for(shape)
        if self.distortion and len(shape) != 3:
            raise SettingError(
                "distortion: expected 0 for rows of numbers; only images are distorted. "
                f"Received: {self.distortion!r}."
            )
        check_in_range(self.batch_size, 4, 100_000, argument="batch_size", whole=True)
        identities = max(2, min(classes, int(self.batch_size) // FEWEST_EACH))
        try:
            return TrainingRecipe().replace(
                energy=ENERGY,
                encoder={
                    "kind": encoder,
                    "embedding_size": self.embedding_size,
                    "width": WIDTHS[encoder] if self.width is None else self.width,
                },
                loss={
                    "kind": self.loss,
                    "margin": MARGINS.get(self.loss, 1.0) if self.margin is None else self.margin,
                },
                sampling={
                    "identities": identities,
                    "items_each": int(self.batch_size) // identities,
                    "mirror_identities": False,
                },
                augmentation={
                    "geometry": self.distortion,
                    "brightness_contrast": self.distortion,
                    "erasing": 0.0,
                },
                views={"mirrored": False, "shift": 0},
                whitening={"kind": "none"},
                schedule={
                    "epochs": 1,
                    "steps": self.steps,
                    "learning_rate": self.learning_rate,
                    "held_out": 0.0,
                    "refit": False,
                },
                seed=seed,
            )
        except SettingError as error:
            raise SettingError(_as_called_here(str(error))) from error

    def _encoder_for(self, shape: tuple[int, ...]) -> str:
        if self.encoder == "auto":
            is_picture = len(shape) == 3 and min(shape[:2]) >= SMALLEST["convnet"]
            return "convnet" if is_picture else "dense"
        if self.encoder not in WIDTHS:
            raise SettingError(
                f"encoder: expected one of auto, {', '.join(WIDTHS)}. Received: {self.encoder!r}."
            )
        least = SMALLEST.get(self.encoder, 0)
        if self.encoder in SMALLEST and (len(shape) != 3 or min(shape[:2]) < least):
            raise SettingError(
                f"encoder: {self.encoder!r} reads images of at least {least}×{least} pixels. "
                f"Received: items of shape {shape}. Use 'dense' or 'auto'."
            )
        return self.encoder


def _as_called_here(sentence: str) -> str:
    """Return a recipe's sentence with the estimator's name of the setting."""
    name, colon, rest = sentence.partition(":")
    group, _, setting = name.partition(".")
    own = {"kind": group, "geometry": "distortion"}
    return f"{own.get(setting, setting)}{colon}{rest}"


def learned_encoder(recipe: TrainingRecipe, items: Prepared, codes: Codes) -> Any:
    """Return a Keras encoder trained on the prepared items.

    Raises:
        MissingExtraError: Keras is not installed.
        TrainingFailedError: the loss became NaN.
    """
    require_extra("keras", extra="train")
    fitting = require_extra("likeness.training.fitting")  # late: brings Keras
    options = fitting.FitOptions(stage="final", epochs=recipe.schedule.epochs)
    return fitting.fit_once(recipe, items, codes, options).encoder


def embedded(encoder: Any, items: Prepared) -> Embeddings:
    """Return ``(n, d)`` embeddings; each depends on its own item alone."""
    ops = require_extra("keras.ops")
    parts = [np.empty((0, encoder.output_shape[-1]), np.float32)]
    for start in range(0, len(items), _AT_ONCE):
        part = items[start : start + _AT_ONCE]
        parts.append(ops.convert_to_numpy(encoder(_filled(part), training=False))[: len(part)])
    return np.concatenate(parts)


def _filled(items: Prepared) -> NDArray[np.float32]:
    missing = _AT_ONCE - len(items)
    return np.concatenate([items, np.zeros((missing, *items.shape[1:]), items.dtype)])
