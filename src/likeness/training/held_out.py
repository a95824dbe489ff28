"""What is measured on the people held out of a training, for the model's card.

The network is that of the choosing stage, which has never seen them. Its epoch was chosen on
them, though, and so was the threshold: there is no accuracy at it here.
"""

from typing import Any

from likeness.arrays import Codes, Energies, Prepared
from likeness.datasets.items import Dataset
from likeness.datasets.sampling import LabelledPairs
from likeness.energies import energy_matrix
from likeness.evaluation import (
    Evaluation,
    evaluate_matrix,
    evaluate_pairs,
    leaks_against,
    matrix_pair_energies,
    people_intervals,
)
from likeness.evaluation.figures import watermark

FORMAT = "likeness.protocol/1"
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
) -> dict[str, Any]:
    """Return the figures on the people held out, as a protocol's JSON document.

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
    leaks = leaks_against(rest.distinct, rest.item_digests, held, measured.pairs)
    low, high = REPETITIONS
    pairs = len(measured.pairs.genuine) + len(measured.pairs.impostor)
    repetitions = min(max(low, WORK // pairs), high)
    return {
        "format": FORMAT,
        "protocol": "held-out",
        "title": f"{len(held.distinct)} people held out of training",
        "unseen_people": leaks.leaks == 0,
        "drawn": held.drawn,
        "data": {"name": held.name, "digest": held.digest, "licence": held.licence},
        "counts": {
            "identities": len(held.distinct),
            "items": len(held),
            "genuine_pairs": len(measured.pairs.genuine),
            "impostor_pairs": len(measured.pairs.impostor),
            "one_shot_trials": (
                len(measured.identification.correct) if measured.identification else 0
            ),
        },
        "figures": _figures(measured, repetitions),
        "baselines": {
            "raw_pixels": _figures(baseline, repetitions),
        },
        "intervals": f"95 %, percentile bootstrap over people, {repetitions} repetitions, seed 0",
        "leaks": leaks.leaks,
        "leak_report": leaks.as_dict(),
        "watermark": watermark({"drawn": held.drawn, "leaks": leaks.leaks}),
        "seeds": {"recipe": seed},
    }


def evaluate_counted(matrix: Energies, codes: Codes, pairs: LabelledPairs | None) -> Evaluation:
    """Measure on the pairs that count; one-shot trials only where all of them do."""
    if pairs is None:
        return evaluate_matrix(matrix, codes, threshold=None)
    return evaluate_pairs(matrix_pair_energies(matrix, codes, pairs), threshold=None)


def _figures(measured: Evaluation, repetitions: int) -> dict[str, dict[str, float]]:
    found = people_intervals([measured], repetitions=repetitions, seed=0)
    return {name: figure.as_dict() for name, figure in found.items()}
