"""A small convolutional encoder that a student can read."""

from typing import Any

import keras
from keras import layers

from likeness.encoders.seeds import Seeds


def convnet(
    shape: tuple[int, int, int], *, embedding_size: int = 64, width: int = 16, seed: int = 0
) -> Any:
    """Return an encoder of three convolutions, each followed by halving the picture.

    Three blocks of convolution 3×3, ReLU and max pooling (``width``, 2·``width`` and
    4·``width`` channels), a dense layer to the embedding, and scaling to unit length.

    Args:
        shape: (rows, columns, channels) of a prepared photo; at least 8×8.
        embedding_size: numbers in an embedding.
        width: channels of the first convolution.
        seed: of the initial weights.

    Returns:
        A `keras.Model`, ``(n, rows, columns, channels)`` → ``(n, embedding_size)`` of unit
        length.
    """
    seeds = Seeds(seed)
    photo = layers.Input(shape, name="photo")
    x = photo
    for block, channels in enumerate((width, 2 * width, 4 * width), start=1):
        x = layers.Conv2D(
            channels,
            3,
            padding="same",
            activation="relu",
            kernel_initializer=seeds.he(),
            name=f"convolution_{block}",
        )(x)
        x = layers.MaxPooling2D(name=f"halving_{block}")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(embedding_size, kernel_initializer=seeds.glorot(), name="embedding")(x)
    x = layers.UnitNormalization(name="unit_length")(x)
    return keras.Model(photo, x, name="convnet")
