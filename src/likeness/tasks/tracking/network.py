"""The fully-convolutional encoder of a tracker, the network that trains it, and the loss.

L. Bertinetto, J. Valmadre, J. F. Henriques, A. Vedaldi, P. H. S. Torr, «Fully-Convolutional
Siamese Networks for Object Tracking», ECCV 2016 workshops. No convolution is padded: what a
cell of the map says does not depend on where in the picture it is, so a template moved by
four pixels gives the same features one cell further. Smaller than theirs (they have five
layers of AlexNet), and with two departures: each cell is scaled to unit length, which makes
the correlation a mean of cosines and keeps a bright cell from drowning the others, and
pictures are 63 and 127 pixels wide rather than 127 and 255.

The loss is that of their equations 2 and 3, with cells weighed as in their section 2.2: those on
the target together as much as all others.
"""

from typing import Any

import keras
from keras import layers, ops

from likeness.encoders.seeds import Seeds

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
    """Lays every template of a batch on every position of every search picture.

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
        # A convolution in Keras does not turn its kernel round: it is this correlation.
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
