"""The pairs to evaluate (`PairRule`), and the energies of genuine and impostor pairs
(`PairEnergies`).

Usually all pairs are used. If something besides the identity makes two items similar (the same
text, the same pen), only pairs that agree in it, or only pairs that differ in it, measure the
identity.

`EnergyHistogram`: how many genuine and impostor comparisons lie at which energy.

The energies behind a threshold, in a compact form that is stored with it, so that a plot can show a
new comparison among them. It holds counts only: no photo, no person, no pair.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from likeness.arrays import (
    Codes,
    Embeddings,
    Energies,
    Floats,
    Integers,
    Pairs,
    check_embeddings,
    describe,
)
from likeness.datasets.items import Dataset
from likeness.datasets.sampling import LabelledPairs
from likeness.energies import energy_by_name, energy_matrix
from likeness.errors import DataError, TooFewError
from likeness.files import fields_from_json, fields_to_json

BLOCK = 1_000_000
"""Numbers of either side that are compared at a time: 8 MB each."""


@dataclass(frozen=True, eq=False, kw_only=True)
class PairEnergies:
    """Energies of pairs, genuine and impostor apart.

    Args:
        genuine: ``(g,)``.
        impostor: ``(i,)``.
        genuine_pairs: ``(g, 2)``, which items.
        impostor_pairs: ``(i, 2)``, which items.
        codes: ``(n,)``, the identity of each item.
    """

    genuine: Energies
    impostor: Energies
    genuine_pairs: Pairs
    impostor_pairs: Pairs
    codes: Codes

    @classmethod
    def of_matrix(
        cls, matrix: Energies, codes: Codes, pairs: LabelledPairs | None = None
    ) -> "PairEnergies":
        """Return the energies of pairs from the ``(n, n)`` matrix between all items.

        Args:
            matrix: ``(n, n)``.
            codes: ``(n,)``.
            pairs: the selected pairs; every pair once if not given.

        Raises:
            DataError: the matrix and the codes do not fit together.
        """
        check_square(matrix, codes)
        every = LabelledPairs.all_of(codes) if pairs is None else pairs
        return cls._apart(matrix[every.pairs[:, 0], every.pairs[:, 1]], every, codes)

    @classmethod
    def of_embeddings(cls, embeddings: Embeddings, codes: Codes, *, energy: str) -> "PairEnergies":
        """Return the energies of all pairs of ``(n, d)`` embeddings, each pair once.

        Raises:
            DataError: the embeddings are not finite numbers, or not as many as the codes.
            SettingError: there is no energy of that name.

        >>> import numpy as np
        >>> points = np.array([[0.0], [1.0], [5.0]])
        >>> energies = PairEnergies.of_embeddings(points, np.array([0, 0, 1]), energy="manhattan")
        >>> energies.genuine.tolist(), energies.impostor.tolist()
        ([1.0], [5.0, 4.0])
        """
        return cls.of_matrix(energy_matrix(energy, embeddings), codes)

    @classmethod
    def of_pairs(
        cls, embeddings: Embeddings, codes: Codes, pairs: LabelledPairs, *, energy: str
    ) -> "PairEnergies":
        """Return the energies of the pairs in a list.

        Args:
            embeddings: ``(n, d)``.
            codes: ``(n,)``.
            pairs: indices into them.
            energy: its name.

        Raises:
            DataError: the embeddings are not finite numbers, or not as many as the codes.
            SettingError: there is no energy of that name.

        >>> import numpy as np
        >>> points = np.array([[0.0], [1.0], [5.0]])
        >>> listed = LabelledPairs(np.array([[0, 1], [1, 2]]), np.array([True, False]))
        >>> PairEnergies.of_pairs(points, np.array([0, 0, 1]), listed, energy="manhattan").impostor
        array([4.])
        """
        check_embeddings(embeddings)
        if len(embeddings) != len(codes):
            raise DataError(
                f"codes: expected {len(embeddings)}, one per embedding. Received: {len(codes)}."
            )
        formula = energy_by_name(energy)
        energies = np.empty(len(pairs), np.float64)
        # A block of pairs at a time: thousands of pairs of raw pixels would fill the memory.
        block = max(1, BLOCK // max(1, embeddings.shape[1]))
        for start in range(0, len(pairs), block):
            rows = slice(start, start + block)
            left, right = (embeddings[side].astype(np.float64) for side in pairs.pairs[rows].T)
            energies[rows] = formula(left, right)
        return cls._apart(energies, pairs, codes)

    @classmethod
    def _apart(cls, energies: Floats, pairs: LabelledPairs, codes: Codes) -> "PairEnergies":
        return cls(
            genuine=energies[pairs.genuine],
            impostor=energies[~pairs.genuine],
            genuine_pairs=pairs.pairs[pairs.genuine],
            impostor_pairs=pairs.pairs[~pairs.genuine],
            codes=codes,
        )


def check_square(matrix: Energies, codes: Codes) -> None:
    """Raise unless the matrix has one row and one column per code.

    Raises:
        DataError: it does not.
    """
    if np.shape(matrix) != (len(codes), len(codes)):
        raise DataError(
            f"matrix: expected shape (n, n) with one row per code, n = {len(codes)}. "
            f"Received: {describe(matrix)}."
        )


@dataclass(frozen=True, kw_only=True)
class PairRule:
    """A rule that selects pairs of a data set by the facets of their items.

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
        """Return the rule of a model, by its recipe's "sampling": within, across."""
        sampling = recipe.get("sampling", {})
        within, across = sampling.get("within"), sampling.get("across")
        return cls(same=(within,) if within else (), different=(across,) if across else ())

    def __bool__(self) -> bool:
        """Whether any pair is left out."""
        return bool(self.same or self.different or self.between)

    def pairs_if_known(self, data: Dataset) -> LabelledPairs | None:
        """Return `pairs`; or None if all pairs are used, or the data has no such facets.

        Raises:
            TooFewError: there is no genuine pair, or no impostor pair.
        """
        facets = {*self.same, *self.different, *(name for name, _, _ in self.between)}
        return self.pairs(data) if facets and facets <= set(data.facets) else None

    def pairs(self, data: Dataset) -> LabelledPairs:
        """Return the selected pairs, each once.

        Raises:
            DataError: the data has no such facet.
            TooFewError: there is no genuine pair, or no impostor pair.
        """
        every = LabelledPairs.all_of(data.codes)
        left, right = every.pairs.T
        counts = np.ones(len(every), bool)
        for name in self.same:
            labels = _codes(data, name)
            counts &= labels[left] == labels[right]
        for name in self.different:
            labels = _codes(data, name)
            counts &= labels[left] != labels[right]
        for name, label, other in self.between:
            own = np.array(data.facet(name))
            counts &= ((own == label)[left] & (own == other)[right]) | (
                (own == other)[left] & (own == label)[right]
            )
        kept = every.take(np.flatnonzero(counts))
        if not 0 < kept.genuine.sum() < len(kept):
            raise TooFewError(
                f"{data.name}: expected genuine and impostor pairs ({self.in_words()}). Received: "
                f"{int(kept.genuine.sum())} genuine pairs of {len(kept)}."
            )
        return kept

    def in_words(self) -> str:
        """Describe the rule: «one name, two of medium»."""
        said = [f"one {name}" for name in self.same]
        said += [f"two of {name}" for name in self.different]
        said += [
            f"{name} {label}" if label == other else f"{name} {label} against {other}"
            for name, label, other in self.between
        ]
        return ", ".join(said) or "all"


def _codes(data: Dataset, name: str) -> Integers:
    """Return the facet's labels as numbers: comparing millions of words takes long."""
    return np.unique(np.array(data.facet(name)), return_inverse=True)[1].astype(np.int64)


HISTOGRAM_FORMAT = "likeness.energy-histogram/1"

BINS = 40
"""Equal bins from the lowest to the highest energy of both kinds."""


@dataclass(frozen=True, kw_only=True)
class EnergyHistogram:
    """Counts of energies in bins of equal width, genuine and impostor apart.

    Args:
        edges: ``BINS + 1``, ascending. A bin holds what is at its lower edge or above and
            below its upper one; the last holds its upper edge too.
        genuine, impostor: ``BINS`` counts each.
    """

    edges: tuple[float, ...]
    genuine: tuple[int, ...]
    impostor: tuple[int, ...]

    @classmethod
    def of(cls, genuine: ArrayLike, impostor: ArrayLike) -> "EnergyHistogram":
        """Count energies into `BINS` bins.

        Args:
            genuine, impostor: finite energies, ``(g,)`` and ``(i,)``, one impostor at least.

        Raises:
            DataError: there is no impostor, or one is not finite.

        >>> EnergyHistogram.of([0.0, 0.1], [4.0]).genuine[:3]
        (1, 1, 0)
        """
        kinds = [np.asarray(values, np.float64).ravel() for values in (genuine, impostor)]
        if not len(kinds[1]) or not all(np.isfinite(values).all() for values in kinds):
            raise DataError(
                "energies: expected finite numbers, one or more of impostor "
                f"comparisons. Received: {len(kinds[0])} and {len(kinds[1])}, "
                f"{sum(int((~np.isfinite(values)).sum()) for values in kinds)} of them not finite."
            )
        every = np.concatenate(kinds)
        # Equal energies get a range of width one, as in NumPy.
        edges = np.histogram_bin_edges(every, bins=BINS)
        counts = [np.histogram(values, bins=edges)[0].tolist() for values in kinds]
        return cls(edges=tuple(edges.tolist()), genuine=tuple(counts[0]), impostor=tuple(counts[1]))

    @classmethod
    def stored(
        cls, calibration: Mapping[str, Any], record: Mapping[str, Any], threshold: float | None
    ) -> "EnergyHistogram | None":
        """Return the histogram behind a saved model's threshold, if it is stored.

        Args:
            calibration, record: of the model. `likeness calibrate` stores it in the first,
                training in the second.
            threshold: the model's threshold; the histogram behind another one is not returned.

        Returns:
            None for a model without one: an older model, or one without a threshold, or with a
            threshold set by hand.

        Raises:
            DataError: what is stored is damaged or of another format.
        """
        for source in (calibration, record.get("threshold") or {}):
            if threshold is not None and source.get("threshold") == threshold:
                stored = source.get("energies")
                return cls.from_json(stored) if stored else None
        return None

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return {"format": HISTOGRAM_FORMAT, **fields_to_json(self)}

    @classmethod
    def from_json(cls, document: object) -> "EnergyHistogram":
        """Read what `to_json` wrote; DataError where that is damaged or of another format."""
        with suppress(DataError):
            histogram = fields_from_json(cls, document)
            stated = document.get("format") if isinstance(document, Mapping) else None
            if histogram._sound() and stated == HISTOGRAM_FORMAT:
                return histogram
        raise DataError(
            "the model's histogram of energies is damaged: expected the format "
            f"{HISTOGRAM_FORMAT}, ascending edges, and one count per bin. Calibrate the model "
            "again: `likeness calibrate MODEL PHOTOS`."
        )

    def _sound(self) -> bool:
        counts = len(self.genuine), len(self.impostor)
        rising = bool((np.diff(self.edges) > 0).all())
        fits = len(self.edges) > 1 and set(counts) == {len(self.edges) - 1}
        return rising and fits and min(*self.genuine, *self.impostor) >= 0
