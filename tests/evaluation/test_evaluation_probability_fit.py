"""Fitting probabilities: people held out, both kinds with equal weight, no more than was shown."""

import itertools
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from likeness.energies import energy_matrix
from likeness.errors import TooFewError
from likeness.evaluation.fusion import Comparisons
from likeness.evaluation.probability import KINDS, LikelihoodRatio, cllr
from likeness.evaluation.probability_fit import MERGED, FittedProbability, Fitting

SIZE, SPREAD = 6, 0.6


def people_of(count: int, photos: int, seed: int) -> Comparisons:
    """Comparisons of synthetic people, Gaussian around Gaussian centres."""
    rng = np.random.default_rng(seed)
    centres = np.repeat(rng.normal(size=(count, SIZE)), photos, axis=0)
    embeddings = centres + SPREAD * rng.normal(size=(count * photos, SIZE))
    matrix = energy_matrix("squared_euclidean", embeddings)
    return Comparisons.with_people(matrix, np.repeat(np.arange(count), photos))


def true_log_ratio(energies):
    """ln LR of a squared distance: two scaled χ² densities (their normalisers differ)."""
    own, other = 2 * SPREAD**2, 2 * (1 + SPREAD**2)
    return energies / 2 * (1 / other - 1 / own) + SIZE / 2 * math.log(other / own)


@pytest.mark.parametrize("kind", KINDS)
def test_the_true_ratios_are_found(kind) -> None:
    found = people_of(150, 4, 0)
    ratio = Fitting(found).ratio(kind)
    energies = np.quantile(np.concatenate([found.genuine, found.impostor[:900]]), [0.2, 0.5, 0.8])
    expected = np.clip(true_log_ratio(energies), ratio.lowest, ratio.highest)
    np.testing.assert_allclose(ratio.log(energies), expected, atol=0.6)


def test_a_straight_truth_is_given_its_slope() -> None:
    ratio = Fitting(people_of(200, 4, 1)).ratio("platt")
    own, other = 2 * SPREAD**2, 2 * (1 + SPREAD**2)
    assert ratio.parameters["slope"] == pytest.approx((1 / own - 1 / other) / 2, rel=0.12)


@pytest.mark.parametrize("kind", KINDS)
def test_there_may_be_any_number_of_impostors(kind) -> None:
    """Both kinds are with equal weight: the same impostors many times over change no ratio."""
    found = people_of(30, 4, 2)
    often = Comparisons(
        genuine=found.genuine,
        impostor=np.tile(found.impostor, 3),
        genuine_people=found.genuine_people,
        impostor_people=np.tile(found.impostor_people, (3, 1)),
    )
    energies = np.linspace(0.5, 20, 20)
    once, thrice = (
        LikelihoodRatio.from_json(
            Fitting(made).ratio(kind).to_json() | {"lowest": -2, "highest": 2}
        )
        for made in (found, often)
    )
    np.testing.assert_allclose(once.log(energies), thrice.log(energies), atol=0.15)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("people", [6, 30])
def test_no_ratio_beyond_what_was_counted(kind, people) -> None:
    """Kinds that do not overlap show a bounded ratio: none of n, with its interval."""
    found = people_of(people, 3, 0)
    apart = Comparisons(
        genuine=found.genuine,
        impostor=found.impostor + 1000,
        genuine_people=found.genuine_people,
        impostor_people=found.impostor_people,
    )
    ratio = Fitting(apart).ratio(kind)
    support = Fitting(apart).support
    assert ratio.highest == pytest.approx(-math.log(support.impostor.high))
    assert ratio.lowest == pytest.approx(math.log(support.genuine.high))
    # Wilson's end of none among n: z² / (n + z²).
    z2 = 1.959964**2
    n = support.impostor.effective
    assert math.exp(ratio.highest) == pytest.approx((n + z2) / z2, rel=1e-4)
    given = ratio.probability([0.0, 1e6], prior=0.5)
    assert 0 < given[1] < 0.5 < given[0] < 1
    assert n <= len(apart.impostor)


def test_more_people_show_more() -> None:
    few, many = (Fitting(people_of(people, 4, 0)).support for people in (8, 80))
    assert many.highest > few.highest
    assert many.lowest < few.lowest


def test_isotonic_ends_are_no_surer_than_a_count() -> None:
    found = people_of(20, 4, 3)
    ratios = Fitting(found).ratio("isotonic").parameters["log_ratios"]
    support = Fitting(found).support
    assert np.isfinite(ratios).all()
    # A pooled level of k genuine ones has one impostor more than was counted.
    assert ratios[0] <= math.log(support.impostor.effective) + 1e-9
    assert ratios[-1] >= -math.log(support.genuine.effective) - 1e-9


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), kind=st.sampled_from(list(KINDS)))
def test_nonsense_energies_never_raise_a_probability(seed, kind) -> None:
    """Where genuine pairs are the farther ones, the map is level: it must not rise."""
    found = people_of(8, 3, seed)
    wrong_way = Comparisons(
        genuine=found.genuine + 50,
        impostor=found.impostor,
        genuine_people=found.genuine_people,
        impostor_people=found.impostor_people,
    )
    given = Fitting(wrong_way).ratio(kind).log(np.linspace(0, 100, 50))
    assert (np.diff(given) <= 1e-12).all()
    assert np.abs(given).max() < 0.2


def test_many_comparisons_are_merged_and_change_next_to_nothing() -> None:
    found = people_of(60, 4, 4)
    assert len(found.impostor) > MERGED
    energies = np.linspace(1, 20, 30)
    part = np.random.default_rng(0).permutation(len(found.impostor))[:MERGED]
    fewer = Comparisons(
        genuine=found.genuine,
        impostor=found.impostor[part],
        genuine_people=found.genuine_people,
        impostor_people=found.impostor_people[part],
    )
    for kind in ("platt", "beta"):
        whole, sample = (Fitting(made).ratio(kind).log(energies) for made in (found, fewer))
        np.testing.assert_allclose(whole, sample, atol=0.35)


class TestHeldOut:
    def test_a_map_never_sees_the_people_it_is_judged_on(self) -> None:
        found = people_of(12, 3, 5)
        fitted = FittedProbability.fit(found, seed=1)
        assert np.isfinite(fitted.genuine).all()
        tested = np.isfinite(fitted.impostor)
        # Everybody is with the people of one fold only, so the folds can be read off.
        together = {}
        for left, right in found.impostor_people[tested]:
            together.setdefault(int(left), {int(left)}).add(int(right))
            together.setdefault(int(right), {int(right)}).add(int(left))
        folds = {frozenset(fold) for fold in together.values()}
        assert len(folds) == fitted.folds
        assert sum(map(len, folds)) == 12
        for fold in folds:
            rest = [
                [i for i, pair in enumerate(people) if not set(map(int, pair)) & fold]
                for people in (found.genuine_people, found.impostor_people)
            ]
            rest_only = Comparisons(
                genuine=found.genuine[rest[0]],
                impostor=found.impostor[rest[1]],
                genuine_people=found.genuine_people[rest[0]],
                impostor_people=found.impostor_people[rest[1]],
            )
            ratio = Fitting(rest_only).ratio(fitted.ratio.kind)
            own = [i for i, (person, _) in enumerate(found.genuine_people) if person in fold]
            np.testing.assert_allclose(ratio.log(found.genuine[own]), fitted.genuine[own])

    def test_the_lowest_loss_wins_and_loss_is_a_slow_loop(self) -> None:
        fitted = FittedProbability.fit(people_of(25, 4, 6))
        assert set(fitted.log_losses) == set(KINDS)
        assert fitted.log_losses[fitted.ratio.kind] == min(fitted.log_losses.values())
        impostor = fitted.impostor[np.isfinite(fitted.impostor)]
        loss = 0.0
        for value in fitted.genuine:
            loss -= 0.5 * math.log(1 / (1 + math.exp(-value))) / len(fitted.genuine)
        for value in impostor:
            loss -= 0.5 * math.log(1 - 1 / (1 + math.exp(-value))) / len(impostor)
        assert fitted.log_losses[fitted.ratio.kind] == pytest.approx(loss)
        assert fitted.cllr == pytest.approx(loss / math.log(2))
        assert fitted.min_cllr <= fitted.cllr <= 1

    def test_probabilities_keep_their_word_on_other_people(self) -> None:
        ratio = FittedProbability.fit(people_of(60, 4, 7)).ratio
        costs = []
        for seed in (100, 101, 102):
            other = people_of(60, 4, seed)
            truth = cllr(true_log_ratio(other.genuine), true_log_ratio(other.impostor))
            costs.append(cllr(ratio.log(other.genuine), ratio.log(other.impostor)) - truth)
        assert np.mean(costs) < 0.03

    def test_the_same_seed_gives_the_same_map(self) -> None:
        found = people_of(12, 3, 8)
        first, second = (
            FittedProbability.fit(found, prior=0.2, seed=3).to_json() for _ in range(2)
        )
        assert first == second

    def test_its_document_is_json_and_holds_the_map(self) -> None:
        fitted = FittedProbability.fit(people_of(12, 3, 9), prior=0.2)
        document = json.loads(json.dumps(fitted.to_json(), allow_nan=False))
        again = LikelihoodRatio.from_json(document["ratio"])
        assert float(again.log(3.0)) == float(fitted.ratio.log(3.0))
        assert document["held_out"]["genuine"] == len(fitted.genuine)
        assert sum(row["genuine"] for row in document["reliability"]) == len(fitted.genuine)
        assert "At a prior of 20 %" in document["sentences"][1]

    @pytest.mark.parametrize("people", [2, 3])
    def test_too_few_people_to_hold_some_out(self, people) -> None:
        with pytest.raises(TooFewError, match=rf"at least four people.* of {people} people"):
            FittedProbability.fit(people_of(people, 3, 0))

    def test_people_with_one_photo_are_impostors_only(self) -> None:
        rng = np.random.default_rng(0)
        codes = np.array([0, 0, 1, 1, 2, 2, 3, 3, *range(4, 12)])
        points = rng.normal(size=(len(codes), 4))
        found = Comparisons.with_people(energy_matrix("euclidean", points), codes)
        for seed in range(5):
            fitted = FittedProbability.fit(found, seed=seed)
            assert np.isfinite(fitted.genuine).all()


def test_ties_are_allowed() -> None:
    people = np.array(list(itertools.combinations(range(6), 2)))
    same = np.repeat(np.arange(6), 2)
    found = Comparisons(
        genuine=np.ones(12),
        impostor=np.ones(len(people)),
        genuine_people=np.stack([same, same], axis=1),
        impostor_people=people,
    )
    for kind in KINDS:
        assert abs(float(Fitting(found).ratio(kind).log(1.0))) < 0.15
    zero = Comparisons(
        genuine=np.zeros(12),
        impostor=np.zeros(len(people)),
        genuine_people=found.genuine_people,
        impostor_people=people,
    )
    assert np.isfinite(Fitting(zero).ratio("beta").log([0.0, 1.0])).all()
