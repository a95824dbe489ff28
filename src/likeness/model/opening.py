"""`open_model`: open a saved model on the lightest available runtime."""

from pathlib import Path

from likeness.arrays import check_in_range
from likeness.errors import ModelError, SettingError
from likeness.model.folder import SavedModel
from likeness.model.onnx_model import OnnxModel
from likeness.model.protocol import Model
from likeness.model.siamese_model import load_model

RUNTIMES = ("auto", "onnx", "keras")
VARIANTS = ("float32", "int8")


def open_model(
    folder: str | Path, *, runtime: str = "auto", variant: str = "float32", threads: int = 1
) -> Model:
    """Read a model that was trained or imported; ``model.runtime`` names the runtime.

    Args:
        folder: of the model.
        runtime: "onnx" never imports Keras; "keras" needs it; "auto" uses ONNX Runtime if the
            folder has an ONNX part, and Keras otherwise. A damaged ONNX part is an error, not a
            reason to use Keras.
        variant: "float32", or "int8" where `likeness export --int8` made one.
        threads: of ONNX Runtime, 1…256. More than one hardly helps a small encoder.

    Raises:
        ModelError: there is no such model, or its parts do not belong together.
        MissingExtraError: the runtime is not installed.
        SettingError: a setting is out of its range.
    """
    check_in_range(threads, 1, 256, argument="threads", whole=True)
    saved = SavedModel.read(folder)
    if _chosen(saved, runtime=runtime, variant=variant) == "keras":
        return load_model(folder)
    return OnnxModel.of(saved, variant=variant, threads=threads)


def chosen_runtime(folder: str | Path, *, runtime: str = "auto", variant: str = "float32") -> str:
    """Return the runtime that `open_model` would use, "onnx" or "keras".

    Raises:
        ModelError: there is no such model, or it lacks the requested part.
        SettingError: there is no such runtime or variant.
    """
    return _chosen(SavedModel.read(folder), runtime=runtime, variant=variant)


def _chosen(saved: SavedModel, *, runtime: str, variant: str) -> str:
    for name, value, known in (("runtime", runtime, RUNTIMES), ("variant", variant, VARIANTS)):
        if value not in known:
            raise SettingError(f"{name}: expected one of {', '.join(known)}. Received: {value!r}.")
    if variant == "int8":
        if runtime == "keras":
            raise SettingError("variant: expected float32 on Keras. Received: 'int8'.")
        if "int8" not in saved.parts:
            raise ModelError(
                f"{saved.folder} has no int8 variant. Make one with "
                "`likeness export MODEL --int8 --photos DIR`."
            )
        return "onnx"
    if runtime == "onnx" and "onnx" not in saved.parts:
        reason = f" When it was saved, {saved.no_onnx}" if saved.no_onnx else ""
        raise ModelError(
            f"{saved.folder} has no ONNX part. Make one with `likeness export MODEL`.{reason}"
        )
    if runtime == "auto":
        return "onnx" if "onnx" in saved.parts else "keras"
    return runtime
