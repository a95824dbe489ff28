"""`SentencePairs`: pairs of sentences, and how alike people found each pair."""

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from likeness.arrays import Energies, describe
from likeness.energies import energy_by_name
from likeness.errors import DataError, TooFewError


@dataclass(frozen=True, eq=False, kw_only=True)
class SentencePairs:
    """Pairs of sentences with scores.

    Args:
        left, right: ``n`` sentences each.
        scores: ``(n,)`` float64, 0 (nothing in common) … 5 (the same meaning).
        name: of the data.
        licence: its terms and credit.

    Raises:
        DataError: the parts have different lengths, or a score is none.
    """

    left: tuple[str, ...]
    right: tuple[str, ...]
    scores: NDArray[np.float64]
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
        """Return the first so many pairs."""
        return SentencePairs(
            left=self.left[:count],
            right=self.right[:count],
            scores=self.scores[:count],
            name=self.name,
            licence=self.licence,
        )

    def require(self, pairs: int) -> None:
        """Raise unless there are so many pairs.

        Raises:
            TooFewError: there are fewer.
        """
        if len(self) < pairs:
            raise TooFewError(
                f"{self.name}: expected at least {pairs} pairs of sentences. Received: {len(self)}."
            )


def pair_energies(model: Any, pairs: SentencePairs) -> Energies:
    """Return the ``(n,)`` energy of each pair; each sentence is embedded once.

    Args:
        model: has ``embed`` and ``energy``.
        pairs: of sentences.
    """
    sentences = pairs.sentences
    embeddings = np.asarray(model.embed(sentences), np.float64)
    index_of = {text: index for index, text in enumerate(sentences)}
    left, right = (
        embeddings[[index_of[text] for text in side]] for side in (pairs.left, pairs.right)
    )
    return np.asarray(energy_by_name(model.energy)(left, right))
