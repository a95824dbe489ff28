"""From a Keras encoder to the bytes of an ONNX file, through Keras' own exporter."""

import tempfile
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from likeness.errors import MissingExtraError, ModelError, require_extra
from likeness.model.installed import is_installed
from likeness.model.onnx_session import OnnxSession

CLOSE = 1e-5
"""Largest difference of a number in an embedding between Keras and ONNX."""

_NEEDED = {"tensorflow": ("tf2onnx", "onnx"), "torch": ("onnx",)}


def why_no_export() -> str | None:
    """Say in one sentence what the export lacks on this Keras backend; None if nothing."""
    backend = require_extra("keras").backend.backend()
    if backend not in _NEEDED:
        return (
            f"the export to ONNX does not run on Keras' backend {backend}; run "
            "`KERAS_BACKEND=tensorflow likeness export MODEL`, where TensorFlow and tf2onnx are "
            "installed (the saved model is the same on every backend)."
        )
    missing = [module for module in _NEEDED[backend] if not is_installed(module)]
    if missing:
        return (
            f"the export to ONNX needs {' and '.join(missing)}; run "
            f"`pip install {' '.join(missing)}`, then `likeness export MODEL`."
        )
    return None


MadeUp = Callable[[int, np.random.Generator], Any]
"""From a count to what so many prepared items may look like."""


def onnx_bytes(encoder: Any, *, made_up: MadeUp | None = None, sizes: Sequence[int] = ()) -> bytes:
    """Return the encoder as an ONNX file: one input with a free batch axis, one output.

    The result is run and compared with the encoder before it is given out.

    Args:
        encoder: a `keras.Model`, prepared items such as ``(n, rows, columns, channels)`` →
            ``(n, d)``, or a map of features, float32.
        made_up: what to try it with; normal noise of the shape that it reads if not given.
        sizes: sides of the square photos to try it with, where it reads any size.

    Raises:
        MissingExtraError: the exporter is not installed.
        ModelError: the encoder cannot be exported, or ONNX Runtime embeds otherwise.
    """
    if why := why_no_export():
        raise MissingExtraError(why)
    keras = require_extra("keras")
    with tempfile.TemporaryDirectory(prefix="likeness-") as place:
        path = Path(place) / "encoder.onnx"
        try:
            shape = (None, *encoder.input_shape[1:])
            reads = encoder.inputs[0]
            signature = [keras.InputSpec(shape=shape, dtype=reads.dtype, name=reads.name)]
            with warnings.catch_warnings():
                # Tracers warn of what could go wrong; whether it did is looked at below.
                warnings.simplefilter("ignore")
                encoder.export(str(path), format="onnx", verbose=False, input_signature=signature)
            data = path.read_bytes()
        except Exception as error:  # The exporters raise many kinds.
            raise ModelError(f"the encoder cannot be exported to ONNX: {_first(error)}.") from error
    shape = encoder.input_shape[1:]
    shapes = [(size, size, shape[-1]) for size in sizes] or [shape]
    for try_it in [made_up] if made_up else [_noise(one) for one in shapes]:
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
        found = session(prepared)
        worst = float(np.abs(found - expected).max()) if found.shape == expected.shape else np.inf
        if not worst <= CLOSE * max(1.0, float(np.abs(expected).max())):
            raise ModelError(
                f"the exported encoder embeds otherwise than Keras: expected differences of at "
                f"most {CLOSE:g}. Received: {worst:.2g}."
            )


def _first(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__).rstrip(".")
