"""All figures of an embedder on people it has never seen."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from likeness.arrays import Codes, Embeddings, Energies, Images
from likeness.datasets.items import Dataset
from likeness.energies import energy_matrix
from likeness.evaluation.figures import FigureName
from likeness.evaluation.identification import Identification, one_shot_each_item
from likeness.evaluation.pair_energies import PairEnergies, matrix_pair_energies
from likeness.evaluation.verification import (
    ErrorRates,
    accuracy_at,
    auc,
    equal_error_rate,
    error_rates,
    is_evidence,
    tar_at_far,
)

ChosenOn = tuple[Energies, Energies]
"""Energies of genuine and of impostor pairs, of people on the training side."""

FARS = (0.01,)
"""The false acceptance rates at which the true acceptance rate is reported."""


class Embedder(Protocol):
    """What evaluation knows of a model."""

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
            on, where they are known.
        fars: the false acceptance rates at which the true acceptance rate is among the figures.
    """

    pairs: PairEnergies
    identification: Identification | None
    threshold: float | None
    figures: Mapping[FigureName, float]
    chosen_on: ChosenOn | None = None
    fars: tuple[float, ...] = FARS


def evaluate_unseen(embedder: Embedder, test: Dataset, *, threshold: float | None) -> Evaluation:
    """Measure an embedder on all pairs and all one-shot trials of a data set.

    Raises:
        TooFewError: there are fewer than two people with two photos each.
    """
    test.require(identities=2, items_each=2)
    embeddings = embedder.embed(test.items)
    return evaluate_matrix(
        energy_matrix(embedder.energy, embeddings), test.codes, threshold=threshold
    )


def evaluate_matrix(matrix: Energies, codes: Codes, *, threshold: float | None) -> Evaluation:
    """Measure on the ``(n, n)`` energies between all items.

    Raises:
        TooFewError: there are no two people, or none with two photos.
        DataError: the matrix does not fit the codes, or an energy is NaN.
    """
    return evaluate_pairs(
        matrix_pair_energies(matrix, codes),
        threshold=threshold,
        identification=one_shot_each_item(matrix, codes),
    )


def evaluate_pairs(
    pairs: PairEnergies,
    *,
    threshold: float | None,
    identification: Identification | None = None,
    fars: tuple[float, ...] = FARS,
) -> Evaluation:
    """Measure on energies of pairs, and one-shot trials if there were any.

    Args:
        pairs: the energies.
        threshold: in force; None if there is none.
        identification: the trials.
        fars: at which false acceptance rates the true acceptance rate is reported.

    Raises:
        TooFewError: there are no genuine or no impostor pairs.
    """
    rates = error_rates(pairs.genuine, pairs.impostor)
    figures = rate_figures(rates, threshold, fars)
    if identification is not None:
        figures[FigureName("one_shot", identification.ways)] = identification.rate
    return Evaluation(
        pairs=pairs,
        identification=identification,
        threshold=threshold,
        figures=figures,
        fars=fars,
    )


def rate_figures(
    rates: ErrorRates, threshold: float | None, fars: tuple[float, ...] = FARS
) -> dict[FigureName, float]:
    """Return the figures of verification, by name."""
    figures: dict[FigureName, float] = {
        FigureName("auc"): auc(rates),
        FigureName("eer"): equal_error_rate(rates),
    }
    for far in fars:
        if is_evidence(rates, far):
            figures[FigureName("tar_at_far", far)] = tar_at_far(rates, far)
    if threshold is not None:
        figures[FigureName("accuracy")] = accuracy_at(rates, threshold)
    return figures
