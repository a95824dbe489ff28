"""The whole diagnosis: planted faults among drawn faces are each found, a clean folder is clean."""

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageFilter

from likeness.datasets import Dataset, drawn_faces
from likeness.energies import energy_matrix
from likeness.errors import DataError
from likeness.evaluation.doctor import Diagnosis
from likeness.images.faces import Face
from likeness.images.quality import PhotoCheck, PhotoWarning, Quality

THRESHOLD = 0.9
PEOPLE, EACH = 12, 4


@pytest.fixture(scope="module")
def drawn() -> Dataset:
    return drawn_faces(identities=PEOPLE, photos_each=EACH, size=(112, 92), seed=21)


def embedded(codes, seed=0):
    """Made-up embeddings: photos of one person about 0.3 apart, of two about 2."""
    rng = np.random.default_rng(seed)
    centres = np.eye(PEOPLE + 1) * np.sqrt(2)
    return centres[codes] + 0.2 / np.sqrt(PEOPLE + 1) * rng.normal(size=(len(codes), PEOPLE + 1))


def diagnosed(data, points, *, checks=None, threshold=THRESHOLD):
    checks = [PhotoCheck.of(item) for item in data.items] if checks is None else checks
    matrix = energy_matrix("euclidean", points)
    return Diagnosis.of(data, checks, matrix=matrix, threshold=threshold)


def changed(data, **fields):
    """The data set with other items, identities or notes."""
    return replace(data, item_names=tuple(f"photo{i}" for i in range(len(data))), **fields)


def test_a_clean_folder_is_clean(drawn) -> None:
    for seed in range(5):
        found = diagnosed(drawn, embedded(drawn.codes, seed))
        assert found.clean
        assert found.sentences() == [
            "No findings.",
            "No face detector was used.",
            "No person is predicted to gain from another photo.",
        ]
        document = found.to_json()
        assert [document[part] for part in ("copies", "misplaced")] == [[], []]
        assert not any(pair["flagged"] or pair["one_person"] for pair in document["look_alikes"])
        assert len(document["photos"]) == PEOPLE * EACH
        assert len(document["people"]) == PEOPLE


def test_every_planted_fault_is_found(drawn) -> None:
    """A duplicate person, a wrong name, look-alikes, a copy; a blurred, a dark, a tiny photo."""
    items, names = drawn.items.copy(), list(drawn.identities)
    truth = drawn.codes.copy()
    names[0:2] = ["zoe", "zoe"]  # drawn1 under two names
    names[4] = "drawn3"  # a photo of drawn2
    points = embedded(truth)
    points[truth == 5] = points[truth == 6] + 0.15  # drawn6 and drawn7 look alike
    original = Image.fromarray(items[32][..., 0]).resize((46, 56)).resize((92, 112))
    items[36] = np.asarray(original)[..., None]  # drawn9's photo under drawn10
    points[36] = points[32]
    faults = {
        16: items[16],
        20: (items[20] * 0.2).astype(np.uint8),
        24: np.ascontiguousarray(items[24][::4, ::4]),
    }
    picture = Image.fromarray(items[16][..., 0]).filter(ImageFilter.GaussianBlur(3))
    faults[16] = np.asarray(picture)[..., None]
    data = changed(drawn, items=items, identities=names, notes=("left out: a.jpg (text).",))
    checks = [PhotoCheck.of(faults.get(place, item)) for place, item in enumerate(items)]

    document = diagnosed(data, points, checks=checks).to_json()

    warned = {p["photo"]: {w["kind"] for w in p["warnings"]} for p in document["photos"]}
    assert "blurred" in warned.pop("photo16")
    assert "dark" in warned.pop("photo20")
    assert "small" in warned.pop("photo24")
    assert not any(warned.values())
    (copy,) = document["copies"]
    assert (copy["left"], copy["right"]) == ("photo32", "photo36")
    assert (copy["left_person"], copy["right_person"]) == ("drawn9", "drawn10")
    assert copy["two_names"]
    assert copy["how"] == "same photo"
    wrong = {one["photo"]: one["closest_person"] for one in document["misplaced"]}
    assert wrong == {"photo4": "drawn2", "photo36": "drawn9"}
    assert not document["clean"]
    one_person = [pair for pair in document["look_alikes"] if pair["one_person"]]
    assert [(pair["left"], pair["right"]) for pair in one_person] == [("drawn1", "zoe")]
    alike = [pair for pair in document["look_alikes"] if pair["flagged"]]
    assert {(pair["left"], pair["right"]) for pair in alike} == {
        ("drawn1", "zoe"),
        ("drawn6", "drawn7"),
    }
    assert document["sentences"][:7] == [
        "1 file or folder was left out.",
        "3 photos have a warning.",
        "1 photograph has two names.",
        "2 photos may have the wrong name.",
        "1 pair of names may be one person.",
        "1 pair of people looks alike: closer than the threshold.",
        "No face detector was used.",
    ]


def test_photos_are_named_rightly_after_some_were_left_out(drawn) -> None:
    """Copies and wrong names are taken out before people are compared; names must not shift."""
    items, points = drawn.items.copy(), embedded(drawn.codes)
    items[1], points[1] = items[0], points[0]  # the same file twice
    names = list(drawn.identities)
    names[8] = "drawn5"  # a photo of drawn3
    points[drawn.codes == 9] = points[drawn.codes == 10] + 0.15
    data = changed(drawn, items=items, identities=names)
    matrix = energy_matrix("euclidean", points)
    found = diagnosed(data, points)
    (copy,) = found.copies
    assert (copy.left, copy.right, copy.how(data, data)) == (0, 1, "same pixels")
    assert not found.two_names(copy)
    assert [one.photo for one in found.misplaced] == [8]
    assert matrix[8, found.misplaced[0].closest] == found.misplaced[0].other_energy
    for pair in found.look_alikes:
        assert matrix[pair.left_photo, pair.right_photo] == pair.closest
        assert data.codes[pair.left_photo] == pair.left
        assert data.codes[pair.right_photo] == pair.right
    counts = {data.distinct[risk.person]: risk.photos for risk in found.risks}
    assert counts["drawn1"] == EACH - 1
    assert counts["drawn5"] == EACH


def test_two_names_of_one_person_count_as_one_when_risks_are_judged(drawn) -> None:
    names = ["zoe" if place < 2 else name for place, name in enumerate(drawn.identities)]
    found = diagnosed(changed(drawn, identities=names), embedded(drawn.codes))
    people = {found.data.distinct[risk.person]: risk for risk in found.risks}
    assert "zoe" not in people
    assert people["drawn1"].photos == EACH
    assert people["drawn1"].nearest_energy > THRESHOLD


def test_without_a_model_people_are_not_judged(drawn) -> None:
    found = Diagnosis.of(drawn, [PhotoCheck.of(item) for item in drawn.items])
    assert found.clean
    assert not found.with_model
    document = found.to_json()
    assert [document[part] for part in ("misplaced", "look_alikes", "people")] == [None] * 3
    assert "Without a model people were not compared" in " ".join(document["sentences"])


def test_without_a_threshold_nobody_is_flagged_and_it_is_said(drawn) -> None:
    points = embedded(drawn.codes)
    points[drawn.codes == 5] = points[drawn.codes == 6] + 0.15
    found = diagnosed(drawn, points, threshold=None)
    assert not any(pair.flagged for pair in found.look_alikes)
    assert (found.look_alikes[0].left, found.look_alikes[0].right) in {(5, 6), (6, 5)}
    assert "The model has no threshold" in " ".join(found.sentences())
    assert found.to_json()["threshold"] is None


def test_one_person_alone_is_compared_with_nobody(drawn) -> None:
    alone = drawn.of(["drawn1"])
    found = diagnosed(alone, embedded(alone.codes))
    assert found.clean
    assert found.risks is None


def test_the_document_is_json_and_has_the_faces(drawn) -> None:
    one = drawn.take(range(2))
    face = Face(box=(0, 0, 60, 60), score=1.0, eyes=((20, 10), (20, 40)), pose="frontal")
    quality = Quality.of(one.items[0])
    warning = PhotoWarning(kind="no face", words="no face was found")
    checks = [
        PhotoCheck(size=(112, 92), quality=quality, faces=(face,), warnings=()),
        PhotoCheck(size=(112, 92), quality=quality, faces=(), warnings=(warning,)),
    ]
    document = Diagnosis.of(one, checks).to_json()
    assert json.loads(json.dumps(document, allow_nan=False))["format"] == "likeness.doctor/1"
    first, second = document["photos"]
    assert first["faces"][0]["roll"] == 0
    assert first["quality"]["of"] == "face"
    assert (second["faces"], second["quality"]["of"]) == ([], "photo")
    assert "No face detector was used." not in document["sentences"]


def test_a_photo_softer_than_the_rest_is_warned_of_once(drawn) -> None:
    checks = [PhotoCheck.of(item) for item in drawn.items]
    soft = min(check.quality.sharpness for check in checks) / 8
    checks[3] = replace(checks[3], quality=replace(checks[3].quality, sharpness=soft))
    found = Diagnosis.of(drawn, checks)
    assert [w.kind for w in found.checks[3].warnings] == ["blurrier than the rest"]
    assert sum(bool(check.warnings) for check in found.checks) == 1
    warned = replace(checks[3], warnings=(PhotoWarning(kind="blurred", words="blurred"),))
    found = Diagnosis.of(drawn, [*checks[:3], warned, *checks[4:]])
    assert [w.kind for w in found.checks[3].warnings] == ["blurred"]


def test_as_many_checks_as_photos_are_asked_for(drawn) -> None:
    with pytest.raises(DataError, match=r"checks: expected 48, one per photo\. Received: 0\."):
        Diagnosis.of(drawn, [])
