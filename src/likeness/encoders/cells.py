"""An encoder that compares place by place: its embedding is a coarse map of local features.

Where strokes are the identity, a stroke here and a stroke there are not the same, and what is
new about a new character is how known pieces stand together. A last dense layer has learned
which mixtures tell the *training* identities apart; a map of local features has not, and carries
over to new ones better (the figures stand in docs/omniglot.md).
"""

from typing import Any

import keras
from keras import layers

from likeness.encoders.residual import residual_block, residual_stem
from likeness.encoders.seeds import Seeds
from likeness.errors import SettingError

HALVINGS = 3

PROJECTED = 256
"""Numbers that the loss looks at behind a projection head."""


def cells(
    shape: tuple[int, int, int], *, embedding_size: int = 1024, width: int = 16, seed: int = 0
) -> Any:
    """Return an encoder of a stem and three residual blocks; the last map is the embedding.

    Args:
        shape: (rows, columns, channels) of a prepared photo; at least 8×8.
        embedding_size: numbers in an embedding: a multiple of the cells of the last map, which
            has an eighth of the rows and of the columns, rounded up.
        width: channels of the first block; the others have 2 and 4 times as many.
        seed: of the initial weights.

    Returns:
        A `keras.Model`, ``(n, rows, columns, channels)`` → ``(n, embedding_size)`` of unit
        length: the cells row by row.

    Raises:
        SettingError: the embedding does not divide among the cells.
    """
    rows, columns = map_size(shape)
    each, left = divmod(embedding_size, rows * columns)
    if left or not each:
        raise SettingError(
            f"embedding_size: expected a multiple of the {rows * columns} cells that "
            f"{shape[0]}×{shape[1]} pixels give. Received: {embedding_size}."
        )
    seeds = Seeds(seed)
    photo = layers.Input(shape, name="photo")
    x = residual_stem(photo, width, seeds)
    for block, channels in enumerate((width, 2 * width, 4 * width), start=1):
        x = residual_block(x, channels, seeds, name=f"block_{block}")
    if each != 4 * width:
        x = layers.Conv2D(each, 1, kernel_initializer=seeds.he(), name="cell")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.UnitNormalization(name="unit_length")(x)
    return keras.Model(photo, x, name="cells")


def map_size(shape: tuple[int, int, int]) -> tuple[int, int]:
    """Return rows and columns of the last map.

    >>> map_size((28, 35, 1))
    (4, 5)
    """
    return (-(-shape[0] // 2**HALVINGS), -(-shape[1] // 2**HALVINGS))


def projection_head(encoder: Any, *, seed: int = 0) -> Any:
    """Return layers between an encoder of `cells` and the loss, thrown away after training.

    What lies right before a loss forgets whatever the training identities do not need. Layers that
    are thrown away take that upon themselves (T. Chen, S. Kornblith, M. Norouzi, G. Hinton, «A
    Simple Framework for Contrastive Learning of Visual Representations», ICML 2020, section 4.2).
    Here they are a residual block over the map and a dense layer.

    Args:
        encoder: of `cells`.
        seed: of the initial weights.

    Returns:
        A `keras.Model`, ``(n, d)`` embeddings → ``(n, PROJECTED)`` of unit length.
    """
    rows, columns = map_size(encoder.input_shape[1:])
    size = encoder.output_shape[-1]
    each = size // (rows * columns)
    seeds = Seeds(seed)
    embedding = layers.Input((size,), name="embedding")
    x = layers.Reshape((rows, columns, each), name="map")(embedding)
    x = residual_block(x, 2 * each, seeds, name="head_1")
    x = layers.Flatten(name="head_flatten")(x)
    x = layers.Dense(PROJECTED, use_bias=False, kernel_initializer=seeds.he(), name="head")(x)
    x = layers.BatchNormalization(momentum=0.9, name="head_norm")(x)
    x = layers.UnitNormalization(name="head_unit_length")(x)
    return keras.Model(embedding, x, name="projection")
