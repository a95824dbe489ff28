"""`Model`: the interface of all models, on any runtime; and the decision by a threshold."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from likeness.arrays import Embeddings, Energies, Items
from likeness.energies import energy_by_name, energy_matrix
from likeness.errors import NoThresholdError
from likeness.images.preparation import ModelPreparation

_AT_ONCE = 64
"""Items that are prepared together."""


class Model(Protocol):
    """An encoder with its energy and threshold: trained or imported."""

    @property
    def runtime(self) -> str:
        """The runtime of the encoder, such as "onnx" or "keras"."""

    @property
    def embedding_size(self) -> int:
        """d, the numbers in an embedding."""

    @property
    def energy(self) -> str:
        """The name of its energy, one of `likeness.energies.ENERGY_NAMES`."""

    @property
    def threshold(self) -> float | None:
        """Accept if energy ≤ threshold; None if none was chosen."""

    @property
    def record(self) -> Mapping[str, Any]:
        """The training record."""

    @property
    def calibration(self) -> Mapping[str, Any]:
        """What `likeness calibrate` stored; empty if training chose the threshold."""

    @property
    def fingerprint(self) -> str:
        """SHA-256 of everything that determines an embedding and an energy."""

    def embed(self, items: Items, /) -> Embeddings:
        """Return ``(n, d)`` embeddings of photos ``(n, rows, columns, channels)``, or of texts."""

    def energies(self, left: Items, right: Items, /) -> Energies:
        """Return the ``(n, m)`` energies between two sets of items; lower is more alike."""

    def is_same(self, left: Items, right: Items, /) -> bool:
        """Say whether two items show one identity."""


@dataclass(frozen=True, eq=False, kw_only=True)
class EmbeddingModel(ABC):
    """What every model here does with its embeddings.

    Args:
        energy: one of `likeness.energies.ENERGY_NAMES`.
        threshold: a pair is accepted if its energy is at most this; None if none was chosen.
        record: how the model came to be (recipe, data, histories, seconds), JSON values only.
        calibration: what the threshold promises, and on what evidence, JSON values only; empty
            if it is the one that training chose.
    """

    energy: str
    threshold: float | None = None
    record: Mapping[str, Any] = field(default_factory=dict)
    calibration: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        energy_by_name(self.energy)

    @abstractmethod
    def embed(self, items: Any, /) -> Embeddings:
        """Return ``(n, d)`` float32 embeddings."""

    def energies(self, left: Any, right: Any) -> Energies:
        """Return the ``(n, m)`` energies between two sets of items; lower is more alike."""
        return energy_matrix(self.energy, self.embed(left), self.embed(right))

    def is_same(self, left: Any, right: Any) -> bool:
        """Return whether two items show one identity.

        Args:
            left, right: photos, ``(rows, columns, channels)`` each; or texts, where the model
                embeds texts.

        Raises:
            NoThresholdError: the model has no threshold.
        """
        if self.threshold is None:
            raise NoThresholdError(
                "this model has no threshold, so it cannot decide. Choose one with `likeness "
                "calibrate MODEL PHOTOS` (training does from six people with two photos each), or "
                "pass one of your own: `replace(model, threshold=...)`."
            )
        # One item as a list of one: an array's leading axis, or a text in a list.
        first, second = (np.asarray(item)[None] for item in (left, right))
        return bool(self.energies(first, second)[0, 0] <= self.threshold)


@dataclass(frozen=True, eq=False, kw_only=True)
class PreparedModel(EmbeddingModel):
    """A model with a preparation: what ours, trained or imported, have in common.

    Args:
        preparation: from items (photos, or texts) to what the encoder reads.
    """

    preparation: ModelPreparation

    @abstractmethod
    def _encode(self, prepared: Any) -> Embeddings:
        """Run the encoder on one batch."""

    def embed(self, images: Items) -> Embeddings:
        """Return ``(n, d)`` float32 embeddings of ``(n, any rows, any columns, 1 or 3)`` uint8.

        Of a list of texts, where the preparation reads texts.

        Raises:
            DataError: the images have another shape or type.
        """
        self.preparation.check(images)
        parts = [
            self._encode(self.preparation(images[start : start + _AT_ONCE]))
            for start in range(0, len(images), _AT_ONCE)
        ]
        if not parts:  # as wide as that of any item
            return self._encode(self.preparation.made_up(1, np.random.default_rng(0)))[:0]
        return np.concatenate(parts)
