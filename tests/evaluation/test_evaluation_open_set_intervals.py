"""Intervals of open-set figures: against literal weights, and what they promise."""

import numpy as np
import pytest

from likeness.errors import TooFewError
from likeness.evaluation import evaluate_open_set, open_set_intervals
from likeness.evaluation.open_set import OpenSet, OpenSetRates

THRESHOLD = 1.0


def made(seed: int, *, people: int = 10, photos: int = 6, threshold: float | None = THRESHOLD):
    """People in a space of four dimensions, some of them in the midst of others."""
    rng = np.random.default_rng(seed)
    codes = np.repeat(np.arange(people), photos)
    centres = rng.normal(0, 1, (people, 4)) * rng.uniform(0.5, 1.3, (people, 1))
    spread = rng.uniform(0.25, 0.7, (people, 1))[codes]
    points = centres[codes] + rng.normal(0, 1, (len(codes), 4)) * spread
    matrix = np.linalg.norm(points[:, None] - points[None], axis=2)
    return evaluate_open_set(matrix, codes, threshold=threshold, halves=4)


def literally(fold: OpenSet, drawn: np.ndarray) -> dict[str, float] | None:
    """The figures for people drawn again, one search and one copy of a person at a time."""
    found = fold.searches
    right, false = [], []
    for person in drawn:
        mine = found.mated_codes == person
        right += list(zip(found.mated[mine], found.ranks.credit(1)[mine], strict=True))
        for other in drawn:
            pair = (found.non_mated_codes == person) & (found.nearest_codes == other)
            false += list(found.non_mated[pair])
    if not right or not false:
        return None
    thresholds = np.array([-np.inf, *np.unique(np.concatenate([found.mated, found.non_mated]))])
    rates = OpenSetRates(
        thresholds=thresholds,
        fpir=np.array([np.mean(np.array(false) <= t) for t in thresholds]),
        fnir=np.array([1 - np.mean([c * (e <= t) for e, c in right]) for t in thresholds]),
        rank=1,
        mated_probes=60,
        non_mated_probes=60,
    )
    fpir, fnir = rates.at(THRESHOLD)
    return {"fpir": fpir, "fnir": fnir, "dir_at_fpir_1e-1": rates.dir_at(0.1)}


def test_equal_figures_counted_one_by_one() -> None:
    fold = made(0, people=5, photos=8)
    rng = np.random.default_rng(3)
    rows = []
    while len(rows) < 12:
        figures = literally(fold, rng.choice(5, 5))
        if figures is not None:
            rows.append(figures)
    found = open_set_intervals([fold], repetitions=12, seed=3)
    for name in ("fnir", "dir_at_fpir_1e-1", "fpir"):
        low, high = np.quantile([row[name] for row in rows], [0.025, 0.975])
        least = {"fpir": 3 / 40, "fnir": 3 / 40}.get(name, 0.0)
        expected = (low, max(high, least))
        assert (found[name].low, found[name].high) == pytest.approx(expected), name
        assert found[name].mean == fold.figures[name]


def test_means_are_over_folds_and_the_seed_repeats() -> None:
    folds = [made(0), made(1)]
    found = open_set_intervals(folds, repetitions=60, seed=2)
    assert set(found) == {"fpir", "fnir", "dir_at_fpir_5e-2", "dir_at_fpir_1e-1"}
    for name, interval in found.items():
        assert interval.mean == pytest.approx(np.mean([fold.figures[name] for fold in folds]))
        assert interval.low <= interval.mean <= interval.high
    assert found == open_set_intervals(folds, repetitions=60, seed=2)


def test_no_error_is_not_no_error_at_all() -> None:
    """Nobody is ever taken for another, in 60 photos: a rate of up to 3/60 would look so too."""
    codes = np.repeat(np.arange(10), 6)
    matrix = (codes[:, None] != codes).astype(float)
    fold = evaluate_open_set(matrix, codes, threshold=0.5)
    found = open_set_intervals([fold], repetitions=20)
    assert (found["fpir"].mean, found["fpir"].low, found["fpir"].high) == (0.0, 0.0, 3 / 60)
    assert (found["fnir"].mean, found["fnir"].high) == (0.0, 3 / 60)
    assert found["dir_at_fpir_5e-2"].low == 1.0
    two = open_set_intervals([fold, fold], repetitions=20)
    assert two["fpir"].high == 3 / 120


def test_figures_that_a_fold_lacks_are_left_out() -> None:
    assert "fpir" not in open_set_intervals([made(0), made(1, threshold=None)], repetitions=10)
    with pytest.raises(TooFewError, match="at least one evaluation"):
        open_set_intervals([])


def test_more_folds_of_people_narrow_the_interval() -> None:
    few, many = (
        open_set_intervals([made(seed) for seed in range(n)], repetitions=100) for n in (1, 6)
    )
    for name in ("fpir", "fnir", "dir_at_fpir_1e-1"):
        assert many[name].high - many[name].low < few[name].high - few[name].low


@pytest.mark.slow
def test_most_intervals_hold_the_true_rate() -> None:
    """Four folds of ten people, drawn 60 times from people whose true rates are known.

    Without the weight of the nearest person the FPIR's interval holds it in some 70 %.
    """
    rng = np.random.default_rng(0)
    seeds = iter(rng.integers(2**32, size=1000).tolist())
    true = {
        name: np.mean([made(next(seeds)).figures[name] for _ in range(300)])
        for name in ("fpir", "fnir")
    }
    held = dict.fromkeys(true, 0)
    for _ in range(60):
        found = open_set_intervals([made(next(seeds)) for _ in range(4)], repetitions=150)
        for name, rate in true.items():
            held[name] += found[name].low <= rate <= found[name].high
    # About nine in ten: percentiles of ten people per fold are a little narrow.
    assert min(held.values()) >= 48
