"""Writing, from drawn signatures to a model: cut into parts, bent alike, weighed, joined."""

from pathlib import Path

import numpy as np
import pytest

from likeness.model.opening import open_model
from likeness.model.siamese_model import load_model
from likeness.tasks.signatures.dataset import drawn_signatures
from likeness.tasks.signatures.ink_frames import PARTS
from likeness.tasks.signatures.model import SIGNATURES
from likeness.training import train

pytestmark = pytest.mark.backend

SMALL = {
    "schedule": {"epochs": 1, "steps": 2, "held_out": 0.34, "refit": False},
    "sampling": {"identities": 4, "items_each": 2},
    "encoder": {"width": 4, "embedding_size": 8 * 4 * len(PARTS), "ensemble_size": 2},
    "preparation": {"rows": 16, "columns": 32},
    "whitening": {"directions": 6},
}


def test_from_signatures_to_a_model_that_runs_without_keras(tmp_path: Path) -> None:
    signed = drawn_signatures(writers=8, names=2, media=2)
    recipe = SIGNATURES.replace(**SMALL)
    model = train(recipe, signed)
    size = recipe.encoder.ensemble_size * len(PARTS) * 6
    embeddings = model.embed(np.asarray(signed.items[:5]))
    assert embeddings.shape == (5, size)
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1, atol=1e-3)
    assert model.threshold is not None
    model.save(tmp_path / "writers")
    for again in (load_model(tmp_path / "writers"), open_model(tmp_path / "writers")):
        np.testing.assert_allclose(again.embed(np.asarray(signed.items[:5])), embeddings, atol=1e-4)
