"""The encoder as it is used after training: views in front, whitening behind."""

from typing import Any

import keras
from keras import layers

from likeness.encoders.views import MeanOfViews, Views
from likeness.encoders.whitening import Whitening


def finished(
    encoder: Any, *, mirrored: bool, shift: int, whitening: Whitening | None = None
) -> Any:
    """Return an encoder around ``encoder``, whose weights are shared, not copied.

    The mean of the embeddings of several views of a photo, whitened if there is a whitening,
    of unit length. Nothing is added where nothing is asked for.

    Args:
        encoder: ``(n, rows, columns, channels)`` → ``(n, d)`` of unit length.
        mirrored, shift: of `Views`.
        whitening: fitted on embeddings of single views.
    """
    if not mirrored and not shift and whitening is None:
        return encoder
    photo = layers.Input(encoder.input_shape[1:], name="photo")
    views = Views(mirrored=mirrored, shift=shift, name="views")
    x = MeanOfViews(views.count, name="mean_of_views")(encoder(views(photo)))
    if whitening is not None:
        # Fitted in closed form, not learned: a plain dense layer that is not trained.
        dense = layers.Dense(whitening.matrix.shape[1], trainable=False, name="whitening")
        x = dense(x)
        dense.set_weights([whitening.matrix, -whitening.mean @ whitening.matrix])
    x = layers.UnitNormalization(name="unit_length_of_mean")(x)
    return keras.Model(photo, x, name=f"finished_{encoder.name}")
