"""Training where only some pairs count: drawn signatures, one name at a time."""

from dataclasses import replace

import numpy as np
import pytest

from likeness.datasets import Dataset
from likeness.datasets.sampling import identity_batches
from likeness.errors import DataError, TooFewError
from likeness.evaluation import Evaluation, PairRule
from likeness.evaluation.fusion import Comparisons
from likeness.tasks.signatures.dataset import drawn_signatures
from likeness.tasks.signatures.model import SIGNATURES
from likeness.training import train, train_and_measure
from likeness.training.augmentation import ElasticDistortion, StrokeJitter
from likeness.training.networks import PreparedPeople

SMALL = SIGNATURES.replace(
    preparation={"frame": "ink_box", "rows": 16, "columns": 32},
    encoder={"kind": "convnet", "ensemble_size": 1, "width": 4, "embedding_size": 8},
    loss={"kind": "margin_softmax"},
    augmentation={"identity_elastic": 0.0, "geometry": 0.0, "stroke_jitter": 0.5},
    whitening={"directions": 0},
    sampling={"elastic_identities": 1, "identities": 4},
    schedule={"epochs": 2, "steps": 4, "held_out": 0.4},
)


@pytest.fixture(scope="module")
def signed() -> Dataset:
    return drawn_signatures(writers=10, names=2, media=2, size=48)


@pytest.fixture(scope="module")
def trained(signed: Dataset) -> tuple[object, Evaluation]:
    found = train_and_measure(SMALL, signed)
    assert found.measured is not None
    return found.model, found.measured


class TestTraining:
    def test_only_pairs_that_count_are_measured(
        self, trained: tuple[object, Evaluation], signed: Dataset
    ) -> None:
        model, measured = trained
        held = signed.of(model.record["threshold"]["people"])
        wanted = PairRule(same=("name",), different=("medium",)).pairs(held)
        np.testing.assert_array_equal(measured.pairs.genuine_pairs, wanted.pairs[wanted.genuine])
        assert len(measured.pairs.impostor) == (~wanted.genuine).sum()
        assert measured.identification is None
        found = model.record["held_out"]
        assert found["counts"]["impostor_pairs"] == len(measured.pairs.impostor)
        assert found["baselines"]["raw_pixels"]["eer"]["mean"] != found["figures"]["eer"]["mean"]

    def test_who_is_in_each_pair_is_told(self, trained: tuple[object, Evaluation]) -> None:
        compared = Comparisons.of(trained[1].pairs)
        assert (compared.genuine_people[:, 0] == compared.genuine_people[:, 1]).all()
        assert (compared.impostor_people[:, 0] != compared.impostor_people[:, 1]).all()

    def test_the_model_reads_any_size_of_paper(self, trained: tuple[object, Evaluation]) -> None:
        small, large = (
            drawn_signatures(writers=1, names=1, media=1, size=size).items for size in (64, 200)
        )
        assert trained[0].energies(small, large).shape == (1, 1)

    def test_data_without_the_facet(self, signed: Dataset) -> None:
        with pytest.raises(DataError, match=r"'medium'\. Received: 'name'"):
            train(SMALL, replace(signed, facets={"medium": signed.facet("medium")}))

    def test_nothing_across(self, signed: Dataset) -> None:
        paper = signed.take(np.array(signed.facet("medium")) == "paper")
        with pytest.raises(TooFewError, match="one name, two of medium"):
            train(SMALL, paper)


class TestBatches:
    def test_a_batch_is_of_one_group_and_groups_take_turns(self) -> None:
        codes = np.arange(12).repeat(3)
        groups = (np.arange(12) % 3).repeat(3)
        drawn = identity_batches(
            codes, identities=3, items_each=2, batches=9, seed=1, groups=groups
        )
        of_batch = [set(groups[batch].tolist()) for batch in drawn]
        assert all(len(found) == 1 for found in of_batch)
        assert sorted(min(found) for found in of_batch) == [0, 0, 0, 1, 1, 1, 2, 2, 2]

    def test_the_smallest_group_decides(self) -> None:
        codes, groups = np.arange(5), np.array([0, 0, 0, 1, 1])
        with pytest.raises(TooFewError, match="at most 2"):
            identity_batches(codes, identities=3, items_each=1, batches=1, seed=0, groups=groups)

    def test_one_group_is_as_none(self) -> None:
        codes = np.arange(4).repeat(2)
        options = {"identities": 2, "items_each": 2, "batches": 3, "seed": 5}
        np.testing.assert_array_equal(
            identity_batches(codes, **options),
            identity_batches(codes, **options, groups=np.zeros(8, np.int64)),
        )


class TestDistortions:
    def test_a_stroke_becomes_thicker_or_thinner(self) -> None:
        page = np.ones((64, 12, 12, 1), np.float32)
        page[:, 5:8] = -1
        layer = StrokeJitter(1.0, seed=3)
        ink = (np.asarray(layer(page, training=True)) < 0).sum(axis=(1, 2, 3))
        assert ink.min() < 36 < ink.max()
        np.testing.assert_array_equal(np.asarray(layer(page, training=False)), page)

    def test_it_comes_back_from_its_settings(self) -> None:
        again = StrokeJitter.from_config(StrokeJitter(0.4, seed=2).get_config())
        assert (again.strength, again.seed) == (0.4, 2)

    def test_one_identity_is_bent_in_one_way(self) -> None:
        rng = np.random.default_rng(0)
        page = rng.normal(size=(1, 16, 32, 1)).astype(np.float32).repeat(3, axis=0)
        codes = np.array([0, 1, 0])
        bent = ElasticDistortion(2.0, seed=1).by_identity(page, codes)
        np.testing.assert_array_equal(bent[0], bent[2])
        assert np.abs(bent[0] - bent[1]).max() > 0.1 and np.abs(bent[0] - page[0]).max() > 0.1
        np.testing.assert_allclose(
            ElasticDistortion(0.0, seed=1).by_identity(page, codes), page, atol=1e-5
        )

    def test_bent_people_are_further_people_of_the_same_name(self) -> None:
        items = np.random.default_rng(0).normal(size=(4, 16, 16, 1)).astype(np.float32)
        codes, groups = np.array([0, 0, 1, 1]), np.array([0, 0, 1, 1])
        recipe = SMALL.replace(sampling={"elastic_identities": 2})
        learned = PreparedPeople(items=items, codes=codes, groups=groups).extended(recipe)
        assert learned.source_person is not None
        assert learned.codes.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
        assert learned.groups is not None and learned.groups.tolist() == groups.tolist() * 3
        assert learned.source_person.tolist() == codes.tolist() * 3
