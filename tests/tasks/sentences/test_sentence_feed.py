"""Batches of sentences: every pair once an epoch, some pieces left out on both sides alike."""

from typing import Any

import numpy as np
import pytest

from likeness.tasks.sentences.training import _SentenceFeed

pytestmark = pytest.mark.backend


def feed(**changes: Any) -> _SentenceFeed:
    rng = np.random.default_rng(0)
    sides = [[list(rng.permutation(50)[: 1 + i % 9] + 1) for i in range(20)] for _ in range(2)]
    settings = {"buckets": 50, "batch_size": 6, "dropout": 0.0, "seed": 3, **changes}
    return _SentenceFeed(*sides, np.arange(20.0), **settings)


def epoch(made: _SentenceFeed) -> list[Any]:
    return [made[index] for index in range(len(made))]


def test_every_pair_comes_once_but_for_those_left_over() -> None:
    made = feed()
    seen = np.concatenate([targets for _, targets in epoch(made)])
    assert len(made) == 3 and len(seen) == 18
    assert len(set(seen)) == 18
    made.on_epoch_end()
    assert list(np.concatenate([targets for _, targets in epoch(made)])) != list(seen)


def test_a_pair_stays_together() -> None:
    made = feed()
    rows = {target: [] for target in range(20)}
    for (left, right), targets in epoch(made):
        for a, b, target in zip(left, right, targets, strict=True):
            rows[int(target)] = [len(a[a > 0]), len(b[b > 0])]
    assert all(counts in ([], [1 + i % 9] * 2) for i, counts in rows.items())


def test_what_is_left_out_is_left_out_on_both_sides() -> None:
    same = [[1, 2, 3, 4, 5, 6, 7, 8]] * 10
    made = _SentenceFeed(same, same, np.zeros(10), buckets=8, batch_size=10, dropout=0.5, seed=1)
    (left, right), _ = made[0]
    np.testing.assert_array_equal(left, right)
    kept = len(set(left[0]) - {0})
    assert 0 < kept < 8
    made.on_epoch_end()
    assert set(made[0][0][0][0]) != set(left[0])  # others, in the next epoch


def test_a_sentence_is_never_left_out_whole() -> None:
    made = _SentenceFeed(
        [[1]] * 40, [[2, 3]] * 40, np.zeros(40), buckets=3, batch_size=40, dropout=0.95, seed=0
    )
    for _ in range(5):
        (left, right), _ = made[0]
        assert (left[:, 0] > 0).all() and (right[:, 0] > 0).all()
        made.on_epoch_end()


def test_it_depends_on_the_seed_alone() -> None:
    for one, same in zip(epoch(feed(dropout=0.3)), epoch(feed(dropout=0.3)), strict=True):
        np.testing.assert_array_equal(one[0][0], same[0][0])
        np.testing.assert_array_equal(one[1], same[1])
    assert feed(seed=4)[0][1].tolist() != feed()[0][1].tolist()


def test_a_batch_larger_than_the_data_is_all_of_it() -> None:
    assert len(feed(batch_size=999)) == 1
    assert len(feed(batch_size=999)[0][1]) == 20


def test_rows_are_filled_up_to_few_widths() -> None:
    made = _SentenceFeed([[1, 2, 3], [4]], [[5] * 33, [6]], np.arange(2.0), buckets=6, batch_size=2,
                        dropout=0.0, seed=0)  # fmt: skip
    (left, right), targets = made[0]
    assert left.shape == (2, 32) and right.shape == (2, 64)
    rows = {int(target): row[row > 0].tolist() for row, target in zip(left, targets, strict=True)}
    assert rows == {0: [1, 2, 3], 1: [4]}
