"""`CorrelationNet`: one encoder, template and search pictures, cross-correlation between them."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="likeness")
class CorrelationNet(keras.Model):
    """Lays every template of a batch on every place of every search picture.

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
