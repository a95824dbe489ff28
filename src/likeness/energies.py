"""Energies: the dissimilarity of two embeddings. Lower is more alike; zero means equal.

Each energy is one formula over the last axis, written for any array namespace ``xp``:
NumPy by default, ``keras.ops`` in a network. So a threshold chosen on NumPy energies is
valid for the network that was trained, on every backend.

The Euclidean distance has one guarded root: the derivative of √u is infinite at u = 0, and
a pair of equal embeddings would give NaN gradients on every backend.
"""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from likeness.arrays import Energies, check_embeddings
from likeness.errors import SettingError

Energy = Callable[..., Any]

GUARD = 1e-12
"""Lower limit of squared distances before a root or a division: an energy of
equal embeddings is 1e-6, not 0, and its gradient is 0, not NaN."""


def squared_euclidean(left: Any, right: Any, *, xp: ModuleType = np) -> Any:
    """Squared Euclidean distance, ``Σ (a − b)²`` over the last axis.

    >>> import numpy as np
    >>> float(squared_euclidean(np.array([0.0, 0.0]), np.array([3.0, 4.0])))
    25.0
    """
    difference = left - right
    return xp.sum(difference * difference, axis=-1)


def euclidean(left: Any, right: Any, *, xp: ModuleType = np) -> Any:
    """Euclidean distance, ``√ Σ (a − b)²`` over the last axis; 0…2 for unit embeddings.

    >>> import numpy as np
    >>> float(euclidean(np.array([0.0, 0.0]), np.array([3.0, 4.0])))
    5.0
    """
    return xp.sqrt(xp.maximum(squared_euclidean(left, right, xp=xp), GUARD))


def manhattan(left: Any, right: Any, *, xp: ModuleType = np) -> Any:
    """City-block distance, ``Σ |a − b|`` over the last axis.

    >>> import numpy as np
    >>> float(manhattan(np.array([0.0, 0.0]), np.array([3.0, 4.0])))
    7.0
    """
    return xp.sum(xp.abs(left - right), axis=-1)


def cosine(left: Any, right: Any, *, xp: ModuleType = np) -> Any:
    """Cosine distance, ``1 − a·b / (|a| |b|)`` over the last axis; 0…2.

    An embedding of zeros has no direction; it is at distance 1 from everything.

    >>> import numpy as np
    >>> float(cosine(np.array([1.0, 0.0]), np.array([0.0, 2.0])))
    1.0
    """
    product = xp.sum(left * right, axis=-1)
    lengths = _length(left, xp) * _length(right, xp)
    # Rounding takes the quotient beyond ±1: an energy below 0 is no distance.
    return xp.clip(1.0 - product / lengths, 0.0, 2.0)


def _length(vector: Any, xp: ModuleType) -> Any:
    return xp.sqrt(xp.maximum(xp.sum(vector * vector, axis=-1), GUARD))


_BY_NAME: dict[str, Energy] = {
    "cosine": cosine,
    "euclidean": euclidean,
    "manhattan": manhattan,
    "squared_euclidean": squared_euclidean,
}

ENERGY_NAMES = tuple(_BY_NAME)


def energy_by_name(name: str) -> Energy:
    """Return the energy called ``name``.

    Raises:
        SettingError: there is nothing of that name.
    """
    if name not in _BY_NAME:
        raise SettingError(
            f"energy: expected one of {', '.join(ENERGY_NAMES)}. Received: {name!r}."
        )
    return _BY_NAME[name]


def energy_matrix(name: str, left: Any, right: Any | None = None) -> Energies:
    """Return all energies between two sets of embeddings, in NumPy and in double precision.

    Args:
        name: one of `ENERGY_NAMES`.
        left: embeddings, ``(n, d)``.
        right: embeddings, ``(m, d)``; ``left`` itself if not given.

    Returns:
        ``(n, m)``. Computed a block of rows at a time, so that memory stays small.

    Raises:
        DataError: the embeddings are not finite numbers of shape (n, d).
        SettingError: there is no energy of that name.
    """
    energy = energy_by_name(name)
    a = check_embeddings(left, argument="left").astype(np.float64)
    b = a if right is None else check_embeddings(right, argument="right").astype(np.float64)
    block = max(1, 4_000_000 // max(1, b.size))
    energies = np.empty((len(a), len(b)))
    for start in range(0, len(a), block):
        rows = slice(start, start + block)
        # Energies are symmetric: within one set, half of the matrix is enough.
        first = start if right is None else 0
        energies[rows, first:] = energy(a[rows, None], b[None, first:])
        if right is None:
            energies[start:, rows] = energies[rows, start:].T
    return energies
