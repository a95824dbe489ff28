"""The network's pictures: our own always, Keras' where Graphviz is there."""

from pathlib import Path
from typing import Any

from likeness.errors import require_extra
from likeness.reports import LayerBox, TowerPicture, draw_network
from likeness.training import TrainingRecipe


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
