"""Several networks joined into one: what each adds, how progress is told, how Ctrl-C ends it."""

import gc
from typing import Any

import numpy as np
import pytest

from likeness.datasets import Dataset
from likeness.images.preparation import Preparation
from likeness.training import TrainingRecipe, train
from likeness.training import fitting as fitting_module
from likeness.training.feeds import BatchFeed
from likeness.training.fitting import FitOptions, fit_ensemble, fit_once
from likeness.training.networks import PreparedPeople
from likeness.training.process import TrainingProgress

PREPARATION = Preparation(rows=16, columns=16)


@pytest.fixture(scope="module")
def recipe(recipes: dict[str, TrainingRecipe]) -> TrainingRecipe:
    return recipes["triplet"].replace(schedule={"steps": 2, "epochs": 2})


def prepared(data: Dataset) -> PreparedPeople:
    return PreparedPeople(items=PREPARATION(np.asarray(data.items)), codes=data.codes)


def embed(encoder: Any, learned: PreparedPeople) -> Any:
    return np.asarray(encoder(learned.items, training=False))


def feeds_with_items() -> list[BatchFeed]:
    gc.collect()
    found = [value for value in gc.get_objects() if isinstance(value, BatchFeed)]
    return [feed for feed in found if len(feed._items)]


def test_one_member_is_a_plain_fit(people: Dataset, recipe: TrainingRecipe) -> None:
    learned, options = prepared(people), FitOptions(stage="final", epochs=2)
    alone = fit_ensemble(recipe, learned, options)
    plain = fit_once(recipe, learned, options)
    np.testing.assert_array_equal(embed(alone.encoder, learned), embed(plain.encoder, learned))


def test_the_cosine_is_the_mean_of_the_members_cosines(
    people: Dataset, recipe: TrainingRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    fits, seeds = [], []

    def kept(recipe: TrainingRecipe, *args: Any) -> Any:
        seeds.append(recipe.seed)
        fits.append(fit_once(recipe, *args))
        return fits[-1]

    monkeypatch.setattr(fitting_module, "fit_once", kept)
    told: list[TrainingProgress] = []
    learned = prepared(people)
    options = FitOptions(stage="final", epochs=2, on_progress=told.append)
    together = fit_ensemble(recipe.replace(encoder={"ensemble_size": 3}), learned, options)
    assert len(set(seeds)) == 3 and seeds[0] == recipe.seed
    each = [embed(fit.encoder, learned) for fit in fits]
    found = embed(together.encoder, learned)
    assert found.shape == (len(learned.items), 3 * recipe.encoder.embedding_size)
    np.testing.assert_allclose(found @ found.T, np.mean([e @ e.T for e in each], 0), atol=1e-5)
    assert not np.allclose(each[0], each[1], atol=1e-3)
    losses = np.mean([fit.history["loss"] for fit in fits], axis=0)
    assert together.history["loss"] == pytest.approx(losses.tolist())
    # Progress is that of all of them, and never goes back.
    assert [progress.step for progress in told] == list(range(1, 13))
    assert {progress.steps for progress in told} == {12}


@pytest.mark.parametrize("when", ["before its first epoch", "in its second epoch"])
def test_ctrl_c_keeps_the_finished_ones(people: Dataset, recipe: TrainingRecipe, when: str) -> None:
    learned = prepared(people)
    stop_at = 5 if when == "before its first epoch" else 7  # steps 5 to 8 are of the second

    def stop(progress: TrainingProgress) -> None:
        if progress.step == stop_at:
            raise KeyboardInterrupt

    options = FitOptions(stage="final", epochs=2, on_progress=stop)
    found = fit_ensemble(recipe.replace(encoder={"ensemble_size": 3}), learned, options)
    first = fit_once(recipe, learned, FitOptions(stage="final", epochs=2))
    assert found.interrupted
    np.testing.assert_array_equal(embed(found.encoder, learned), embed(first.encoder, learned))


def test_no_member_leaves_its_items_behind(people: Dataset, recipe: TrainingRecipe) -> None:
    """TensorFlow keeps every feed: with its items in it, memory grows with each training."""
    options = FitOptions(stage="final", epochs=1)
    earlier = len(feeds_with_items())
    fit_ensemble(recipe.replace(encoder={"ensemble_size": 2}), prepared(people), options)
    assert len(feeds_with_items()) == earlier


def test_ctrl_c_before_anything_was_learned(people: Dataset, recipe: TrainingRecipe) -> None:
    def stop(_: TrainingProgress) -> None:
        raise KeyboardInterrupt

    options = FitOptions(stage="final", epochs=2, on_progress=stop)
    with pytest.raises(KeyboardInterrupt):
        fit_ensemble(recipe.replace(encoder={"ensemble_size": 2}), prepared(people), options)


def test_a_model_of_two_is_saved_and_read_again(
    people: Dataset, recipe: TrainingRecipe, tmp_path: Any
) -> None:
    from likeness.model.siamese_model import load_model

    model = train(recipe.replace(encoder={"ensemble_size": 2}), people)
    assert model.threshold is not None
    model.save(tmp_path / "m")
    again = load_model(tmp_path / "m")
    photos = np.asarray(people.items)
    np.testing.assert_allclose(again.embed(photos), model.embed(photos), atol=1e-6)
