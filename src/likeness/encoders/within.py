"""Whitening by what varies *within* an identity, with what labels have in common taken out.

Signatures of one name are alike, whoever wrote them, and so are those written with one pen. Where
pairs are only ever of one name, the direction from one name to another says nothing of a writer:
it is taken out (nuisance attribute projection; W. M. Campbell, D. E. Sturim, D. A. Reynolds,
A. Solomonoff, «SVM Based Speaker Verification Using a GMM Supervector Kernel and NAP Variability
Compensation», ICASSP 2006). What is left is divided by how far the items of one identity
differ (A. O. Hatch, S. Kajarekar, A. Stolcke, «Within-class Covariance Normalization for SVM-based
Speaker Recognition», Interspeech 2006), not by how far all items do.
"""

import numpy as np
from numpy.typing import NDArray

from likeness.arrays import Codes, Embeddings, check_in_range
from likeness.encoders.whitening import Whitening


def fit_within(
    embeddings: Embeddings,
    codes: Codes,
    labels: Codes | None = None,
    *,
    shrinkage: float,
    directions: int = 0,
) -> Whitening:
    """Learn a whitening by the covariance within identities.

    ``matrix = P · ((1 − s)·W + s·v·I)^(−1/2) · √v · U``: P takes out the directions in which the
    means of the labels differ; W is the covariance within identities after that, v its mean
    variance, s the shrinkage; U are the directions in which all embeddings then spread most, if
    not all are kept.

    Args:
        embeddings: ``(n, d)``.
        codes: ``(n,)``, the identity of each, as it was learned: if labels are learned apart,
            another one under each label.
        labels: ``(n,)``, what says nothing of an identity; None: nothing is taken out.
        shrinkage: above 0, at most 1.
        directions: how many to keep, the widest ones; all if 0 or if there are no more.

    Raises:
        SettingError: an argument is out of its range.
    """
    check_in_range(shrinkage, 1e-9, 1.0, argument="shrinkage")
    check_in_range(directions, 0, 2**20, argument="directions", whole=True)
    embeddings = np.asarray(embeddings, np.float64)
    mean = embeddings.mean(axis=0)
    centred = embeddings - mean
    size = len(mean)
    kept = directions if 0 < directions < size else size
    projection = np.eye(size)
    if labels is not None:
        axes = _axes(_means(centred, labels)[0])
        projection -= axes.T @ axes
        centred = centred @ projection
    means, places = _means(centred, codes)
    within = centred - means[places]
    variances, axes = np.linalg.eigh(within.T @ within / len(within))
    typical = variances.mean()
    if typical <= 0:  # no identity has two items that differ: there is nothing to divide by
        return Whitening(mean=mean, matrix=projection[:, :kept])
    shrunk = (1 - shrinkage) * np.maximum(variances, 0) + shrinkage * typical
    matrix = projection @ ((axes * np.sqrt(typical / shrunk)) @ axes.T)
    if kept < size:
        moved = (embeddings - mean) @ matrix
        matrix = matrix @ np.linalg.eigh(moved.T @ moved)[1][:, -kept:]
    return Whitening(mean=mean, matrix=matrix)


def _means(
    points: NDArray[np.float64], codes: Codes
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return ``(k, d)``, the mean of each code's points, and ``(n,)``, the row of each point's."""
    values, places = np.unique(codes, return_inverse=True)
    sums = np.zeros((len(values), points.shape[1]))
    np.add.at(sums, places, points)
    return sums / np.bincount(places)[:, None], places


def _axes(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return orthonormal rows that span the points."""
    _, lengths, axes = np.linalg.svd(points, full_matrices=False)
    return axes[lengths > 1e-6 * max(lengths[0], 1e-12)]
