"""What a network for drawings must beat: nearest pixels, and the distance between strokes.

M.-P. Dubuisson & A. K. Jain, «A modified Hausdorff distance for object matching», ICPR 1994,
distance 22 of their 24: the mean of the distances from each point of one drawing to the nearest
point of the other, the larger one of the two directions. The authors of Omniglot take it
between the inked pixels of drawings, each moved to its own centre.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from likeness.arrays import Energies, Images, check_images
from likeness.energies import energy_matrix
from likeness.errors import DataError, require_extra
from likeness.evaluation.baselines import RawPixels

INK = 128
"""A pixel darker than this is ink."""

Points = NDArray[np.float64]
"""``(n, 2)``: row and column of each inked pixel."""


def pixel_energies(left: Images, right: Images) -> Energies:
    """Return the ``(n, m)`` Euclidean distances between pixels 0…1.

    Raises:
        DataError: the images have another shape or type.
    """
    pixels = RawPixels()
    return energy_matrix(pixels.energy, pixels.embed(left), pixels.embed(right))


def hausdorff_energies(left: Images, right: Images) -> Energies:
    """Return the ``(n, m)`` modified Hausdorff distances between drawings, in pixels.

    Args:
        left, right: ``(n, rows, columns, 1)`` and ``(m, ...)``, uint8, dark ink on light paper.

    Raises:
        DataError: the images have another shape or type, or there is no ink on one.
        MissingExtraError: SciPy is not installed.
    """
    drawn = [[centred_ink(image) for image in check_images(side)] for side in (left, right)]
    trees = [[_tree(points) for points in side] for side in drawn]
    return np.array(
        [
            [
                max(_from(points, other_tree), _from(other, tree))
                for other, other_tree in zip(drawn[1], trees[1], strict=True)
            ]
            for points, tree in zip(drawn[0], trees[0], strict=True)
        ]
    ).reshape(len(left), len(right))


def centred_ink(image: NDArray[np.uint8]) -> Points:
    """Return where the ink of one drawing is, around its centre.

    Args:
        image: ``(rows, columns, 1)``.

    Raises:
        DataError: it is all paper.
    """
    points = np.argwhere(image[..., 0] < INK).astype(np.float64)
    if not len(points):
        raise DataError("images: expected dark ink on light paper. Received: one without ink.")
    return np.asarray(points - points.mean(axis=0))


def _tree(points: Points) -> Any:
    return require_extra("scipy.spatial").cKDTree(points)


def _from(points: Points, tree: Any) -> float:
    """Return the mean distance from the points to the nearest ones in the tree."""
    return float(tree.query(points)[0].mean())
