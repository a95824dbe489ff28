"""Methods that learn little or nothing: pixels, PCA, Fisherfaces, LBP, and OpenCV's."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.method import Embedding
from likeness.arrays import Codes, Embeddings, Energies, Images
from likeness.datasets import Dataset
from likeness.errors import require_extra
from likeness.evaluation.baselines import BASELINES, RawPixels


@dataclass(frozen=True)
class Pixels:
    """The photo itself."""

    title: str = "raw pixels, Euclidean"
    source: str = "the photo as it is"

    def fit(self, train: Dataset, *, seed: int) -> Embedding:
        """There is nothing to learn."""
        return Embedding(RawPixels(), 0)


@dataclass(frozen=True)
class _Projected:
    pca: object
    energy: str = "cosine"

    def embed(self, images: Images) -> Embeddings:
        return np.asarray(self.pca.transform(RawPixels().embed(images)), np.float32)  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Eigenfaces:
    """Principal components, compared by the cosine."""

    title: str = "PCA, 100 components, cosine"
    source: str = "Turk & Pentland 1991, scikit-learn's PCA"
    components: int = 100

    def fit(self, train: Dataset, *, seed: int) -> Embedding:
        """Find the components of the training photos."""
        decomposition = require_extra("sklearn.decomposition")
        count = min(self.components, len(train) - 1)
        pca = decomposition.PCA(count, random_state=seed).fit(RawPixels().embed(train.items))
        return Embedding(_Projected(pca), pca.components_.size + pca.mean_.size)


@dataclass(frozen=True)
class Fisherfaces:
    """The baseline of every report of ours."""

    title: str = "Fisherfaces, PCA 150 + shrinkage LDA, cosine"
    source: str = "Belhumeur et al. 1997, with Ledoit & Wolf's shrinkage"

    def fit(self, train: Dataset, *, seed: int) -> Embedding:
        """Fit PCA and LDA."""
        fitted = BASELINES["fisherfaces"](train)
        discriminants = len(train.distinct) - 1
        return Embedding(
            fitted, fitted.mean.size + fitted.axes.size + fitted.axes.shape[1] * discriminants
        )


@dataclass(frozen=True)
class _Histograms:
    cells: int
    parameters: int = 0

    def embed(self, images: Images) -> NDArray[np.float32]:
        """Return ``(n, cells² · 59)`` shares of each uniform pattern in each cell."""
        feature = require_extra("skimage.feature")
        rows = []
        for image in images[..., 0]:
            patterns = feature.local_binary_pattern(image, 8, 2, method="nri_uniform")
            cells = [
                np.bincount(cell.ravel().astype(int), minlength=59) / cell.size
                for band in np.array_split(patterns, self.cells, axis=0)
                for cell in np.array_split(band, self.cells, axis=1)
            ]
            rows.append(np.concatenate(cells))
        return np.asarray(rows, np.float32)

    def energies(self, embeddings: Embeddings) -> Energies:
        """Return the χ² distance Σ (a − b)² / (a + b)."""
        out = np.empty((len(embeddings), len(embeddings)))
        for row, one in zip(out, embeddings, strict=True):
            total = embeddings + one
            row[:] = ((embeddings - one) ** 2 / np.where(total > 0, total, 1)).sum(axis=1)
        return out


@dataclass(frozen=True)
class LocalBinaryPatterns:
    """Histograms of local binary patterns."""

    title: str = "uniform LBP (8,2), 7×7 cells, χ²"
    source: str = "Ahonen, Hadid & Pietikäinen 2006, scikit-image's patterns"
    cells: int = 7

    def fit(self, train: Dataset, *, seed: int) -> _Histograms:
        """There is nothing to learn."""
        return _Histograms(self.cells)


@dataclass(frozen=True)
class OpenCVRecogniser:
    """One of OpenCV's face recognisers, which answer with a person they were trained on."""

    title: str
    maker: str
    source: str = "opencv-contrib, defaults"

    def recognise(self, train: Dataset, probes: Images) -> Codes:
        """Train it and ask it."""
        recogniser = getattr(require_extra("cv2").face, self.maker)()
        recogniser.train(list(train.items[..., 0]), train.codes.astype(np.int32))
        return np.array([recogniser.predict(probe)[0] for probe in probes[..., 0]], np.int64)


OPENCV = (
    OpenCVRecogniser("OpenCV LBPH", "LBPHFaceRecognizer_create"),
    OpenCVRecogniser("OpenCV EigenFaces", "EigenFaceRecognizer_create"),
    OpenCVRecogniser("OpenCV FisherFaces", "FisherFaceRecognizer_create"),
)
