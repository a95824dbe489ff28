"""Layers' seeds and settings: the same network every time, and from its saved settings too."""

from typing import Any, ClassVar

import keras


class Seeds:
    """Provides initialisers, each with a seed derived from one.

    Args:
        seed: of the network.
    """

    def __init__(self, seed: int) -> None:
        self._next = 1000 * int(seed)

    def he(self) -> Any:
        """He initialisation, for layers followed by ReLU (He et al. 2015)."""
        return keras.initializers.HeNormal(seed=self._another())

    def glorot(self) -> Any:
        """Glorot initialisation, for linear layers (Glorot & Bengio 2010)."""
        return keras.initializers.GlorotUniform(seed=self._another())

    def _another(self) -> int:
        self._next += 1
        return self._next


class LayerWithSettings(keras.layers.Layer):
    """A layer that is made again from the attributes in ``SETTINGS``."""

    SETTINGS: ClassVar[tuple[str, ...]] = ()

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs."""
        return {**super().get_config(), **{name: getattr(self, name) for name in self.SETTINGS}}
