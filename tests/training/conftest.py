"""Eight made-up identities, and recipes that train on them in a second."""

from typing import Any

import numpy as np
import pytest

from likeness.datasets import Dataset
from likeness.training import TrainingRecipe

TINY = TrainingRecipe().replace(
    encoder={"kind": "convnet", "width": 4, "embedding_size": 8},
    preparation={"rows": 16, "columns": 16},
    sampling={"identities": 5, "items_each": 3},
    # Moving a photo takes long to compile: one recipe does it.
    augmentation={"geometry": 0.0, "brightness_contrast": 0.2, "erasing": 0.0},
    # So few steps are not compiled; those of "margin_softmax" are.
    schedule={
        "epochs": 2,
        "steps": 4,
        "learning_rate": 0.01,
        "held_out": 0.25,
        "refit": False,
    },
    seed=7,
)

MODES: dict[str, dict[str, Any]] = {
    "pairs": {"mode": "pairs", "loss": {"kind": "contrastive", "margin": 1.0}},
    "margin_softmax": {
        "loss": {"scale": 8.0},
        "augmentation": {"geometry": 0.2},
        "schedule": {"steps": 8},
    },
    "contrastive": {"loss": {"kind": "contrastive", "margin": 1.2, "genuine_margin": 0.4}},
    "triplet": {
        "loss": {"kind": "triplet", "margin": 0.3},
        "sampling": {"mirror_identities": False},
        "views": {"mirrored": False, "shift": 0},
        "whitening": {"kind": "none"},
    },
}


def patterns(identities: int, *, each: int = 4) -> Dataset:
    """One random 16×16 pattern per identity, each item with noise of its own."""
    rng = np.random.default_rng(5)
    middle = rng.uniform(40, 215, (identities, 1, 4, 4, 1)).repeat(4, axis=2).repeat(4, axis=3)
    items = middle + rng.normal(0, 20, (identities, each, 16, 16, 1))
    names = [f"p{1 + place}" for place in range(identities) for _ in range(each)]
    return Dataset(items.clip(0, 255).astype(np.uint8).reshape(-1, 16, 16, 1), names)


@pytest.fixture(scope="session")
def people() -> Dataset:
    """Eight identities, four items each."""
    return patterns(8)


@pytest.fixture(scope="session")
def few_people() -> Dataset:
    """Five identities: too few to hold some out."""
    return patterns(5)


@pytest.fixture(scope="session")
def recipes() -> dict[str, TrainingRecipe]:
    """A quick recipe of each kind, by name."""
    return {name: TINY.replace(**changes) for name, changes in MODES.items()}
