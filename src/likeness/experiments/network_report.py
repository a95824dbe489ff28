"""What a report says about the network: its layers, its pictures, and the page around them.

Our own picture of the network is always drawn, Keras' where Graphviz is there.
"""

import datetime
from collections.abc import Sequence
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
    """Return what the report on these protocols is made of.

    Args:
        data: what they were run on.
        sections: one per protocol.
        network: what to say about the network.
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
    """Write our own picture of the network, and Keras' where Graphviz is there.

    Raises:
        OutputError: the folder cannot be written to.
    """
    files = list(draw_network(tower_picture(network), folder=folder))
    graphviz = _plot_model(network, folder / "model.png")
    return files if graphviz is None else [*files, graphviz]


def tower_picture(network: Any) -> TowerPicture:
    """Return what our own picture shows of a `SiameseNet`."""
    from likeness.encoders.towers import stages  # late: brings Keras

    boxes = [
        LayerBox(
            name=stage.name,
            kind=stage.kind,
            output_shape=(None, *stage.output_shape),
            parameters=stage.parameters,
        )
        for stage in stages(network.encoder)
    ]
    return TowerPicture(
        title=f"SiameseNet: two {network.encoder.name} towers, one set of weights",
        input_shape=tuple(network.encoder.input_shape[1:]),
        layers=boxes,
        embedding_size=int(network.encoder.output_shape[-1]),
        energy=network.energy,
        parameters=int(network.encoder.count_params()),
    )


def _plot_model(network: Any, file: Path) -> Path | None:
    """Let Keras draw the network; return None where Graphviz or pydot is missing."""
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
