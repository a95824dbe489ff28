"""The next photo's value is measured on people the model was not trained on, without copies."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from likeness.datasets import Dataset, drawn_faces
from likeness.errors import OverlapError, SettingError
from likeness.experiments.saved_model import next_photo_of_model


@dataclass
class PixelModel:
    """As much of a model as the curve asks for."""

    record: dict[str, Any] = field(default_factory=dict)
    calibration: dict[str, Any] = field(default_factory=dict)
    threshold: float | None = None
    energy: str = "euclidean"
    fingerprint: str = "f" * 64

    def embed(self, images: Any) -> Any:
        return images.reshape(len(images), -1) / 255.0


@pytest.fixture(scope="module")
def people() -> Dataset:
    return drawn_faces(identities=9, photos_each=4, size=(28, 24), seed=2)


def test_says_what_stands_behind_it(people) -> None:
    found = next_photo_of_model(PixelModel(threshold=3.0), people, draws=3, seed=4).to_json()
    assert found["format"] == "likeness.next_photo/1"
    assert found["model"] == "f" * 64
    assert found["data"]["digest"] == people.digest
    assert found["drawn"]
    assert (found["fusion"], found["threshold"], found["seed"]) == ("min", 3.0, 4)
    assert [point["photos"] for point in found["points"]] == [1, 2, 3]
    assert found["left_out"] == []
    assert found["points"][0]["rejected_at_threshold"] is not None


def test_the_fusion_is_the_one_that_the_model_was_calibrated_for(people) -> None:
    model = PixelModel(calibration={"purpose": {"fusion": "centroid"}})
    assert next_photo_of_model(model, people, draws=2).curve.fusion == "centroid"
    assert next_photo_of_model(model, people, draws=2, fusion="mean").curve.fusion == "mean"
    with pytest.raises(SettingError, match="fusion: the centroid of photos is known for"):
        next_photo_of_model(PixelModel(energy="manhattan"), people, fusion="centroid")


def test_who_has_too_few_photos_and_what_is_a_copy_takes_no_part(people) -> None:
    first = people.distinct[0]
    own = [i for i, name in enumerate(people.identities) if name == first]
    others = [i for i in range(len(people)) if i not in own]
    few = people.take([own[0], *others])
    copied = Dataset(
        np.concatenate([few.items, few.items[:1].repeat(4, axis=0)]),
        [*few.identities, *[first] * 4],
        name="copied",
    )
    plain = next_photo_of_model(PixelModel(), few, draws=3)
    with_copies = next_photo_of_model(PixelModel(), copied, draws=3)
    assert plain.left_out == with_copies.left_out == (first,)
    assert plain.curve.points == with_copies.curve.points
    assert plain.notes[-1] == (
        f"1 of 9 people are excluded, because they have fewer than 4 different photos: '{first}'."
    )
    assert with_copies.notes[-1].endswith("copies of others of the same person: 4.")


def test_people_that_were_trained_on_are_refused(people) -> None:
    model = PixelModel({"data": {"identities": list(people.distinct[2:4]), "item_digests": []}})
    with pytest.raises(OverlapError, match="2 of the 9 people were trained on"):
        next_photo_of_model(model, people)
