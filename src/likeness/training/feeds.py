"""Feeds: indices and data become the batches that ``fit`` asks for.

What a batch holds depends on the seed, the epoch and the batch's number only, so a run can
be repeated, whatever the number of workers.
"""

import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from likeness.arrays import Codes, Prepared, check_in_range
from likeness.datasets.sampling import LabelledPairs, identity_batches
from likeness.training.recipe import epoch_seed

DrawPairs = Callable[[int], LabelledPairs]
"""The pairs of an epoch, from its number."""


class _ItemFeed(keras.utils.PyDataset):
    """What every feed holds: the items of its batches."""

    def __init__(self, items: Prepared) -> None:
        super().__init__()
        self._items = items

    def let_go(self) -> None:
        """Let go of the items: TensorFlow keeps every feed it was given until the process ends."""
        self._items = self._items[:0].copy()


class PairFeed(_ItemFeed):
    """Batches of pairs: ``((left, right), genuine)``.

    Args:
        items: ``(n, ...)``, what the encoder reads.
        pairs: the pairs, fixed; or a function that draws those of each epoch.
        batch_size: pairs in a batch; the last one of an epoch may be smaller.
    """

    def __init__(
        self, items: Prepared, pairs: LabelledPairs | DrawPairs, *, batch_size: int = 32
    ) -> None:
        super().__init__(items)
        check_in_range(batch_size, 1, 2**20, argument="batch_size", whole=True)
        self._draw = pairs if callable(pairs) else lambda epoch: pairs
        self._batch_size = batch_size
        self._epoch = 0
        self._current = self._draw(0)

    def __len__(self) -> int:
        return math.ceil(len(self._current) / self._batch_size)

    def __getitem__(self, index: int) -> tuple[tuple[Any, Any], NDArray[np.float32]]:
        part = slice(index * self._batch_size, (index + 1) * self._batch_size)
        left, right = self._current.pairs[part].T
        genuine = self._current.genuine[part].astype(np.float32)
        return (self._items[left], self._items[right]), genuine

    def on_epoch_end(self) -> None:
        """Draw the next epoch's pairs."""
        self._epoch += 1
        self._current = self._draw(self._epoch)

    def show(self, pairs: LabelledPairs) -> None:
        """Use these pairs until the end of the epoch."""
        self._current = pairs


class BatchFeed(_ItemFeed):
    """P×K batches: ``(items, codes)``.

    Args:
        items: ``(n, ...)``, what the encoder reads.
        codes: ``(n,)``, 0…identities−1 (losses receive them as floats).
        identities: P.
        items_each: K.
        batches: in an epoch.
        seed: of the batches.
        groups: ``(n,)``; a batch is drawn from one of them, see `identity_batches`.
    """

    def __init__(
        self,
        items: Prepared,
        codes: Codes,
        *,
        identities: int,
        items_each: int,
        batches: int,
        seed: int,
        groups: Codes | None = None,
    ) -> None:
        super().__init__(items)
        self._codes = codes
        self._shape = {"identities": identities, "items_each": items_each, "batches": batches}
        self._groups = groups
        self._seed = seed
        self._epoch = 0
        self._draw()

    def __len__(self) -> int:
        return len(self._current)

    def __getitem__(self, index: int) -> tuple[Any, NDArray[np.float32]]:
        chosen = self._current[index]
        return self._items[chosen], self._codes[chosen].astype(np.float32)

    def on_epoch_end(self) -> None:
        """Draw the next epoch's batches."""
        self._epoch += 1
        self._draw()

    def _draw(self) -> None:
        seed = epoch_seed(self._seed, self._epoch)
        self._current = identity_batches(self._codes, **self._shape, seed=seed, groups=self._groups)
