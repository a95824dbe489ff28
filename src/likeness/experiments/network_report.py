"""A recipe's network before training: described, and drawn into a folder.

Our own picture of the network is always drawn, Keras' picture if Graphviz is installed.
"""

from pathlib import Path
from typing import Any

from likeness.errors import require_extra
from likeness.reports import TowerPicture
from likeness.reports.content import NetworkFacts
from likeness.training import TrainingRecipe


def draw_network(recipe: TrainingRecipe, folder: Path) -> tuple[NetworkFacts, list[Path]]:
    """Describe a recipe's network, with its initial weights, and draw it into a folder.

    Returns:
        (what a report says of it, the pictures that were written).

    Raises:
        OutputError: the folder cannot be written to.
    """
    require_extra("keras", extra="train")
    from likeness.encoders import SiameseNet  # late: brings Keras
    from likeness.training import untrained_encoder

    network = SiameseNet(untrained_encoder(recipe), recipe.energy)
    files = list(TowerPicture.of(network).draw(folder))
    graphviz = _plot_model(network, folder / "model.png")
    return NetworkFacts.of(network), files if graphviz is None else [*files, graphviz]


def _unpacked(encoder: Any) -> Iterator[Any]:
    """Yield the layers, including those of nested encoders."""
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


def _layer_box(name: str, layers: list[Any]) -> LayerBox:
    kinds: dict[str, int] = {}
    for layer in layers:
        kind = _kind(layer)
        kinds[kind] = kinds.get(kind, 0) + 1
    words = [f"{count} × {kind}" if count > 1 else kind for kind, count in kinds.items() if kind]
    return LayerBox(
        name=name,
        kind=", ".join(words),
        output_shape=(None, *(int(size) for size in layers[-1].output.shape[1:])),
        parameters=sum(layer.count_params() for layer in layers),
    )


def _kind(layer: Any) -> str:
    if type(layer).__name__ == "Views":
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


def _plot_model(network: Any, file: Path) -> Path | None:
    """Draw the network by Keras; return None if Graphviz or pydot is missing."""
    keras = require_extra("keras")
    try:
        keras.utils.plot_model(
            network,
            to_file=str(file),
            show_shapes=True,
            show_layer_names=True,
            expand_nested=True,
            dpi=80,
        )
    except (ImportError, OSError):
        return None
    return file if file.is_file() else None
