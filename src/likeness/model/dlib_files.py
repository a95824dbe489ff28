"""Reads the two published files of dlib's face recognition, without dlib.

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
from typing import Self

import numpy as np
from numpy.typing import NDArray

from likeness.errors import ModelError
from likeness.images.faces.landmarks import LandmarkPredictor

Floats = NDArray[np.float32]

NETWORK_DIGEST = "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30"
PREDICTOR_DIGEST = "c4b1e9804792707d3a405c2c16a80a20269e6675021f64a41d30fffafbc41888"

_LEVELS = 130
"""Nested layers of the network, each with the version of its format."""

_CASCADES, _TREES, _SPLITS, _LEAVES, _POINTS, _PIXELS = 15, 500, 15, 16, 5, 800


@dataclass(frozen=True)
class Convolution:
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
    stem: Convolution
    blocks: tuple[tuple[Convolution, Convolution], ...]
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
        convolutions: list[Convolution] = []
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


def _read_convolution(reader: _Reader, *, first: bool) -> Convolution:
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
    return Convolution(
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
