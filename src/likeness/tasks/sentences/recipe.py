"""`SimilarityRecipe`: every choice of a training on pairs of sentences, saved with the model."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from likeness.arrays import check_in_range
from likeness.errors import SettingError

ENERGY_OF = {"contrastive": "euclidean", "correlation": "cosine"}
"""The losses, and the energy that each is written for."""

_RANGES: dict[str, tuple[float, float]] = {
    "buckets": (16, 2**20),
    "shortest": (1, 8),
    "longest": (1, 8),
    "embedding_size": (2, 4096),
    "epochs": (1, 10_000),
    "batch_size": (8, 100_000),
    "learning_rate": (1e-8, 10),
    "hidden": (0, 0.95),
    "margin": (1e-6, 100),
    "genuine_margin": (0, 100),
    "genuine_from": (0, 5),
    "impostor_to": (0, 5),
    "seed": (0, 2**31 - 1),
}


@dataclass(frozen=True, kw_only=True)
class SimilarityRecipe:
    """Every choice of a training on pairs of sentences with scores.

    Args:
        loss: "correlation" learns from every score; "contrastive" only from clear pairs.
        buckets, shortest, longest: of `likeness.tasks.sentences.preparation.TextPreparation`.
        embedding_size: numbers in an embedding.
        epochs: so many are learned; the one with the best Spearman's ρ on the pairs to choose
            on is kept.
        batch_size: pairs in a batch.
        learning_rate: of Adam, for weights that start at 0 and vectors of standard deviation 1.
        hidden: share of the pieces that each batch does without, so that no few pieces decide.
        margin, genuine_margin: of the contrastive loss, Euclidean distances 0…2.
        genuine_from: a pair with this score or more is genuine.
        impostor_to: a pair with this score or less is an impostor; between them it is neither.
        seed: of everything random.

    Raises:
        SettingError: a value is out of its range, or two do not go together.
    """

    loss: str = "correlation"
    buckets: int = 2**14
    shortest: int = 2
    longest: int = 4
    embedding_size: int = 512
    epochs: int = 8
    batch_size: int = 256
    learning_rate: float = 0.03
    hidden: float = 0.5
    margin: float = 1.3
    genuine_margin: float = 0.5
    genuine_from: float = 4.0
    impostor_to: float = 2.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.loss not in ENERGY_OF:
            raise SettingError(
                f"loss: expected one of {', '.join(ENERGY_OF)}. Received: {self.loss!r}."
            )
        for name, (low, high) in _RANGES.items():
            whole = type(getattr(type(self), name)) is int
            check_in_range(getattr(self, name), low, high, argument=name, whole=whole)
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

    def as_dict(self) -> dict[str, Any]:
        """Return every setting as JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, settings: Mapping[str, Any]) -> "SimilarityRecipe":
        """Make it again from `as_dict`; what is left out has its default.

        Raises:
            SettingError: there is no setting of that name, or a value does not fit.
        """
        known = [setting.name for setting in fields(cls)]
        if strange := sorted(set(settings) - set(known)):
            raise SettingError(
                f"recipe: expected settings among {', '.join(known)}. Received: "
                f"{', '.join(strange)}."
            )
        return cls(**settings)
