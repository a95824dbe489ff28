"""What a result's figures were computed from, so that anybody can compute them again.

With the energies, names and digests of one protocol, the rules in words, and the seed of the
bootstrap, every figure, interval, leak and count of its document follows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from likeness.arrays import Pairs
from likeness.datasets import Dataset
from likeness.evaluation import Evaluation, PairEnergies
from likeness.evaluation.leaks import DIGITS

FORMAT = "likeness.evidence/1"

RULES = {
    "accept": "a pair is accepted if its energy is at most the threshold",
    "bootstrap": (
        "rng = numpy.random.default_rng(seed); for each repetition, fold by fold, as many people "
        "are drawn with replacement (rng.choice) as are in any pair, in the order of `people`; "
        "drawn again where no genuine pair, impostor pair or probe is left; a person drawn w times "
        "weighs w in genuine pairs and as a probe, a pair of people v times w; each figure is the "
        "mean over folds, the interval numpy.quantile (linear) of the repetitions"
    ),
    "eer": "where FAR and FRR, straight between neighbouring thresholds, cross",
    "one_shot": (
        "the k-th photo of every person is enrolled and all other photos are probes, for each k "
        "that every person has; of n equally near people each counts 1/n"
    ),
    "tar_at_far": ("at the largest energy with FAR at most 1 %; left out under 300 impostor pairs"),
}


@dataclass(frozen=True, eq=False, kw_only=True)
class Learned:
    """What a method was trained on, as far as leaks need it.

    Args:
        identities: names of people.
        digests: of the photos, in an order that ``pairs`` index.
        pairs: trained on; None if all pairs of the photos were.
    """

    identities: Sequence[str]
    digests: Sequence[str]
    pairs: Pairs | None = None

    @classmethod
    def of(cls, data: Dataset, pairs: Pairs | None = None) -> "Learned":
        """Return what is known of a data set."""
        return cls(identities=data.distinct, digests=data.item_digests, pairs=pairs)


def evidence(
    methods: Mapping[str, Sequence[Evaluation]],
    tests: Sequence[Dataset],
    learned: Sequence[Learned],
    *,
    bootstrap: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the evidence of one protocol as JSON values.

    Args:
        methods: "network" and the baselines → one evaluation per fold.
        tests: the photos of each fold.
        learned: what each fold was trained on.
        bootstrap: seed, repetitions and level of the intervals.
    """
    folds = []
    for place, (test, known) in enumerate(zip(tests, learned, strict=True)):
        measured = {name: evaluations[place] for name, evaluations in methods.items()}
        folds.append(_fold(measured, test, known))
    return {"format": FORMAT, "bootstrap": dict(bootstrap), "rules": RULES, "folds": folds}


def _fold(measured: Mapping[str, Evaluation], test: Dataset, learned: Learned) -> dict[str, Any]:
    pairs, _ = _in_order(measured["network"].pairs)
    everything = len(test) * (len(test) - 1) // 2
    one_shot = measured["network"].identification is not None
    return {
        "people": list(test.distinct),
        "identities": list(test.identities),
        "items": list(test.item_names),
        "digests": [digest[:DIGITS] for digest in test.item_digests],
        # All pairs i < j of the items in order, unless listed.
        "pairs": "all" if len(pairs) == everything else pairs.tolist(),
        "one_shot": one_shot,
        "methods": {
            name: {
                "threshold": evaluation.threshold,
                "energies": _in_order(evaluation.pairs)[1].tolist(),
            }
            for name, evaluation in measured.items()
        },
        "training": {
            "identities": list(learned.identities),
            "digests": [digest[:DIGITS] for digest in learned.digests],
            "pairs": "all" if learned.pairs is None else learned.pairs.tolist(),
        },
    }


def _in_order(found: PairEnergies) -> tuple[Pairs, Any]:
    """Return all pairs, the smaller indices first, and their energies."""
    pairs = np.concatenate([found.genuine_pairs, found.impostor_pairs])
    energies = np.concatenate([found.genuine, found.impostor])
    order = np.lexsort((pairs[:, 1], pairs[:, 0]))
    return pairs[order], energies[order]
