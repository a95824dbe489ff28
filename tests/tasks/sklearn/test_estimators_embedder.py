"""`SiameseEmbedder`: shapes, what is refused, seeds, and that it learns what carries classes."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.preprocessing import StandardScaler

from likeness import SiameseEmbedder
from likeness.energies import energy_matrix
from likeness.errors import SettingError
from likeness.evaluation import evaluate_matrix


def few_steps(**changes: Any) -> SiameseEmbedder:
    settings = {"steps": 3, "embedding_size": 4, "width": 4, "random_state": 0}
    return SiameseEmbedder(**settings | changes)


def hidden_classes(count: int, *, seed: int) -> tuple[Any, Any]:
    """Rows of which four numbers tell twenty classes apart, among twenty louder ones."""
    rng = np.random.default_rng(seed)
    codes = np.repeat(np.arange(count), 12)
    told = rng.normal(0, 1, (count, 4))[codes] + rng.normal(0, 0.15, (len(codes), 4))
    return np.concatenate([told, rng.normal(0, 1, (len(codes), 20))], axis=1), codes


class TestEmbeddings:
    @pytest.mark.parametrize("shape", [(5,), (1,), (8, 8), (9, 10, 3), (3, 3), (2, 40, 1)])
    def test_one_of_unit_length_per_item(self, shape: tuple[int, ...]) -> None:
        items = np.random.default_rng(0).uniform(0, 9, (12, *shape))
        found = few_steps().fit(items, [0, 1, 2] * 4).transform(items)
        assert found.shape == (12, 4)
        assert found.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1.0, atol=1e-3)

    def test_an_item_does_not_depend_on_its_neighbours(self, rows: tuple[Any, Any]) -> None:
        embedder = few_steps().fit(*rows)
        items = np.tile(rows[0], (3, 1))  # 180: several batches, the last not full
        whole = embedder.transform(items)
        assert (whole[60:120] == whole[:60]).all()
        assert (embedder.transform(items[100:101]) == whole[100:101]).all()

    def test_nothing_in_nothing_out_is_an_error_that_says_so(self, rows: tuple[Any, Any]) -> None:
        embedder = few_steps().fit(*rows)
        with pytest.raises(ValueError, match=r"0 sample"):
            embedder.transform(rows[0][:0])

    def test_the_unit_of_a_feature_does_not_matter(self, rows: tuple[Any, Any]) -> None:
        items, codes = rows
        other = items * [1e-3, 7, 1e6, 3, 2] + [1, -4, 0, 1e3, 0]
        found = [few_steps().fit(given, codes).transform(given) for given in (items, other)]
        np.testing.assert_allclose(found[0], found[1], atol=1e-4)

    def test_the_light_of_an_image_does_not_matter(self, images: tuple[Any, Any]) -> None:
        items, codes = images
        embedder = few_steps().fit(items, codes)
        np.testing.assert_allclose(
            embedder.transform(items * 0.5 + 20), embedder.transform(items), atol=1e-4
        )

    def test_whole_numbers_give_the_same_as_floats(self, images: tuple[Any, Any]) -> None:
        items = images[0].clip(0, 255).astype(np.uint8)
        found = [
            few_steps().fit(given, images[1]).transform(given) for given in (items, items / 1.0)
        ]
        assert (found[0] == found[1]).all()

    def test_names_of_the_columns(self, rows: tuple[Any, Any]) -> None:
        names = few_steps().fit(*rows).get_feature_names_out().tolist()
        assert names == [f"siameseembedder{column}" for column in range(4)]


class TestLearning:
    def test_classes_never_seen_are_told_apart(self) -> None:
        items, codes = hidden_classes(40, seed=0)
        learned, new = codes < 20, codes >= 20
        embedder = SiameseEmbedder(steps=150, random_state=0).fit(items[learned], codes[learned])
        plain = StandardScaler().fit(items[learned]).transform(items[new])
        auc = [
            evaluate_matrix(energy_matrix("euclidean", given), codes[new] - 20, threshold=None)
            for given in (embedder.transform(items[new]), plain)
        ]
        assert auc[0].figures["auc"] > 0.9
        assert auc[1].figures["auc"] < 0.8

    @pytest.mark.parametrize("loss", ["margin_softmax", "triplet"])
    def test_every_loss(self, loss: str, rows: tuple[Any, Any]) -> None:
        found = few_steps(loss=loss).fit(*rows).transform(rows[0])
        assert np.isfinite(found).all()
        assert not np.allclose(found, few_steps().fit(*rows).transform(rows[0]))

    @pytest.mark.parametrize("encoder", ["dense", "convnet", "residual"])
    def test_every_encoder_on_images(self, encoder: str) -> None:
        items = np.random.default_rng(0).uniform(0, 1, (6, 16, 16))
        embedder = few_steps(encoder=encoder).fit(items, [0, 0, 1, 1, 2, 2])
        assert embedder.encoder_.name == encoder
        assert embedder.transform(items).shape == (6, 4)

    @pytest.mark.parametrize(
        ("shape", "encoder"),
        [((5,), "dense"), ((8, 8), "convnet"), ((7, 20), "dense"), ((8, 9, 3), "convnet")],
    )
    def test_the_encoder_that_auto_takes(self, shape: tuple[int, ...], encoder: str) -> None:
        items = np.random.default_rng(0).uniform(0, 1, (4, *shape))
        assert few_steps().fit(items, [0, 0, 1, 1]).encoder_.name == encoder

    def test_distortion_is_for_learning_only(self, images: tuple[Any, Any]) -> None:
        plain, distorted = (few_steps(distortion=value).fit(*images) for value in (0.0, 1.0))
        assert (distorted.transform(images[0]) == distorted.transform(images[0])).all()
        assert not np.allclose(distorted.transform(images[0]), plain.transform(images[0]))

    def test_a_class_may_have_a_single_item(self) -> None:
        items = np.eye(5)
        assert few_steps().fit(items, list("abcde")).transform(items).shape == (5, 4)

    def test_texts_as_classes_are_the_same_as_numbers(self, rows: tuple[Any, Any]) -> None:
        items, codes = rows
        names = np.array(["a", "b", "c", "d"])[codes]
        found = [few_steps().fit(items, given).transform(items) for given in (codes, names)]
        assert (found[0] == found[1]).all()


class TestSeeds:
    def test_the_same_result_twice(self, rows: tuple[Any, Any]) -> None:
        first, second, other = (
            few_steps(random_state=seed).fit(*rows).transform(rows[0]) for seed in (3, 3, 4)
        )
        assert (first == second).all()
        assert not np.allclose(first, other)

    def test_a_random_state_goes_on(self, rows: tuple[Any, Any]) -> None:
        """As scikit-learn has it: an int starts afresh, an object moves along."""
        embedder = few_steps(random_state=np.random.RandomState(0))
        first, second = (embedder.fit(*rows).transform(rows[0]) for _ in range(2))
        assert not np.allclose(first, second)


class TestRefusals:
    @pytest.mark.parametrize(
        ("changes", "sentence"),
        [
            ({"steps": 0}, r"^steps: expected a whole number from 1 "),
            ({"steps": 1.5}, r"^steps: expected a whole number\."),
            ({"batch_size": 2}, r"^batch_size: expected a whole number from 4 "),
            ({"encoder": "vgg"}, r"^encoder: expected one of .* Received: 'vgg'\.$"),
            ({"encoder": "readings"}, r"^encoder: expected one of auto, convnet, "),
            ({"encoder": "convnet"}, r"^encoder: 'convnet' reads images of at least 8×8 pixels\."),
            ({"encoder": "residual"}, r"^encoder: 'residual' reads images of at least 16×16 "),
            ({"loss": "hinge"}, r"^loss: expected one of contrastive, margin_softmax, .*triplet\."),
            ({"margin": -1.0}, r"^margin: expected a number from 0 "),
            ({"embedding_size": 1}, r"^embedding_size: expected a whole number from 2 "),
            ({"distortion": 1.0}, r"^distortion: expected 0 for rows of numbers; "),
        ],
    )
    def test_settings(self, changes: dict[str, Any], sentence: str, rows: tuple[Any, Any]) -> None:
        with pytest.raises(SettingError, match=sentence):
            few_steps(**changes).fit(*rows)

    @pytest.mark.parametrize("shape", [(6, 2, 2, 1, 1), (6, 0, 3)])
    def test_items_of_other_shapes(self, shape: tuple[int, ...]) -> None:
        with pytest.raises(ValueError, match=r"^X: expected items of shape \(n, features\), "):
            few_steps().fit(np.zeros(shape), [0, 0, 0, 1, 1, 1])

    def test_one_class(self) -> None:
        with pytest.raises(ValueError, match=r"^y: expected at least two classes.* one class, "):
            few_steps().fit(np.eye(3), [1, 1, 1])

    def test_images_of_another_size_than_those_learned(self, images: tuple[Any, Any]) -> None:
        embedder = few_steps().fit(*images)
        with pytest.raises(ValueError, match=r"^X: expected items of shape \(8, 8\), as in fit\."):
            embedder.transform(np.zeros((2, 8, 9)))

    def test_it_is_not_fitted_yet(self) -> None:
        with pytest.raises(NotFittedError):
            few_steps().transform(np.eye(3))


def test_importing_them_brings_no_keras(tmp_path: Path) -> None:
    code = "import sys, likeness; likeness.SiameseEmbedder(); print('keras' in sys.modules)"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert found.stdout.strip() == "False"


def test_the_encoder_is_a_plain_keras_model(rows: tuple[Any, Any]) -> None:
    embedder = few_steps().fit(*rows)
    assert isinstance(embedder.encoder_, keras.Model)
    prepared = embedder.preparation_(rows[0])
    found = keras.ops.convert_to_numpy(embedder.encoder_(prepared, training=False))
    np.testing.assert_allclose(found, embedder.transform(rows[0]), atol=1e-6)
