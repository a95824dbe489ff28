"""Overlap, success, precision and loss of a target, against slow loops and by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from likeness.errors import DataError, SettingError
from likeness.tasks.tracking.evaluation import (
    PIXELS,
    THRESHOLDS,
    TrackEvaluation,
    overlaps,
    track_intervals,
)

BOX = st.tuples(st.integers(-9, 9), st.integers(-9, 9), st.integers(1, 9), st.integers(1, 9))
SHARES = st.lists(st.floats(0, 1), min_size=1, max_size=40)


def of_frames(
    overlap: list[float] | None = None, error: list[float] | None = None
) -> TrackEvaluation:
    """A track with these overlaps, or with these errors."""
    count = len(overlap or error or [])
    return TrackEvaluation(
        overlap=np.array(overlap or [0.0] * count), error=np.array(error or [0.0] * count)
    )


def slow_overlap(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    """Count the unit squares in both and in either."""

    def squares(box: tuple[int, ...]) -> set[tuple[int, int]]:
        x, y, width, height = box
        return {(x + i, y + j) for i in range(width) for j in range(height)}

    return len(squares(one) & squares(other)) / len(squares(one) | squares(other))


@given(st.lists(st.tuples(BOX, BOX), min_size=1, max_size=5))
def test_overlap_against_counted_squares(pairs: list[tuple[tuple[int, ...], ...]]) -> None:
    found = overlaps([pair[0] for pair in pairs], [pair[1] for pair in pairs])
    assert found == pytest.approx([slow_overlap(*pair) for pair in pairs])


@given(BOX, BOX)
def test_overlap_is_even_handed_and_1_for_the_same_box(one: tuple[int], other: tuple[int]) -> None:
    assert overlaps([one], [other]) == pytest.approx(overlaps([other], [one]))
    assert overlaps([one], [one]) == pytest.approx([1.0])


@given(BOX, BOX)
def test_centre_error_against_the_formula(one: tuple[int, ...], other: tuple[int, ...]) -> None:
    x = one[0] + one[2] / 2 - other[0] - other[2] / 2
    y = one[1] + one[3] / 2 - other[1] - other[3] / 2
    assert TrackEvaluation.of([one], [other]).error[0] == pytest.approx(math.hypot(x, y))


@given(SHARES)
def test_success_against_a_slow_loop(shares: list[float]) -> None:
    found = of_frames(overlap=shares).to_json()["success"]
    expected = [sum(share > t for share in shares) / len(shares) for t in THRESHOLDS]
    assert found == pytest.approx(expected, abs=1e-5)
    assert np.all(np.diff(found) <= 0)


@given(st.lists(st.floats(0, 200), min_size=1, max_size=40))
def test_precision_against_a_slow_loop(errors: list[float]) -> None:
    found = of_frames(error=errors).to_json()["precision"]
    expected = [sum(error <= p for error in errors) / len(errors) for p in PIXELS]
    assert found == pytest.approx(expected, abs=1e-5)


@given(SHARES)
def test_the_area_under_success_is_about_the_mean_overlap(shares: list[float]) -> None:
    # Of Čehovin, Kristan and Leonardis 2014: exactly, with infinitely many thresholds.
    area = of_frames(overlap=shares).figures["success_auc"]
    assert area == pytest.approx(np.mean(shares), abs=0.011)


@pytest.mark.parametrize(
    ("shares", "first", "good"),
    [
        ([0.9, 0.5, 0.2], None, None),
        ([0.9, 0.05, 0.5], 1, None),
        ([0.9, 0.0, 0.5, 0.0, 0.0], 1, 3),
        ([0.0, 0.0], 0, 0),
        ([0.1], None, None),
    ],
)
def test_when_a_target_is_lost(shares: list[float], first: int | None, good: int | None) -> None:
    # Index 0 of the array is frame 2: the first frame is not in it.
    frames = [None if index is None else index + 2 for index in (first, good)]
    assert of_frames(overlap=shares).lost == dict(
        zip(("first_below", "for_good"), frames, strict=True)
    )


def track(shares: list[float], *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Boxes whose overlap with the true ones is as given."""
    rng = np.random.default_rng(seed)
    truth = np.column_stack([rng.uniform(0, 99, (len(shares), 2)), np.full((len(shares), 2), 10.0)])
    found = truth.copy()
    # Moved by m, two squares of side 10 share (10 − m) / (10 + m).
    found[:, 0] += [10 * (1 - share) / (1 + share) for share in shares]
    return found, truth


def test_the_figures_of_a_track_by_hand() -> None:
    found = TrackEvaluation.of(*track([1.0, 0.5, 0.0, 0.0]))
    assert found.figures["mean_overlap"] == pytest.approx(0.375)
    assert found.figures["precision_20"] == 1.0
    assert found.figures["median_centre_error"] == pytest.approx((10 + 10 / 3) / 2)
    # Place 2 of the array is frame 4: the first frame is not in it.
    assert found.lost == {"first_below": 4, "for_good": 4}
    document = found.to_json()
    assert document["frames"] == 4
    assert len(document["success"]) == 101


def test_several_runs_count_alike_and_the_earliest_loss_counts() -> None:
    one, other = (TrackEvaluation.of(*track(s)) for s in ([1.0, 1.0, 0.0], [0.5, 0.0, 0.5]))
    both = TrackEvaluation.together([one, other])
    assert both.figures["mean_overlap"] == pytest.approx(0.5)
    assert both.lost == {"first_below": 3, "for_good": 4}
    assert both.to_json()["frames"] == 3
    with pytest.raises(DataError, match="one number of frames"):
        TrackEvaluation.together([one, TrackEvaluation.of(*track([1.0]))])
    with pytest.raises(DataError, match="one at least"):
        TrackEvaluation.together([])


class TestIntervals:
    def test_they_hold_the_figure_and_a_seed_repeats_them(self) -> None:
        rng = np.random.default_rng(0)
        tracks = {"a": TrackEvaluation.of(*track(rng.uniform(0.2, 0.9, 60).tolist()))}
        found = track_intervals(tracks, repetitions=200)["a"]["mean_overlap"]
        assert found.low < found.mean < found.high
        assert found.mean == pytest.approx(tracks["a"].figures["mean_overlap"])
        assert track_intervals(tracks, repetitions=200)["a"]["mean_overlap"] == found

    def test_a_gain_is_paired(self) -> None:
        rng = np.random.default_rng(0)
        shares = rng.uniform(0.2, 0.8, 60)
        tracks = {
            "ours": TrackEvaluation.of(*track((shares + 0.1).tolist())),
            "other": TrackEvaluation.of(*track(shares.tolist())),
        }
        found = track_intervals(tracks, beside="other", repetitions=100)
        gain = found["ours"]["mean_overlap_gain"]
        assert (gain.low, gain.mean, gain.high) == pytest.approx((0.1, 0.1, 0.1))
        assert "mean_overlap_gain" not in found["other"]

    def test_blocks_are_wider_where_neighbours_are_alike(self) -> None:
        waves = (0.5 + 0.4 * np.sign(np.sin(np.arange(120) / 8))).tolist()
        tracks = {"a": TrackEvaluation.of(*track(waves))}

        def width(block: int) -> float:
            found = track_intervals(tracks, block=block, repetitions=400)["a"]["mean_overlap"]
            return found.high - found.low

        assert width(12) > 1.5 * width(1)

    def test_what_is_refused(self) -> None:
        one, other = TrackEvaluation.of(*track([1.0] * 5)), TrackEvaluation.of(*track([1.0] * 6))
        with pytest.raises(DataError, match=r"one number of frames\. Received: \[5, 6\]"):
            track_intervals({"a": one, "b": other})
        with pytest.raises(SettingError, match="block: expected a whole number from 1 to 5"):
            track_intervals({"a": one}, block=6)
        with pytest.raises(SettingError, match="level"):
            track_intervals({"a": one}, block=2, level=1.0)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([[0, 0, 1, 1], [0, 0, 1, 1]], "as many boxes in both"),
        ([[0, 0, 1]], "as many boxes in both"),
        ([[0, 0, 0, 1]], "boxes: expected finite boxes"),
        ([[0, math.nan, 1, 1]], "boxes: expected finite boxes"),
    ],
)
def test_boxes_that_do_not_fit_are_refused(found: list[list[float]], said: str) -> None:
    with pytest.raises(DataError, match=said):
        overlaps(found, [[0, 0, 1, 1]])
    with pytest.raises(DataError):
        overlaps([], [])
