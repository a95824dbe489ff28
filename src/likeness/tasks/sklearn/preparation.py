"""From rows of numbers, or images of any kind of number, to what an encoder reads."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from likeness.arrays import Prepared

LEVELS = 255
"""A deviation below one of so many levels of the range seen while fitting counts as none: a
flat image is centred but not blown up."""


@dataclass(frozen=True, kw_only=True)
class FeaturePreparation:
    """Rows of numbers, each feature brought to mean 0 and deviation 1 of the rows fitted to.

    Args:
        mean: ``(features,)``.
        deviation: ``(features,)``, above 0; 1 for a feature that never changes.
    """

    mean: tuple[float, ...]
    deviation: tuple[float, ...]

    def __call__(self, items: NDArray[Any]) -> Prepared:
        """Return ``(n, features)``, float32, of ``(n, features)``."""
        return np.asarray((items - np.array(self.mean)) / np.array(self.deviation), np.float32)


@dataclass(frozen=True, kw_only=True)
class ItemPreparation:
    """Images, each brought to mean 0 and deviation 1 over its own numbers.

    So an image twice as bright, or with half the contrast, gives the same input.

    Args:
        flat: the smallest deviation that is divided by, > 0.
    """

    flat: float

    def __call__(self, items: NDArray[Any]) -> Prepared:
        """Return ``(n, rows, columns, channels)``, float32; without channels, one is added."""
        images = items[..., None] if items.ndim == 3 else items
        centred = images - images.mean(axis=(1, 2, 3), keepdims=True)
        deviation = centred.std(axis=(1, 2, 3), keepdims=True)
        return np.asarray(centred / np.maximum(deviation, self.flat), np.float32)


AnyPreparation = FeaturePreparation | ItemPreparation

_KINDS: dict[str, Callable[..., AnyPreparation]] = {
    "feature": FeaturePreparation,
    "item": ItemPreparation,
}


def fit_preparation(items: NDArray[np.float64]) -> AnyPreparation:
    """Return the preparation for rows of numbers ``(n, features)``, or for images."""
    if items.ndim == 2:
        # First to the size of one: squares of the largest floats are infinite.
        size = np.maximum(np.abs(items).max(axis=0), np.finfo(np.float64).tiny)
        mean = (items / size).mean(axis=0) * size
        deviation = ((items - mean) / size).std(axis=0) * size
        # Rounding alone: the feature is one and the same number in every row.
        constant = deviation <= 8 * np.finfo(np.float64).eps * np.abs(mean)
        return FeaturePreparation(
            mean=tuple(mean.tolist()),
            deviation=tuple(np.where(constant | (deviation == 0), 1.0, deviation).tolist()),
        )
    span = float(items.max() - items.min())
    return ItemPreparation(flat=span / LEVELS if span > 0 else 1.0)


def preparation_to_data(preparation: AnyPreparation) -> dict[str, Any]:
    """Return JSON values from which `preparation_from_data` makes it again."""
    (kind,) = (name for name, made in _KINDS.items() if type(preparation) is made)
    entries = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in vars(preparation).items()
    }
    return {"kind": kind, **entries}


def preparation_from_data(entries: Mapping[str, Any]) -> AnyPreparation:
    """Return the preparation that was written.

    Raises:
        KeyError, TypeError: it was not written by `preparation_to_data`.
    """
    settings = dict(entries)
    made = _KINDS[settings.pop("kind")]
    return made(
        **{
            name: tuple(value) if isinstance(value, list) else value
            for name, value in settings.items()
        }
    )
