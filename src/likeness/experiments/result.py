"""From trained embeddings to one protocol's result, the same way for every protocol."""

import platform
from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import Any

import numpy as np

from likeness import __version__
from likeness.datasets import Dataset
from likeness.evaluation import Counter, Evaluation, LeakReport, PairEnergies, people_intervals, roc
from likeness.evaluation.figures import watermark
from likeness.experiments.evidence import Learned, evidence
from likeness.experiments.jobs import Trained
from likeness.reports.content import Mistake, ProtocolSection

FORMAT = "likeness.protocol/1"
SHOWN_MISTAKES = 8
BOOTSTRAP_SEED = 0
BOOTSTRAP_REPETITIONS = 500
BOOTSTRAP = {"seed": BOOTSTRAP_SEED, "repetitions": BOOTSTRAP_REPETITIONS, "level": 0.95}
INTERVALS = (
    f"95 %, percentile bootstrap over people, {BOOTSTRAP_REPETITIONS} repetitions, "
    f"seed {BOOTSTRAP_SEED}"
)


def versions() -> dict[str, str]:
    """Return the versions that decide the figures."""
    found = {"likeness": __version__, "python": platform.python_version()}
    for package in ("keras", "tensorflow", "tensorflow-cpu", "jax", "torch", "numpy"):
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def figures_with_intervals(folds: Sequence[Evaluation]) -> dict[str, dict[str, float]]:
    """Return every figure's mean over the folds, with its interval over people."""
    intervals = people_intervals(folds, repetitions=BOOTSTRAP_REPETITIONS, seed=BOOTSTRAP_SEED)
    return {name: interval.as_dict() for name, interval in intervals.items()}


def counts(folds: Sequence[Evaluation], data: Dataset) -> dict[str, int]:
    """Return how many people, photos, pairs and trials stand behind the figures."""
    return {
        "identities": len(data.distinct),
        "items": len(data),
        "folds": len(folds),
        "genuine_pairs": sum(len(fold.pairs.genuine) for fold in folds),
        "impostor_pairs": sum(len(fold.pairs.impostor) for fold in folds),
        "one_shot_trials": sum(
            len(fold.identification.correct) for fold in folds if fold.identification
        ),
    }


def section(
    head: Mapping[str, Any],
    data: Dataset,
    methods: Mapping[str, Sequence[Evaluation]],
    *,
    tests: Sequence[Dataset],
    trained: Sequence[Trained],
    learned: Sequence[Learned],
    leaks: LeakReport,
) -> ProtocolSection:
    """Put one protocol's result together.

    Args:
        head: protocol, title, unseen_people and seeds.
        data: all of it.
        methods: "network" and the baselines → one evaluation per fold.
        tests: the photos that each fold's pairs index.
        trained: one per fold.
        learned: what each fold was trained on.
        leaks: of all folds together.
    """
    network = methods["network"]
    figures = {name: figures_with_intervals(folds) for name, folds in methods.items()}
    thresholds = [fold.threshold for fold in network if fold.threshold is not None]
    document = {
        "format": FORMAT,
        **head,
        "drawn": data.drawn,
        "data": {"name": data.name, "digest": data.digest, "licence": data.licence},
        "counts": counts(network, data),
        "figures": figures.pop("network"),
        "baselines": figures,
        "intervals": INTERVALS,
        "leaks": leaks.leaks,
        "leak_report": leaks.as_dict(),
        "watermark": watermark({"drawn": data.drawn, "leaks": leaks.leaks}),
        "threshold": float(np.mean(thresholds)) if thresholds else None,
        "folds": [
            _fold(number, evaluation, test, run)
            for number, (evaluation, test, run) in enumerate(
                zip(network, tests, trained, strict=True)
            )
        ],
        "recipe": dict(trained[0].record["recipe"]),
        "versions": versions(),
    }
    return ProtocolSection(
        document=document,
        genuine=np.concatenate([fold.pairs.genuine for fold in network]),
        impostor=np.concatenate([fold.pairs.impostor for fold in network]),
        threshold=document["threshold"],
        curves={name: curve_of(folds) for name, folds in methods.items()},
        histories=[_history(run.record["histories"]) for run in trained],
        mistakes=worst_pairs(network, tests),
        evidence=evidence(methods, tests, learned, bootstrap=BOOTSTRAP),
    )


def _fold(number: int, evaluation: Evaluation, test: Dataset, run: Trained) -> dict[str, Any]:
    return {
        "fold": number,
        "people": list(test.distinct),
        "figures": dict(evaluation.figures),
        "threshold": evaluation.threshold,
        "threshold_people": list(run.record["threshold"]["people"]),
        "epochs": run.record["epochs"],
        "training_seconds": run.record["seconds"],
        "fingerprint": run.fingerprint,
    }


def _history(histories: Mapping[str, Mapping[str, list[float]]]) -> Mapping[str, list[float]]:
    """Return the stage that was watched on held-out people, or the only one."""
    return histories.get("choosing") or histories["final"]


def curve_of(folds: Sequence[Evaluation]) -> Any:
    """Return (FAR, TAR) over the pairs of all folds together."""
    genuine = np.concatenate([fold.pairs.genuine for fold in folds])
    impostor = np.concatenate([fold.pairs.impostor for fold in folds])
    return roc(Counter(genuine, impostor).rates())


def worst_pairs(folds: Sequence[Evaluation], tests: Sequence[Dataset]) -> list[Mistake]:
    """Return the pairs farthest on the wrong side of their fold's threshold, worst first."""
    found = []
    for fold, test in zip(folds, tests, strict=True):
        if fold.threshold is not None:
            for genuine in (True, False):
                found += _worst(fold.pairs, test, fold.threshold, genuine=genuine)
    found.sort(key=lambda entry: -entry[0])
    kinds = [[m for _, m in found if m.genuine is kind][:SHOWN_MISTAKES] for kind in (True, False)]
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
            float(wrong_by[place]),
            Mistake(
                left=test.items[indices[place, 0]],
                right=test.items[indices[place, 1]],
                left_name=test.item_names[indices[place, 0]],
                right_name=test.item_names[indices[place, 1]],
                energy=float(energies[place]),
                genuine=genuine,
            ),
        )
        for place in worst
        if wrong_by[place] > 0
    ]
