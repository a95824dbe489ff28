"""`SiameseNet`: plain Keras, one set of weights, and a file that loads in a fresh process."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from fresh_process import python
from keras import ops

from likeness.encoders import EnergyLayer, SiameseNet, convnet, finished
from likeness.energies import ENERGY_NAMES, energy_by_name
from likeness.errors import SettingError
from likeness.training.losses import ContrastiveLoss

pytestmark = pytest.mark.backend

SHAPE = (16, 16, 1)

FRESH = """
import sys
import keras, numpy as np
import likeness.encoders
net = keras.models.load_model(sys.argv[1])
pairs = np.load(sys.argv[2])
found = net.predict([pairs["left"], pairs["right"]], verbose=0)
np.save(sys.argv[3], found)
print(type(net).__name__, net.energy, net.encoder.name)
"""


def photos(seed: int, count: int = 5) -> Any:
    return np.random.default_rng(seed).normal(size=(count, *SHAPE)).astype(np.float32)


def small(energy: str = "euclidean", *, seed: int = 0) -> SiameseNet:
    return SiameseNet(convnet(SHAPE, embedding_size=6, width=2, seed=seed), energy)


@pytest.mark.parametrize("energy", ENERGY_NAMES)
def test_it_predicts_the_energy_of_the_two_embeddings(energy: str) -> None:
    net = small(energy)
    left, right = photos(1), photos(2)
    found = net.predict([left, right], verbose=0)
    embedded = [ops.convert_to_numpy(net.encoder(side, training=False)) for side in (left, right)]
    assert found.shape == (5,)
    np.testing.assert_allclose(found, energy_by_name(energy)(*embedded), rtol=1e-4, atol=1e-5)


def test_both_towers_are_one_encoder() -> None:
    net = small()
    assert net.count_params() == net.encoder.count_params()
    left, right = photos(1), photos(2)
    there, back = (net.predict(two, verbose=0) for two in ([left, right], [right, left]))
    np.testing.assert_allclose(there, back, atol=1e-6)
    assert net.predict([left, left], verbose=0) == pytest.approx(1e-6, abs=1e-7)


def test_training_it_trains_the_encoder_and_evaluate_tells_the_loss() -> None:
    net = small()
    before = [weights.copy() for weights in net.encoder.get_weights()]
    left, right = photos(1, 8), photos(2, 8)
    genuine = np.array([1, 0] * 4, np.float32)
    net.compile(optimizer=keras.optimizers.Adam(0.01), loss=ContrastiveLoss())
    first = net.evaluate([left, right], genuine, verbose=0)
    history = net.fit(
        [left, right], genuine, batch_size=8, epochs=12, shuffle=False, verbose=0
    ).history
    assert history["loss"][0] == pytest.approx(first, rel=1e-4)
    assert net.evaluate([left, right], genuine, verbose=0) < 0.7 * first
    assert any((a != b).any() for a, b in zip(before, net.encoder.get_weights(), strict=True))


def test_its_configuration_makes_it_again() -> None:
    net = SiameseNet(convnet(SHAPE, embedding_size=6, width=2), "cosine", "mine")
    again = SiameseNet.from_config(net.get_config())
    assert (again.name, again.energy, again.encoder.name) == ("mine", "cosine", "convnet")
    again.set_weights(net.get_weights())
    pair = [photos(1), photos(2)]
    np.testing.assert_allclose(again.predict(pair, verbose=0), net.predict(pair, verbose=0))


def test_it_loads_in_a_fresh_process_and_predicts_the_same(tmp_path: Path) -> None:
    net = SiameseNet(finished(small(seed=3).encoder, mirrored=True, shift=1), "manhattan")
    net.save(tmp_path / "net.keras")
    left, right = photos(1), photos(2)
    np.savez(tmp_path / "pairs.npz", left=left, right=right)
    files = [str(tmp_path / name) for name in ("net.keras", "pairs.npz", "found.npy")]
    done = python("-c", FRESH, *files, cwd=tmp_path)
    assert done.stdout.split() == ["SiameseNet", "manhattan", "finished_convnet"]
    expected = net.predict([left, right], verbose=0)
    np.testing.assert_allclose(np.load(files[2]), expected, rtol=1e-5, atol=1e-6)


def test_a_compiled_one_comes_back_with_its_loss(tmp_path: Path) -> None:
    net = small()
    net.compile(optimizer="adam", loss=ContrastiveLoss(1.5, 0.2))
    net.save(tmp_path / "net.keras")
    again = keras.models.load_model(tmp_path / "net.keras", safe_mode=True)
    assert again.loss.get_config() == net.loss.get_config()
    pair = [photos(1), photos(2)]
    np.testing.assert_allclose(again.predict(pair, verbose=0), net.predict(pair, verbose=0))


def test_the_energy_layer_comes_back_from_its_configuration() -> None:
    layer = EnergyLayer("cosine", name="mine")
    again = EnergyLayer.from_config(layer.get_config())
    assert (again.energy, again.name) == ("cosine", "mine")


@pytest.mark.parametrize("make", [EnergyLayer, small])
def test_unknown_energy(make: Any) -> None:
    with pytest.raises(
        SettingError, match=r"^energy: expected one of cosine, .* Received: 'hamming'\.$"
    ):
        make("hamming")
