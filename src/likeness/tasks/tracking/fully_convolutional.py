"""A fully-convolutional encoder: pictures of any size to maps of features.

L. Bertinetto, J. Valmadre, J. F. Henriques, A. Vedaldi, P. H. S. Torr, «Fully-Convolutional
Siamese Networks for Object Tracking», ECCV 2016 workshops. No convolution is padded: what a
cell of the map says does not depend on where in the picture it is, so a template moved by
four pixels gives the same features one cell further. Smaller than theirs (they have five
layers of AlexNet), and with two departures: each cell is scaled to unit length, which makes
the correlation a mean of cosines and keeps a bright cell from drowning the others, and
pictures are 63 and 127 pixels wide rather than 127 and 255.
"""

from typing import Any

import keras
from keras import layers

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
