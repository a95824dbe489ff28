"""One fit: the kept weights are those of the best epoch; mirrored people; what the feeds hold."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from likeness.datasets import Dataset
from likeness.datasets.sampling import LabelledPairs
from likeness.encoders import Views, Whitening
from likeness.energies import energy_matrix
from likeness.evaluation import evaluate_matrix
from likeness.images.preparation import Preparation
from likeness.tasks.characters.drawings import CHARACTERS
from likeness.training import TrainingRecipe
from likeness.training.fitting import TOLERANCE, FitOptions, fit_once, held_out_auc
from likeness.training.networks import (
    FEW_STEPS,
    PreparedPeople,
    WarmCosine,
    build_encoder,
    build_network,
    embed_prepared,
    finished_encoder,
    untrained_encoder,
)

PREPARATION = Preparation(rows=16, columns=16)
BLANK = PreparedPeople(items=np.zeros((2, 16, 16, 1), np.float32), codes=np.arange(2))


@pytest.fixture(scope="module")
def recipe(recipes: dict[str, TrainingRecipe]) -> TrainingRecipe:
    return recipes["contrastive"].replace(schedule={"steps": 2})


@pytest.fixture(scope="module")
def pairs_recipe(recipes: dict[str, TrainingRecipe]) -> TrainingRecipe:
    return recipes["pairs"].replace(schedule={"steps": 3}, sampling={"pairs": 8})


@pytest.mark.backend
@pytest.mark.parametrize("steps", [1, 9, 40, 300])
def test_the_learning_rate_is_keras_cosine_with_a_warm_up(steps: int) -> None:
    rising = max(1, steps // 10)
    theirs = keras.optimizers.schedules.CosineDecay(
        0.05 * 0.002,
        max(1, steps - rising),
        warmup_target=0.002,
        warmup_steps=rising,
        alpha=0.01,
    )
    ours = WarmCosine(0.002, steps)
    for step in (*range(steps + 3), 10 * steps):
        rate = keras.ops.convert_to_numpy(ours(step))
        assert rate == pytest.approx(keras.ops.convert_to_numpy(theirs(step)), rel=1e-5)
    assert WarmCosine.from_config(ours.get_config())(7) == ours(7)


def prepared(data: Dataset) -> PreparedPeople:
    return PreparedPeople(items=PREPARATION(np.asarray(data.items)), codes=data.codes)


class TestFit:
    def test_the_kept_weights_are_those_of_the_best_epoch(
        self, people: Dataset, recipe: TrainingRecipe
    ) -> None:
        # A high rate makes the held-out people jump from epoch to epoch.
        recipe = recipe.replace(schedule={"learning_rate": 0.3, "epochs": 4, "patience": 2})
        seen, held = people.of([f"p{n}" for n in range(1, 6)]), people.of(["p6", "p7", "p8"])
        held_out = prepared(held)
        options = FitOptions(stage="choosing", epochs=4, held_out=held_out)
        fit = fit_once(recipe, prepared(seen), options)
        scores = fit.history["held_out_auc"]
        inner = next(layer for layer in fit.encoder.layers if hasattr(layer, "layers"))
        found = held_out_auc(recipe, inner, prepared(seen), held_out)
        assert found == scores[fit.best_epoch - 1]
        assert scores[fit.best_epoch - 1] >= max(scores) - TOLERANCE
        # Of equally good epochs the last one, and no more than `patience` epochs after it.
        assert all(score < max(scores) - TOLERANCE for score in scores[fit.best_epoch :])
        assert (
            len(scores)
            == len(fit.history["loss"])
            <= min(4, fit.best_epoch + recipe.schedule.patience)
        )

    def test_tensorboard_logs_if_asked(
        self, people: Dataset, recipe: TrainingRecipe, tmp_path: Path
    ) -> None:
        pytest.importorskip("tensorboard")
        options = FitOptions(stage="choosing", epochs=1, log_dir=tmp_path)
        fit_once(recipe, prepared(people), options)
        assert list((tmp_path / "choosing").rglob("events.*"))


class TestTrainingSet:
    def test_mirrored_people_are_further_people(
        self, people: Dataset, recipe: TrainingRecipe
    ) -> None:
        items = prepared(people).items
        found = prepared(people).extended(recipe)
        assert found.source_person is not None
        np.testing.assert_array_equal(found.items[:32], items)
        np.testing.assert_array_equal(found.items[32:], items[:, :, ::-1])
        assert set(found.codes[:32]) == set(range(8))
        np.testing.assert_array_equal(found.codes[32:], found.codes[:32] + 8)
        np.testing.assert_array_equal(found.source_person[32:], found.source_person[:32])

    @pytest.mark.parametrize(("mirrored", "doubles"), [(False, 4), (True, 8)])
    def test_turned_people_are_further_people(
        self, people: Dataset, recipe: TrainingRecipe, mirrored: bool, doubles: int
    ) -> None:
        settings = recipe.replace(sampling={"mirror_identities": mirrored, "turn_identities": True})
        items = prepared(people).items
        found = prepared(people).extended(settings)
        assert found.source_person is not None
        parts = found.items.reshape(doubles, *items.shape)
        for quarters in range(4):
            for item, turned in zip(items, parts[quarters], strict=True):
                np.testing.assert_array_equal(turned, np.rot90(item, quarters))
        if mirrored:
            np.testing.assert_array_equal(parts[4:], parts[:4, :, :, ::-1])
        codes = found.codes.reshape(doubles, -1)
        assert len(np.unique(codes)) == 8 * doubles == codes.max() + 1
        np.testing.assert_array_equal(codes % 8, found.source_person.reshape(doubles, -1))
        assert (found.source_person.reshape(doubles, -1) == people.codes).all()

    def test_nobody_is_mirrored_if_not_asked_or_if_the_pairs_are_fixed(
        self, people: Dataset, recipe: TrainingRecipe
    ) -> None:
        plain = recipe.replace(sampling={"mirror_identities": False})
        recipe = recipe.replace(sampling={"turn_identities": True})
        pairs = LabelledPairs(np.array([[0, 1]]), np.array([True]))
        for settings, fixed in ((plain, None), (recipe, pairs)):
            found = replace(prepared(people), pairs=fixed).extended(settings)
            assert len(found.items) == len(found.codes) == 32


class TestNetwork:
    def test_a_deep_head_is_trained_with_the_encoder_and_not_kept(self, people: Dataset) -> None:
        recipe = CHARACTERS.replace(
            preparation={"rows": 16, "columns": 16},
            encoder={"width": 2, "embedding_size": 32},
            schedule={"epochs": 1, "steps": 2},
        )
        encoder = build_encoder(recipe)
        network = build_network(recipe, encoder, classes=8)
        layers = [layer.name for layer in network.layers]
        assert layers.index("cells") < layers.index("projection") < layers.index("classes")
        assert "elastic_distortion" in layers
        assert finished_encoder(recipe, encoder, prepared(people)).output_shape == (None, 32)

    def test_without_elastic_distortion_there_is_no_layer_for_it(
        self, recipe: TrainingRecipe
    ) -> None:
        network = build_network(recipe, build_encoder(recipe), classes=8)
        assert "elastic_distortion" not in [layer.name for layer in network.layers]


class TestFeed:
    def test_half_of_the_drawn_pairs_are_genuine_and_no_one_meets_their_double(
        self, people: Dataset, pairs_recipe: TrainingRecipe
    ) -> None:
        # Every item holds its own place, so that a pair tells who is in it.
        items = np.broadcast_to(
            np.arange(32, dtype=np.float32)[:, None, None, None], (32, 16, 16, 1)
        )
        learned = PreparedPeople(items=items, codes=people.codes).extended(pairs_recipe)
        feed = learned.feed(pairs_recipe, build_encoder(pairs_recipe))
        genuine = []
        for _ in range(2):
            assert len(feed) == 3
            for index in range(3):
                (left, right), labels = feed[index]
                identities = [people.codes[side[:, 0, 0, 0].astype(int)] for side in (left, right)]
                np.testing.assert_array_equal(labels == 1, identities[0] == identities[1])
                genuine.extend(labels.tolist())
            feed.on_epoch_end()
        assert 0.3 < np.mean(genuine) < 0.7

    def test_fixed_pairs_all_come_before_one_comes_again(
        self, people: Dataset, pairs_recipe: TrainingRecipe
    ) -> None:
        items = np.broadcast_to(
            np.arange(32, dtype=np.float32)[:, None, None, None], (32, 16, 16, 1)
        )
        pairs = LabelledPairs(np.array([[0, 1], [4, 5], [0, 4], [1, 8], [2, 12]]), np.arange(5) < 2)
        learned = PreparedPeople(items=items, codes=people.codes, pairs=pairs)
        feed = learned.extended(pairs_recipe).feed(pairs_recipe, build_encoder(pairs_recipe))
        batches = [feed[index][0] for index in range(len(feed))]
        left, right = (np.concatenate([b[side][:, 0, 0, 0] for b in batches]) for side in (0, 1))
        found = list(zip(left.astype(int).tolist(), right.astype(int).tolist(), strict=True))
        expected = sorted(map(tuple, pairs.pairs.tolist()))
        assert len(found) == 24
        assert all(sorted(found[start : start + 5]) == expected for start in range(0, 20, 5))


class TestRowsOfNumbers:
    """The engine takes whatever shape the items have."""

    def test_the_encoder_has_the_shape_of_the_items(self, recipes: dict[str, Any]) -> None:
        plain = {
            "sampling": {"mirror_identities": False},
            "views": {"mirrored": False, "shift": 0},
            "whitening": {"kind": "none"},
        }
        recipe = recipes["contrastive"].replace(
            encoder={"kind": "dense"},
            schedule={"epochs": 1, "steps": 100},
            augmentation={"brightness_contrast": 0.0},
            **plain,
        )
        rng = np.random.default_rng(0)
        codes = np.repeat(np.arange(6), 20)
        # What tells them apart is small beside what does not.
        rows = np.concatenate([rng.normal(0, 1, (120, 8)), np.eye(6)[codes]], axis=1)
        rows = rows.astype(np.float32)
        fit = fit_once(
            recipe, PreparedPeople(items=rows, codes=codes), FitOptions(stage="final", epochs=1)
        )
        assert fit.encoder.input_shape == (None, 14)
        learned = evaluate_matrix(
            energy_matrix("euclidean", embed_prepared(fit.encoder, rows)), codes, threshold=None
        )
        plain = evaluate_matrix(energy_matrix("euclidean", rows), codes, threshold=None)
        assert learned.figures["auc"] > 0.9 > plain.figures["auc"]

    @pytest.mark.parametrize(("steps", "eagerly"), [(FEW_STEPS, True), (FEW_STEPS + 1, False)])
    def test_few_steps_are_not_compiled_first(
        self, recipe: TrainingRecipe, steps: int, eagerly: bool
    ) -> None:
        recipe = recipe.replace(schedule={"epochs": 1, "steps": steps})
        assert build_network(recipe, build_encoder(recipe), classes=2).run_eagerly == eagerly


class TestFinishedEncoder:
    def test_it_is_whitened_on_the_views_of_what_was_learned(
        self, recipe: TrainingRecipe, people: Dataset
    ) -> None:
        encoder = build_encoder(recipe)
        items = np.random.default_rng(0).normal(size=(12, 16, 16, 1)).astype(np.float32)
        made = finished_encoder(recipe, encoder, PreparedPeople(items=items, codes=np.arange(12)))
        views = keras.ops.convert_to_numpy(Views(**vars(recipe.views))(items))
        seen = embed_prepared(encoder, views)
        whitening = Whitening.fit(seen, shrinkage=recipe.whitening.shrinkage)
        expected = whitening(seen.reshape(-1, 12, recipe.encoder.embedding_size).mean(axis=0))
        np.testing.assert_allclose(embed_prepared(made, items), expected, atol=1e-4)

    def test_a_plain_recipe_leaves_the_encoder_as_it_is(self, recipe: TrainingRecipe) -> None:
        plain = recipe.replace(views={"mirrored": False, "shift": 0}, whitening={"kind": "none"})
        encoder = build_encoder(plain)
        assert finished_encoder(plain, encoder, BLANK) is encoder

    def test_the_untrained_one_is_built_alike(self, recipe: TrainingRecipe) -> None:
        made = finished_encoder(recipe, build_encoder(recipe), BLANK)
        assert untrained_encoder(recipe).get_config() == made.get_config()
