"""Pairs of items: genuine (one identity) and impostor (two), drawn from a seed.

A pair is never an item with itself, never drawn twice in either order, and impostor pairs
are drawn from all items of both identities (a common mistake ties them to one photo index).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from likeness.arrays import Codes, Pairs, check_in_range
from likeness.errors import TooFewError


@dataclass(frozen=True, eq=False)
class LabelledPairs:
    """Pairs of items and whether each is genuine.

    Args:
        pairs: ``(n, 2)`` indices, the smaller first.
        genuine: ``(n,)`` bool.
    """

    pairs: Pairs
    genuine: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.pairs)

    def take(self, indices: NDArray[np.int64]) -> "LabelledPairs":
        """Return these pairs, in this order."""
        return LabelledPairs(self.pairs[indices], self.genuine[indices])


def count_pairs(codes: Codes) -> tuple[int, int]:
    """Return how many different genuine and impostor pairs there are."""
    sizes = np.bincount(codes) if len(codes) else np.zeros(1, np.int64)
    genuine = int((sizes * (sizes - 1) // 2).sum())
    return genuine, len(codes) * (len(codes) - 1) // 2 - genuine


def all_pairs_of(codes: Codes) -> LabelledPairs:
    """Return every pair of items once.

    >>> import numpy as np
    >>> all_pairs_of(np.array([0, 0, 1])).genuine.tolist()
    [True, False, False]
    """
    left, right = np.triu_indices(len(codes), k=1)
    return LabelledPairs(np.stack([left, right], axis=1), codes[left] == codes[right])


def sample_pairs(
    codes: Codes, *, genuine: int | None = None, impostor: int | None = None, seed: int
) -> LabelledPairs:
    """Draw different genuine and impostor pairs, in a random order.

    Args:
        codes: ``(n,)``, the identity of each item.
        genuine: how many genuine pairs; all there are if not given.
        impostor: how many impostor pairs; as many as genuine ones if not given.
        seed: which ones, and their order.

    Raises:
        TooFewError: there are not that many different pairs.

    >>> import numpy as np
    >>> drawn = sample_pairs(np.repeat(np.arange(3), 4), seed=0)
    >>> len(drawn), int(drawn.genuine.sum())
    (36, 18)
    """
    most_genuine, most_impostor = count_pairs(codes)
    genuine = most_genuine if genuine is None else genuine
    impostor = genuine if impostor is None else impostor
    _check_count("genuine", genuine, most_genuine)
    _check_count("impostor", impostor, most_impostor)
    rng = np.random.default_rng(seed)
    items_of = [np.flatnonzero(codes == code) for code in np.unique(codes)]
    chosen = np.concatenate(
        [
            _draw_genuine(items_of, genuine, rng),
            _draw_impostor(codes, impostor, most_impostor, rng),
        ]
    )
    labels = np.arange(len(chosen)) < genuine
    order = rng.permutation(len(chosen))
    return LabelledPairs(chosen[order], labels[order])


def _check_count(argument: str, count: int, most: int) -> None:
    check_in_range(count, 0, 2**40, argument=argument, whole=True)
    if count > most:
        raise TooFewError(
            f"{argument}: expected at most {most}, the number of different {argument} pairs "
            f"in the data. Received: {count}."
        )


def _draw_genuine(items_of: list[NDArray[np.intp]], count: int, rng: np.random.Generator) -> Pairs:
    """Enumerate the genuine pairs (their number is small) and choose some."""
    rows = [items[np.stack(np.triu_indices(len(items), k=1), axis=1)] for items in items_of]
    every = np.concatenate([np.empty((0, 2), np.int64), *rows]).astype(np.int64)
    return every[rng.choice(len(every), count, replace=False)]


def _draw_impostor(codes: Codes, count: int, most: int, rng: np.random.Generator) -> Pairs:
    """Draw without replacement; by rejection where the pairs are too many to enumerate."""
    if count > most // 4:
        every = all_pairs_of(codes)
        rows = every.pairs[~every.genuine]
        return rows[rng.choice(len(rows), count, replace=False)]
    size = len(codes)
    keys = np.empty(0, np.int64)
    while len(keys) < count:
        two = np.sort(rng.integers(size, size=(2 * (count - len(keys)) + 16, 2)), axis=1)
        two = two[codes[two[:, 0]] != codes[two[:, 1]]]
        fresh = np.concatenate([keys, two[:, 0] * size + two[:, 1]])
        # The first occurrence of each, in the order drawn: sorting would favour low indices.
        _, first = np.unique(fresh, return_index=True)
        keys = fresh[np.sort(first)]
    keys = keys[:count]
    return np.stack([keys // size, keys % size], axis=1)
