"""Pairs that teach: impostors that look alike, genuine pairs that do not.

Most impostor pairs are already far enough apart after a few steps and teach nothing. Drawing
pairs by their present energy keeps the lesson going (C.-Y. Wu, R. Manmatha, A. Smola,
P. Krähenbühl, «Sampling Matters in Deep Embedding Learning», ICCV 2017, gives the argument;
the weights here are plain exponentials of the energy).
"""

import numpy as np
from numpy.typing import NDArray

from likeness.arrays import Codes, Energies, check_in_range
from likeness.sampling.pairs import LabelledPairs, all_pairs_of


def hard_pairs(
    codes: Codes,
    energies: Energies,
    *,
    genuine: int,
    impostor: int,
    hardness: float,
    seed: int,
    kin: Codes | None = None,
) -> LabelledPairs:
    """Draw different pairs, the harder the likelier, in a random order.

    An impostor pair of energy e is drawn with a weight of exp(−hardness · e), a genuine one
    with exp(+hardness/2 · e), each without replacement.

    Args:
        codes: ``(n,)``, the identity of each item.
        energies: ``(n, n)``, the present energies.
        genuine: how many genuine pairs; fewer come if there are fewer.
        impostor: how many impostor pairs; fewer come if there are fewer.
        hardness: 0 draws evenly; 10 is strong for distances of 0…2.
        seed: which ones, and their order.
        kin: ``(n,)``; items of different identities but equal kin are never paired (a person
            and the mirrored person are neither genuine nor impostor).

    >>> import numpy as np
    >>> codes, energies = np.array([0, 0, 1, 2]), np.array(
    ...     [[0, 1, 9, 9], [1, 0, 9, 0.1], [9, 9, 0, 9], [9, 0.1, 9, 0]])
    >>> drawn = hard_pairs(codes, energies, genuine=1, impostor=1, hardness=10, seed=0)
    >>> sorted(drawn.pairs.tolist())
    [[0, 1], [1, 3]]
    """
    check_in_range(hardness, 0.0, 1e6, argument="hardness")
    rng = np.random.default_rng(seed)
    every = all_pairs_of(codes)
    left, right = every.pairs.T
    present = energies[left, right]
    allowed = every.genuine | (True if kin is None else kin[left] != kin[right])
    chosen = np.concatenate(
        [
            _weighted(np.flatnonzero(every.genuine), hardness / 2 * present, genuine, rng),
            _weighted(np.flatnonzero(~every.genuine & allowed), -hardness * present, impostor, rng),
        ]
    )
    return every.take(rng.permutation(chosen))


def _weighted(
    candidates: NDArray[np.intp],
    log_weights: NDArray[np.float64],
    count: int,
    rng: np.random.Generator,
) -> NDArray[np.intp]:
    """Draw without replacement by weight: the largest log-weight + Gumbel noise win.

    (Efraimidis & Spirakis 2006; Kool, van Hoof & Welling 2019, section 3.)
    """
    noisy = log_weights[candidates] + rng.gumbel(size=len(candidates))
    return candidates[np.argsort(-noisy)[:count]]
