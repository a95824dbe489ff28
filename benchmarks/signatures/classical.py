"""What a network must beat here: methods without a trained network, on the same cut-out ink."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from likeness.arrays import Embeddings, Images
from likeness.datasets import Dataset
from likeness.errors import require_extra
from likeness.evaluation import Embedder
from likeness.images.preparation import Preparation

INK = Preparation(rows=64, columns=128, frame="ink_box")
"""Every method reads what the network reads: the ink in the middle, nothing squeezed."""

COMPONENTS = 100
BLUR = 1.0
"""Of HOG, in pixels; the best of 0, 1 and 1.5 on writers of the first fold's training side."""

Describe = Callable[[Images], NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Described:
    """Descriptors, centred on their mean over the training writers, compared by the cosine."""

    describe: Describe
    mean: NDArray[Any]
    scale: NDArray[Any] | float = 1.0
    axes: NDArray[Any] | None = None
    energy: str = "cosine"

    def embed(self, images: Images) -> Embeddings:
        """Return ``(n, d)``."""
        found = (self.describe(images) - self.mean) / self.scale
        return np.asarray(found if self.axes is None else found @ self.axes, np.float32)


def raw_pixels(training: Dataset) -> Embedder:
    """Pixels of the cut-out ink."""
    return Described(pixels, pixels(training.items).mean(axis=0))


def principal_components(training: Dataset) -> Embedder:
    """The first principal components of those pixels."""
    decomposition = require_extra("sklearn.decomposition")
    fitted = decomposition.PCA(COMPONENTS, random_state=0).fit(pixels(training.items))
    return Described(pixels, fitted.mean_, axes=fitted.components_.T)


def gradients(training: Dataset) -> Embedder:
    """HOG, 8×8 pixels a cell (Dalal & Triggs 2005)."""
    return Described(hog, hog(training.items).mean(axis=0))


def textures(training: Dataset) -> Embedder:
    """Uniform LBP (8, 2) in 4×8 regions (Ojala et al. 2002)."""
    return Described(lbp, lbp(training.items).mean(axis=0))


def strokes(training: Dataset) -> Embedder:
    """Numbers that describe strokes: aspect, slant, width, where the ink is, directions."""
    found = stroke_numbers(training.items)
    return Described(stroke_numbers, found.mean(axis=0), np.maximum(found.std(axis=0), 1e-9))


METHODS: dict[str, Callable[[Dataset], Embedder]] = {
    "pixels": raw_pixels,
    "PCA": principal_components,
    "HOG": gradients,
    "LBP": textures,
    "stroke statistics": strokes,
}
"""By name; each takes from the training writers no more than means, scales and components."""


def pixels(images: Images) -> NDArray[Any]:
    """Return ``(n, rows · columns)`` float64."""
    return INK(images).reshape(len(images), -1).astype(np.float64)


def hog(images: Images) -> NDArray[Any]:
    """Return ``(n, d)`` histograms of oriented gradients."""
    feature, ndimage = require_extra("skimage.feature"), require_extra("scipy.ndimage")
    return np.stack(
        [
            feature.hog(
                ndimage.gaussian_filter(picture, BLUR),
                orientations=9,
                pixels_per_cell=(8, 8),
                cells_per_block=(2, 2),
            )
            for picture in INK(images)[..., 0]
        ]
    )


def lbp(images: Images) -> NDArray[Any]:
    """Return ``(n, 4 · 8 · 10)`` square roots of histograms of local binary patterns."""
    feature, ndimage = require_extra("skimage.feature"), require_extra("scipy.ndimage")
    return np.stack([_lbp(feature, ndimage, picture) for picture in INK(images)[..., 0]])


def _lbp(feature: Any, ndimage: Any, picture: NDArray[Any]) -> NDArray[Any]:
    # As whole greys: of floats next to each other rounding would make a pattern.
    grey = np.clip(40 * ndimage.gaussian_filter(picture, BLUR) + 128, 0, 255).astype(np.uint8)
    codes = feature.local_binary_pattern(grey, 8, 2, "uniform").astype(np.int64)
    regions = [
        np.bincount(region.ravel(), minlength=10)
        for band in np.split(codes, 4, axis=0)
        for region in np.split(band, 8, axis=1)
    ]
    return np.sqrt(np.concatenate(regions) / codes.size)


def stroke_numbers(images: Images) -> NDArray[Any]:
    """Return ``(n, d)`` numbers on the strokes of each picture."""
    ndimage = require_extra("scipy.ndimage")
    return np.stack([_stroke_numbers(ndimage, picture) for picture in images[..., 0]])


def _stroke_numbers(ndimage: Any, picture: NDArray[Any]) -> NDArray[Any]:
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
