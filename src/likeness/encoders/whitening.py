"""Whitening: equal variance in all directions of the embeddings, for unseen people.

A loss uses few directions to separate the *training* people: the embeddings have a large variance
along those, and a small one along the others (L. Jing, P. Vincent, Y. LeCun, Y. Tian,
«Understanding Dimensional Collapse in Contrastive Self-supervised Learning», ICLR 2022). What
separates *new* people is in the directions of small variance, which hardly affect a distance.
Dividing by the standard deviation amplifies them; shrinkage limits the amplification of noise. (H.
Jégou & O. Chum, «Negative evidences and co-occurences in image retrieval: the benefit of PCA and
whitening», ECCV 2012, for retrieval with bags of words.)
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from likeness.arrays import Codes, Embeddings, check_in_range


@dataclass(frozen=True, eq=False, kw_only=True)
class Whitening:
    """``x → (x − mean) · matrix``, then unit length.

    Args:
        mean: ``(d,)``.
        matrix: ``(d, d)``, symmetric; or ``(d, k)``, if only k directions are kept.
    """

    mean: NDArray[np.float64]
    matrix: NDArray[np.float64]

    def __call__(self, embeddings: Embeddings) -> Embeddings:
        """Return ``(n, d)`` or ``(n, k)`` whitened embeddings of unit length."""
        moved = (embeddings - self.mean) @ self.matrix
        lengths = np.linalg.norm(moved, axis=1, keepdims=True)
        return np.asarray(moved / np.maximum(lengths, 1e-12), np.float32)

    @classmethod
    def fit(cls, embeddings: Embeddings, *, shrinkage: float, directions: int = 0) -> "Whitening":
        """Fit a whitening: the inverse root of the embeddings' shrunk covariance.

        ``matrix = ((1 − s)·C + s·v·I)^(−1/2) · √v`` with the covariance C, its mean variance v
        and the shrinkage s (O. Ledoit & M. Wolf, «A well-conditioned estimator for
        large-dimensional covariance matrices», 2004, equation 4). Scaled by √v, so that full
        shrinkage is the identity: then only the mean is subtracted.

        Args:
            embeddings: ``(n, d)``.
            shrinkage: above 0, at most 1.
            directions: how many to keep, the widest ones; all if 0 or if there are no more.

        Raises:
            SettingError: an argument is out of its range.

        >>> import numpy as np
        >>> wide = np.array([[3.0, 0.1], [-3.0, 0.1], [3.0, -0.1], [-3.0, -0.1]])
        >>> even = Whitening.fit(wide, shrinkage=1e-9)(np.array([[3.0, 0.1]]))
        >>> print(even.round(3))
        [[0.707 0.707]]
        """
        mean, centred = _centred(embeddings, shrinkage, directions)
        variances, axes = np.linalg.eigh(centred.T @ centred / len(centred))
        typical = variances.mean()
        kept = directions if 0 < directions < len(mean) else 0
        if typical == 0:  # all embeddings are equal: there is nothing to whiten
            return cls(mean=np.zeros_like(mean), matrix=np.eye(len(mean), kept or None))
        shrunk = (1 - shrinkage) * np.maximum(variances, 0) + shrinkage * typical
        if kept:
            scales = np.sqrt(typical / shrunk[-kept:])
            return cls(mean=mean, matrix=axes[:, -kept:] * scales)
        return cls(mean=mean, matrix=(axes * np.sqrt(typical / shrunk)) @ axes.T)

    @classmethod
    def fit_within_class(
        cls,
        embeddings: Embeddings,
        codes: Codes,
        labels: Codes | None = None,
        *,
        shrinkage: float,
        directions: int = 0,
    ) -> "Whitening":
        """Fit a whitening by the within-identity covariance, after removing the directions of
        labels.

        Signatures of one name are similar for all writers, and so are those written with one pen.
        If all pairs are of one name, the direction from one name to another carries no information
        on the writer, so it is removed (nuisance attribute projection; W. M. Campbell, D. E.
        Sturim, D. A. Reynolds, A. Solomonoff, «SVM Based Speaker Verification Using a GMM
        Supervector Kernel and NAP Variability Compensation», ICASSP 2006). The rest is divided by
        the within-identity standard deviation (A. O. Hatch, S. Kajarekar, A. Stolcke, «Within-class
        Covariance Normalization for SVM-based Speaker Recognition», Interspeech 2006), not by the
        total one.

        ``matrix = P · ((1 − s)·W + s·v·I)^(−1/2) · √v · U``: P removes the directions in which the
        means of the labels differ; W is the covariance within identities after that, v its mean
        variance, s the shrinkage; U are the directions in which all embeddings then spread most, if
        not all are kept.

        Args:
            embeddings: ``(n, d)``.
            codes: ``(n,)``, the identity of each, as in training: with separate identities per
                label, if training used them.
            labels: ``(n,)``, nuisance labels; None: nothing is removed.
            shrinkage: above 0, at most 1.
            directions: how many to keep, the widest ones; all if 0 or if there are no more.

        Raises:
            SettingError: an argument is out of its range.
        """
        mean, centred = _centred(embeddings, shrinkage, directions)
        size = len(mean)
        kept = directions if 0 < directions < size else size
        projection = np.eye(size)
        if labels is not None:
            axes = _axes(_means(centred, labels)[0])
            projection -= axes.T @ axes
            centred = centred @ projection
        means, rows = _means(centred, codes)
        within = centred - means[rows]
        variances, axes = np.linalg.eigh(within.T @ within / len(within))
        typical = variances.mean()
        if typical <= 0:  # no identity has two different items: there is no variance within
            return cls(mean=mean, matrix=projection[:, :kept])
        shrunk = (1 - shrinkage) * np.maximum(variances, 0) + shrinkage * typical
        matrix = projection @ ((axes * np.sqrt(typical / shrunk)) @ axes.T)
        if kept < size:
            moved = (np.asarray(embeddings, np.float64) - mean) @ matrix
            matrix = matrix @ np.linalg.eigh(moved.T @ moved)[1][:, -kept:]
        return cls(mean=mean, matrix=matrix)


def _centred(
    embeddings: Embeddings, shrinkage: float, directions: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (mean, embeddings less the mean), the settings checked."""
    check_in_range(shrinkage, 1e-9, 1.0, argument="shrinkage")
    check_in_range(directions, 0, 2**20, argument="directions", whole=True)
    points = np.asarray(embeddings, np.float64)
    mean = points.mean(axis=0)
    return mean, points - mean


def _means(
    points: NDArray[np.float64], codes: Codes
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return ``(k, d)``, the mean of each code's points, and ``(n,)``, the row of each point's."""
    values, rows = np.unique(codes, return_inverse=True)
    sums = np.zeros((len(values), points.shape[1]))
    np.add.at(sums, rows, points)
    return sums / np.bincount(rows)[:, None], rows


def _axes(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return orthonormal rows that span the points."""
    _, lengths, axes = np.linalg.svd(points, full_matrices=False)
    return axes[lengths > 1e-6 * max(lengths[0], 1e-12)]
