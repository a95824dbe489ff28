"""`TrainingRecipe`: all settings of a training, in one frozen value, saved with the model.

Its seed determines a separate seed for each random component.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from likeness.arrays import check_in_range
from likeness.errors import SettingError
from likeness.images.preparation import Preparation
from likeness.model.recipe_names import NEW_NAMES, nested_recipe
from likeness.tasks import registry
from likeness.training.settings import SettingGroup, choice, number


@dataclass(frozen=True, kw_only=True)
class EncoderSettings(SettingGroup):
    """The network that is trained.

    Args:
        kind: "residual", "convnet", "dense", "cells" or "readings".
        embedding_size: numbers in an embedding.
        width: channels of the first block.
        stride: of the residual encoder's first convolution, 1 or 2; see `residual`.
        projection_head: compute the loss on the output of further layers (a projection head), which
            are discarded after training. For *cells*.
        ensemble_size: number of networks of *batches*, trained with different seeds and joined into
            one encoder that concatenates their embeddings.
    """

    group: ClassVar[str] = "encoder"

    kind: str = choice("residual", "cells", "convnet", "dense", "readings")
    embedding_size: int = number(320, 2, 16_384)
    width: int = number(16, 1, 512)
    stride: int = number(1, 1, 2)
    projection_head: bool = False
    ensemble_size: int = number(1, 1, 50)


@dataclass(frozen=True, kw_only=True)
class LossSettings(SettingGroup):
    """The loss function.

    Args:
        kind: "margin_softmax", "supervised_contrastive", "contrastive" or "triplet"; *pairs*
            takes "contrastive".
        margin: of the loss.
        genuine_margin: of the contrastive loss.
        scale: of cosines, in the margin softmax and the supervised contrastive loss.
        class_spread: of the margin softmax's initial class directions, see `CosineHead`: below 1
            they rotate faster.
    """

    group: ClassVar[str] = "loss"

    kind: str = choice("margin_softmax", "contrastive", "supervised_contrastive", "triplet")
    margin: float = number(0.2, 0, 100)
    genuine_margin: float = number(0.0, 0, 100)
    scale: float = number(16.0, 0.01, 1000)
    class_spread: float = number(1.0, 0.001, 10)


@dataclass(frozen=True, kw_only=True)
class SamplingSettings(SettingGroup):
    """Sampling of batches.

    Args:
        identities, items_each: P and K of *batches*.
        pairs: in a batch of *pairs*, half genuine, half impostor.
        hard_pair_temperature: an impostor pair of energy e is drawn with a weight of
            exp(−e / temperature): the lower, the harder the pairs; 1e6 draws uniformly.
        within: a facet of the data, such as the written text: only pairs with equal labels are
            used, and a person is a separate identity under each label. A batch has one label.
        across: a facet, such as the medium: only pairs with different labels are used.
        mirror_identities: use mirrored people as further people.
        turn_identities: use people rotated by 90°, 180° and 270° as further people: for characters,
            which become others by rotation.
        elastic_identities: number of synthetic copies of each person: each copy distorts all photos
            of the person in the same way, and counts as a further person.
    """

    group: ClassVar[str] = "sampling"

    identities: int = number(15, 2, 10_000)
    items_each: int = number(4, 2, 1000)
    pairs: int = number(32, 2, 10_000)
    hard_pair_temperature: float = number(0.1, 0.001, 1e6)
    within: str = ""
    across: str = ""
    mirror_identities: bool = True
    turn_identities: bool = False
    elastic_identities: int = number(0, 0, 20)


@dataclass(frozen=True, kw_only=True)
class AugmentationSettings(SettingGroup):
    """Strengths of data augmentation; 0: none.

    Args:
        geometry: rotation, scaling, shearing and shifting.
        brightness_contrast: jitter of brightness and contrast, light from one side, and noise.
        erasing: probability that a box of the photo is covered (random erasing).
        elastic: elastic distortion.
        identity_elastic: elastic distortion shared by the items of an identity, another one in each
            batch; for losses without class weights.
        stroke_jitter: strokes drawn thicker or thinner.
    """

    group: ClassVar[str] = "augmentation"

    geometry: float = number(1.0, 0, 5)
    brightness_contrast: float = number(1.0, 0, 5)
    erasing: float = number(0.5, 0, 1)
    elastic: float = number(0.0, 0, 5)
    identity_elastic: float = number(0.0, 0, 5)
    stroke_jitter: float = number(0.0, 0, 1)


@dataclass(frozen=True, kw_only=True)
class ViewSettings(SettingGroup):
    """The views of a photo whose mean embedding is used after training.

    Args:
        mirrored: the photo and its mirror image.
        shift: the photo and copies shifted by this many pixels towards the corners; 0: no copies.
    """

    group: ClassVar[str] = "views"

    mirrored: bool = True
    shift: int = number(3, 0, 64)


@dataclass(frozen=True, kw_only=True)
class WhiteningSettings(SettingGroup):
    """Whitening of the embeddings.

    Args:
        kind: by the total covariance ("spread"); by the within-identity covariance, after removing
            the directions of the labels of ``sampling.within`` and ``sampling.across``
            ("within_class"); or no whitening ("none").
        shrinkage: of the covariance; 1 subtracts the mean only.
        directions: how many of them to keep, the widest; 0: all. It is then the size of the
            embedding.
    """

    group: ClassVar[str] = "whitening"

    kind: str = choice("spread", "within_class", "none")
    shrinkage: float = number(0.2, 1e-6, 1)
    directions: int = number(0, 0, 4096)


@dataclass(frozen=True, kw_only=True)
class ScheduleSettings(SettingGroup):
    """Learning rate schedule, early stopping and model selection.

    Args:
        epochs: most epochs; after each, the held-out people are measured.
        steps: batches in an epoch.
        learning_rate: the highest; warmed up to, then lowered along a half cosine.
        weight_decay: of AdamW.
        held_out: share of the people held out to choose the epoch and the threshold.
        patience: stop after this many epochs with a held-out AUC clearly below the best.
        refit: train again on everybody, for the best number of epochs.
    """

    group: ClassVar[str] = "schedule"

    epochs: int = number(6, 1, 10_000)
    steps: int = number(50, 1, 100_000)
    learning_rate: float = number(2e-3, 1e-8, 10)
    weight_decay: float = number(1e-4, 0, 1)
    held_out: float = number(1 / 3, 0, 0.9)
    patience: int = number(3, 1, 10_000)
    refit: bool = True


_WHOLE_PHOTOS = Preparation()

_OFFSETS = {
    "initial weights": 0,
    "augmentation": 1,
    "class directions": 2,
    "elastic distortion": 3,
    "stroke jitter": 4,
    "projection head": 5,
    "elastic identities": 100,  # and those after it, one for each further time
}
"""Offsets of random components to the seed of the training. Published figures depend on them: a new
component needs an unused number."""

_MEMBERS_APART = 1_000_003
"""Between the seeds of two networks of an ensemble: consecutive seeds belong to it."""


@dataclass(frozen=True, kw_only=True)
class TrainingRecipe(SettingGroup):
    """All settings of a training. The defaults are the best recipe for faces.

    Args:
        mode: "batches" of P people × K photos, or "pairs", one energy each, as `SiameseNet`.
        energy: the energy that pairs are compared by.
        encoder: the network.
        preparation: from photos to what the encoder reads.
        loss: the loss function.
        sampling: sampling of batches.
        augmentation: data augmentation.
        views: of a photo, averaged after training.
        whitening: of the embeddings, after training.
        schedule: schedule of the training.
        seed: random seed, from which the seeds of all random components are derived.

    Raises:
        SettingError: a value is out of its range, or two do not fit.

    >>> recipe = TrainingRecipe(augmentation=AugmentationSettings(erasing=0.2), seed=1)
    >>> recipe.replace(schedule={"epochs": 2}).schedule.epochs
    2
    """

    old_names: ClassVar[Mapping[str, str]] = NEW_NAMES

    mode: str = choice("batches", "pairs")
    energy: str = choice("euclidean", "cosine", "manhattan", "squared_euclidean")
    encoder: EncoderSettings = EncoderSettings()
    preparation: Preparation = _WHOLE_PHOTOS
    loss: LossSettings = LossSettings()
    sampling: SamplingSettings = SamplingSettings()
    augmentation: AugmentationSettings = AugmentationSettings()
    views: ViewSettings = ViewSettings()
    whitening: WhiteningSettings = WhiteningSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    seed: int = number(0, 0, 2**31 - 1)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_encoder()
        self._check_mode()
        self._check_margins()

    @classmethod
    def with_todays_names(cls, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Return settings in groups, also from flat older settings."""
        return nested_recipe(settings)

    def seed_of(self, name: str, index: int = 0) -> int:
        """Return the seed of one random component.

        Args:
            name: of the component.
            index: which one, where there are several.

        Raises:
            KeyError: there is no random component of this name.

        >>> TrainingRecipe(seed=7).seed_of("initial weights")
        7
        >>> TrainingRecipe(seed=7).seed_of("stroke jitter")
        11
        """
        return self.seed + _OFFSETS[name] + index

    def member(self, index: int) -> Self:
        """Return the recipe of one network of the ensemble; the first one has the seed of all."""
        seed = (self.seed + index * _MEMBERS_APART) % 2**31
        return self.replace(encoder={"ensemble_size": 1}, seed=seed)

    def _check_encoder(self) -> None:
        encoder, preparation = self.encoder, self.preparation
        if self.sampling.turn_identities and preparation.rows != preparation.columns:
            raise SettingError(
                "sampling.turn_identities: expected as many rows as columns in the preparation, "
                f"so that rotated pictures fit. Received: {preparation.rows} rows and "
                f"{preparation.columns} columns."
            )
        if encoder.projection_head and (encoder.kind, self.mode) != ("cells", "batches"):
            raise SettingError(
                "encoder.projection_head: goes with the encoder 'cells' and the mode 'batches'. "
                f"Received: {encoder.kind!r} and {self.mode!r}. Use false with them."
            )
        if encoder.stride > 1 and encoder.kind != "residual":
            raise SettingError(
                f"encoder.stride: expected 1 for the encoder {encoder.kind!r}. Received: "
                f"{encoder.stride}."
            )
        if (encoder.kind == "readings") != (preparation.frame == "ink_parts"):
            raise SettingError(
                "encoder.kind, preparation.frame: expected 'readings' and 'ink_parts' together or "
                f"not at all. Received: {encoder.kind!r} and {preparation.frame!r}."
            )

    def _check_mode(self) -> None:
        loss, sampling, shared = self.loss, self.sampling, self.augmentation.identity_elastic
        if shared and (self.mode == "pairs" or loss.kind == "margin_softmax"):
            raise SettingError(
                "augmentation.identity_elastic: expected 0 for a loss with weights of identities "
                f"beyond a batch. Received: {shared:g} with {loss.kind!r} in mode {self.mode!r}. "
                "Use sampling.elastic_identities with them."
            )
        if self.mode != "pairs":
            return
        if self.encoder.ensemble_size > 1:
            raise SettingError(
                "encoder.ensemble_size: expected 1 in mode 'pairs'. Received: "
                f"{self.encoder.ensemble_size}. Use mode 'batches' for several."
            )
        if sampling.within or sampling.across:
            raise SettingError(
                "sampling.within, sampling.across: mode 'pairs' draws from all pairs. Received: "
                f"{sampling.within or sampling.across!r}. Use mode 'batches' for them."
            )
        if loss.kind != "contrastive":
            raise SettingError(
                "loss.kind: mode 'pairs' takes the contrastive loss. Received: "
                f"{loss.kind!r}. Use mode 'batches' for it."
            )

    @staticmethod
    def names() -> tuple[str, ...]:
        """Return the names of all recipes, those of the road first."""
        return (*RECIPES, *registry.names("recipe"))

    @classmethod
    def named(cls, name: str) -> "TrainingRecipe":
        """Return a recipe of the road, or of a task.

        Raises:
            SettingError: there is nothing of that name.
        """
        if name in RECIPES:
            return RECIPES[name]
        if name in registry.names("recipe"):
            recipe: TrainingRecipe = registry.load("recipe", name)
            return recipe
        raise SettingError(f"mode: expected one of {', '.join(cls.names())}. Received: {name!r}.")

    def _check_margins(self) -> None:
        loss = self.loss
        if loss.kind in ("margin_softmax", "supervised_contrastive"):
            check_in_range(loss.margin, 0.0, 1.0, argument=f"loss.margin of {loss.kind}")
        elif loss.margin == 0:
            raise SettingError(
                f"loss.margin: expected a number above 0 for {loss.kind}. Received: 0."
            )
        if loss.kind == "contrastive":
            check_in_range(loss.genuine_margin, 0.0, loss.margin, argument="loss.genuine_margin")


BATCHES = TrainingRecipe()
"""The default: P×K batches and the margin softmax."""

PAIRS = TrainingRecipe(
    mode="pairs",
    encoder=EncoderSettings(embedding_size=128),
    loss=LossSettings(kind="contrastive", margin=1.6),
    # After this loss fewer directions have a large variance, so stronger whitening helps.
    whitening=WhiteningSettings(shrinkage=0.02),
    # Shorter epochs than in mode batches, because pairs are drawn by energy before each epoch.
    schedule=ScheduleSettings(epochs=12, steps=25, learning_rate=4e-3, patience=12),
)
"""The classic student exercise: pairs, the contrastive loss on the Euclidean distance."""

RECIPES = {"batches": BATCHES, "pairs": PAIRS}
"""The recipes of the road, by name; tasks bring others."""


def epoch_seed(seed: int, epoch: int) -> int:
    """Return the seed of an epoch's batches or pairs."""
    return int(np.random.SeedSequence([seed, epoch]).generate_state(1)[0])
