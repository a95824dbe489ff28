"""Our own picture of a Siamese network: two towers, one set of weights, one energy.

It needs Matplotlib and nothing else; `keras.utils.plot_model` needs Graphviz.
"""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from likeness.errors import SettingError, require_extra
from likeness.files import write_files

DOTS_PER_INCH = 160
MOST_LAYERS = 60

WIDTH = 9.0
TOWERS = (2.2, 6.8)
"""The middle of each tower."""

BOX_WIDTH = 3.3
ROOMY = 16
"""Up to this many layers have two lines each; more have one."""

INK = "#1d2733"
FAINT = "#66727f"
SHARED = "#8a5a00"
EMBEDDING = ("#e9e3f8", "#7c62b8")
ENERGY = ("#fde7d9", "#c96a2b")
PLAIN = ("#eef1f4", "#9aa7b4")
COLOURS = {
    "conv": ("#dfeafa", "#4a7fc1"),
    "dense": ("#fdf0cf", "#c2952b"),
    "pool": ("#e0f2ea", "#4d9a78"),
    "mirror": ("#fbe3ec", "#b8557f"),
}
"""Fill and edge by the first of these words that a layer's kind has in it."""


@dataclass(frozen=True, kw_only=True)
class LayerBox:
    """A layer, or a stage of several.

    Args:
        name: of the layer or the stage.
        kind: what it does, in words: «convolution, max pooling».
        output_shape: with the batch axis, which is None.
        parameters: number of trained parameters.
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

    @classmethod
    def of(cls, network: Any) -> "TowerPicture":
        """Return what is shown of a `SiameseNet`, layers of one block as one."""
        groups: dict[str, list[Any]] = {}
        for layer in _unpacked(network.encoder):
            if type(layer).__name__ != "InputLayer":
                groups.setdefault(_group(layer.name), []).append(layer)
        return cls(
            title=f"SiameseNet: two {network.encoder.name} towers, one set of weights",
            input_shape=tuple(network.encoder.input_shape[1:]),
            layers=[_layer_box(name, layers) for name, layers in groups.items()],
            embedding_size=int(network.encoder.output_shape[-1]),
            energy=network.energy,
            parameters=int(network.encoder.count_params()),
        )

    def draw(self, folder: Path, *, stem: str = "siamese") -> tuple[Path, Path]:
        """Write the picture as ``stem.png`` and ``stem.svg``; equal pictures give equal bytes.

        Raises:
            MissingExtraError: Matplotlib is not installed.
            OutputError: the files cannot be written.
        """
        content = io.BytesIO()
        self._figure().savefig(
            content, format="png", dpi=DOTS_PER_INCH, metadata={"Software": "likeness"}
        )
        files = {f"{stem}.png": content.getvalue(), f"{stem}.svg": self.svg().encode()}
        png, svg = write_files(folder, files)
        return png, svg

    def svg(self) -> str:
        """Return the picture as SVG text, its letters as outlines: it looks alike everywhere.

        Raises:
            MissingExtraError: Matplotlib is not installed.
        """
        matplotlib = require_extra("matplotlib")
        text = io.StringIO()
        # Matplotlib reads these two nowhere else; they are as before when this returns.
        with matplotlib.rc_context({"svg.hashsalt": "likeness", "svg.fonttype": "path"}):
            self._figure().savefig(text, format="svg", metadata={"Date": None, "Creator": None})
        return text.getvalue()

    def _figure(self) -> Any:
        drawing = _Drawing(self.title, layers=len(self.layers))
        drawing.photos(("n", *self.input_shape))
        for layer in self.layers:
            drawing.layer(
                layer.name,
                layer.kind,
                shape=tuple("n" if size is None else size for size in layer.output_shape),
                parameters=layer.parameters,
            )
        drawing.embeddings(self.embedding_size)
        drawing.energy(self.energy)
        drawing.shared_weights(self.parameters)
        return drawing.figure


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


class _Drawing:
    """A picture that grows downwards: photos, layers, embeddings, energy."""

    def __init__(self, title: str, *, layers: int) -> None:
        roomy = layers <= ROOMY
        self._box = 0.5 if roomy else 0.28
        self._gap = 0.2 if roomy else 0.12
        self._roomy = roomy
        height = 4.87 + layers * (self._box + self._gap)
        self.figure = require_extra("matplotlib.figure").Figure(
            figsize=(WIDTH, height), facecolor="white"
        )
        # The object API: no pyplot, so no window and no global list of figures.
        self._canvas = require_extra("matplotlib.backends.backend_agg").FigureCanvasAgg(self.figure)
        self._patches = require_extra("matplotlib.patches")
        self._axes = self.figure.add_axes((0, 0, 1, 1))
        self._axes.set(xlim=(0, WIDTH), ylim=(0, height))
        self._axes.set_axis_off()
        self._y = height - 0.75
        self._first_layer = self._last_layer = self._y
        self._words(WIDTH / 2, height - 0.4, title, size=14, weight="bold", fit=WIDTH - 0.6)

    def photos(self, shape: tuple[int | str, ...]) -> None:
        """Draw the two photos that go in."""
        for x, side in zip(TOWERS, ("left", "right"), strict=True):
            self._axes.plot([x, x], [self._y - 0.74, self._y - 0.98], color=FAINT, linewidth=1.1)
            self._portrait(x - 1.05, self._y - 0.82)
            self._words(x - 0.2, self._y - 0.3, f"{side} photo", size=11, weight="bold", ha="left")
            self._words(x - 0.2, self._y - 0.56, _shape(shape), size=10, ha="left", mono=True)
        self._y -= 0.98
        self._first_layer = self._y - self._gap

    def layer(self, name: str, kind: str, *, shape: tuple[int | str, ...], parameters: int) -> None:
        """Draw a layer in both towers, and between them the weights that they share."""
        middle = self._y - self._gap - self._box / 2
        for x in TOWERS:
            self._arrow(x, self._y, self._y - self._gap)
            self._rectangle(x, middle, _colours(kind))
            self._layer_words(x, middle, name, kind, shape)
        if parameters:
            self._link(middle, f"{parameters:,} weights")
        self._y -= self._gap + self._box
        self._last_layer = self._y

    def embeddings(self, size: int) -> None:
        """Draw the two embeddings."""
        for x in TOWERS:
            self._arrow(x, self._y, self._y - 0.3)
            self._rectangle(x, self._y - 0.52, EMBEDDING, height=0.44, round_=0.2)
            self._words(x, self._y - 0.44, "embedding", size=10.5, weight="bold")
            self._words(x, self._y - 0.61, _shape(("n", size)), size=9.5, mono=True)
        self._y -= 0.74

    def energy(self, name: str) -> None:
        """Draw where the towers meet, and the one output."""
        top = self._y - 0.55
        for x, end in zip(TOWERS, (-0.9, 0.9), strict=True):
            self._arrow(x, self._y, top - 0.02, end=WIDTH / 2 + end)
        self._rectangle(WIDTH / 2, top - 0.3, ENERGY, height=0.6, width=3.0, round_=0.28)
        words = f"{name.replace('_', ' ').replace('euclid', 'Euclid')} energy"
        self._words(WIDTH / 2, top - 0.2, words, size=12, weight="bold", fit=2.7)
        self._words(WIDTH / 2, top - 0.42, "how unlike the two embeddings are", size=9)
        self._arrow(WIDTH / 2, top - 0.6, top - 0.9)
        self._words(WIDTH / 2, top - 1.04, "one number per pair  (n,)", size=11, weight="bold")
        ends = "low: the same person    high: two people"
        self._words(WIDTH / 2, top - 1.28, ends, size=9.5, colour=FAINT)

    def shared_weights(self, parameters: int) -> None:
        """Say in the middle, beside the photos, that there is one encoder."""
        y = self._first_layer + 0.68
        self._words(WIDTH / 2, y, "same weights", size=12, weight="bold", colour=SHARED)
        total = f"{parameters:,} in all, one encoder"
        self._words(WIDTH / 2, y - 0.22, total, size=9, colour=SHARED)
        self._bracket(self._first_layer + 0.12, self._last_layer - 0.12)

    def _bracket(self, top: float, bottom: float) -> None:
        """Frame both towers' layers together, dashed."""
        left = TOWERS[0] - BOX_WIDTH / 2 - 0.16
        frame = self._patches.FancyBboxPatch(
            (left, bottom),
            WIDTH - 2 * left,
            top - bottom,
            boxstyle="round,pad=0,rounding_size=0.14",
            facecolor="none",
            edgecolor=SHARED,
            linewidth=1.1,
            linestyle=(0, (5, 3)),
        )
        self._axes.add_patch(frame)
        self._axes.plot([WIDTH / 2] * 2, [top, top + 0.2], color=SHARED, linewidth=1.1)

    def _link(self, y: float, words: str) -> None:
        """Tie two boxes together."""
        ends = (TOWERS[0] + BOX_WIDTH / 2, TOWERS[1] - BOX_WIDTH / 2)
        self._axes.plot(
            ends, [y, y], color=SHARED, linewidth=1.1, linestyle=(0, (1.5, 1.8)), zorder=1
        )
        box = {"facecolor": "white", "edgecolor": "none", "pad": 1.2}
        self._words(WIDTH / 2, y, words, size=8, colour=SHARED, bbox=box, fit=1.02)

    def _layer_words(
        self, x: float, y: float, name: str, kind: str, shape: tuple[int | str, ...]
    ) -> None:
        left, right = x - BOX_WIDTH / 2 + 0.12, x + BOX_WIDTH / 2 - 0.12
        wide = BOX_WIDTH - 0.24
        if self._roomy:
            shape_width = self._words(
                right, y + 0.1, _shape(shape), size=9, ha="right", mono=True, fit=1.7
            )
            room = wide - shape_width - 0.1
            self._words(left, y + 0.1, name, size=10, weight="bold", ha="left", fit=room)
            self._words(left, y - 0.12, kind, size=8.5, ha="left", colour=FAINT, fit=wide)
            return
        shape_width = self._words(right, y, _shape(shape), size=8, ha="right", mono=True, fit=1.5)
        room = wide - shape_width - 0.1
        used = self._words(left, y, name, size=8.5, weight="bold", ha="left", fit=room)
        if room - used > 0.4:
            rest = room - used - 0.1
            self._words(left + used + 0.1, y, kind, size=7.5, ha="left", colour=FAINT, fit=rest)

    def _rectangle(
        self,
        x: float,
        y: float,
        colours: tuple[str, str],
        *,
        height: float | None = None,
        width: float = BOX_WIDTH,
        round_: float = 0.07,
    ) -> None:
        height = self._box if height is None else height
        self._axes.add_patch(
            self._patches.FancyBboxPatch(
                (x - width / 2, y - height / 2),
                width,
                height,
                boxstyle=f"round,pad=0,rounding_size={round_}",
                facecolor=colours[0],
                edgecolor=colours[1],
                linewidth=1.2,
                zorder=2,
            )
        )

    def _arrow(self, x: float, start: float, stop: float, *, end: float | None = None) -> None:
        self._axes.annotate(
            "",
            xy=(x if end is None else end, stop),
            xytext=(x, start),
            arrowprops={
                "arrowstyle": "-|>,head_length=0.3,head_width=0.16",
                "color": FAINT,
                "linewidth": 1.1,
                "shrinkA": 0,
                "shrinkB": 0,
            },
        )

    def _portrait(self, x: float, y: float) -> None:
        """Draw a photo with somebody on it."""
        shapes = self._patches
        frame = shapes.Rectangle((x, y), 0.62, 0.74, facecolor="#f3f5f7", edgecolor=FAINT)
        self._axes.add_patch(frame)
        head = shapes.Ellipse((x + 0.31, y + 0.42), 0.27, 0.35, facecolor="#b9c3cd")
        chest = shapes.Wedge((x + 0.31, y + 0.01), 0.24, 0, 180, facecolor="#b9c3cd")
        for part in (chest, head):
            self._axes.add_patch(part)

    def _words(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float,
        colour: str = INK,
        weight: str = "normal",
        ha: str = "center",
        mono: bool = False,
        fit: float = WIDTH,
        bbox: Any = None,
    ) -> float:
        """Write, smaller or cut short where it would be wider than ``fit``; return the width."""
        label = self._axes.text(
            x,
            y,
            text,
            fontsize=size,
            color=colour,
            weight=weight,
            ha=ha,
            va="center",
            family="DejaVu Sans Mono" if mono else "DejaVu Sans",
            parse_math=False,  # a folder or layer name may hold dollar signs
            bbox=bbox,
            zorder=3,
        )
        width = self._width(label)
        if width > fit:
            label.set_fontsize(size * max(0.8, fit / width))
        while (width := self._width(label)) > fit and len(text) > 1:
            # As many letters as fit if all are as wide as the mean; then one by one.
            text = text[: min(len(text) - 1, int(len(text) * fit / width))]
            label.set_text(text.rstrip(" ,") + "…")
        return width

    def _width(self, label: Any) -> float:
        return float(label.get_window_extent(self._canvas.get_renderer()).width / self.figure.dpi)


def _shape(shape: tuple[int | str, ...]) -> str:
    """(n, 56, 46, 1); a single axis keeps its comma."""
    inner = ", ".join(str(size) for size in shape)
    return f"({inner},)" if len(shape) == 1 else f"({inner})"


def _colours(kind: str) -> tuple[str, str]:
    return next((pair for word, pair in COLOURS.items() if word in kind.lower()), PLAIN)
