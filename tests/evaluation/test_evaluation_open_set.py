"""Open-set identification: every rate against a loop that a person can check."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from likeness import datasets
from likeness.energies import energy_matrix
from likeness.errors import DataError, SettingError, TooFewError
from likeness.evaluation import BASELINES, cross_fitted_threshold, evaluate_open_set
from likeness.evaluation.open_set import OpenSetCounter, Searches


def matrix_of(people: int, photos: int, seed: int, *, ties: bool = True):
    """Energies between all photos, of few different values so that many tie; and the codes."""
    rng = np.random.default_rng(seed)
    codes = np.repeat(np.arange(people), photos)
    count = len(codes)
    half = rng.integers(0, 6, (count, count)) if ties else rng.random((count, count))
    matrix = np.triu(half, 1).astype(float)
    return matrix + matrix.T, codes


def slow_search(matrix, probe_codes, gallery_codes, threshold, rank):
    """Search one probe at a time: ([false candidate?, ...], [share missed, ...])."""
    false, wrong = [], []
    for row, person in zip(matrix, probe_codes, strict=True):
        best = {}
        for energy, enrolled in zip(row, gallery_codes, strict=True):
            best[enrolled] = min(energy, best.get(enrolled, np.inf))
        if person not in best:
            false.append(any(energy <= threshold for energy in best.values()))
            continue
        nearer = sum(energy < best[person] for energy in best.values())
        level = sum(energy == best[person] for energy in best.values())
        # All orders of those that tie are equally likely: count those with the right one in.
        inside = sum(nearer + place < rank for place in range(level)) / level
        wrong.append(1 - inside if best[person] <= threshold else 1.0)
    return false, wrong


def slow_halves(matrix, codes, halves, threshold, *, shots=1, rank=1):
    """FPIR and FNIR of the whole protocol, given who is enrolled in each half."""
    false, wrong = [], []
    for half in halves:
        for first in range(min(np.bincount(codes))):
            enrolled = []
            for person in half:
                mine = [item for item in range(len(codes)) if codes[item] == person]
                shortest = min(np.bincount(codes))
                enrolled += [mine[(first + k) % shortest] for k in range(shots)]
            probes = [item for item in range(len(codes)) if item not in enrolled]
            found = slow_search(
                matrix[np.ix_(probes, enrolled)], codes[probes], codes[enrolled], threshold, rank
            )
            false += found[0]
            wrong += found[1]
    return np.mean(false), np.mean(wrong)


class TestRates:
    @given(
        seed=st.integers(0, 10_000),
        gallery=st.lists(st.integers(0, 3), min_size=1, max_size=6),
        strangers=st.integers(1, 4),
        rank=st.integers(1, 5),
        threshold=st.integers(-1, 6),
    )
    def test_equal_a_search_one_by_one(self, seed, gallery, strangers, rank, threshold) -> None:
        rng = np.random.default_rng(seed)
        codes = np.array([*rng.choice(gallery, 3), *([9] * strangers)])
        matrix = rng.integers(0, 6, (len(codes), len(gallery))).astype(float)
        found = Searches.of(matrix, codes, np.array(gallery))
        false, wrong = slow_search(matrix, codes, gallery, threshold, rank)
        rates = found.rates(rank=rank)
        assert rates.at(threshold) == pytest.approx((np.mean(false), np.mean(wrong)))
        assert found.missed(threshold, rank=rank) == pytest.approx(wrong)
        assert (rates.mated_probes, rates.non_mated_probes) == (3, strangers)

    @given(seed=st.integers(0, 10_000), rank=st.integers(1, 3))
    def test_fpir_rises_and_fnir_falls_with_the_threshold_and_with_the_rank(
        self, seed, rank
    ) -> None:
        found = evaluate_open_set(*matrix_of(4, 2, seed), halves=2, seed=seed).searches
        rates, next_rank = (found.rates(rank=r) for r in (rank, rank + 1))
        assert rates.at(-np.inf) == (0.0, 1.0)
        assert rates.fpir[-1] == 1.0
        assert (np.diff(rates.fpir) >= 0).all()
        assert (np.diff(rates.fnir) <= 1e-12).all()
        assert (next_rank.fnir <= rates.fnir + 1e-12).all()
        np.testing.assert_array_equal(next_rank.fpir, rates.fpir)

    @given(seed=st.integers(0, 10_000))
    def test_at_the_last_rank_nobody_is_missed_but_by_the_threshold(self, seed) -> None:
        found = evaluate_open_set(*matrix_of(6, 2, seed), halves=2).searches
        rates = found.rates(rank=3)
        assert rates.fnir[-1] == pytest.approx(0.0)
        for threshold in range(6):
            assert rates.at(threshold)[1] == pytest.approx(np.mean(found.mated > threshold))

    @given(seed=st.integers(0, 10_000))
    def test_weights_count_a_search_so_many_times(self, seed) -> None:
        rng = np.random.default_rng(seed)
        found = evaluate_open_set(*matrix_of(4, 2, seed), halves=2).searches
        often = [rng.integers(0, 3, len(side)) for side in (found.mated, found.non_mated)]
        often[0][0] = often[1][0] = 1
        weighted = OpenSetCounter(found).rates(*(w.astype(float) for w in often))
        wrong = found.missed(2.0)
        assert weighted.at(2.0) == pytest.approx(
            (np.repeat(found.non_mated <= 2.0, often[1]).mean(), np.repeat(wrong, often[0]).mean())
        )

    def test_nobody_ever_found(self) -> None:
        found = Searches.of(np.array([[3.0, 1.0], [2.0, 4.0]]), np.array([0, 5]), np.array([0, 1]))
        rates = found.rates()
        assert rates.fnir.tolist() == [1.0] * len(rates.fnir)

    def test_a_network_that_maps_all_to_one_point_is_a_fair_guess(self) -> None:
        codes = np.repeat(np.arange(8), 3)
        rates = evaluate_open_set(np.zeros((24, 24)), codes, halves=4).searches.rates()
        assert rates.at(0.0) == pytest.approx((1.0, 0.75))

    def test_nearest_stranger_s_neighbour_is_named(self) -> None:
        found = Searches.of(np.array([[3.0, 1.0], [2.0, 4.0]]), np.array([6, 5]), np.array([0, 1]))
        assert found.nearest_codes.tolist() == [1, 0]
        assert found.non_mated.tolist() == [1.0, 2.0]

    def test_only_one_kind_of_search_is_refused_in_words(self) -> None:
        both = np.array([[1.0, 2.0]])
        with pytest.raises(TooFewError, match=r"people who are not\. Received: 1 and 0\."):
            Searches.of(both, np.array([0]), np.array([0, 1])).rates()
        with pytest.raises(TooFewError, match="Received: 0 and 1"):
            Searches.of(both, np.array([9]), np.array([0, 1])).rates()

    def test_bad_arrays_and_ranks(self) -> None:
        with pytest.raises(DataError, match="1 probes to 3 enrolled items"):
            Searches.of(np.zeros((1, 2)), np.array([0]), np.array([0, 1, 2]))
        with pytest.raises(DataError, match="NaN"):
            Searches.of(np.array([[np.nan, 1.0]]), np.array([0]), np.array([0, 1]))
        found = Searches.of(np.ones((2, 2)), np.array([0, 9]), np.array([0, 1]))
        with pytest.raises(SettingError, match="rank: expected"):
            found.rates(rank=0)
        with pytest.raises(SettingError, match="threshold: expected a number"):
            found.rates().at(np.nan)


class TestDirAtFpir:
    @given(seed=st.integers(0, 10_000), fpir=st.sampled_from([0.2, 0.3, 0.5, 1.0]))
    def test_is_the_best_that_keeps_the_fpir(self, seed, fpir) -> None:
        found = evaluate_open_set(*matrix_of(6, 3, seed), halves=2, seed=seed).searches
        best = 0.0
        for threshold in [-1.0, *found.mated, *found.non_mated]:
            if np.mean(found.non_mated <= threshold) <= fpir:
                best = max(best, 1 - found.missed(threshold).mean())
        assert found.rates().dir_at(fpir) == pytest.approx(best)

    def test_counts_different_probes_not_searches(self) -> None:
        """The same 18 photos are searched again and again: they show no FPIR under 3/18."""
        found = evaluate_open_set(*matrix_of(6, 3, 0), halves=10).searches
        rates = found.rates()
        assert len(found.non_mated) == 10 * 3 * 9
        assert rates.non_mated_probes == 18
        assert rates.dir_at(3 / 18) >= 0
        with pytest.raises(
            SettingError, match=r"18 probes of strangers support no FPIR under 0\.17"
        ):
            rates.dir_at(0.1)

    @pytest.mark.parametrize("fpir", [0.0, 1.5, np.nan])
    def test_a_rate_that_is_none(self, fpir) -> None:
        found = evaluate_open_set(*matrix_of(6, 3, 0), halves=2).searches
        with pytest.raises(SettingError, match="above 0, at most 1"):
            found.rates().dir_at(fpir)


class TestHalves:
    @pytest.mark.parametrize(("people", "photos", "shots"), [(4, 3, 1), (5, 4, 2), (7, 3, 2)])
    @pytest.mark.parametrize("rank", [1, 2])
    def test_equal_the_protocol_in_loops(self, people, photos, shots, rank) -> None:
        matrix, codes = matrix_of(people, photos, people)
        found = evaluate_open_set(matrix, codes, halves=3, shots=shots, seed=1)
        rates = found.searches.rates(rank=rank)
        for threshold in (0.0, 1.0, 3.0):
            slow = slow_halves(matrix, codes, found.halves, threshold, shots=shots, rank=rank)
            assert rates.at(threshold) == pytest.approx(slow)

    def test_half_is_enrolled_everybody_in_turn_and_the_seed_decides(self) -> None:
        matrix, codes = matrix_of(10, 2, 0)
        found = evaluate_open_set(matrix, codes, halves=6, seed=4)
        assert all(len(half) == 5 for half in found.halves)
        assert np.bincount(np.concatenate(found.halves)).tolist() == [3] * 10
        assert found.galleries == 6 * 2
        assert found.halves == evaluate_open_set(matrix, codes, halves=6, seed=4).halves
        assert found.halves != evaluate_open_set(matrix, codes, halves=6, seed=5).halves
        assert found.halves[:2] == evaluate_open_set(matrix, codes, halves=2, seed=4).halves

    def test_ten_people_of_ten_photos(self) -> None:
        """A fold of the AT&T faces: 45 mated and 50 non-mated searches in each gallery."""
        found = evaluate_open_set(*matrix_of(10, 10, 0), halves=2).searches
        assert len(found.mated) == 2 * 10 * 45
        assert len(found.non_mated) == 2 * 10 * 50

    def test_of_many_photos_ten_are_enrolled_in_turn(self) -> None:
        """The first and the last among them; all others are probes."""
        matrix, codes = matrix_of(4, 25, 0)
        found = evaluate_open_set(matrix, codes, halves=2)
        assert found.galleries == 2 * 10
        assert len(found.searches.mated) == 2 * 10 * 2 * 24
        times = np.bincount(found.searches.mated_items, minlength=100)[:25]
        assert (times[0], times[-1], times.max()) == (9, 9, 10)
        assert (times == 9).sum() == 10

    def test_nobody_s_own_enrolled_photo_is_a_probe(self) -> None:
        matrix, codes = matrix_of(4, 3, 0, ties=False)
        np.fill_diagonal(matrix, -1.0)
        found = evaluate_open_set(matrix, codes, halves=4).searches
        assert min(found.mated.min(), found.non_mated.min()) >= 0
        np.testing.assert_array_equal(codes[found.mated_items], found.mated_codes)
        np.testing.assert_array_equal(codes[found.non_mated_items], found.non_mated_codes)

    def test_people_with_a_single_photo_are_enrolled_or_strangers(self) -> None:
        codes = np.array([0, 0, 1, 2, 3])
        matrix = np.ones((5, 5))
        found = evaluate_open_set(matrix, codes, halves=20)
        assert set(found.searches.mated_codes.tolist()) == {0}
        assert set(found.searches.non_mated_codes.tolist()) == {0, 1, 2, 3}

    @pytest.mark.parametrize(
        ("codes", "shots"),
        [([0, 0, 1, 1, 2, 2], 1), ([0, 1, 2, 3], 1), ([0, 0, 1, 1, 2, 2, 3, 3], 2), ([], 1)],
    )
    def test_too_few(self, codes, shots) -> None:
        codes = np.array(codes, int)
        with pytest.raises(TooFewError, match="open set: expected 4 people or more"):
            evaluate_open_set(np.ones((len(codes), len(codes))), codes, shots=shots)

    @pytest.mark.parametrize("changes", [{"halves": 0}, {"shots": 0}, {"halves": 1.5}])
    def test_settings(self, changes) -> None:
        with pytest.raises(SettingError, match="expected a"):
            evaluate_open_set(*matrix_of(4, 3, 0), **changes)


class TestEvaluate:
    def test_without_a_threshold_there_is_no_fpir(self) -> None:
        matrix, codes = matrix_of(8, 10, 0)
        without = evaluate_open_set(matrix, codes, threshold=None)
        assert set(without.figures) == {"dir_at_fpir_5e-2", "dir_at_fpir_1e-1"}
        found = evaluate_open_set(matrix, codes, threshold=2.0)
        rates = found.searches.rates()
        assert (found.figures["fpir"], found.figures["fnir"]) == rates.at(2.0)
        assert found.figures["dir_at_fpir_5e-2"] == rates.dir_at(0.05)

    def test_what_the_probes_cannot_show_is_left_out(self) -> None:
        figures = evaluate_open_set(*matrix_of(8, 5, 0), threshold=None).figures
        assert set(figures) == {"dir_at_fpir_1e-1"}

    def test_searches_are_frozen(self) -> None:
        found = evaluate_open_set(*matrix_of(4, 2, 0), halves=2)
        assert isinstance(found.searches, Searches)
        with pytest.raises(AttributeError):
            found.shots = 2


@pytest.mark.real
def test_raw_pixels_on_the_att_faces(real_data: str) -> None:
    """A fold's raw pixels by a loop over photos; a threshold for pairs lets strangers in."""
    training, test = datasets.identity_folds(datasets.att(real_data), 4)[0]
    fit = BASELINES["raw_pixels"]
    embedder = fit(training)
    matrix = energy_matrix(embedder.energy, embedder.embed(test.items))
    threshold = cross_fitted_threshold(fit, training)
    found = evaluate_open_set(matrix, test.codes, threshold=threshold, halves=2)
    slow = slow_halves(matrix, test.codes, found.halves, threshold)
    assert (found.figures["fpir"], found.figures["fnir"]) == pytest.approx(slow)
    assert found.figures["fpir"] > 0.2
    assert 0.2 < found.figures["dir_at_fpir_5e-2"] <= found.figures["dir_at_fpir_1e-1"] < 0.9
