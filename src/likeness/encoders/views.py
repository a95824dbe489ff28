"""An encoder that looks at a photo several times, a little differently, and takes the mean.

A face and its mirror image are the same person, and so is a face that stands a few pixels
farther left. Averaging the embeddings of such views takes away what changes between them
(pose, light from one side, where the strides of the convolutions fall) and keeps what does
not.
"""

from typing import Any

import keras
from keras import layers, ops

from likeness.arrays import check_in_range


@keras.saving.register_keras_serializable(package="likeness")
class Views(layers.Layer):
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
        """Move along one axis; what comes in is a copy of the edge.

        Slices, not `ops.take`: that one has no ONNX form on torch.
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

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs."""
        return {**super().get_config(), "mirrored": self.mirrored, "shift": self.shift}


_CORNERS = ((-1, -1), (-1, 1), (1, -1), (1, 1))
"""(down, across). Corners, not sides: a view is moved both ways at the price of one."""


@keras.saving.register_keras_serializable(package="likeness")
class MeanOfViews(layers.Layer):
    """``(views · n, d)`` → ``(n, d)``: the mean over what `Views` put one after the other.

    Args:
        views: how many.
        **kwargs: of `keras.layers.Layer`.
    """

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

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs."""
        return {**super().get_config(), "views": self.views}
