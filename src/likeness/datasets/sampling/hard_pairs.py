"""Pairs that teach: impostors that look alike, genuine pairs that do not.

Most impostor pairs are already far enough apart after a few steps and teach nothing. Drawing
pairs by their present energy keeps the lesson going (C.-Y. Wu, R. Manmatha, A. Smola,
P. Krähenbühl, «Sampling Matters in Deep Embedding Learning», ICCV 2017, gives the argument;
the weights here are plain exponentials of the energy).
"""

import numpy as np
from numpy.typing import NDArray

from likeness.arrays import Codes, Energies, Pairs, check_in_range
from likeness.datasets.sampling.pairs import LabelledPairs, all_pairs_of


def hard_pairs(
    codes: Codes,
    energies: Energies,
    *,
    genuine: int,
    impostor: int,
    temperature: float,
    seed: int,
    source_person: Codes | None = None,
) -> LabelledPairs:
    """Draw different pairs, the harder the likelier, in a random order.

    Every item is an anchor as often as any other; its impostor partner at energy e is drawn
    with a weight of exp(−e / temperature), its genuine one with exp(+e / (2 · temperature)). No
    pair comes twice. (Weights over all pairs at once would dwell on the few people who look most
    alike, and forget the others.)

    Args:
        codes: ``(n,)``, the identity of each item.
        energies: ``(n, n)``, the present energies.
        genuine: how many genuine pairs; fewer come if there are fewer.
        impostor: how many impostor pairs; fewer come if there are fewer.
        temperature: 0.1 is strong for distances of 0…2; 1e6 draws evenly.
        seed: which ones, and their order.
        source_person: ``(n,)``, whom each item shows; different identities of one source person
            are never paired (a person and the mirrored person are neither genuine nor impostor).

    >>> import numpy as np
    >>> points = np.array([0.0, 0.1, 0.2, 5.0])
    >>> energies = np.abs(points[:, None] - points[None, :])
    >>> drawn = hard_pairs(
    ...     np.array([0, 0, 1, 1]), energies, genuine=2, impostor=3, temperature=1e-3, seed=0
    ... )
    >>> sorted(drawn.pairs[~drawn.genuine].tolist())
    [[0, 2], [1, 2], [1, 3]]
    """
    check_in_range(temperature, 1e-6, 1e9, argument="temperature")
    rng = np.random.default_rng(seed)
    every = all_pairs_of(codes)
    left, right = every.pairs.T
    allowed = np.ones_like(every.genuine)
    if source_person is not None:
        allowed = every.genuine | (source_person[left] != source_person[right])
    chosen = []
    for kind, slope, count in ((every.genuine, 0.5, genuine), (~every.genuine, -1.0, impostor)):
        candidates = np.flatnonzero(kind & allowed)
        weights = _log_weights(slope * (1 / temperature) * energies, every.pairs[candidates])
        chosen.append(candidates[_weighted(weights, count, rng)])
    return every.take(rng.permutation(np.concatenate(chosen)))


def _log_weights(scores: Energies, pairs: Pairs) -> NDArray[np.float64]:
    """Return log(p(b|a) + p(a|b)) of each pair (a, b), p(·|a) ∝ exp(score) over a's pairs."""
    left, right = pairs.T
    score = scores[left, right]
    total = np.full(len(scores), -np.inf)
    for side in (left, right):
        np.logaddexp.at(total, side, score)
    return np.asarray(np.logaddexp(score - total[left], score - total[right]))


def _weighted(
    log_weights: NDArray[np.float64], count: int, rng: np.random.Generator
) -> NDArray[np.intp]:
    """Draw without replacement by weight: the largest log-weight + Gumbel noise win.

    (Efraimidis & Spirakis 2006; Kool, van Hoof & Welling 2019, section 3.)
    """
    noisy = log_weights + rng.gumbel(size=len(log_weights))
    return np.argsort(-noisy)[:count]
