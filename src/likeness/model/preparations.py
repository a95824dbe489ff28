"""The preparations of models, by kind: from items to the encoder's input.

``model.json`` describes one as JSON values; ``kind`` says which it is, and without it the
values are those of `Preparation`, as in the first models. A new kind of item is a class and a line
here.
"""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from likeness.errors import SettingError
from likeness.images.preparation import FixedPreparation, Preparation
from likeness.tasks import registry


class ModelPreparation(Protocol):
    """The interface of a preparation."""

    @property
    def dtype(self) -> Any:
        """The type of the encoder's input."""

    def check(self, items: Any, /) -> None:
        """Raise `DataError` unless these are items of its kind, none or more."""

    def __call__(self, items: Any, /) -> Any:
        """Return prepared items, one row each."""

    def as_data(self) -> dict[str, Any]:
        """Return JSON values from which `preparation_from_data` makes it again."""

    def in_words(self) -> str:
        """Describe the prepared item in one line."""

    def made_up(self, count: int, rng: np.random.Generator, /) -> Any:
        """Return example prepared items, for testing an encoder."""


def preparation_from_data(entries: Mapping[str, Any]) -> ModelPreparation:
    """Return the preparation that ``model.json`` describes.

    Raises:
        SettingError: a setting is out of its range.
        TypeError: an entry is missing or unknown.

    >>> preparation_from_data({"rows": 56, "columns": 46, "channels": 1}).shape
    (56, 46, 1)
    >>> preparation_from_data({"kind": "fixed", "rows": 112, "columns": 112}).shape
    (3, 112, 112)
    >>> preparation_from_data({"kind": "text", "buckets": 1024}).shape
    (None,)
    """
    if "kind" not in entries:
        return Preparation(**{"version": 1, **entries})
    settings = dict(entries)
    kind = settings.pop("kind")
    if kind == FixedPreparation.KIND:
        return FixedPreparation(**settings)
    brought = registry.names("preparation")
    if kind not in brought:
        known = ", ".join((FixedPreparation.KIND, *brought))
        raise SettingError(f"preparation: expected one of the kinds {known}. Received: {kind!r}.")
    return registry.load("preparation", kind)(**settings)  # type: ignore[no-any-return]
