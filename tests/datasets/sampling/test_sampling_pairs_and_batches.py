"""What samplers promise: honest pairs, balanced, repeatable; batches of P×K."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from likeness.datasets.sampling import (
    LabelledPairs,
    hard_pairs,
    identity_batches,
    sample_pairs,
)
from likeness.errors import SettingError, TooFewError

codes_of = st.lists(st.integers(0, 5), min_size=2, max_size=25).map(np.array)
seeds = st.integers(0, 2**20)


def check_honest(drawn: LabelledPairs, codes: np.ndarray) -> None:
    """No item with itself, no pair twice in either order, labels true."""
    left, right = drawn.pairs.T
    assert (left < right).all()
    assert len({tuple(pair) for pair in drawn.pairs.tolist()}) == len(drawn)
    np.testing.assert_array_equal(codes[left] == codes[right], drawn.genuine)


def counted(codes: np.ndarray) -> tuple[int, int]:
    """How many genuine and impostor pairs there are."""
    genuine = LabelledPairs.all_of(codes).genuine
    return int(genuine.sum()), int((~genuine).sum())


class TestSamplePairs:
    @given(codes=codes_of, seed=seeds)
    def test_honest_and_balanced(self, codes: np.ndarray, seed: int) -> None:
        genuine, impostor = counted(codes)
        count = min(genuine, impostor)
        drawn = sample_pairs(codes, genuine=count, seed=seed)
        check_honest(drawn, codes)
        assert int(drawn.genuine.sum()) == count == len(drawn) - count

    @given(codes=codes_of, seed=seeds)
    def test_all_there_are(self, codes: np.ndarray, seed: int) -> None:
        genuine, impostor = counted(codes)
        drawn = sample_pairs(codes, genuine=genuine, impostor=impostor, seed=seed)
        every = {tuple(pair) for pair in LabelledPairs.all_of(codes).pairs.tolist()}
        assert {tuple(pair) for pair in drawn.pairs.tolist()} == every

    def test_att_has_1800_genuine_pairs(self) -> None:
        codes = np.repeat(np.arange(40), 10)
        assert counted(codes) == (1800, 78_000)
        assert len(sample_pairs(codes, seed=0)) == 3600

    @pytest.mark.parametrize("sizes", [(10, 3), (4, 1), (6, 2, 1)])
    def test_balanced_down_to_the_kind_with_fewer_pairs(self, sizes: tuple[int, ...]) -> None:
        """10 photos of one and 3 of another have 48 genuine pairs and 30 impostor ones."""
        codes = np.repeat(np.arange(len(sizes)), sizes)
        every = LabelledPairs.all_of(codes)
        fewest = min(int(every.genuine.sum()), int((~every.genuine).sum()))
        drawn = sample_pairs(codes, seed=0)
        assert (int(drawn.genuine.sum()), len(drawn)) == (fewest, 2 * fewest)
        most = sample_pairs(codes, genuine=int(every.genuine.sum()), seed=0)
        assert int((~most.genuine).sum()) == min(int(every.genuine.sum()), fewest)
        for argument in ("genuine", "impostor"):
            with pytest.raises(TooFewError, match=f"{argument}: expected at most"):
                sample_pairs(codes, **{argument: 1000}, seed=0)

    def test_seeds(self) -> None:
        codes = np.repeat(np.arange(9), 4)
        first, again, other = (sample_pairs(codes, seed=seed).pairs for seed in (1, 1, 2))
        np.testing.assert_array_equal(first, again)
        assert not np.array_equal(first, other)

    def test_impostors_are_not_tied_to_the_photo_index(self) -> None:
        codes = np.repeat(np.arange(30), 10)
        drawn = sample_pairs(codes, genuine=0, impostor=3000, seed=0)
        gaps = Counter((drawn.pairs[:, 0] % 10 - drawn.pairs[:, 1] % 10).tolist())
        assert len(gaps) == 19
        assert gaps[0] / 3000 == pytest.approx(0.1, abs=0.03)

    def test_every_item_is_drawn_about_as_often(self) -> None:
        codes = np.repeat(np.arange(20), 5)
        drawn = sample_pairs(codes, genuine=0, impostor=1000, seed=3)
        often = np.bincount(drawn.pairs.reshape(-1), minlength=100)
        assert often.min() > 5
        assert often.max() < 40

    def test_too_many_asked(self) -> None:
        with pytest.raises(TooFewError, match="genuine: expected at most 1, the number of"):
            sample_pairs(np.array([0, 0, 1]), genuine=2, seed=0)
        with pytest.raises(TooFewError, match="impostor: expected at most 2"):
            sample_pairs(np.array([0, 0, 1]), impostor=3, seed=0)
        with pytest.raises(SettingError, match="genuine: expected a whole number"):
            sample_pairs(np.array([0, 0, 1]), genuine=-1, seed=0)


class TestHardPairs:
    def world(self, seed: int) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng(seed)
        codes = np.repeat(np.arange(8), 5)
        points = rng.normal(size=(8, 2))[codes] + 0.3 * rng.normal(size=(40, 2))
        return codes, np.linalg.norm(points[:, None] - points[None], axis=2)

    @settings(max_examples=20)
    @given(seed=seeds, temperature=st.sampled_from([1e6, 1.0, 0.1]))
    def test_honest(self, seed: int, temperature: float) -> None:
        codes, energies = self.world(seed)
        drawn = hard_pairs(
            codes, energies, genuine=30, impostor=50, temperature=temperature, seed=seed
        )
        check_honest(drawn, codes)
        assert (int(drawn.genuine.sum()), len(drawn)) == (30, 80)

    def test_hard_impostors_are_nearer_and_hard_genuine_pairs_farther(self) -> None:
        codes, energies = self.world(1)
        means = {}
        for temperature in (1e6, 0.1):
            drawn = hard_pairs(
                codes, energies, genuine=30, impostor=60, temperature=temperature, seed=0
            )
            energy = energies[drawn.pairs[:, 0], drawn.pairs[:, 1]]
            means[temperature] = energy[drawn.genuine].mean(), energy[~drawn.genuine].mean()
        assert means[0.1][0] > means[1e6][0]
        assert means[0.1][1] < 0.8 * means[1e6][1]

    def test_every_item_stays_an_anchor(self) -> None:
        codes, energies = self.world(2)
        drawn = hard_pairs(codes, energies, genuine=0, impostor=120, temperature=0.1, seed=0)
        assert len(np.unique(drawn.pairs)) == len(codes)

    def test_people_of_one_source_are_neither_genuine_nor_impostor(self) -> None:
        codes = np.array([0, 0, 1, 1, 2, 2])
        source = np.array([0, 0, 0, 0, 1, 1])
        drawn = hard_pairs(
            codes,
            np.ones((6, 6)),
            genuine=99,
            impostor=99,
            temperature=1,
            seed=0,
            source_person=source,
        )
        impostors = drawn.pairs[~drawn.genuine]
        assert (source[impostors[:, 0]] != source[impostors[:, 1]]).all()
        assert (int(drawn.genuine.sum()), len(impostors)) == (3, 8)


class TestIdentityBatches:
    @given(seed=seeds, identities=st.integers(1, 6), items_each=st.integers(1, 5))
    def test_p_by_k(self, seed: int, identities: int, items_each: int) -> None:
        codes = np.repeat(np.arange(6), 5)
        rows = identity_batches(
            codes, identities=identities, items_each=items_each, batches=3, seed=seed
        )
        assert rows.shape == (3, identities * items_each)
        for row in rows:
            assert len(set(row.tolist())) == len(row)
            assert sorted(Counter(codes[row].tolist()).values()) == [items_each] * identities

    def test_few_items_come_all_before_any_comes_again(self) -> None:
        (row,) = identity_batches(
            np.array([0, 0, 0]), identities=1, items_each=5, batches=1, seed=0
        )
        assert set(row[:3].tolist()) == {0, 1, 2}

    def test_too_few_people(self) -> None:
        with pytest.raises(TooFewError, match="identities: expected at most 2"):
            identity_batches(np.array([0, 1]), identities=3, items_each=1, batches=1, seed=0)
