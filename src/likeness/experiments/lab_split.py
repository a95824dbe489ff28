"""Protocol L, the lab split: pairs of all people, split by scikit-learn's `train_test_split`.

Tutorials report this figure. Every person and nearly every photo of the test pairs was trained on;
the leak report counts them.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from likeness.datasets import Dataset
from likeness.datasets.sampling import LabelledPairs, sample_pairs
from likeness.errors import TooFewError, require_extra
from likeness.evaluation import (
    BASELINES,
    Embedder,
    Evaluation,
    PairEnergies,
    choose_threshold,
    evaluate_pairs,
    find_leaks,
)
from likeness.evaluation.leaks import Learned
from likeness.experiments.pool import JobProgress, run_side_by_side
from likeness.experiments.result import Trained, section_of_trainings
from likeness.reports.content import ProtocolSection
from likeness.training import TrainingProgress, TrainingRecipe

TEST_SHARE = 0.25
FEWEST_PAIRS = 6


def lab_pairs(
    data: Dataset, *, seed: int, test_share: float = TEST_SHARE
) -> tuple[LabelledPairs, LabelledPairs]:
    """Return (training, test) pairs: all genuine ones and as many impostors, split at random.

    Where there are fewer impostor pairs than genuine ones, as many of both as there are impostors.

    Args:
        data: the people and their photos.
        seed: of the impostor pairs and of the split.
        test_share: of the pairs, 0…1.

    Raises:
        MissingExtraError: scikit-learn is not installed.
        TooFewError: there are fewer than six pairs, half of them genuine.
    """
    data.require(identities=2, items_each=2)
    pairs = sample_pairs(data.codes, seed=seed)
    if len(pairs) < FEWEST_PAIRS:
        raise TooFewError(
            f"{data.name}: the lab split needs {FEWEST_PAIRS} pairs or more, half of them genuine, "
            f"so that both kinds are learned and tested. Received: {len(pairs)}. Add photos."
        )
    split = require_extra("sklearn.model_selection").train_test_split
    learned, tested = split(
        np.arange(len(pairs)), test_size=test_share, random_state=seed, stratify=pairs.genuine
    )
    return pairs.take(learned), pairs.take(tested)


@dataclass(frozen=True, eq=False, kw_only=True)
class LabSplitJob:
    """Train on some pairs, and embed all photos: the test pairs use the same photos."""

    recipe: TrainingRecipe
    data: Dataset
    pairs: LabelledPairs

    def __call__(self, tell: Callable[[TrainingProgress], None]) -> Trained:
        """Run it."""
        from likeness.training import train_on_pairs  # late: brings Keras, in the worker only

        trained = train_on_pairs(self.recipe, self.data, self.pairs, on_progress=tell)
        return Trained.of(trained.model, self.data, trained.chosen_on)


def lab_split(
    recipe: TrainingRecipe,
    data: Dataset,
    *,
    partition_seed: int | None = None,
    workers: int | None = None,
    on_progress: Callable[[JobProgress], None] | None = None,
) -> ProtocolSection:
    """Train on pairs of all people, and measure on the pairs left over.

    Args:
        recipe: of mode "pairs".
        data: at least two people with two photos each.
        partition_seed: of the pairs and their split; the recipe's seed if not given.
        workers: unused, as there is one training; for the same signature as other protocols.
        on_progress: called with the progress of the training.
    """
    seed = recipe.seed if partition_seed is None else partition_seed
    split = lab_pairs(data, seed=seed)
    job = LabSplitJob(recipe=recipe, data=data, pairs=split[0])
    (run,) = run_side_by_side([job], workers=workers, on_progress=on_progress)
    return lab_section(data, split, run, seed=seed)


def lab_section(
    data: Dataset, split: tuple[LabelledPairs, LabelledPairs], run: Trained, *, seed: int
) -> ProtocolSection:
    """Make the lab split's result from a network trained on the training pairs."""
    learned, tested = split
    energy = run.record["recipe"]["energy"]
    pairs = PairEnergies.of_pairs(run.embeddings, data.codes, tested, energy=energy)
    measured = evaluate_pairs(pairs, threshold=run.threshold, acquisition=data.acquisition)
    methods = {"network": [replace(measured, chosen_on=run.chosen_on)]}
    for name, fit in BASELINES.items():
        methods[name] = [_lab_baseline(fit(data), data, learned, tested)]
    return section_of_trainings(
        data,
        methods,
        protocol="L",
        title=f"lab split: pairs of all {len(data.distinct)} people, split at random",
        unseen_people=False,
        partition_seed=seed,
        tests=[data],
        trained=[run],
        learned=[Learned.of(data, learned.pairs)],
        leaks=find_leaks(data, data, train_pairs=learned, test_pairs=tested),
    )


def _lab_baseline(
    embedder: Embedder, data: Dataset, learned: LabelledPairs, tested: LabelledPairs
) -> Evaluation:
    """Measure a baseline on the lab split: fitted on all photos, threshold on the training
    pairs.
    """
    embeddings = embedder.embed(data.items)
    trained_on, left_over = (
        PairEnergies.of_pairs(embeddings, data.codes, pairs, energy=embedder.energy)
        for pairs in (learned, tested)
    )
    chosen_on = trained_on.genuine, trained_on.impostor
    measured = evaluate_pairs(
        left_over, threshold=choose_threshold(*chosen_on), acquisition=data.acquisition
    )
    return replace(measured, chosen_on=chosen_on)
