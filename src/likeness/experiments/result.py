"""From trained embeddings to one protocol's result, the same way for every protocol."""

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from typing import Any

import numpy as np

from likeness import __version__
from likeness.arrays import Embeddings
from likeness.datasets import Dataset
from likeness.evaluation import Evaluation, roc
from likeness.evaluation.baselines import ChosenOn
from likeness.evaluation.leaks import LeakReport
from likeness.evaluation.pair_energies import PairEnergies
from likeness.evaluation.results import FoldResult, protocol_result
from likeness.evaluation.verification import Counter
from likeness.experiments.evidence import REPETITIONS, Learned, evidence
from likeness.model.siamese_model import SiameseModel
from likeness.reports.content import Curve, Mistake, ProtocolSection

SHOWN_MISTAKES = 8


def versions() -> dict[str, str]:
    """Return the versions that decide the figures."""
    known = {"likeness": __version__, "python": platform.python_version()}
    for package in ("keras", "tensorflow", "tensorflow-cpu", "jax", "torch", "numpy"):
        try:
            known[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return known


@dataclass(frozen=True, eq=False, kw_only=True)
class Trained:
    """What a training leaves behind: embeddings of the test photos, not the network.

    Args:
        embeddings: ``(n, d)``, of the photos that were to be embedded.
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
    def of(cls, model: SiameseModel, test: Dataset, chosen_on: Sequence[ChosenOn]) -> "Trained":
        """Return what is kept of a model: at most one pair of energies was chosen on."""
        return cls(
            embeddings=model.embed(np.asarray(test.items)),
            threshold=model.threshold,
            record=model.record,
            fingerprint=model.fingerprint,
            chosen_on=chosen_on[0] if chosen_on else None,
        )


def section(
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
    """Put one protocol's result together.

    Args:
        data: all of it.
        methods: "network" and the baselines → one evaluation per fold.
        protocol: what the result is called.
        title: what was done, in words.
        unseen_people: whether nobody tested was trained on.
        partition_seed: of the split.
        tests: the photos that each fold's pairs index.
        trained: one per fold.
        learned: what each fold was trained on.
        leaks: of all folds together.
    """
    network = methods["network"]
    recipe = trained[0].record["recipe"]
    thresholds = [fold.threshold for fold in network if fold.threshold is not None]
    result = protocol_result(
        methods,
        data,
        leaks,
        protocol=protocol,
        title=title,
        seeds={"recipe": recipe["seed"], "partition": partition_seed},
        repetitions=REPETITIONS,
    )
    return ProtocolSection(
        result=replace(
            result,
            unseen_people=unseen_people,
            threshold=float(np.mean(thresholds)) if thresholds else None,
            folds=tuple(
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
                for fold, (evaluation, test, run) in enumerate(
                    zip(network, tests, trained, strict=True)
                )
            ),
            recipe=recipe,
            versions=versions(),
        ),
        genuine=np.concatenate([fold.pairs.genuine for fold in network]),
        impostor=np.concatenate([fold.pairs.impostor for fold in network]),
        curves={name: curve_of(folds) for name, folds in methods.items()},
        histories=[_history(run.record["histories"]) for run in trained],
        mistakes=worst_pairs(network, tests),
        evidence=evidence(methods, tests, learned),
    )


def _history(histories: Mapping[str, Mapping[str, list[float]]]) -> Mapping[str, list[float]]:
    """Return the stage that was watched on held-out people, or the only one."""
    return histories.get("choosing") or histories["final"]


def curve_of(folds: Sequence[Evaluation]) -> Curve:
    """Return (FAR, TAR) over the pairs of all folds together."""
    genuine = np.concatenate([fold.pairs.genuine for fold in folds])
    impostor = np.concatenate([fold.pairs.impostor for fold in folds])
    return roc(Counter(genuine, impostor).rates())


def worst_pairs(folds: Sequence[Evaluation], tests: Sequence[Dataset]) -> list[Mistake]:
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
