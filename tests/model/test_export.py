"""The encoder as an ONNX file: every layer of ours, any number of photos, within 1e-5."""

import shutil
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import keras
import numpy as np
import pytest

from likeness.datasets import drawn_faces
from likeness.encoders import Whitening, convnet, finished, residual
from likeness.errors import MissingExtraError, ModelError
from likeness.images.preparation import Preparation
from likeness.model.export import onnx_bytes, why_no_export
from likeness.model.onnx_session import OnnxSession

pytestmark = pytest.mark.backend

PREPARATION = Preparation(rows=24, columns=20)

BUILT = {"convnet": convnet, "residual": residual}


@pytest.fixture
def exporter() -> None:
    """Skip where this backend has no exporter."""
    if why := why_no_export():
        pytest.skip(why)


def made(name: str = "convnet", *, seed: int = 0, **views: Any) -> Any:
    """An encoder whose batch norms have seen something, so that they count."""
    plain = BUILT[name](PREPARATION.shape, embedding_size=6, width=3, seed=seed)
    rng = np.random.default_rng(seed)
    for layer in plain.layers:
        if type(layer).__name__ == "BatchNormalization":
            layer.set_weights([rng.uniform(0.5, 1.5, w.shape) for w in layer.get_weights()])
    whitened = views.pop("whitened", False)
    points = rng.normal(size=(30, 6)) * [3, 1, 1, 1, 1, 0.2]
    whitening = Whitening.fit(points, shrinkage=0.1) if whitened else None
    settings = {"mirrored": False, "shift": 0, **views}
    return finished(plain, whitening=whitening, **settings)


def on_keras(encoder: Any, prepared: Any) -> Any:
    return keras.ops.convert_to_numpy(encoder(prepared, training=False))


AS_TRAINED = {"mirrored": True, "shift": 3, "whitened": True}


@pytest.mark.parametrize(
    ("name", "views"),
    [
        ("convnet", {}),
        ("convnet", {"mirrored": True}),
        ("convnet", {"shift": 2}),
        ("convnet", AS_TRAINED),
        ("residual", AS_TRAINED),
    ],
    ids=["plain", "mirrored", "moved", "as_trained", "residual"],
)
@pytest.mark.usefixtures("exporter")
def test_onnx_runtime_embeds_as_keras_does(name: str, views: dict[str, Any]) -> None:
    encoder = made(name, **views)
    session = OnnxSession(onnx_bytes(encoder), name="encoder.onnx")
    assert session.input_shape[1:] == PREPARATION.shape
    faces = PREPARATION(drawn_faces(identities=3, photos_each=2, size=(48, 40)).items)
    noise = np.random.default_rng(5).normal(size=(7, *PREPARATION.shape)).astype(np.float32)
    for prepared in (faces, noise, faces[:1], noise[:3]):
        found = session(prepared)
        assert found.shape == (len(prepared), 6)
        np.testing.assert_allclose(found, on_keras(encoder, prepared), atol=1e-5)


@pytest.mark.usefixtures("exporter")
def test_the_file_is_of_one_piece(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    path = tmp_path / "alone.onnx"
    path.write_bytes(onnx_bytes(made()))
    onnx.checker.check_model(str(path), full_check=True)


class Fake:
    """As much of an encoder as the export asks for."""

    input_shape = (None, *PREPARATION.shape)
    inputs = (keras.layers.Input(PREPARATION.shape, name="photo"),)

    def __init__(self, *, exported: Path | None = None) -> None:
        self.exported = exported

    def __call__(self, prepared: Any, *, training: bool) -> Any:
        return keras.ops.convert_to_tensor(np.zeros((len(prepared), 6), np.float32))

    def export(self, path: str, **_: Any) -> None:
        if self.exported is None:
            raise NotImplementedError("no operator «Fold».\nMore on that.")
        shutil.copy(self.exported, path)


@pytest.mark.usefixtures("exporter")
def test_what_cannot_be_exported_is_an_error_of_one_sentence() -> None:
    with pytest.raises(ModelError, match=r"^the encoder cannot be exported to ONNX: no oper.*»\.$"):
        onnx_bytes(Fake())


@pytest.mark.usefixtures("exporter")
def test_an_export_that_embeds_otherwise_is_not_given_out(tmp_path: Path) -> None:
    (tmp_path / "other.onnx").write_bytes(onnx_bytes(made()))
    with pytest.raises(
        ModelError, match=r"gives other embeddings than Keras: expected differences"
    ):
        onnx_bytes(Fake(exported=tmp_path / "other.onnx"))


@pytest.mark.parametrize(
    ("backend", "missing", "sentence"),
    [
        ("tensorflow", "tf2onnx", r"^the export to ONNX needs tf2onnx; run `pip install tf2onnx`,"),
        ("torch", "onnx", r"^the export to ONNX needs onnx; run `pip install onnx`, then `likenes"),
        ("jax", "jax2onnx", r"^the export to ONNX needs jax2onnx; run `pip install jax2onnx`, th"),
    ],
)
def test_a_missing_exporter_is_named_with_what_to_do(
    backend: str, missing: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if keras.backend.backend() != backend:
        pytest.skip(f"needs Keras on {backend}")
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(MissingExtraError, match=sentence):
        onnx_bytes(made())


def test_jax_is_tried_where_its_exporter_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    exporter = ModuleType("jax2onnx")
    exporter.__spec__ = ModuleSpec("jax2onnx", None)
    monkeypatch.setitem(sys.modules, "jax2onnx", exporter)
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    assert why_no_export() is None


@pytest.mark.usefixtures("exporter")
def test_a_file_that_fails_at_its_first_run_is_said_to(tmp_path: Path) -> None:
    """So is max pooling with jax2onnx 0.17, which passes the checker."""
    smaller = convnet((16, 12, 1), embedding_size=6, width=3)
    (tmp_path / "smaller.onnx").write_bytes(onnx_bytes(smaller))
    with pytest.raises(ModelError, match=r"^the file that Keras exported .* does not run: .*Try"):
        onnx_bytes(Fake(exported=tmp_path / "smaller.onnx"))
