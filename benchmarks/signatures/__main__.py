"""``python -m benchmarks.signatures``: ours and what it must beat, on the same folds of writers."""

import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from benchmarks.signatures.classical import METHODS, Method, Rows
from benchmarks.signatures.ours import Found, Job
from benchmarks.signatures.plot import draw
from benchmarks.signatures.protocols import (
    FARS,
    FOLDS,
    OVERALL,
    PARTITION_SEED,
    RULES,
    Part,
    writer_folds,
)
from benchmarks.signatures.table import markdown
from likeness.arrays import Energies
from likeness.datasets import Dataset, identity_folds
from likeness.datasets.sampling import LabelledPairs
from likeness.energies import energy_matrix
from likeness.evaluation import (
    Evaluation,
    PairEnergies,
    choose_threshold,
    evaluate_pairs,
    people_intervals,
)
from likeness.evaluation.probability import LikelihoodRatio, cllr, min_cllr
from likeness.experiments.pool import JobProgress, run_side_by_side
from likeness.files import to_json
from likeness.reports.content import versions
from likeness.tasks.signatures.dataset import signatures
from likeness.tasks.signatures.model import SIGNATURES
from likeness.training import TrainingRecipe

OURS = "likeness, `--mode signatures`"
HERE = Path(__file__).parent
Counted = Mapping[str, Sequence[LabelledPairs]]
"""Rule → the pairs that count, fold by fold."""


def measure(
    data: Dataset,
    recipe: TrainingRecipe,
    *,
    folds: int = FOLDS,
    workers: int = 1,
    repetitions: int = 500,
    models: Path | None = None,
) -> tuple[dict[str, Any], dict[str, list[Evaluation]]]:
    """Return the document, and the headline's evaluation of each method, fold by fold.

    Args:
        data: signatures, with the facets "name" and "medium".
        recipe: of our network.
        folds: of writers.
        workers: trainings side by side.
        repetitions: draws of writers behind an interval.
        models: folder for the trained models, where earlier ones of the same recipe are taken.
    """
    parts = writer_folds(data, folds=folds)
    counted = {rule: [one.pairs(test) for _, test in parts] for rule, one in RULES.items()}
    jobs = [
        Job(
            recipe=recipe,
            training=training,
            test=test,
            folder=None if models is None else models / f"fold_{fold}",
        )
        for fold, (training, test) in enumerate(parts)
    ]
    found: list[Found] = run_side_by_side(jobs, workers=workers, on_progress=_say)
    matrices = {"likeness": [energy_matrix(one.energy, one.embeddings) for one in found]}
    thresholds: dict[str, list[float]] = {"likeness": [one.threshold for one in found]}
    for name, method in METHODS.items():
        typer.echo(name, err=True)
        rows_of = _described(method, data)
        matrices[name] = [_baseline(method, rows_of(a), rows_of(b)) for a, b in parts]
        thresholds[name] = [_cross_fitted(method, training, rows_of) for training, _ in parts]
    titles = {"likeness": OURS} | {name: method.title for name, method in METHODS.items()}
    headline = {}
    methods = {}
    for name, own in matrices.items():
        typer.echo(f"intervals of {name}", err=True)
        detailed = name == "likeness"
        rules, headline[name] = _figures(
            own, parts, counted, thresholds[name], repetitions, detailed=detailed
        )
        methods[name] = {"title": titles[name], "rules": rules}
    methods["likeness"] |= {
        "recipe": recipe.as_dict(),
        "calibration": _calibration(found, headline["likeness"]),
        "cost": {
            "seconds": max(one.seconds for one in found),
            "parameters": found[0].parameters,
        },
    }
    document = {
        "format": "likeness.benchmark.signatures/1",
        "data": {
            "name": data.name,
            "digest": data.digest,
            "identities": len(data.distinct),
            "items": len(data),
            "drawn": data.drawn,
        },
        "folds": folds,
        "seeds": {"partition": PARTITION_SEED, "recipe": recipe.seed, "bootstrap": 0},
        "repetitions": repetitions,
        "repetitions_by_medium": max(10, repetitions // 5),
        "pairs": {
            rule: {
                "genuine": sum(int(fold.genuine.sum()) for fold in own),
                "impostor": sum(int((~fold.genuine).sum()) for fold in own),
            }
            for rule, own in counted.items()
        },
        "versions": versions(),
        "methods": methods,
    }
    return document, headline


def _described(method: Method, data: Dataset) -> Callable[[Dataset], Rows]:
    """Describe everything once; return what picks out the rows of a part."""
    rows = dict(zip(data.item_names, method.describe(data.items), strict=True))
    return lambda part: np.stack([rows[item] for item in part.item_names])


def _baseline(method: Method, training: Rows, test: Rows) -> Energies:
    rows = method.fit(training)(test).astype(np.float32)
    each = np.split(rows, method.readings, axis=1)
    matrix: Energies = np.min([energy_matrix(method.energy, one) for one in each], axis=0)
    return matrix


def _cross_fitted(method: Method, training: Dataset, rows_of: Callable[[Dataset], Rows]) -> float:
    """Choose a threshold on training writers that the method has taken nothing from."""
    genuine, impostor = [], []
    for rest, held in identity_folds(training, 2, partition_seed=PARTITION_SEED):
        matrix = _baseline(method, rows_of(rest), rows_of(held))
        pairs = PairEnergies.of_matrix(matrix, held.codes, RULES[OVERALL].pairs(held))
        genuine.append(pairs.genuine)
        impostor.append(pairs.impostor)
    return choose_threshold(np.concatenate(genuine), np.concatenate(impostor))


def _figures(
    matrices: Sequence[Energies],
    parts: Sequence[Part],
    counted: Counted,
    thresholds: Sequence[float],
    repetitions: int,
    *,
    detailed: bool,
) -> tuple[dict[str, Any], list[Evaluation]]:
    """Return the figures by rule, and the headline's evaluations.

    Intervals stand in the headline; a fifth of the draws give those of the other rules, where the
    method is shown in detail, and otherwise these have their means only.
    """
    rules, headline = {}, []
    for rule, own in counted.items():
        folds = [
            evaluate_pairs(
                PairEnergies.of_matrix(matrix, test.codes, pairs), threshold=threshold, fars=FARS
            )
            for matrix, (_, test), pairs, threshold in zip(
                matrices, parts, own, thresholds, strict=True
            )
        ]
        headline = folds if rule == OVERALL else headline
        if rule != OVERALL and not detailed:
            means = {
                name: np.mean([fold.figures[name] for fold in folds]) for name in ("auc", "eer")
            }
            rules[rule] = {name: {"mean": float(mean)} for name, mean in means.items()}
            continue
        draws = repetitions if rule == OVERALL else max(10, repetitions // 5)
        # Each rule's own seed, the same for every method and in every process.
        seed = zlib.crc32(rule.encode()) % 1000
        intervals = people_intervals(folds, repetitions=draws, seed=seed)
        rules[rule] = to_json(intervals)
    return rules, headline


def _calibration(found: Sequence[Found], headline: Sequence[Evaluation]) -> dict[str, float]:
    """Return Cllr of the probabilities on the test writers, the mean over folds."""
    measured, least = [], []
    for one, fold in zip(found, headline, strict=True):
        ratio = LikelihoodRatio.from_json(one.ratio)
        measured.append(cllr(ratio.log(fold.pairs.genuine), ratio.log(fold.pairs.impostor)))
        least.append(min_cllr(fold.pairs.genuine, fold.pairs.impostor))
    return {"cllr": float(np.mean(measured)), "min_cllr": float(np.mean(least))}


def _say(progress: JobProgress) -> None:
    told = progress.training
    if told is not None and told.step % max(1, told.steps // 20) == 0:
        auc = "" if told.held_out_auc is None else f", held-out AUC {told.held_out_auc:.4f}"
        typer.echo(
            f"fold {progress.job}: {told.stage}, step {told.step} of {told.steps}, "
            f"loss {told.loss:.2f}{auc}",
            err=True,
        )


def main(
    out: Annotated[Path, typer.Option(help="Folder for results.json, .md and .png.")] = HERE,
    path: Annotated[Path | None, typer.Option(help="The zip, or its folder.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Trainings side by side.")] = 1,
    repetitions: Annotated[int, typer.Option(min=10, help="Draws behind an interval.")] = 500,
    models: Annotated[
        Path | None, typer.Option(help="Keep the trained models here, and take those there are.")
    ] = None,
) -> None:
    """Train a network per fold, measure every method, and write the tables."""
    data = signatures(path)
    document, headline = measure(
        data, SIGNATURES, workers=workers, repetitions=repetitions, models=models
    )
    out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(document, indent=2, allow_nan=False) + "\n"
    (out / "results.json").write_text(text, encoding="utf-8")
    (out / "results.md").write_text(markdown(document), encoding="utf-8")
    draw(document, headline, out / "results.png")
    typer.echo(markdown(document))


if __name__ == "__main__":
    typer.run(main)
