"""Feeds: the batches for ``fit``, from indices and data.

What a batch holds depends on the seed, the epoch and the batch's number only, so a run is
reproducible for any number of workers.
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


class _EpochFeed(keras.utils.PyDataset):
    """What every feed holds: the items, and the draw of the present epoch, made when it is read.

    Keras says that an epoch ended once before the first, and on some backends reads a batch before
    that: only an epoch that was read to its end is over. `begin` says the number outright, which
    feeds of a single batch need.
    """

    def __init__(self, items: Prepared, draw: Callable[[int], Any]) -> None:
        super().__init__()
        self._items = items
        self._epoch = 0
        self._draw = draw
        self._drawn_in, self._drawn = -1, None
        self._read: set[int] = set()

    def _current(self) -> Any:
        """Return the draw of the present epoch."""
        if self._drawn_in != self._epoch:
            self._drawn_in, self._drawn = self._epoch, self._draw(self._epoch)
        return self._drawn

    def let_go(self) -> None:
        """Release the items: TensorFlow keeps every feed until the process ends."""
        self._items = self._items[:0].copy()
        last = self._drawn
        self._draw = lambda epoch: last  # its own may hold the items, too

    def begin(self, epoch: int) -> None:
        """Go to an epoch by its number, the first being 0."""
        self._epoch = epoch
        self._read.clear()

    def on_epoch_end(self) -> None:
        """Go to the next epoch, if this one was read."""
        if len(self._read) == len(self):
            self.begin(self._epoch + 1)


class BeginEpochs(keras.callbacks.Callback):
    """Tells a feed the number of each epoch.

    Here the encoder has its newest weights; when a feed learns of an epoch's end, Keras on JAX has
    not yet handed them back to the network.
    """

    def __init__(self, feed: _EpochFeed) -> None:
        super().__init__()
        self._feed = feed

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Begin the epoch."""
        self._feed.begin(epoch)


class PairFeed(_EpochFeed):
    """Batches of pairs: ``((left, right), genuine)``.

    Args:
        items: ``(n, ...)``, what the encoder reads.
        pairs: the pairs, fixed; or a function that draws the pairs of each epoch.
        batch_size: pairs in a batch; the last one of an epoch may be smaller.
    """

    def __init__(
        self, items: Prepared, pairs: LabelledPairs | DrawPairs, *, batch_size: int = 32
    ) -> None:
        check_in_range(batch_size, 1, 2**20, argument="batch_size", whole=True)
        super().__init__(items, pairs if callable(pairs) else lambda epoch: pairs)
        self._batch_size = batch_size

    def __len__(self) -> int:
        return math.ceil(len(self._current()) / self._batch_size)

    def __getitem__(self, index: int) -> tuple[tuple[Any, Any], NDArray[np.float32]]:
        self._read.add(index)
        drawn = self._current()
        part = slice(index * self._batch_size, (index + 1) * self._batch_size)
        left, right = drawn.pairs[part].T
        genuine = drawn.genuine[part].astype(np.float32)
        return (self._items[left], self._items[right]), genuine


class BatchFeed(_EpochFeed):
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
        shape = {"identities": identities, "items_each": items_each, "batches": batches}

        def draw(epoch: int) -> Any:
            # Published figures hang on the first epoch's having the number 1 here.
            return identity_batches(codes, **shape, seed=epoch_seed(seed, epoch + 1), groups=groups)

        super().__init__(items, draw)
        self._codes = codes
        self._current()  # what cannot be drawn is said now

    def __len__(self) -> int:
        return len(self._current())

    def __getitem__(self, index: int) -> tuple[Any, NDArray[np.float32]]:
        self._read.add(index)
        chosen = self._current()[index]
        return self._items[chosen], self._codes[chosen].astype(np.float32)
