"""`Model`: the interface of all models, on any runtime; and the decision by a threshold."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from likeness.arrays import Embeddings, Energies, Items
from likeness.errors import NoThresholdError


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


def is_same(model: Model, left: Items, right: Items) -> bool:
    """Return whether two photos, ``(rows, columns, channels)`` each, show one identity.

    Args:
        model: has a threshold.
        left, right: the photos; or texts, where the model embeds texts.

    Raises:
        NoThresholdError: the model has no threshold.
    """
    if model.threshold is None:
        raise NoThresholdError(
            "this model has no threshold, so it cannot decide. Choose one with `likeness calibrate "
            "MODEL PHOTOS` (training does from six people with two photos each), or pass one of "
            "your own: `replace(model, threshold=...)`."
        )
    # One item as a list of one: an array's leading axis, or a text in a list.
    first, second = (np.asarray(item)[None] for item in (left, right))
    return bool(model.energies(first, second)[0, 0] <= model.threshold)
