"""``python -m benchmarks.signatures.media``: what the strokes say of the media of the files."""

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from likeness.datasets import Dataset
from likeness.errors import require_extra
from likeness.tasks.signatures.dataset import signatures


def stroke_widths(data: Dataset) -> NDArray[Any]:
    """Return ``(n, 2)``: the median width of each signature's strokes, pixels, and its unevenness.

    The width is twice the distance to the paper along the middle of the strokes; unevenness is
    its standard deviation over its mean.
    """
    ndimage = require_extra("scipy.ndimage")
    rows = []
    for picture in data.items[..., 0]:
        ink = picture < 128
        deep = ndimage.distance_transform_edt(ink)
        middle = deep[(deep == ndimage.maximum_filter(deep, 3)) & ink]
        rows.append((2 * np.median(middle), middle.std() / middle.mean()))
    return np.array(rows)


def table(data: Dataset) -> str:
    """Return the table, in how many writers each medium is the most uneven, and correlations."""
    widths = stroke_widths(data)
    medium, writer = np.array(data.facet("medium")), data.codes
    media = list(dict.fromkeys(medium.tolist()))
    lines = ["| medium | width, median (5 % – 95 %) | unevenness, mean |", "|---|---|---|"]
    means = np.empty((len(data.distinct), len(media), 2))
    for place, name in enumerate(media):
        low, middle, high = np.percentile(widths[medium == name, 0], [5, 50, 95])
        uneven = widths[medium == name, 1].mean()
        lines.append(f"| {name} | {middle:.1f} ({low:.1f} – {high:.1f}) | {uneven:.2f} |")
        for one in range(len(means)):
            means[one, place] = widths[(medium == name) & (writer == one)].mean(axis=0)
    most = np.bincount(means[..., 1].argmax(axis=1), minlength=len(media))
    counts = ", ".join(f"{name} {count}" for name, count in zip(media, most, strict=True))
    lines += ["", f"The most uneven medium, writers: {counts}."]
    correlation = np.corrcoef(means[..., 0].T)
    lines += [
        f"Mean widths of a writer, {media[a]} and {media[b]}: correlation {correlation[a, b]:.2f}."
        for a in range(len(media))
        for b in range(a)
    ]
    return "\n".join(lines)


def main(path: Annotated[Path | None, typer.Option(help="The zip, or its folder.")] = None) -> None:
    """Print it."""
    typer.echo(table(signatures(path)))


if __name__ == "__main__":
    typer.run(main)
