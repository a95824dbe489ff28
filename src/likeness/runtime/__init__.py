"""A saved model in use, on ONNX Runtime: no Keras, no TensorFlow."""

from likeness.runtime.imported import import_model
from likeness.runtime.onnx_model import OnnxModel
from likeness.runtime.opening import RUNTIMES, VARIANTS, FaceModel, chosen_runtime, open_model
from likeness.runtime.sentence_transformer import SentenceTransformerModel, sentence_transformer

__all__ = [
    "RUNTIMES",
    "VARIANTS",
    "FaceModel",
    "OnnxModel",
    "SentenceTransformerModel",
    "chosen_runtime",
    "import_model",
    "open_model",
    "sentence_transformer",
]
