"""The encoder of texts: a weighted sum, a start like TF-IDF, on every backend."""

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from likeness.encoders import SiameseNet
from likeness.errors import SettingError
from likeness.tasks.sentences.bag_of_pieces import WeightedSum, bag_of_pieces
from likeness.training.networks import BY_XLA

pytestmark = pytest.mark.backend

PIECES = np.array([[1, 5, 3, 0], [2, 0, 0, 0], [4, 1, 2, 3]], np.int32)


def embed(encoder: Any, pieces: Any) -> Any:
    return ops.convert_to_numpy(encoder(pieces, training=False))


def weights() -> Any:
    return np.random.default_rng(0).uniform(0.5, 3, 6)


def slow_embedding(encoder: Any, row: Any) -> Any:
    """One text, one piece after the other."""
    layer = encoder.get_layer("weighted_sum")
    vectors, logs = (ops.convert_to_numpy(w) for w in (layer.vectors, layer.log_weights))
    total = np.zeros(vectors.shape[1])
    for piece in row:
        if piece != 0:
            total += np.exp(logs[piece]) * vectors[piece]
    return total / np.linalg.norm(total)


def test_it_is_the_weighted_sum_of_unit_length() -> None:
    encoder = bag_of_pieces(5, embedding_size=7, rarity=weights(), seed=2)
    expected = [slow_embedding(encoder, row) for row in PIECES]
    np.testing.assert_allclose(embed(encoder, PIECES), expected, rtol=1e-4, atol=1e-6)


def test_what_fills_a_row_up_and_the_order_do_not_matter() -> None:
    encoder = bag_of_pieces(5, embedding_size=7, rarity=weights())
    wider = np.pad(PIECES, ((0, 0), (0, 3)))
    np.testing.assert_allclose(embed(encoder, wider), embed(encoder, PIECES), atol=1e-6)
    np.testing.assert_allclose(embed(encoder, wider[:, ::-1]), embed(encoder, PIECES), atol=1e-6)


def test_before_learning_it_is_close_to_tf_idf() -> None:
    rarity = np.random.default_rng(1).uniform(1, 8, 201)
    encoder = bag_of_pieces(200, embedding_size=2048, rarity=rarity)
    rows = np.stack([np.arange(1, 41), np.arange(21, 61), np.arange(101, 141)]).astype(np.int32)
    bags = np.zeros((3, 201))
    for bag, row in zip(bags, rows, strict=True):
        bag[row] = rarity[row]
    bags /= np.linalg.norm(bags, axis=1, keepdims=True)
    found = embed(encoder, rows)
    np.testing.assert_allclose(found @ found.T, bags @ bags.T, atol=0.1)


def test_one_seed_one_encoder() -> None:
    one, same, other = (bag_of_pieces(5, embedding_size=4, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(embed(one, PIECES), embed(same, PIECES))
    assert np.abs(embed(one, PIECES) - embed(other, PIECES)).max() > 0.01


def test_it_is_saved_and_loaded(tmp_path: Path) -> None:
    encoder = bag_of_pieces(5, embedding_size=4, rarity=weights())
    encoder.save(tmp_path / "encoder.keras")
    again = keras.models.load_model(tmp_path / "encoder.keras", compile=False)
    np.testing.assert_array_equal(embed(encoder, PIECES), embed(again, PIECES))
    assert json.dumps(again.get_config()) == json.dumps(encoder.get_config())


def test_two_of_them_learn_which_pieces_mean_the_same() -> None:
    """1 and 2 are genuine pairs, 1 and 3 impostors: the energies move apart."""
    encoder = bag_of_pieces(3, embedding_size=8, seed=3)
    net = SiameseNet(encoder, "cosine")
    assert net.inputs[0].dtype == "int32"
    net.compile(optimizer=keras.optimizers.Adam(0.05), loss="mse", jit_compile=BY_XLA)
    left = np.array([[1, 0], [1, 0]], np.int32)
    right = np.array([[2, 0], [3, 0]], np.int32)
    before = net.predict([left, right], verbose=0)
    net.fit([left, right], np.array([0.0, 1.5]), epochs=40, verbose=0)
    after = net.predict([left, right], verbose=0)
    assert after[0] < before[0] / 2
    assert after[1] > after[0] + 0.5


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"buckets": 0}, r"^buckets: expected"),
        ({"buckets": 5, "embedding_size": 0}, r"^embedding_size: expected"),
        ({"buckets": 5, "rarity": [1.0] * 5}, r"^rarity: expected 6 finite numbers above 0"),
        ({"buckets": 1, "rarity": [1.0, 0.0]}, r"^rarity: expected 2 finite numbers above 0"),
        ({"buckets": 1, "rarity": [1.0, np.nan]}, r"^rarity: expected 2 finite numbers above 0"),
    ],
)
def test_settings_out_of_range(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingError, match=sentence):
        bag_of_pieces(**settings)


def test_the_layer_says_its_shape() -> None:
    assert WeightedSum(9, 4).compute_output_shape((None, None)) == (None, 4)
