"""Near duplicates: one photograph saved twice, as another file, size or quality, or mirrored.

A digest finds equal pixels only. Here photos are made small and grey, each one's own light is
taken off, and two of them are compared by their correlation: a perceptual hash that keeps its
numbers instead of a bit of each, so that it can be strict. On the AT&T faces the most alike
of 79,800 pairs of different photos have a correlation of 0.993 (two of one person, taken one
after the other); copies resized to two fifths and up, mirrored, brightened, or re-compressed
as JPEG down to quality 20 stay above 0.998.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from likeness.arrays import Images, check_images
from likeness.images.fit import fit

SIZE = (28, 23)
"""(rows, columns) of the small photo: large enough to tell two photos of one sitting apart,
small enough that compression does not matter."""

ALIKE = 0.997
"""Correlation from which two photos count as one."""

BLOCK = 2048
"""Rows compared at a time: 2048 × 2048 correlations are 17 MB."""

Thumbnails = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, order=True)
class NearDuplicate:
    """Two photos that are one.

    Args:
        left, right: their indices in what was compared.
        mirrored: whether one is the mirror image of the other.
        correlation: of the small photos, `ALIKE`…1.
    """

    left: int
    right: int
    mirrored: bool
    correlation: float


def near_duplicates(left: Images, right: Images) -> list[NearDuplicate]:
    """Return the photos on the left that are on the right too, in order.

    Args:
        left, right: ``(n, rows, columns, 1 or 3)``, uint8; the sizes may differ.

    Raises:
        DataError: they have another shape or type.

    >>> import numpy as np
    >>> photo = np.random.default_rng(0).integers(0, 256, (1, 56, 46, 1), np.uint8)
    >>> [(match.left, match.right, match.mirrored) for match in near_duplicates(
    ...     photo, np.concatenate([255 - photo, photo[:, :, ::-1]]))]
    [(0, 1, True)]
    """
    ours, theirs = thumbnails(left), thumbnails(right)
    return _matches(ours, theirs)


def duplicates_within(images: Images) -> list[NearDuplicate]:
    """Return the pairs of one collection that are one photo, each pair once, left < right."""
    small = thumbnails(images)
    return [match for match in _matches(small, small) if match.left < match.right]


def thumbnails(images: Images) -> Thumbnails:
    """Return ``(n, 28 · 23)``: small grey photos, mean 0, unit length.

    A photo of one flat colour becomes zeros, and is like nothing: flat photos are no copies
    of each other.
    """
    check_images(images)
    rows, columns = SIZE
    small = np.empty((len(images), rows * columns), np.float32)
    for index, image in enumerate(images):
        small[index] = fit(image, rows=rows, columns=columns, channels=1).reshape(-1)
    small -= small.mean(axis=1, keepdims=True)
    length = np.linalg.norm(small, axis=1, keepdims=True)
    flat = length < np.sqrt(small.shape[1])  # a standard deviation under one grey level
    return np.where(flat, 0, small / np.where(flat, 1, length)).astype(np.float32)


def _matches(ours: Thumbnails, theirs: Thumbnails) -> list[NearDuplicate]:
    matches = []
    for start in range(0, len(ours), BLOCK):
        block = ours[start : start + BLOCK]
        for other in range(0, len(theirs), BLOCK):
            plain = block @ theirs[other : other + BLOCK].T
            turned = block @ _mirrored(theirs[other : other + BLOCK]).T
            best = np.maximum(plain, turned)
            for row, column in np.argwhere(best >= ALIKE):
                matches.append(
                    NearDuplicate(
                        left=start + int(row),
                        right=other + int(column),
                        mirrored=bool(turned[row, column] > plain[row, column]),
                        correlation=min(1.0, round(float(best[row, column]), 4)),
                    )
                )
    return sorted(matches)


def _mirrored(small: Thumbnails) -> Thumbnails:
    return small.reshape(-1, *SIZE)[:, :, ::-1].reshape(len(small), -1)
