"""A model's threshold is never chosen on people it was trained on."""

import hashlib
import json
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest

from likeness.datasets import Dataset, drawn_faces
from likeness.errors import OverlapError, SettingError, TooFewError
from likeness.evaluation.pair_energies import EnergyHistogram
from likeness.evaluation.threshold_choice import Purpose
from likeness.experiments.calibrated import calibrate_model, calibrate_on_gallery
from likeness.recogniser.gallery import Gallery, GalleryModel, NewTemplate, create_gallery


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
    assert found.provenance.model == "f" * 64
    assert found.provenance.data.digest == people.digest
    assert found.provenance.data.drawn
    assert found.provenance.date.endswith("+00:00")
    assert found.choice.people == 12
    assert np.isfinite(found.choice.threshold)
    document = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert document["provenance"]["data"]["identities"] == list(people.distinct)
    energies = EnergyHistogram.stored(document, {}, found.choice.threshold)
    assert energies is not None
    assert sum(energies.genuine) == found.choice.rejected.comparisons
    assert sum(energies.impostor) == found.choice.strangers.comparisons


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


def test_margin_and_probabilities_go_with_it(people) -> None:
    purpose = Purpose(people=3, strangers_accepted=0.5)
    found = calibrate_model(PixelModel(), people, purpose, prior=0.1, wrong_names=0.6)
    assert found.margin.wrong_names == 0.6
    assert found.margin.people == 3
    assert found.fitted is not None
    assert found.fitted.prior == 0.1
    near, far = found.fitted.ratio.probability([0.0, 1e6], prior=0.1)
    assert near > 0.1 > far
    document, text = found.to_json(), " ".join(found.sentences())
    assert document["sentences"] == found.sentences()
    for part in ("margin", "probability"):
        assert all(said in text for said in document[part]["sentences"])


def test_as_many_wrong_names_as_strangers_if_nothing_else_is_said(people) -> None:
    found = calibrate_model(PixelModel(), people, Purpose(people=3, strangers_accepted=0.5))
    assert found.margin.wrong_names == 0.5


def test_too_few_people_for_probabilities_are_told_so_and_keep_their_threshold(people) -> None:
    three = people.of(people.distinct[:3])
    found = calibrate_model(PixelModel(), three, Purpose(strangers_accepted=0.9))
    assert found.fitted is None
    assert found.to_json()["probability"]["ratio"] is None
    assert "No probabilities: a probability is chosen on people held out" in " ".join(
        found.sentences()
    )


@pytest.mark.parametrize("changes", [{"prior": 1.0}, {"wrong_names": 0.0}])
def test_settings_out_of_range_are_refused(people, changes) -> None:
    with pytest.raises(SettingError, match=next(iter(changes))):
        calibrate_model(PixelModel(), people, Purpose(strangers_accepted=0.5), **changes)


def staff(photos: list[int]) -> Gallery:
    """A gallery of people with so many photos each, in 64 dimensions."""
    model = GalleryModel(fingerprint="f" * 64, energy="euclidean", dimensions=64)
    gallery = create_gallery(":memory:", model)
    rng = np.random.default_rng(0)
    for number, count in enumerate(photos):
        centre = rng.normal(size=64)
        vectors = centre + 0.3 * rng.normal(size=(count, 64))
        gallery.enrol(
            f"person {number}",
            [
                NewTemplate(
                    vector=(vector / np.linalg.norm(vector)).astype(np.float32),
                    photo_digest=hashlib.sha256(vector.tobytes()).hexdigest(),
                )
                for vector in vectors
            ],
        )
    return gallery


class TestOnGallery:
    def test_enrolled_people_give_a_threshold_and_stay_unnamed(self) -> None:
        with staff([1, 2, 3] * 5) as gallery:
            found = calibrate_on_gallery(PixelModel(), gallery, strangers_accepted=0.01)
        assert found.choice.purpose.people == 15
        assert found.choice.extrapolated
        assert found.choice.rejected is not None
        assert found.choice.rejected.share < 0.2
        assert found.choice.rejected.high > found.choice.rejected.share
        document = json.dumps(found.to_json(), allow_nan=False)
        assert "person" not in document.replace("person's", "").replace("one person", "")
        assert not found.provenance.data.identities

    def test_one_photo_each_says_what_cannot_be_known(self) -> None:
        with staff([1] * 15) as gallery:
            found = calibrate_on_gallery(PixelModel(), gallery, strangers_accepted=0.01)
        assert found.choice.rejected is None
        assert found.margin.value is None
        assert any("cannot be known" in sentence for sentence in found.sentences())
        document = json.loads(json.dumps(found.to_json(), allow_nan=False))
        assert document["rejected"] is None
        # Strict: two people who differ as these do are not within it.
        assert found.choice.threshold < found.comparisons.impostor.min()

    @pytest.mark.parametrize(("photos", "others"), [(1, 1), (2, 1), (4, 3)])
    def test_a_photo_is_compared_with_the_others_of_each_person(self, photos, others) -> None:
        with staff([photos] * 15) as gallery:
            found = calibrate_on_gallery(PixelModel(), gallery, strangers_accepted=0.01)
        assert found.choice.purpose.photos_each == others

    def test_two_people_are_too_few(self) -> None:
        with (
            staff([2, 2]) as gallery,
            pytest.raises(TooFewError, match=r"expected 3 enrolled people or more\. Received: 2"),
        ):
            calibrate_on_gallery(PixelModel(), gallery, strangers_accepted=0.01)


def test_photos_without_a_face_count_as_rejected(people) -> None:
    purpose = Purpose(strangers_accepted=0.2)
    failed = (people.distinct[0],) * 4
    plain = calibrate_model(PixelModel(), people, purpose)
    found = calibrate_model(PixelModel(), replace(people, not_acquired=failed), purpose)
    fta = 4 / (4 + len(people))
    document = found.to_json()
    assert "acquisition" not in plain.to_json()
    rejected = fta + (1 - fta) * plain.choice.rejected.share
    assert document["rejected"]["share"] == pytest.approx(rejected)
    tried = document["acquisition"]
    assert (tried["photos"], tried["failed"], tried["fta"]) == (40, 4, fta)
    assert tried["without"]["rejected"]["share"] == plain.choice.rejected.share
    assert found.choice.threshold == plain.choice.threshold
    assert "FTA 10 %: no usable face in 4 of 40 photos; they count as rejected." in " ".join(
        document["sentences"]
    )
