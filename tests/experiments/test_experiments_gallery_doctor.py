"""The doctor's document with a model: its energies, its threshold, and whom it was trained on."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from likeness.datasets import Dataset, drawn_faces
from likeness.evaluation.doctor import Diagnosis
from likeness.experiments.saved_model import examine_gallery
from likeness.images.quality import PhotoCheck


@dataclass(frozen=True)
class Pixels:
    """A model that sees small pixels."""

    threshold: float | None = None
    record: dict = field(default_factory=dict)
    energy: str = "manhattan"
    fingerprint: str = "f1"

    def embed(self, images):
        return images[:, ::8, ::8, 0].reshape(len(images), -1).astype(np.float32) / 255


@pytest.fixture(scope="module")
def people() -> Dataset:
    return drawn_faces(identities=6, photos_each=3, size=(56, 46), seed=2)


@pytest.fixture(scope="module")
def checks(people):
    return [PhotoCheck.of(item) for item in people.items]


def test_the_energies_are_those_of_the_model(people, checks) -> None:
    model = Pixels(threshold=3.0)
    small = model.embed(people.items).astype(float)
    matrix = np.abs(small[:, None] - small[None]).sum(axis=2)
    expected = Diagnosis.of(people, checks, matrix=matrix, threshold=3.0).to_json()
    document = examine_gallery(people, checks, model).to_json()
    assert document["model"] == {"fingerprint": "f1", "energy": "manhattan", "trained_on": []}
    assert document["threshold"] == 3.0
    for part in ("look_alikes", "misplaced", "people"):
        assert len(document[part]) == len(expected[part])
        for found, want in zip(document[part], expected[part], strict=True):
            assert found == pytest.approx(want)


def test_without_a_model_there_is_none(people, checks) -> None:
    document = examine_gallery(people, checks, None).to_json()
    assert document["model"] is None
    assert document["people"] is None


def test_people_the_model_was_trained_on_are_said(people, checks) -> None:
    digest = people.item_digests[7][:16]  # of a photo of drawn3
    record = {"data": {"identities": ["drawn1", "somebody"], "item_digests": [digest]}}
    document = examine_gallery(people, checks, Pixels(record=record)).to_json()
    assert document["model"]["trained_on"] == ["drawn1", "drawn3"]
    assert "The model was trained on 2 of these 6 people" in document["sentences"][-1]
    assert examine_gallery(people, checks, Pixels(record={})).model.trained_on == ()
