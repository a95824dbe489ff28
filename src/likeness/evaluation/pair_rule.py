"""`PairRule`: which pairs count.

All of them, usually. Where something besides the identity makes two items alike (the same text,
the same pen), a figure over all pairs would be about that; then only pairs that agree in it, or
only pairs that differ in it, say something about the identity.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from likeness.datasets.items import Dataset
from likeness.datasets.sampling import LabelledPairs, all_pairs_of
from likeness.errors import TooFewError


@dataclass(frozen=True, kw_only=True)
class PairRule:
    """Which pairs of a data set count, by the facets of their items.

    Args:
        same: facets in which both items of a pair have one label.
        different: facets in which they have two.
        between: (facet, label, label): one item has the one, the other item the other; the two
            may be equal.

    >>> import numpy as np
    >>> data = Dataset(
    ...     np.zeros((4, 1)), list("aabb"), facets={"text": list("xyxx"), "pen": list("ppqp")}
    ... )
    >>> PairRule(same=("text",)).pairs(data).pairs.tolist()
    [[0, 2], [0, 3], [2, 3]]
    >>> PairRule(same=("text",), different=("pen",)).pairs(data).pairs.tolist()
    [[0, 2], [2, 3]]
    >>> PairRule(between=(("pen", "p", "q"),)).pairs(data).pairs.tolist()
    [[0, 2], [1, 2], [2, 3]]
    """

    same: tuple[str, ...] = ()
    different: tuple[str, ...] = ()
    between: tuple[tuple[str, str, str], ...] = ()

    @classmethod
    def of(cls, recipe: Mapping[str, Any]) -> "PairRule":
        """Return which pairs count for a model, by its recipe: ``within`` and ``across``
        under "sampling"."""
        sampling = recipe.get("sampling", {})
        within, across = sampling.get("within"), sampling.get("across")
        return cls(same=(within,) if within else (), different=(across,) if across else ())

    def __bool__(self) -> bool:
        """Whether any pair is left out."""
        return bool(self.same or self.different or self.between)

    def pairs_if_known(self, data: Dataset) -> LabelledPairs | None:
        """Return `pairs`, or None: nothing is left out, or the data has no such facets.

        Raises:
            TooFewError: no genuine pair, or no impostor pair, counts.
        """
        asked = {*self.same, *self.different, *(name for name, _, _ in self.between)}
        return self.pairs(data) if asked and asked <= set(data.facets) else None

    def pairs(self, data: Dataset) -> LabelledPairs:
        """Return the pairs that count, each once.

        Raises:
            DataError: the data has no such facet.
            TooFewError: no genuine pair, or no impostor pair, counts.
        """
        every = all_pairs_of(data.codes)
        left, right = every.pairs.T
        counts = np.ones(len(every), bool)
        for name in self.same:
            labels = _codes(data, name)
            counts &= labels[left] == labels[right]
        for name in self.different:
            labels = _codes(data, name)
            counts &= labels[left] != labels[right]
        for name, one, other in self.between:
            own = np.array(data.facet(name))
            counts &= ((own == one)[left] & (own == other)[right]) | (
                (own == other)[left] & (own == one)[right]
            )
        kept = every.take(np.flatnonzero(counts))
        if not 0 < kept.genuine.sum() < len(kept):
            raise TooFewError(
                f"{data.name}: expected genuine and impostor pairs ({self.in_words()}). Received: "
                f"{int(kept.genuine.sum())} genuine pairs of {len(kept)}."
            )
        return kept

    def in_words(self) -> str:
        """Say which pairs count: «one name, two of medium»."""
        said = [f"one {name}" for name in self.same]
        said += [f"two of {name}" for name in self.different]
        said += [
            f"{name} {one}" if one == other else f"{name} {one} against {other}"
            for name, one, other in self.between
        ]
        return ", ".join(said) or "all"


def _codes(data: Dataset, name: str) -> NDArray[np.int64]:
    """Return the facet's labels as numbers: comparing millions of words takes long."""
    return np.unique(np.array(data.facet(name)), return_inverse=True)[1].astype(np.int64)
