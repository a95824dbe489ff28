"""What the benchmark knows of a method."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from likeness.arrays import Codes, Embeddings, Energies, Images
from likeness.datasets import Dataset
from likeness.energies import energy_matrix
from likeness.evaluation import Embedder


class Fitted(Protocol):
    """A method that has learned."""

    parameters: int

    def embed(self, images: Images) -> Embeddings:
        """Return what the method makes of photos, one row each."""

    def energies(self, embeddings: Embeddings) -> Energies:
        """Return the ``(n, n)`` energies between all of them."""


class Method(Protocol):
    """Learns from some people's photos. It must travel to another process.

    ``title`` is for the table, ``source`` says whose method it is and how it is trained.
    """

    title: str
    source: str

    def fit(self, train: Dataset, *, seed: int) -> Fitted:
        """Learn."""


class ClosedSetMethod(Protocol):
    """Knows only the people it was fitted on, and answers with one of them."""

    title: str
    source: str

    def recognise(self, train: Dataset, probes: Images) -> Codes:
        """Return the code of the person in each probe."""


@dataclass(frozen=True)
class Embedding:
    """A fitted method whose energy is one of `likeness.energies`."""

    embedder: Embedder
    parameters: int

    def embed(self, images: Images) -> NDArray[np.float32]:
        """Return ``(n, d)``."""
        return self.embedder.embed(images)

    def energies(self, embeddings: Embeddings) -> Energies:
        """Return ``(n, n)``."""
        return energy_matrix(self.embedder.energy, embeddings)
