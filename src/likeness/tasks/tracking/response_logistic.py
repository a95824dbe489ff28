"""Logistic loss over a map of responses.

L. Bertinetto et al., «Fully-Convolutional Siamese Networks for Object Tracking», ECCV 2016
workshops, equations 2 and 3, with places weighed as in their section 2.2: those on the target
together as much as all others.
"""

from typing import Any

import keras
from keras import ops


def response_logistic(labels: Any, responses: Any) -> Any:
    """Return the mean of ``log(1 + exp(−label · response))`` on the target, plus that off it.

    Args:
        labels: their sign says what a place is: above 0 on the target, below 0 off it, 0 where
            it does not matter; their size how much it counts in its mean. Any shape.
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


@keras.saving.register_keras_serializable(package="likeness")
class ResponseLogisticLoss(keras.losses.Loss):
    """`response_logistic`: targets are labels, predictions responses.

    Args:
        name: of the loss.
    """

    def __init__(self, name: str = "response_logistic") -> None:
        super().__init__(name=name)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return one number for a batch of maps."""
        return response_logistic(y_true, y_pred)

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs."""
        return {"name": self.name}
