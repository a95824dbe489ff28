"""P×K batches: P identities, K items of each, for losses that look at whole batches."""

import numpy as np
from numpy.typing import NDArray

from likeness.arrays import Codes, check_in_range
from likeness.errors import TooFewError


def identity_batches(
    codes: Codes, *, identities: int, items_each: int, batches: int, seed: int
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

    Raises:
        TooFewError: there are fewer than ``identities`` identities.

    >>> import numpy as np
    >>> codes = np.repeat(np.arange(4), 5)
    >>> batch = identity_batches(codes, identities=3, items_each=2, batches=1, seed=0)[0]
    >>> len(set(codes[batch].tolist())), len(set(batch.tolist()))
    (3, 6)
    """
    check_in_range(identities, 1, 2**30, argument="identities", whole=True)
    check_in_range(items_each, 1, 2**30, argument="items_each", whole=True)
    members = [np.flatnonzero(codes == code) for code in np.unique(codes)]
    if len(members) < identities:
        raise TooFewError(
            f"identities: expected at most {len(members)}, the number of people in the data. "
            f"Received: {identities}."
        )
    rng = np.random.default_rng(seed)
    rows = np.empty((batches, identities, items_each), np.int64)
    for batch in range(batches):
        for place, person in enumerate(rng.choice(len(members), identities, replace=False)):
            rows[batch, place] = _some(members[person], items_each, rng)
    return rows.reshape(batches, -1)


def _some(items: NDArray[np.intp], count: int, rng: np.random.Generator) -> NDArray[np.intp]:
    rounds = -(-count // len(items))
    return np.concatenate([rng.permutation(items) for _ in range(rounds)])[:count]
