"""`SimilarityRecipe`: all settings of a training on pairs of sentences, saved with the model."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from likeness.errors import SettingError
from likeness.training.settings import SettingGroup, choice, number

ENERGY_OF = {"contrastive": "euclidean", "correlation": "cosine"}
"""The losses, and the energy that each is written for."""


@dataclass(frozen=True, kw_only=True)
class SimilarityRecipe(SettingGroup):
    """All settings of a training on pairs of sentences with scores.

    Args:
        loss: "correlation" learns from every score; "contrastive" only from clear pairs.
        buckets, shortest, longest: of `likeness.tasks.sentences.preparation.TextPreparation`.
        embedding_size: numbers in an embedding.
        epochs: number of epochs; the one with the best Spearman's ρ on the pairs to choose on is
            kept.
        batch_size: pairs in a batch.
        learning_rate: of Adam, for weights that start at 0 and vectors of standard deviation 1.
        piece_dropout: share of the pieces that is dropped in each batch, as regularisation.
        margin, genuine_margin: of the contrastive loss, Euclidean distances 0…2.
        genuine_from: a pair with this score or more is genuine.
        impostor_to: a pair with this score or less is an impostor; between them it is neither.
        seed: random seed.

    Raises:
        SettingError: a value is out of its range, or two do not fit.
    """

    old_names: ClassVar[Mapping[str, str]] = {"hidden": "piece_dropout", "encoder": ""}

    loss: str = choice("correlation", "contrastive")
    buckets: int = number(2**14, 16, 2**20)
    shortest: int = number(2, 1, 8)
    longest: int = number(4, 1, 8)
    embedding_size: int = number(512, 2, 4096)
    epochs: int = number(8, 1, 10_000)
    batch_size: int = number(256, 8, 100_000)
    learning_rate: float = number(0.03, 1e-8, 10)
    piece_dropout: float = number(0.5, 0, 0.95)
    margin: float = number(1.3, 1e-6, 100)
    genuine_margin: float = number(0.5, 0, 100)
    genuine_from: float = number(4.0, 0, 5)
    impostor_to: float = number(2.0, 0, 5)
    seed: int = number(0, 0, 2**31 - 1)

    def __post_init__(self) -> None:
        super().__post_init__()
        for low_name, high_name in (
            ("shortest", "longest"),
            ("genuine_margin", "margin"),
            ("impostor_to", "genuine_from"),
        ):
            low, high = getattr(self, low_name), getattr(self, high_name)
            if low > high or (low == high and low_name == "impostor_to"):
                raise SettingError(
                    f"{low_name}: expected at most {high_name}, {high!r}. Received: {low!r}."
                )

    @property
    def energy(self) -> str:
        """The energy that pairs are compared by."""
        return ENERGY_OF[self.loss]
