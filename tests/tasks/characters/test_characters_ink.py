"""Baselines of drawings: pixels, and the modified Hausdorff distance between strokes."""

import os
from pathlib import Path

import numpy as np
import pytest

from likeness.errors import DataError
from likeness.tasks.characters.drawings import drawn_characters, drawn_runs
from likeness.tasks.characters.omniglot import RUNS, mean_error, omniglot_runs
from likeness.tasks.characters.omniglot_experiment import (
    BASELINES,
)

hausdorff_energies = BASELINES["modified_hausdorff"]
pixel_energies = BASELINES["nearest_pixels"]

DRAWN = drawn_characters(alphabets=1, characters_each=4, drawers=2, size=24).items


def slow_hausdorff(one: np.ndarray, other: np.ndarray) -> float:
    def points(image: np.ndarray) -> list[tuple[float, float]]:
        places = [
            (float(row), float(column))
            for row in range(image.shape[0])
            for column in range(image.shape[1])
            if image[row, column, 0] < 128
        ]
        middle = [sum(place[axis] for place in places) / len(places) for axis in (0, 1)]
        return [(row - middle[0], column - middle[1]) for row, column in places]

    def directed(a: list[tuple[float, float]], b: list[tuple[float, float]]) -> float:
        nearest = [min(np.hypot(p[0] - q[0], p[1] - q[1]) for q in b) for p in a]
        return float(sum(nearest) / len(nearest))

    a, b = points(one), points(other)
    return max(directed(a, b), directed(b, a))


def test_the_distance_is_that_of_a_slow_loop() -> None:
    found = hausdorff_energies(DRAWN[:3], DRAWN[3:])
    assert found.shape == (3, 5)
    for (row, column), energy in np.ndenumerate(found):
        assert energy == pytest.approx(slow_hausdorff(DRAWN[row], DRAWN[3 + column]))


def test_it_is_symmetric_and_nothing_to_itself() -> None:
    found = hausdorff_energies(DRAWN, DRAWN)
    np.testing.assert_allclose(found, found.T)
    np.testing.assert_allclose(np.diag(found), 0, atol=1e-12)


def test_where_on_the_paper_does_not_matter() -> None:
    paper = np.full((2, 60, 60, 1), 255, np.uint8)
    paper[0, 2:26, 3:27], paper[1, 30:54, 20:44] = DRAWN[0], DRAWN[0]
    assert hausdorff_energies(paper[:1], paper[1:])[0, 0] == pytest.approx(0, abs=1e-9)


def test_two_dots_apart() -> None:
    """By hand: dots 6 apart against dots 2 apart; each is 2 from its nearest."""
    wide, narrow = (np.full((1, 9, 9, 1), 255, np.uint8) for _ in range(2))
    wide[0, 4, [1, 7]] = narrow[0, 4, [3, 5]] = 0
    assert hausdorff_energies(wide, narrow)[0, 0] == pytest.approx(2.0)


def test_a_blank_sheet_has_no_distance() -> None:
    blank = np.full((1, 9, 9, 1), 255, np.uint8)
    with pytest.raises(DataError, match="expected dark ink on light paper"):
        hausdorff_energies(DRAWN, blank)


def test_pixels_are_compared_from_nought_to_one() -> None:
    found = pixel_energies(DRAWN[:2], DRAWN[2:4])
    for (row, column), energy in np.ndenumerate(found):
        difference = (DRAWN[row].astype(float) - DRAWN[2 + column]) / 255
        assert energy == pytest.approx(np.sqrt((difference**2).sum()), rel=1e-5)


def test_strokes_tell_more_than_pixels() -> None:
    runs = drawn_runs(runs=4, ways=6, size=64)
    by_strokes, by_pixels = (
        np.mean([run.error(compare(run.probes, run.gallery)) for run in runs])
        for compare in (hausdorff_energies, pixel_energies)
    )
    assert by_strokes < by_pixels


@pytest.mark.real
def test_the_published_error_on_the_twenty_runs(real_data: str) -> None:
    """Lake et al. 2015: 38.8 % errors by the modified Hausdorff distance."""
    if not any((Path(os.environ["LIKENESS_DATA"]) / name).is_file() for name in RUNS.names):
        pytest.skip("needs Omniglot's zips in LIKENESS_DATA")
    errors = [
        run.error(hausdorff_energies(run.probes, run.gallery))
        for run in omniglot_runs(path=real_data)
    ]
    assert round(100 * mean_error(errors).mean, 1) == 38.8
