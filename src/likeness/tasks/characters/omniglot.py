"""Omniglot: handwritten characters, and the twenty runs of one-shot classification.

B. M. Lake, R. Salakhutdinov, J. B. Tenenbaum, «Human-level concept learning through
probabilistic program induction», Science 350, 2015. A character is an identity here, like a person
elsewhere; twenty people drew each one once.

The two small background sets have five alphabets each; a run is twenty characters of one new
alphabet, drawn by two people: one person's drawings are the gallery, the other's the probes.

The probes of a run share an alphabet and two drawers and are not independent, so intervals resample
whole runs, not probes.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from likeness.arrays import Codes, Energies, Floats, Images, check_images, check_in_range, describe
from likeness.datasets.download import PublishedFile, ZipReader
from likeness.datasets.items import Dataset, OnProgress
from likeness.errors import DataError, SettingError, TooFewError
from likeness.evaluation.figures import Interval
from likeness.files import natural_key


@dataclass(frozen=True, eq=False, kw_only=True)
class OneShotRun:
    """One gallery image of each of several new identities, and probes to classify.

    Args:
        name: of the run.
        gallery: ``(ways, rows, columns, channels)``, one image of each identity.
        probes: ``(q, rows, columns, channels)``, none of them in the gallery.
        answers: ``(q,)``, the gallery row of each probe's identity.

    Raises:
        DataError: the images have another shape or type, or an answer is not a row of the gallery.

    >>> nothing = np.zeros((2, 4, 4, 1), np.uint8)
    >>> run = OneShotRun(name="run01", gallery=nothing, probes=nothing, answers=[1, 0])
    >>> run.ways, run.answers.tolist()
    (2, [1, 0])
    """

    name: str
    gallery: Images
    probes: Images
    answers: Codes

    def __post_init__(self) -> None:
        answers = np.array(self.answers, dtype=np.int64)
        for part in ("gallery", "probes"):
            images = check_images(getattr(self, part), argument=part).view()
            images.flags.writeable = False
            object.__setattr__(self, part, images)
        rows = len(self.gallery)
        if answers.shape != (len(self.probes),) or not ((answers >= 0) & (answers < rows)).all():
            raise DataError(
                f"answers: expected {len(self.probes)} rows of the gallery, 0 to {rows - 1}. "
                f"Received: {np.array2string(answers, threshold=8)}."
            )
        answers.flags.writeable = False
        object.__setattr__(self, "answers", answers)

    @classmethod
    def read(cls, file: Path) -> "tuple[OneShotRun, ...]":
        """Return the runs of a zip in the layout of ``all_runs.zip``.

        Args:
            file: holds ``runNN/class_labels.txt``, with a test drawing and the training drawing of
                the same character in each line.

        Raises:
            DataError: it holds no runs, or a run is incomplete.
        """
        with ZipReader.open(file, most_bytes=_MOST_BYTES) as archive:
            lists = sorted(filter(_LABELS.fullmatch, archive.names), key=natural_key)
            if not lists:
                raise DataError(
                    f"{file.name}: expected runs (run01/class_labels.txt …). Received: none."
                )
            return tuple(_run(archive, labels) for labels in lists)

    @property
    def ways(self) -> int:
        """Number of identities in the gallery."""
        return len(self.gallery)

    def error(self, energies: Energies) -> float:
        """Return the share of probes whose nearest gallery image is not theirs, 0…1.

        Ties are split equally: if one of two nearest images is right, that is half an error.

        Args:
            energies: ``(q, ways)``, of each probe with each gallery image.

        Raises:
            DataError: the shape does not fit, or a number is NaN.

        >>> nothing = np.zeros((2, 4, 4, 1), np.uint8)
        >>> run = OneShotRun(name="run01", gallery=nothing, probes=nothing, answers=[0, 1])
        >>> run.error(np.array([[0.1, 0.9], [0.4, 0.7]]))
        0.5
        """
        shape = (len(self.probes), self.ways)
        if energies.shape != shape:
            raise DataError(
                f"energies: expected the shape (q, ways), {shape}. Received: {describe(energies)}."
            )
        if np.isnan(energies).any():
            raise DataError("energies: expected numbers. Received: NaN.")
        nearest = energies == energies.min(axis=1, keepdims=True)
        right = nearest[np.arange(shape[0]), self.answers] / nearest.sum(axis=1)
        return float(1.0 - right.mean())


REPETITIONS = 10_000
SEED = 0


def mean_error(
    errors: Sequence[float] | Floats,
    *,
    repetitions: int = REPETITIONS,
    seed: int = SEED,
    level: float = 0.95,
) -> Interval:
    """Return the mean over runs with its interval: runs are drawn with replacement.

    Args:
        errors: one per run.
        repetitions: how often the runs are drawn again, 10…1,000,000.
        seed: of the draws.
        level: of the interval, 0.5…0.999.

    Raises:
        TooFewError: there is no run.
        SettingError: a setting is out of its range.
    """
    check_in_range(repetitions, 10, 1_000_000, argument="repetitions", whole=True)
    check_in_range(level, 0.5, 0.999, argument="level")
    values = np.asarray(errors, np.float64)
    if not len(values):
        raise TooFewError("errors: expected at least one run. Received: none.")
    rng = np.random.default_rng(seed)
    draws = values[rng.integers(len(values), size=(repetitions, len(values)))].mean(axis=1)
    return Interval.of_draws(float(values.mean()), draws, level=level)


LICENCE = (
    "Omniglot, MIT licence: B. M. Lake, R. Salakhutdinov and J. B. Tenenbaum, «Human-level "
    "concept learning through probabilistic program induction», Science 350, 2015."
)
SIZE = 105
"""Rows and columns of every drawing; ink is 0, paper 255."""

_HOME = "https://github.com/brendenlake/omniglot/raw/master/python/"
_MOST_BYTES = 2**16  # of one drawing; typical ones have some 300
_MOST_DRAWINGS = 100_000

BACKGROUNDS = {
    "small1": PublishedFile(
        title="Omniglot's first small background set",
        names=("omniglot_images_background_small1.zip", "images_background_small1.zip"),
        sha256="f38eb80f801274ac2b4dff5b24289016bfaba4a7d5bb50deebf27104ad6cb8a4",
        mirrors=(f"{_HOME}images_background_small1.zip",),
    ),
    "small2": PublishedFile(
        title="Omniglot's second small background set",
        names=("omniglot_images_background_small2.zip", "images_background_small2.zip"),
        sha256="3ccaa407515a8778e5d0861875af38b17e418f301ad5bb3b5a6b65d901a41c7f",
        mirrors=(f"{_HOME}images_background_small2.zip",),
    ),
}
"""The background sets by name."""

RUNS = PublishedFile(
    title="Omniglot's twenty runs of one-shot classification",
    names=("omniglot_all_runs.zip", "all_runs.zip"),
    sha256="437c1eeab0af8484112e1b4cc0f3d541ec727f7c47b9b202da738af9dfd6c325",
    mirrors=(f"{_HOME}one-shot-classification/all_runs.zip",),
)


def omniglot(
    background: str = "small1",
    *,
    path: str | Path | None = None,
    download: bool = True,
    on_progress: OnProgress | None = None,
) -> Dataset:
    """Return the drawings of a background set.

    Looks at the path; without one, in ``LIKENESS_DATA`` and the cache; and then downloads into
    the cache. The file is the published one, by its SHA-256.

    Args:
        background: "small1" or "small2".
        path: the zip, or a folder that holds it.
        download: whether to download if no copy is found.
        on_progress: called with (bytes received, bytes expected) while downloading.

    Returns:
        items ``(n, 105, 105, 1)``, uint8, ink 0 on paper 255; identities
        «Greek/character01» …; item names «Greek/character01/0394_01», whose last number is
        the drawer's.

    Raises:
        SettingError: there is no such background set.
        DataNotFoundError: the file is not at the given path, or was not found.
        DigestError: the file has another SHA-256.
        OutputError: the cache cannot be written.
        MissingExtraError: pooch is needed to download, and not installed.
    """
    if background not in BACKGROUNDS:
        raise SettingError(
            f"background: expected one of {', '.join(BACKGROUNDS)}. Received: {background!r}."
        )
    return BACKGROUNDS[background].read(
        path,
        read=lambda file: read_background(file, name=f"Omniglot {background}"),
        may_download=download,
        on_progress=on_progress,
    )


def omniglot_runs(
    *,
    path: str | Path | None = None,
    download: bool = True,
    on_progress: OnProgress | None = None,
) -> tuple[OneShotRun, ...]:
    """Return the twenty runs of 20-way one-shot classification, in their order.

    They are searched like a background set in `omniglot`, with the same errors.

    Args:
        path: the zip, or a folder that holds it.
        download: whether to download if no copy is found.
        on_progress: called with (bytes received, bytes expected) while downloading.
    """
    return RUNS.read(path, read=OneShotRun.read, may_download=download, on_progress=on_progress)


def read_background(file: Path, *, name: str) -> Dataset:
    """Return the drawings of a zip in the layout of a background set.

    Args:
        file: holds ``FOLDER/ALPHABET/CHARACTER/DRAWING.png`` for every drawing.
        name: of the data set.

    Raises:
        DataError: it holds no drawings, or a file in it is not a drawing.
    """
    with ZipReader.open(file, most_bytes=_MOST_BYTES) as archive:
        names = sorted(filter(_BACKGROUND.fullmatch, archive.names), key=natural_key)
        items = _drawings(archive, names)
    parts = [path.removesuffix(".png").split("/")[1:] for path in names]
    return Dataset(
        items,
        ["/".join(part[:2]) for part in parts],
        ["/".join(part) for part in parts],
        name=name,
        licence=LICENCE,
    )


_BACKGROUND = re.compile(r"(?:[^/.][^/]*/){3}[^/.][^/]*\.png")  # no hidden files
_LABELS = re.compile(r"run\d+/class_labels\.txt")


def _run(archive: ZipReader, labels: str) -> OneShotRun:
    name = labels.partition("/")[0]
    lines = (archive.read(labels) or b"").decode("utf-8", "replace").split("\n")
    pairs = [line.split() for line in lines if line.strip()]
    if any(len(pair) != 2 for pair in pairs):
        raise DataError(
            f"{archive.file.name}: {labels}: expected two names in each line. Received: other."
        )
    # By name, as the authors read them, so the answer of probe i is not row i.
    gallery = sorted(training for _, training in pairs)
    return OneShotRun(
        name=name,
        gallery=_drawings(archive, gallery),
        probes=_drawings(archive, [test for test, _ in pairs]),
        answers=np.array([gallery.index(training) for _, training in pairs]),
    )


def _drawings(archive: ZipReader, names: Sequence[str]) -> Images:
    if not 0 < len(names) <= _MOST_DRAWINGS:
        raise DataError(
            f"{archive.file.name}: expected drawings (ALPHABET/CHARACTER/DRAWING.png). Received: "
            f"{len(names)} of them."
        )
    return np.stack([archive.grey_picture(name, size=SIZE) for name in names])


omniglot_small1 = partial(omniglot, "small1")
omniglot_small2 = partial(omniglot, "small2")
