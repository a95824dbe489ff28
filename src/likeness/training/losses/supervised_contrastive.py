"""Supervised contrastive loss: a softmax over a batch, in which items of one identity meet.

P. Khosla et al., «Supervised Contrastive Learning», NeurIPS 2020, equation 2 (the mean over
the genuine pairs outside the logarithm). As P. Feeney and M. C. Hughes propose («SINCERE:
Supervised Information Noise-Contrastive Estimation Revisited», 2023), a genuine pair competes
with the impostor pairs only, not with the other genuine pairs of the same item.

No identity has a weight vector of its own, as it has in `margin_softmax`: so
identities may be made up for one batch and never seen again.
"""

from typing import Any

import keras
from keras import ops

from likeness.arrays import check_in_range

_NEVER = -1e9  # a logit that has no part in a softmax


def supervised_contrastive(
    codes: Any, embeddings: Any, *, scale: float = 20.0, margin: float = 0.0
) -> Any:
    """Return the loss of a batch, one number: the mean over items that have a genuine pair.

    Args:
        codes: ``(n,)``, small whole numbers.
        embeddings: ``(n, d)`` tensor, of unit length.
        scale: of cosines, the inverse temperature.
        margin: taken off the cosine of genuine pairs.
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
class SupervisedContrastiveLoss(keras.losses.Loss):
    """`supervised_contrastive` for a P×K batch: targets are codes, predictions embeddings.

    Args:
        scale: > 0, the inverse temperature.
        margin: 0…1, taken off the cosine of genuine pairs.
        name: of the loss.

    Raises:
        SettingError: an argument is out of range.
    """

    def __init__(
        self, scale: float = 20.0, margin: float = 0.0, name: str = "supervised_contrastive"
    ) -> None:
        super().__init__(name=name)
        check_in_range(scale, 1e-6, 1e4, argument="scale")
        check_in_range(margin, 0.0, 1.0, argument="margin")
        self.scale = scale
        self.margin = margin

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return one number for ``(n,)`` codes and ``(n, d)`` embeddings."""
        return supervised_contrastive(y_true, y_pred, scale=self.scale, margin=self.margin)

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs."""
        return {"scale": self.scale, "margin": self.margin, "name": self.name}
