"""`TrainingRecipe`: every choice of a training, in one frozen value, saved with the model."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from likeness.arrays import check_in_range
from likeness.errors import SettingError
from likeness.images.preparation import Preparation
from likeness.tasks import registry

_CHOICES = {
    "mode": ("batches", "pairs"),
    "encoder": ("cells", "convnet", "dense", "readings", "residual"),
    "loss": ("contrastive", "margin_softmax", "supervised_contrastive", "triplet"),
    "energy": ("cosine", "euclidean", "manhattan", "squared_euclidean"),
    "head": ("direct", "deep"),
    "evens_out": ("spread", "within"),
}

_RANGES: dict[str, tuple[float, float]] = {
    "embedding_size": (2, 16_384),
    "width": (1, 512),
    "members": (1, 50),
    "stride": (1, 2),
    "margin": (0, 100),
    "genuine_margin": (0, 100),
    "scale": (0.01, 1000),
    "class_spread": (0.001, 10),
    "epochs": (1, 10_000),
    "steps": (1, 100_000),
    "identities": (2, 10_000),
    "items_each": (2, 1000),
    "pairs": (2, 10_000),
    "hardness": (0, 1000),
    "learning_rate": (1e-8, 10),
    "weight_decay": (0, 1),
    "geometry": (0, 5),
    "light": (0, 5),
    "cover": (0, 1),
    "bending": (0, 5),
    "identity_bending": (0, 5),
    "stroke_width": (0, 1),
    "bent_identities": (0, 20),
    "shift": (0, 64),
    "shrinkage": (1e-6, 1),
    "directions": (0, 4096),
    "held_out": (0, 0.9),
    "patience": (1, 10_000),
    "rows": (8, 1024),
    "columns": (8, 1024),
    "channels": (1, 3),
    "seed": (0, 2**31 - 1),
}


@dataclass(frozen=True, kw_only=True)
class TrainingRecipe:
    """Every choice of a training. The defaults are the recipe for faces that wins.

    Args:
        mode: "batches" of P people × K photos, or "pairs", one energy each, as `SiameseNet`.
        encoder: "cells", "convnet", "dense", "readings" or "residual".
        head: what the loss looks at while training: the embeddings ("direct"), or what a few
            further layers make of them, which are then thrown away ("deep", for *cells*).
        embedding_size: numbers in an embedding.
        width: channels of the encoder's first block.
        members: networks of *batches*, trained one after the other from other seeds and joined
            into one encoder; its embedding is theirs side by side.
        stride: of the residual encoder's first convolution, 1 or 2; see `residual`.
        loss: "margin_softmax", "supervised_contrastive", "contrastive" or "triplet"; *pairs*
            takes "contrastive".
        energy: the energy that pairs are compared by.
        margin: of the loss.
        genuine_margin: of the contrastive loss.
        scale: of cosines, in the margin softmax and the supervised contrastive loss.
        class_spread: of its initial class directions, see `CosineHead`: below 1 they turn faster.
        epochs: at most so many; after each, the held-out people are measured.
        steps: batches in an epoch.
        identities, items_each: P and K of *batches*.
        pairs: in a batch of *pairs*, half genuine, half impostor.
        hardness: of drawing pairs by their present energy (0: evenly).
        learning_rate: the highest; warmed up to, then lowered along a half cosine.
        weight_decay: of AdamW.
        geometry, light, cover, bending, stroke_width: strengths of the distortions.
        identity_bending: how strongly the items of an identity are bent in one and the same way,
            anew in each batch; for losses that know no identity beyond the batch.
        within: a facet of the data, such as the text that was written: only pairs of one label
            count, and a person is another identity under each label. A batch has one label.
        across: a facet of which only pairs of two labels count, such as the medium.
        mirror_identities: learn mirrored people as further people.
        turn_identities: learn people turned by a quarter, a half and three quarters as further
            people: for characters, say, which turned are others.
        bent_identities: so many times, learn all people bent, each in a way of their own, as
            further people: hands that nobody has.
        mirrored: embed a photo as the mean of itself and its mirror image.
        shift: embed it as the mean of itself and copies moved by so many pixels towards the
            corners; 0: do not.
        whitening: make all directions of the embeddings count alike.
        evens_out: what the whitening makes alike: how all embeddings spread ("spread"), or how
            those of one identity do, with what the labels of ``within`` and ``across`` have in
            common taken out ("within").
        shrinkage: of the covariance that the whitening evens out; 1 takes off the mean only.
        directions: how many of them to keep, the widest; 0: all. The embedding is then so long.
        held_out: share of the people held out to choose the epoch and the threshold.
        patience: stop after so many epochs with a held-out AUC clearly below the best.
        refit: train once more on everybody, for as many epochs as were best.
        rows, columns, channels, frame: what the encoder reads; see `Preparation`.
        seed: of everything random.

    Raises:
        SettingError: a value is out of its range, or two do not go together.
    """

    mode: str = "batches"
    encoder: str = "residual"
    head: str = "direct"
    embedding_size: int = 320
    width: int = 16
    members: int = 1
    stride: int = 1
    loss: str = "margin_softmax"
    energy: str = "euclidean"
    margin: float = 0.2
    genuine_margin: float = 0.0
    scale: float = 16.0
    class_spread: float = 1.0
    epochs: int = 6
    steps: int = 50
    identities: int = 15
    items_each: int = 4
    pairs: int = 32
    hardness: float = 10.0
    learning_rate: float = 2e-3
    weight_decay: float = 1e-4
    geometry: float = 1.0
    light: float = 1.0
    cover: float = 0.5
    bending: float = 0.0
    identity_bending: float = 0.0
    stroke_width: float = 0.0
    within: str = ""
    across: str = ""
    mirror_identities: bool = True
    turn_identities: bool = False
    bent_identities: int = 0
    mirrored: bool = True
    shift: int = 3
    whitening: bool = True
    evens_out: str = "spread"
    shrinkage: float = 0.2
    directions: int = 0
    held_out: float = 1 / 3
    patience: int = 3
    refit: bool = True
    rows: int = 56
    columns: int = 46
    channels: int = 1
    frame: str = "whole"
    seed: int = 0

    def __post_init__(self) -> None:
        frames = {"frame": ("whole", *registry.names("frame"))}
        for name, choices in (_CHOICES | frames).items():
            if getattr(self, name) not in choices:
                raise SettingError(
                    f"{name}: expected one of {', '.join(choices)}. "
                    f"Received: {getattr(self, name)!r}."
                )
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name in _RANGES:
                low, high = _RANGES[field.name]
                whole = isinstance(field.default, int)
                check_in_range(value, low, high, argument=field.name, whole=whole)
                # Plain numbers, so that a recipe always goes into JSON.
                object.__setattr__(self, field.name, int(value) if whole else float(value))
            elif field.type is bool and not isinstance(value, bool):
                raise SettingError(f"{field.name}: expected true or false. Received: {value!r}.")
            elif field.type is str and not isinstance(value, str):
                raise SettingError(f"{field.name}: expected a word. Received: {value!r}.")
        self._check_what_is_read()
        self._check_loss()

    def _check_what_is_read(self) -> None:
        if self.channels == 2:
            raise SettingError("channels: expected 1 (grey) or 3 (colour). Received: 2.")
        if self.turn_identities and self.rows != self.columns:
            raise SettingError(
                "turn_identities: expected as many rows as columns, so that what is turned fits. "
                f"Received: rows {self.rows} and columns {self.columns}."
            )
        if self.head == "deep" and (self.encoder, self.mode) != ("cells", "batches"):
            raise SettingError(
                "head: 'deep' goes with the encoder 'cells' and the mode 'batches'. Received: "
                f"{self.encoder!r} and {self.mode!r}. Use 'direct' with them."
            )
        if self.stride > 1 and self.encoder != "residual":
            raise SettingError(
                f"stride: expected 1 for the encoder {self.encoder!r}. Received: {self.stride}."
            )
        if (self.encoder == "readings") != (self.frame == "ink_parts"):
            raise SettingError(
                "encoder, frame: expected 'readings' and 'ink_parts' together or not at all. "
                f"Received: {self.encoder!r} and {self.frame!r}."
            )

    def _check_loss(self) -> None:
        if self.mode == "pairs" and self.members > 1:
            raise SettingError(
                f"members: expected 1 in mode 'pairs'. Received: {self.members}. "
                "Use mode 'batches' for several."
            )
        if self.mode == "pairs" and (self.within or self.across):
            raise SettingError(
                "within, across: mode 'pairs' draws from all pairs. Received: "
                f"{self.within or self.across!r}. Use mode 'batches' for them."
            )
        if self.identity_bending and (self.mode == "pairs" or self.loss == "margin_softmax"):
            raise SettingError(
                "identity_bending: expected 0 where the loss knows identities beyond a batch. "
                f"Received: {self.identity_bending:g} with {self.loss!r} in mode {self.mode!r}. "
                "Use bent_identities with them."
            )
        if self.loss in ("margin_softmax", "supervised_contrastive"):
            check_in_range(self.margin, 0.0, 1.0, argument=f"margin of {self.loss}")
        elif self.margin == 0:
            raise SettingError(f"margin: expected a number above 0 for {self.loss}. Received: 0.")
        if self.loss == "contrastive":
            check_in_range(self.genuine_margin, 0.0, self.margin, argument="genuine_margin")
        if self.mode == "pairs" and self.loss != "contrastive":
            raise SettingError(
                f"loss: mode 'pairs' takes the contrastive loss. Received: {self.loss!r}. "
                "Use mode 'batches' for it."
            )

    @property
    def preparation(self) -> Preparation:
        """From photos to what the encoder reads."""
        return Preparation(
            rows=self.rows, columns=self.columns, channels=self.channels, frame=self.frame
        )

    def as_dict(self) -> dict[str, Any]:
        """Return every setting by name; JSON values only."""
        return asdict(self)

    @classmethod
    def from_dict(cls, settings: Mapping[str, Any]) -> "TrainingRecipe":
        """Make a recipe from `as_dict`, or from some of its settings.

        Raises:
            SettingError: there is no setting of a name given, or a value does not fit.
        """
        known = {field.name for field in fields(cls)}
        unknown = sorted(set(settings) - known)
        if unknown:
            raise SettingError(
                f"recipe: there is no setting {', '.join(map(repr, unknown))}. "
                f"The settings are {', '.join(sorted(known))}."
            )
        return cls(**settings)

    def to_json(self) -> str:
        """Return the recipe as JSON text."""
        return json.dumps(self.as_dict(), indent=2, sort_keys=True) + "\n"


BATCHES = TrainingRecipe()
"""The default: P×K batches and the margin softmax."""

PAIRS = TrainingRecipe(
    mode="pairs",
    loss="contrastive",
    embedding_size=128,
    margin=1.6,
    # Fewer directions are wide after this loss, so more evening out pays.
    shrinkage=0.02,
    learning_rate=4e-3,
    # Shorter epochs than of batches: pairs are drawn anew, by energy, before each.
    epochs=12,
    steps=25,
    patience=12,
)
"""The lab's way: pairs, the contrastive loss on the Euclidean distance."""

RECIPES = {"batches": BATCHES, "pairs": PAIRS}
"""The recipes of the road, by name; tasks bring others."""


def recipe_by_name(name: str) -> TrainingRecipe:
    """Return a recipe of the road, or of a task.

    Raises:
        SettingError: there is none of that name.
    """
    if name in RECIPES:
        return RECIPES[name]
    if name in registry.names("recipe"):
        return registry.load("recipe", name)
    raise SettingError(f"mode: expected one of {', '.join(recipe_names())}. Received: {name!r}.")


def recipe_names() -> tuple[str, ...]:
    """Return the names of all recipes, those of the road first."""
    return (*RECIPES, *registry.names("recipe"))
