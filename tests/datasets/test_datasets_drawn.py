"""Drawn faces: the same from the same seed, people who stay themselves, a task worth solving."""

import dataclasses
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from likeness.datasets import Dataset, drawn_faces
from likeness.datasets.drawn_face import paint_face
from likeness.datasets.drawn_person import DrawnPerson, Moment
from likeness.errors import SettingError


@pytest.fixture(scope="module")
def forty() -> Dataset:
    return drawn_faces()


def test_the_usual_set(forty: Dataset) -> None:
    assert forty.items.shape == (400, 112, 92, 1) and forty.items.dtype == np.uint8
    assert len(forty.distinct) == 40 and forty.drawn
    assert forty.name == "drawn faces, not AT&T" and forty.licence == "made by likeness"
    assert forty.identities[:11] == ("drawn1",) * 10 + ("drawn2",)
    assert forty.item_names[10] == "drawn2/1"


def test_the_same_seed_gives_the_same_bytes(forty: Dataset) -> None:
    assert drawn_faces(identities=3).digest == forty.take(range(30)).digest
    assert drawn_faces(identities=3, seed=1).digest != forty.take(range(30)).digest


def test_global_random_state_is_neither_used_nor_changed() -> None:
    np.random.seed(1)
    first = drawn_faces(identities=1, photos_each=1).digest
    after = np.random.random()
    np.random.seed(1)
    assert np.random.random() == after
    assert drawn_faces(identities=1, photos_each=1).digest == first


@settings(max_examples=10, deadline=None)
@given(people=st.integers(1, 4), photos=st.integers(1, 4), seed=st.integers(0, 2**63 - 1))
def test_more_people_or_photos_do_not_change_those_there(
    people: int, photos: int, seed: int
) -> None:
    small = drawn_faces(identities=people, photos_each=photos, size=(28, 23), seed=seed)
    large = drawn_faces(identities=people + 2, photos_each=photos + 2, size=(28, 23), seed=seed)
    place = {name: index for index, name in enumerate(large.item_names)}
    same = large.take([place[name] for name in small.item_names])
    np.testing.assert_array_equal(small.items, same.items)


def test_all_photos_differ(forty: Dataset) -> None:
    assert len(set(forty.item_digests)) == 400


def test_seeds_of_people_and_of_photos_do_not_mix() -> None:
    # (seed 0, person 1) and (seed 1, person 0) and the like must not share a stream.
    first = drawn_faces(identities=4, photos_each=4, size=(28, 23), seed=0)
    second = drawn_faces(identities=4, photos_each=4, size=(28, 23), seed=1)
    assert not set(first.item_digests) & set(second.item_digests)


def test_photos_are_neither_dark_nor_blown_out(forty: Dataset) -> None:
    means = forty.items.mean(axis=(1, 2, 3))
    assert means.min() > 30 and means.max() < 200
    assert (forty.items == 255).mean() < 0.02
    assert (forty.items.std(axis=(1, 2, 3)) > 15).all()


def one_shot(items: np.ndarray, ways: int = 10) -> float:
    """Mean accuracy of 10-way one-shot by raw pixels, as in protocol U4."""
    pixels = items.reshape(40, 10, -1).astype(np.float64)
    right, trials = 0, 0
    for fold in range(4):
        people = pixels[fold::4]
        for enrolled in range(10):
            gallery = people[:, enrolled]
            for probe in range(10):
                if probe == enrolled:
                    continue
                for person in range(ways):
                    distance = ((gallery - people[person, probe]) ** 2).sum(axis=1)
                    right += int(distance.argmin() == person)
                    trials += 1
    return right / trials


def test_raw_pixels_find_it_neither_hopeless_nor_easy(forty: Dataset) -> None:
    assert 0.5 < one_shot(forty.items[:, ::4, ::4]) < 0.9


def test_identity_is_in_the_geometry_and_not_in_the_pose() -> None:
    """With everything else held still, two photos of a person agree and two people do not."""
    rng = np.random.default_rng(0)
    people = [DrawnPerson.draw(rng) for _ in range(6)]
    moment = dataclasses.replace(Moment.draw(rng, people[0]), glasses=False, yaw=0.0)
    faces = [paint_face(person, moment, size=(112, 92)) for person in people]
    np.testing.assert_array_equal(faces[0], paint_face(people[0], moment, size=(112, 92)))
    for i in range(6):
        for j in range(i):
            assert np.abs(faces[i] - faces[j]).mean() > 0.015


@pytest.mark.parametrize(
    ("change", "least"),
    [
        ({"yaw": 0.3}, 0.01),
        ({"turn": 0.15}, 0.01),
        ({"smile": 1.0}, 0.001),
        ({"mouth_open": 1.0}, 0.0005),
        ({"eyes_open": 0.08}, 0.0005),
        ({"glasses": True}, 0.002),
        ({"light_x": 0.3}, 0.01),
        ({"brow_lift": 0.05}, 0.0005),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_every_nuisance_shows(change: dict[str, float], least: float) -> None:
    rng = np.random.default_rng(3)
    person = DrawnPerson.draw(rng)
    still = dataclasses.replace(
        Moment.draw(rng, person),
        yaw=0.0,
        turn=0.0,
        smile=0.0,
        mouth_open=0.0,
        eyes_open=1.0,
        glasses=False,
        light_x=0.0,
        brow_lift=0.0,
    )
    before = paint_face(person, still, size=(112, 92))
    after = paint_face(person, dataclasses.replace(still, **change), size=(112, 92))
    assert np.abs(after - before).mean() > least


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_every_face_is_finite_and_light_enough(seed: int) -> None:
    rng = np.random.default_rng(seed)
    person = DrawnPerson.draw(rng)
    grey = paint_face(person, Moment.draw(rng, person), size=(56, 46))
    assert grey.dtype == np.float32 and np.isfinite(grey).all()
    assert grey.min() > -0.05 and grey.max() < 2


@pytest.mark.parametrize("size", [(16, 16), (56, 46), (64, 64), (60, 120), (224, 184)])
def test_any_size(size: tuple[int, int]) -> None:
    data = drawn_faces(identities=1, photos_each=1, size=size)
    assert data.items.shape == (1, *size, 1)


def test_a_larger_size_shows_the_same_face() -> None:
    small = drawn_faces(identities=2, photos_each=1).items[..., 0].astype(float)
    large = drawn_faces(identities=2, photos_each=1, size=(224, 184)).items[..., 0].astype(float)
    halved = large.reshape(2, 112, 2, 92, 2).mean(axis=(2, 4))
    assert np.abs(halved - small).mean() < 6


def test_four_hundred_photos_take_seconds() -> None:
    before = time.process_time()
    drawn_faces(identities=5)
    assert time.process_time() - before < 2  # 50 photos take 0.2 s; a slow machine may be slow


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"identities": 0}, "identities: expected a whole number from 1"),
        ({"photos_each": 0}, "photos_each: expected a whole number from 1"),
        ({"seed": -1}, "seed: expected a whole number from 0"),
        ({"seed": 1.5}, "seed: expected a whole number"),
        ({"size": (8, 92)}, r"size \(rows\): expected a whole number from 16 to 1024"),
        ({"size": (112, float("nan"))}, r"size \(columns\): expected"),
    ],
)
def test_arguments_out_of_range(arguments: dict[str, object], said: str) -> None:
    with pytest.raises(SettingError, match=rf"^{said}"):
        drawn_faces(**arguments)  # type: ignore[arg-type]
