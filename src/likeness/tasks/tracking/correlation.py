"""Response maps: the energy of a template on every position, its weights, and true labels."""

import numpy as np
from numpy.typing import NDArray

Maps = NDArray[np.float32]
"""``(n, rows, columns, channels)``, an encoder's features, of unit length per cell."""

EnergyMaps = NDArray[np.float64]
"""``(n, rows, columns)``, −1…1, lower is more alike: the template laid on every position."""


def correlation_energies(template: Maps, search: Maps, weights: NDArray[np.float64]) -> EnergyMaps:
    """Return minus the weighted mean cosine between template and search, position by position.

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
    # to add up, for each position, the products that lie on it.
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


def radius_labels(
    side: int, shift: tuple[float, float], *, stride: int, radius: float
) -> NDArray[np.float32]:
    """Return 1 for positions within ``radius`` pixels of the target, −1 for the others.

    Bertinetto et al. 2016, equation 4.

    Args:
        side: cells of the map across and down; its middle cell is for a target in the middle.
        shift: (x, y) of the target from the middle of the search picture, in its pixels.
        stride: pixels from one cell to the next.
        radius: in pixels of the search picture.

    Returns:
        ``(side, side)``.

    >>> radius_labels(3, (4.0, 0.0), stride=4, radius=1.0).tolist()
    [[-1.0, -1.0, -1.0], [-1.0, -1.0, 1.0], [-1.0, -1.0, -1.0]]
    """
    cells = stride * (np.arange(side) - (side - 1) / 2)
    distance = np.hypot(cells[None, :] - shift[0], cells[:, None] - shift[1])
    return np.where(distance <= radius, 1.0, -1.0).astype(np.float32)
