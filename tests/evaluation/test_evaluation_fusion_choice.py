"""A fusion is chosen by measured error, and the simpler one unless it is shown to be worse."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from likeness.energies import energy_matrix
from likeness.errors import SettingError, TooFewError
from likeness.evaluation.figures import Interval
from likeness.evaluation.fusion import (
    Comparisons,
    FusionChoice,
    RejectedAtFar,
    candidates,
    pair_counts,
    people_again,
)
from likeness.evaluation.rare_rates import wilson
from likeness.evaluation.threshold_choice import Purpose, calibrate
from likeness.evaluation.verification import error_rates, tar_at_far


def people_of(count: int, photos: int, seed: int, *, spread: float = 0.8, size: int = 16):
    """Energies between Gaussian photos of Gaussian people, and the identity of each."""
    rng = np.random.default_rng(seed)
    centres = np.repeat(rng.normal(size=(count, size)), photos, axis=0)
    photos_of = centres + spread * rng.normal(size=centres.shape)
    return energy_matrix("euclidean", photos_of), np.repeat(np.arange(count), photos)


def people_of_two_kinds(count: int, photos: int, seed: int):
    """Everyone has two looks (with a beard, without): only the nearest photo tells."""
    rng = np.random.default_rng(seed)
    looks = rng.normal(size=(count, 2, 8))
    centres = looks[np.repeat(np.arange(count), photos), np.tile([0, 1], count * photos // 2)]
    points = centres + 0.3 * rng.normal(size=centres.shape)
    return energy_matrix("euclidean", points), np.repeat(np.arange(count), photos)


class TestRejectedAtFar:
    @settings(max_examples=40, deadline=None)
    @given(seed=st.integers(0, 10**6), far=st.floats(0.05, 1.0), ties=st.booleans())
    def test_is_one_minus_tar_at_far_for_people_drawn_again(self, seed, far, ties) -> None:
        matrix, codes = people_of(6, 4, seed)
        matrix = np.round(matrix) if ties else matrix
        found = Comparisons.with_people(matrix, codes)
        measure = RejectedAtFar(found, far=far, people=6)
        plain = error_rates(found.genuine, found.impostor)
        assert measure.rate() == pytest.approx(1 - tar_at_far(plain, far))
        for times in people_again(6, repetitions=10, seed=seed):
            weighted = error_rates(
                found.genuine,
                found.impostor,
                genuine_weights=times[found.genuine_people[:, 0]],
                impostor_weights=times[found.impostor_people].prod(axis=1),
            )
            assert measure.rate(times) == pytest.approx(1 - tar_at_far(weighted, far))

    def test_looks_further_where_the_lowest_are_of_nobody_drawn(self) -> None:
        energies = np.linspace(0, 1, 2000)
        people = np.where(energies[:, None] < 0.4, (0, 1), (2, 3))
        found = Comparisons(
            genuine=np.array([0.3, 0.5, 0.9]),
            impostor=energies,
            genuine_people=np.array([[2, 2], [2, 2], [3, 3]]),
            impostor_people=people,
        )
        measure = RejectedAtFar(found, far=0.1, people=4)
        # A tenth of those from 0.4 on is accepted up to 0.46.
        assert measure.rate(np.array([0.0, 1.0, 1.0, 1.0])) == pytest.approx(2 / 3)

    def test_pairs_are_counted(self) -> None:
        assert pair_counts(np.array([[0, 1], [0, 1], [2, 0]]), 3).tolist() == [
            [0, 2, 0],
            [0, 0, 0],
            [1, 0, 0],
        ]


class TestIntervalFromDraws:
    @settings(max_examples=40, deadline=None)
    @given(seed=st.integers(0, 10**6), share=st.floats(0.02, 0.98), trials=st.integers(5, 500))
    def test_is_wilsons_for_draws_of_independent_trials(self, seed, share, trials) -> None:
        draws = np.random.default_rng(seed).binomial(trials, share, 4000) / trials
        found = Interval.of_share(share, draws, trials=10 * trials)
        # The variance of 4,000 draws is itself known to a few percent, more if they are skewed.
        assert (found.low, found.high) == pytest.approx(wilson(share, trials, 1.96), abs=0.04)

    def test_never_more_trials_than_there_are_nor_less_than_one(self) -> None:
        still = np.full(50, 0.1)
        found = Interval.of_share(0.1, still, trials=40)
        assert (found.low, found.high) == pytest.approx(wilson(0.1, 40, 1.96), abs=1e-4)
        wild = np.tile([0.0, 1.0], 25)
        found = Interval.of_share(0.1, wild, trials=40)
        assert 0 <= found.low < 0.1 < found.high <= 1


class TestPeopleAgain:
    def test_as_many_as_there_are_never_one_alone_and_one_who_is_needed(self) -> None:
        drawn = people_again(3, repetitions=200, seed=0, needed=np.array([2]))
        assert (drawn.sum(axis=1) == 3).all()
        assert (np.count_nonzero(drawn, axis=1) > 1).all()
        assert (drawn[:, 2] > 0).all()

    def test_a_seed_is_a_draw(self) -> None:
        one, same, other = (people_again(9, repetitions=5, seed=seed) for seed in (1, 1, 2))
        assert (one == same).all()
        assert (one != other).any()


class TestChoice:
    def test_the_centroid_where_photos_scatter_around_a_middle(self) -> None:
        matrix, codes = people_of(60, 8, 0, spread=1.0)
        found = FusionChoice.measure(matrix, codes, photos_each=3, far=0.01, energy="euclidean")
        assert found.best == "centroid"
        assert found.fusion in ("mean", "centroid")
        assert found.beyond_best["min"].low > 0

    def test_the_nearest_where_photos_are_of_two_kinds(self) -> None:
        matrix, codes = people_of_two_kinds(20, 8, 0)
        found = FusionChoice.measure(matrix, codes, photos_each=4, far=0.05, energy="euclidean")
        assert found.fusion == found.best == "min"
        assert found.beyond_best["mean"].low > 0
        assert len(found.sentences()) == 1

    def test_the_simplest_where_nothing_differs(self) -> None:
        matrix, codes = people_of(12, 4, 1, spread=0.01)
        found = FusionChoice.measure(matrix, codes, photos_each=3, far=0.01, energy="euclidean")
        assert found.fusion == found.best == "min"
        assert all(rate.mean == 0 for rate in found.rejected.values())

    def test_says_so_where_a_simpler_one_is_not_shown_to_be_worse(self) -> None:
        chosen = [
            FusionChoice.measure(
                *people_of(12, 5, seed), photos_each=3, far=0.05, energy="euclidean"
            )
            for seed in range(8)
        ]
        simpler = [found for found in chosen if found.fusion != found.best]
        assert simpler
        for found in simpler:
            more = found.beyond_best[found.fusion]
            assert more.low <= 0 <= more.mean
            assert f"but {found.fusion} is simpler" in found.sentences()[1]

    def test_rates_are_those_of_a_slow_count(self) -> None:
        matrix, codes = people_of(15, 5, 2)
        found = FusionChoice.measure(matrix, codes, photos_each=2, far=0.2, energy="euclidean")
        assert found.far == 0.2
        for fusion, rate in found.rejected.items():
            pairs = Comparisons.with_people(
                matrix, codes, photos_each=2, fusion=fusion, energy="euclidean"
            )
            least = min(
                np.mean(pairs.genuine > threshold)
                for threshold in [-1.0, *pairs.genuine, *pairs.impostor]
                if np.mean(pairs.impostor <= threshold) <= 0.2
            )
            assert rate.mean == pytest.approx(least)
            assert rate.low <= rate.mean <= rate.high
            assert found.beyond_best[fusion].mean == pytest.approx(
                rate.mean - found.rejected[found.best].mean
            )

    def test_a_rate_that_the_people_cannot_show_is_not_used(self) -> None:
        matrix, codes = people_of(10, 5, 2)
        found = FusionChoice.measure(matrix, codes, photos_each=2, far=1e-6, energy="euclidean")
        assert 3 / found.impostor <= found.far <= 0.5

    def test_a_seed_is_a_choice_and_names_of_people_do_not_matter(self) -> None:
        matrix, codes = people_of(10, 5, 3)
        one, same, renamed = (
            FusionChoice.measure(
                matrix, which, photos_each=3, far=0.05, energy="euclidean", seed=7, repetitions=50
            )
            for which in (codes, codes, 5 * codes + 3)
        )
        assert one == same == renamed

    def test_candidates_that_make_no_difference_or_cannot_be_computed_are_left_out(self) -> None:
        assert candidates("cosine", 3) == ("min", "mean", "top2", "centroid")
        assert candidates("cosine", 2) == ("min", "mean", "centroid")
        assert candidates("manhattan", 2) == ("min", "mean")

    @pytest.mark.parametrize(
        ("setting", "sentence"),
        [
            ({"photos_each": 1}, "photos_each: expected a whole number from 2"),
            ({"far": 0.0}, "far: expected a number"),
            ({"far": 0.7}, "far: expected a number"),
            ({"repetitions": 3}, "repetitions: expected"),
            ({"fusions": ()}, "fusions: expected at least one"),
            ({"fusions": ("max",)}, "fusion: expected min"),
            ({"energy": "hamming"}, "energy: expected one of"),
        ],
    )
    def test_settings_out_of_range_are_refused(self, setting, sentence) -> None:
        matrix, codes = people_of(4, 4, 0)
        with pytest.raises(SettingError, match=sentence):
            FusionChoice.measure(
                matrix, codes, **({"photos_each": 2, "far": 0.1, "energy": "euclidean"} | setting)
            )

    def test_too_few_photos_are_refused(self) -> None:
        matrix, codes = people_of(4, 3, 0)
        with pytest.raises(TooFewError, match="one of them with 4 photos or more"):
            FusionChoice.measure(matrix, codes, photos_each=3, far=0.1, energy="euclidean")


class TestCalibrationWithTheChosenFusion:
    def test_one_half_chooses_and_the_other_half_gives_the_threshold(self) -> None:
        matrix, codes = people_of(60, 5, 0)
        purpose = Purpose(strangers_accepted=0.1, photos_each=3, fusion="auto")
        found = calibrate(matrix, codes, purpose, energy="euclidean", seed=3)
        choice = found.fusion_choice
        assert choice is not None
        assert not choice.same_people
        assert (found.people, choice.people) == (30, 30)
        assert found.purpose.fusion == choice.fusion
        assert found.strangers.high <= 0.1
        assert not any("same people" in sentence for sentence in found.sentences())
        assert found.to_json()["fusion_choice"]["rejected"]["min"]["mean"] >= 0

    def test_everybody_does_both_where_half_cannot_show_it_and_that_is_said(self) -> None:
        matrix, codes = people_of(24, 5, 0)
        purpose = Purpose(strangers_accepted=0.04, photos_each=3, fusion="auto")
        found = calibrate(matrix, codes, purpose, energy="euclidean")
        assert found.people == 24
        assert found.fusion_choice is not None
        assert found.fusion_choice.same_people
        assert "The threshold was found on the same people" in found.sentences()[-1]

    def test_what_nobody_can_show_is_refused_or_extrapolated_from_everybody(self) -> None:
        matrix, codes = people_of(12, 5, 0)
        purpose = Purpose(strangers_accepted=0.001, photos_each=3, fusion="auto")
        with pytest.raises(TooFewError, match="comparisons of 12 people"):
            calibrate(matrix, codes, purpose, energy="euclidean")
        found = calibrate(matrix, codes, purpose, energy="euclidean", extrapolate=True)
        assert found.extrapolated
        assert found.people == 12

    def test_one_photo_leaves_nothing_to_choose(self) -> None:
        matrix, codes = people_of(40, 3, 0)
        auto, plain = (
            calibrate(matrix, codes, Purpose(strangers_accepted=0.1, fusion=fusion))
            for fusion in ("auto", "min")
        )
        assert auto == plain

    def test_the_energy_must_be_named(self) -> None:
        matrix, codes = people_of(20, 4, 0)
        purpose = Purpose(strangers_accepted=0.2, photos_each=2, fusion="auto")
        with pytest.raises(SettingError, match="energy: expected its name"):
            calibrate(matrix, codes, purpose)

    @pytest.mark.slow
    @pytest.mark.parametrize(("people", "promise"), [(60, 0.02), (16, 0.1)])
    def test_the_promise_holds_though_the_fusion_was_chosen(self, people, promise) -> None:
        """Against the true rate of each fusion, drawn a million times."""
        from likeness.energies import euclidean
        from likeness.evaluation.fusion import FUSIONS, fuse

        rng = np.random.default_rng(77)
        probes = rng.normal(size=(10**6, 16)) * np.sqrt(1 + 0.9**2)
        photos = rng.normal(size=(10**6, 1, 16)) + 0.9 * rng.normal(size=(10**6, 3, 16))
        energies = euclidean(probes[:, None], photos)
        among = euclidean(photos[:, :, None], photos[:, None, :])
        true = {
            fusion: np.sort(fuse(energies, fusion, energy="euclidean", among=among))
            for fusion in FUSIONS
        }
        purpose = Purpose(strangers_accepted=promise, photos_each=3, fusion="auto")
        held, chosen = [], set()
        for seed in range(200):
            matrix, codes = people_of(people, 5, seed, spread=0.9)
            found = calibrate(matrix, codes, purpose, energy="euclidean", seed=seed)
            accepted = np.searchsorted(true[found.purpose.fusion], found.threshold, "right")
            held.append(accepted / 10**6 <= promise)
            chosen.add(found.purpose.fusion)
        assert np.mean(held) >= 0.95
        assert len(chosen) > 1
