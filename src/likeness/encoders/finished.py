"""The encoder as it is used after training: views, whitening, several networks side by side."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from likeness.encoders.readings import Weighed, WhitenedReadings
from likeness.encoders.views import MeanOfViews, Views
from likeness.encoders.whitening import Whitening


def finished(
    encoder: Any,
    *,
    mirrored: bool,
    shift: int,
    whitening: Whitening | Sequence[Whitening] | None = None,
) -> Any:
    """Return an encoder around ``encoder``, whose weights are shared, not copied.

    The mean of the embeddings of several views of a photo, whitened if there is a whitening,
    of unit length. Nothing is added where nothing is asked for. If the encoder weighs several
    readings of a picture, each is whitened by itself, before it is weighed.

    Args:
        encoder: ``(n, rows, columns, channels)`` → ``(n, d)`` of unit length.
        mirrored, shift: of `Views`.
        whitening: fitted on embeddings of single views, those of `unweighed`; one for each
            reading, if the encoder weighs readings.
    """
    if not mirrored and not shift and whitening is None:
        return encoder
    photo = layers.Input(encoder.input_shape[1:], name="photo")
    views = Views(mirrored=mirrored, shift=shift, name="views")
    mean = MeanOfViews(views.count, name="mean_of_views")
    if whitening is None:
        x = mean(encoder(views(photo)))
    elif isinstance(whitening, Whitening):
        x = _whitened(mean(encoder(views(photo))), whitening)
    else:
        embeddings, scores = _before_weighing(encoder)(views(photo))
        each = WhitenedReadings(len(whitening), whitening[0].matrix.shape[1], name="whitening")
        embeddings = each(embeddings)
        each.take(whitening)
        x = mean(Weighed(len(whitening), name="weighed")([embeddings, scores]))
    x = layers.UnitNormalization(name="unit_length_of_mean")(x)
    return keras.Model(photo, x, name=f"finished_{encoder.name}")


def readings_of(encoder: Any) -> int:
    """Return how many readings the encoder weighs; 1 if it weighs none."""
    last = encoder.layers[-1]
    return last.readings if isinstance(last, Weighed) else 1


def unweighed(encoder: Any) -> Any:
    """Return the part of the encoder whose embeddings a whitening is fitted on.

    The encoder itself; or, if it weighs readings, ``(n, ...)`` → ``(r · n, d)``, all first
    readings, …
    """
    if readings_of(encoder) == 1:
        return encoder
    return keras.Model(encoder.input, _before_weighing(encoder).outputs[0])


def _before_weighing(encoder: Any) -> Any:
    return keras.Model(encoder.input, encoder.layers[-1].input, name="before_weighing")


def _whitened(x: Any, whitening: Whitening) -> Any:
    # Fitted in closed form, not learned: a plain dense layer that is not trained.
    dense = layers.Dense(whitening.matrix.shape[1], trainable=False, name="whitening")
    x = dense(x)
    dense.set_weights([whitening.matrix, -whitening.mean @ whitening.matrix])
    return x


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
    named = [_named(encoder, f"member_{number}") for number, encoder in enumerate(encoders, 1)]
    together = layers.Concatenate(name="side_by_side")([encoder(item) for encoder in named])
    unit = layers.UnitNormalization(name="unit_length_of_all")(together)
    return keras.Model(item, unit, name="joined")


def _named(encoder: Any, name: str) -> Any:
    item = layers.Input(encoder.input_shape[1:], name="photo")
    return keras.Model(item, encoder(item), name=name)
