"""Our own picture of a Siamese network: two towers, one set of weights, one energy.

It needs Matplotlib and nothing else; `keras.utils.plot_model` needs Graphviz.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from likeness.errors import SettingError, require_extra
from likeness.files import write_files
from likeness.reports.network_drawing import NetworkDrawing

DOTS_PER_INCH = 160
MOST_LAYERS = 60


@dataclass(frozen=True, kw_only=True)
class LayerBox:
    """A layer, or a stage of several.

    Args:
        name: of the layer or the stage.
        kind: what it does, in words: «convolution, max pooling».
        output_shape: with the batch axis, which is None.
        parameters: how many numbers it has learned.
    """

    name: str
    kind: str
    output_shape: tuple[int | None, ...]
    parameters: int


@dataclass(frozen=True, kw_only=True)
class TowerPicture:
    """What the picture shows.

    Args:
        title: stands above it.
        input_shape: of one photo, without the batch axis: (rows, columns, channels).
        layers: of the encoder, from photo to embedding; 1…60, and up to 12 read best.
        embedding_size: numbers in an embedding.
        energy: its name.
        parameters: of the encoder, counted once: both towers use the same.

    Raises:
        SettingError: there are no layers, or too many to be read.
    """

    title: str
    input_shape: tuple[int, ...]
    layers: Sequence[LayerBox]
    embedding_size: int
    energy: str
    parameters: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", tuple(self.layers))
        if not 1 <= len(self.layers) <= MOST_LAYERS:
            raise SettingError(
                f"layers: expected 1 to {MOST_LAYERS} boxes. Received: {len(self.layers)}. "
                "Group the layers of a long encoder into stages."
            )


def draw_network(
    picture: TowerPicture, *, folder: Path, stem: str = "siamese"
) -> tuple[Path, Path]:
    """Write the picture as ``stem.png`` and ``stem.svg``; equal pictures give equal bytes.

    Raises:
        MissingExtraError: Matplotlib is not installed.
        OutputError: the files cannot be written.
    """
    files = {f"{stem}.png": _png(picture), f"{stem}.svg": network_svg(picture).encode()}
    png, svg = write_files(folder, files)
    return png, svg


def network_svg(picture: TowerPicture) -> str:
    """Return the picture as SVG text, its letters as outlines: it looks alike everywhere.

    Raises:
        MissingExtraError: Matplotlib is not installed.
    """
    matplotlib = require_extra("matplotlib")
    text = io.StringIO()
    # Matplotlib reads these two nowhere else; they are as before when this returns.
    with matplotlib.rc_context({"svg.hashsalt": "likeness", "svg.fonttype": "path"}):
        _figure(picture).savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    return text.getvalue()


def _png(picture: TowerPicture) -> bytes:
    content = io.BytesIO()
    _figure(picture).savefig(
        content, format="png", dpi=DOTS_PER_INCH, metadata={"Software": "likeness"}
    )
    return content.getvalue()


def _figure(picture: TowerPicture) -> Any:
    drawing = NetworkDrawing(picture.title, layers=len(picture.layers))
    drawing.photos(("n", *picture.input_shape))
    for layer in picture.layers:
        drawing.layer(
            layer.name,
            layer.kind,
            shape=tuple("n" if size is None else size for size in layer.output_shape),
            parameters=layer.parameters,
        )
    drawing.embeddings(picture.embedding_size)
    drawing.energy(picture.energy)
    drawing.shared_weights(picture.parameters)
    return drawing.figure
