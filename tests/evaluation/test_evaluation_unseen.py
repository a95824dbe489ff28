"""All figures of an embedder: their names, their definitions, and which are left out."""

from dataclasses import FrozenInstanceError, dataclass

import numpy as np
import pytest

from likeness.arrays import Embeddings, Images
from likeness.datasets import Dataset
from likeness.datasets.sampling import sample_pairs
from likeness.energies import energy_matrix
from likeness.errors import DataError, TooFewError
from likeness.evaluation import (
    Embedder,
    PairEnergies,
    accuracy_at,
    auc,
    equal_error_rate,
    error_rates,
    evaluate_matrix,
    evaluate_pairs,
    evaluate_unseen,
    one_shot_each_item,
    tar_at_far,
)


@dataclass(frozen=True)
class Mean:
    """The four-line fake: the mean of the pixels is the embedding."""

    energy: str = "manhattan"

    def embed(self, images: Images) -> Embeddings:
        return images.reshape(len(images), -1).mean(axis=1, keepdims=True).astype(np.float32)


def people(count: int, photos: int, *, noise: float = 6.0, seed: int = 0) -> Dataset:
    """Return people who differ in brightness."""
    rng = np.random.default_rng(seed)
    grey = 20 + 10 * np.repeat(np.arange(count), photos) + rng.normal(0, noise, count * photos)
    items = np.clip(grey, 0, 255).astype(np.uint8)[:, None, None, None]
    items = np.broadcast_to(items, (len(grey), 4, 3, 1))
    return Dataset(items, [f"p{i // photos}" for i in range(len(grey))])


def test_the_fake_is_an_embedder() -> None:
    embedder: Embedder = Mean()
    assert embedder.energy == "manhattan"


def test_names_and_counts_of_protocol_u4() -> None:
    result = evaluate_unseen(Mean(), people(10, 10), threshold=7.0)
    assert list(result.figures) == ["auc", "eer", "tar_at_far_1e-2", "accuracy", "one_shot_10way"]
    assert (len(result.pairs.genuine), len(result.pairs.impostor)) == (450, 4500)
    assert len(result.identification.correct) == 900
    assert result.threshold == 7.0
    assert all(0 <= figure <= 1 for figure in result.figures.values())


def test_every_figure_is_its_function() -> None:
    data = people(10, 10)
    result = evaluate_unseen(Mean(), data, threshold=7.0)
    rates = error_rates(result.pairs.genuine, result.pairs.impostor)
    matrix = energy_matrix("manhattan", Mean().embed(data.items))
    assert result.figures == {
        "auc": auc(rates),
        "eer": equal_error_rate(rates),
        "tar_at_far_1e-2": tar_at_far(rates, 0.01),
        "accuracy": accuracy_at(rates, 7.0),
        "one_shot_10way": one_shot_each_item(matrix, data.codes).rate,
    }


def test_from_the_matrix_nothing_is_embedded_twice() -> None:
    data = people(6, 5)
    matrix = energy_matrix("manhattan", Mean().embed(data.items))
    there = evaluate_matrix(matrix, data.codes, threshold=3.0)
    assert there.figures == evaluate_unseen(Mean(), data, threshold=3.0).figures


def test_without_a_threshold_there_is_no_accuracy() -> None:
    assert "accuracy" not in evaluate_unseen(Mean(), people(4, 3), threshold=None).figures


def test_a_far_that_the_pairs_cannot_show_is_left_out() -> None:
    """300 impostor pairs show 1 %, fewer do not: 25 people of 2 have 1200, 12 have 264."""
    assert "tar_at_far_1e-2" in evaluate_unseen(Mean(), people(25, 2), threshold=None).figures
    assert "tar_at_far_1e-2" not in evaluate_unseen(Mean(), people(12, 2), threshold=None).figures


def test_order_of_items_and_names_of_people_do_not_matter() -> None:
    data = people(6, 4)
    shuffled = data.take(np.random.default_rng(1).permutation(len(data)))
    renamed = Dataset(shuffled.items, [f"x{i[::-1]}" for i in shuffled.identities])
    figures = evaluate_unseen(Mean(), data, threshold=4.0).figures
    other = evaluate_unseen(Mean(), renamed, threshold=4.0).figures
    for name in ("auc", "eer", "accuracy"):
        assert other[name] == pytest.approx(figures[name])


def test_a_list_of_pairs_has_no_one_shot_trials() -> None:
    data = people(10, 6)
    listed = sample_pairs(data.codes, seed=0)
    pairs = PairEnergies.of_pairs(Mean().embed(data.items), data.codes, listed, energy="manhattan")
    result = evaluate_pairs(pairs, threshold=7.0)
    assert result.identification is None
    assert set(result.figures) == {"auc", "eer", "accuracy"}


def test_somebody_with_a_single_photo_does_not_stop_the_rest() -> None:
    data = people(5, 3).take(range(13))
    result = evaluate_unseen(Mean(), data, threshold=None)
    assert result.identification.ways == 5
    assert "one_shot_5way" in result.figures


def test_a_result_is_frozen() -> None:
    result = evaluate_unseen(Mean(), people(3, 2), threshold=None)
    with pytest.raises(FrozenInstanceError):
        result.threshold = 1.0  # type: ignore[misc]


class TestRefusals:
    def test_one_person(self) -> None:
        with pytest.raises(TooFewError, match="expected at least 2 people with 2 or more photos"):
            evaluate_unseen(Mean(), people(1, 5), threshold=None)

    def test_one_photo_each(self) -> None:
        with pytest.raises(TooFewError, match="0 of them with 2 or more"):
            evaluate_unseen(Mean(), people(5, 1), threshold=None)

    def test_a_network_that_gives_nan(self) -> None:
        class Broken(Mean):
            def embed(self, images: Images) -> Embeddings:
                return np.full((len(images), 2), np.nan, np.float32)

        with pytest.raises(DataError, match="expected finite numbers"):
            evaluate_unseen(Broken(), people(3, 3), threshold=None)
