"""N-way K-shot episodes: N identities, K enrolled items each, and probes of the same people."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from likeness.arrays import Codes, check_in_range
from likeness.errors import TooFewError


@dataclass(frozen=True, eq=False, kw_only=True)
class Episode:
    """One trial set.

    Args:
        gallery: ``(ways, shots)``, the enrolled items; each row is one identity, and no two
            rows are the same one.
        probes: ``(q,)``, items to recognise, none of them enrolled.
        answers: ``(q,)``, the gallery row of each probe's identity.
    """

    gallery: NDArray[np.int64]
    probes: NDArray[np.int64]
    answers: NDArray[np.int64]


def episodes(
    codes: Codes, *, ways: int, shots: int, count: int, seed: int, probes_each: int = 1
) -> list[Episode]:
    """Draw episodes.

    Args:
        codes: ``(n,)``, the identity of each item.
        ways: identities in an episode, at least 2.
        shots: enrolled items of each, at least 1.
        count: how many episodes.
        seed: which ones.
        probes_each: probes of each identity, at least 1.

    Raises:
        TooFewError: fewer than ``ways`` identities have ``shots + probes_each`` items.

    >>> import numpy as np
    >>> drawn = episodes(np.repeat(np.arange(5), 3), ways=4, shots=2, count=1, seed=0)[0]
    >>> drawn.gallery.shape, drawn.answers.tolist()
    ((4, 2), [0, 1, 2, 3])
    """
    for argument, value, low in (("ways", ways, 2), ("shots", shots, 1), ("count", count, 0)):
        check_in_range(value, low, 2**30, argument=argument, whole=True)
    check_in_range(probes_each, 1, 2**30, argument="probes_each", whole=True)
    need = shots + probes_each
    items_of = [np.flatnonzero(codes == code) for code in np.unique(codes)]
    items_of = [items for items in items_of if len(items) >= need]
    if len(items_of) < ways:
        raise TooFewError(
            f"ways: expected at most {len(items_of)}, the number of people with at least "
            f"{need} photos. Received: {ways}."
        )
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(count):
        people = rng.choice(len(items_of), ways, replace=False)
        rows = np.stack([rng.permutation(items_of[person])[:need] for person in people])
        drawn.append(
            Episode(
                gallery=rows[:, :shots],
                probes=rows[:, shots:].reshape(-1),
                answers=np.repeat(np.arange(ways), probes_each),
            )
        )
    return drawn
