"""Pairs of sentences with scores, and how well energies order them: rank correlation.

Spearman's ρ measures the order, Pearson's r also linearity. Both use negative energies, so that
larger is better: 1 is perfect, 0 is chance.
"""

import hashlib
from dataclasses import asdict, dataclass, replace
from typing import Literal, Self

import numpy as np
from numpy.typing import ArrayLike

from likeness.arrays import Energies, Floats, check_in_range, describe
from likeness.energies import energy_by_name
from likeness.errors import DataError, TooFewError
from likeness.model.protocol import Model


@dataclass(frozen=True, eq=False, kw_only=True)
class SentencePairs:
    """Pairs of sentences with scores.

    Args:
        left, right: ``n`` sentences each.
        scores: ``(n,)`` float64, 0 (nothing in common) … 5 (the same meaning).
        name: of the data.
        licence: its terms and credit.

    Raises:
        DataError: the parts have different lengths, or a score is not a number.
    """

    left: tuple[str, ...]
    right: tuple[str, ...]
    scores: Floats
    name: str
    licence: str = ""

    def __post_init__(self) -> None:
        for name in ("left", "right"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        scores = np.array(self.scores, np.float64)
        if not len(self.left) == len(self.right) or scores.shape != (len(self.left),):
            raise DataError(
                f"scores: expected one for each of {len(self.left)} left and {len(self.right)} "
                f"right sentences. Received: {describe(scores)}."
            )
        if not ((scores >= 0) & (scores <= 5)).all():  # NaN is not, either
            raise DataError("scores: expected numbers from 0 to 5. Received: others.")
        scores.setflags(write=False)
        object.__setattr__(self, "scores", scores)

    def __len__(self) -> int:
        return len(self.left)

    @property
    def sentences(self) -> tuple[str, ...]:
        """The different sentences, in the order of their first occurrence, left before right."""
        return tuple(dict.fromkeys((*self.left, *self.right)))

    @property
    def digest(self) -> str:
        """SHA-256 over scores and sentences: equal for equal data."""
        digest = hashlib.sha256()
        for left, right, score in zip(self.left, self.right, self.scores, strict=True):
            digest.update(f"{float(score)!r}\t{left}\t{right}\n".encode())
        return digest.hexdigest()

    def first(self, count: int) -> "SentencePairs":
        """Return the first ``count`` pairs."""
        return replace(
            self,
            left=self.left[:count],
            right=self.right[:count],
            scores=self.scores[:count],
        )

    def described(self) -> dict[str, object]:
        """Return what a model's record tells of them, JSON values."""
        return {
            "name": self.name,
            "digest": self.digest,
            "licence": self.licence,
            "pairs": len(self),
            "sentences": len(self.sentences),
        }

    def require(self, pairs: int) -> None:
        """Raise unless there are at least this many pairs.

        Raises:
            TooFewError: there are fewer.
        """
        if len(self) < pairs:
            raise TooFewError(
                f"{self.name}: expected at least {pairs} pairs of sentences. Received: {len(self)}."
            )

    def energies(self, model: Model) -> Energies:
        """Return the ``(n,)`` energy of each pair; each sentence is embedded once."""
        sentences = self.sentences
        embeddings = np.asarray(model.embed(sentences), np.float64)
        index_of = {text: index for index, text in enumerate(sentences)}
        left, right = (
            embeddings[[index_of[text] for text in side]] for side in (self.left, self.right)
        )
        return np.asarray(energy_by_name(model.energy)(left, right))


FEWEST = 3
"""Fewest pairs for a correlation."""


@dataclass(frozen=True, kw_only=True)
class Similarity:
    """Correlations of energies with scores, each with a 95 % interval over pairs.

    Args:
        pairs: how many.
        spearman, pearson: −1…1, larger is better.
        spearman_interval, pearson_interval: (low, high), percentile bootstrap over pairs; it
            treats pairs as independent, and is too narrow if pairs share sentences.
    """

    pairs: int
    spearman: float
    pearson: float
    spearman_interval: tuple[float, float]
    pearson_interval: tuple[float, float]

    @classmethod
    def of(
        cls, scores: ArrayLike, energies: ArrayLike, *, repetitions: int = 1000, seed: int = 0
    ) -> Self:
        """Return both correlations, with intervals.

        Args:
            scores: ``(n,)``, larger is more alike.
            energies: ``(n,)``, lower is more alike.
            repetitions: draws of n pairs with replacement, 100…100,000.
            seed: of the draws.

        Raises:
            DataError: they are not as many finite numbers on both sides, three or more.
            SettingError: ``repetitions`` is out of its range.
        """
        check_in_range(repetitions, 100, 100_000, argument="repetitions", whole=True)
        judged, alike = _checked(scores, "scores"), -_checked(energies, "energies")
        if len(judged) != len(alike) or len(judged) < FEWEST:
            raise DataError(
                f"expected as many scores as energies, {FEWEST} or more. Received: {len(judged)} "
                f"scores and {len(alike)} energies."
            )
        rng = np.random.default_rng(seed)
        drawn = []
        for _ in range(repetitions):
            chosen = rng.integers(0, len(judged), len(judged))
            pair = judged[chosen], alike[chosen]
            drawn.append((spearman(*pair), pearson(*pair)))
        low, high = np.percentile(np.array(drawn), (2.5, 97.5), axis=0)
        return cls(
            pairs=len(judged),
            spearman=spearman(judged, alike),
            pearson=pearson(judged, alike),
            spearman_interval=(float(low[0]), float(high[0])),
            pearson_interval=(float(low[1]), float(high[1])),
        )

    def in_words(self, name: Literal["spearman", "pearson"]) -> str:
        """Return one of the correlations with its interval, for people."""
        low, high = getattr(self, f"{name}_interval")
        return f"{getattr(self, name):.3f} ({low:.3f} to {high:.3f})"

    def to_json(self) -> dict[str, object]:
        """Return everything as JSON values."""
        return asdict(self)


def _ranks(values: ArrayLike) -> Floats:
    """Return ranks 1…n, those of equal values averaged.

    >>> _ranks([0.5, 0.1, 0.5, 0.9]).tolist()
    [2.5, 1.0, 2.5, 4.0]
    """
    _, codes, counts = np.unique(np.asarray(values), return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2.0)[codes])


def pearson(left: ArrayLike, right: ArrayLike) -> float:
    """Return Pearson's r; 0 where one side does not vary.

    >>> round(pearson([1, 2, 3], [2, 4, 7]), 4)
    0.9934
    """
    a, b = (np.asarray(side, np.float64) for side in (left, right))
    a, b = a - a.mean(), b - b.mean()
    spread = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / spread) if spread > 0 else 0.0


def spearman(left: ArrayLike, right: ArrayLike) -> float:
    """Return Spearman's ρ: Pearson's r of the ranks.

    >>> spearman([1, 2, 3, 4], [1, 8, 27, 64])
    1.0
    """
    return pearson(_ranks(left), _ranks(right))


def _checked(values: ArrayLike, argument: str) -> Floats:
    numbers = np.asarray(values, np.float64)
    if numbers.ndim != 1 or not np.isfinite(numbers).all():
        raise DataError(
            f"{argument}: expected finite numbers of shape (n,). Received: {describe(numbers)}"
            f"{'' if numbers.ndim != 1 else ' with NaN or infinity'}."
        )
    return numbers
