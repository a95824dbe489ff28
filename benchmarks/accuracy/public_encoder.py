"""``python -m benchmarks.accuracy.public_encoder MODEL``: a public face encoder on the AT&T faces.

A row for each face detector, with and without the mirror image. Photos whose face could not be
used (failures to acquire) stay in the figures: they are rejected in every comparison.
"""

import shlex
import sys
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from likeness import datasets, open_model
from likeness.arrays import Embeddings, Energies, Images
from likeness.datasets import Dataset
from likeness.energies import energy_matrix
from likeness.evaluation import evaluate_matrix, people_intervals
from likeness.evaluation.figures import FigureName, Interval
from likeness.experiments.aligned_faces import FaceAligner
from likeness.experiments.unseen_people import unseen_people_parts
from likeness.images.faces import FaceFinder, HaarFaceFinder, YuNetFaceFinder
from likeness.model.alignment import alignment_of

REPETITIONS = 500
U4 = ("auc", "eer", "tar_at_far_1e-2", "one_shot_10way")
FORTY = ("eer", "one_shot_40way")

_DECIMALS = 2


def embeddings_of(model: Any, chips: Images, *, mirrored: bool) -> Embeddings:
    """Return ``(k, d)`` embeddings; ``mirrored`` averages those of a chip and its mirror image."""
    embeddings: Embeddings = model.embed(chips)
    if not mirrored:
        return embeddings
    mirrors = model.embed(np.ascontiguousarray(chips[:, :, ::-1]))
    return np.asarray((embeddings + mirrors) / 2, np.float32)


def energies_with_failures(
    embeddings: Embeddings, kept: np.ndarray, *, photos: int, energy: str
) -> Energies:
    """Return ``(photos, photos)`` energies; above all others where a photo has no embedding.

    >>> apart = energies_with_failures(
    ...     np.array([[0.0], [1.0]]), np.array([0, 2]), photos=3, energy="manhattan"
    ... )
    >>> apart.tolist()
    [[0.0, 2.0, 1.0], [2.0, 2.0, 2.0], [1.0, 2.0, 0.0]]
    """
    between = energy_matrix(energy, embeddings)
    matrix = np.full((photos, photos), 2 * between.max())
    matrix[np.ix_(kept, kept)] = between
    return matrix


def figures_of(matrix: Energies, data: Dataset) -> dict[str, dict[FigureName, Interval]]:
    """Return the figures of U4, and those of all people at once."""
    folds = []
    for _, test in unseen_people_parts(data, 4):
        rows = _rows_of(test, data)
        folds.append(evaluate_matrix(matrix[np.ix_(rows, rows)], test.codes, threshold=None))
    whole = [evaluate_matrix(matrix, data.codes, threshold=None)]
    return {
        "U4": people_intervals(folds, repetitions=REPETITIONS, seed=0),
        "all": people_intervals(whole, repetitions=REPETITIONS, seed=0),
    }


def _rows_of(part: Dataset, data: Dataset) -> np.ndarray:
    """Return ``(k,)``, where the photos of a part are in the whole."""
    index = {name: row for row, name in enumerate(data.item_names)}
    return np.array([index[name] for name in part.item_names])


def row(title: str, failures: float, figures: dict[str, dict[FigureName, Interval]]) -> str:
    """Return a row of the table."""
    cells = [title, f"{100 * failures:.{_DECIMALS}f}"]
    cells += [_cell(figures["U4"], name) for name in U4]
    cells += [_cell(figures["all"], name) for name in FORTY]
    return f"| {' | '.join(cells)} |\n"


def _cell(figures: dict[FigureName, Interval], name: str) -> str:
    figure = figures.get(FigureName.from_json(name))
    if figure is None:
        return ""
    mean, low, high = (100 * end for end in (figure.mean, figure.low, figure.high))
    return f"{mean:.{_DECIMALS}f} ({low:.{_DECIMALS}f}–{high:.{_DECIMALS}f})"


def header() -> str:
    """Return the head of the table."""
    heads = ["detector, images", "FTA %", "AUC %", "EER %", "TAR at FAR 1 %", "10-way %"]
    heads += ["EER, 40 people %", "40-way %"]
    return f"| {' | '.join(heads)} |\n| {' | '.join(['---'] * len(heads))} |\n"


def main(
    model: Annotated[Path, typer.Argument(help="Folder of `likeness model get dlib`.")],
    yunet: Annotated[
        Path | None, typer.Option(help="YuNet's ONNX file; without it, Haar only.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write the table here, too.")] = None,
) -> None:
    """Print protocol U4, and all pairs of the forty people, for each detector."""
    loaded = open_model(model)
    alignment = alignment_of(loaded)
    if alignment is None:
        raise typer.BadParameter(f"{model}: expected a model that aligns faces.")
    data = datasets.att()
    finders: dict[str, FaceFinder] = {"OpenCV's Haar cascades": HaarFaceFinder()}
    if yunet is not None:
        finders["YuNet"] = YuNetFaceFinder(path=yunet)
    table = header()
    for name, finder in finders.items():
        faces = FaceAligner(alignment, finder).faces_of(data)
        kept = _rows_of(faces, data)
        for mirrored in (False, True):
            matrix = energies_with_failures(
                embeddings_of(loaded, faces.items, mirrored=mirrored),
                kept,
                photos=len(data),
                energy=loaded.energy,
            )
            title = f"{name}, {'with' if mirrored else 'without'} the mirror image"
            failures = 1 - len(faces) / len(data)
            table += row(title, failures, figures_of(matrix, data))
            typer.echo(table.splitlines()[-1], err=True)
    table += (
        f"\nThe encoder {loaded.fingerprint[:12]} on {data.name}: {len(data.distinct)} people, "
        f"{len(data)} photos. AUC to 10-way: protocol U4, four folds of ten people, of which the "
        "encoder learned from none; then all pairs of the forty people. Photos without a usable "
        "face (FTA) count as rejected in every comparison. In brackets 95 % intervals, percentile "
        f"bootstrap over people, {REPETITIONS} repetitions, seed 0.\n"
    )
    typer.echo(table)
    if out is not None:
        command = f"python -m benchmarks.accuracy.public_encoder {shlex.join(sys.argv[1:])}"
        out.write_text(f"{table}\nMade by `{command}`.\n", encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
