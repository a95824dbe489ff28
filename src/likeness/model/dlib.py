"""The two published files of dlib's face recognition, read without dlib; its network as ONNX.

The residual network ``dlib_face_recognition_resnet_model_v1.dat`` and the predictor of five
points ``shape_predictor_5_face_landmarks.dat`` (Davis King, CC0). Only these two are read, by
their SHA-256, so no length in a file is trusted before the file is identified.

The format: an integer is a control byte (the low nibble is the number of bytes, 0x80 a minus)
and that many bytes, the lowest first; a float is a mantissa and an exponent of two; a tensor is
four sizes and raw float32.
"""

import hashlib
import math
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from likeness.errors import ModelError, require_extra
from likeness.images.faces.landmarks import CHIP, LandmarkPredictor

Floats = NDArray[np.float32]

NETWORK_DIGEST = "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30"
PREDICTOR_DIGEST = "c4b1e9804792707d3a405c2c16a80a20269e6675021f64a41d30fffafbc41888"

_OPSET, _IR = 17, 8
"""Read by ONNX Runtime 1.17 and newer."""

_LEVELS = 130
"""Nested layers of the network, each with the version of its format."""

_CASCADES, _TREES, _SPLITS, _LEAVES, _POINTS, _PIXELS = 15, 500, 15, 16, 5, 800


@dataclass(frozen=True)
class _Convolution:
    """A convolution with the following affine layer folded in.

    Args:
        kernel: ``(filters, channels, rows, columns)``; a cross-correlation.
        bias: ``(filters,)``.
        stride: 1 or 2.
        padding: 0 or 1 on every side.
    """

    kernel: Floats
    bias: Floats
    stride: int
    padding: int


@dataclass(frozen=True)
class DlibNetwork:
    """The weights of dlib's network of faces, in the order of computation.

    Args:
        mean: of red, green and blue, taken off the pixels before they are divided by 256.
        stem: the first convolution; a max pooling of 3×3, stride 2, follows.
        blocks: the residual blocks, two convolutions each; one with a stride halves its input for
            the sum by average pooling. A global average pooling follows.
        head: ``(256, 128)``, the last product; its result is not of unit length.
    """

    mean: tuple[float, ...]
    stem: _Convolution
    blocks: tuple[tuple[_Convolution, _Convolution], ...]
    head: Floats

    @classmethod
    def read(cls, data: bytes) -> Self:
        """Read ``dlib_face_recognition_resnet_model_v1.dat``.

        Raises:
            ModelError: the bytes are not those of the published file.
        """
        reader = _Reader(data, NETWORK_DIGEST)
        reader.integer()
        reader.text()
        reader.reals(2)
        reader.integers(_LEVELS)
        reader.text()
        mean = tuple(reader.reals(3))
        reader.integers(2)
        convolutions: list[_Convolution] = []
        while (name := reader.text()) != "fc_2":
            if name == "con_4":
                convolutions.append(_read_convolution(reader, first=not convolutions))
            else:
                # The architecture determines the positions of ReLU, sum and pooling.
                reader.integers(6 if "pool" in name else 0)
                reader.skip_state()
        outputs, inputs = reader.integers(2)
        head = reader.tensor().reshape(inputs, outputs)
        stem, *others = convolutions
        blocks = tuple(zip(others[::2], others[1::2], strict=True))
        return cls(mean=mean, stem=stem, blocks=blocks, head=head)

    def onnx(self) -> bytes:
        """Return an ONNX model: ``(n, 3, 150, 150)``, prepared → ``(n, 128)``, not of unit length.

        The weights are stored as float16, which halves the file; it computes in float32.

        Raises:
            MissingExtraError: the package ``onnx`` is not installed.
        """
        onnx = require_extra("onnx", extra="faces")
        graph = _Graph(onnx)
        x, size = graph.convolve("x", self.stem, CHIP)
        x, size = graph.pooled("MaxPool", x, size, side=3)
        for block in self.blocks:
            x, size = graph.block(x, size, *block)
        x = graph.node("GlobalAveragePool", x)
        x = graph.node("MatMul", graph.node("Flatten", x), graph.weights(self.head), to="y")
        return graph.serialised()


class _Reader:
    def __init__(self, data: bytes, digest: str) -> None:
        given = hashlib.sha256(data).hexdigest()
        if given != digest:
            raise ModelError(
                f"expected the published file with the SHA-256 {digest[:12]}…. "
                f"Received: {given[:12]}…, {len(data):,} bytes. Get the file again."
            )
        self._data, self._at = data, 0

    def integer(self) -> int:
        data, at = self._data, self._at
        end = at + 1 + (data[at] & 0x0F)
        self._at = end
        value = int.from_bytes(data[at + 1 : end], "little")
        return -value if data[at] & 0x80 else value

    def integers(self, count: int) -> list[int]:
        return [self.integer() for _ in range(count)]

    def real(self) -> float:
        mantissa = self.integer()
        return math.ldexp(mantissa, self.integer())

    def reals(self, count: int) -> list[float]:
        return [self.real() for _ in range(count)]

    def text(self) -> str:
        length = self.integer()
        self._at += length
        return self._data[self._at - length : self._at].decode("ascii")

    def tensor(self) -> Floats:
        _, *shape = self.integers(5)
        count = math.prod(shape)
        values = np.frombuffer(self._data, "<f4", count, self._at)
        self._at += 4 * count
        return values

    def matrix(self) -> Floats:
        rows, columns = self.integers(2)
        return np.array(self.reals(rows * columns), np.float32)

    def skip_state(self, *, first: bool = False) -> None:
        """Skip training state of a layer: three flags and three empty tensors."""
        self._at += 3
        for _ in range(3):
            self.tensor()
        if first:
            self.integer()


def _read_convolution(reader: _Reader, *, first: bool) -> _Convolution:
    """Read a convolution and the affine layer behind it, as one convolution."""
    weights = reader.tensor()
    filters, rows, columns, stride, _, padding, _ = reader.integers(7)
    reader.integers(10)
    reader.reals(4)
    reader.skip_state(first=first)
    reader.text()
    gamma, beta = reader.tensor().reshape(2, filters)
    reader.integers(11)
    reader.skip_state()
    kernel = weights[:-filters].reshape(filters, -1, rows, columns)
    return _Convolution(
        kernel=kernel * gamma[:, None, None, None],
        bias=weights[-filters:] * gamma + beta,
        stride=stride,
        padding=padding,
    )


def read_predictor(data: bytes) -> LandmarkPredictor:
    """Read ``shape_predictor_5_face_landmarks.dat``.

    Raises:
        ModelError: the bytes are not those of the published file.
    """
    reader = _Reader(data, PREDICTOR_DIGEST)
    reader.integer()
    start = reader.matrix()
    pixels = np.empty((_CASCADES, _TREES, _SPLITS, 2), np.uint16)
    thresholds = np.empty((_CASCADES, _TREES, _SPLITS), np.float32)
    leaves = np.empty((_CASCADES, _TREES, _LEAVES, 2 * _POINTS), np.float32)
    reader.integer()
    for cascade in range(_CASCADES):
        reader.integer()
        for tree in range(_TREES):
            for split in range(reader.integer()):
                pixels[cascade, tree, split] = reader.integers(2)
                thresholds[cascade, tree, split] = reader.real()
            for leaf in range(reader.integer()):
                leaves[cascade, tree, leaf] = reader.matrix()
    reader.integer()
    anchors = np.array([reader.integers(reader.integer()) for _ in range(_CASCADES)], np.uint8)
    reader.integer()
    offsets = [reader.reals(2 * reader.integer()) for _ in range(_CASCADES)]
    return LandmarkPredictor(
        start=start.reshape(_POINTS, 2),
        pixels=pixels,
        thresholds=thresholds,
        leaves=leaves,
        anchors=anchors,
        offsets=np.array(offsets, np.float32).reshape(_CASCADES, _PIXELS, 2),
    )


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
        self, x: str, layer: _Convolution, size: int, *, relu: bool = True
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

    def block(
        self, x: str, size: int, first: _Convolution, second: _Convolution
    ) -> tuple[str, int]:
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
