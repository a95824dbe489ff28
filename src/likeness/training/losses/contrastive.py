"""Contrastive loss: genuine pairs together, impostor pairs at least a margin apart.

R. Hadsell, S. Chopra, Y. LeCun, «Dimensionality Reduction by Learning an Invariant
Mapping», CVPR 2006, equation 4. Departures: the label is 1 for a genuine pair (the paper
writes Y = 0 for it), and genuine pairs may have a margin of their own below which they cost
nothing (0, the paper's form, by default).
"""

from types import ModuleType
from typing import Any

import keras
import numpy as np
from keras import ops

from likeness.arrays import check_in_range
from likeness.training.losses.batch import compared, mean_where


def contrastive(
    genuine: Any,
    distance: Any,
    *,
    margin: float = 1.0,
    genuine_margin: float = 0.0,
    xp: ModuleType = np,
) -> Any:
    """Return ½ y max(0, d − g)² + ½ (1 − y) max(0, m − d)² of each pair.

    Args:
        genuine: ``(n,)``, 1 for a genuine pair, 0 for an impostor pair.
        distance: ``(n,)``, the Euclidean distance of each pair.
        margin: m, the distance from which an impostor pair costs nothing.
        genuine_margin: g, the distance up to which a genuine pair costs nothing.
        xp: the array namespace, NumPy or ``keras.ops``.

    Returns:
        ``(n,)``, ≥ 0.

    >>> import numpy as np
    >>> contrastive(np.array([1.0, 0.0, 0.0]), np.array([0.4, 0.4, 1.5])).round(3).tolist()
    [0.08, 0.18, 0.0]
    """
    together = xp.maximum(distance - genuine_margin, 0.0)
    apart = xp.maximum(margin - distance, 0.0)
    return 0.5 * (genuine * together * together + (1.0 - genuine) * apart * apart)


@keras.saving.register_keras_serializable(package="likeness")
class ContrastiveLoss(keras.losses.Loss):
    """`contrastive` for ``SiameseNet.compile``: targets are 1 (genuine) or 0 (impostor).

    Args:
        margin: > 0; from which an impostor pair costs nothing.
        genuine_margin: from 0 to ``margin``; up to which a genuine pair costs nothing.
        name: of the loss.

    Raises:
        SettingError: a margin is out of range.
    """

    def __init__(
        self, margin: float = 1.0, genuine_margin: float = 0.0, name: str = "contrastive"
    ) -> None:
        super().__init__(name=name)
        check_in_range(margin, 1e-6, 1e6, argument="margin")
        check_in_range(genuine_margin, 0.0, margin, argument="genuine_margin")
        self.margin = margin
        self.genuine_margin = genuine_margin

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return ``(n,)`` losses of ``(n,)`` or ``(n, 1)`` labels and distances."""
        return contrastive(
            ops.reshape(ops.cast(y_true, y_pred.dtype), (-1,)),
            ops.reshape(y_pred, (-1,)),
            margin=self.margin,
            genuine_margin=self.genuine_margin,
            xp=ops,
        )

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs."""
        return {"margin": self.margin, "genuine_margin": self.genuine_margin, "name": self.name}


def batch_contrastive(
    codes: Any, embeddings: Any, *, margin: float = 1.2, genuine_margin: float = 0.4
) -> Any:
    """Return the contrastive loss over all pairs of a P×K batch, one number.

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
