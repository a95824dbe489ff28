"""All figures of an embedder on unseen people, and the baselines to compare with.

The baselines are raw pixels and Fisherfaces.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from likeness.arrays import (
    Codes,
    Embeddings,
    Energies,
    Floats,
    Images,
    check_images,
    check_in_range,
    describe,
)
from likeness.datasets.items import Acquisition, Dataset, identity_folds
from likeness.energies import energy_matrix
from likeness.errors import DataError, TooFewError, require_extra
from likeness.evaluation.figures import FigureName
from likeness.evaluation.identification import Identification, one_shot_each_item
from likeness.evaluation.pair_energies import PairEnergies
from likeness.evaluation.verification import choose_threshold, error_rates

ChosenOn = tuple[Energies, Energies]
"""Energies of genuine and of impostor pairs, of people on the training side."""

FARS = (0.01,)
"""The false acceptance rates at which the true acceptance rate is reported."""


class Embedder(Protocol):
    """The interface of a model for evaluation."""

    @property
    def energy(self) -> str:
        """The name of its energy."""

    def embed(self, images: Images, /) -> Embeddings:
        """Return ``(n, d)`` embeddings of ``(n, rows, columns, channels)`` photos."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Evaluation:
    """What was measured on one set of items.

    Args:
        pairs: the energies behind it.
        identification: the one-shot trials; None where there were none.
        threshold: chosen on the training side; None if there was none.
        figures: by name, rates 0…1: "auc", "eer", "tar_at_far_1e-2" (left out where the
            pairs are too few to show it), "accuracy" (left out without a threshold), and
            "one_shot_Nway".
        chosen_on: the energies of genuine and of impostor pairs that the threshold was chosen
            on, if known.
        fars: the false acceptance rates at which the true acceptance rate is among the figures.
        acquisition: photos without a usable face; they count as rejected in all figures, and their
            share is the figure "fta". None where no face was looked for.
    """

    pairs: PairEnergies
    identification: Identification | None
    threshold: float | None
    figures: Mapping[FigureName, float]
    chosen_on: ChosenOn | None = None
    fars: tuple[float, ...] = FARS
    acquisition: Acquisition | None = None

    def fta(self, weights: Floats | None = None) -> float:
        """Return the failure-to-acquire rate, people weighted; 0 where no face was looked for."""
        return 0.0 if self.acquisition is None else self.acquisition.rate(weights)

    def acquired(self) -> "Evaluation":
        """Return it with the figures of the acquired photos alone."""
        measured = evaluate_pairs(
            self.pairs,
            threshold=self.threshold,
            identification=self.identification,
            fars=self.fars,
        )
        return replace(measured, chosen_on=self.chosen_on)


def evaluate_unseen(embedder: Embedder, test: Dataset, *, threshold: float | None) -> Evaluation:
    """Measure an embedder on all pairs and all one-shot trials of a data set.

    Raises:
        TooFewError: there are fewer than two people with two photos each.
    """
    test.require(identities=2, items_each=2)
    embeddings = embedder.embed(test.items)
    return evaluate_matrix(
        energy_matrix(embedder.energy, embeddings),
        test.codes,
        threshold=threshold,
        acquisition=test.acquisition,
    )


def evaluate_matrix(
    matrix: Energies,
    codes: Codes,
    *,
    threshold: float | None,
    acquisition: Acquisition | None = None,
) -> Evaluation:
    """Measure on the ``(n, n)`` energies between all items.

    Args:
        matrix, codes: of the acquired items.
        threshold, acquisition: as of `evaluate_pairs`.

    Raises:
        TooFewError: there are no two people, or none with two photos.
        DataError: the matrix does not fit the codes, or an energy is NaN.
    """
    return evaluate_pairs(
        PairEnergies.of_matrix(matrix, codes),
        threshold=threshold,
        identification=one_shot_each_item(matrix, codes),
        acquisition=acquisition,
    )


def evaluate_pairs(
    pairs: PairEnergies,
    *,
    threshold: float | None,
    identification: Identification | None = None,
    fars: tuple[float, ...] = FARS,
    acquisition: Acquisition | None = None,
) -> Evaluation:
    """Measure on energies of pairs, and one-shot trials if there were any.

    Args:
        pairs: the energies.
        threshold: the model's threshold; None if there is none.
        identification: the trials.
        fars: at which false acceptance rates the true acceptance rate is reported.
        acquisition: of the photos behind the pairs, where a face was looked for.

    Raises:
        TooFewError: there are no genuine or no impostor pairs.
    """
    fta = 0.0 if acquisition is None else acquisition.rate()
    figures = error_rates(pairs.genuine, pairs.impostor).counting(fta).figures(threshold, fars)
    if identification is not None:
        rate = identification.rate * (1 - fta)
        figures[FigureName("one_shot", identification.ways)] = rate
    if acquisition is not None:
        figures[FigureName("fta")] = fta
    return Evaluation(
        pairs=pairs,
        identification=identification,
        threshold=threshold,
        figures=figures,
        fars=fars,
        acquisition=acquisition,
    )


COMPONENTS = 150


@dataclass(frozen=True)
class RawPixels:
    """Pixels 0…1 as the embedding, compared by the Euclidean distance."""

    energy: str = "euclidean"

    @classmethod
    def fit(cls, train: Dataset) -> "RawPixels":
        """Return them: there is nothing to learn."""
        return cls()

    def embed(self, images: Images) -> Embeddings:
        """Return ``(n, rows · columns · channels)``."""
        check_images(images)
        return (images.reshape(len(images), -1) / 255.0).astype(np.float32)


@dataclass(frozen=True, eq=False, kw_only=True)
class Fisherfaces:
    """PCA, then linear discriminant analysis with shrinkage, compared by the cosine.

    P. Belhumeur, J. Hespanha, D. Kriegman, «Eigenfaces vs. Fisherfaces», PAMI 1997. The
    textbook form keeps N−C components and collapses on unseen people; 150 components and
    the shrinkage of Ledoit & Wolf (2004) make it a strong baseline.

    Args:
        mean: ``(pixels,)`` of the training photos, pixels 0…1.
        axes: ``(pixels, components)``, the principal components.
        discriminant: projected photos ``(n, components)`` → ``(n, identities − 1)``.
        energy: by which embeddings are compared.
    """

    mean: Floats
    axes: Floats
    discriminant: Callable[[Floats], Floats]
    energy: str = "cosine"

    @classmethod
    def fit(cls, train: Dataset) -> "Fisherfaces":
        """Learn them from photos of at least two people.

        Copies, and people with a single photo, are left out: they have no within-person
        variance.

        Raises:
            MissingExtraError: scikit-learn is not installed.
            TooFewError: fewer than two people have two different photos.
        """
        analysis = require_extra("sklearn.discriminant_analysis")
        train, everything = _with_differences(train), train
        if len(train.distinct) < 2:
            raise TooFewError(
                f"{everything.name}: Fisherfaces need two people with two different photos each. "
                f"Received: {len(everything)} photos of {len(everything.distinct)} people, "
                f"{len(train.distinct)} of them with two different ones."
            )
        pixels = RawPixels().embed(train.items).astype(np.float64)
        mean = pixels.mean(axis=0)
        axes = _principal_axes(pixels - mean, COMPONENTS)
        projected = (pixels - mean) @ axes
        lda = analysis.LinearDiscriminantAnalysis(
            solver="eigen", shrinkage=_shrinkage(projected, train.codes)
        )
        lda.fit(projected, train.codes)
        return cls(mean=mean, axes=axes, discriminant=lda.transform)

    def embed(self, images: Images) -> Embeddings:
        """Return ``(n, identities − 1)``.

        Raises:
            DataError: the photos have another size than the training photos.
        """
        pixels = RawPixels().embed(images)
        if pixels.shape[1] != len(self.mean):
            raise DataError(
                f"images: expected photos of {len(self.mean)} pixels, as in training. "
                f"Received: {describe(images)}."
            )
        projected = (pixels - self.mean) @ self.axes
        return np.asarray(self.discriminant(projected), dtype=np.float32)


def _principal_axes(centred: Floats, components: int) -> Floats:
    """Return at most ``count`` principal components as columns, the strongest first.

    By the Gram matrix if there are fewer photos than pixels, which is many times faster (M. Turk &
    A. Pentland, «Eigenfaces for Recognition», 1991).
    """
    few_photos = len(centred) < centred.shape[1]
    products = centred @ centred.T if few_photos else centred.T @ centred
    squared, vectors = np.linalg.eigh(products)
    # n photos around their mean span at most n−1 directions; the rest is rounding.
    real = squared > squared[-1] * len(squared) * np.finfo(np.float64).eps
    strongest = np.flatnonzero(real)[::-1][:components]
    axes = vectors[:, strongest]
    return np.asarray(centred.T @ axes / np.sqrt(squared[strongest]) if few_photos else axes)


def _shrinkage(projected: Floats, codes: Codes) -> float | str:
    """Return "auto", or a fixed shrinkage where "auto" fails.

    "auto" estimates the noise within each person. With two photos per person, both have the same
    outer product around their mean, no noise is visible, and the covariance stays singular; a
    shrinkage of 0.01 then keeps it regular.
    """
    if np.bincount(codes).max() > 2:
        return "auto"
    means = np.stack([projected[codes == code].mean(axis=0) for code in np.unique(codes)])
    within = projected - means[codes]
    shrinkage = require_extra("sklearn.covariance").ledoit_wolf_shrinkage(within)
    return max(float(shrinkage), 0.01)


def _with_differences(data: Dataset) -> Dataset:
    """Return the identities that have two different items or more, without the copies."""
    single = data.without_copies()
    return single.take(np.bincount(single.codes, minlength=1)[single.codes] >= 2)


FitBaseline = Callable[[Dataset], Embedder]

BASELINES: dict[str, FitBaseline] = {"raw_pixels": RawPixels.fit, "fisherfaces": Fisherfaces.fit}
"""By name; each learns from a training set and returns an embedder."""


def cross_fitted_threshold(
    fit: FitBaseline, train: Dataset, *, folds: int = 3, partition_seed: int | None = None
) -> float | None:
    """Choose a threshold on training people that the method was not fitted to (cross-fitting).

    The training people with two different photos or more are dealt to folds; each fold is
    embedded by a method fitted on the others, and the threshold is the best one on all those
    energies together.

    Args:
        fit: learns the method from a training set.
        train: the training people.
        folds: how many, 2 or more; fewer if there are fewer than two people for each.
        partition_seed: shuffles the people before they are dealt to the folds.

    Returns:
        The threshold; None where fewer than four people have two different photos.

    Raises:
        SettingError: ``folds`` is out of its range.
    """
    energies = cross_fitted_energies(fit, train, folds=folds, partition_seed=partition_seed)
    return None if energies is None else choose_threshold(*energies)


def cross_fitted_energies(
    fit: FitBaseline, train: Dataset, *, folds: int = 3, partition_seed: int | None = None
) -> ChosenOn | None:
    """Return the energies that `cross_fitted_threshold` chooses on: of genuine, of impostor pairs.

    None where fewer than four people have two different photos.

    Raises:
        SettingError: ``folds`` is out of its range.
    """
    check_in_range(folds, 2, 2**30, argument="folds", whole=True)
    train = _with_differences(train)
    folds = min(folds, len(train.distinct) // 2)
    if folds < 2:
        return None
    genuine, impostor = [], []
    for rest, held in identity_folds(train, folds, partition_seed=partition_seed):
        embedder = fit(rest)
        matrix = energy_matrix(embedder.energy, embedder.embed(held.items))
        pairs = PairEnergies.of_matrix(matrix, held.codes)
        genuine.append(pairs.genuine)
        impostor.append(pairs.impostor)
    return np.concatenate(genuine), np.concatenate(impostor)
