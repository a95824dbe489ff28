"""What a network must beat: raw pixels, and Fisherfaces done well."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from likeness.arrays import Embeddings, Images, check_images
from likeness.datasets import Dataset, identity_folds
from likeness.energies import energy_matrix
from likeness.errors import require_extra
from likeness.evaluation.pair_energies import matrix_pair_energies
from likeness.evaluation.unseen import Embedder
from likeness.evaluation.verification import choose_threshold

COMPONENTS = 150


@dataclass(frozen=True)
class RawPixels:
    """The photo itself as its embedding: pixels 0…1, compared by the Euclidean distance."""

    energy: str = "euclidean"

    def embed(self, images: Images) -> Embeddings:
        """Return ``(n, rows · columns · channels)``."""
        check_images(images)
        return (images.reshape(len(images), -1) / 255.0).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Fisherfaces:
    """PCA, then linear discriminant analysis with shrinkage, compared by the cosine.

    P. Belhumeur, J. Hespanha, D. Kriegman, «Eigenfaces vs. Fisherfaces», PAMI 1997. The
    textbook form keeps N−C components and collapses on unseen people; 150 components and
    the shrinkage of Ledoit & Wolf (2004) make it the baseline to beat.
    """

    project: Callable[[NDArray[np.float32]], NDArray[np.float64]]
    energy: str = "cosine"

    def embed(self, images: Images) -> Embeddings:
        """Return ``(n, identities − 1)``."""
        pixels = RawPixels().embed(images)
        return np.asarray(self.project(pixels), dtype=np.float32)


def fit_raw_pixels(train: Dataset) -> Embedder:
    """Return `RawPixels`."""
    return RawPixels()


def fit_fisherfaces(train: Dataset) -> Embedder:
    """Learn `Fisherfaces` from photos of at least two people.

    Raises:
        MissingExtraError: scikit-learn is not installed.
    """
    decomposition = require_extra("sklearn.decomposition")
    discriminant = require_extra("sklearn.discriminant_analysis")
    train.require(identities=2, items_each=2)
    pixels = RawPixels().embed(train.items)
    components = min(COMPONENTS, len(pixels) - 1, pixels.shape[1])
    pca = decomposition.PCA(components, svd_solver="full").fit(pixels)
    lda = discriminant.LinearDiscriminantAnalysis(solver="eigen", shrinkage="auto")
    lda.fit(pca.transform(pixels), train.codes)

    def project(photos: NDArray[np.float32]) -> Any:
        return lda.transform(pca.transform(photos))

    return Fisherfaces(project)


Fit = Callable[[Dataset], Embedder]

BASELINES: dict[str, Fit] = {"raw_pixels": fit_raw_pixels, "fisherfaces": fit_fisherfaces}
"""By name; each learns from a training set and returns an embedder."""


def cross_fitted_threshold(fit: Fit, train: Dataset, *, folds: int = 3) -> float | None:
    """Choose a threshold on training people that the method has not learned from.

    The training people are dealt to folds; each fold is embedded by a method fitted on the
    others, and the threshold is the best one on all those energies together. None where
    there are fewer than two people per fold.
    """
    folds = min(folds, len(train.distinct) // 2)
    if folds < 2:
        return None
    genuine, impostor = [], []
    for rest, held in identity_folds(train, folds):
        embedder = fit(rest)
        matrix = energy_matrix(embedder.energy, embedder.embed(held.items))
        pairs = matrix_pair_energies(matrix, held.codes)
        genuine.append(pairs.genuine)
        impostor.append(pairs.impostor)
    return choose_threshold(np.concatenate(genuine), np.concatenate(impostor))
