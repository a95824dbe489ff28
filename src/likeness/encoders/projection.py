"""A projection head: layers between the embedding and the loss, thrown away after training.

What lies right before a loss forgets whatever the training identities do not need. Layers that
are thrown away take that upon themselves (T. Chen, S. Kornblith, M. Norouzi, G. Hinton, «A
Simple Framework for Contrastive Learning of Visual Representations», ICML 2020, section 4.2).
"""

from typing import Any

import keras
from keras import layers

from likeness.encoders.cells import map_size
from likeness.encoders.residual import residual_block
from likeness.encoders.seeds import Seeds

SIZE = 256
"""Numbers that the loss looks at."""


def projection(encoder: Any, *, seed: int = 0) -> Any:
    """Return a head for an encoder of `cells`: a residual block over the map, a dense layer.

    Args:
        encoder: of `cells`.
        seed: of the initial weights.

    Returns:
        A `keras.Model`, ``(n, d)`` embeddings → ``(n, SIZE)`` of unit length.
    """
    rows, columns = map_size(encoder.input_shape[1:])
    size = encoder.output_shape[-1]
    each = size // (rows * columns)
    seeds = Seeds(seed)
    embedding = layers.Input((size,), name="embedding")
    x = layers.Reshape((rows, columns, each), name="map")(embedding)
    x = residual_block(x, 2 * each, seeds, name="head_1")
    x = layers.Flatten(name="head_flatten")(x)
    x = layers.Dense(SIZE, use_bias=False, kernel_initializer=seeds.he(), name="head")(x)
    x = layers.BatchNormalization(momentum=0.9, name="head_norm")(x)
    x = layers.UnitNormalization(name="head_unit_length")(x)
    return keras.Model(embedding, x, name="projection")
