"""dlib's network of faces as an ONNX file."""

from typing import Any

import numpy as np

from likeness.errors import require_extra
from likeness.images.faces.landmarks import CHIP
from likeness.model.dlib_files import Convolution, DlibNetwork

_OPSET, _IR = 17, 8
"""Read by ONNX Runtime 1.17 and newer."""


def network_onnx(network: DlibNetwork) -> bytes:
    """Return an ONNX model: ``(n, 3, 150, 150)``, prepared → ``(n, 128)``, not of unit length.

    The weights are stored as float16, which halves the file; it computes in float32.

    Raises:
        MissingExtraError: the package ``onnx`` is not installed.
    """
    onnx = require_extra("onnx", extra="faces")
    graph = _Graph(onnx)
    x, size = graph.convolve("x", network.stem, CHIP)
    x, size = graph.pooled("MaxPool", x, size, side=3)
    for block in network.blocks:
        x, size = graph.block(x, size, *block)
    x = graph.node("GlobalAveragePool", x)
    x = graph.node("MatMul", graph.node("Flatten", x), graph.weights(network.head), to="y")
    return graph.serialised()


class _Graph:
    def __init__(self, onnx: Any) -> None:
        self._onnx = onnx
        self._nodes: list[Any] = []
        self._arrays: list[Any] = []

    def node(self, kind: str, *inputs: str, to: str = "", **attributes: Any) -> str:
        result = to or f"n{len(self._nodes)}"
        self._nodes.append(self._onnx.helper.make_node(kind, inputs, [result], **attributes))
        return result

    def array(self, values: np.ndarray) -> str:
        name = f"a{len(self._arrays)}"
        self._arrays.append(self._onnx.numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def weights(self, values: np.ndarray) -> str:
        stored = self.array(values.astype(np.float16))
        # "to" names the result here, and the type in ONNX.
        cast = self._onnx.helper.make_node("Cast", [stored], [f"n{len(self._nodes)}"], to=1)
        self._nodes.append(cast)
        return str(cast.output[0])

    def convolve(
        self, x: str, layer: Convolution, size: int, *, relu: bool = True
    ) -> tuple[str, int]:
        side = layer.kernel.shape[2]
        x = self.node(
            "Conv",
            x,
            self.weights(layer.kernel),
            self.weights(layer.bias),
            strides=[layer.stride] * 2,
            pads=[layer.padding] * 4,
        )
        size = (size + 2 * layer.padding - side) // layer.stride + 1
        return (self.node("Relu", x) if relu else x), size

    def pooled(self, kind: str, x: str, size: int, *, side: int) -> tuple[str, int]:
        x = self.node(kind, x, kernel_shape=[side] * 2, strides=[2, 2])
        return x, (size - side) // 2 + 1

    def block(self, x: str, size: int, first: Convolution, second: Convolution) -> tuple[str, int]:
        """Add a residual block: the sum is as large as the larger part, filled with zeros."""
        inner, inner_size = self.convolve(x, first, size)
        inner, inner_size = self.convolve(inner, second, inner_size, relu=False)
        channels = second.kernel.shape[0]
        if first.stride == 2:
            x, size = self.pooled("AveragePool", x, size, side=2)
        larger = max(size, inner_size)
        x = self._padded(x, channels - first.kernel.shape[1], larger - size)
        inner = self._padded(inner, 0, larger - inner_size)
        return self.node("Relu", self.node("Add", inner, x)), larger

    def _padded(self, x: str, channels: int, pixels: int) -> str:
        if not channels and not pixels:
            return x
        pads = np.array([0, 0, 0, 0, 0, channels, pixels, pixels], np.int64)
        return self.node("Pad", x, self.array(pads))

    def serialised(self) -> bytes:
        helper, kinds = self._onnx.helper, self._onnx.TensorProto
        inputs = [helper.make_tensor_value_info("x", kinds.FLOAT, ("n", 3, CHIP, CHIP))]
        outputs = [helper.make_tensor_value_info("y", kinds.FLOAT, ("n", 128))]
        graph = helper.make_graph(self._nodes, "faces", inputs, outputs, self._arrays)
        opset = helper.make_opsetid("", _OPSET)
        model = helper.make_model(graph, opset_imports=[opset], ir_version=_IR)
        self._onnx.checker.check_model(model)
        return bytes(model.SerializeToString())
