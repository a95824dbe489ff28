"""Episodes: who may be in a gallery, who may be a probe."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from likeness.datasets.sampling import Episode, episodes
from likeness.errors import SettingError, TooFewError

# People with three to five photos each, in any order.
people = st.lists(st.integers(3, 5), min_size=3, max_size=7)


@given(
    sizes=people,
    ways=st.integers(2, 3),
    shots=st.integers(1, 2),
    seed=st.integers(0, 2**32),
)
def test_the_rules_of_every_episode(sizes: list[int], ways: int, shots: int, seed: int) -> None:
    codes = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))
    drawn = episodes(codes, ways=ways, shots=shots, count=4, seed=seed)
    assert len(drawn) == 4
    for episode in drawn:
        assert episode.gallery.shape == (ways, shots)
        enrolled = codes[episode.gallery]
        assert (enrolled == enrolled[:, :1]).all(), "each row is one person"
        assert len(set(enrolled[:, 0])) == ways, "and the rows are different people"
        assert len(set(episode.gallery.ravel())) == ways * shots, "no item is enrolled twice"
        assert not set(episode.probes) & set(episode.gallery.ravel()), "no probe is enrolled"
        np.testing.assert_array_equal(codes[episode.probes], enrolled[episode.answers, 0])


def test_probes_of_each_person() -> None:
    codes = np.repeat(np.arange(4), 6)
    (drawn,) = episodes(codes, ways=3, shots=2, count=1, seed=0, probes_each=4)
    assert drawn.answers.tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert len(set(drawn.probes)) == 12


def same(left: list[Episode], right: list[Episode]) -> bool:
    return all(
        np.array_equal(a.gallery, b.gallery) and np.array_equal(a.probes, b.probes)
        for a, b in zip(left, right, strict=True)
    )


def test_the_seed_decides() -> None:
    codes = np.repeat(np.arange(8), 5)
    first, again, other = (
        episodes(codes, ways=5, shots=1, count=20, seed=seed) for seed in (1, 1, 2)
    )
    assert same(first, again)
    assert not same(first, other)


def test_global_random_state_is_left_alone() -> None:
    before = np.random.get_state()[1].copy()
    episodes(np.repeat(np.arange(4), 3), ways=2, shots=1, count=5, seed=0)
    np.testing.assert_array_equal(np.random.get_state()[1], before)


def test_every_person_and_photo_comes_up_about_equally_often() -> None:
    codes = np.repeat(np.arange(5), 4)
    drawn = episodes(codes, ways=2, shots=1, count=2000, seed=0)
    enrolled = np.bincount(np.concatenate([e.gallery.ravel() for e in drawn]), minlength=20)
    probes = np.bincount(np.concatenate([e.probes for e in drawn]), minlength=20)
    # 4000 draws of 20 items: 200 ± 14 each.
    assert abs(enrolled - 200).max() < 70
    assert abs(probes - 200).max() < 70


def test_people_with_too_few_photos_are_never_asked() -> None:
    codes = np.array([0, 0, 0, 1, 1, 2, 2, 2, 3])
    for episode in episodes(codes, ways=2, shots=2, count=30, seed=0):
        assert set(codes[episode.gallery[:, 0]]) == {0, 2}


def test_no_episode_is_none() -> None:
    assert episodes(np.array([0, 0, 1, 1]), ways=2, shots=1, count=0, seed=0) == []


class TestRefusals:
    def test_more_ways_than_people_with_enough_photos(self) -> None:
        codes = np.array([0, 0, 0, 1, 1, 1, 2])
        with pytest.raises(
            TooFewError,
            match=r"ways: expected at most 2, the number of people with at least 3 photos\. "
            r"Received: 3",
        ):
            episodes(codes, ways=3, shots=2, count=1, seed=0)

    @pytest.mark.parametrize(
        ("argument", "value"),
        [("ways", 1), ("shots", 0), ("count", -1), ("probes_each", 0), ("ways", 2.5)],
    )
    def test_a_setting_out_of_its_range(self, argument: str, value: float) -> None:
        options = {"ways": 2, "shots": 1, "count": 1, "seed": 0, argument: value}
        with pytest.raises(SettingError, match=f"{argument}: expected a whole number"):
            episodes(np.repeat(np.arange(3), 4), **options)
