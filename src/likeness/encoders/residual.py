"""A small residual encoder: the default, best on unseen people.

K. He, X. Zhang, S. Ren, J. Sun, «Deep Residual Learning for Image Recognition», CVPR 2016,
four blocks deep. The last feature map is flattened, not averaged: the position of features (hair,
chin, framing) carries identity in small sets of similar photos.

A shortcut halves the picture by averaging and then convolves 1×1 (T. He et al., «Bag of
Tricks for Image Classification», CVPR 2019, figure 2c). A 1×1 convolution with strides would use a
quarter of the pixels; and below 16 channels it crashed TensorFlow (oneDNN, AVX-512).
"""

from typing import Any

import keras
from keras import layers

from likeness.encoders.seeds import Seeds


def residual(
    shape: tuple[int, int, int],
    *,
    embedding_size: int = 128,
    width: int = 16,
    seed: int = 0,
    stride: int = 1,
) -> Any:
    """Return an encoder of a stem and four residual blocks, each halving the picture.

    Args:
        shape: (rows, columns, channels) of a prepared photo; at least 16×16.
        embedding_size: numbers in an embedding.
        width: channels of the first block; the others have 2, 4 and 8 times as many.
        seed: of the initial weights.
        stride: 1; or 2, a stem of 5×5 pixels that halves the picture instead of the first block:
            half the cost, for fine drawings on large pictures.

    Returns:
        A `keras.Model`, ``(n, rows, columns, channels)`` → ``(n, embedding_size)`` of unit
        length.
    """
    seeds = Seeds(seed)
    photo = layers.Input(shape, name="photo")
    x = residual_stem(photo, width, seeds, stride=stride)
    for block, channels in enumerate((width, 2 * width, 4 * width, 8 * width), start=1):
        if block < stride:
            continue
        x = residual_block(x, channels, seeds, name=f"block_{block}")
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(
        embedding_size, use_bias=False, kernel_initializer=seeds.he(), name="embedding"
    )(x)
    x = layers.BatchNormalization(momentum=0.9, name="embedding_norm")(x)
    x = layers.UnitNormalization(name="unit_length")(x)
    return keras.Model(photo, x, name="residual")


def residual_stem(photo: Any, width: int, seeds: Seeds, *, stride: int = 1) -> Any:
    """Return the first convolution's map, at full size or, with a stride of 2, at half of it."""
    x = _convolution(photo, width, seeds, name="stem", size=1 + 2 * stride, strides=stride)
    return layers.ReLU(name="stem_relu")(x)


def residual_block(x: Any, channels: int, seeds: Seeds, *, name: str, stride: int = 2) -> Any:
    """Return a map of half the rows and columns: two convolutions around a shortcut.

    With a stride of 1 the map keeps its size, and the shortcut is the map itself; it must have as
    many channels then.
    """
    y = _convolution(x, channels, seeds, strides=stride, name=f"{name}_a")
    y = layers.ReLU(name=f"{name}_a_relu")(y)
    y = _convolution(y, channels, seeds, name=f"{name}_b")
    if stride > 1:
        x = layers.AveragePooling2D(2, padding="same", name=f"{name}_halving")(x)
        x = _convolution(x, channels, seeds, size=1, name=f"{name}_shortcut")
    return layers.ReLU(name=f"{name}_relu")(layers.Add(name=f"{name}_sum")([y, x]))


def _convolution(
    x: Any, channels: int, seeds: Seeds, *, name: str, size: int = 3, strides: int = 1
) -> Any:
    x = layers.Conv2D(
        channels,
        size,
        strides=strides,
        padding="same",
        use_bias=False,
        kernel_initializer=seeds.he(),
        name=name,
    )(x)
    return layers.BatchNormalization(momentum=0.9, name=f"{name}_norm")(x)
