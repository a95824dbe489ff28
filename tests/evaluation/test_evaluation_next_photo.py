"""The value of the next photo: like is compared with like; slow loops give the same rates."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from likeness import datasets
from likeness.energies import energy_matrix
from likeness.errors import DataError, SettingError, TooFewError
from likeness.evaluation import BASELINES
from likeness.evaluation.fusion import FUSIONS
from likeness.evaluation.next_photo import FARS, NextPhotoCurve, NextPhotoResult
from likeness.evaluation.results import MeasuredData


def people_of(photos, seed: int, *, spread: float = 0.8, size: int = 8):
    """Energies between Gaussian photos, so many of each person, and the identity of each."""
    rng = np.random.default_rng(seed)
    centres = np.repeat(rng.normal(size=(len(photos), size)), photos, axis=0)
    points = centres + spread * rng.normal(size=centres.shape)
    return energy_matrix("euclidean", points), np.repeat(np.arange(len(photos)), photos)


def curve_of(matrix, codes, **options):
    return NextPhotoCurve.measure(
        matrix, codes, **({"energy": "euclidean", "draws": 5, "repetitions": 50} | options)
    )


class TestPoints:
    @pytest.mark.parametrize("fusion", ["min", "mean"])
    def test_like_a_slow_loop(self, fusion) -> None:
        matrix, codes = people_of([4] * 6, 0)
        found = curve_of(
            matrix, codes, fusion=fusion, counts=[1, 2, 3], draws=7, seed=5, threshold=2.0
        )
        rng = np.random.default_rng(5)
        deals = [[rng.permutation(np.flatnonzero(codes == p)) for p in range(6)] for _ in range(7)]
        for point in found.points:
            wrong, genuine, impostor = [], [], []
            for deal in deals:
                for person in range(6):
                    (probe,) = deal[person][3:]
                    each = []
                    for other in range(6):
                        near = [matrix[probe, photo] for photo in deal[other][: point.photos]]
                        each.append(min(near) if fusion == "min" else sum(near) / len(near))
                    wrong.append(each.index(min(each)) != person)
                    genuine.append(each.pop(person))
                    impostor += each
            assert point.wrong.mean == pytest.approx(np.mean(wrong))
            assert point.rejected_at_threshold is not None
            assert point.accepted_at_threshold is not None
            assert point.rejected_at_threshold.mean == pytest.approx(
                np.mean(np.array(genuine) > 2.0)
            )
            assert point.accepted_at_threshold.mean == pytest.approx(
                np.mean(np.array(impostor) <= 2.0)
            )
            assert point.rejected is not None
            assert found.far is not None
            least = min(
                np.mean(np.array(genuine) > threshold)
                for threshold in [-1.0, *genuine, *impostor]
                if np.mean(np.array(impostor) <= threshold) <= found.far
            )
            assert point.rejected.mean == pytest.approx(least)

    @settings(max_examples=20, deadline=None)
    @given(seed=st.integers(0, 10**6), fusion=st.sampled_from(FUSIONS))
    def test_one_photo_is_the_same_under_every_fusion(self, seed, fusion) -> None:
        matrix, codes = people_of([4] * 5, seed)
        options = {"counts": [1, 3], "threshold": 2.0, "seed": seed}
        fused, plain = (curve_of(matrix, codes, fusion=f, **options) for f in (fusion, "min"))
        assert fused.points[0].wrong.mean == pytest.approx(plain.points[0].wrong.mean)

    @settings(max_examples=20, deadline=None)
    @given(seed=st.integers(0, 10**6))
    def test_the_probes_stay_the_same_whatever_is_enrolled(self, seed) -> None:
        """With the nearest photo, more of them reject no probe that fewer accepted."""
        matrix, codes = people_of([6] * 5, seed)
        points = curve_of(matrix, codes, threshold=1.5, seed=seed).points
        rejected = [point.rejected_at_threshold.mean for point in points]
        accepted = [point.accepted_at_threshold.mean for point in points]
        assert rejected == sorted(rejected, reverse=True)
        assert accepted == sorted(accepted)

    def test_each_rate_lies_in_its_interval_and_no_error_is_not_surely_none(self) -> None:
        matrix, codes = people_of([4] * 10, 0, spread=0.01)
        for point in curve_of(matrix, codes, threshold=0.1).points:
            for rate in (point.wrong, point.rejected, point.rejected_at_threshold):
                assert rate is not None
                assert rate.mean == rate.low == 0
                assert rate.high == pytest.approx(1.96**2 / (40 + 1.96**2), rel=1e-3)

    def test_intervals_cover_the_rate_of_many_people(self) -> None:
        truth = curve_of(*people_of([4] * 300, 1), counts=[1, 2], repetitions=10)
        # Rank-1 depends on N; the rejections at a FAR do not.
        covered = 0
        for seed in range(40):
            found = curve_of(*people_of([4] * 30, 100 + seed), counts=[1, 2], repetitions=100)
            assert found.far == truth.far == 0.01
            rate = found.points[1].rejected
            covered += rate.low <= truth.points[1].rejected.mean <= rate.high
        assert covered >= 35


class TestWhoTakesPart:
    def test_as_many_counts_as_half_of_the_people_can_take_part_in(self) -> None:
        found = curve_of(*people_of([1, 3, 4, 4, 4, 9], 0))
        assert [point.photos for point in found.points] == [1, 2, 3]
        assert found.left_out == (0, 1)
        assert (found.people, found.probes) == (4, 1 + 1 + 1 + 6)

    def test_counts_that_are_asked_for_are_taken_for_two_people_or_refused(self) -> None:
        matrix, codes = people_of([2, 2, 2, 2, 7, 7], 0)
        found = curve_of(matrix, codes, counts=[4, 1])
        assert [point.photos for point in found.points] == [1, 4]
        assert found.people == 2
        with pytest.raises(
            TooFewError,
            match=r"expected 2 people or more with 8 photos each, 7 to enrol and one to recognise. "
            r"Received: 6 people, 0 of them with that many.",
        ):
            curve_of(matrix, codes, counts=[1, 7])

    def test_one_photo_each_is_refused(self) -> None:
        with pytest.raises(TooFewError, match="expected 2 people or more with 2 photos each"):
            curve_of(*people_of([1, 1, 1, 4], 0))

    def test_two_photos_each_give_one_point_and_say_why(self) -> None:
        found = curve_of(*people_of([2] * 8, 0))
        assert len(found.points) == 1
        assert found.gains == ()
        assert "shows no gain" in found.sentences()[0]

    def test_few_comparisons_show_no_rejections_at_a_rate(self) -> None:
        found = curve_of(*people_of([3] * 3, 0))
        assert found.far is None
        assert found.points[0].rejected is None
        assert "FAR" not in " ".join(found.sentences())

    def test_the_rate_is_the_lowest_that_a_draw_can_show(self) -> None:
        rates = [curve_of(*people_of([3] * count, 0)).far for count in (5, 9, 30)]
        assert rates == [0.2, 0.05, 0.01]
        assert set(rates) <= set(FARS)

    def test_many_photos_are_drawn_less_often(self, monkeypatch) -> None:
        monkeypatch.setattr("likeness.evaluation.next_photo.MOST_COMPARISONS", 100)
        matrix, codes = people_of([4] * 5, 0)
        assert curve_of(matrix, codes, draws=50).draws == 4


class TestWords:
    def test_a_gain_is_said_with_its_doubt(self) -> None:
        found = curve_of(*people_of([6] * 40, 0), draws=20)
        said = found.sentences()
        assert len(said) == 3
        before, after = found.points[0].wrong.mean, found.points[1].wrong.mean
        assert said[0].startswith(
            f"A second photo lowers wrong answers from {100 * before:.1f} % to {100 * after:.1f} %"
        )
        assert "at a FAR of 1 %" in said[0]
        assert said[1].startswith("A third photo")
        assert said[2].startswith("Going from 3 to 5 photos")
        for gain, sentence in zip(found.gains, said, strict=True):
            assert gain.rejected is not None
            doubts = sum(each.low <= 0 <= each.high for each in (gain.wrong, gain.rejected))
            assert sentence.count("may be chance") == doubts

    def test_a_loss_and_nothing_are_said_too(self) -> None:
        rng = np.random.default_rng(0)
        codes = np.repeat(np.arange(20), 4)
        noise = rng.random((80, 80))
        worse = curve_of(noise + noise.T, codes, fusion="mean", seed=2).sentences()
        assert any("raises" in sentence for sentence in worse)
        perfect = curve_of(*people_of([4] * 6, 0, spread=0.01)).sentences()
        assert "A second photo leaves wrong answers at 0.0 %" in perfect[0]

    def test_a_threshold_is_said_to_be_for_one_number_of_photos(self) -> None:
        matrix, codes = people_of([4] * 10, 0)
        found = curve_of(matrix, codes, threshold=2.5)
        first, last = (point.accepted_at_threshold.mean for point in found.points[::2])
        assert found.sentences()[-1] == (
            f"A threshold is for one number of photos: at 2.5, {100 * first:.1f} % of the "
            f"impostors are accepted with 1 enrolled and {100 * last:.1f} % with 3. Calibrate for "
            "as many as you enrol."
        )
        assert "threshold" not in " ".join(curve_of(matrix, codes).sentences())

    def test_everything_is_json(self) -> None:
        curve = curve_of(*people_of([4] * 6, 0), threshold=1.0)
        result = NextPhotoResult(curve=curve, model="f1", data=MeasuredData(), drawn=False)
        document = result.to_json()
        assert json.loads(json.dumps(document, allow_nan=False))["points"][0]["photos"] == 1
        assert document["sentences"]


def test_a_seed_is_a_curve() -> None:
    matrix, codes = people_of([4] * 8, 0)
    one, same, other = (curve_of(matrix, codes, seed=seed) for seed in (1, 1, 2))
    assert one == same
    assert one.points != other.points


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ({"draws": 0}, "draws: expected"),
        ({"repetitions": 1}, "repetitions: expected"),
        ({"counts": [0]}, "counts: expected a whole number from 1"),
        ({"counts": []}, "counts: expected at least one"),
        ({"fusion": "auto"}, "fusion: expected min, mean, centroid, or top2"),
        ({"fusion": "centroid", "energy": "manhattan"}, "fusion: the centroid of photos is known"),
    ],
)
def test_settings_out_of_range_are_refused(setting, sentence) -> None:
    with pytest.raises(SettingError, match=sentence):
        curve_of(*people_of([3] * 4, 0), **setting)


def test_a_matrix_that_does_not_fit_is_refused() -> None:
    with pytest.raises(DataError, match="matrix: expected shape"):
        curve_of(np.ones((3, 4)), np.zeros(3, np.int64))


@pytest.mark.real
def test_raw_pixels_on_the_real_photos_are_the_published_curve(real_data: str) -> None:
    """40-way, the nearest of the enrolled photos, random draws: measured by independent code."""
    faces = datasets.att(real_data)
    pixels = BASELINES["raw_pixels"](faces).embed(faces.items).astype(np.float64)
    lengths = (pixels**2).sum(axis=1)
    matrix = np.sqrt(np.maximum(lengths[:, None] + lengths - 2 * pixels @ pixels.T, 1e-12))
    found = NextPhotoCurve.measure(matrix, faces.codes, energy="euclidean", repetitions=10)
    rank_1 = [100 * (1 - point.wrong.mean) for point in found.points]
    assert rank_1 == pytest.approx([68.5, 81.9, 88.7, 94.4], abs=1.5)
