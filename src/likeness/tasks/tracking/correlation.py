"""Cross-correlation of feature maps: the energy of a tracker."""

import numpy as np
from numpy.typing import NDArray

Maps = NDArray[np.float32]
"""``(n, rows, columns, channels)``, an encoder's features, of unit length per cell."""

EnergyMaps = NDArray[np.float64]
"""``(n, rows, columns)``, −1…1, lower is more alike: the template laid on every place."""


def correlation_energies(template: Maps, search: Maps, weights: NDArray[np.float64]) -> EnergyMaps:
    """Return minus the weighted mean cosine between template and search, place by place.

    Bertinetto et al. 2016, equation 1, for one template and several search pieces. Each cell of
    the maps has unit length, so that the energy lies between −1 (alike in every cell) and 1.

    Args:
        template: ``(h, w, channels)``.
        search: ``(n, rows, columns, channels)``, rows ≥ h, columns ≥ w.
        weights: ``(h, w)``, ≥ 0, of sum 1: what each cell of the template counts.

    Returns:
        ``(n, rows − h + 1, columns − w + 1)``.
    """
    height, width, channels = template.shape
    pieces, rows, columns, _ = search.shape
    high, wide = rows - height + 1, columns - width + 1
    cells = (template * weights[..., None]).reshape(height * width, channels)
    # Every cell of the template with every cell of the search in one product; what is left is
    # to add up, for each place, the products that lie on it.
    products = search.reshape(-1, channels) @ cells.T.astype(search.dtype)
    products = products.reshape(pieces, rows, columns, height, width)
    total = np.zeros((pieces, high, wide), np.float64)
    for row in range(height):
        for column in range(width):
            total += products[:, row : row + high, column : column + wide, row, column]
    return -total


def focus_weights(height: int, width: int, *, focus: float) -> NDArray[np.float64]:
    """Return what each cell of a template counts, ``(height, width)`` of sum 1.

    Args:
        height, width: cells.
        focus: 0 (all alike) … 1 (a cosine window: the rim next to nothing).

    >>> focus_weights(1, 3, focus=0.0).round(3).tolist()
    [[0.333, 0.333, 0.333]]
    """
    down = np.sin(np.pi * (np.arange(height) + 0.5) / height) ** 2
    across = np.sin(np.pi * (np.arange(width) + 0.5) / width) ** 2
    weights = 1 - focus + focus * np.outer(down, across)
    return np.asarray(weights / weights.sum())
