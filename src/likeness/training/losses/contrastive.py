"""Contrastive loss: genuine pairs together, impostor pairs at least a margin apart.

R. Hadsell, S. Chopra, Y. LeCun, «Dimensionality Reduction by Learning an Invariant
Mapping», CVPR 2006, equation 4. Departures: the label is 1 for a genuine pair (the paper
writes Y = 0 for it), and genuine pairs may have a margin of their own below which they have no loss
(0, the paper's form, by default).

Supervised contrastive loss: a softmax over a batch, in which items of one identity meet.

P. Khosla et al., «Supervised Contrastive Learning», NeurIPS 2020, equation 2 (the mean over
the genuine pairs outside the logarithm). As P. Feeney and M. C. Hughes propose («SINCERE:
Supervised Information Noise-Contrastive Estimation Revisited», 2023), a genuine pair competes
with the impostor pairs only, not with the other genuine pairs of the same item.

Unlike in `margin_softmax`, identities have no weight vectors, so
identities may be generated for one batch and never used again.
"""

from types import ModuleType
from typing import Any

import keras
import numpy as np
from keras import ops

from likeness import energies
from likeness.arrays import check_in_range


class FormulaLoss(keras.losses.Loss):
    """A Keras loss over a formula, whose settings are all its configuration.

    Args:
        name: of the loss.
        **settings: of the formula, by name; attributes of the loss, too.
    """

    def __init__(self, name: str, **settings: Any) -> None:
        super().__init__(name=name)
        self.settings = settings
        for setting, value in settings.items():
            setattr(self, setting, value)

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs."""
        return {**self.settings, "name": self.name}


def _check_margins(margin: float, genuine_margin: float) -> None:
    check_in_range(margin, 1e-6, 1e6, argument="margin")
    check_in_range(genuine_margin, 0.0, margin, argument="genuine_margin")


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
        margin: m, the distance beyond which an impostor pair has no loss.
        genuine_margin: g, the distance up to which a genuine pair has no loss.
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
class ContrastiveLoss(FormulaLoss):
    """`contrastive` for ``SiameseNet.compile``: targets are 1 (genuine) or 0 (impostor).

    Args:
        margin: > 0; beyond which an impostor pair has no loss.
        genuine_margin: from 0 to ``margin``; up to which a genuine pair has no loss.
        name: of the loss.

    Raises:
        SettingError: a margin is out of range.
    """

    def __init__(
        self, margin: float = 1.0, genuine_margin: float = 0.0, name: str = "contrastive"
    ) -> None:
        _check_margins(margin, genuine_margin)
        super().__init__(name, margin=margin, genuine_margin=genuine_margin)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return ``(n,)`` losses of ``(n,)`` or ``(n, 1)`` labels and distances."""
        return contrastive(
            ops.reshape(ops.cast(y_true, y_pred.dtype), (-1,)),
            ops.reshape(y_pred, (-1,)),
            xp=ops,
            **self.settings,
        )


def batch_contrastive(
    codes: Any, embeddings: Any, *, margin: float = 1.2, genuine_margin: float = 0.4
) -> Any:
    """Return the contrastive loss over all pairs of a P×K batch, one number.

    The mean over the genuine pairs plus the mean over the impostor pairs, so that the many impostor
    pairs do not outweigh the few genuine pairs.

    Args:
        codes: ``(n,)``, small whole numbers.
        embeddings: ``(n, d)`` tensor.
        margin: beyond which an impostor pair has no loss.
        genuine_margin: up to which a genuine pair has no loss.
    """
    genuine, impostor, distance = compared(codes, embeddings)
    options = {"margin": margin, "genuine_margin": genuine_margin, "xp": ops}
    together = mean_where(genuine, contrastive(1.0, distance, **options))
    apart = mean_where(impostor, contrastive(0.0, distance, **options))
    return together + apart


@keras.saving.register_keras_serializable(package="likeness")
class BatchContrastiveLoss(FormulaLoss):
    """`batch_contrastive` for a P×K batch: targets are codes, predictions embeddings.

    Args:
        margin: > 0; beyond which an impostor pair has no loss.
        genuine_margin: from 0 to ``margin``; up to which a genuine pair has no loss.
        name: of the loss.

    Raises:
        SettingError: a margin is out of range.
    """

    def __init__(
        self, margin: float = 1.2, genuine_margin: float = 0.4, name: str = "batch_contrastive"
    ) -> None:
        _check_margins(margin, genuine_margin)
        super().__init__(name, margin=margin, genuine_margin=genuine_margin)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return one number for ``(n,)`` codes and ``(n, d)`` embeddings."""
        return batch_contrastive(y_true, y_pred, **self.settings)


def compared(codes: Any, embeddings: Any) -> tuple[Any, Any, Any]:
    """Return ``(n, n)`` masks of 0 and 1, genuine and impostor pairs, and distances.

    An item with itself is in neither mask. ``codes`` may come as ``(n,)`` or ``(n, 1)`` floats,
    as Keras hands them to a loss.
    """
    codes = ops.reshape(codes, (-1,))
    same = ops.cast(
        ops.equal(ops.expand_dims(codes, 1), ops.expand_dims(codes, 0)), embeddings.dtype
    )
    itself = ops.eye(ops.shape(embeddings)[0], dtype=embeddings.dtype)
    distance = energies.euclidean(embeddings[:, None], embeddings[None], xp=ops)
    return same - itself, 1.0 - same, distance


def mean_where(mask: Any, values: Any) -> Any:
    """Return the mean of ``values`` where ``mask`` is 1; 0 if it is nowhere 1."""
    return ops.sum(mask * values) / ops.maximum(ops.sum(mask), 1.0)


_NEVER = -1e9  # a logit that has no part in a softmax


def supervised_contrastive(
    codes: Any, embeddings: Any, *, scale: float = 20.0, margin: float = 0.0
) -> Any:
    """Return the loss of a batch, one number: the mean over items that have a genuine pair.

    Args:
        codes: ``(n,)``, small whole numbers.
        embeddings: ``(n, d)`` tensor, of unit length.
        scale: of cosines, the inverse temperature.
        margin: subtracted from the cosine of genuine pairs.
    """
    codes = ops.reshape(codes, (-1,))
    same = ops.equal(ops.expand_dims(codes, 1), ops.expand_dims(codes, 0))
    itself = ops.cast(ops.eye(ops.shape(embeddings)[0]), "bool")
    genuine = ops.cast(ops.logical_and(same, ops.logical_not(itself)), embeddings.dtype)
    cosines = ops.matmul(embeddings, ops.transpose(embeddings))
    impostors = ops.logsumexp(ops.where(same, _NEVER, scale * cosines), axis=1, keepdims=True)
    logits = scale * (cosines - margin)
    losses = ops.logaddexp(logits, impostors) - logits
    partners = ops.sum(genuine, axis=1)
    each = ops.sum(genuine * losses, axis=1) / ops.maximum(partners, 1.0)
    return ops.sum(each) / ops.maximum(ops.sum(ops.cast(partners > 0, embeddings.dtype)), 1.0)


@keras.saving.register_keras_serializable(package="likeness")
class SupervisedContrastiveLoss(FormulaLoss):
    """`supervised_contrastive` for a P×K batch: targets are codes, predictions embeddings.

    Args:
        scale: > 0, the inverse temperature.
        margin: 0…1, subtracted from the cosine of genuine pairs.
        name: of the loss.

    Raises:
        SettingError: an argument is out of range.
    """

    def __init__(
        self, scale: float = 20.0, margin: float = 0.0, name: str = "supervised_contrastive"
    ) -> None:
        check_in_range(scale, 1e-6, 1e4, argument="scale")
        check_in_range(margin, 0.0, 1.0, argument="margin")
        super().__init__(name, scale=scale, margin=margin)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return one number for ``(n,)`` codes and ``(n, d)`` embeddings."""
        return supervised_contrastive(y_true, y_pred, **self.settings)
