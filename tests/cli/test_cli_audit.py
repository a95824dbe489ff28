"""``likeness audit`` as a person types it."""

import json
from functools import partial
from pathlib import Path

import pytest
from PIL import Image

from likeness.datasets import drawn_faces

from .conftest import run

audit = partial(run, "audit")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two folders of four other people each, and one with a leak."""
    place = tmp_path_factory.mktemp("audit")
    people = drawn_faces(identities=8, photos_each=2, size=(80, 66), seed=1)
    for identity, name, item in zip(
        people.identities, people.item_names, people.items, strict=True
    ):
        part = "train" if identity in people.distinct[:4] else "test"
        file = place / part / f"{name}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(item[..., 0]).save(file)
    photo = Image.open(next((place / "train").glob("*/*.png")))
    (place / "leaky" / "zoe").mkdir(parents=True)
    photo.resize((33, 40)).save(place / "leaky" / "zoe" / "me.jpg", quality=60)
    return place


def test_clean_folders_end_with_zero(place: Path) -> None:
    result = audit("train", "test", cwd=place)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == "Clean: no person, photo or pair is in both."


def test_a_leak_is_named_and_ends_with_one(place: Path) -> None:
    result = audit("train", "leaky", "--json", "audit.json", cwd=place)
    assert result.returncode == 1
    assert "zoe/me.jpg" in result.stdout
    assert "same photo" in result.stdout
    document = json.loads((place / "audit.json").read_text())
    assert document["format"] == "likeness.audit/1"
    assert not document["clean"]
    (photo,) = document["photos"]
    assert photo["test_identity"] == "zoe"
    assert document["renamed"] == [[photo["train_identity"], "zoe"]]


def test_a_missing_folder_is_said_in_a_sentence(place: Path) -> None:
    result = audit("train", "nowhere", cwd=place)
    assert result.returncode == 2
    assert "nowhere: expected a folder" in result.stderr
    assert "Traceback" not in result.stderr
