"""``likeness next-photo`` as a person types it."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image

from likeness.datasets import drawn_faces

from .conftest import run, run_here

QUICK = ["schedule.epochs=1", "schedule.steps=2", "encoder.width=2", "encoder.kind=convnet"]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model trained on six people, and eight others, one of them with two photos."""
    place = tmp_path_factory.mktemp("next-photo")
    people = drawn_faces(identities=14, photos_each=4, size=(56, 46), seed=1)
    for index, item in enumerate(people.items):
        identity, photo = divmod(index, 4)
        if identity == 13 and photo > 1:
            continue
        part = "known" if identity < 6 else "others"
        file = place / part / f"p{identity}" / f"{photo}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(item[..., 0]).save(file)
    settings = [word for change in QUICK for word in ("--set", change)]
    trained = run("train", "known", "--out", "model", *settings, cwd=place)
    assert trained.returncode == 0, trained.stderr
    return place


def test_the_curve_is_told_drawn_and_written(place: Path) -> None:
    words = ["--model", "model", "--draws", "5", "--out", "curve.svg", "--json", "curve.json"]
    result = run("next-photo", "others", *words, cwd=place)
    assert result.returncode == 0, result.stderr
    said = " ".join(result.stdout.split())
    found = json.loads((place / "curve.json").read_text())
    assert "7 people, fusion of their photos: min" in said
    assert "7 probes in each of 5 draws (seed 0), the same for every row" in said
    for sentence in found["sentences"]:
        assert sentence in said
    assert said.endswith("Wrote curve.svg")
    assert (
        "1 of 8 people are excluded, because they have fewer than 4 different photos: 'p13'."
        in " ".join(result.stderr.split())
    )
    assert found["left_out"] == ["p13"]
    assert [point["photos"] for point in found["points"]] == [1, 2, 3]
    assert found["model"] == json.loads((place / "model" / "model.json").read_text())["fingerprint"]
    root = ElementTree.fromstring((place / "curve.svg").read_text())
    assert root.get("aria-label").startswith("What the next photo gains.")


def test_json_alone_goes_to_standard_output(place: Path) -> None:
    words = ["--model", "model", "--counts", "2,1", "--fusion", "centroid", "--json", "-"]
    result = run("next-photo", "others", *words, "--draws", "2", cwd=place)
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    assert found["fusion"] == "centroid"
    assert [point["photos"] for point in found["points"]] == [1, 2]


@pytest.mark.parametrize(
    ("photos", "words", "sentence"),
    [
        ("known", [], "6 of the 6 people were trained on"),
        ("others", ["--counts", "7"], "expected 2 people or more with 8 photos each"),
    ],
)
def test_what_cannot_be_measured_is_refused(
    photos: str, words: list[str], sentence: str, place: Path
) -> None:
    words = ["--model", "model", "--out", "no.svg", "--json", "no.json", *words]
    result = run_here("next-photo", photos, *words, cwd=place)
    assert result.returncode == 2
    assert sentence in " ".join(result.stderr.split())
    assert "Traceback" not in result.stderr
    assert not list(place.glob("no.*"))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--counts", "1,two"], "--counts: expected whole numbers from 1, such as 1,2,4."),
        (["--counts", "0"], "--counts: expected whole numbers from 1"),
        (["--fusion", "max"], "fusion: expected min, mean, centroid, or top2"),
        (["--out", "curve.png"], "--out: expected a file ending in .svg"),
        (["--out", "missing/curve.svg"], "--out: expected a file ending in .svg in an existing"),
        (["--json", "missing/curve.json"], "--json: expected a file in an existing folder"),
        ([], "nowhere: expected a folder with model.json"),
    ],
)
def test_unclear_wishes_are_refused_before_anything_is_read(
    words: list[str], sentence: str, tmp_path: Path
) -> None:
    result = run_here("next-photo", "nobody", "--model", "nowhere", *words, cwd=tmp_path)
    assert result.returncode == 2
    assert sentence in " ".join(result.stderr.split())
    assert not list(tmp_path.iterdir())
