"""Folds by identity (U4, S20) and the open set: all figures are on unseen people.

Choices inside a fold (epoch, threshold) are made on people of its training side only, by
`likeness.training.train` for the network and by cross-fitting for the baselines. The open set's
folds and trainings are U4's, with half of the test people never enrolled; the threshold in force is
the one chosen on the training side, as in U4.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial

from likeness.arrays import Energies
from likeness.datasets import Dataset, check_disjoint, identity_folds
from likeness.energies import energy_matrix
from likeness.errors import TooFewError
from likeness.evaluation import BASELINES, Evaluation, choose_threshold, evaluate_matrix, find_leaks
from likeness.evaluation.baselines import ChosenOn, FitBaseline, cross_fitted_energies
from likeness.evaluation.leaks import LeakReport, Learned
from likeness.evaluation.open_set import FEWEST_PEOPLE, OpenSet, evaluate_open_set
from likeness.experiments.lab_split import LabSplitJob, lab_pairs, lab_section, lab_split
from likeness.experiments.open_set import HALVES_SEED, with_cmc, with_open_set
from likeness.experiments.pool import Job, JobProgress, run_side_by_side
from likeness.experiments.result import Trained, section_of_trainings
from likeness.reports.content import ProtocolSection
from likeness.training import BATCHES, PAIRS, TrainingProgress, TrainingRecipe

_FOLDS = 4
OPEN_SET = "open-set"

Part = tuple[Dataset, Dataset]
"""(training, test) of one fold."""


@dataclass(frozen=True, eq=False, kw_only=True)
class _UnseenPeopleJob:
    """Train on some people, embed photos of others."""

    recipe: TrainingRecipe
    training: Dataset
    test: Dataset

    def __call__(self, tell: Callable[[TrainingProgress], None]) -> Trained:
        """Run it."""
        from likeness.training import train_and_measure  # late: brings Keras, in the worker only

        trained = train_and_measure(self.recipe, self.training, on_progress=tell)
        return Trained.of(trained.model, self.test, trained.chosen_on)


def unseen_people(
    recipe: TrainingRecipe,
    data: Dataset,
    *,
    folds: int = _FOLDS,
    protocol: str = "U4",
    partition_seed: int | None = None,
    workers: int | None = None,
    on_progress: Callable[[JobProgress], None] | None = None,
) -> ProtocolSection:
    """Train a network per fold and measure each on its unseen people.

    Protocol "open-set" has the CMC too, with everybody enrolled, and searches the test people
    among half of them.

    In a script, call it below ``if __name__ == "__main__":``, because the trainings run in other
    processes.

    Args:
        recipe: of every training.
        data: at least two people per fold, four for an open set, with two photos each.
        folds: how many; each person is tested in one of them.
        protocol: name of the result.
        partition_seed: shuffles the people before they are dealt to the folds.
        workers: parallel trainings; the number of cores if not given.
        on_progress: called with the progress of each training.

    Raises:
        TooFewError: there are too few people or photos.
        OverlapError: one photo is in the data twice, under two people.
    """
    if protocol == OPEN_SET:
        data.require(identities=FEWEST_PEOPLE * folds, items_each=2)
    parts = unseen_people_parts(data, folds, partition_seed=partition_seed)
    runs = run_side_by_side(
        _unseen_people_jobs(recipe, parts), workers=workers, on_progress=on_progress
    )
    return unseen_people_section(
        data, parts, runs, protocol=protocol, partition_seed=partition_seed
    )


def unseen_people_parts(
    data: Dataset, folds: int, *, partition_seed: int | None = None
) -> list[Part]:
    """Return (training, test) of each fold, every one checked before the first is trained.

    Raises:
        TooFewError: a fold has too few people with two photos, or, to learn from, with two
            different ones.
        OverlapError: a photo is on both sides of a fold.
    """
    parts = identity_folds(data, folds, partition_seed=partition_seed)
    for fold, (training, test) in enumerate(parts):
        check_disjoint(training, test, between=("training", "test"))
        try:
            test.require(identities=2, items_each=2)
            training.without_copies().require(identities=2, items_each=2)
        except TooFewError as error:
            raise TooFewError(f"fold {fold} of {folds}: {error} Use fewer folds.") from error
    return parts


def _unseen_people_jobs(recipe: TrainingRecipe, parts: Sequence[Part]) -> list[_UnseenPeopleJob]:
    """Return one training per fold."""
    return [
        _UnseenPeopleJob(recipe=recipe, training=training, test=test) for training, test in parts
    ]


def unseen_people_section(
    data: Dataset,
    parts: Sequence[Part],
    runs: Sequence[Trained],
    *,
    protocol: str,
    partition_seed: int | None,
) -> ProtocolSection:
    """Measure the trained networks and the baselines on the same folds."""
    energies = _fold_energies(parts, runs)
    tests = [test for _, test in parts]
    evaluations = {name: [fold.evaluation() for fold in folds] for name, folds in energies.items()}
    section = section_of_trainings(
        data,
        evaluations,
        protocol=protocol,
        title=f"unseen people: {len(parts)} fold{'s' * (len(parts) > 1)}, "
        f"{len(tests[0].distinct)} people each, never trained on",
        unseen_people=True,
        partition_seed=partition_seed,
        tests=tests,
        trained=runs,
        learned=[Learned.of(training) for training, _ in parts],
        leaks=_sum_of_leaks([find_leaks(a, b) for a, b in parts]),
    )
    if protocol != OPEN_SET:
        return section
    searched = {name: [fold.open_set() for fold in folds] for name, folds in energies.items()}
    return with_open_set(with_cmc(section, evaluations), searched, tests=tests)


@dataclass(frozen=True, eq=False, kw_only=True)
class _FoldEnergies:
    """One method's energies on one fold's test people.

    Args:
        matrix: ``(n, n)``, between all their photos.
        test: those people.
        threshold: chosen on people of the training side; None if there were too few.
        chosen_on: the energies that it was chosen on; None if there is none.
    """

    matrix: Energies
    test: Dataset
    threshold: float | None
    chosen_on: ChosenOn | None

    def evaluation(self) -> Evaluation:
        """Return the figures of all pairs and one-shot trials."""
        measured = evaluate_matrix(
            self.matrix,
            self.test.codes,
            threshold=self.threshold,
            acquisition=self.test.acquisition,
        )
        return replace(measured, chosen_on=self.chosen_on)

    def open_set(self) -> OpenSet:
        """Return the searches with half of the people enrolled."""
        return evaluate_open_set(
            self.matrix,
            self.test.codes,
            threshold=self.threshold,
            acquisition=self.test.acquisition,
            seed=HALVES_SEED,
        )


def _fold_energies(
    parts: Sequence[Part], runs: Sequence[Trained]
) -> dict[str, list[_FoldEnergies]]:
    """Return the energies of the network and of each baseline: method → one per fold."""
    energies = {
        "network": [
            _FoldEnergies(
                matrix=energy_matrix(run.record["recipe"]["energy"], run.embeddings),
                test=test,
                threshold=run.threshold,
                chosen_on=run.chosen_on,
            )
            for run, (_, test) in zip(runs, parts, strict=True)
        ]
    }
    for name, fit in BASELINES.items():
        energies[name] = [_fold_baseline(fit, training, test) for training, test in parts]
    return energies


def _fold_baseline(fit: FitBaseline, training: Dataset, test: Dataset) -> _FoldEnergies:
    embedder = fit(training)
    chosen_on = cross_fitted_energies(fit, training)
    return _FoldEnergies(
        matrix=energy_matrix(embedder.energy, embedder.embed(test.items)),
        test=test,
        threshold=None if chosen_on is None else choose_threshold(*chosen_on),
        chosen_on=chosen_on,
    )


def _sum_of_leaks(reports: Sequence[LeakReport]) -> LeakReport:
    """Return the sums over folds."""
    return LeakReport(
        **{
            field.name: sum(getattr(report, field.name) for report in reports)
            for field in fields(LeakReport)
        }
    )


def lab_and_unseen(
    data: Dataset,
    *,
    lab: TrainingRecipe = PAIRS,
    unseen: TrainingRecipe = BATCHES,
    folds_run: int = _FOLDS,
    workers: int | None = None,
    on_progress: Callable[[JobProgress], None] | None = None,
) -> list[ProtocolSection]:
    """Run protocols L and U4, with all trainings in parallel.

    Args:
        data: at least eight people with two photos each.
        lab: recipe of the lab split, of mode "pairs".
        unseen: recipe of the folds.
        folds_run: how many of U4's four folds, 1…4, the first ones; the result's protocol says it.
        workers: parallel trainings; the number of cores if not given.
        on_progress: called with the progress of each training; the first is the lab split's.
    """
    parts = unseen_people_parts(data, _FOLDS)[:folds_run]
    split = lab_pairs(data, seed=lab.seed)
    lab_job = LabSplitJob(recipe=lab, data=data, pairs=split[0])
    jobs: list[Job] = [lab_job, *_unseen_people_jobs(unseen, parts)]
    lab_run, *runs = run_side_by_side(jobs, workers=workers, on_progress=on_progress)
    protocol = "U4" if folds_run == _FOLDS else f"U4, {folds_run} of {_FOLDS} folds"
    return [
        lab_section(data, split, lab_run, seed=lab.seed),
        unseen_people_section(data, parts, runs, protocol=protocol, partition_seed=None),
    ]


PROTOCOLS: dict[str, Callable[..., ProtocolSection]] = {
    "L": lab_split,
    "S20": partial(unseen_people, folds=2, protocol="S20"),
    "U4": unseen_people,
    OPEN_SET: partial(unseen_people, protocol=OPEN_SET),
}
