"""`PairEnergies`: the energies of genuine and impostor pairs, and who is in each pair."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from likeness.arrays import Codes, Embeddings, Energies, Pairs, check_embeddings, describe
from likeness.datasets.sampling import LabelledPairs, all_pairs_of
from likeness.energies import energy_by_name, energy_matrix
from likeness.errors import DataError

BLOCK = 1_000_000
"""So many numbers of either side are compared at a time: 8 MB each."""


@dataclass(frozen=True, eq=False, kw_only=True)
class PairEnergies:
    """Energies of pairs, genuine and impostor apart.

    Args:
        genuine: ``(g,)``.
        impostor: ``(i,)``.
        genuine_pairs: ``(g, 2)``, which items.
        impostor_pairs: ``(i, 2)``, which items.
        codes: ``(n,)``, the identity of each item.
    """

    genuine: Energies
    impostor: Energies
    genuine_pairs: Pairs
    impostor_pairs: Pairs
    codes: Codes


def matrix_pair_energies(
    matrix: Energies, codes: Codes, pairs: LabelledPairs | None = None
) -> PairEnergies:
    """Return the energies of pairs from the ``(n, n)`` matrix between all items.

    Args:
        matrix: ``(n, n)``.
        codes: ``(n,)``.
        pairs: those that count; every pair once if not given.

    Raises:
        DataError: the matrix and the codes do not fit together.
    """
    check_square(matrix, codes)
    every = all_pairs_of(codes) if pairs is None else pairs
    return _apart(matrix[every.pairs[:, 0], every.pairs[:, 1]], every, codes)


def all_pair_energies(embeddings: Embeddings, codes: Codes, *, energy: str) -> PairEnergies:
    """Return the energies of all pairs of ``(n, d)`` embeddings, each pair once.

    Raises:
        DataError: the embeddings are not finite numbers, or not as many as the codes.
        SettingError: there is no energy of that name.

    >>> import numpy as np
    >>> points = np.array([[0.0], [1.0], [5.0]])
    >>> found = all_pair_energies(points, np.array([0, 0, 1]), energy="manhattan")
    >>> found.genuine.tolist(), found.impostor.tolist()
    ([1.0], [5.0, 4.0])
    """
    return matrix_pair_energies(energy_matrix(energy, embeddings), codes)


def listed_pair_energies(
    embeddings: Embeddings, codes: Codes, pairs: LabelledPairs, *, energy: str
) -> PairEnergies:
    """Return the energies of the pairs in a list.

    Args:
        embeddings: ``(n, d)``.
        codes: ``(n,)``.
        pairs: indices into them.
        energy: its name.

    Raises:
        DataError: the embeddings are not finite numbers, or not as many as the codes.
        SettingError: there is no energy of that name.

    >>> import numpy as np
    >>> points = np.array([[0.0], [1.0], [5.0]])
    >>> listed = LabelledPairs(np.array([[0, 1], [1, 2]]), np.array([True, False]))
    >>> listed_pair_energies(points, np.array([0, 0, 1]), listed, energy="manhattan").impostor
    array([4.])
    """
    check_embeddings(embeddings)
    if len(embeddings) != len(codes):
        raise DataError(
            f"codes: expected {len(embeddings)}, one per embedding. Received: {len(codes)}."
        )
    formula = energy_by_name(energy)
    energies = np.empty(len(pairs), np.float64)
    # A block of pairs at a time: thousands of pairs of raw pixels would fill the memory.
    block = max(1, BLOCK // max(1, embeddings.shape[1]))
    for start in range(0, len(pairs), block):
        rows = slice(start, start + block)
        left, right = (embeddings[side].astype(np.float64) for side in pairs.pairs[rows].T)
        energies[rows] = formula(left, right)
    return _apart(energies, pairs, codes)


def _apart(energies: NDArray[np.float64], pairs: LabelledPairs, codes: Codes) -> PairEnergies:
    return PairEnergies(
        genuine=energies[pairs.genuine],
        impostor=energies[~pairs.genuine],
        genuine_pairs=pairs.pairs[pairs.genuine],
        impostor_pairs=pairs.pairs[~pairs.genuine],
        codes=codes,
    )


def check_square(matrix: Energies, codes: Codes) -> None:
    """Raise unless the matrix has one row and one column per code.

    Raises:
        DataError: it has not.
    """
    if np.shape(matrix) != (len(codes), len(codes)):
        raise DataError(
            f"matrix: expected shape (n, n) with one row per code, n = {len(codes)}. "
            f"Received: {describe(matrix)}."
        )
