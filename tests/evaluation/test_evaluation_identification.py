"""Identification: nearest person, ties, each item enrolled in turn, N-way K-shot."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from likeness.errors import DataError, SettingError, TooFewError
from likeness.evaluation import n_way_k_shot, one_shot_each_item, rank_one


def symmetric(count: int, seed: int, *, different: int | None = None) -> np.ndarray:
    """Return energies between items; of few different values if asked, so that some tie."""
    rng = np.random.default_rng(seed)
    half = (
        rng.random((count, count))
        if different is None
        else rng.integers(different, size=(count, count))
    )
    matrix = np.triu(half, 1).astype(float)
    return matrix + matrix.T


class TestRankOne:
    @given(
        seed=st.integers(0, 10_000),
        gallery=st.lists(st.integers(0, 3), min_size=1, max_size=8),
        probes=st.integers(1, 5),
    )
    def test_is_the_slow_loop(self, seed: int, gallery: list[int], probes: int) -> None:
        rng = np.random.default_rng(seed)
        matrix = rng.integers(0, 4, (probes, len(gallery))).astype(float)
        whose = rng.choice(gallery, probes)
        found = rank_one(matrix, whose, np.array(gallery))
        for row, person, share in zip(matrix, whose, found, strict=True):
            nearest = {p for p, energy in zip(gallery, row, strict=True) if energy == row.min()}
            assert share == pytest.approx((person in nearest) / len(nearest))

    def test_nearest_of_several_items_speaks_for_a_person(self) -> None:
        matrix = np.array([[0.9, 0.2, 0.3, 0.3]])
        assert rank_one(matrix, np.array([5]), np.array([5, 5, 6, 6])).tolist() == [1.0]

    def test_two_near_items_of_one_person_are_one_candidate(self) -> None:
        """Three items tie, but they are two people: the coin has two sides."""
        matrix = np.array([[0.2, 0.2, 0.2]])
        assert rank_one(matrix, np.array([1]), np.array([1, 2, 2])).tolist() == [0.5]

    def test_a_network_that_maps_all_to_one_point_is_a_fair_guess(self) -> None:
        matrix = np.zeros((4, 4))
        assert rank_one(matrix, np.arange(4), np.arange(4)).tolist() == [0.25] * 4

    def test_the_order_of_the_gallery_does_not_matter(self) -> None:
        rng = np.random.default_rng(0)
        matrix, gallery = rng.integers(0, 3, (30, 6)).astype(float), np.repeat(np.arange(3), 2)
        whose, order = rng.integers(0, 3, 30), rng.permutation(6)
        np.testing.assert_array_equal(
            rank_one(matrix, whose, gallery), rank_one(matrix[:, order], whose, gallery[order])
        )

    def test_a_probe_of_nobody_enrolled(self) -> None:
        with pytest.raises(DataError, match="probe_codes: 1 identities have probes but nothing"):
            rank_one(np.zeros((2, 2)), np.array([7, 9]), np.array([7, 8]))

    def test_shapes_that_do_not_fit(self) -> None:
        with pytest.raises(DataError, match="energies of 1 probes to 3 enrolled items"):
            rank_one(np.zeros((1, 2)), np.array([7]), np.array([7, 8, 9]))
        with pytest.raises(DataError, match="at least one"):
            rank_one(np.zeros((1, 0)), np.array([7]), np.array([], int))

    def test_nan_is_never_nearest(self) -> None:
        with pytest.raises(DataError, match="NaN"):
            rank_one(np.array([[0.1, np.nan]]), np.array([7]), np.array([7, 8]))


class TestOneShotEachItem:
    @pytest.mark.parametrize("different", [None, 3])
    def test_is_the_slow_loop(self, different: int | None) -> None:
        # Uneven and unsorted: person 0 has 4 items, person 1 has 3, person 2 has 2.
        codes = np.array([0, 1, 2, 0, 1, 0, 2, 1, 0])
        matrix = symmetric(9, 1, different=different)
        members = {person: [i for i in range(9) if codes[i] == person] for person in range(3)}
        correct, whose = [], []
        for k in range(2):
            enrolled = {person: members[person][k] for person in members}
            for probe in range(9):
                if probe in enrolled.values():
                    continue
                energies = {person: matrix[probe, item] for person, item in enrolled.items()}
                nearest = [p for p in energies if energies[p] == min(energies.values())]
                correct.append((codes[probe] in nearest) / len(nearest))
                whose.append(codes[probe])
        found = one_shot_each_item(matrix, codes)
        np.testing.assert_allclose(found.correct, correct)
        np.testing.assert_array_equal(found.probe_codes, whose)
        assert found.rate == pytest.approx(np.mean(correct))
        assert (found.ways, found.shots) == (3, 1)

    def test_the_trials_of_protocol_u4(self) -> None:
        found = one_shot_each_item(symmetric(100, 0), np.repeat(np.arange(10), 10))
        assert len(found.correct) == 10 * 90
        assert found.ways == 10
        np.testing.assert_array_equal(np.bincount(found.probe_codes), [90] * 10)

    def test_perfect_and_hopeless(self) -> None:
        codes = np.repeat(np.arange(3), 3)
        other = (codes[:, None] != codes[None, :]).astype(float)
        assert one_shot_each_item(other, codes).rate == 1.0
        assert one_shot_each_item(1 - other, codes).rate == 0.0

    def test_somebody_with_a_single_photo_is_enrolled_and_never_asked(self) -> None:
        codes = np.array([0, 0, 1, 1, 2])
        other = (codes[:, None] != codes[None, :]).astype(float)
        other[1, 4] = other[4, 1] = -1.0  # the second photo of 0 is nearest to the lone one
        found = one_shot_each_item(other, codes)
        assert found.ways == 3
        assert found.probe_codes.tolist() == [0, 1]
        assert found.correct.tolist() == [0.0, 1.0]

    @pytest.mark.parametrize("codes", [[0, 0, 0], [0, 1, 2], []])
    def test_too_few(self, codes: list[int]) -> None:
        with pytest.raises(TooFewError, match="at least two people, one of them with two photos"):
            one_shot_each_item(np.zeros((len(codes),) * 2), np.array(codes, int))

    def test_a_matrix_that_does_not_fit(self) -> None:
        with pytest.raises(DataError, match="one row per code, n = 3"):
            one_shot_each_item(np.zeros((4, 4)), np.array([0, 0, 1]))


class TestNWayKShot:
    def test_trials_and_whose_they_are(self) -> None:
        codes = np.repeat(np.arange(6), 4)
        found = n_way_k_shot(symmetric(24, 0), codes, ways=5, shots=3, count=7, seed=0)
        assert (found.ways, found.shots) == (5, 3)
        assert len(found.correct) == len(found.probe_codes) == 7 * 5

    def test_more_shots_help_and_more_ways_hurt(self) -> None:
        rng = np.random.default_rng(0)
        codes = np.repeat(np.arange(20), 8)
        points = rng.normal(size=(20, 2))[codes] + 0.25 * rng.normal(size=(160, 2))
        matrix = np.linalg.norm(points[:, None] - points[None, :], axis=2)

        def rate(ways: int, shots: int) -> float:
            return n_way_k_shot(matrix, codes, ways=ways, shots=shots, count=100, seed=0).rate

        assert rate(5, 1) < rate(5, 5)
        assert rate(20, 1) < rate(5, 1) < rate(2, 1)

    def test_guessing_is_one_in_ways(self) -> None:
        codes = np.repeat(np.arange(5), 2)
        found = n_way_k_shot(np.zeros((10, 10)), codes, ways=4, shots=1, count=3, seed=0)
        assert found.correct.tolist() == [0.25] * 12

    def test_the_seed_decides(self) -> None:
        codes, matrix = np.repeat(np.arange(8), 3), symmetric(24, 0)
        one, again, other = (
            n_way_k_shot(matrix, codes, ways=4, shots=1, count=10, seed=seed).probe_codes.tolist()
            for seed in (1, 1, 2)
        )
        assert one == again != other

    def test_refusals(self) -> None:
        codes, matrix = np.repeat(np.arange(3), 2), np.zeros((6, 6))
        with pytest.raises(TooFewError, match="ways: expected at most 3"):
            n_way_k_shot(matrix, codes, ways=4, shots=1, count=1, seed=0)
        with pytest.raises(SettingError, match="count: expected a whole number from 1"):
            n_way_k_shot(matrix, codes, ways=2, shots=1, count=0, seed=0)
        with pytest.raises(DataError, match="one row per code, n = 6"):
            n_way_k_shot(np.zeros((6, 5)), codes, ways=2, shots=1, count=1, seed=0)


class TestCumulativeMatch:
    @given(seed=st.integers(0, 10_000), people=st.integers(2, 5), photos=st.integers(2, 3))
    def test_is_the_share_of_orders_with_the_right_person_in_front(
        self, seed: int, people: int, photos: int
    ) -> None:
        """Those that tie may stand in any order: every one of them is tried."""
        codes = np.repeat(np.arange(people), photos)
        matrix = symmetric(len(codes), seed, different=3)
        shares = np.zeros(people)
        trials = 0
        for place in range(photos):
            enrolled = [person * photos + place for person in range(people)]
            for probe in set(range(len(codes))) - set(enrolled):
                own = matrix[probe, codes[probe] * photos + place]
                nearer = sum(matrix[probe, item] < own for item in enrolled)
                level = sum(matrix[probe, item] == own for item in enrolled)
                for rank in range(1, people + 1):
                    places = [nearer + k for k in range(1, level + 1)]
                    shares[rank - 1] += sum(k <= rank for k in places) / level
                trials += 1
        found = one_shot_each_item(matrix, codes).cumulative_match()
        np.testing.assert_allclose(found, shares / trials)

    @given(seed=st.integers(0, 10_000), people=st.integers(2, 6))
    def test_never_falls_and_ends_at_one(self, seed: int, people: int) -> None:
        codes = np.repeat(np.arange(people), 2)
        trials = one_shot_each_item(symmetric(len(codes), seed, different=4), codes)
        found = trials.cumulative_match()
        assert len(found) == people
        assert (np.diff(found) >= -1e-12).all()
        assert found[-1] == 1.0
        assert found[0] == trials.rate

    def test_stops_where_it_is_told(self) -> None:
        trials = one_shot_each_item(symmetric(12, 0), np.repeat(np.arange(6), 2))
        np.testing.assert_array_equal(
            trials.cumulative_match(most=3), trials.cumulative_match()[:3]
        )
