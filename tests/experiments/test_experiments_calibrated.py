"""A model's threshold is never chosen on people it was trained on."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from likeness.datasets import Dataset, drawn_faces
from likeness.errors import OverlapError
from likeness.evaluation.calibration import Purpose
from likeness.experiments.calibrated import calibrate_model


@dataclass
class PixelModel:
    """As much of a model as calibration asks for."""

    record: dict[str, Any] = field(default_factory=dict)
    energy: str = "euclidean"
    fingerprint: str = "f" * 64

    def embed(self, images: Any) -> Any:
        return images.reshape(len(images), -1) / 255.0


@pytest.fixture(scope="module")
def people() -> Dataset:
    return drawn_faces(identities=12, photos_each=3, size=(28, 24), seed=2)


def test_says_what_stands_behind_it(people) -> None:
    found = calibrate_model(PixelModel(), people, Purpose(strangers_accepted=0.2))
    assert found.provenance["model"] == "f" * 64
    assert found.provenance["data"]["digest"] == people.digest
    assert found.provenance["data"]["drawn"]
    assert found.provenance["date"].endswith("+00:00")
    assert found.people == 12
    assert np.isfinite(found.threshold)


def test_people_that_were_trained_on_are_refused(people) -> None:
    model = PixelModel({"data": {"identities": list(people.distinct[2:4]), "item_digests": []}})
    first = people.distinct[2]
    with pytest.raises(OverlapError, match=f"2 of the 12 people were trained on: '{first}'"):
        calibrate_model(model, people, Purpose())


def test_photos_that_were_trained_on_are_refused_under_any_name(people) -> None:
    model = PixelModel({"data": {"item_digests": [people.item_digests[0][:16]]}})
    renamed = Dataset(people.items, [f"x{name}" for name in people.identities])
    with pytest.raises(OverlapError, match="1 of the 12 people"):
        calibrate_model(model, renamed, Purpose())
