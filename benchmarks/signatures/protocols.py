"""Writer-disjoint folds, and which pairs each table counts.

Everybody writes the same ten names, each once on each of four media. So a genuine pair of one
name is always on two media, and the impostor pairs beside it are too: of one name, on two media.
On one medium a writer's two signatures are of two names, and then the impostors' are as well.
Either way what is written says nothing of who wrote it.
"""

from itertools import combinations

from likeness.datasets import Dataset, check_disjoint, identity_folds
from likeness.evaluation import PairRule
from likeness.tasks.signatures.dataset import MEDIA

FOLDS = 3
PARTITION_SEED = 0
FARS = (0.01, 0.001)

OVERALL = "one name, two media"

RULES = {
    OVERALL: PairRule(same=("name",), different=("medium",)),
    **{
        f"{one} against {other}": PairRule(same=("name",), between=(("medium", one, other),))
        for one, other in combinations(MEDIA, 2)
    },
    **{
        f"two names, both on {medium}": PairRule(
            different=("name",), between=(("medium", medium, medium),)
        )
        for medium in MEDIA
    },
    "two names, two media": PairRule(different=("name", "medium")),
}
"""The tables' rows by name: the headline, across media, on one medium, and the hardest."""

Part = tuple[Dataset, Dataset]
"""(training, test) of one fold."""


def writer_folds(data: Dataset, *, folds: int = FOLDS) -> list[Part]:
    """Return (training, test) of each fold; no writer and no picture is in both."""
    parts = identity_folds(data, folds, partition_seed=PARTITION_SEED)
    for training, test in parts:
        check_disjoint(training, test, between=("training", "test"))
    return parts
