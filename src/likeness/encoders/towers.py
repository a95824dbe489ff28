"""What a network is made of, stage by stage: for its picture and its summary."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from likeness.encoders.finished import Views


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A layer, or a group of layers whose names begin alike («block_1_a», «block_1_b»).

    Args:
        name: of the layer or the group.
        kind: what it does, in words.
        output_shape: without the batch axis.
        parameters: how many numbers it has learned.
    """

    name: str
    kind: str
    output_shape: tuple[int, ...]
    parameters: int


def stages(encoder: Any) -> tuple[Stage, ...]:
    """Return the stages of an encoder, in order; a finished one's inner stages are its own.

    Args:
        encoder: a functional `keras.Model`, ``(n, ...)`` → ``(n, d)``.
    """
    groups: dict[str, list[Any]] = {}
    for layer in _unpacked(encoder):
        if type(layer).__name__ != "InputLayer":
            groups.setdefault(_group(layer.name), []).append(layer)
    return tuple(_stage(name, layers) for name, layers in groups.items())


def _unpacked(encoder: Any) -> Iterator[Any]:
    """Yield the layers, those of an encoder inside the encoder among them."""
    for layer in encoder.layers:
        if hasattr(layer, "layers"):
            yield from _unpacked(layer)
        else:
            yield layer


def _group(name: str) -> str:
    """«block_1_a_norm» → «block_1»; «stem_relu» → «stem»; «unit_length» as it is."""
    parts = name.split("_")
    if len(parts) > 1 and parts[1].isdecimal():
        return "_".join(parts[:2])
    if parts[-1] in {"norm", "relu"}:
        return "_".join(parts[:-1])
    return name


def _stage(name: str, layers: list[Any]) -> Stage:
    kinds: dict[str, int] = {}
    for layer in layers:
        kind = _kind(layer)
        kinds[kind] = kinds.get(kind, 0) + 1
    words = [f"{count} × {kind}" if count > 1 else kind for kind, count in kinds.items() if kind]
    return Stage(
        name=name,
        kind=", ".join(words),
        output_shape=tuple(int(size) for size in layers[-1].output.shape[1:]),
        parameters=sum(layer.count_params() for layer in layers),
    )


def _kind(layer: Any) -> str:
    if isinstance(layer, Views):
        mirrored = ", mirrored" if layer.mirrored else ""
        return f"{layer.count} views (moved by {layer.shift}{mirrored})"
    return _KINDS.get(type(layer).__name__, type(layer).__name__)


_KINDS = {
    "Add": "sum",
    "AveragePooling2D": "average pooling",
    "BatchNormalization": "",
    "Conv2D": "convolution",
    "Dense": "dense",
    "Flatten": "flatten",
    "MaxPooling2D": "max pooling",
    "MeanOfViews": "mean of the views",
    "ReLU": "",
    "UnitNormalization": "unit length",
}
