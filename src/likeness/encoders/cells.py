"""An encoder whose embedding is a coarse map of local features, compared cell by cell.

For drawings, the position of a stroke matters, and a new character is a new arrangement of known
parts. A final dense layer learns combinations that separate the *training* identities; a map of
local features generalises better to new ones (figures in docs/omniglot.md).

`readings` is an encoder of several readings of one picture, with learned weights. Writing can be
segmented into two or three characters, of which one is right. The same network reads every reading,
and returns an embedding, cell by cell as in `cells`, and a score. The scores of a picture's
readings become weights with the sum 1, and each embedding is scaled by the square root of its
weight: the cosine between two pictures is then the sum of the cosines per reading, weighted by the
geometric mean of the two weights. The right reading is not labelled: it is learned through the
loss, since pictures by one writer agree in it.
"""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from likeness.arrays import check_in_range
from likeness.encoders.residual import residual_block, residual_stem
from likeness.encoders.seeds import LayerWithSettings, Seeds
from likeness.encoders.whitening import Whitening
from likeness.errors import SettingError

_HALVINGS = 3

PROJECTED = 256
"""Size of the output of the projection head."""


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
    rows, columns = _map_size(shape)
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


def _map_size(shape: tuple[int, int, int]) -> tuple[int, int]:
    """Return rows and columns of the last map.

    >>> _map_size((28, 35, 1))
    (4, 5)
    """
    return (-(-shape[0] // 2**_HALVINGS), -(-shape[1] // 2**_HALVINGS))


def projection_head(encoder: Any, *, seed: int = 0) -> Any:
    """Return the projection head between an encoder of `cells` and the loss, discarded after
    training.

    The layers right before a loss discard what the training identities do not need. With a
    projection head, that affects layers which are discarded (T. Chen, S. Kornblith, M. Norouzi, G.
    Hinton, «A Simple Framework for Contrastive Learning of Visual Representations», ICML 2020,
    section 4.2). Here they are a residual block over the map and a dense layer.

    Args:
        encoder: of `cells`.
        seed: of the initial weights.

    Returns:
        A `keras.Model`, ``(n, d)`` embeddings → ``(n, PROJECTED)`` of unit length.
    """
    rows, columns = _map_size(encoder.input_shape[1:])
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


_JUDGES = 32  # units between the last map and the score


def readings(
    shape: tuple[int, int, int], *, embedding_size: int = 1152, width: int = 32, seed: int = 0
) -> Any:
    """Return an encoder of a stem that halves the picture, and three residual blocks.

    Args:
        shape: (rows, columns, readings) of a prepared picture; at least 16×16.
        embedding_size: numbers in an embedding: a multiple of the readings times the cells of the
            last map, which has an eighth of the rows and of the columns, rounded up.
        width: channels of the stem and the first block, which keeps the map's size; the others
            have 2 and 4 times as many.
        seed: of the initial weights.

    Returns:
        A `keras.Model`, ``(n, rows, columns, readings)`` → ``(n, embedding_size)`` of unit
        length: reading by reading, in each the cells row by row.

    Raises:
        SettingError: the embedding does not divide among the cells of the readings.
    """
    rows, columns = _map_size(shape)
    count = shape[2]
    each, left = divmod(embedding_size, rows * columns * count)
    if left or not each:
        raise SettingError(
            f"embedding_size: expected a multiple of the {count} × {rows * columns} cells that "
            f"{count} readings of {shape[0]}×{shape[1]} pixels give. Received: {embedding_size}."
        )
    seeds = Seeds(seed)
    picture = layers.Input(shape, name="photo")
    x = OneByOne(name="one_by_one")(picture)
    x = residual_stem(x, width, seeds, stride=2)
    for block, (channels, stride) in enumerate(((1, 1), (2, 2), (4, 2)), start=1):
        x = residual_block(x, channels * width, seeds, name=f"block_{block}", stride=stride)
    pooled = layers.Concatenate(name="seen")(
        [
            layers.GlobalAveragePooling2D(name="mean")(x),
            layers.GlobalMaxPooling2D(name="strongest")(x),
        ]
    )
    judged = layers.Dense(_JUDGES, activation="relu", kernel_initializer=seeds.he(), name="judges")(
        pooled
    )
    # All readings have equal weights at first. Weights that become hard too early stay so, and two
    # pictures that are read differently then have nothing in common.
    score = layers.Dense(1, kernel_initializer="zeros", name="score")(judged)
    x = layers.Conv2D(each, 1, use_bias=False, kernel_initializer=seeds.he(), name="cell")(x)
    x = layers.BatchNormalization(momentum=0.9, name="cell_norm")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.UnitNormalization(name="unit_length")(x)
    x = Weighed(count, name="weighed")([x, score])
    return keras.Model(picture, x, name="readings")


@keras.saving.register_keras_serializable(package="likeness")
class OneByOne(layers.Layer):
    """``(n, rows, columns, r)`` → ``(r · n, rows, columns, 1)``: all first readings, …"""

    def call(self, pictures: Any) -> Any:
        """Return the readings, one picture each."""
        count = pictures.shape[3]
        return ops.concatenate([pictures[..., at : at + 1] for at in range(count)], axis=0)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of single readings."""
        pictures, rows, columns, count = input_shape
        return (None if pictures is None else pictures * count, rows, columns, 1)


@keras.saving.register_keras_serializable(package="likeness")
class Weighed(LayerWithSettings):
    """``(r · n, d)`` and scores ``(r · n, 1)`` → ``(n, r · d)`` of unit length.

    Args:
        readings: r, how many each picture has, as `OneByOne` orders them.
        **kwargs: of `keras.layers.Layer`.
    """

    SETTINGS = ("readings",)

    def __init__(self, readings: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        check_in_range(readings, 1, 1000, argument="readings", whole=True)
        self.readings = readings

    def call(self, embedded: Any) -> Any:
        """Return the embeddings of a picture's readings, scaled by the roots of their weights."""
        embeddings, scores = embedded
        size = embeddings.shape[-1]
        apart = ops.reshape(embeddings, (self.readings, -1, size))
        scores = ops.reshape(scores, (self.readings, -1, 1))
        # The roots of a softmax, by logarithms: a root has no gradient where a weight is 0.
        apart = apart * ops.exp(0.5 * ops.log_softmax(scores, axis=0))
        return ops.concatenate([apart[at] for at in range(self.readings)], axis=-1)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the embeddings."""
        (embeddings, size), _ = input_shape
        return (None if embeddings is None else embeddings // self.readings, size * self.readings)


@keras.saving.register_keras_serializable(package="likeness")
class WhitenedReadings(LayerWithSettings):
    """``(r · n, d)`` → ``(r · n, k)`` of unit length: each reading by its own matrix.

    The matrices are fitted in closed form by `Whitening`, not learned.

    Args:
        readings: r, as `OneByOne` orders them.
        size: k.
        **kwargs: of `keras.layers.Layer`.
    """

    SETTINGS = ("readings", "size")

    def __init__(self, readings: int, size: int, **kwargs: Any) -> None:
        super().__init__(**{"trainable": False} | kwargs)
        self.readings = readings
        self.size = size

    def build(self, input_shape: Any) -> None:
        """Create the matrices."""
        shape = (self.readings, input_shape[-1], self.size)
        self.matrices = self.add_weight(shape=shape, trainable=False, name="matrices")
        self.moves = self.add_weight(
            shape=(self.readings, 1, self.size), trainable=False, name="moves"
        )

    def take(self, whitenings: Sequence[Whitening]) -> None:
        """Take the whitening of each reading."""
        self.matrices.assign(np.stack([whitening.matrix for whitening in whitenings]))
        self.moves.assign(np.stack([-(w.mean @ w.matrix)[None] for w in whitenings]))

    def call(self, embeddings: Any) -> Any:
        """Return the whitened embeddings."""
        apart = ops.reshape(embeddings, (self.readings, -1, embeddings.shape[-1]))
        moved = ops.reshape(ops.matmul(apart, self.matrices) + self.moves, (-1, self.size))
        return ops.normalize(moved, axis=-1, order=2)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the whitened embeddings."""
        return (input_shape[0], self.size)
