"""`OnnxSession`: an ONNX file that ONNX Runtime runs, one input to one embedding."""

import re
from typing import Any

import numpy as np

from likeness.arrays import Embeddings
from likeness.errors import MissingExtraError, ModelError, require_extra

AT_ONCE = 4
"""Photos in one run. More at once was slower on one thread: the data no longer fit the cache."""

_QUIET = 4
"""ONNX Runtime's log level «fatal»: errors are raised, and need not be printed."""


_READS = {
    np.dtype(np.float32): ("tensor(float)", "an input and an output of 32-bit floats"),
    np.dtype(np.int32): (
        "tensor(int32)",
        "an input of 32-bit whole numbers and an output of 32-bit floats",
    ),
}
"""ONNX Runtime's name of the input type, and our description of input and output."""


class OnnxSession:
    """Runs the encoder of an ONNX file on the CPU. Thread-safe.

    Args:
        data: the bytes of the file.
        name: its name in messages.
        threads: number of threads for one photo.
        reads: the type of the encoder's input, float32 or int32.
        axes: of the output: 2 for embeddings, 4 for maps of features.

    Raises:
        ModelError: it is not an ONNX file, does not have one input and one output, or has other
            input or output types.
        MissingExtraError: ONNX Runtime is not installed.
    """

    def __init__(
        self, data: bytes, *, name: str, threads: int = 1, axes: int = 2, reads: Any = np.float32
    ) -> None:
        self._session = _opened(data, name, threads)
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        if len(inputs) != 1 or len(outputs) != 1:
            raise ModelError(
                f"{name}: expected one input and one output. Received: {_named(inputs)} and "
                f"{_named(outputs)}."
            )
        kind, words = _READS[np.dtype(reads)]
        if inputs[0].type != kind or outputs[0].type != "tensor(float)":
            raise ModelError(
                f"{name}: expected {words}. Received: {inputs[0].type} and {outputs[0].type}."
            )
        self.name = name
        self._axes = axes
        self._input = inputs[0].name
        # Dynamic quantisation measures one range over the whole batch (ONNX Runtime 1.32): a photo
        # would get another embedding beside other photos.
        self._dynamic = b"DynamicQuantize" in data
        self.input_shape: tuple[Any, ...] = tuple(inputs[0].shape)
        self.output_shape: tuple[Any, ...] = tuple(outputs[0].shape)

    def __call__(self, prepared: Any) -> Embeddings:
        """Return ``(n, d)`` float32 embeddings, or maps, of at least one prepared photo.

        Raises:
            ModelError: the file's encoder does not read such photos, or does not give one
                embedding (or map) for each.
        """
        step = self._at_once
        parts = [self._run(prepared[i : i + step]) for i in range(0, len(prepared), step)]
        return np.concatenate(parts)

    @property
    def _at_once(self) -> int:
        """Many public encoders were exported for exactly one photo."""
        return 1 if self._dynamic or self.input_shape[:1] == (1,) else AT_ONCE

    def _run(self, prepared: Any) -> Embeddings:
        try:
            output = self._session.run(None, {self._input: prepared})[0]
        except Exception as error:  # ONNX Runtime has one exception class per kind of error.
            raise ModelError(
                f"{self.name}: expected an encoder of photos of the shape "
                f"{prepared.shape[1:]}. It reads {list(self.input_shape)}: {_short(error)}."
            ) from error
        embeddings = np.asarray(output)
        if embeddings.ndim != self._axes or len(embeddings) != len(prepared):
            wanted = "one row of numbers" if self._axes == 2 else "one map of features"
            raise ModelError(
                f"{self.name}: expected {wanted} per photo. Received: the shape "
                f"{embeddings.shape} for {len(prepared)} photos."
            )
        return embeddings


def _opened(data: bytes, name: str, threads: int) -> Any:
    try:
        runtime = require_extra("onnxruntime", package="onnxruntime")
    except MissingExtraError as error:
        raise MissingExtraError(
            "this needs the module 'onnxruntime', which cannot be imported "
            f"({error.__cause__}). Install it with `pip install onnxruntime`."
        ) from error.__cause__
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _QUIET
    try:
        return runtime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise ModelError(
            f"{name}: expected an ONNX file, whole, with its weights inside. ONNX Runtime cannot "
            f"open it: {_short(error)}."
        ) from error


def _named(tensors: Any) -> str:
    return f"{len(tensors)} ({', '.join(tensor.name for tensor in tensors)})"


def _short(error: Exception) -> str:
    """Return the first line of an error without the code in front of it."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return re.sub(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ", "", lines[0])[:200].rstrip(". ")
