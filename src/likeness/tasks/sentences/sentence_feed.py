"""Pairs of sentences as batches to learn from, some pieces hidden in each."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

FILL = 0
_STEP = 32
"""Batches are filled up to a multiple of it, so that there are few shapes to compile for."""


class SentenceFeed:
    """Batches ``((left, right), targets)``; what one holds depends on seed, epoch and number only.

    In each batch a share of all pieces is hidden, the same ones on both sides: what the two
    sentences share stays shared.

    Args:
        left, right: the pieces of each sentence, 1…buckets.
        targets: ``(n,)``, what the loss asks for.
        buckets: the largest number of a piece.
        batch_size: pairs in a batch; those left over at the end wait for the next epoch.
        hidden: share of pieces, 0…0.95. A sentence of which nothing would be left keeps all.
        seed: of order and hiding.
    """

    def __init__(
        self,
        left: Sequence[Sequence[int]],
        right: Sequence[Sequence[int]],
        targets: NDArray[np.floating[Any]],
        *,
        buckets: int,
        batch_size: int,
        hidden: float,
        seed: int,
    ) -> None:
        self._sides = tuple([np.asarray(one, np.int32) for one in side] for side in (left, right))
        self._targets = np.asarray(targets, np.float32)
        self._buckets = buckets
        self._batch_size = min(batch_size, len(self._targets))
        self._hidden = hidden
        self._seed = seed
        self._epoch = 0
        self._order = self._shuffled()

    def __len__(self) -> int:
        return math.floor(len(self._targets) / self._batch_size)

    def __getitem__(self, index: int) -> tuple[tuple[Any, Any], NDArray[np.float32]]:
        chosen = self._order[index * self._batch_size : (index + 1) * self._batch_size]
        rng = np.random.default_rng((self._seed, self._epoch, 1 + index))
        shown = rng.random(self._buckets + 1) >= self._hidden
        left, right = (
            filled([_shown(side[place], shown) for place in chosen], step=_STEP)
            for side in self._sides
        )
        return (left, right), self._targets[chosen]

    def on_epoch_end(self) -> None:
        """Go on with the next epoch's order."""
        self._epoch += 1
        self._order = self._shuffled()

    def _shuffled(self) -> NDArray[np.int64]:
        rng = np.random.default_rng((self._seed, self._epoch, 0))
        return rng.permutation(len(self._targets))


def filled(rows: Sequence[NDArray[np.int32]], *, step: int = 1) -> NDArray[np.int32]:
    """Return rows of different lengths as one array, filled up with 0.

    Args:
        rows: the pieces of each sentence.
        step: the width is a multiple of it.
    """
    longest = max(1, *(len(row) for row in rows)) if rows else 1
    out = np.full((len(rows), step * math.ceil(longest / step)), FILL, np.int32)
    for place, row in enumerate(rows):
        out[place, : len(row)] = row
    return out


def _shown(pieces: NDArray[np.int32], shown: NDArray[np.bool_]) -> NDArray[np.int32]:
    kept = pieces[shown[pieces]]
    return kept if len(kept) else pieces
