"""From an encoder in 32-bit floats to one in 8-bit integers, a quarter of the size.

Static quantisation as ONNX Runtime does it (B. Jacob et al., «Quantization and Training of
Neural Networks for Efficient Integer-Arithmetic-Only Inference», CVPR 2018): the range of
every tensor is measured on photos, weights get a scale per channel. Dynamic quantisation was
no more accurate here, and its convolutions took nine times as long.

Weights are unsigned, like activations: signed ones are a little faster on newer processors,
but on those without VNNI instructions intermediate sums may saturate, and the energies (so
the threshold) would depend on the machine.
"""

import tempfile
from pathlib import Path
from typing import Any

from likeness.arrays import Prepared
from likeness.errors import MissingExtraError, ModelError, require_extra
from likeness.model.installed import is_installed

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
    if not is_installed("onnx"):
        raise MissingExtraError(
            "quantising needs the module 'onnx', which is not installed. Run `pip install onnx`."
        )
    with tempfile.TemporaryDirectory(prefix="likeness-") as place:
        try:
            return _quantised(data, prepared, Path(place))
        except Exception as error:  # ONNX and ONNX Runtime raise many kinds.
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise ModelError(f"the encoder cannot be quantised: {reason.rstrip('.')}.") from error


def _quantised(data: bytes, prepared: Prepared, place: Path) -> bytes:
    onnx = require_extra("onnx")
    tools = require_extra("onnxruntime.quantization")
    graph = onnx.load_model_from_string(data)
    versions = {entry.domain: entry.version for entry in graph.opset_import}
    if versions.get("", versions.get("ai.onnx", 0)) < _OPSET:
        graph = require_extra("onnx.version_converter").convert_version(graph, _NEWER_OPSET)
    given, ready, done = (place / f"{name}.onnx" for name in ("given", "ready", "done"))
    onnx.save(graph, str(given))
    shapes = require_extra("onnxruntime.quantization.shape_inference")
    # Symbolic shapes would need SymPy, and are for networks of text.
    shapes.quant_pre_process(str(given), str(ready), skip_symbolic_shape=True)
    # What ONNX adds to a graph's inputs in old files is no input of photos.
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
    """Hands ONNX Runtime one photo after the other (its ``CalibrationDataReader``)."""

    def __init__(self, name: str, prepared: Prepared) -> None:
        self._name = name
        self._prepared = prepared
        self._next = 0

    def get_next(self) -> dict[str, Any] | None:
        """Return the next photo, or None after the last."""
        if self._next == len(self._prepared):
            return None
        self._next += 1
        return {self._name: self._prepared[self._next - 1 : self._next]}

    def __len__(self) -> int:
        return len(self._prepared)

    def set_range(self, start_index: int, end_index: int) -> None:
        """Go on from ``start_index``; ONNX Runtime asks for it when it works in portions."""
        self._next = start_index
