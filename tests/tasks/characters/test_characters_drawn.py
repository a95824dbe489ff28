"""Drawn characters: made up from a seed, alike within a character, runs of new ones."""

from typing import Any

import numpy as np
import pytest

from likeness.errors import DataError, SettingError
from likeness.tasks.characters.drawings import drawn_characters, drawn_runs
from likeness.tasks.characters.omniglot import OneShotRun
from likeness.tasks.characters.omniglot_experiment import BASELINES

hausdorff_energies = BASELINES["modified_hausdorff"]


def test_shape_names_and_marks() -> None:
    data = drawn_characters(alphabets=2, characters_each=3, drawers=4, size=40)
    assert data.items.shape == (24, 40, 40, 1) and data.items.dtype == np.uint8
    assert data.distinct[0] == "drawn1/character1" and len(data.distinct) == 6
    assert data.item_names[-1] == "drawn2/character3/4"
    assert data.drawn and "not Omniglot" in data.name
    assert set(np.unique(data.items)) == {0, 255}


def test_the_seed_decides() -> None:
    first, same = (drawn_characters(seed=3) for _ in range(2))
    assert first.digest == same.digest != drawn_characters(seed=4).digest


def test_more_characters_or_drawers_leave_those_that_were_there() -> None:
    few = drawn_characters(alphabets=1, characters_each=2, drawers=2)
    many = drawn_characters(alphabets=2, characters_each=3, drawers=3)
    of_many = dict(zip(many.item_names, many.item_digests, strict=True))
    for name, digest in zip(few.item_names, few.item_digests, strict=True):
        assert of_many[name] == digest


def test_no_two_drawings_are_equal_and_none_is_empty() -> None:
    data = drawn_characters(alphabets=3, characters_each=5, drawers=4)
    assert len(set(data.item_digests)) == len(data)
    assert ((data.items == 0).sum(axis=(1, 2, 3)) > 10).all()


def test_drawings_of_a_character_are_nearer_than_those_of_others() -> None:
    runs = drawn_runs(runs=4, ways=6)
    errors = [run.error(hausdorff_energies(run.probes, run.gallery)) for run in runs]
    assert np.mean(errors) < 0.4  # by chance 0.83


def test_runs_have_new_characters_in_a_random_order() -> None:
    runs = drawn_runs(runs=3, ways=5, size=32, seed=9)
    assert [run.name for run in runs] == ["drawn1", "drawn2", "drawn3"]
    assert {len(run.gallery) for run in runs} == {len(run.probes) for run in runs} == {5}
    assert len({tuple(run.answers) for run in runs}) > 1
    data = drawn_characters(alphabets=3, characters_each=5, drawers=2, size=32, seed=9)
    drawings = data.items.reshape(3, 5, 2, 32, 32, 1)
    for run, drawn in zip(runs, drawings, strict=True):
        np.testing.assert_array_equal(run.gallery, drawn[:, 0])
        np.testing.assert_array_equal(run.probes, drawn[run.answers, 1])


@pytest.mark.parametrize(
    "settings", [{"alphabets": 0}, {"characters_each": 1.5}, {"drawers": 0}, {"size": 8}]
)
def test_settings_out_of_range(settings: dict[str, Any]) -> None:
    (name,) = settings
    with pytest.raises(SettingError, match=f"{name}: expected a whole number"):
        drawn_characters(**settings)


def test_a_run_of_one_is_none() -> None:
    with pytest.raises(SettingError, match="ways: expected a whole number from 2"):
        drawn_runs(ways=1)


class TestOneShotRun:
    def test_it_is_frozen_all_through(self) -> None:
        (run,) = drawn_runs(runs=1, ways=3, size=16)
        for part in (run.gallery, run.probes, run.answers):
            with pytest.raises(ValueError, match="read-only"):
                part[0] = 0

    @pytest.mark.parametrize("answers", [[0, 2], [-1, 0], [0], [0, 1, 1]])
    def test_answers_are_rows_of_the_gallery(self, answers: list[int]) -> None:
        images = np.zeros((2, 4, 4, 1), np.uint8)
        with pytest.raises(DataError, match="answers: expected 2 rows of the gallery, 0 to 1"):
            OneShotRun(name="run", gallery=images, probes=images, answers=np.array(answers))

    def test_images_are_images(self) -> None:
        images = np.zeros((2, 4, 4, 1), np.uint8)
        with pytest.raises(DataError, match="gallery: expected uint8"):
            OneShotRun(name="run", gallery=images / 2, probes=images, answers=np.array([0, 1]))
