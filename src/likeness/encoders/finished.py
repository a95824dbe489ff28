"""The final encoder after training: averaged views, whitening, ensembles.

A face and its mirror image are the same person, and so is a face that stands a few pixels
farther left. Averaging the embeddings of such views removes what changes between them (pose, side
light, position relative to the strides) and keeps the rest.
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from likeness.arrays import check_in_range
from likeness.encoders.cells import Weighed, WhitenedReadings
from likeness.encoders.seeds import LayerWithSettings
from likeness.encoders.whitening import Whitening


@keras.saving.register_keras_serializable(package="likeness")
class Views(LayerWithSettings):
    """``(n, rows, columns, channels)`` → ``(views · n, ...)``: all photos in the first view, …

    The first view is the photo as it is. With ``shift``, it is also moved towards each of the
    four corners, the edge pixels repeated; with ``mirrored``, all of these come mirrored too.

    Args:
        mirrored: whether mirror images are views.
        shift: by how many pixels to move, both down or up and across; 0: not at all.
        **kwargs: of `keras.layers.Layer`.

    Raises:
        SettingError: ``shift`` is out of its range.
    """

    SETTINGS = ("mirrored", "shift")

    def __init__(self, *, mirrored: bool = True, shift: int = 3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        check_in_range(shift, 0, 64, argument="shift", whole=True)
        self.mirrored = mirrored
        self.shift = shift

    @property
    def count(self) -> int:
        """How many views there are of a photo."""
        return (5 if self.shift else 1) * (2 if self.mirrored else 1)

    def call(self, photos: Any) -> Any:
        """Return the views."""
        views = [photos, *(self._moved(photos, *corner) for corner in _CORNERS if self.shift)]
        if self.mirrored:
            views += [ops.flip(view, axis=2) for view in views]
        return ops.concatenate(views, axis=0)

    def _moved(self, photos: Any, down: int, across: int) -> Any:
        return self._along(self._along(photos, down, axis=1), across, axis=2)

    def _along(self, photos: Any, direction: int, *, axis: int) -> Any:
        """Shift along one axis, with the edge repeated.

        Slices, not `ops.take`, which cannot be exported to ONNX on torch.
        """
        length = photos.shape[axis]
        step = min(self.shift, length - 1)
        before = (slice(None),) * axis
        if direction > 0:
            edge, rest = photos[(*before, slice(0, 1))], photos[(*before, slice(0, length - step))]
            return ops.concatenate([edge] * step + [rest], axis=axis)
        edge, rest = (
            photos[(*before, slice(length - 1, None))],
            photos[(*before, slice(step, None))],
        )
        return ops.concatenate([rest] + [edge] * step, axis=axis)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the input's shape, the number of photos times the views."""
        photos = input_shape[0]
        return (None if photos is None else self.count * photos, *input_shape[1:])


_CORNERS = ((-1, -1), (-1, 1), (1, -1), (1, 1))
"""(down, across). Corners, not sides: each view is shifted along both axes."""


@keras.saving.register_keras_serializable(package="likeness")
class MeanOfViews(LayerWithSettings):
    """``(views · n, d)`` → ``(n, d)``: the mean over the views of `Views`.

    Args:
        views: how many.
        **kwargs: of `keras.layers.Layer`.
    """

    SETTINGS = ("views",)

    def __init__(self, views: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        check_in_range(views, 1, 1000, argument="views", whole=True)
        self.views = views

    def call(self, embeddings: Any) -> Any:
        """Return the means."""
        size = embeddings.shape[-1]
        return ops.mean(ops.reshape(embeddings, (self.views, -1, size)), axis=0)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the input's shape, the number of embeddings divided by the views."""
        embeddings = input_shape[0]
        return (None if embeddings is None else embeddings // self.views, input_shape[-1])


def finished(
    encoder: Any,
    *,
    mirrored: bool,
    shift: int,
    whitening: Whitening | Sequence[Whitening] | None = None,
) -> Any:
    """Return an encoder around ``encoder``, whose weights are shared, not copied.

    The mean of the embeddings of several views of a photo, whitened if there is a whitening,
    of unit length. Without views and whitening nothing is added. If the encoder weights several
    readings of a picture, each is whitened separately, before it is weighted.

    Args:
        encoder: ``(n, rows, columns, channels)`` → ``(n, d)`` of unit length.
        mirrored, shift: of `Views`.
        whitening: fitted on embeddings of single views, those of `unweighed`; one for each reading,
            if the encoder has readings.
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
    """Return the number of readings of the encoder; 1 if it has no readings."""
    last = encoder.layers[-1]
    return last.readings if isinstance(last, Weighed) else 1


def unweighed(encoder: Any) -> Any:
    """Return the part of the encoder whose embeddings a whitening is fitted on.

    The encoder itself; or, if it has readings, ``(n, ...)`` → ``(r · n, d)``, all first
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
    """Return one encoder that concatenates the embeddings of all, scaled to unit length.

    The cosine of two of its embeddings is the mean of the encoders' cosines.

    Args:
        encoders: that read the same items, each with embeddings of unit length. Their weights are
            shared, not copied; a single one is returned as it is.
    """
    if len(encoders) == 1:
        return encoders[0]
    shape = encoders[0].input_shape[1:]
    item = layers.Input(shape, name="photo")
    # Encoders of one kind have the same name; inside a model names must differ.
    named = [_named(encoder, f"member_{number}") for number, encoder in enumerate(encoders, 1)]
    together = layers.Concatenate(name="side_by_side")([encoder(item) for encoder in named])
    unit = layers.UnitNormalization(name="unit_length_of_all")(together)
    return keras.Model(item, unit, name="joined")


def _named(encoder: Any, name: str) -> Any:
    item = layers.Input(encoder.input_shape[1:], name="photo")
    return keras.Model(item, encoder(item), name=name)
