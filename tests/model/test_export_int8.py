"""The int8 encoder: a quarter of the size, nearly the same embeddings."""

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from likeness.errors import MissingExtraError, ModelError
from likeness.model.export import int8_bytes
from likeness.model.onnx_session import OnnxSession

Make = Callable[..., bytes]


def prepared(photos: int, *, seed: int = 1) -> Any:
    return np.random.default_rng(seed).normal(size=(photos, 3, 16, 12)).astype(np.float32)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"shape": (1, 3, 16, 12)},
        {"opset": 11},
        {"weights_in_inputs": True},
        {"opset": 11, "weights_in_inputs": True},
    ],
    ids=["new", "one_photo", "old_opset", "weights_in_inputs", "very_old"],
)
def test_smaller_and_nearly_the_same(small_onnx: Make, settings: dict[str, Any]) -> None:
    data = small_onnx(size=64, **settings)
    small = int8_bytes(data, prepared(40))
    assert len(small) < 0.4 * len(data)
    exact = OnnxSession(data, name="float")(prepared(20, seed=2))
    rounded = OnnxSession(small, name="int8")(prepared(20, seed=2))
    assert not np.array_equal(exact, rounded)
    error = np.abs(exact - rounded).max() / np.abs(exact).max()
    assert error < 0.05
    cosines = (exact * rounded).sum(axis=1) / (
        np.linalg.norm(exact, axis=1) * np.linalg.norm(rounded, axis=1)
    )
    assert cosines.min() > 0.99


def test_the_ranges_come_from_the_photos(small_onnx: Make) -> None:
    data = small_onnx()
    faint = int8_bytes(data, prepared(20) / 100)
    exact = OnnxSession(data, name="float")(prepared(20, seed=2))
    clipped = OnnxSession(faint, name="int8")(prepared(20, seed=2))
    # Ranges of photos a hundred times fainter cut these off.
    assert np.abs(clipped).max() < 0.2 * np.abs(exact).max()


def test_the_same_photos_give_the_same_file(small_onnx: Make) -> None:
    assert int8_bytes(small_onnx(), prepared(9)) == int8_bytes(small_onnx(), prepared(9))


def test_what_is_no_encoder(small_onnx: Make) -> None:
    with pytest.raises(ModelError, match=r"^the encoder cannot be quantised: .*[^.]\.$"):
        int8_bytes(b"not a model", prepared(3))


def test_without_onnx(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingExtraError, match=r"'onnx', which is not installed\. Run `pip inst"):
        int8_bytes(b"", prepared(3))
