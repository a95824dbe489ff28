"""Which places of a response map are on the target."""

import numpy as np
from numpy.typing import NDArray


def radius_labels(
    side: int, shift: tuple[float, float], *, stride: int, radius: float
) -> NDArray[np.float32]:
    """Return 1 for places within ``radius`` pixels of the target, −1 for the others.

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
