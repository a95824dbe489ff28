"""The network in a report: its layers and pictures.

Our own picture of the network is always drawn, Keras' picture if Graphviz is installed.
"""

import datetime
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from likeness.datasets import Dataset
from likeness.errors import require_extra
from likeness.experiments.result import versions
from likeness.reports import LayerBox, TowerPicture, draw_network, network_svg
from likeness.reports.content import NetworkFacts, ProtocolSection, ReportContent
from likeness.training import TrainingRecipe


def network_facts(recipe: TrainingRecipe, folder: Path) -> NetworkFacts:
    """Describe the recipe's network, and draw it into the folder.

    Raises:
        OutputError: the folder cannot be written to.
    """
    network = untrained_network(recipe)
    draw_pictures(network, folder)
    return describe_network(network)


def describe_network(network: Any) -> NetworkFacts:
    """Describe a `SiameseNet`."""
    lines: list[str] = []
    network.summary(line_length=78, print_fn=lines.append)
    return NetworkFacts(
        summary="\n".join(lines),
        svg=network_svg(tower_picture(network)),
        facts={
            "encoder": network.encoder.name,
            "energy": network.energy,
            "embedding_size": int(network.encoder.output_shape[-1]),
            "parameters": int(network.encoder.count_params()),
        },
    )


def report_content(
    data: Dataset,
    sections: Sequence[ProtocolSection],
    *,
    network: NetworkFacts,
    seconds: float,
    title: str | None = None,
) -> ReportContent:
    """Return the contents of the report on these protocols.

    Args:
        data: the data set.
        sections: one per protocol.
        network: the facts on the network.
        seconds: how long it all took.
        title: of the page; names the data if not given.
    """
    return ReportContent(
        title=title or f"A Siamese network on {data.name}",
        data=data,
        sections=sections,
        network=network,
        versions=versions(),
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        seconds=seconds,
    )


def untrained_network(recipe: TrainingRecipe) -> Any:
    """Return the recipe's `SiameseNet` with its initial weights."""
    require_extra("keras", extra="train")
    from likeness.encoders import SiameseNet  # late: brings Keras
    from likeness.training import untrained_encoder

    return SiameseNet(untrained_encoder(recipe), recipe.energy)


def draw_pictures(network: Any, folder: Path) -> list[Path]:
    """Write our own picture of the network, and Keras' picture if Graphviz is installed.

    Raises:
        OutputError: the folder cannot be written to.
    """
    files = list(draw_network(tower_picture(network), folder=folder))
    graphviz = _plot_model(network, folder / "model.png")
    return files if graphviz is None else [*files, graphviz]


def tower_picture(network: Any) -> TowerPicture:
    """Return what our own picture shows of a `SiameseNet`, layers of one block as one."""
    groups: dict[str, list[Any]] = {}
    for layer in _unpacked(network.encoder):
        if type(layer).__name__ != "InputLayer":
            groups.setdefault(_group(layer.name), []).append(layer)
    return TowerPicture(
        title=f"SiameseNet: two {network.encoder.name} towers, one set of weights",
        input_shape=tuple(network.encoder.input_shape[1:]),
        layers=[_layer_box(name, layers) for name, layers in groups.items()],
        embedding_size=int(network.encoder.output_shape[-1]),
        energy=network.energy,
        parameters=int(network.encoder.count_params()),
    )


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
