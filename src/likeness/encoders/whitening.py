"""Whitening: all directions of the embeddings count alike, on unseen people too.

A loss spends the embedding on what tells the *training* people apart, and it needs few
directions for that: along those the embeddings spread far, along the others hardly at all
(L. Jing, P. Vincent, Y. LeCun, Y. Tian, «Understanding Dimensional Collapse in Contrastive
Self-supervised Learning», ICLR 2022). What would tell *new* people apart is there, but lies
in the narrow directions, and a distance does not see it. Dividing by the spread brings it
back; shrinkage keeps directions that hold nothing but noise from being blown up.
(H. Jégou & O. Chum, «Negative evidences and co-occurences in image retrieval: the benefit of
PCA and whitening», ECCV 2012, for retrieval with bags of words.)
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from likeness.arrays import Embeddings, check_in_range


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


def fit_whitening(embeddings: Embeddings, *, shrinkage: float, directions: int = 0) -> Whitening:
    """Learn a whitening: the inverse root of the embeddings' shrunk covariance.

    ``matrix = ((1 − s)·C + s·v·I)^(−1/2) · √v`` with the covariance C, its mean variance v
    and the shrinkage s (O. Ledoit & M. Wolf, «A well-conditioned estimator for
    large-dimensional covariance matrices», 2004, equation 4). Scaled by √v, so that full
    shrinkage is the identity: then only the mean is taken off.

    Args:
        embeddings: ``(n, d)``.
        shrinkage: above 0, at most 1.
        directions: how many to keep, the widest ones; all if 0 or if there are no more.

    Raises:
        SettingError: an argument is out of its range.

    >>> import numpy as np
    >>> wide = np.array([[3.0, 0.1], [-3.0, 0.1], [3.0, -0.1], [-3.0, -0.1]])
    >>> even = fit_whitening(wide, shrinkage=1e-9)(np.array([[3.0, 0.1]]))
    >>> print(even.round(3))
    [[0.707 0.707]]
    """
    check_in_range(shrinkage, 1e-9, 1.0, argument="shrinkage")
    check_in_range(directions, 0, 2**20, argument="directions", whole=True)
    embeddings = np.asarray(embeddings, np.float64)
    mean = embeddings.mean(axis=0)
    centred = embeddings - mean
    variances, axes = np.linalg.eigh(centred.T @ centred / len(centred))
    typical = variances.mean()
    kept = directions if 0 < directions < len(mean) else 0
    if typical == 0:  # every embedding is the same: there is nothing to even out
        return Whitening(mean=np.zeros_like(mean), matrix=np.eye(len(mean), kept or None))
    shrunk = (1 - shrinkage) * np.maximum(variances, 0) + shrinkage * typical
    if kept:
        scales = np.sqrt(typical / shrunk[-kept:])
        return Whitening(mean=mean, matrix=axes[:, -kept:] * scales)
    return Whitening(mean=mean, matrix=(axes * np.sqrt(typical / shrunk)) @ axes.T)
