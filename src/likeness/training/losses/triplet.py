"""Triplet loss: an anchor is nearer to its own identity than to any other, by a margin.

F. Schroff, D. Kalenichenko, J. Philbin, «FaceNet: A Unified Embedding for Face Recognition
and Clustering», CVPR 2015, equation 2, on the Euclidean distance (the paper: its square).
Mining inside a P×K batch: *hard* takes each anchor's farthest genuine and nearest impostor
item (A. Hermans, L. Beyer, B. Leibe, «In Defense of the Triplet Loss», 2017, equation 5);
*semi_hard* takes, for each genuine pair, the nearest impostor that is farther than the
genuine item, or the farthest impostor where there is none (FaceNet, section 3.2).
"""

from types import ModuleType
from typing import Any

import keras
import numpy as np
from keras import ops

from likeness.arrays import check_in_range
from likeness.errors import SettingError
from likeness.training.losses.contrastive import FormulaLoss, compared, mean_where

FAR_AWAY = 1e6
"""Added to distances to exclude them from the minimum."""

MINING = ("hard", "semi_hard")


def triplet(genuine: Any, impostor: Any, *, margin: float = 0.3, xp: ModuleType = np) -> Any:
    """Return max(0, d(anchor, genuine) − d(anchor, impostor) + margin) of each triplet.

    >>> import numpy as np
    >>> triplet(np.array([0.5, 0.5]), np.array([0.6, 1.0])).round(3).tolist()
    [0.2, 0.0]
    """
    return xp.maximum(genuine - impostor + margin, 0.0)


def hard_triplet(codes: Any, embeddings: Any, *, margin: float = 0.3) -> Any:
    """Return the batch-hard triplet loss of a batch, one number.

    Args:
        codes: ``(n,)``, small whole numbers.
        embeddings: ``(n, d)`` tensor.
        margin: by which impostor items must be farther.
    """
    genuine, impostor, distance = compared(codes, embeddings)
    farthest = ops.max(genuine * distance, axis=1)
    nearest = ops.min(distance + (1.0 - impostor) * FAR_AWAY, axis=1)
    # An anchor without a genuine or without an impostor item in the batch has no triplet.
    complete = ops.max(genuine, axis=1) * ops.max(impostor, axis=1)
    return mean_where(complete, triplet(farthest, nearest, margin=margin, xp=ops))


def semi_hard_triplet(codes: Any, embeddings: Any, *, margin: float = 0.3) -> Any:
    """Return the semi-hard triplet loss of a batch, one number.

    Args:
        codes: ``(n,)``, small whole numbers.
        embeddings: ``(n, d)`` tensor.
        margin: by which impostor items must be farther.
    """
    genuine, impostor, distance = compared(codes, embeddings)
    # Axes: anchor, genuine item, impostor item.
    to_impostor = ops.expand_dims(distance, 1)
    farther = ops.cast(to_impostor > ops.expand_dims(distance, 2), embeddings.dtype)
    eligible = farther * ops.expand_dims(impostor, 1)
    nearest_farther = ops.min(to_impostor + (1.0 - eligible) * FAR_AWAY, axis=2)
    farthest = ops.max(impostor * distance, axis=1, keepdims=True)
    chosen = ops.where(ops.max(eligible, axis=2) > 0, nearest_farther, farthest)
    complete = genuine * ops.max(impostor, axis=1, keepdims=True)
    return mean_where(complete, triplet(distance, chosen, margin=margin, xp=ops))


@keras.saving.register_keras_serializable(package="likeness")
class TripletLoss(FormulaLoss):
    """`hard_triplet` or `semi_hard_triplet` for a P×K batch: targets are codes.

    Args:
        margin: > 0; by which impostor items must be farther.
        mining: "hard" or "semi_hard".
        name: of the loss.

    Raises:
        SettingError: an argument is out of range.
    """

    def __init__(
        self, margin: float = 0.3, mining: str = "semi_hard", name: str = "triplet"
    ) -> None:
        check_in_range(margin, 1e-6, 1e6, argument="margin")
        if mining not in MINING:
            raise SettingError(
                f"mining: expected one of {', '.join(MINING)}. Received: {mining!r}."
            )
        super().__init__(name, margin=margin, mining=mining)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return one number for ``(n,)`` codes and ``(n, d)`` embeddings."""
        mined = hard_triplet if self.settings["mining"] == "hard" else semi_hard_triplet
        return mined(y_true, y_pred, margin=self.settings["margin"])
