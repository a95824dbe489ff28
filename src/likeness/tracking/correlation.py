"""Cross-correlation of feature maps: the energy of a tracker."""

import numpy as np
from numpy.typing import NDArray

Maps = NDArray[np.float32]
"""``(n, rows, columns, channels)``, an encoder's features, of unit length per cell."""

EnergyMaps = NDArray[np.float64]
"""``(n, rows, columns)``, −1…1, lower is more alike: the template laid on every place."""


def correlation_energies(template: Maps, search: Maps) -> EnergyMaps:
    """Return minus the mean cosine between template and search, place by place.

    Bertinetto et al. 2016, equation 1, for one template and several search pieces. Each cell of
    the maps has unit length, so that the energy lies between −1 (alike in every cell) and 1.

    Args:
        template: ``(h, w, channels)``.
        search: ``(n, rows, columns, channels)``, rows ≥ h, columns ≥ w.

    Returns:
        ``(n, rows − h + 1, columns − w + 1)``.
    """
    height, width, channels = template.shape
    pieces, rows, columns, _ = search.shape
    high, wide = rows - height + 1, columns - width + 1
    cells = template.reshape(height * width, channels)
    # Every cell of the template with every cell of the search in one product; what is left is
    # to add up, for each place, the products that lie on it.
    products = search.reshape(-1, channels) @ cells.T
    products = products.reshape(pieces, rows, columns, height, width)
    total = np.zeros((pieces, high, wide), np.float64)
    for row in range(height):
        for column in range(width):
            total += products[:, row : row + high, column : column + wide, row, column]
    return -total / len(cells)
