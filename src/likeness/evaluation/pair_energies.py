"""`PairEnergies`: the energies of genuine and impostor pairs, and who is in each pair."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from likeness.arrays import Codes, Embeddings, Energies, Pairs
from likeness.energies import energy_by_name, energy_matrix
from likeness.sampling import LabelledPairs, all_pairs_of


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


def matrix_pair_energies(matrix: Energies, codes: Codes) -> PairEnergies:
    """Return the energies of all pairs from their ``(n, n)`` matrix, each pair once."""
    every = all_pairs_of(codes)
    return _apart(matrix[every.pairs[:, 0], every.pairs[:, 1]], every, codes)


def all_pair_energies(embeddings: Embeddings, codes: Codes, *, energy: str) -> PairEnergies:
    """Return the energies of all pairs of ``(n, d)`` embeddings, each pair once.

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
    """Return the energies of the pairs in a list."""
    left, right = (embeddings[side].astype(np.float64) for side in pairs.pairs.T)
    return _apart(energy_by_name(energy)(left, right), pairs, codes)


def _apart(energies: NDArray[np.float64], pairs: LabelledPairs, codes: Codes) -> PairEnergies:
    return PairEnergies(
        genuine=energies[pairs.genuine],
        impostor=energies[~pairs.genuine],
        genuine_pairs=pairs.pairs[pairs.genuine],
        impostor_pairs=pairs.pairs[~pairs.genuine],
        codes=codes,
    )
