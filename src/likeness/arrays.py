"""Array types used throughout the package, and their validation.

Shapes: ``n`` items, ``d`` numbers in an embedding. Images are channels-last.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from likeness.errors import DataError, SettingError

Images = NDArray[np.uint8]
"""``(n, rows, columns, channels)``, 0…255."""

Photo = NDArray[np.uint8]
"""``(rows, columns, channels)``, 0…255: one of `Images`."""

Items = Any
"""Items that a model compares: `Images`, or a list of texts."""

Prepared = NDArray[np.float32]
"""``(n, ...)``, prepared items, the encoder's input; for photos ``(n, rows, columns,
channels)``."""

Embeddings = NDArray[np.float32]
"""``(n, d)``."""

Floats = NDArray[np.float64]
"""Numbers of any shape: rates, weights, shares."""

Integers = NDArray[np.int64]
"""Whole numbers of any shape: counts, indices."""

Mask = NDArray[np.bool_]
"""Which of some are chosen."""

Codes = NDArray[np.int64]
"""``(n,)``, 0…identities−1: the identity of each item as a small number."""

Pairs = NDArray[np.int64]
"""``(n, 2)``, indices of items, the smaller first."""

Energies = NDArray[np.float64]
"""``(n,)`` or ``(n, m)``, ≥ 0 unless the energy says otherwise; lower is more alike."""


def check_images(images: Any, *, argument: str = "images") -> Images:
    """Return ``images`` if it is ``(n, rows, columns, channels)`` of ``uint8``.

    Raises:
        DataError: it has another shape or type.
    """
    if not isinstance(images, np.ndarray) or images.ndim != 4 or images.dtype != np.uint8:
        raise DataError(
            f"{argument}: expected uint8 of shape (n, rows, columns, channels). "
            f"Received: {describe(images)}. A single photo needs a leading axis: `photo[None]`."
        )
    return images


def check_embeddings(embeddings: Any, *, argument: str = "embeddings") -> NDArray[np.floating[Any]]:
    """Return ``embeddings`` if it is ``(n, d)``, floating and finite.

    Raises:
        DataError: it has another shape or type, or a value is NaN or infinite.
    """
    if not isinstance(embeddings, np.ndarray) or embeddings.ndim != 2:
        raise DataError(
            f"{argument}: expected numbers of shape (n, d). Received: {describe(embeddings)}."
        )
    if not np.issubdtype(embeddings.dtype, np.floating):
        raise DataError(f"{argument}: expected floating numbers. Received: {describe(embeddings)}.")
    if not np.isfinite(embeddings).all():
        rows = np.flatnonzero(~np.isfinite(embeddings).all(axis=1))
        raise DataError(
            f"{argument}: expected finite numbers. {len(rows)} rows hold NaN or infinity, "
            f"the first is row {rows[0]}."
        )
    return embeddings


def check_in_range(
    value: float, low: float, high: float, *, argument: str, whole: bool = False
) -> None:
    """Raise unless ``low <= value <= high`` and, with ``whole``, the value is an integer.

    Raises:
        SettingError: the value is outside.
    """
    is_number = isinstance(value, int | float | np.integer | np.floating)
    if isinstance(value, bool) or not is_number or not low <= value <= high:
        kind = "a whole number" if whole else "a number"
        raise SettingError(
            f"{argument}: expected {kind} from {low:g} to {high:g}. Received: {value!r}."
        )
    if whole and value != int(value):
        raise SettingError(f"{argument}: expected a whole number. Received: {value!r}.")


def describe(value: Any) -> str:
    """Describe ``value`` briefly, for an error message."""
    if isinstance(value, np.ndarray):
        return f"{value.dtype} of shape {value.shape}"
    return type(value).__name__
