"""Several encoders side by side, as one."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers


def joined(encoders: Sequence[Any]) -> Any:
    """Return one encoder whose embedding is those of all, one after the other, of unit length.

    The cosine of two of its embeddings is the mean of the encoders' cosines.

    Args:
        encoders: that read the same items, each with embeddings of unit length. Their weights are
            shared, not copied; a single one is returned as it is.
    """
    if len(encoders) == 1:
        return encoders[0]
    shape = encoders[0].input_shape[1:]
    item = layers.Input(shape, name="photo")
    # Encoders of one kind bear one name; inside one model names differ.
    members = [_named(encoder, f"member_{place}") for place, encoder in enumerate(encoders, 1)]
    together = layers.Concatenate(name="side_by_side")([member(item) for member in members])
    unit = layers.UnitNormalization(name="unit_length_of_all")(together)
    return keras.Model(item, unit, name="joined")


def _named(encoder: Any, name: str) -> Any:
    item = layers.Input(encoder.input_shape[1:], name="photo")
    return keras.Model(item, encoder(item), name=name)
