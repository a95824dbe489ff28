"""What a network must beat here: methods without a trained network."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from likeness.arrays import Images, Prepared
from likeness.errors import require_extra
from likeness.images.preparation import Preparation

INK = Preparation(rows=64, columns=128, frame="ink_box")
"""The ink in the middle, nothing squeezed."""

PARTS = Preparation(rows=64, columns=128, frame="ink_parts")
"""What the network reads, a little larger: each character by itself, in two readings."""

COMPONENTS = 100
BLUR = 1.0
"""Of HOG, in pixels; the best of 0, 1 and 1.5 on writers of the first fold's training side."""

Rows = NDArray[Any]
"""``(n, d)`` numbers that describe signatures."""


@dataclass(frozen=True)
class Method:
    """A description of a signature, and what is taken from those of the training writers.

    Args:
        title: in tables.
        describe: ``(n, rows, columns, 1)`` uint8 → ``(n, d)``; knows nothing of other signatures.
        fit: descriptions of the training writers → what makes descriptions comparable by the
            cosine: no more than means, scales and components.
        readings: how many descriptions lie side by side in a row; two signatures are compared
            reading by reading, and the least energy counts.
    """

    title: str
    describe: Callable[[Images], Rows]
    fit: Callable[[Rows], Callable[[Rows], Rows]]
    energy: str = "cosine"
    readings: int = 1


def centred(training: Rows) -> Callable[[Rows], Rows]:
    """Take off the mean."""
    mean = training.mean(axis=0)
    return lambda rows: rows - mean


def standardised(training: Rows) -> Callable[[Rows], Rows]:
    """Take off the mean, divide by the spread."""
    mean, spread = training.mean(axis=0), np.maximum(training.std(axis=0), 1e-9)
    return lambda rows: (rows - mean) / spread


def principal(training: Rows) -> Callable[[Rows], Rows]:
    """Project on the first principal components."""
    decomposition = require_extra("sklearn.decomposition")
    components = min(COMPONENTS, len(training) - 1)
    transform: Callable[[Rows], Rows] = (
        decomposition.PCA(components, random_state=0).fit(training).transform
    )
    return transform


def pixels(images: Images) -> Rows:
    """Return ``(n, rows · columns)`` float64."""
    return INK(images).reshape(len(images), -1).astype(np.float64)


def hog(images: Images) -> Rows:
    """Return ``(n, d)`` histograms of oriented gradients."""
    return _hog(INK(images))


def hog_of_parts(images: Images) -> Rows:
    """Return ``(n, readings · d)`` histograms of oriented gradients, reading by reading."""
    return _hog(PARTS(images))


def _hog(prepared: Prepared) -> Rows:
    feature, ndimage = require_extra("skimage.feature"), require_extra("scipy.ndimage")
    return np.stack(
        [
            np.concatenate(
                [
                    feature.hog(
                        ndimage.gaussian_filter(picture[..., channel], BLUR),
                        orientations=9,
                        pixels_per_cell=(8, 8),
                        cells_per_block=(2, 2),
                    )
                    for channel in range(picture.shape[-1])
                ]
            )
            for picture in prepared
        ]
    )


def lbp(images: Images) -> Rows:
    """Return ``(n, 4 · 8 · 10)`` square roots of histograms of local binary patterns."""
    feature, ndimage = require_extra("skimage.feature"), require_extra("scipy.ndimage")
    return np.stack([_lbp(feature, ndimage, picture) for picture in INK(images)[..., 0]])


def _lbp(feature: Any, ndimage: Any, picture: NDArray[Any]) -> Rows:
    # As whole greys: of floats next to each other rounding would make a pattern.
    grey = np.clip(40 * ndimage.gaussian_filter(picture, BLUR) + 128, 0, 255).astype(np.uint8)
    codes = feature.local_binary_pattern(grey, 8, 2, "uniform").astype(np.int64)
    regions = [
        np.bincount(region.ravel(), minlength=10)
        for band in np.split(codes, 4, axis=0)
        for region in np.split(band, 8, axis=1)
    ]
    return np.sqrt(np.concatenate(regions) / codes.size)


def stroke_numbers(images: Images) -> Rows:
    """Return ``(n, d)`` numbers on the strokes of each picture."""
    ndimage = require_extra("scipy.ndimage")
    return np.stack([_stroke_numbers(ndimage, picture) for picture in images[..., 0]])


def _stroke_numbers(ndimage: Any, picture: NDArray[Any]) -> Rows:
    ink = picture < 128
    down, across = np.nonzero(ink)
    rows, columns = np.ptp(down) + 1, np.ptp(across) + 1
    y, x = (down - down.min()) / rows, (across - across.min()) / columns
    deep = ndimage.distance_transform_edt(ink)
    ridge = deep[(deep == ndimage.maximum_filter(deep, 3)) & ink]
    smooth = ndimage.gaussian_filter(picture.astype(np.float64), 1.5)
    gy, gx = np.gradient(smooth)
    angle = np.arctan2(gy, gx) % np.pi
    directions = np.histogram(angle, 12, (0, np.pi), weights=np.hypot(gx, gy))[0]
    profile_x = np.histogram(x, 12, (0, 1))[0] / len(x)
    profile_y = np.histogram(y, 6, (0, 1))[0] / len(y)
    lines, parts = ndimage.label(ink, np.ones((3, 3)))
    sizes = np.bincount(lines.ravel())[1:]
    return np.concatenate(
        [
            [
                np.log(columns / rows),
                np.log(2 * ridge.mean()),
                ridge.std() / ridge.mean(),
                np.log(len(x) / columns),
                x.mean(),
                y.mean(),
                x.std(),
                y.std(),
                np.corrcoef(x, y)[0, 1],
                np.log(parts),
                np.log(sizes.max() / sizes.sum()),
            ],
            directions / directions.sum(),
            profile_x,
            profile_y,
        ]
    )


METHODS: dict[str, Method] = {
    "pixels": Method("pixels of the ink", pixels, centred),
    "PCA": Method("PCA of the pixels, 100 components", pixels, principal),
    "HOG": Method("HOG (Dalal & Triggs 2005), 8×8 pixels a cell", hog, centred),
    "HOG of parts": Method(
        "HOG of each character by itself, the better of two readings",
        hog_of_parts,
        centred,
        readings=PARTS.shape[2],
    ),
    "LBP": Method("uniform LBP (Ojala et al. 2002), 4×8 regions", lbp, centred),
    "strokes": Method("stroke statistics", stroke_numbers, standardised),
}
