"""`OnnxSession`: one input, one embedding per photo; everything else is refused in a sentence."""

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from likeness.errors import MissingExtraError, ModelError
from likeness.model.onnx_session import OnnxSession

Make = Callable[..., bytes]


def prepared(photos: int, *, seed: int = 1) -> Any:
    return np.random.default_rng(seed).normal(size=(photos, 3, 16, 12)).astype(np.float32)


def expected(inputs: Any, *, size: int = 8, seed: int = 0) -> Any:
    """The small encoder again, in slow loops."""
    rng = np.random.default_rng(seed)
    kernel = rng.normal(size=(4, 3, 3, 3)).astype(np.float32) / 5
    matrix = rng.normal(size=(4 * 16 * 12, size)).astype(np.float32) / 50
    padded = np.pad(inputs, ((0, 0), (0, 0), (1, 1), (1, 1)))
    maps = np.empty((len(inputs), 4, 16, 12))
    for row in range(16):
        for column in range(12):
            window = padded[:, :, row : row + 3, column : column + 3]
            maps[:, :, row, column] = np.einsum("ncij,kcij->nk", window, kernel)
    return np.maximum(maps, 0).reshape(len(inputs), -1) @ matrix


@pytest.mark.parametrize("photos", [1, 3, 4, 9])
def test_it_computes_what_the_file_says_for_any_number_of_photos(
    small_onnx: Make, photos: int
) -> None:
    found = OnnxSession(small_onnx(), name="face.onnx")(prepared(photos))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected(prepared(photos)), atol=1e-5)


def test_an_encoder_for_exactly_one_photo_takes_them_one_by_one(small_onnx: Make) -> None:
    session = OnnxSession(small_onnx(shape=(1, 3, 16, 12)), name="face.onnx")
    np.testing.assert_allclose(session(prepared(5)), expected(prepared(5)), atol=1e-5)


def test_a_dynamic_int8_graph_gives_a_photo_the_same_embedding_beside_others(
    small_onnx: Make, tmp_path: Path
) -> None:
    """ONNX Runtime 1.32 measures one range over the whole batch."""
    pytest.importorskip("onnx")
    from onnxruntime.quantization import quantize_dynamic  # late: needs onnx

    (tmp_path / "float.onnx").write_bytes(small_onnx())
    quantize_dynamic(
        tmp_path / "float.onnx", tmp_path / "int8.onnx", op_types_to_quantize=["MatMul"]
    )
    session = OnnxSession((tmp_path / "int8.onnx").read_bytes(), name="int8.onnx")
    photos = prepared(4)
    photos[1:] *= 40  # a wide range beside it
    np.testing.assert_array_equal(session(photos)[0], session(photos[:1])[0])


def test_weights_listed_as_inputs_are_no_inputs(small_onnx: Make) -> None:
    session = OnnxSession(small_onnx(weights_in_inputs=True), name="old.onnx")
    np.testing.assert_allclose(session(prepared(2)), expected(prepared(2)), atol=1e-5)


def test_threads_may_share_it(small_onnx: Make) -> None:
    session = OnnxSession(small_onnx(), name="face.onnx")
    batches = [prepared(3, seed=seed) for seed in range(16)]
    with ThreadPoolExecutor(4) as pool:
        for batch, found in zip(batches, pool.map(session, batches), strict=True):
            np.testing.assert_allclose(found, expected(batch), atol=1e-5)


@pytest.mark.parametrize("data", [b"", b"not a model", b"\x08\x08" * 40])
def test_what_is_no_onnx_file(data: bytes) -> None:
    with pytest.raises(ModelError, match=r"^face\.onnx: expected an ONNX file.*cannot open it: "):
        OnnxSession(data, name="face.onnx")


def test_a_file_that_breaks_off(small_onnx: Make) -> None:
    with pytest.raises(ModelError, match=r"^face\.onnx: expected an ONNX file, whole"):
        OnnxSession(small_onnx()[:-500], name="face.onnx")


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("two_inputs", r"one input and one output\. Received: 2 \(x, x2\) and 1 \(y\)\.$"),
        ("two_outputs", r"one input and one output\. Received: 1 \(x\) and 2 \(y, e\)\.$"),
        ("double", r"an output of 32-bit floats\. Received: tensor\(double\) and tensor\(d"),
    ],
)
def test_other_inputs_and_outputs_are_refused(small_onnx: Make, kind: str, sentence: str) -> None:
    with pytest.raises(ModelError, match=rf"^face\.onnx: expected .*{sentence}"):
        OnnxSession(small_onnx(kind=kind), name="face.onnx")


@pytest.mark.parametrize("kind", ["map", "flat"])
def test_what_is_not_one_row_per_photo_is_refused(small_onnx: Make, kind: str) -> None:
    session = OnnxSession(small_onnx(kind=kind), name="face.onnx")
    with pytest.raises(ModelError, match=r"expected one row of numbers per photo\. Received: the"):
        session(prepared(3))


def test_photos_of_another_shape_are_refused(small_onnx: Make) -> None:
    session = OnnxSession(small_onnx(), name="face.onnx")
    with pytest.raises(ModelError, match=r"photos of the shape \(3, 12, 16\)\. It reads \['n', 3"):
        session(prepared(3).transpose(0, 1, 3, 2))


def test_weights_in_a_second_file_are_refused(small_onnx: Make, tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    model = onnx.load_model_from_string(small_onnx())
    onnx.save(
        model,
        str(tmp_path / "big.onnx"),
        save_as_external_data=True,
        location="big.data",
        size_threshold=0,
    )
    with pytest.raises(ModelError, match=r"whole, with its weights inside"):
        OnnxSession((tmp_path / "big.onnx").read_bytes(), name="big.onnx")


def test_without_onnx_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingExtraError, match=r"'onnxruntime'.*`pip install onnxruntime`\.$"):
        OnnxSession(b"", name="face.onnx")
