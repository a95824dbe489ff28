"""`SiameseNet`: one encoder, two inputs, one energy.

J. Bromley, I. Guyon, Y. LeCun, E. Säckinger, R. Shah, «Signature Verification using a
"Siamese" Time Delay Neural Network», NIPS 1993.
"""

from typing import Any

import keras
from keras import layers, ops

from likeness.encoders.seeds import LayerWithSettings
from likeness.energies import energy_by_name


@keras.saving.register_keras_serializable(package="likeness")
class EnergyLayer(LayerWithSettings):
    """Two ``(n, d)`` embeddings → ``(n,)`` energies.

    Args:
        energy: one of `likeness.energies.ENERGY_NAMES`.
        **kwargs: of `keras.layers.Layer`.

    Raises:
        SettingError: there is no energy of that name.
    """

    SETTINGS = ("energy",)

    def __init__(self, energy: str = "euclidean", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.energy = energy
        self._formula = energy_by_name(energy)

    def call(self, left: Any, right: Any) -> Any:
        """Return the energy of each row of ``left`` with the same row of ``right``."""
        return self._formula(left, right, xp=ops)


@keras.saving.register_keras_serializable(package="likeness")
class SiameseNet(keras.Model):
    """Two copies of one encoder, sharing its weights, joined by an energy. Plain Keras.

    ``compile``, ``fit``, ``evaluate``, ``predict`` and ``save`` are Keras' own; the inputs
    are two batches of items, the output is one energy per pair. ``import likeness.encoders``
    (and ``likeness.training.losses``, if compiled with one) before `keras.models.load_model`
    in a fresh process, so that Keras knows the classes.

    Args:
        encoder: ``(n, ...)`` items → ``(n, d)`` embeddings.
        energy: one of `likeness.energies.ENERGY_NAMES`.
        name: of the network.

    Raises:
        SettingError: there is no energy of that name.

    >>> from likeness.encoders import convnet
    >>> net = SiameseNet(convnet((16, 16, 1), embedding_size=8))
    >>> net.input_shape, net.output_shape
    ([(None, 16, 16, 1), (None, 16, 16, 1)], (None,))
    """

    def __init__(self, encoder: Any, energy: str = "euclidean", name: str = "siamese") -> None:
        shape, dtype = encoder.input_shape[1:], encoder.inputs[0].dtype
        left = layers.Input(shape, dtype=dtype, name="left")
        right = layers.Input(shape, dtype=dtype, name="right")
        joined = EnergyLayer(energy, name=energy)(encoder(left), encoder(right))
        super().__init__(inputs=[left, right], outputs=joined, name=name)
        self.encoder = encoder
        self.energy = energy

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs."""
        return {
            "encoder": keras.saving.serialize_keras_object(self.encoder),
            "energy": self.energy,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "SiameseNet":
        """Make the network again from `get_config`."""
        encoder = keras.saving.deserialize_keras_object(
            config["encoder"], custom_objects=custom_objects
        )
        return cls(encoder, config["energy"], config["name"])
