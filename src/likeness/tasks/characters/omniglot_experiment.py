"""Runs of one-shot classification: train on a background set, classify new identities.

The baselines are nearest pixels, and a distance between strokes. M.-P. Dubuisson & A. K. Jain, «A
modified Hausdorff distance for object matching», ICPR 1994, distance 22 of their 24: the mean of
the distances from each point of one drawing to the nearest point of the other, the larger one of
the two directions. The authors of Omniglot take it between the inked pixels of drawings, each moved
to its own centre.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from likeness.arrays import Energies, Floats, Images, Photo, check_images
from likeness.datasets import Dataset, check_disjoint, name_some
from likeness.energies import energy_matrix
from likeness.errors import DataError, OverlapError, TooFewError, require_extra
from likeness.evaluation.baselines import RawPixels
from likeness.evaluation.figures import Interval
from likeness.files import LenientObject, to_json
from likeness.model.protocol import Model
from likeness.model.siamese_model import SiameseModel
from likeness.reports.content import versions
from likeness.tasks.characters.omniglot import REPETITIONS, SEED, OneShotRun, mean_error
from likeness.training import OnProgress, TrainingRecipe

INK = 128
"""A pixel darker than this is ink."""

Points = Floats
"""``(n, 2)``: row and column of each inked pixel."""


def _pixel_energies(left: Images, right: Images) -> Energies:
    """Return the ``(n, m)`` Euclidean distances between pixels 0…1.

    Raises:
        DataError: the images have another shape or type.
    """
    pixels = RawPixels()
    return energy_matrix(pixels.energy, pixels.embed(left), pixels.embed(right))


def _hausdorff_energies(left: Images, right: Images) -> Energies:
    """Return the ``(n, m)`` modified Hausdorff distances between drawings, in pixels.

    Args:
        left, right: ``(n, rows, columns, 1)`` and ``(m, ...)``, uint8, dark ink on light paper.

    Raises:
        DataError: the images have another shape or type, or there is no ink on one.
        MissingExtraError: SciPy is not installed.
    """
    drawn = [[_centred_ink(image) for image in check_images(side)] for side in (left, right)]
    trees = [[_tree(points) for points in side] for side in drawn]
    return np.array(
        [
            [
                max(_from(points, other_tree), _from(other, tree))
                for other, other_tree in zip(drawn[1], trees[1], strict=True)
            ]
            for points, tree in zip(drawn[0], trees[0], strict=True)
        ]
    ).reshape(len(left), len(right))


def _centred_ink(image: Photo) -> Points:
    """Return the coordinates of the ink of one drawing, around its centre.

    Args:
        image: ``(rows, columns, 1)``.

    Raises:
        DataError: it has no ink.
    """
    points = np.argwhere(image[..., 0] < INK).astype(np.float64)
    if not len(points):
        raise DataError("images: expected dark ink on light paper. Received: one without ink.")
    return np.asarray(points - points.mean(axis=0))


def _tree(points: Points) -> Any:
    return require_extra("scipy.spatial").cKDTree(points)


def _from(points: Points, tree: Any) -> float:
    """Return the mean distance from the points to the nearest ones in the tree."""
    return float(tree.query(points)[0].mean())


FORMAT = "likeness.one_shot/1"
INTERVALS = f"95 %, percentile bootstrap over runs, {REPETITIONS:,} repetitions, seed {SEED}"

Compare = Callable[[Images, Images], Energies]
"""Probes and gallery → ``(q, ways)`` energies."""

BASELINES: dict[str, Compare] = {
    "nearest_pixels": _pixel_energies,
    "modified_hausdorff": _hausdorff_energies,
}
"""Baselines by name, without training."""


@dataclass(frozen=True, eq=False, kw_only=True)
class OneShotResult:
    """How many probes each method gets wrong, run by run.

    Args:
        model: that was measured.
        runs: it was measured on.
        errors: method → its error on each run, 0…1; the "network" first.
        seconds: of the training, by the clock; None if it was trained elsewhere.
        cpu_seconds: of the processors, which others at work on the machine do not stretch.
    """

    model: Model
    runs: tuple[OneShotRun, ...]
    errors: Mapping[str, Sequence[float]]
    seconds: float | None = None
    cpu_seconds: float | None = None

    @classmethod
    def of(cls, model: Model, runs: Sequence[OneShotRun]) -> Self:
        """Return how many probes a model gets wrong, beside the baselines.

        A probe is assigned to the nearest image of the gallery, without a threshold. Baselines are
        computed in the same run, on the same images.

        Args:
            model: trained on other identities.
            runs: at least one.

        Raises:
            TooFewError: there is no run.
            OverlapError: the model was trained on an image of a run.
            MissingExtraError: SciPy is not installed.
        """
        _check_unseen(model, _images_of(runs))
        methods: dict[str, Compare] = {"network": model.energies, **BASELINES}
        errors = {
            name: [run.error(compare(run.probes, run.gallery)) for run in runs]
            for name, compare in methods.items()
        }
        return cls(model=model, runs=tuple(runs), errors=errors)

    @property
    def mean_errors(self) -> dict[str, Interval]:
        """Of each method, the mean over the runs and its interval."""
        return {name: mean_error(of_runs) for name, of_runs in self.errors.items()}

    @property
    def ways(self) -> list[int]:
        """How many identities there are to choose from in a run, each number once."""
        return sorted({run.ways for run in self.runs})

    @property
    def probes(self) -> int:
        """How many there are in all runs."""
        return sum(len(run.probes) for run in self.runs)

    @property
    def background(self) -> Mapping[str, Any]:
        """What the model's record tells of its training data; empty if nothing."""
        return LenientObject.of(self.model.record).part("data")

    @property
    def drawn(self) -> bool:
        """Whether the training data are made up."""
        return self.background.get("drawn") is True

    def to_json(self) -> dict[str, object]:
        """Return it as JSON values."""
        figures = {name: {"error": to_json(mean)} for name, mean in self.mean_errors.items()}
        data = self.background
        background = {name: data.get(name) for name in ("name", "digest", "licence", "items")}
        document = {
            "format": FORMAT,
            "background": background | {"identities": self.identities} if data else None,
            "drawn": self.drawn,
            "counts": {"runs": len(self.runs), "ways": self.ways, "probes": self.probes},
            "figures": figures.pop("network"),
            "baselines": figures,
            "intervals": INTERVALS,
            "runs": [
                {"run": run.name} | {name: of_runs[index] for name, of_runs in self.errors.items()}
                for index, run in enumerate(self.runs)
            ],
            "runs_digest": _images_of(self.runs).digest,
            "model": self.model.fingerprint,
            "threshold": self.model.threshold,
            "recipe": self.model.record.get("recipe"),
            "versions": versions(),
        }
        if self.seconds is not None:
            document["training"] = {"seconds": self.seconds, "cpu_seconds": self.cpu_seconds}
        return document

    @property
    def identities(self) -> int:
        """How many the model was trained on, as its record tells."""
        return len(self.background.get("identities", ()))


def train_for_runs(
    recipe: TrainingRecipe,
    background: Dataset,
    runs: Sequence[OneShotRun],
    *,
    on_progress: OnProgress | None = None,
) -> tuple[SiameseModel, OneShotResult]:
    """Train on the background set alone, and measure on the runs.

    Args:
        recipe: all settings of the training.
        background: none of its identities is in the runs.
        runs: of new identities.
        on_progress: called after every batch.

    Raises:
        TooFewError: the background set has too few identities or items, or there is no run.
        OverlapError: an image of a run is in the background set.
        TrainingFailedError: the loss became NaN.
        MissingExtraError: Keras or SciPy is not installed.
    """
    check_disjoint(background, _images_of(runs), between=("the background set", "the runs"))
    from likeness.training import train  # late: brings Keras

    began, worked = time.perf_counter(), time.process_time()
    model = train(recipe, background, on_progress=on_progress)
    seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - worked
    result = OneShotResult.of(model, runs)
    return model, replace(result, seconds=round(seconds, 1), cpu_seconds=round(cpu_seconds, 1))


def _images_of(runs: Sequence[OneShotRun]) -> Dataset:
    """Return all images of the runs as one data set, named «run01/gallery/0» ….

    Raises:
        TooFewError: there is no run.
    """
    if not runs:
        raise TooFewError("runs: expected at least one. Received: none.")
    parts = [(f"{run.name}/{part}", getattr(run, part)) for run in runs for part in _PARTS]
    names = [f"{name}/{index}" for name, images in parts for index in range(len(images))]
    return Dataset(np.concatenate([images for _, images in parts]), names, names, name="the runs")


_PARTS = ("gallery", "probes")


def _check_unseen(model: Model, images: Dataset) -> None:
    learned = set(LenientObject.of(model.record).part("data").get("item_digests", ()))
    known = [
        name
        for name, digest in zip(images.item_names, images.short_digests, strict=True)
        if digest in learned
    ]
    if known:
        raise OverlapError(
            f"{len(known)} of the {len(images)} images of the runs were trained on: "
            f"{name_some(known)}. Use a model that was trained on other images."
        )
