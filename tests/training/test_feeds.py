"""The feeds: what a batch holds follows from seed, epoch and number, and from nothing else."""

import weakref
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from likeness.datasets.sampling import LabelledPairs, sample_pairs
from likeness.errors import SettingError, TooFewError
from likeness.training.feeds import BatchFeed, BeginEpochs, PairFeed

pytestmark = pytest.mark.backend

CODES = np.repeat(np.arange(5), 4)
ITEMS = np.arange(20, dtype=np.float32).reshape(20, 1, 1, 1)
"""Item i holds the number i, so that a batch tells which items are in it."""


def draw(epoch: int) -> LabelledPairs:
    return sample_pairs(CODES, genuine=6, impostor=5, seed=100 + epoch)


def epoch_of(feed: Any) -> list[Any]:
    return [feed[index] for index in range(len(feed))]


def batch_feed(seed: int = 1, **options: int) -> BatchFeed:
    shape = {"identities": 3, "items_each": 2, "batches": 4} | options
    return BatchFeed(ITEMS, CODES, **shape, seed=seed)


class TestPairFeed:
    @settings(max_examples=30, deadline=None)
    @given(count=st.integers(1, 30), batch_size=st.integers(1, 40), seed=st.integers(0, 99))
    def test_an_epoch_holds_every_pair_once_and_in_order(
        self, count: int, batch_size: int, seed: int
    ) -> None:
        pairs = sample_pairs(CODES, genuine=count, impostor=count, seed=seed)
        feed = PairFeed(ITEMS, pairs, batch_size=batch_size)
        batches = epoch_of(feed)
        assert len(feed) == -(-2 * count // batch_size)
        assert all(len(genuine) == batch_size for _, genuine in batches[:-1])
        left, right = (
            np.concatenate([batch[0][side] for batch in batches]).ravel() for side in (0, 1)
        )
        np.testing.assert_array_equal(np.stack([left, right], axis=1), pairs.pairs)
        np.testing.assert_array_equal(np.concatenate([b[1] for b in batches]), pairs.genuine)

    def test_targets_are_what_the_loss_reads(self) -> None:
        (left, right), genuine = PairFeed(ITEMS, draw(0), batch_size=4)[0]
        assert left.shape == right.shape == (4, 1, 1, 1)
        assert genuine.dtype == np.float32
        same = CODES[left.ravel().astype(int)] == CODES[right.ravel().astype(int)]
        np.testing.assert_array_equal(genuine, same)

    def test_fixed_pairs_come_every_epoch(self) -> None:
        feed = PairFeed(ITEMS, draw(0), batch_size=4)
        first = [batch[1] for batch in epoch_of(feed)]
        feed.on_epoch_end()
        assert all((a == b[1]).all() for a, b in zip(first, epoch_of(feed), strict=True))

    def test_drawn_pairs_follow_the_number_of_the_epoch(self) -> None:
        feed = PairFeed(ITEMS, draw, batch_size=100)
        for epoch in range(3):
            (left, right), genuine = feed[0]
            found = np.stack([left.ravel(), right.ravel()], axis=1)
            np.testing.assert_array_equal(found, draw(epoch).pairs)
            np.testing.assert_array_equal(genuine, draw(epoch).genuine)
            feed.on_epoch_end()

    @pytest.mark.parametrize("size", [0, 2.5, float("nan")])
    def test_batch_size_out_of_range(self, size: Any) -> None:
        with pytest.raises(SettingError, match=r"^batch_size: expected a whole number"):
            PairFeed(ITEMS, draw(0), batch_size=size)


class TestBatchFeed:
    def test_a_batch_holds_as_many_people_and_photos_as_asked(self) -> None:
        feed = batch_feed()
        assert len(feed) == 4
        for items, codes in epoch_of(feed):
            assert items.shape == (6, 1, 1, 1)
            assert codes.dtype == np.float32
            assert np.unique(codes, return_counts=True)[1].tolist() == [2, 2, 2]
            assert len(set(items.ravel().tolist())) == 6

    def test_codes_are_those_of_the_items(self) -> None:
        for items, codes in epoch_of(batch_feed()):
            np.testing.assert_array_equal(CODES[items.ravel().astype(int)], codes)

    def test_the_same_seed_gives_the_same_batches_in_every_epoch(self) -> None:
        first, second = batch_feed(), batch_feed()
        for _ in range(3):
            for (a, b), (c, d) in zip(epoch_of(first), epoch_of(second), strict=True):
                np.testing.assert_array_equal(a, c)
                np.testing.assert_array_equal(b, d)
            first.on_epoch_end()
            second.on_epoch_end()

    def test_reading_a_batch_twice_or_out_of_order_changes_nothing(self) -> None:
        feed = batch_feed()
        forwards = epoch_of(feed)
        for index in reversed(range(len(feed))):
            np.testing.assert_array_equal(feed[index][0], forwards[index][0])

    def test_epochs_and_seeds_differ(self) -> None:
        feed = batch_feed()
        first = np.concatenate([items for items, _ in epoch_of(feed)])
        feed.on_epoch_end()
        assert (first != np.concatenate([items for items, _ in epoch_of(feed)])).any()
        assert (first != np.concatenate([items for items, _ in epoch_of(batch_feed(2))])).any()

    def test_more_people_than_there_are(self) -> None:
        with pytest.raises(
            TooFewError, match=r"^identities: expected at most 5, .* Received: 6\.$"
        ):
            batch_feed(identities=6)


@pytest.mark.parametrize("made", [PairFeed, BatchFeed])
def test_a_feed_that_let_go_keeps_no_items(made: Any) -> None:
    items = ITEMS.copy()
    gone = weakref.ref(items)
    if made is PairFeed:
        feed = PairFeed(items, lambda epoch, kept=items: draw(epoch))
        assert len(feed) > 0
    else:
        feed = BatchFeed(items, CODES, identities=2, items_each=2, batches=2, seed=0)
    feed.let_go()
    del items
    assert gone() is None and len(feed) > 0


@pytest.mark.parametrize(("told", "batches"), [(True, 1), (True, 3), (False, 3)])
def test_the_first_epoch_of_a_fit_is_the_first_draw(told: bool, batches: int) -> None:
    """Keras 3.15 says that an epoch ended once before the first one."""
    drawn: list[int] = []

    def draw_few(epoch: int) -> LabelledPairs:
        drawn.append(epoch)
        return sample_pairs(CODES, genuine=batches, impostor=batches, seed=epoch)

    left, right = keras.Input((1, 1, 1)), keras.Input((1, 1, 1))
    net = keras.Model([left, right], keras.layers.Dense(1)(keras.ops.abs(left - right)))
    net.compile(loss="mse", run_eagerly=True)
    feed = PairFeed(ITEMS, draw_few, batch_size=2)
    net.fit(feed, epochs=3, verbose=0, shuffle=False, callbacks=[BeginEpochs(feed)] * told)
    assert drawn == [0, 1, 2]
