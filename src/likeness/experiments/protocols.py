"""The protocols by name, each (recipe, data, ...) → `ProtocolSection`; «open set» among them.

Its folds and trainings are U4's, with half of the test people never enrolled. The threshold in
force is the one chosen on the training side, as in U4.
"""

from collections.abc import Callable, Sequence
from functools import partial

from likeness.datasets import Dataset
from likeness.evaluation.open_set import FEWEST_PEOPLE, evaluate_open_set
from likeness.experiments.lab_split import lab_split
from likeness.experiments.open_set import HALVES_SEED, with_cmc, with_open_set
from likeness.experiments.pool import JobProgress, run_side_by_side
from likeness.experiments.result import Trained
from likeness.experiments.unseen_people import (
    Part,
    evaluate_folds,
    fold_energies,
    folds_section,
    unseen_people,
    unseen_people_jobs,
    unseen_people_parts,
)
from likeness.reports.content import ProtocolSection
from likeness.training import TrainingRecipe


def open_set(
    recipe: TrainingRecipe,
    data: Dataset,
    *,
    folds: int = 4,
    partition_seed: int | None = None,
    workers: int | None = None,
    on_progress: Callable[[JobProgress], None] | None = None,
) -> ProtocolSection:
    """Train a network per fold, and search the people it never saw among half of them.

    The section holds U4's figures on the same folds, the CMC with everybody enrolled, and the
    open set. Arguments are those of `unseen_people`.

    Raises:
        TooFewError: there are too few people or photos; four people per fold are needed.
        OverlapError: one photo is in the data twice, under two people.
    """
    data.require(identities=FEWEST_PEOPLE * folds, items_each=2)
    parts = unseen_people_parts(data, folds, partition_seed=partition_seed)
    runs = run_side_by_side(
        unseen_people_jobs(recipe, parts), workers=workers, on_progress=on_progress
    )
    return open_set_section(data, parts, runs, partition_seed=partition_seed)


def open_set_section(
    data: Dataset, parts: Sequence[Part], runs: Sequence[Trained], *, partition_seed: int | None
) -> ProtocolSection:
    """Measure what the trainings left behind, and the baselines, on the same folds."""
    energies = fold_energies(parts, runs)
    evaluations = evaluate_folds(energies)
    section = folds_section(
        data, parts, runs, evaluations, protocol="open-set", partition_seed=partition_seed
    )
    searched = {
        name: [
            evaluate_open_set(fold.matrix, fold.codes, threshold=fold.threshold, seed=HALVES_SEED)
            for fold in each
        ]
        for name, each in energies.items()
    }
    tests = [test for _, test in parts]
    return with_open_set(with_cmc(section, evaluations), searched, tests=tests)


PROTOCOLS: dict[str, Callable[..., ProtocolSection]] = {
    "L": lab_split,
    "S20": partial(unseen_people, folds=2, protocol="S20"),
    "U4": partial(unseen_people, folds=4, protocol="U4"),
    "open-set": open_set,
}
