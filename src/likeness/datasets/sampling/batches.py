"""P×K batches: P identities, K items of each, for losses that look at whole batches."""

import numpy as np
from numpy.typing import NDArray

from likeness.arrays import Codes, check_in_range
from likeness.errors import TooFewError


def identity_batches(
    codes: Codes,
    *,
    identities: int,
    items_each: int,
    batches: int,
    seed: int,
    groups: Codes | None = None,
) -> NDArray[np.int64]:
    """Return ``(batches, identities × items_each)`` indices, grouped by identity.

    Identities differ within a batch. An identity with fewer than ``items_each`` items gives
    each of them once before any comes again.

    Args:
        codes: ``(n,)``, the identity of each item.
        identities: P, at least 1; at most as many as have an item.
        items_each: K, at least 1.
        batches: how many batches.
        seed: which ones.
        groups: ``(n,)``, equal for all items of an identity; a batch is drawn from one group,
            each group as often as any other. One group of all if not given.

    Raises:
        TooFewError: there are fewer than ``identities`` identities, in a group if there are any.

    >>> import numpy as np
    >>> codes = np.repeat(np.arange(4), 5)
    >>> batch = identity_batches(codes, identities=3, items_each=2, batches=1, seed=0)[0]
    >>> len(set(codes[batch].tolist())), len(set(batch.tolist()))
    (3, 6)
    """
    check_in_range(identities, 1, 2**30, argument="identities", whole=True)
    check_in_range(items_each, 1, 2**30, argument="items_each", whole=True)
    groups = np.zeros_like(codes) if groups is None else groups
    pools = [_items_of_each(codes, np.flatnonzero(groups == group)) for group in np.unique(groups)]
    fewest = min(map(len, pools), default=0)
    if fewest < identities:
        raise TooFewError(
            f"identities: expected at most {fewest}, the number of people in the data. "
            f"Received: {identities}."
        )
    rng = np.random.default_rng(seed)
    rows = np.empty((batches, identities, items_each), np.int64)
    order = _some(np.arange(len(pools)), batches, rng) if len(pools) > 1 else np.zeros(batches, int)
    for batch, pool in enumerate(order):
        people = pools[pool]
        for row, person in enumerate(rng.choice(len(people), identities, replace=False)):
            rows[batch, row] = _some(people[person], items_each, rng)
    return rows.reshape(batches, -1)


def _items_of_each(codes: Codes, items: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """Return the items of each identity among these."""
    return [items[codes[items] == code] for code in np.unique(codes[items])]


def _some(items: NDArray[np.intp], count: int, rng: np.random.Generator) -> NDArray[np.intp]:
    rounds = -(-count // len(items))
    return np.concatenate([rng.permutation(items) for _ in range(rounds)])[:count]
