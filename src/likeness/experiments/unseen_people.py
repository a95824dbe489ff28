"""Protocols U4 and S20: folds by identity; everything reported is on people never seen.

Whatever needs choosing inside a fold (epoch, threshold) is chosen on people of its training
side only, by `likeness.training.train` for the network and by cross-fitting for the
baselines.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace

from likeness.arrays import Codes, Energies
from likeness.datasets import Dataset, check_disjoint, identity_folds
from likeness.energies import energy_matrix
from likeness.evaluation import BASELINES, Evaluation, choose_threshold, evaluate_matrix, find_leaks
from likeness.evaluation.baselines import ChosenOn, FitBaseline, cross_fitted_energies
from likeness.evaluation.leaks import LeakReport
from likeness.experiments.evidence import Learned
from likeness.experiments.pool import JobProgress, run_side_by_side
from likeness.experiments.result import Trained, section
from likeness.reports.content import ProtocolSection
from likeness.training import TrainingProgress, TrainingRecipe

Part = tuple[Dataset, Dataset]
"""(training, test) of one fold."""


@dataclass(frozen=True, eq=False, kw_only=True)
class UnseenPeopleJob:
    """Train on some people, embed photos of others."""

    recipe: TrainingRecipe
    training: Dataset
    test: Dataset

    def __call__(self, tell: Callable[[TrainingProgress], None]) -> Trained:
        """Run it."""
        from likeness.training import train  # late: brings Keras, in the worker only

        chosen_on: list[ChosenOn] = []
        model = train(self.recipe, self.training, on_progress=tell, on_threshold=chosen_on.append)
        return Trained.of(model, self.test, chosen_on)


def unseen_people(
    recipe: TrainingRecipe,
    data: Dataset,
    *,
    folds: int = 4,
    protocol: str = "U4",
    partition_seed: int | None = None,
    workers: int | None = None,
    on_progress: Callable[[JobProgress], None] | None = None,
) -> ProtocolSection:
    """Train a network per fold and measure each on the people it never saw.

    In a script of your own, call it below ``if __name__ == "__main__":``, because the
    trainings run in processes of their own.

    Args:
        recipe: of every training.
        data: at least two people per fold, with two photos each.
        folds: how many; each person is tested in one of them.
        protocol: what the result is called.
        partition_seed: shuffles the people before they are dealt to the folds.
        workers: trainings side by side; as many as cores if not given.
        on_progress: called with the progress of each training.

    Raises:
        TooFewError: there are too few people or photos.
        OverlapError: one photo is in the data twice, under two people.
    """
    parts = unseen_people_parts(data, folds, partition_seed=partition_seed)
    jobs = unseen_people_jobs(recipe, parts)
    runs = run_side_by_side(jobs, workers=workers, on_progress=on_progress)
    return unseen_people_section(
        data, parts, runs, protocol=protocol, partition_seed=partition_seed
    )


def unseen_people_parts(
    data: Dataset, folds: int, *, partition_seed: int | None = None
) -> list[Part]:
    """Return (training, test) of each fold, and make sure that nothing is in both."""
    parts = identity_folds(data, folds, partition_seed=partition_seed)
    for training, test in parts:
        check_disjoint(training, test, between=("training", "test"))
    return parts


def unseen_people_jobs(recipe: TrainingRecipe, parts: Sequence[Part]) -> list[UnseenPeopleJob]:
    """Return one training per fold."""
    return [
        UnseenPeopleJob(recipe=recipe, training=training, test=test) for training, test in parts
    ]


def unseen_people_section(
    data: Dataset,
    parts: Sequence[Part],
    runs: Sequence[Trained],
    *,
    protocol: str,
    partition_seed: int | None,
) -> ProtocolSection:
    """Measure what the trainings left behind, and the baselines, on the same folds."""
    evaluations = evaluate_folds(fold_energies(parts, runs))
    return folds_section(
        data, parts, runs, evaluations, protocol=protocol, partition_seed=partition_seed
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class FoldEnergies:
    """One method's energies on one fold's test people.

    Args:
        matrix: ``(n, n)``, between all their photos.
        codes: ``(n,)``.
        threshold: chosen on people of the training side; None if there were too few.
        chosen_on: the energies that it was chosen on; None if there is none.
    """

    matrix: Energies
    codes: Codes
    threshold: float | None
    chosen_on: ChosenOn | None


def fold_energies(parts: Sequence[Part], runs: Sequence[Trained]) -> dict[str, list[FoldEnergies]]:
    """Return the energies of the network and of each baseline: method → one per fold."""
    energies = {
        "network": [
            FoldEnergies(
                matrix=energy_matrix(run.record["recipe"]["energy"], run.embeddings),
                codes=test.codes,
                threshold=run.threshold,
                chosen_on=run.chosen_on,
            )
            for run, (_, test) in zip(runs, parts, strict=True)
        ]
    }
    for name, fit in BASELINES.items():
        energies[name] = [_baseline(fit, training, test) for training, test in parts]
    return energies


def evaluate_folds(energies: Mapping[str, Sequence[FoldEnergies]]) -> dict[str, list[Evaluation]]:
    """Measure every method on every fold."""
    return {
        name: [
            replace(
                evaluate_matrix(fold.matrix, fold.codes, threshold=fold.threshold),
                chosen_on=fold.chosen_on,
            )
            for fold in folds
        ]
        for name, folds in energies.items()
    }


def folds_section(
    data: Dataset,
    parts: Sequence[Part],
    runs: Sequence[Trained],
    evaluations: Mapping[str, Sequence[Evaluation]],
    *,
    protocol: str,
    partition_seed: int | None,
) -> ProtocolSection:
    """Put the result of folds by person together."""
    people = len(parts[0][1].distinct)
    return section(
        data,
        evaluations,
        protocol=protocol,
        title=f"unseen people: {len(parts)} folds, {people} people each, never trained on",
        unseen_people=True,
        partition_seed=partition_seed,
        tests=[test for _, test in parts],
        trained=runs,
        learned=[Learned.of(training) for training, _ in parts],
        leaks=_together([find_leaks(a, b) for a, b in parts]),
    )


def _baseline(fit: FitBaseline, training: Dataset, test: Dataset) -> FoldEnergies:
    embedder = fit(training)
    chosen_on = cross_fitted_energies(fit, training)
    return FoldEnergies(
        matrix=energy_matrix(embedder.energy, embedder.embed(test.items)),
        codes=test.codes,
        threshold=None if chosen_on is None else choose_threshold(*chosen_on),
        chosen_on=chosen_on,
    )


def _together(reports: Sequence[LeakReport]) -> LeakReport:
    """Return the sums over folds."""
    return LeakReport(
        **{
            field.name: sum(getattr(report, field.name) for report in reports)
            for field in fields(LeakReport)
        }
    )
