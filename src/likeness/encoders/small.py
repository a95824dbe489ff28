"""Small encoders: convolutional for images, dense for rows of numbers."""

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


def dense(
    shape: tuple[int, ...], *, embedding_size: int = 32, width: int = 64, seed: int = 0
) -> Any:
    """Return an encoder of two hidden layers with a linear shortcut.

    The embedding is the sum of a linear map of the numbers themselves and of one of the second
    hidden layer (``width`` ReLU units each), scaled to unit length. So linearly separable classes
    need not be learned through the hidden layers. (H.-T. Cheng et al., «Wide & Deep Learning for
    Recommender Systems», DLRS 2016, combine the two in the same way.)

    Args:
        shape: of one prepared item: (features,), or any other, which is flattened.
        embedding_size: numbers in an embedding.
        width: units of each hidden layer.
        seed: of the initial weights.

    Returns:
        A `keras.Model`, ``(n, *shape)`` → ``(n, embedding_size)`` of unit length.
    """
    seeds = Seeds(seed)
    item = layers.Input(shape, name="item")
    numbers = layers.Flatten(name="flatten")(item) if len(shape) > 1 else item
    x = numbers
    for block in (1, 2):
        x = layers.Dense(
            width, activation="relu", kernel_initializer=seeds.he(), name=f"hidden_{block}"
        )(x)
    deep = layers.Dense(embedding_size, kernel_initializer=seeds.glorot(), name="embedding")(x)
    straight = layers.Dense(
        embedding_size, use_bias=False, kernel_initializer=seeds.glorot(), name="straight"
    )(numbers)
    x = layers.Add(name="sum")([deep, straight])
    x = layers.UnitNormalization(name="unit_length")(x)
    return keras.Model(item, x, name="dense")
