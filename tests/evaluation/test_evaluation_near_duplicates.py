"""Near duplicates and the audit: planted leaks are found, other photos of a person are not."""

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from likeness import datasets
from likeness.datasets import Dataset, drawn_faces, identity_folds
from likeness.errors import DataError
from likeness.evaluation.leaks import ALIKE, SIZE, NearDuplicate, audit
from likeness.images.preparation import fit


def saved(photo, form: str = "PNG", **options) -> np.ndarray:
    """The photo as it comes back from a file."""
    file = io.BytesIO()
    Image.fromarray(photo[..., 0]).save(file, form, **options)
    return np.asarray(Image.open(file))[..., None]


def resized(photo, share: float) -> np.ndarray:
    rows, columns = (round(side * share) for side in photo.shape[:2])
    image = Image.fromarray(photo[..., 0]).resize((columns, rows), Image.Resampling.BICUBIC)
    return np.asarray(image)[..., None]


COPIES = {
    "renamed": lambda photo: photo,
    "half the size": lambda photo: resized(photo, 0.5),
    "twice the size": lambda photo: resized(photo, 2.0),
    "an odd size": lambda photo: resized(photo, 0.77),
    "JPEG of quality 60": lambda photo: saved(photo, "JPEG", quality=60),
    "JPEG of quality 25": lambda photo: saved(photo, "JPEG", quality=25),
    "mirrored": lambda photo: photo[:, ::-1],
    "mirrored and small": lambda photo: resized(photo[:, ::-1], 0.5),
    "mirrored JPEG": lambda photo: saved(photo[:, ::-1].copy(), "JPEG", quality=50),
    "brighter": lambda photo: (photo * 0.9 + 20).astype(np.uint8),
}


@pytest.fixture(scope="module")
def collections() -> tuple[Dataset, Dataset]:
    """Two collections of 80 drawn people each, nobody in both."""
    people = drawn_faces(identities=160, photos_each=2, size=(112, 92), seed=11)
    (first, second), _ = identity_folds(people, 2)
    return first, second


def write(data: Dataset, folder: Path) -> None:
    for name, identity, photo in zip(data.item_names, data.identities, data.items, strict=True):
        (folder / identity).mkdir(parents=True, exist_ok=True)
        file = folder / identity / f"{name.replace('/', '-')}.png"
        Image.fromarray(photo[..., 0]).save(file)


def test_ten_planted_leaks_are_found_and_nothing_else(collections, tmp_path) -> None:
    first, second = collections
    write(first, tmp_path / "train")
    write(second, tmp_path / "test")
    planted = {}
    for place, (how, copy) in enumerate(COPIES.items()):
        taken = 17 * place
        owner = second.distinct[8 * place]
        file = tmp_path / "test" / owner / f"holiday-{place}.png"
        Image.fromarray(np.ascontiguousarray(copy(first.items[taken]))[..., 0]).save(file)
        planted[f"{owner}/{file.name}"] = (how, first.identities[taken])
    train, test = (datasets.folder(tmp_path / part, size=(112, 92)) for part in ("train", "test"))
    found = audit(train, test)
    assert {photo.test for photo in found.photos} == set(planted)
    for photo in found.photos:
        how, owner = planted[photo.test]
        assert photo.train_identity == owner
        assert photo.how == (
            "same pixels"
            if how == "renamed"
            else "mirror image"
            if "mirrored" in how
            else "same photo"
        )
    assert len(found.renamed) == len(planted)
    assert not found.clean
    assert "10 test photos of 170 are in the training part: 1 with the same pixels, 9 " in (
        " ".join(found.sentences())
    )


@pytest.mark.real
def test_no_false_alarm_on_real_photos(real_data) -> None:
    faces = datasets.att(real_data)
    assert NearDuplicate.find(faces.items) == []
    for train, test in identity_folds(faces, 4):
        assert audit(train, test).clean


def test_two_photos_of_one_drawn_person_are_two(collections) -> None:
    first, _ = collections
    assert NearDuplicate.find(first.items) == []


@pytest.mark.parametrize("how", COPIES)
def test_a_copy_is_found_either_way_round(how, collections) -> None:
    first, second = collections
    photos = first.items[:20]
    copy = np.ascontiguousarray(COPIES[how](photos[7]))[None]
    for left, right, place in ((photos, copy, "left"), (copy, photos, "right")):
        (found,) = NearDuplicate.find(left, right)
        assert getattr(found, place) == 7
        assert found.mirrored == ("mirrored" in how)
        assert ALIKE <= found.correlation <= 1
    assert NearDuplicate.find(second.items[:50], copy) == []


def test_correlations_are_those_of_a_slow_loop(collections) -> None:
    photo = collections[0].items[0]
    photos = np.stack([photo, (photo * 0.9 + 20).astype(np.uint8)])
    small = [fit(photo, rows=SIZE[0], columns=SIZE[1], channels=1).ravel() for photo in photos]
    expected = np.corrcoef(small[0].astype(float), small[1].astype(float))[0, 1]
    (found,) = NearDuplicate.find(photos)
    assert found.correlation == pytest.approx(expected, abs=6e-5)


@settings(max_examples=20, deadline=None)
@given(level=st.integers(0, 255), other=st.integers(0, 255))
def test_flat_photos_are_no_copies(level, other) -> None:
    flat = [np.full((1, 30, 30, 1), value, np.uint8) for value in (level, other)]
    assert NearDuplicate.find(*flat) == []


def test_many_photos_are_compared_in_blocks(monkeypatch) -> None:
    monkeypatch.setattr("likeness.evaluation.leaks.BLOCK", 3)
    photos = np.random.default_rng(0).integers(0, 256, (8, 30, 24, 1), np.uint8)
    order = [5, 0, 7, 2]
    found = NearDuplicate.find(photos, photos[order])
    assert [(one.left, one.right) for one in found] == [(0, 1), (2, 3), (5, 0), (7, 2)]


def test_something_else_than_photos_is_refused() -> None:
    with pytest.raises(DataError, match=r"images: expected .*Received"):
        NearDuplicate.find(np.zeros((2, 8, 8, 1)), np.zeros((2, 8, 8, 1), np.uint8))


def test_nothing_shared_is_said_in_one_sentence(collections) -> None:
    found = audit(*collections)
    assert found.clean
    assert found.sentences() == ["Clean: no person, photo or pair is in both."]
    assert found.to_json()["photos"] == []


def test_people_of_one_name_are_named_even_with_other_photos() -> None:
    photos = np.random.default_rng(0).integers(0, 256, (4, 30, 24, 1), np.uint8)
    found = audit(Dataset(photos[:2], ["ada", "bob"]), Dataset(photos[2:], ["bob", "cy"]))
    assert found.people == ("bob",)
    assert found.photos == ()
    assert not found.clean
