"""Calibration: what is promised about strangers holds, in galleries whose rates are known.

The generator: people and photos are Gaussian, so the chance that a stranger at distance r from
the middle comes within t of an enrolled photo is a noncentral χ² probability, exactly.
"""

import itertools
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2, genpareto, ncx2, norm, t

from likeness.energies import energy_matrix
from likeness.errors import SettingError, TooFewError
from likeness.evaluation.figures import rare_percent
from likeness.evaluation.fusion import Comparisons
from likeness.evaluation.rare_rates import (
    AcceptedRate,
    NormalEnergies,
    Tail,
    wilson,
)
from likeness.evaluation.threshold_choice import Purpose, calibrate
from likeness.evaluation.verification import choose_threshold

SIZE, SPREAD = 16, 0.5
VARIANCE = 1 + SPREAD**2
STRANGERS = chi2.ppf((np.arange(300) + 0.5) / 300, SIZE) * VARIANCE
"""Squared distances of strangers from the middle, one for each 300th of them."""


def people_of(count: int, photos: int, seed: int):
    """Energies between the photos of synthetic people, and the identity of each."""
    rng = np.random.default_rng(seed)
    centres = np.repeat(rng.normal(size=(count, SIZE)), photos, axis=0)
    embeddings = centres + SPREAD * rng.normal(size=(count * photos, SIZE))
    return energy_matrix("euclidean", embeddings), np.repeat(np.arange(count), photos)


def strangers_accepted(threshold: float, people: int) -> float:
    """The true share of strangers accepted against so many people with a photo each."""
    near = ncx2.cdf(threshold**2 / VARIANCE, SIZE, STRANGERS / VARIANCE)
    return float((1 - (1 - near) ** people).mean())


REPETITIONS = 200


@pytest.mark.parametrize(
    ("people", "promise", "extrapolate"),
    [(10, 0.05, False), (100, 0.2, False), (1000, 0.05, True), (5000, 0.1, True)],
)
def test_the_promise_holds_and_a_fixed_threshold_does_not(people, promise, extrapolate) -> None:
    held, fixed, shares, refused = [], [], [], 0
    for seed in range(REPETITIONS):
        matrix, codes = people_of(60, 4, seed)
        purpose = Purpose(people=people, strangers_accepted=promise)
        try:
            found = calibrate(matrix, codes, purpose, extrapolate=extrapolate, seed=seed)
        except TooFewError:  # a sample that cannot show it: an honest answer, if a rare one
            refused += 1
            continue
        assert found.extrapolated == extrapolate
        true = strangers_accepted(found.threshold, people)
        held.append(found.strangers.low <= true <= found.strangers.high)
        shares.append(true / promise)
        assert found.strangers.high <= promise * (1 + 1e-9)
        pairs = Comparisons.with_people(matrix, codes)
        naive = choose_threshold(pairs.genuine, pairs.impostor)
        fixed.append(strangers_accepted(naive, people) <= promise)
    assert refused <= 0.1 * REPETITIONS
    assert np.mean(held) >= 0.95
    assert np.mean(fixed) < 0.05
    # Not by accepting nobody: an idle promise would be kept always.
    assert np.median(shares) > 0.05


def test_two_photos_each_are_fused_and_the_promise_holds() -> None:
    true = []
    rng = np.random.default_rng(5)
    for seed in range(20):
        matrix, codes = people_of(60, 4, seed)
        purpose = Purpose(people=20, strangers_accepted=0.2, photos_each=2)
        found = calibrate(matrix, codes, purpose)
        centres = rng.normal(size=(20, 1, SIZE)) + SPREAD * rng.normal(size=(20, 2, SIZE))
        probes = rng.normal(size=(500, SIZE)) * np.sqrt(VARIANCE)
        distance = np.linalg.norm(probes[:, None, None] - centres, axis=-1).min(axis=(1, 2))
        true.append(np.mean(distance <= found.threshold))
    assert np.mean(np.array(true) <= 0.2) >= 0.95


def test_too_few_people_are_told_how_many_more() -> None:
    matrix, codes = people_of(12, 4, 0)
    purpose = Purpose(people=500, strangers_accepted=0.01)
    with pytest.raises(
        TooFewError,
        match=r"1,056 impostor comparisons of 12 people .* support no false acceptance rate "
        r"under 3\.5 %; 1 % of strangers against 500 people needs 0\.002 %\. You need "
        r"photos of about \d+ more people",
    ):
        calibrate(matrix, codes, purpose)


def test_as_many_more_people_as_were_asked_for_are_enough() -> None:
    purpose = Purpose(people=30, strangers_accepted=0.05)
    matrix, codes = people_of(15, 4, 0)
    with pytest.raises(TooFewError) as refused:
        calibrate(matrix, codes, purpose)
    more = int(str(refused.value).split("about ")[1].split(" more")[0].replace(",", ""))
    # The dependence differs from sample to sample: a quarter more is surely enough.
    found = calibrate(*people_of(15 + round(1.25 * more), 4, 1), purpose)
    assert found.strangers.high <= 0.05


def test_no_tail_is_followed_without_end() -> None:
    matrix, codes = people_of(12, 4, 0)
    purpose = Purpose(people=10**9, strangers_accepted=1e-6)
    with pytest.raises(SettingError, match="too far beyond the 1,056 impostor comparisons"):
        calibrate(matrix, codes, purpose, extrapolate=True)


def test_the_same_seed_gives_the_same_threshold() -> None:
    matrix, codes = people_of(20, 3, 0)
    purpose = Purpose(people=500, strangers_accepted=0.05)
    first, second = (
        calibrate(matrix, codes, purpose, extrapolate=True, seed=4).threshold for _ in range(2)
    )
    assert first == second


def test_numbers_and_sentences_agree() -> None:
    matrix, codes = people_of(40, 4, 0)
    found = calibrate(matrix, codes, Purpose(people=10, strangers_accepted=0.1))
    slow_accepted = slow_rejected = impostors = genuines = 0
    for a, b in itertools.combinations(range(len(codes)), 2):
        accepted = matrix[a, b] <= found.threshold
        if codes[a] == codes[b]:
            genuines += 1
            slow_rejected += not accepted
        else:
            impostors += 1
            slow_accepted += accepted
    assert found.strangers.comparisons == impostors
    assert found.rejected.comparisons == genuines
    assert found.rejected.share == pytest.approx(slow_rejected / genuines)
    assert found.strangers.share == pytest.approx(1 - (1 - slow_accepted / impostors) ** 10)
    document = found.to_json()
    assert document["strangers"]["share"] == found.strangers.share
    text = " ".join(found.sentences())
    assert rare_percent(found.strangers.high) in text
    assert f"{impostors:,} impostor and {genuines:,} genuine comparisons of 40 people" in text
    assert "Extrapolated" not in text


@settings(max_examples=50, deadline=None)
@given(people=st.integers(1, 10**6), share=st.floats(1e-6, 0.9))
def test_target_and_promise_are_each_others_inverse(people, share) -> None:
    purpose = Purpose(people=people, strangers_accepted=share)
    assert 0 < purpose.target <= share * (1 + 1e-12)
    assert purpose.strangers(purpose.target) == pytest.approx(share, rel=1e-6)


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ({"people": 0}, "people: expected"),
        ({"strangers_accepted": 0.0}, "strangers_accepted: expected"),
        ({"strangers_accepted": float("nan")}, "strangers_accepted: expected"),
        ({"photos_each": 0}, "photos_each: expected"),
        ({"fusion": "max"}, "fusion: expected min, mean"),
    ],
)
def test_purposes_out_of_range_are_refused(setting, sentence) -> None:
    with pytest.raises(SettingError, match=sentence):
        Purpose(**setting)


class TestComparisons:
    @pytest.mark.parametrize("fusion", ["min", "mean"])
    def test_fused_like_a_slow_loop(self, fusion) -> None:
        matrix, codes = people_of(4, 5, 3)
        found = Comparisons.with_people(matrix, codes, photos_each=2, fusion=fusion)
        genuine, impostor = [], []
        for person in range(4):
            own = [i for i in range(20) if codes[i] == person]
            for enrolled in (own[:2], own[2:4]):
                for probe in range(20):
                    if probe in enrolled:
                        continue
                    each = [matrix[probe, photo] for photo in enrolled]
                    energy = min(each) if fusion == "min" else sum(each) / 2
                    (genuine if codes[probe] == person else impostor).append(energy)
        np.testing.assert_allclose(sorted(found.genuine), sorted(genuine))
        np.testing.assert_allclose(sorted(found.impostor), sorted(impostor))
        assert (found.genuine_people[:, 0] == found.genuine_people[:, 1]).all()
        assert (found.impostor_people[:, 0] != found.impostor_people[:, 1]).all()

    def test_one_photo_each_is_every_pair_once(self) -> None:
        matrix, codes = people_of(3, 4, 0)
        found = Comparisons.with_people(matrix, codes)
        assert (len(found.genuine), len(found.impostor)) == (3 * 6, 3 * 16)

    def test_too_few_photos_are_refused(self) -> None:
        matrix, codes = people_of(3, 2, 0)
        with pytest.raises(TooFewError, match="one of them with 3 photos or more"):
            Comparisons.with_people(matrix, codes, photos_each=2)


class TestRareRates:
    def test_the_jackknife_is_the_slow_one(self) -> None:
        matrix, codes = people_of(12, 3, 1)
        pairs = Comparisons.with_people(matrix, codes)
        threshold = float(np.quantile(pairs.impostor, 0.2))
        shares = []
        for person in range(12):
            others = (pairs.impostor_people != person).all(axis=1)
            shares.append(np.mean(pairs.impostor[others] <= threshold))
        variance = 11 / 12 * np.sum((np.array(shares) - np.mean(shares)) ** 2)
        rate = AcceptedRate(pairs.impostor, pairs.impostor_people).at(threshold)
        expected = rate.share * (1 - rate.share) / variance
        assert rate.effective == pytest.approx(min(expected, len(pairs.impostor)))

    def test_people_who_look_alike_make_it_less_sure(self) -> None:
        energies = np.concatenate([np.full(16, 0.1), np.linspace(1, 2, 1584)])
        rng = np.random.default_rng(0)
        spread = np.sort(rng.choice(40, (1600, 2)), axis=1)
        alike = spread.copy()
        alike[:16] = (3, 7)
        widths = [
            (rate := AcceptedRate(energies, people).at(0.5)).high - rate.low
            for people in (spread, alike)
        ]
        assert widths[1] > widths[0]

    @settings(max_examples=30, deadline=None)
    @given(seed=st.integers(0, 10**6), rate=st.floats(0.02, 0.6))
    def test_the_largest_threshold_keeps_the_rate(self, seed, rate) -> None:
        matrix, codes = people_of(12, 3, seed)
        pairs = Comparisons.with_people(matrix, codes)
        counted = AcceptedRate(pairs.impostor, pairs.impostor_people)
        threshold = counted.largest_threshold(rate)
        if threshold is None:
            assert counted.at(-np.inf).high > rate
            return
        assert counted.at(threshold).high <= rate
        assert counted.at(threshold).share < rate

    def test_wilson_against_its_definition(self) -> None:
        for share, count in ((0.0, 50), (0.1, 200), (0.5, 10), (1.0, 30)):
            low, high = wilson(share, count, 1.96)
            for end in (low, high):
                if 0 < end < 1:
                    assert abs(share - end) == pytest.approx(
                        1.96 * np.sqrt(end * (1 - end) / count), rel=1e-9
                    )


class TestTail:
    @pytest.mark.parametrize("shape", [-0.2, 0.0, 0.3])
    def test_finds_a_pareto_tail_again(self, shape) -> None:
        rng = np.random.default_rng(0)
        below = genpareto.rvs(-shape, scale=2.0, size=40_000, random_state=rng)
        energies = np.sort(np.concatenate([10 - below, rng.uniform(10, 20, 760_000)]))
        tail = Tail.fit(energies, share=0.05)
        assert tail.shape == pytest.approx(shape, abs=0.03)
        assert tail.scale == pytest.approx(2.0, rel=0.05)
        deep = 10 - genpareto.ppf(1 - 1e-5 / 0.05, -shape, scale=2.0)
        assert 10 - tail.threshold(1e-5) == pytest.approx(10 - deep, rel=0.06)

    @settings(max_examples=30, deadline=None)
    @given(seed=st.integers(0, 10**6), rate=st.floats(1e-6, 0.04))
    def test_rate_and_threshold_are_each_others_inverse(self, seed, rate) -> None:
        energies = np.sort(np.random.default_rng(seed).gamma(4.0, size=500))
        tail = Tail.fit(energies)
        assert tail.rate(tail.threshold(rate)) == pytest.approx(rate, rel=1e-6)

    def test_weights_are_repetitions_and_what_is_left_out_counts(self) -> None:
        energies = np.sort(np.random.default_rng(1).gamma(4.0, size=2000))
        whole = Tail.fit(energies, share=0.05)
        part = Tail.fit(energies[:400], share=0.05, total=2000.0)
        assert part == whole
        heavier = Tail.fit(energies, share=0.05, weights=np.full(2000, 3.0))
        assert heavier.threshold(1e-4) == pytest.approx(whole.threshold(1e-4))

    @settings(max_examples=200, deadline=None)
    @given(
        energies=st.lists(st.sampled_from([0.0, 0.1, 0.1 + 1e-12, 0.5, 1.0, 2.0]), min_size=4),
        low=st.floats(1e-9, 1),
        high=st.floats(1e-9, 1),
        wanted=st.floats(-1, 3),
    )
    def test_few_and_equal_energies_have_a_tail_that_ends_where_it_starts(
        self, energies, low, high, wanted
    ) -> None:
        tail = Tail.fit(np.sort(energies))
        low, high = sorted((low, high))
        assert tail.threshold(low) <= tail.threshold(high) <= tail.start
        assert 0 <= tail.rate(wanted) <= tail.share

    def test_equal_energies_do_not_break_it(self) -> None:
        tail = Tail.fit(np.ones(100))
        assert tail.threshold(0.01) == pytest.approx(1.0, abs=1e-6)
        assert np.isfinite(tail.rate(1.0))


def people_who_resemble(count: int, photos: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Energies around 0.75 with a part of each person, of each two people, and of each photo."""
    rng = np.random.default_rng(seed)
    codes = np.repeat(np.arange(count), photos)
    pair = np.triu(0.06 * rng.normal(size=(count, count)), 1)
    person = 0.03 * rng.normal(size=count)
    between = 0.75 + pair + pair.T + person[:, None] + person
    np.fill_diagonal(between, 0.35)
    half = np.triu(between[np.ix_(codes, codes)] + 0.03 * rng.normal(size=(len(codes),) * 2), 1)
    return half + half.T, codes


class TestFewPeople:
    def test_ten_people_keep_strangers_out_on_average(self) -> None:
        """The tail alone promises 1 % and lets in four times as many."""
        people, spread = 15, np.sqrt(2 * 0.03**2 + 0.06**2 + 0.03**2)
        accepted, rejected = [], []
        for seed in range(40):
            matrix, codes = people_who_resemble(10, 6, seed)
            purpose = Purpose(people=people, strangers_accepted=0.01)
            found = calibrate(matrix, codes, purpose, energy="euclidean", extrapolate=True)
            assert found.extrapolated
            near = norm.cdf((found.threshold - 0.75) / spread)
            accepted.append(1 - (1 - near) ** people)
            rejected.append(found.rejected.share)
        assert np.mean(accepted) <= 0.01
        assert np.mean(rejected) <= 0.1

    def test_where_no_energy_is_low_enough_it_says_so(self) -> None:
        rng = np.random.default_rng(0)
        codes = np.repeat(np.arange(4), 3)
        half = np.triu(rng.uniform(0.01, 1.0, size=(12, 12)), 1)
        purpose = Purpose(people=100, strangers_accepted=0.01)
        with pytest.raises(TooFewError, match="4 people are too few to extrapolate"):
            calibrate(half + half.T, codes, purpose, energy="euclidean", extrapolate=True)

    @pytest.mark.parametrize("share", [0.4, 0.025, 1e-3, 1e-8])
    @pytest.mark.parametrize("people", [1, 2, 3, 10, 200])
    def test_students_quantile_against_scipy(self, share, people) -> None:
        energies = NormalEnergies(mean=0.0, spread=1.0, squared=False, people=people)
        expected = t.ppf(share, 2 * people) * np.sqrt(1 + 1 / people)
        assert energies.threshold(share) == pytest.approx(expected, rel=1e-6)

    def test_a_squared_energy_is_described_by_its_root(self) -> None:
        distances = np.random.default_rng(0).normal(0.8, 0.1, 500)
        plain = NormalEnergies.of(distances, people=12, energy="euclidean")
        squared = NormalEnergies.of(distances**2, people=12, energy="squared_euclidean")
        assert squared.threshold(1e-3) == pytest.approx(plain.threshold(1e-3) ** 2)
        assert squared.rate(0.25) == pytest.approx(plain.rate(0.5))

    def test_of_one_photo_every_fusion_is_the_same(self) -> None:
        """Of a squared energy too, whose name says how it is distributed."""
        matrix, codes = people_who_resemble(10, 4, 0)
        thresholds = [
            calibrate(
                matrix**2,
                codes,
                Purpose(people=15, strangers_accepted=0.01, fusion=fusion),
                energy="squared_euclidean",
                extrapolate=True,
            ).threshold
            for fusion in ("min", "auto")
        ]
        assert thresholds[0] == thresholds[1]

    def test_fewer_people_lower_the_threshold(self) -> None:
        distances = np.random.default_rng(0).normal(0.8, 0.1, 500)
        thresholds = [NormalEnergies.of(distances, people=n).threshold(1e-3) for n in (3, 10, 40)]
        assert thresholds == sorted(thresholds)
        known = NormalDist(distances.mean(), distances.std()).inv_cdf(1e-3)
        assert thresholds[-1] < known
