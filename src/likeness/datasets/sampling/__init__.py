"""Which items to look at together: pairs, P×K batches, N-way K-shot episodes.

Samplers return indices, never items; the seed is an argument.
"""

from likeness.datasets.sampling.batches import identity_batches
from likeness.datasets.sampling.episodes import Episode, episodes
from likeness.datasets.sampling.hard_pairs import hard_pairs
from likeness.datasets.sampling.pairs import LabelledPairs, all_pairs_of, count_pairs, sample_pairs

__all__ = [
    "Episode",
    "LabelledPairs",
    "all_pairs_of",
    "count_pairs",
    "episodes",
    "hard_pairs",
    "identity_batches",
    "sample_pairs",
]
