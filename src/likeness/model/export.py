"""From a Keras encoder to an ONNX file by Keras' own exporter, and from 32-bit floats to int8.

Static quantisation as ONNX Runtime does it (B. Jacob et al., «Quantization and Training of
Neural Networks for Efficient Integer-Arithmetic-Only Inference», CVPR 2018): the range of
every tensor is measured on photos, weights get a scale per channel; a quarter of the size. Dynamic
quantisation was no more accurate here, and its convolutions took nine times as long.

Weights are unsigned, like activations: signed ones are a little faster on newer processors,
but on those without VNNI instructions intermediate sums may saturate, and the energies (so
the threshold) would depend on the machine.
"""

import tempfile
import warnings
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from likeness.arrays import Floats, Prepared
from likeness.errors import MissingExtraError, ModelError, require_extra
from likeness.model.onnx_session import OnnxSession


def _is_installed(module: str) -> bool:
    """Return whether Python finds the module."""
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):  # something that is not a module has its name
        return False


_CLOSE = 1e-5
"""Largest allowed difference between Keras and ONNX, per number of an embedding."""

_NEEDED = {
    "tensorflow": ("tf2onnx", "onnx"),
    "torch": ("onnx",),
    "jax": ("jax2onnx", "onnx"),
}


def why_no_export() -> str | None:
    """Return in one sentence what the export lacks on this Keras backend; None if nothing."""
    backend = require_extra("keras").backend.backend()
    if backend not in _NEEDED:
        return (
            f"the export to ONNX does not run on Keras' backend {backend}; run "
            "`KERAS_BACKEND=tensorflow likeness export MODEL`, where TensorFlow and tf2onnx are "
            "installed (the saved model is the same on every backend)."
        )
    missing = [module for module in _NEEDED[backend] if not _is_installed(module)]
    if missing:
        return (
            f"the export to ONNX needs {' and '.join(missing)}; run "
            f"`pip install {' '.join(missing)}`, then `likeness export MODEL`."
        )
    return None


MadeUp = Callable[[int, np.random.Generator], Any]
"""From a count to that many example items, prepared."""


def onnx_bytes(encoder: Any, *, made_up: MadeUp | None = None, sizes: Sequence[int] = ()) -> bytes:
    """Return the encoder as an ONNX file: one input with a free batch axis, one output.

    The result is run and compared with the encoder before it is returned.

    Args:
        encoder: a `keras.Model`, prepared items such as ``(n, rows, columns, channels)`` →
            ``(n, d)``, or a map of features, float32.
        made_up: example inputs for the comparison; normal noise of the input shape if not given.
        sizes: sizes of the square example photos, if it reads any size.

    Raises:
        MissingExtraError: the exporter is not installed.
        ModelError: the encoder cannot be exported, or ONNX Runtime gives other embeddings.
    """
    if why := why_no_export():
        raise MissingExtraError(why)
    keras = require_extra("keras")
    with tempfile.TemporaryDirectory(prefix="likeness-") as scratch:
        path = Path(scratch) / "encoder.onnx"
        try:
            shape = (None, *encoder.input_shape[1:])
            reads = encoder.inputs[0]
            signature = [keras.InputSpec(shape=shape, dtype=reads.dtype, name=reads.name)]
            with warnings.catch_warnings():
                # Tracers warn of what could go wrong; it is checked below.
                warnings.simplefilter("ignore")
                encoder.export(str(path), format="onnx", verbose=False, input_signature=signature)
            data = path.read_bytes()
        except Exception as error:  # The exporters raise many kinds.
            raise ModelError(f"the encoder cannot be exported to ONNX: {_first(error)}.") from error
    shape = encoder.input_shape[1:]
    shapes = [(size, size, shape[-1]) for size in sizes] or [shape]
    for try_it in [made_up] if made_up else [_noise(shape) for shape in shapes]:
        _check_embeds_alike(encoder, data, try_it)
    return data


def _noise(shape: Sequence[int]) -> MadeUp:
    return lambda count, rng: rng.normal(size=(count, *shape)).astype(np.float32)


def _check_embeds_alike(encoder: Any, data: bytes, made_up: MadeUp) -> None:
    ops = require_extra("keras.ops")
    rng = np.random.default_rng(0)
    for count in (1, 3):
        prepared = made_up(count, rng)
        expected = ops.convert_to_numpy(encoder(prepared, training=False))
        session = OnnxSession(
            data, name="the exported encoder", axes=expected.ndim, reads=prepared.dtype
        )
        try:
            exported = session(prepared)
        except ModelError as error:  # what passes the exporter's own check may not run
            backend = require_extra("keras").backend.backend()
            raise ModelError(
                f"the file that Keras exported on {backend} does not run: {error} Try "
                "`KERAS_BACKEND=tensorflow likeness export MODEL` (the saved model is the same on "
                "every backend)."
            ) from error
        worst = (
            float(np.abs(exported - expected).max()) if exported.shape == expected.shape else np.inf
        )
        if not worst <= _CLOSE * max(1.0, float(np.abs(expected).max())):
            raise ModelError(
                "the exported encoder gives other embeddings than Keras: expected differences of "
                f"at most {_CLOSE:g}. Received: {worst:.2g}."
            )


def _first(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__).rstrip(".")


def whitened_onnx(data: bytes, mean: Floats, matrix: Floats) -> bytes:
    """Return an encoder with ``(x − mean) · matrix``, brought to unit length, behind it.

    Args:
        data: the bytes of its ONNX file, one output ``(n, d)``.
        mean: ``(d,)``.
        matrix: ``(d, k)``.

    Raises:
        MissingExtraError: the package onnx is not installed.
    """
    onnx = require_extra("onnx", extra="faces")
    model = onnx.load_model_from_string(data)
    graph, helper = model.graph, onnx.helper
    ends = [f"whitening_{name}" for name in ("mean", "matrix", "centred", "whitened", "unit")]
    for name, values in zip(ends, (mean, matrix), strict=False):
        graph.initializer.append(onnx.numpy_helper.from_array(values.astype(np.float32), name))
    given = graph.output[0].name
    graph.node.extend(
        [
            helper.make_node("Sub", [given, ends[0]], [ends[2]]),
            helper.make_node("MatMul", [ends[2], ends[1]], [ends[3]]),
            helper.make_node("LpNormalization", [ends[3]], [ends[4]], axis=1, p=2),
        ]
    )
    shape = ("n", matrix.shape[1])
    float_ = onnx.TensorProto.FLOAT
    graph.output[0].CopyFrom(helper.make_tensor_value_info(ends[4], float_, shape))
    return bytes(model.SerializeToString())


_QUANTISED = ("Conv", "Gemm", "MatMul")
_OPSET = 13
"""The first ONNX version in which every channel may have a scale of its own."""
_NEWER_OPSET = 17


def int8_bytes(data: bytes, prepared: Prepared) -> bytes:
    """Return the encoder with weights and activations of 8 bits.

    Args:
        data: the bytes of an ONNX file, one input.
        prepared: photos as the encoder reads them; they set the ranges of the activations.

    Raises:
        MissingExtraError: the package onnx is not installed.
        ModelError: the encoder cannot be quantised.
    """
    if not _is_installed("onnx"):
        raise MissingExtraError(
            "quantising needs the module 'onnx', which is not installed. Run `pip install onnx`."
        )
    with tempfile.TemporaryDirectory(prefix="likeness-") as scratch:
        try:
            return _quantised(data, prepared, Path(scratch))
        except Exception as error:  # ONNX and ONNX Runtime raise many kinds.
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise ModelError(f"the encoder cannot be quantised: {reason.rstrip('.')}.") from error


def _quantised(data: bytes, prepared: Prepared, scratch: Path) -> bytes:
    onnx = require_extra("onnx")
    tools = require_extra("onnxruntime.quantization", package="onnxruntime")
    graph = onnx.load_model_from_string(data)
    versions = {entry.domain: entry.version for entry in graph.opset_import}
    if versions.get("", versions.get("ai.onnx", 0)) < _OPSET:
        graph = require_extra("onnx.version_converter").convert_version(graph, _NEWER_OPSET)
    given, ready, done = (scratch / f"{name}.onnx" for name in ("given", "ready", "done"))
    onnx.save(graph, str(given))
    shapes = require_extra("onnxruntime.quantization.shape_inference", package="onnxruntime")
    # Symbolic shapes would need SymPy, and are for networks of text.
    shapes.quant_pre_process(str(given), str(ready), skip_symbolic_shape=True)
    # What ONNX adds to a graph's inputs in old files is not an input for photos.
    weights = {tensor.name for tensor in graph.graph.initializer}
    name = next(entry.name for entry in graph.graph.input if entry.name not in weights)
    tools.quantize_static(
        str(ready),
        str(done),
        _Photos(name, prepared),
        quant_format=tools.QuantFormat.QDQ,
        op_types_to_quantize=list(_QUANTISED),
        per_channel=True,
        activation_type=tools.QuantType.QUInt8,
        weight_type=tools.QuantType.QUInt8,
    )
    return done.read_bytes()


class _Photos:
    """Gives ONNX Runtime one photo at a time (its ``CalibrationDataReader``)."""

    def __init__(self, name: str, prepared: Prepared) -> None:
        self._name = name
        self._prepared = prepared
        self._next = 0

    def get_next(self) -> dict[str, Prepared] | None:
        """Return the next photo, or None after the last."""
        if self._next == len(self._prepared):
            return None
        self._next += 1
        return {self._name: self._prepared[self._next - 1 : self._next]}

    def __len__(self) -> int:
        return len(self._prepared)

    def set_range(self, start_index: int, end_index: int) -> None:
        """Continue from ``start_index``; ONNX Runtime asks for it when it works in portions."""
        self._next = start_index
