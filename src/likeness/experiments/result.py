"""From trained embeddings to a protocol's result; shared by all protocols.

The evidence holds the data behind the figures: from the energies, names and digests of one
protocol, the rules in words, and the seed of the bootstrap, every figure, interval, leak and count
can be recomputed; those of groups with the people's labels too, and those of an open set with the
halves named in the document.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from likeness.arrays import Embeddings, Energies, Pairs
from likeness.datasets import Dataset
from likeness.evaluation import Evaluation, PairEnergies, roc
from likeness.evaluation.baselines import ChosenOn
from likeness.evaluation.leaks import LeakReport, Learned
from likeness.evaluation.results import BOOTSTRAP_SEED, FoldResult, ProtocolResult
from likeness.evaluation.verification import Counter
from likeness.model.siamese_model import SiameseModel
from likeness.reports.content import Curve, Mistake, ProtocolSection, versions

FORMAT = "likeness.evidence/1"
REPETITIONS = 500
"""How often people are drawn again for the intervals."""

RULES = {
    "accept": "a pair is accepted if its energy is at most the threshold",
    "bootstrap": (
        "rng = numpy.random.default_rng(seed); for each repetition, fold by fold, as many people "
        "are drawn with replacement (rng.choice) as are in any pair, in the order of `people`; "
        "drawn again where no genuine pair, impostor pair or probe is left; a person drawn w times "
        "weighs w in genuine pairs and as a probe, a pair of people v times w; each figure is the "
        "mean over folds, the interval numpy.quantile (linear) of the repetitions"
    ),
    "cmc": (
        "at rank R a probe of one_shot counts (R − n) / k, at least 0 and at most 1: n people are "
        "nearer than its own, k as near, itself among them; to the last rank of all folds, or 100"
    ),
    "eer": "where FAR and FRR, straight between neighbouring thresholds, cross",
    "groups": (
        "per group, all of whose people are in a pair or probe: fnmr and fmr (as frr and far, "
        "without fta), fta, one-shot, and fnir over the open set's searches for them; by the "
        "bootstrap, members drawn in the order of "
        "`people` with seed + the place of the label among all, sorted; drawn again where a "
        "figure has nothing left; a high end is 3 / n at least, of n genuine pairs, impostor pairs "
        "or (for fnir) photos; a difference is that of the groups' repetitions, one by one; "
        "worst_over_best of groups of ten people or more, null where the best rate is 0 or (fmr) "
        "under 3 / n of its impostor pairs"
    ),
    "one_shot": (
        "the k-th photo of every person is enrolled and all other photos are probes, for each k "
        "that every person has; of n equally near people each counts 1/n"
    ),
    "open_set": (
        "of each half, the k-th photos are enrolled, k in numpy.linspace(0, n − 1, min(n, "
        "10)).round() with n photos that every person has (K shots: k … k + K − 1, modulo n); "
        "other photos of the half are mated probes, all photos of other people non-mated ones; "
        "fpir: the nearest person is accepted; fnir: 1 − the mean of 1/n (of n nearest people, the "
        "right one among them) where accepted; dir_at: the share found at the largest energy with "
        "fpir at most that, left out under 3 / fpir different non-mated probes"
    ),
    "open_set_bootstrap": (
        "a mated search weighs w, a non-mated one v times w of the stranger and the nearest "
        "person (of equals, the first in `people`); drawn from all who are searched for; again "
        "where a kind has nothing left; a high end is 3 / n at least, of n different probes"
    ),
    "open_set_curves": (
        "the mean dir over folds at each fpir that any fold has, of these at most 200: "
        "numpy.linspace(0, count − 1, 200).round()"
    ),
    "open_set_halves": (
        "rng = numpy.random.default_rng(seed of the halves) in each fold; order = "
        "rng.permutation(people); its first half, then its last, and again"
    ),
    "fta": (
        "of a fold with `not_acquired`, one name a photo without a usable face: fta is their share "
        "of all photos, weighted by people; far and fpir are times (1 − fta), frr and fnir times "
        "that plus fta, one_shot and cmc times it; a last threshold accepts everything"
    ),
    "threshold": (
        "of the energies in `chosen_on`, and of -infinity, those with the least FAR + FRR (within "
        "1e-12); of these the middle one, the upper of two; from there half-way to the next "
        "energy, or that energy itself if it is the last. Without `chosen_on` it came with the "
        "model"
    ),
    "tar_at_far": ("at the largest energy with FAR at most 1 %; left out under 300 impostor pairs"),
}


def _evidence(
    methods: Mapping[str, Sequence[Evaluation]],
    tests: Sequence[Dataset],
    learned: Sequence[Learned],
) -> dict[str, object]:
    """Return the evidence of one protocol as JSON values.

    Args:
        methods: "network" and the baselines → one evaluation per fold.
        tests: the photos of each fold.
        learned: what each fold was trained on.
    """
    folds = []
    for fold, (test, known) in enumerate(zip(tests, learned, strict=True)):
        measured = {name: evaluations[fold] for name, evaluations in methods.items()}
        folds.append(_fold(measured, test, known))
    bootstrap = {"seed": BOOTSTRAP_SEED, "repetitions": REPETITIONS, "level": 0.95}
    return {"format": FORMAT, "bootstrap": bootstrap, "rules": RULES, "folds": folds}


def _fold(measured: Mapping[str, Evaluation], test: Dataset, learned: Learned) -> dict[str, object]:
    pairs, _ = _in_order(measured["network"].pairs)
    everything = len(test) * (len(test) - 1) // 2
    one_shot = measured["network"].identification is not None
    return {
        "people": list(test.distinct),
        "identities": list(test.identities),
        "items": list(test.item_names),
        "digests": test.short_digests,
        # All pairs i < j of the items in order, unless listed.
        "pairs": "all" if len(pairs) == everything else pairs.tolist(),
        "one_shot": one_shot,
        "methods": {
            name: {
                "threshold": evaluation.threshold,
                "energies": _in_order(evaluation.pairs)[1].tolist(),
                "chosen_on": _chosen_on(evaluation),
            }
            for name, evaluation in measured.items()
        },
        "training": learned.to_json(),
        **({} if test.not_acquired is None else {"not_acquired": list(test.not_acquired)}),
    }


def _chosen_on(evaluation: Evaluation) -> dict[str, list[float]] | None:
    """Return the energies that the threshold was chosen on, if it was chosen for this report."""
    if evaluation.chosen_on is None:
        return None
    genuine, impostor = (sorted(energies.tolist()) for energies in evaluation.chosen_on)
    return {"genuine": genuine, "impostor": impostor}


def _in_order(measured: PairEnergies) -> tuple[Pairs, Energies]:
    """Return all pairs, the smaller indices first, and their energies."""
    pairs = np.concatenate([measured.genuine_pairs, measured.impostor_pairs])
    energies = np.concatenate([measured.genuine, measured.impostor])
    order = np.lexsort((pairs[:, 1], pairs[:, 0]))
    return pairs[order], energies[order]


SHOWN_MISTAKES = 8


@dataclass(frozen=True, eq=False, kw_only=True)
class Trained:
    """The output of a training: embeddings of the test photos, not the network.

    Args:
        embeddings: ``(n, d)``, of the photos to embed.
        threshold: chosen on the training side; None if there were too few people.
        record: of the model.
        fingerprint: of the model.
        chosen_on: the energies that the threshold was chosen on; None if there is none.
    """

    embeddings: Embeddings
    threshold: float | None
    record: Mapping[str, Any]
    fingerprint: str
    chosen_on: ChosenOn | None = None

    @classmethod
    def of(cls, model: SiameseModel, test: Dataset, chosen_on: ChosenOn | None) -> "Trained":
        """Return what is kept of a model: at most one pair of energies was chosen on."""
        return cls(
            embeddings=model.embed(np.asarray(test.items)),
            threshold=model.threshold,
            record=model.record,
            fingerprint=model.fingerprint,
            chosen_on=chosen_on,
        )


def section(
    result: ProtocolResult,
    methods: Mapping[str, Sequence[Evaluation]],
    *,
    tests: Sequence[Dataset],
    learned: Sequence[Learned],
) -> ProtocolSection:
    """Put a result together with what its pictures show, and with the evidence.

    Args:
        result: the figures.
        methods: "network" and the baselines → one evaluation per fold.
        tests: the photos that each fold's pairs index.
        learned: what each fold was trained on.
    """
    network = methods["network"]
    return ProtocolSection(
        result=replace(result, versions=versions()),
        genuine=np.concatenate([fold.pairs.genuine for fold in network]),
        impostor=np.concatenate([fold.pairs.impostor for fold in network]),
        curves={name: _curve(folds) for name, folds in methods.items()},
        mistakes=_worst_pairs(network, tests),
        evidence=_evidence(methods, tests, learned),
    )


def section_of_trainings(
    data: Dataset,
    methods: Mapping[str, Sequence[Evaluation]],
    *,
    protocol: str,
    title: str,
    unseen_people: bool,
    partition_seed: int | None,
    tests: Sequence[Dataset],
    trained: Sequence[Trained],
    learned: Sequence[Learned],
    leaks: LeakReport,
) -> ProtocolSection:
    """Put one protocol's result together from its trainings.

    Args:
        data: all of it.
        methods, tests, learned: as of `section`.
        protocol: name of the result.
        title: description of the protocol.
        unseen_people: whether no tested person was in the training data.
        partition_seed: of the split.
        trained: one per fold.
        leaks: of all folds together.
    """
    network = methods["network"]
    recipe = trained[0].record["recipe"]
    thresholds = [fold.threshold for fold in network if fold.threshold is not None]
    result = ProtocolResult.of(
        methods,
        data,
        leaks,
        protocol=protocol,
        title=title,
        seeds={"recipe": recipe["seed"], "partition": partition_seed},
        repetitions=REPETITIONS,
    )
    folds = tuple(
        FoldResult(
            fold=fold,
            people=tuple(test.distinct),
            figures=evaluation.figures,
            threshold=evaluation.threshold,
            threshold_people=tuple(run.record["threshold"]["people"]),
            epochs=run.record["epochs"],
            training_seconds=run.record["seconds"],
            fingerprint=run.fingerprint,
        )
        for fold, (evaluation, test, run) in enumerate(zip(network, tests, trained, strict=True))
    )
    complete = replace(
        result,
        counts=dict(result.counts) | _tested(tests),
        unseen_people=unseen_people,
        threshold=float(np.mean(thresholds)) if thresholds else None,
        folds=folds,
        recipe=recipe,
    )
    return replace(
        section(complete, methods, tests=tests, learned=learned),
        histories=[_history(run.record["histories"]) for run in trained],
    )


def _tested(tests: Sequence[Dataset]) -> dict[str, int]:
    """Return how many people and photos were tested: not all, if not every fold was run."""
    return {
        "identities": len({person for test in tests for person in test.distinct}),
        "items": len({name for test in tests for name in test.item_names}),
    }


def _history(histories: Mapping[str, Mapping[str, list[float]]]) -> Mapping[str, list[float]]:
    """Return the history of the stage with held-out people, or of the only stage."""
    return histories.get("choosing") or histories["final"]


def _curve(folds: Sequence[Evaluation]) -> Curve:
    """Return (FAR, TAR) over the pairs of all folds together."""
    genuine = np.concatenate([fold.pairs.genuine for fold in folds])
    impostor = np.concatenate([fold.pairs.impostor for fold in folds])
    return roc(Counter(genuine, impostor).rates())


def _worst_pairs(folds: Sequence[Evaluation], tests: Sequence[Dataset]) -> list[Mistake]:
    """Return the pairs farthest on the wrong side of their fold's threshold, worst first."""
    mistakes = []
    for fold, test in zip(folds, tests, strict=True):
        if fold.threshold is not None:
            for genuine in (True, False):
                mistakes += _worst(fold.pairs, test, fold.threshold, genuine=genuine)
    mistakes.sort(key=lambda entry: -entry[0])
    kinds = [
        [m for _, m in mistakes if m.genuine is kind][:SHOWN_MISTAKES] for kind in (True, False)
    ]
    return [*kinds[0], *kinds[1]]


def _worst(
    pairs: PairEnergies, test: Dataset, threshold: float, *, genuine: bool
) -> list[tuple[float, Mistake]]:
    energies = pairs.genuine if genuine else pairs.impostor
    indices = pairs.genuine_pairs if genuine else pairs.impostor_pairs
    wrong_by = energies - threshold if genuine else threshold - energies
    worst = np.argsort(-wrong_by, kind="stable")[:SHOWN_MISTAKES]
    return [
        (
            float(wrong_by[index]),
            Mistake(
                left=test.items[indices[index, 0]],
                right=test.items[indices[index, 1]],
                left_name=test.item_names[indices[index, 0]],
                right_name=test.item_names[indices[index, 1]],
                energy=float(energies[index]),
                genuine=genuine,
            ),
        )
        for index in worst
        if wrong_by[index] > 0
    ]
