"""`train` end to end, a short training of each kind on made-up patterns."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from likeness.datasets import Dataset
from likeness.datasets.sampling import LabelledPairs, sample_pairs
from likeness.errors import NoThresholdError, SettingError, TooFewError, TrainingFailedError
from likeness.evaluation import evaluate_unseen
from likeness.evaluation.pair_energies import EnergyHistogram
from likeness.model.card import model_card
from likeness.model.siamese_model import SiameseModel, load_model
from likeness.training import TrainingProgress, TrainingRecipe, train, train_on_pairs

pytestmark = pytest.mark.backend

KINDS = ("pairs", "margin_softmax", "contrastive", "triplet")


@pytest.fixture(scope="module")
def trained(
    people: Dataset, recipes: dict[str, TrainingRecipe]
) -> Callable[[str], tuple[SiameseModel, list[TrainingProgress]]]:
    """Train with the recipe of a name, once however often it is asked for."""
    kept: dict[str, tuple[SiameseModel, list[TrainingProgress]]] = {}

    def get(name: str) -> tuple[SiameseModel, list[TrainingProgress]]:
        if name not in kept:
            told: list[TrainingProgress] = []
            kept[name] = train(recipes[name], people, on_progress=told.append), told
        return kept[name]

    return get


def interrupt(*, stage: str, after: int) -> Callable[[TrainingProgress], None]:
    """Ctrl-C once this many steps of the stage are done."""

    def press(progress: TrainingProgress) -> None:
        if progress.stage == stage and progress.step > after:
            raise KeyboardInterrupt

    return press


@pytest.mark.parametrize("kind", KINDS)
class TestEveryKind:
    def test_the_loss_falls(self, trained: Any, kind: str) -> None:
        loss = trained(kind)[0].record["histories"]["choosing"]["loss"]
        assert len(loss) == 2
        assert loss[1] < loss[0]

    def test_it_tells_its_progress(
        self, trained: Any, recipes: dict[str, TrainingRecipe], kind: str
    ) -> None:
        told, steps = trained(kind)[1], recipes[kind].schedule.steps
        assert [progress.step for progress in told] == list(range(1, 2 * steps + 1))
        assert {(progress.stage, progress.steps) for progress in told} == {("choosing", 2 * steps)}
        assert all(math.isfinite(progress.loss) for progress in told)
        assert all(progress.held_out_auc is None for progress in told[:steps])
        assert all(0 <= progress.held_out_auc <= 1 for progress in told[steps:])

    def test_the_threshold_comes_from_people_held_out(
        self, trained: Any, people: Dataset, kind: str
    ) -> None:
        model = trained(kind)[0]
        decided = model.record["threshold"]
        assert model.threshold == decided["threshold"]
        assert 0 < model.threshold < 2
        assert len(decided["people"]) == 2
        assert set(decided["people"]) < set(people.distinct)
        assert (decided["genuine_pairs"], decided["impostor_pairs"]) == (2 * 6, 4 * 4)
        histogram = EnergyHistogram.stored({}, model.record, model.threshold)
        assert (sum(histogram.genuine), sum(histogram.impostor)) == (2 * 6, 4 * 4)

    def test_the_figures_in_the_record_are_of_the_people_held_out_and_lean_on_nothing_else(
        self, trained: Any, people: Dataset, kind: str
    ) -> None:
        model = trained(kind)[0]
        result = model.record["held_out"]
        held = people.of(model.record["threshold"]["people"])
        # Without a final stage the saved network is the one that was measured.
        measured = evaluate_unseen(model, held, threshold=None)
        assert {name: figure["mean"] for name, figure in result["figures"].items()} == (
            pytest.approx(dict(measured.figures), abs=1e-6)
        )
        assert "accuracy" not in result["figures"]
        assert set(result["baselines"]) == {"raw_pixels"}
        assert result["counts"] == {
            "folds": 1,
            "identities": 2,
            "items": 8,
            "genuine_pairs": 12,
            "impostor_pairs": 16,
            "one_shot_trials": 4 * 6,
        }
        assert (result["leaks"], result["watermark"], result["unseen_people"]) == (0, None, True)
        assert (
            model_card({"record": model.record}).to_json()["results"][0]["protocol"] == "held-out"
        )

    def test_it_tells_the_people_it_has_learned_apart(
        self, trained: Any, people: Dataset, kind: str
    ) -> None:
        energies = trained(kind)[0].energies(people.items, people.items)
        same = people.codes[:, None] == people.codes
        itself = np.eye(len(people), dtype=bool)
        assert energies[same & ~itself].mean() < 0.7 * energies[~same].mean()

    def test_a_saved_one_embeds_alike(
        self, trained: Any, people: Dataset, tmp_path: Path, kind: str
    ) -> None:
        model = trained(kind)[0]
        again = load_model(model.save(tmp_path / "model"))
        assert again.fingerprint == model.fingerprint
        assert again.record == json.loads(json.dumps(dict(model.record)))
        np.testing.assert_allclose(again.embed(people.items), model.embed(people.items), atol=1e-6)


def test_the_same_seed_gives_the_same_embeddings(
    trained: Any, people: Dataset, recipes: dict[str, TrainingRecipe]
) -> None:
    model, again = trained("pairs")[0], train(recipes["pairs"], people)
    np.testing.assert_array_equal(model.embed(people.items), again.embed(people.items))
    assert again.fingerprint == model.fingerprint
    assert again.threshold == model.threshold


def test_the_record_tells_how_the_model_came_to_be(
    trained: Any, people: Dataset, recipes: dict[str, TrainingRecipe]
) -> None:
    record = trained("pairs")[0].record
    assert TrainingRecipe.from_dict(record["recipe"]) == recipes["pairs"]
    assert record["data"]["digest"] == people.digest
    assert record["data"]["identities"] == list(people.distinct)
    assert record["data"]["items"] == len(record["data"]["item_digests"]) == 32
    assert record["interrupted"] is False
    assert record["epochs"] in (1, 2)
    assert record["seconds"] > 0


@pytest.fixture(scope="module")
def refitted(people: Dataset, recipes: dict[str, TrainingRecipe]) -> Any:
    """A model of two stages, and what its training told."""
    told: list[TrainingProgress] = []
    recipe = recipes["margin_softmax"].replace(schedule={"refit": True})
    return train(recipe, people, on_progress=told.append), told


class TestRefit:
    def test_the_final_network_learns_for_as_long_as_was_best(self, refitted: Any) -> None:
        model, told = refitted
        histories = model.record["histories"]
        assert set(histories) == {"choosing", "final"}
        assert len(histories["final"]["loss"]) == model.record["epochs"]
        assert "held_out_auc" not in histories["final"]
        assert [progress.stage for progress in told].index("final") == 2 * 8
        assert told[-1].steps == 8 * model.record["epochs"]

    def test_it_takes_the_threshold_over(self, refitted: Any, trained: Any) -> None:
        chosen = trained("margin_softmax")[0]
        # To the last digit: the first stage is the same training once more.
        assert refitted[0].threshold == chosen.threshold
        assert refitted[0].fingerprint != chosen.fingerprint


class TestTooFew:
    def test_people_to_hold_out_leave_no_threshold(
        self, few_people: Dataset, recipes: dict[str, TrainingRecipe]
    ) -> None:
        model = train(recipes["triplet"].replace(schedule={"refit": True}), few_people)
        assert model.threshold is None
        assert model.record["threshold"]["people"] == ()
        assert "held_out" not in model.record
        # With nobody to judge by, every epoch is learned.
        assert model.record["epochs"] == 2
        assert set(model.record["histories"]) == {"choosing"}
        assert model.record["interrupted"] is False
        with pytest.raises(NoThresholdError, match="training does from six people"):
            model.is_same(few_people.items[0], few_people.items[1])

    def test_one_person(self, people: Dataset, recipes: dict[str, TrainingRecipe]) -> None:
        with pytest.raises(
            TooFewError, match=r"expected at least 2 people with 2 or more photos each\."
        ):
            train(recipes["pairs"], people.of(["p1"]))

    def test_one_photo_each(self, people: Dataset, recipes: dict[str, TrainingRecipe]) -> None:
        with pytest.raises(TooFewError, match=r"8 photos of 8 people, 0 of them with 2 or more"):
            train(recipes["pairs"], people.take(range(0, 32, 4)))


class TestInterrupt:
    def test_after_an_epoch_returns_the_best_so_far(
        self, people: Dataset, recipes: dict[str, TrainingRecipe]
    ) -> None:
        recipe = recipes["contrastive"].replace(schedule={"refit": True})
        model = train(recipe, people, on_progress=interrupt(stage="choosing", after=7))
        assert model.record["interrupted"] is True
        assert model.record["epochs"] == 1
        assert set(model.record["histories"]) == {"choosing"}
        assert model.threshold is not None
        assert np.isfinite(model.embed(people.items)).all()

    def test_before_the_first_epoch_there_is_nothing_to_return(
        self, people: Dataset, recipes: dict[str, TrainingRecipe]
    ) -> None:
        with pytest.raises(KeyboardInterrupt):
            train(recipes["contrastive"], people, on_progress=interrupt(stage="choosing", after=2))

    def test_in_the_final_stage_keeps_the_chosen_network(
        self, trained: Any, people: Dataset, recipes: dict[str, TrainingRecipe]
    ) -> None:
        recipe = recipes["triplet"].replace(schedule={"refit": True})
        model = train(recipe, people, on_progress=interrupt(stage="final", after=2))
        assert model.record["interrupted"] is True
        assert model.fingerprint == trained("triplet")[0].fingerprint
        assert set(model.record["histories"]) == {"choosing"}


def test_a_loss_that_is_no_number_ends_the_training(
    people: Dataset, recipes: dict[str, TrainingRecipe]
) -> None:
    # A decay of 10 × 1 multiplies every weight by −9 at each step.
    recipe = recipes["contrastive"].replace(
        schedule={"learning_rate": 10.0, "weight_decay": 1.0, "steps": 60}
    )
    with pytest.raises(
        TrainingFailedError,
        match=r"^the loss became (nan|inf) in epoch \d+, step \d+\. "
        r"Lower schedule\.learning_rate \(it is 10\)\.$",
    ):
        train(recipe, people)


@pytest.fixture(scope="module")
def pairs(people: Dataset) -> LabelledPairs:
    return sample_pairs(people.codes, genuine=20, impostor=25, seed=1)


class TestTrainOnPairs:
    def test_learns_from_these_pairs_and_takes_the_threshold_from_them(
        self, people: Dataset, recipes: dict[str, TrainingRecipe], pairs: LabelledPairs
    ) -> None:
        told: list[TrainingProgress] = []
        model = train_on_pairs(recipes["pairs"], people, pairs, on_progress=told.append).model
        decided = model.record["threshold"]
        assert (decided["genuine_pairs"], decided["impostor_pairs"]) == (20, 25)
        assert set(model.record["histories"]) == {"final"}
        assert model.record["epochs"] == 2
        assert {progress.stage for progress in told} == {"final"}
        loss = model.record["histories"]["final"]["loss"]
        assert loss[1] < loss[0]

    def test_another_mode(
        self, people: Dataset, recipes: dict[str, TrainingRecipe], pairs: LabelledPairs
    ) -> None:
        with pytest.raises(SettingError, match=r"^mode: expected 'pairs'\. Received: 'batches'\.$"):
            train_on_pairs(recipes["triplet"], people, pairs)

    @pytest.mark.parametrize(
        ("genuine", "sentence"),
        [(True, r"45 genuine pairs of 45\."), (False, r"0 genuine pairs of 45\.")],
    )
    def test_pairs_of_one_kind(
        self,
        people: Dataset,
        recipes: dict[str, TrainingRecipe],
        pairs: LabelledPairs,
        genuine: bool,
        sentence: str,
    ) -> None:
        kind = LabelledPairs(pairs.pairs, np.full(len(pairs), genuine))
        expected = f"expected genuine and impostor pairs. Received: {sentence}"
        with pytest.raises(TooFewError, match=expected):
            train_on_pairs(recipes["pairs"], people, kind)
