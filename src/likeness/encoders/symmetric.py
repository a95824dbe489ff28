"""An encoder that sees a photo and its mirror image, and embeds both as one.

A face and its mirror image are the same person. Averaging the two embeddings takes away
what changes between them (pose, light from one side) and keeps what does not.
"""

from typing import Any

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable(package="likeness")
class MirrorImage(layers.Layer):
    """``(n, rows, columns, channels)`` → the same with the columns in reverse order."""

    def call(self, photos: Any) -> Any:
        """Return the mirror images."""
        return ops.flip(photos, axis=2)


def symmetric(encoder: Any) -> Any:
    """Return an encoder whose embeddings do not change when a photo is mirrored.

    The unit-length mean of the embeddings of the photo and of its mirror image, both by
    ``encoder``, whose weights are shared, not copied.

    Args:
        encoder: ``(n, rows, columns, channels)`` → ``(n, d)``.
    """
    photo = layers.Input(encoder.input_shape[1:], name="photo")
    both = [encoder(photo), encoder(MirrorImage(name="mirror_image")(photo))]
    mean = layers.Average(name="mean")(both)
    unit = layers.UnitNormalization(name="unit_length")(mean)
    return keras.Model(photo, unit, name=f"symmetric_{encoder.name}")
