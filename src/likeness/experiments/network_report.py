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
