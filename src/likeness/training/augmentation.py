"""Data augmentation: random distortions that keep the identity.

With eight photos of a person a network memorises the photos; random distortions in every batch make
it invariant to them.
"""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from likeness.arrays import Codes, Prepared, check_in_range

# Ranges at strength 1, as half-widths of uniform distributions.
TURN = 0.15  # radians, 8.6 degrees
LOG_SCALE = 0.13
LOG_ASPECT = 0.06
SHEAR = 0.10
SHIFT = 0.08  # of the width and the height
LOG_CONTRAST = 0.3
BRIGHTNESS = 0.3  # in standard deviations of the photo
LIGHT_ACROSS = 0.5
LIGHT_DOWN = 0.3
NOISE = 0.05
ERASED = (0.1, 0.4)  # half-sizes of the erased box, of half the photo's
# Of elastic distortion, at strength 1.
ARROWS = 5  # in each direction of the grid
ARROW_WIDTH = 0.7  # of the distance between two of them
ARROW_LENGTH = 0.03  # standard deviation, of the height or the width
# Of stroke jitter, at strength 1: how much of one pixel more, or less, on either side.
THICKER, THINNER = 1.0, 0.6


class _Distortion(layers.Layer):
    """A layer that changes photos while training only, by settings and a seed."""

    def __init__(self, settings: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._settings = settings
        for name, value in settings.items():
            setattr(self, name, value)
        self._seeds = keras.random.SeedGenerator(settings["seed"])

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs."""
        return {**super().get_config(), **self._settings}

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the input's shape."""
        return input_shape


@keras.saving.register_keras_serializable(package="likeness")
class Augmentation(_Distortion):
    """Rotate, scale, shear, shift, change brightness and contrast, add noise and erase a part; only
    in training.

    For prepared photos (mean 0, deviation 1). Every photo of a batch is changed independently.
    Erasing is that of Z. Zhong, L. Zheng, G. Kang, S. Li, Y. Yang, «Random Erasing Data
    Augmentation», AAAI 2020, with one grey instead of noise.

    Args:
        geometry: strength of rotation, scaling, shearing and shifting; 0 none, 1 default, ≤ 5.
        brightness_contrast: strength of the jitter of contrast and brightness, of light from one
            side and of noise; 0…5.
        erasing: probability that a box of the photo is covered with one grey, 0…1.
        seed: random seed.
        paper: erase with the lightest grey of the picture, like blank paper.
        **kwargs: of `keras.layers.Layer`.

    Raises:
        SettingError: an argument is out of range.
    """

    def __init__(
        self,
        geometry: float = 1.0,
        brightness_contrast: float = 1.0,
        erasing: float = 0.5,
        seed: int = 0,
        *,
        paper: bool = False,
        **kwargs: Any,
    ) -> None:
        check_in_range(geometry, 0.0, 5.0, argument="geometry")
        check_in_range(brightness_contrast, 0.0, 5.0, argument="brightness_contrast")
        check_in_range(erasing, 0.0, 1.0, argument="erasing")
        super().__init__(
            {
                "geometry": geometry,
                "brightness_contrast": brightness_contrast,
                "erasing": erasing,
                "seed": seed,
                "paper": paper,
            },
            **kwargs,
        )

    def call(self, photos: Any, training: bool | None = None) -> Any:
        """Return ``(n, rows, columns, channels)``: distorted in training, otherwise unchanged."""
        if not training:
            return photos
        if self.geometry > 0:
            photos = self._moved(photos)
        if self.brightness_contrast > 0:
            photos = self._relit(photos)
        if self.erasing > 0:
            photos = self._erased(photos)
        return photos

    def _draw(self, photos: Any, low: float, high: float) -> Any:
        """Return ``(n,)`` numbers, one per photo."""
        return keras.random.uniform((ops.shape(photos)[0],), low, high, seed=self._seeds)

    def _within(self, photos: Any, half_width: float) -> Any:
        """Return ``(n, 1, 1, 1)`` numbers from −half_width to half_width."""
        return ops.reshape(self._draw(photos, -half_width, half_width), (-1, 1, 1, 1))

    def _moved(self, photos: Any) -> Any:
        strength = self.geometry
        turn = self._draw(photos, -strength * TURN, strength * TURN)
        across = ops.exp(self._draw(photos, -strength * LOG_SCALE, strength * LOG_SCALE))
        down = across * ops.exp(self._draw(photos, -strength * LOG_ASPECT, strength * LOG_ASPECT))
        shear = self._draw(photos, -strength * SHEAR, strength * SHEAR)
        rows, columns = photos.shape[1], photos.shape[2]
        middle_x, middle_y = (columns - 1) / 2, (rows - 1) / 2
        # Output pixel (x, y) takes the input at (xx·x + xy·y + x0, yx·x + yy·y + y0).
        xx, xy = ops.cos(turn) * across, (shear - ops.sin(turn)) * across
        yx, yy = ops.sin(turn) * down, ops.cos(turn) * down
        shift_x = columns * self._draw(photos, -strength * SHIFT, strength * SHIFT)
        shift_y = rows * self._draw(photos, -strength * SHIFT, strength * SHIFT)
        x0 = middle_x - xx * middle_x - xy * middle_y + shift_x
        y0 = middle_y - yx * middle_x - yy * middle_y + shift_y
        nothing = ops.zeros_like(xx)
        transform = ops.stack([xx, xy, x0, yx, yy, y0, nothing, nothing], axis=1)
        return ops.image.affine_transform(
            photos,
            transform,
            interpolation="bilinear",
            fill_mode="nearest",
            data_format="channels_last",
        )

    def _relit(self, photos: Any) -> Any:
        across, down = _coordinates(photos)
        strength = self.brightness_contrast
        photos = photos * ops.exp(self._within(photos, strength * LOG_CONTRAST))
        photos = photos + self._within(photos, strength * BRIGHTNESS)
        photos = photos + across * self._within(photos, strength * LIGHT_ACROSS)
        photos = photos + down * self._within(photos, strength * LIGHT_DOWN)
        noise = keras.random.normal(ops.shape(photos), dtype=photos.dtype, seed=self._seeds)
        return photos + strength * NOISE * noise

    def _erased(self, photos: Any) -> Any:
        across, down = _coordinates(photos)
        middle = (sum(ERASED) / 2, (ERASED[1] - ERASED[0]) / 2)
        half_width = middle[0] + self._within(photos, middle[1])
        half_height = middle[0] + self._within(photos, middle[1])
        inside = ops.logical_and(
            ops.abs(across - self._within(photos, 1.0)) < half_width,
            ops.abs(down - self._within(photos, 1.0)) < half_height,
        )
        chosen = ops.reshape(self._draw(photos, 0.0, 1.0), (-1, 1, 1, 1)) < self.erasing
        grey = self._within(photos, 1.0)
        if self.paper:
            grey = ops.max(photos, axis=(1, 2, 3), keepdims=True)
        return ops.where(ops.logical_and(inside, chosen), grey, photos)


def _coordinates(photos: Any) -> tuple[Any, Any]:
    """Return (across, down): −1…1 from the first column (row) to the last, broadcastable."""
    rows, columns = photos.shape[1], photos.shape[2]
    across = ops.reshape(ops.linspace(-1.0, 1.0, columns), (1, 1, columns, 1))
    down = ops.reshape(ops.linspace(-1.0, 1.0, rows), (1, rows, 1, 1))
    return ops.cast(across, photos.dtype), ops.cast(down, photos.dtype)


@keras.saving.register_keras_serializable(package="likeness")
class ElasticDistortion(_Distortion):
    """Distort a picture smoothly (elastic distortion), like the variation of handwriting; only in
    training.

    Elastic distortions after P. Simard, D. Steinkraus, J. Platt, «Best Practices for
    Convolutional Neural Networks Applied to Visual Document Analysis», ICDAR 2003; here the
    smooth field is spanned by a few random arrows on a grid, each with a Gaussian around it.
    Every picture of a batch is distorted independently. In addition, those of one identity may
    share a distortion, which makes them a synthetic identity.

    Args:
        strength: 0 none, 1 default, ≤ 5; proportional to the arrows' lengths.
        seed: random seed.
        shared: strength of the shared distortion, 0…5.
        alike: number of consecutive pictures that share it; the batch size must be a multiple
            of it.
        **kwargs: of `keras.layers.Layer`.

    Raises:
        SettingError: an argument is out of its range.
    """

    def __init__(
        self,
        strength: float = 1.0,
        seed: int = 0,
        *,
        shared: float = 0.0,
        alike: int = 1,
        **kwargs: Any,
    ) -> None:
        check_in_range(strength, 0.0, 5.0, argument="strength")
        check_in_range(shared, 0.0, 5.0, argument="shared")
        check_in_range(alike, 1, 2**20, argument="alike", whole=True)
        settings = {"strength": strength, "seed": seed, "shared": shared, "alike": alike}
        super().__init__(settings, **kwargs)

    def call(self, photos: Any, training: bool | None = None) -> Any:
        """Return ``(n, rows, columns, channels)``: distorted in training, otherwise unchanged."""
        if not training or self.strength == self.shared == 0:
            return photos
        count = ops.shape(photos)[0]
        arrows = self._arrows(count, self.strength)
        if self.shared > 0:
            in_common = self._arrows(count // self.alike, self.shared)
            arrows = arrows + ops.repeat(in_common, self.alike, axis=0)
        return _bent(photos, arrows)

    def by_identity(self, photos: Prepared, codes: Codes) -> Prepared:
        """Return pictures distorted by the strength and the seed, all of one identity alike.

        So bent, they are those of somebody else, whose habits differ: a further identity.

        Args:
            photos: ``(n, rows, columns, channels)``.
            codes: ``(n,)``, 0…identities−1.
        """
        shape = (int(codes.max()) + 1, 2, ARROWS, ARROWS)
        rng = np.random.default_rng(self.seed)
        arrows = rng.normal(scale=self.strength * ARROW_LENGTH, size=shape)
        parts = [
            ops.convert_to_numpy(
                _bent(
                    ops.convert_to_tensor(photos[start : start + 64]),
                    ops.convert_to_tensor(arrows[codes[start : start + 64]].astype(np.float32)),
                )
            )
            for start in range(0, len(photos), 64)
        ]
        return np.concatenate(parts)

    def _arrows(self, count: Any, strength: float) -> Any:
        shape = (count, 2, ARROWS, ARROWS)
        return keras.random.normal(shape, stddev=strength * ARROW_LENGTH, seed=self._seeds)


def _bent(photos: Any, arrows: Any) -> Any:
    """Return the photos distorted by ``(n, 2, ARROWS, ARROWS)`` arrows, in heights and widths."""
    rows, columns = photos.shape[1], photos.shape[2]
    moves = ops.einsum("rk,nakl,cl->narc", _spread(rows), arrows, _spread(columns))
    down = ops.reshape(ops.arange(rows, dtype="float32"), (1, -1, 1)) + rows * moves[:, 0]
    across = ops.reshape(ops.arange(columns, dtype="float32"), (1, 1, -1))
    return _sampled(photos, down, across + columns * moves[:, 1])


def _spread(length: int) -> Any:
    """Return ``(length, ARROWS)``: the effect of each arrow on each line; rows of unit length."""
    distances = np.linspace(0, ARROWS - 1, length)[:, None] - np.arange(ARROWS)
    weights = np.exp(-0.5 * (distances / ARROW_WIDTH) ** 2)
    return ops.convert_to_tensor(
        (weights / np.linalg.norm(weights, axis=1, keepdims=True)).astype(np.float32)
    )


def _sampled(photos: Any, down: Any, across: Any) -> Any:
    """Return ``photos`` read at ``(n, rows, columns)`` positions, bilinear, with the edge repeated.

    By one flat index: `ops.image.map_coordinates` takes four times as long on batches.
    """
    rows, columns, channels = photos.shape[1:]
    down = ops.clip(down, 0.0, rows - 1.0)
    across = ops.clip(across, 0.0, columns - 1.0)
    top, left = ops.floor(down), ops.floor(across)
    below, right = (ops.expand_dims(part, -1) for part in (down - top, across - left))
    flat = ops.reshape(photos, (-1, channels))
    first = ops.reshape(ops.arange(ops.shape(photos)[0]), (-1, 1, 1)) * (rows * columns)

    def pixels(row: Any, column: Any) -> Any:
        row, column = ops.cast(row, "int32"), ops.cast(column, "int32")
        row, column = ops.minimum(row, rows - 1), ops.minimum(column, columns - 1)
        return ops.take(flat, first + row * columns + column, axis=0)

    upper = (1 - right) * pixels(top, left) + right * pixels(top, left + 1)
    lower = (1 - right) * pixels(top + 1, left) + right * pixels(top + 1, left + 1)
    return (1 - below) * upper + below * lower


@keras.saving.register_keras_serializable(package="likeness")
class StrokeJitter(_Distortion):
    """Make strokes thicker or thinner, like another pen; only in training.

    Between the picture and the darkest (thicker) or lightest (thinner) of each pixel's 3×3
    neighbours, by a random share for every picture of a batch: dilation and erosion that
    reach up to one pixel.

    Args:
        strength: 0 none, 1 default, ≤ 1; proportional to the share.
        seed: random seed.
        **kwargs: of `keras.layers.Layer`.

    Raises:
        SettingError: ``strength`` is out of its range.
    """

    def __init__(self, strength: float = 1.0, seed: int = 0, **kwargs: Any) -> None:
        check_in_range(strength, 0.0, 1.0, argument="strength")
        super().__init__({"strength": strength, "seed": seed}, **kwargs)

    def call(self, drawings: Any, training: bool | None = None) -> Any:
        """Return ``(n, rows, columns, channels)``, dark ink: changed in training."""
        if not training or self.strength == 0:
            return drawings
        shape = (ops.shape(drawings)[0], 1, 1, 1)
        share = keras.random.uniform(shape, -self.strength, self.strength, seed=self._seeds)
        darkest = -ops.max_pool(-drawings, 3, strides=1, padding="same")
        lightest = ops.max_pool(drawings, 3, strides=1, padding="same")
        thicker = drawings + THICKER * share * (darkest - drawings)
        thinner = drawings - THINNER * share * (lightest - drawings)
        return ops.where(share > 0, thicker, thinner)
