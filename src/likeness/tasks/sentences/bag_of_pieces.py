"""An encoder of texts: the weighted sum of the vectors of their tokens («pieces»).

Every piece (a word, or an n-gram of letters) has a vector and a weight of its own; a text is
the sum of its pieces' vectors, scaled to unit length. Its initial state is a good method without
learning: the vectors are random, so those of different pieces are nearly orthogonal, and the cosine
of two sums counts shared pieces (W. B. Johnson & J. Lindenstrauss, 1984); the weights are the
pieces' rarity (K. Spärck Jones, «A statistical interpretation of term specificity», 1972). Training
then adjusts both: the importance of pieces, and which of them have a similar meaning.

Its loss is `correlation`: energies should fall as the annotated similarity rises.

One minus Pearson's correlation between the negative energies of a batch and the pairs' scores.
Unlike the squared error it does not depend on scale and offset of the energies. (Pearson's
correlation is how the STS tasks are scored: E. Agirre et al., «SemEval-2012 Task 6: A Pilot on
Semantic Textual Similarity», section 4.)
"""

from collections.abc import Sequence
from types import ModuleType
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from likeness.arrays import check_in_range
from likeness.errors import SettingError
from likeness.tasks.sentences.preparation import FILL


@keras.saving.register_keras_serializable(package="likeness")
class WeightedSum(layers.Layer):
    """``(n, pieces)`` whole numbers → ``(n, d)``: Σ exp(w) · v over the pieces that are not 0.

    A weight is an exponential, so that it is positive, and optimiser steps are relative.

    Args:
        buckets: the largest number of a piece.
        embedding_size: d.
        seed: of the random vectors.
        **kwargs: of `keras.layers.Layer`.

    Raises:
        SettingError: a size is out of its range.
    """

    def __init__(self, buckets: int, embedding_size: int, *, seed: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        check_in_range(buckets, 1, 2**24, argument="buckets", whole=True)
        check_in_range(embedding_size, 1, 4096, argument="embedding_size", whole=True)
        self.buckets = buckets
        self.embedding_size = embedding_size
        self.seed = seed

    def build(self, input_shape: Any) -> None:
        """Make the vectors (standard normal) and the weights' logarithms (0)."""
        self.vectors = self.add_weight(
            shape=(self.buckets + 1, self.embedding_size),
            initializer=keras.initializers.RandomNormal(stddev=1.0, seed=self.seed),
            name="vectors",
        )
        self.log_weights = self.add_weight(
            shape=(self.buckets + 1,), initializer="zeros", name="log_weights"
        )
        super().build(input_shape)

    def call(self, pieces: Any) -> Any:
        """Return the sums."""
        there = ops.cast(ops.not_equal(pieces, FILL), self.compute_dtype)
        weights = there * ops.exp(ops.take(self.log_weights, pieces, axis=0))
        vectors = ops.take(self.vectors, pieces, axis=0)
        return ops.squeeze(ops.matmul(ops.expand_dims(weights, 1), vectors), 1)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return ``(n, d)``."""
        return (input_shape[0], self.embedding_size)

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs."""
        own = {name: getattr(self, name) for name in ("buckets", "embedding_size", "seed")}
        return {**super().get_config(), **own}


def bag_of_pieces(
    buckets: int,
    *,
    embedding_size: int = 512,
    rarity: Sequence[float] | np.ndarray[Any, Any] | None = None,
    seed: int = 0,
) -> Any:
    """Return an encoder of texts as `TextPreparation` makes them.

    Args:
        buckets: the largest number of a piece.
        embedding_size: numbers in an embedding. Larger sizes make different pieces more orthogonal:
            their cosine has a standard deviation of 1/√d.
        rarity: ``(buckets + 1,)``, the initial weight of each piece, above 0; all 1 if not given.
            See `TextPreparation.rarity`.
        seed: of the random vectors.

    Returns:
        A `keras.Model`, ``(n, pieces)`` int32 → ``(n, embedding_size)`` of unit length.

    Raises:
        SettingError: a size is out of its range, or the rarity does not fit.

    >>> bag_of_pieces(100, embedding_size=8).output_shape
    (None, 8)
    """
    pieces = layers.Input((None,), dtype="int32", name="pieces")
    weighted = WeightedSum(buckets, embedding_size, seed=seed, name="weighted_sum")
    x = layers.UnitNormalization(name="unit_length")(weighted(pieces))
    if rarity is not None:
        weights = np.asarray(rarity, np.float64)
        if weights.shape != (buckets + 1,) or not (np.isfinite(weights) & (weights > 0)).all():
            raise SettingError(
                f"rarity: expected {buckets + 1} finite numbers above 0. Received: "
                f"shape {weights.shape}."
            )
        weighted.log_weights.assign(np.log(weights).astype(np.float32))
    return keras.Model(pieces, x, name="bag_of_pieces")


GUARD = 1e-12
"""Lower limit of sums of squares: a batch whose scores or energies are all equal
has the loss 1 and no gradient, not NaN."""


def correlation(score: Any, energy: Any, *, xp: ModuleType = np) -> Any:
    """Return ``1 + r(score, energy)``, a number from 0 (perfectly falling) to 2.

    Args:
        score: ``(n,)``, larger is more alike.
        energy: ``(n,)``, lower is more alike.
        xp: the array namespace, NumPy or ``keras.ops``.

    >>> import numpy as np
    >>> float(correlation(np.array([0.0, 1.0, 5.0]), np.array([0.9, 0.8, 0.4])).round(9))
    0.0
    """
    scores = score - xp.mean(score)
    energies = energy - xp.mean(energy)
    spread = xp.maximum(xp.sum(scores * scores), GUARD) * xp.maximum(
        xp.sum(energies * energies), GUARD
    )
    return 1.0 + xp.sum(scores * energies) / xp.sqrt(spread)


@keras.saving.register_keras_serializable(package="likeness")
class CorrelationLoss(keras.losses.Loss):
    """`correlation` for ``SiameseNet.compile``: targets are scores. Use batches of 32 or more.

    Args:
        name: of the loss.
    """

    def __init__(self, name: str = "correlation") -> None:
        super().__init__(name=name)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return one number for ``(n,)`` or ``(n, 1)`` scores and energies."""
        scores = ops.reshape(ops.cast(y_true, y_pred.dtype), (-1,))
        return correlation(scores, ops.reshape(y_pred, (-1,)), xp=ops)

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs."""
        return {"name": self.name}
