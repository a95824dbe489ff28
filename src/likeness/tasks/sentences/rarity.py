"""How rare each piece is among texts: what a method without learning weighs it by."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray


def rarity_of(texts: Iterable[Iterable[int]], *, buckets: int) -> NDArray[np.float64]:
    """Return ``1 + ln((1 + N) / (1 + n))`` of each piece, n of N texts having it.

    The smoothed inverse document frequency as scikit-learn's ``TfidfVectorizer`` has it.

    Args:
        texts: the different pieces of each text, as `TextPreparation.ids` gives them.
        buckets: the largest number of a piece.

    Returns:
        ``(buckets + 1,)``, at least 1.

    >>> rarity_of([[1, 2], [1], [1, 3]], buckets=3).round(2).tolist()
    [2.39, 1.0, 1.69, 1.69]
    """
    having = np.zeros(buckets + 1)
    count = 0
    for pieces in texts:
        having[list(pieces)] += 1
        count += 1
    return np.asarray(1.0 + np.log((1.0 + count) / (1.0 + having)))
