"""Intervals over people: against lists that are literally resampled, and what they promise."""

import time

import numpy as np
import pytest

from likeness.datasets.sampling import LabelledPairs, sample_pairs
from likeness.energies import energy_matrix
from likeness.errors import SettingError, TooFewError
from likeness.evaluation import (
    Evaluation,
    PairEnergies,
    accuracy_at,
    auc,
    equal_error_rate,
    error_rates,
    evaluate_matrix,
    evaluate_pairs,
    n_way_k_shot,
    people_intervals,
    tar_at_far,
)
from likeness.evaluation.intervals import item_intervals

THRESHOLD = 1.5


def made(seed: int, *, people: int = 8, photos: int = 5, threshold: float | None = THRESHOLD):
    """Return energies of people whose photos scatter around a point of their own."""
    rng = np.random.default_rng(seed)
    codes = np.repeat(np.arange(people), photos)
    points = rng.normal(0, 1.2, (people, 3))[codes] + rng.normal(0, 0.6, (len(codes), 3))
    # Rounded, so that some energies tie.
    return evaluate_matrix(energy_matrix("euclidean", points).round(1), codes, threshold=threshold)


def literally(fold: Evaluation, drawn: np.ndarray) -> dict[str, float] | None:
    """Return the figures on the lists of pairs and trials that the drawn people have."""
    pairs = fold.pairs
    genuine, impostor, trials = [], [], []
    for first, one in enumerate(drawn):
        for (i, _), energy in zip(pairs.genuine_pairs, pairs.genuine, strict=True):
            if pairs.codes[i] == one:
                genuine.append(energy)
        for second, other in enumerate(drawn):
            if first != second:
                for (i, j), energy in zip(pairs.impostor_pairs, pairs.impostor, strict=True):
                    if (pairs.codes[i], pairs.codes[j]) == (one, other):
                        impostor.append(energy)
        if fold.identification is not None:
            mine = fold.identification.probe_codes == one
            trials.extend(fold.identification.correct[mine])
    if not genuine or not impostor:
        return None
    rates = error_rates(genuine, impostor)
    figures = {"auc": auc(rates), "eer": equal_error_rate(rates)}
    figures["accuracy"] = accuracy_at(rates, THRESHOLD)
    if "tar_at_far_1e-2" in fold.figures:
        # What is claimed depends on the pairs there were, not on those drawn again.
        figures["tar_at_far_1e-2"] = float(1 - rates.frr[rates.far <= 0.01][-1])
    if trials:
        figures[f"one_shot_{fold.identification.ways}way"] = float(np.mean(trials))
    return figures


def slow_intervals(folds: list[Evaluation], repetitions: int, seed: int) -> dict[str, list[float]]:
    """The same draws, one list at a time."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(repetitions):
        per_fold = []
        for fold in folds:
            codes = np.unique(fold.pairs.codes)
            figures = None
            while figures is None:
                figures = literally(fold, rng.choice(codes, len(codes)))
            per_fold.append(figures)
        rows.append({n: np.mean([f[n] for f in per_fold]) for n in folds[0].figures})
    return {n: np.quantile([row[n] for row in rows], [0.025, 0.975]) for n in folds[0].figures}


class TestAgainstLiteralResampling:
    @pytest.mark.parametrize("photos", [3, 5])
    def test_folds_of_unseen_people(self, photos: int) -> None:
        folds = [made(seed, photos=photos) for seed in (0, 1)]
        assert ("tar_at_far_1e-2" in folds[0].figures) == (photos == 5)
        expected = slow_intervals(folds, 15, seed=3)
        found = people_intervals(folds, repetitions=15, seed=3)
        assert set(found) == set(expected)
        for name, (low, high) in expected.items():
            assert (found[name].low, found[name].high) == pytest.approx((low, high)), name

    def test_people_so_few_that_some_draws_have_no_impostor(self) -> None:
        """Of two people, every second draw is one of them twice: drawn again."""
        fold = made(0, people=2, photos=4)
        expected = slow_intervals([fold], 30, seed=0)
        found = people_intervals([fold], repetitions=30, seed=0)
        for name, (low, high) in expected.items():
            assert (found[name].low, found[name].high) == pytest.approx((low, high)), name

    def test_a_list_of_pairs(self) -> None:
        rng = np.random.default_rng(0)
        codes = np.repeat(np.arange(8), 5)
        points = rng.normal(size=(8, 3))[codes] + rng.normal(0, 0.6, (40, 3))
        pairs = PairEnergies.of_pairs(
            points, codes, sample_pairs(codes, genuine=40, impostor=60, seed=0), energy="euclidean"
        )
        fold = evaluate_pairs(pairs, threshold=THRESHOLD)
        expected = slow_intervals([fold], 15, seed=1)
        found = people_intervals([fold], repetitions=15, seed=1)
        assert set(found) == {"auc", "eer", "accuracy"}
        for name, (low, high) in expected.items():
            assert (found[name].low, found[name].high) == pytest.approx((low, high)), name


class TestWhatTheyPromise:
    def test_mean_is_the_mean_of_the_point_figures(self) -> None:
        folds = [made(seed) for seed in range(3)]
        for name, interval in people_intervals(folds, repetitions=50).items():
            assert interval.mean == pytest.approx(np.mean([f.figures[name] for f in folds]))
            assert interval.low <= interval.high

    def test_a_higher_level_is_wider(self) -> None:
        folds = [made(0)]
        narrow, wide = (people_intervals(folds, repetitions=300, level=x) for x in (0.6, 0.99))
        for name, interval in narrow.items():
            assert wide[name].low <= interval.low <= interval.high <= wide[name].high

    def test_wider_than_resampling_pairs_where_people_differ(self) -> None:
        """Half of the people are easy, half are hard: pairs of one are no independent facts."""
        rng = np.random.default_rng(0)
        codes = np.repeat(np.arange(10), 8)
        spread = np.where(np.arange(10) < 5, 0.1, 1.5)[codes, None]
        points = rng.normal(size=(10, 3))[codes] + spread * rng.normal(size=(80, 3))
        fold = evaluate_matrix(energy_matrix("euclidean", points), codes, threshold=None)
        by_people = people_intervals([fold], repetitions=300)["auc"]
        draws = []
        for _ in range(300):
            genuine, impostor = (
                rng.choice(kind, len(kind)) for kind in (fold.pairs.genuine, fold.pairs.impostor)
            )
            draws.append(auc(error_rates(genuine, impostor)))
        low, high = np.quantile(draws, [0.025, 0.975])
        assert by_people.high - by_people.low > 2 * (high - low)

    def test_perfect_figures_have_no_width(self) -> None:
        codes = np.repeat(np.arange(6), 4)
        other = (codes[:, None] != codes[None, :]).astype(float)
        found = people_intervals([evaluate_matrix(other, codes, threshold=0.5)], repetitions=50)
        for name in ("auc", "accuracy", "one_shot_6way"):
            assert (found[name].low, found[name].mean, found[name].high) == (1, 1, 1)

    def test_the_seed_decides(self) -> None:
        folds = [made(0)]
        one, again, other = (people_intervals(folds, repetitions=50, seed=s) for s in (0, 0, 1))
        assert one == again != other

    def test_a_figure_that_one_fold_lacks_is_left_out(self) -> None:
        folds = [made(0), made(1, threshold=None)]
        assert "accuracy" not in people_intervals(folds, repetitions=10)
        assert "eer" in people_intervals(folds, repetitions=10)

    def test_a_claim_is_made_from_the_pairs_there_were(self) -> None:
        fold = made(0)
        rates = error_rates(fold.pairs.genuine, fold.pairs.impostor)
        assert people_intervals([fold], repetitions=10)["tar_at_far_1e-2"].mean == (
            tar_at_far(rates, 0.01)
        )

    def test_few_episodes_that_ask_about_few_people(self) -> None:
        """A draw may hold nobody who was asked about: drawn again, not divided by nothing."""
        rng = np.random.default_rng(0)
        codes = np.repeat(np.arange(12), 3)
        matrix = energy_matrix("euclidean", rng.normal(size=(36, 2)))
        trials = n_way_k_shot(matrix, codes, ways=2, shots=1, count=1, seed=0)
        pairs = evaluate_matrix(matrix, codes, threshold=None).pairs
        fold = evaluate_pairs(pairs, threshold=None, identification=trials)
        found = people_intervals([fold], repetitions=200)["one_shot_2way"]
        assert 0 <= found.low <= found.high <= 1

    def test_people_in_no_pair_change_nothing(self) -> None:
        codes, points = np.repeat(np.arange(4), 3), np.random.default_rng(0).normal(size=(12, 2))
        listed = sample_pairs(codes, seed=0)
        more = np.concatenate([codes, np.arange(4, 40)])
        farther = np.concatenate([points, np.zeros((36, 2))])
        few, many = (
            people_intervals(
                [evaluate_pairs(PairEnergies.of_pairs(p, c, listed, energy="cosine"), threshold=1)],
                repetitions=50,
            )
            for p, c in ((points, codes), (farther, more))
        )
        assert few == many


def test_a_thousand_repetitions_of_u4_take_seconds() -> None:
    folds = [made(seed, people=10, photos=10) for seed in range(4)]
    began = time.process_time()
    people_intervals(folds, repetitions=1000)
    assert time.process_time() - began < 15  # 1.5 s on an idle core


class TestRefusals:
    def test_no_fold(self) -> None:
        with pytest.raises(TooFewError, match="folds: expected at least one evaluation"):
            people_intervals([])

    @pytest.mark.parametrize(
        ("argument", "value"), [("repetitions", 5), ("level", 1.0), ("level", float("nan"))]
    )
    def test_a_setting_out_of_its_range(self, argument: str, value: float) -> None:
        with pytest.raises(SettingError, match=f"{argument}: expected"):
            people_intervals([made(0)], **{argument: value})

    def test_pairs_of_one_kind_only(self) -> None:
        only = LabelledPairs(np.array([[0, 1]]), np.array([True]))
        pairs = PairEnergies.of_pairs(np.ones((2, 2)), np.zeros(2, int), only, energy="cosine")
        with pytest.raises(TooFewError, match="impostor: expected at least one impostor pair"):
            evaluate_pairs(pairs, threshold=None)


class TestItemIntervals:
    def test_a_pair_counts_as_often_as_both_its_items_were_drawn(self) -> None:
        fold = made(2, people=3, photos=4)
        found = item_intervals(fold, repetitions=10, seed=5)
        rng = np.random.default_rng(5)
        draws = []
        while len(draws) < 10:
            drawn = rng.choice(12, 12)
            genuine, impostor = [], []
            for kind, pairs, energies in (
                (genuine, fold.pairs.genuine_pairs, fold.pairs.genuine),
                (impostor, fold.pairs.impostor_pairs, fold.pairs.impostor),
            ):
                for (i, j), energy in zip(pairs, energies, strict=True):
                    kind.extend([energy] * int((drawn == i).sum() * (drawn == j).sum()))
            if genuine and impostor:
                draws.append(auc(error_rates(genuine, impostor)))
        low, high = np.quantile(draws, [0.025, 0.975])
        assert found["auc"].low == pytest.approx(low)
        assert found["auc"].high == pytest.approx(high)
        assert found["auc"].mean == fold.figures["auc"]

    def test_more_items_give_a_narrower_interval(self) -> None:
        few, many = (
            item_intervals(made(3, people=4, photos=photos), repetitions=100)["auc"]
            for photos in (5, 40)
        )
        assert many.high - many.low < few.high - few.low
