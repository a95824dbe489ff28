"""Every rate against a loop that a person can check, and against scikit-learn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import det_curve, roc_auc_score

from likeness.datasets import Dataset
from likeness.datasets.sampling import LabelledPairs
from likeness.errors import DataError, SettingError, TooFewError
from likeness.evaluation import (
    PairEnergies,
    accuracy_at,
    auc,
    choose_threshold,
    equal_error_rate,
    error_rates,
    evaluate_matrix,
    find_leaks,
    n_way_k_shot,
    one_shot_each_item,
    people_intervals,
    rank_one,
    tar_at_far,
)
from likeness.evaluation.verification import Counter

# Few distinct values, so that ties are common.
energies = st.lists(st.integers(0, 12).map(float), min_size=1, max_size=30)


def slow_rates(genuine: list[float], impostor: list[float], threshold: float) -> list[float]:
    """Count one by one: (FAR, FRR)."""
    far = sum(1 for energy in impostor if energy <= threshold) / len(impostor)
    frr = sum(1 for energy in genuine if energy > threshold) / len(genuine)
    return [far, frr]


class TestErrorRates:
    @given(energies, energies)
    def test_equal_a_count_one_by_one(self, genuine: list[float], impostor: list[float]) -> None:
        rates = error_rates(genuine, impostor)
        assert rates.thresholds[0] == -np.inf
        assert set(rates.thresholds[1:]) == set(genuine) | set(impostor)
        for threshold, far, frr in zip(rates.thresholds, rates.far, rates.frr, strict=True):
            assert [far, frr] == pytest.approx(slow_rates(genuine, impostor, threshold))

    @given(energies, energies, st.integers(0, 2**16))
    def test_weights_count_a_pair_so_many_times(
        self, genuine: list[float], impostor: list[float], seed: int
    ) -> None:
        rng = np.random.default_rng(seed)
        often = [rng.integers(0, 3, len(side)) for side in (genuine, impostor)]
        often[0][0] = often[1][0] = 1
        weighted = Counter(genuine, impostor).rates(*(w.astype(float) for w in often))
        literal = error_rates(np.repeat(genuine, often[0]), np.repeat(impostor, often[1]))
        assert auc(weighted) == pytest.approx(auc(literal))
        assert equal_error_rate(weighted) == pytest.approx(equal_error_rate(literal))

    def test_no_pairs_and_nan_are_refused_in_words(self) -> None:
        with pytest.raises(TooFewError, match="at least one impostor pair"):
            error_rates([1.0], [])
        with pytest.raises(DataError, match="genuine: expected finite energies"):
            error_rates([np.nan], [1.0])
        with pytest.raises(DataError, match="shape"):
            error_rates([[1.0]], [1.0])


class TestFigures:
    @given(energies, energies)
    def test_auc_is_scikit_learns(self, genuine: list[float], impostor: list[float]) -> None:
        labels = [1] * len(genuine) + [0] * len(impostor)
        expected = roc_auc_score(labels, [-energy for energy in genuine + impostor])
        assert auc(error_rates(genuine, impostor)) == pytest.approx(expected)

    @given(energies, energies)
    def test_roles_swapped_give_one_minus_auc(
        self, genuine: list[float], impostor: list[float]
    ) -> None:
        swapped = auc(error_rates(impostor, genuine))
        assert auc(error_rates(genuine, impostor)) == pytest.approx(1 - swapped)

    @given(energies, energies)
    def test_monotone_transforms_change_nothing(
        self, genuine: list[float], impostor: list[float]
    ) -> None:
        plain = error_rates(genuine, impostor)
        bent = error_rates(np.exp(genuine), np.exp(impostor))
        assert auc(bent) == auc(plain)
        assert equal_error_rate(bent) == equal_error_rate(plain)

    def test_eer_lies_between_the_two_curves_of_scikit_learn(self) -> None:
        rng = np.random.default_rng(0)
        genuine, impostor = rng.normal(0, 1, 400), rng.normal(1.5, 1, 600)
        labels = np.repeat([1, 0], [400, 600])
        far, frr, _ = det_curve(labels, -np.concatenate([genuine, impostor]))
        near = np.argmin(np.abs(far - frr))
        eer = equal_error_rate(error_rates(genuine, impostor))
        assert eer == pytest.approx((far[near] + frr[near]) / 2, abs=0.003)

    def test_perfect_and_hopeless(self) -> None:
        assert equal_error_rate(error_rates([1.0], [2.0])) == 0.0
        assert equal_error_rate(error_rates([2.0], [1.0])) == 1.0
        assert equal_error_rate(error_rates([1.0], [1.0])) == 0.5

    @given(energies, energies)
    def test_tar_at_far_is_the_best_that_keeps_the_far(
        self, genuine: list[float], impostor: list[float]
    ) -> None:
        impostor = impostor * 30
        best = 0.0
        for threshold in [-1.0, *genuine, *impostor]:
            far, frr = slow_rates(genuine, impostor, threshold)
            if far <= 0.3:
                best = max(best, 1 - frr)
        assert tar_at_far(error_rates(genuine, impostor), 0.3) == pytest.approx(best)

    def test_a_far_that_the_pairs_cannot_show_is_refused(self) -> None:
        rates = error_rates([0.0], np.arange(1.0, 101.0))
        assert tar_at_far(rates, 0.03) == 1.0
        with pytest.raises(SettingError, match=r"100 impostor pairs support no FAR under 0\.03"):
            tar_at_far(rates, 0.01)

    @given(energies, energies)
    def test_no_threshold_beats_the_chosen_one(
        self, genuine: list[float], impostor: list[float]
    ) -> None:
        rates = error_rates(genuine, impostor)
        chosen = accuracy_at(rates, choose_threshold(genuine, impostor))
        for threshold in [-1.0, *genuine, *impostor, 99.0]:
            far, frr = slow_rates(genuine, impostor, threshold)
            assert accuracy_at(rates, threshold) == pytest.approx(1 - (far + frr) / 2)
            assert chosen >= 1 - (far + frr) / 2 - 1e-12


class TestIdentification:
    def test_one_shot_equals_a_slow_loop(self) -> None:
        rng = np.random.default_rng(1)
        codes = np.repeat(np.arange(4), 3)
        points = rng.normal(size=(12, 2)) + codes[:, None]
        matrix = np.linalg.norm(points[:, None] - points[None], axis=2)
        right = []
        for place in range(3):
            enrolled = [person * 3 + place for person in range(4)]
            for probe in range(12):
                if probe not in enrolled:
                    nearest = min(enrolled, key=lambda item: matrix[probe, item])
                    right.append(codes[nearest] == codes[probe])
        found = one_shot_each_item(matrix, codes)
        assert (found.ways, found.shots, len(found.correct)) == (4, 1, 24)
        assert found.rate == pytest.approx(np.mean(right))

    def test_u4_has_900_trials_a_fold(self) -> None:
        codes = np.repeat(np.arange(10), 10)
        matrix = np.abs(codes[:, None] - codes[None]).astype(float)
        found = one_shot_each_item(matrix, codes)
        assert len(found.correct) == 900
        assert found.rate == 1.0

    def test_ties_count_as_a_fair_draw(self) -> None:
        assert one_shot_each_item(np.zeros((6, 6)), np.repeat([0, 1, 2], 2)).rate == pytest.approx(
            1 / 3
        )

    def test_several_photos_count_by_the_nearest(self) -> None:
        matrix = np.array([[0.9, 0.1, 0.5]])
        assert rank_one(matrix, np.array([7]), np.array([7, 7, 8])).tolist() == [1.0]

    def test_n_way_k_shot_of_perfect_energies_is_perfect(self) -> None:
        codes = np.repeat(np.arange(6), 4)
        matrix = (codes[:, None] != codes[None]).astype(float)
        found = n_way_k_shot(matrix, codes, ways=5, shots=2, count=20, seed=0)
        assert (found.rate, len(found.correct)) == (1.0, 100)
        with pytest.raises(TooFewError, match="expected at most 6"):
            n_way_k_shot(matrix, codes, ways=7, shots=1, count=1, seed=0)


class TestIntervals:
    def fold(self, seed: int, people: int = 6) -> object:
        rng = np.random.default_rng(seed)
        codes = np.repeat(np.arange(people), 5)
        points = rng.normal(size=(people, 3))[codes] * 1.5 + rng.normal(size=(len(codes), 3))
        matrix = np.linalg.norm(points[:, None] - points[None], axis=2)
        return evaluate_matrix(matrix, codes, threshold=2.0)

    def test_means_are_over_folds_and_intervals_repeat(self) -> None:
        folds = [self.fold(0), self.fold(1)]
        found = people_intervals(folds, repetitions=100, seed=3)
        for name, interval in found.items():
            assert interval.mean == pytest.approx(np.mean([f.figures[name] for f in folds]))
            assert interval.low <= interval.mean <= interval.high
        assert found == people_intervals(folds, repetitions=100, seed=3)

    def test_people_resampled_vary_more_than_pairs_would(self) -> None:
        fold = self.fold(2, people=8)
        interval = people_intervals([fold], repetitions=300, seed=0)["auc"]
        rng = np.random.default_rng(0)
        genuine, impostor = fold.pairs.genuine, fold.pairs.impostor
        naive = [
            auc(error_rates(rng.choice(genuine, len(genuine)), rng.choice(impostor, len(impostor))))
            for _ in range(300)
        ]
        assert interval.high - interval.low > 1.3 * np.ptp(np.quantile(naive, [0.025, 0.975]))

    def test_more_people_narrow_the_interval(self) -> None:
        few, many = (people_intervals([self.fold(5, people=n)])["auc"] for n in (5, 40))
        assert many.high - many.low < few.high - few.low


class TestLeaks:
    def data(self, *identities: str, shift: int = 0) -> Dataset:
        items = np.arange(len(identities), dtype=np.uint8)[:, None, None, None] + np.uint8(shift)
        return Dataset(np.tile(items, (1, 2, 2, 1)), identities)

    def test_clean_split(self) -> None:
        report = find_leaks(self.data("a", "a", "b"), self.data("c", "c", "d", shift=100))
        assert report.leaks == 0
        assert report.sentences() == [
            "No leak: no person, photo or pair of the test part was in the training part."
        ]

    def test_one_photo_renamed_is_found(self) -> None:
        report = find_leaks(self.data("a", "a"), self.data("x", "x", shift=1))
        assert (report.shared_identities, report.shared_items) == (0, 1)

    def test_lab_split_shares_people_and_photos(self) -> None:
        data = self.data("a", "a", "b", "b")
        learned = LabelledPairs(np.array([[0, 1], [1, 2]]), np.array([True, False]))
        tested = LabelledPairs(np.array([[0, 1], [2, 3]]), np.array([True, True]))
        report = find_leaks(data, data, train_pairs=learned, test_pairs=tested)
        assert (report.shared_identities, report.identities) == (2, 2)
        assert (report.shared_items, report.items) == (3, 4)
        assert (report.shared_genuine_pairs, report.genuine_pairs) == (1, 2)
        assert "1 of the 2 test genuine pairs (50 %)" in " ".join(report.sentences())


def test_all_pairs_are_450_genuine_and_4500_impostor() -> None:
    codes = np.repeat(np.arange(10), 10)
    found = PairEnergies.of_embeddings(
        np.random.default_rng(0).normal(size=(100, 3)), codes, energy="cosine"
    )
    assert (len(found.genuine), len(found.impostor)) == (450, 4500)
