"""One seed for a training, and a seed of its own for each random thing in it."""

import numpy as np

_OFFSETS = {
    "initial weights": 0,
    "augmentation": 1,
    "class directions": 2,
    "elastic distortion": 3,
    "stroke jitter": 4,
    "projection head": 5,
    "elastic identities": 100,  # and those after it, one for each further time
}
"""What a random thing adds to the seed of the training. Published figures hang on them: a new
thing takes a number that no other has."""

_MEMBERS_APART = 1_000_003
"""Between the seeds of two networks of an ensemble: all seeds around one belong to it."""


def child_seed(seed: int, name: str, index: int = 0) -> int:
    """Return the seed of one random thing.

    Args:
        seed: of the training.
        name: of the thing.
        index: which one, where there are several.

    Raises:
        KeyError: there is no random thing of this name.

    >>> child_seed(7, "initial weights"), child_seed(7, "stroke jitter")
    (7, 11)
    """
    return seed + _OFFSETS[name] + index


def epoch_seed(seed: int, epoch: int) -> int:
    """Return the seed of what an epoch draws, its batches or its pairs."""
    return int(np.random.SeedSequence([seed, epoch]).generate_state(1)[0])


def member_seed(seed: int, member: int) -> int:
    """Return the seed of one network of an ensemble; the first one's is that of the training."""
    return (seed + member * _MEMBERS_APART) % 2**31
