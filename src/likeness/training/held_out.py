"""What is measured on the people held out of a training, for the model's card.

The network is that of the choosing stage, which has never seen them. Its epoch was chosen on
them, though, and so was the threshold: there is no accuracy at it here.
"""

from likeness.arrays import Codes, Energies, Prepared
from likeness.datasets.items import Dataset
from likeness.datasets.sampling import LabelledPairs
from likeness.energies import energy_matrix
from likeness.evaluation import (
    Evaluation,
    evaluate_matrix,
    evaluate_pairs,
    matrix_pair_energies,
)
from likeness.evaluation.leaks import leaks_against
from likeness.evaluation.results import ProtocolResult, protocol_result

REPETITIONS = (100, 500)
"""Fewest and most draws of people behind an interval."""

WORK = 100_000_000
"""So many pairs are counted at most, all draws together."""


def held_out_result(
    measured: Evaluation,
    rest: Dataset,
    held: Dataset,
    prepared: Prepared,
    *,
    seed: int,
    counted: LabelledPairs | None = None,
) -> ProtocolResult:
    """Return the figures on the people held out.

    Args:
        measured: the network on them.
        rest: what it learned from.
        held: the people held out.
        prepared: their photos as the network reads them: raw pixels stand beside it.
        seed: of the training.
        counted: the pairs that count; all if not given.
    """
    pixels = energy_matrix("euclidean", prepared.reshape(len(prepared), -1))
    baseline = evaluate_counted(pixels, held.codes, counted)
    low, high = REPETITIONS
    pairs = len(measured.pairs.genuine) + len(measured.pairs.impostor)
    return protocol_result(
        {"network": [measured], "raw_pixels": [baseline]},
        held,
        leaks_against(rest.distinct, rest.item_digests, held, measured.pairs),
        protocol="held-out",
        title=f"{len(held.distinct)} people held out of training",
        seeds={"recipe": seed},
        repetitions=min(max(low, WORK // pairs), high),
    )


def evaluate_counted(matrix: Energies, codes: Codes, pairs: LabelledPairs | None) -> Evaluation:
    """Measure on the pairs that count; one-shot trials only where all of them do."""
    if pairs is None:
        return evaluate_matrix(matrix, codes, threshold=None)
    return evaluate_pairs(matrix_pair_energies(matrix, codes, pairs), threshold=None)
