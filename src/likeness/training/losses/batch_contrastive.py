"""Contrastive loss over all pairs of a P×K batch: every photo meets every other one.

The formula of `likeness.training.losses.contrastive` (Hadsell, Chopra & LeCun 2006), averaged over
the genuine and over the impostor pairs of the batch separately.
"""

from typing import Any

import keras
from keras import ops

from likeness.arrays import check_in_range
from likeness.training.losses.batch import compared, mean_where
from likeness.training.losses.contrastive import contrastive


def batch_contrastive(
    codes: Any, embeddings: Any, *, margin: float = 1.2, genuine_margin: float = 0.4
) -> Any:
    """Return the contrastive loss over all pairs of a batch, one number.

    The mean over the genuine pairs plus the mean over the impostor pairs, so that the many
    impostors do not drown the few genuine pairs.

    Args:
        codes: ``(n,)``, small whole numbers.
        embeddings: ``(n, d)`` tensor.
        margin: from which an impostor pair costs nothing.
        genuine_margin: up to which a genuine pair costs nothing.
    """
    genuine, impostor, distance = compared(codes, embeddings)
    options = {"margin": margin, "genuine_margin": genuine_margin, "xp": ops}
    together = mean_where(genuine, contrastive(1.0, distance, **options))
    apart = mean_where(impostor, contrastive(0.0, distance, **options))
    return together + apart


@keras.saving.register_keras_serializable(package="likeness")
class BatchContrastiveLoss(keras.losses.Loss):
    """`batch_contrastive` for a P×K batch: targets are codes, predictions embeddings.

    Args:
        margin: > 0; from which an impostor pair costs nothing.
        genuine_margin: from 0 to ``margin``; up to which a genuine pair costs nothing.
        name: of the loss.

    Raises:
        SettingError: a margin is out of range.
    """

    def __init__(
        self, margin: float = 1.2, genuine_margin: float = 0.4, name: str = "batch_contrastive"
    ) -> None:
        super().__init__(name=name)
        check_in_range(margin, 1e-6, 1e6, argument="margin")
        check_in_range(genuine_margin, 0.0, margin, argument="genuine_margin")
        self.margin = margin
        self.genuine_margin = genuine_margin

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return one number for ``(n,)`` codes and ``(n, d)`` embeddings."""
        return batch_contrastive(
            y_true, y_pred, margin=self.margin, genuine_margin=self.genuine_margin
        )

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs."""
        return {"margin": self.margin, "genuine_margin": self.genuine_margin, "name": self.name}
