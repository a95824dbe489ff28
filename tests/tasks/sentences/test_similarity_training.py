"""A training on pairs of sentences: what it learns, what it chooses, what it refuses."""

import itertools
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from likeness.errors import DataError, OverlapError, SettingError, TooFewError, TrainingFailedError
from likeness.evaluation.verification import choose_threshold
from likeness.model.opening import open_model
from likeness.model.siamese_model import load_model
from likeness.tasks.sentences.recipe import SimilarityRecipe
from likeness.tasks.sentences.sentence_pairs import SentencePairs
from likeness.tasks.sentences.training import train_similarity
from likeness.training import TrainingProgress

pytestmark = pytest.mark.backend

SMALL = SimilarityRecipe(
    buckets=512,
    shortest=3,
    longest=3,
    embedding_size=64,
    epochs=3,
    batch_size=16,
    piece_dropout=0.2,
)

# Synonyms that share no letters with each other: only the scores say that they mean the same.
KINDS = (("car", "vehicle", "auto"), ("dog", "puppy", "hound"), ("home", "building", "dwelling"))
FRAMES = ("the {} is red", "i saw one {} today", "a big {} stood there", "we like your {}")


def made_pairs(frames: Any, *, name: str) -> SentencePairs:
    words = [(word, kind) for kind, some in enumerate(KINDS) for word in some]
    left, right, scores = [], [], []
    for frame in frames:
        for (one, kind), (other, other_kind) in itertools.permutations(words, 2):
            left.append(frame.format(one))
            right.append(frame.format(other))
            scores.append(5.0 if kind == other_kind else 1.0)
    return SentencePairs(left=left, right=right, scores=np.array(scores), name=name)


TRAINING = made_pairs(FRAMES[:3], name="made up")
OTHERS = made_pairs(FRAMES[3:], name="others")


@pytest.mark.parametrize("loss", ["correlation", "contrastive"])
def test_it_learns_which_words_mean_the_same(loss: str) -> None:
    recipe = SimilarityRecipe(
        **{**SMALL.as_dict(), "loss": loss, "epochs": 8, "piece_dropout": 0.0}
    )
    model = train_similarity(recipe, TRAINING, OTHERS)
    energies = OTHERS.energies(model)
    genuine = OTHERS.scores == 5.0
    assert energies[genuine].mean() < energies[~genuine].mean() - 0.1
    assert model.record["similarity"]["spearman"] > 0.6
    assert model.threshold == choose_threshold(energies[genuine], energies[~genuine])
    assert model.energy == {"correlation": "cosine", "contrastive": "euclidean"}[loss]
    assert model.is_same("we like your car", "we like your vehicle")
    assert not model.is_same("we like your car", "we like your puppy")


def test_what_is_recorded() -> None:
    told: list[TrainingProgress] = []
    model = train_similarity(SMALL, TRAINING, OTHERS, on_progress=told.append)
    record = model.record
    assert record["encoder"] == "bag_of_pieces"
    assert record["recipe"] == SMALL.as_dict()
    assert record["data"]["digest"] == TRAINING.digest
    assert record["chosen_on"]["pairs"] == len(OTHERS)
    history = record["histories"]["choosing"]
    assert len(history["loss"]) == len(history["spearman"]) == SMALL.epochs
    assert record["epochs"] == 1 + int(np.argmax(history["spearman"]))
    assert record["similarity"]["spearman"] == pytest.approx(max(history["spearman"]))
    assert record["threshold"]["genuine_pairs"] == int((OTHERS.scores == 5).sum())
    assert told[-1].step == told[-1].steps == SMALL.epochs * (len(TRAINING) // SMALL.batch_size)


def test_one_seed_one_model() -> None:
    same = [train_similarity(SMALL, TRAINING, OTHERS).embed(["a red car"]) for _ in range(2)]
    np.testing.assert_allclose(*same, atol=1e-5)
    other = train_similarity(
        SimilarityRecipe(**{**SMALL.as_dict(), "seed": 1}), TRAINING, OTHERS
    ).embed(["a red car"])
    assert np.abs(other - same[0]).max() > 0.01


def test_it_is_saved_and_opened_without_keras(tmp_path: Path) -> None:
    if keras.backend.backend() != "tensorflow":
        pytest.skip("this backend's exporter is tested elsewhere")
    model = train_similarity(SMALL, TRAINING, OTHERS)
    model.save(tmp_path / "model")
    texts = ["a red car", "today", "a much longer sentence about your building"]
    opened = open_model(tmp_path / "model", runtime="onnx")
    assert opened.runtime == "onnx" and opened.threshold == model.threshold
    assert opened.fingerprint == model.fingerprint
    np.testing.assert_allclose(opened.embed(texts), model.embed(texts), atol=1e-5)
    assert opened.embed([]).shape == (0, 64)
    assert opened.is_same("a red car", "a red car")
    again = load_model(tmp_path / "model")
    assert again.preparation == model.preparation
    np.testing.assert_allclose(again.embed(texts), model.embed(texts), atol=1e-6)
    with pytest.raises(DataError, match=r"^text: expected a text\. Received: uint8"):
        opened.embed(np.zeros((1, 8, 8, 1), np.uint8))


def test_ctrl_c_keeps_the_best_epoch_so_far() -> None:
    steps = len(TRAINING) // SMALL.batch_size

    def stop(progress: TrainingProgress) -> None:
        if progress.step == steps + 2:
            raise KeyboardInterrupt

    model = train_similarity(SMALL, TRAINING, OTHERS, on_progress=stop)
    assert model.record["interrupted"] and model.record["epochs"] == 1

    def stop_at_once(progress: TrainingProgress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_similarity(SMALL, TRAINING, OTHERS, on_progress=stop_at_once)


def test_pairs_to_choose_on_are_others() -> None:
    with pytest.raises(OverlapError, match=r"^216 of 216 pairs to choose on are also in"):
        train_similarity(SMALL, TRAINING, TRAINING)
    turned = SentencePairs(
        left=TRAINING.right, right=TRAINING.left, scores=TRAINING.scores, name="turned"
    )
    with pytest.raises(OverlapError, match=r"Use other pairs\.$"):
        train_similarity(SMALL, TRAINING, turned)


def test_too_few_pairs() -> None:
    with pytest.raises(TooFewError, match=r"^made up: expected at least 8 pairs of sentences"):
        train_similarity(SMALL, TRAINING.first(7), OTHERS)
    recipe = SimilarityRecipe(**{**SMALL.as_dict(), "loss": "contrastive"})
    middle = SentencePairs(
        left=TRAINING.left, right=TRAINING.right, scores=np.full(216, 3.0), name="middling"
    )
    with pytest.raises(TooFewError, match=r"^middling: expected pairs with scores of 4 or more"):
        train_similarity(recipe, middle, OTHERS)


def test_without_clear_pairs_there_is_no_threshold() -> None:
    vague = SentencePairs(
        left=OTHERS.left,
        right=OTHERS.right,
        scores=np.where(OTHERS.scores > 3, 3.5, 2.5),
        name="vague",
    )
    model = train_similarity(SMALL, TRAINING, vague)
    assert model.threshold is None
    assert model.record["threshold"]["genuine_pairs"] == 0


def test_a_loss_that_runs_away_is_said() -> None:
    recipe = SimilarityRecipe(
        **{**SMALL.as_dict(), "loss": "contrastive", "learning_rate": 10.0, "epochs": 60}
    )
    with pytest.raises(TrainingFailedError, match=r"Lower learning_rate \(it is 10\)\.$"):
        train_similarity(recipe, TRAINING, OTHERS)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"loss": "triplet"}, r"^loss: expected one of contrastive, correlation\. Received: 'trip"),
        ({"buckets": 1.5}, r"^buckets: expected a whole number"),
        ({"piece_dropout": 1.0}, r"^piece_dropout: expected a number from 0 to 0\.95"),
        ({"shortest": 5}, r"^shortest: expected at most longest, 4\. Received: 5\."),
        ({"genuine_margin": 2.0}, r"^genuine_margin: expected at most margin"),
        ({"impostor_to": 4.0}, r"^impostor_to: expected at most genuine_from, 4\.0"),
        ({"rows": 5}, r"^recipe: there is no setting 'rows'"),
    ],
)
def test_a_recipe_that_cannot_be(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingError, match=sentence):
        SimilarityRecipe.from_dict(changes)


def test_a_recipe_is_data() -> None:
    assert SimilarityRecipe.from_dict(SMALL.as_dict()) == SMALL
    assert SimilarityRecipe.from_dict({}) == SimilarityRecipe()
