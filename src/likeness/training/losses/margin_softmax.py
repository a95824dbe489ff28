"""Margin softmax: classification of the training identities by cosine, with a margin.

H. Wang et al., «CosFace: Large Margin Cosine Loss for Deep Face Recognition», CVPR 2018,
equation 4: cross entropy over ``s · (cos θ_j − m·[j = own identity])``. The class weights are in
`CosineHead`, which is discarded after training; new people need no class.
"""

from typing import Any

import keras
from keras import ops

from likeness.arrays import check_in_range
from likeness.training.losses.contrastive import FormulaLoss


def margin_softmax(codes: Any, cosines: Any, *, scale: float = 16.0, margin: float = 0.2) -> Any:
    """Return the margin softmax loss of each item.

    Args:
        codes: ``(n,)``, 0…classes−1.
        cosines: ``(n, classes)`` tensor: cosine between each embedding and each class.
        scale: s, the inverse temperature.
        margin: m, subtracted from the cosine of the item's own class.

    Returns:
        ``(n,)``, ≥ 0.
    """
    codes = ops.cast(ops.reshape(codes, (-1,)), "int32")
    own = ops.one_hot(codes, ops.shape(cosines)[-1], dtype=cosines.dtype)
    logits = scale * (cosines - margin * own)
    return ops.logsumexp(logits, axis=-1) - ops.sum(own * logits, axis=-1)


@keras.saving.register_keras_serializable(package="likeness")
class MarginSoftmaxLoss(FormulaLoss):
    """`margin_softmax` for ``compile``: targets are codes, predictions cosines.

    Args:
        scale: > 0, the inverse temperature.
        margin: 0…1, subtracted from the cosine of the item's own class.
        name: of the loss.

    Raises:
        SettingError: an argument is out of range.
    """

    def __init__(
        self, scale: float = 16.0, margin: float = 0.2, name: str = "margin_softmax"
    ) -> None:
        check_in_range(scale, 1e-6, 1e4, argument="scale")
        check_in_range(margin, 0.0, 1.0, argument="margin")
        super().__init__(name, scale=scale, margin=margin)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return ``(n,)`` losses of ``(n,)`` codes and ``(n, classes)`` cosines."""
        return margin_softmax(y_true, y_pred, **self.settings)


@keras.saving.register_keras_serializable(package="likeness")
class CosineHead(keras.layers.Layer):
    """``(n, d)`` unit embeddings → ``(n, classes)`` cosines to one learned direction each.

    Args:
        classes: ≥ 2.
        seed: of the initial directions.
        spread: standard deviation of their numbers, above 0. Only the direction matters, and a step
            of the optimiser rotates short vectors more: use less than 1 for many classes with few
            samples.
        **kwargs: of `keras.layers.Layer`.
    """

    def __init__(self, classes: int, seed: int = 0, spread: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        check_in_range(classes, 2, 10**7, argument="classes", whole=True)
        check_in_range(spread, 1e-3, 10, argument="spread")
        self.classes = classes
        self.seed = seed
        self.spread = spread

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create the directions."""
        self.directions = self.add_weight(
            name="directions",
            shape=(input_shape[-1], self.classes),
            initializer=keras.initializers.RandomNormal(stddev=self.spread, seed=self.seed),
        )

    def call(self, embeddings: Any) -> Any:
        """Return the cosines."""
        squared = ops.sum(ops.square(self.directions), axis=0, keepdims=True)
        return ops.matmul(embeddings, self.directions / ops.sqrt(ops.maximum(squared, 1e-12)))

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs."""
        own = {"classes": self.classes, "seed": self.seed, "spread": self.spread}
        return {**super().get_config(), **own}
