"""``likeness doctor`` as a person types it."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFilter

from likeness.datasets import drawn_faces

from .conftest import run, run_here

QUICK = [
    "schedule.epochs=1",
    "schedule.steps=2",
    "encoder.width=2",
    "encoder.kind=convnet",
    "schedule.held_out=0.4",
]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean folder, and one with a fault of each kind that needs no model."""
    place = tmp_path_factory.mktemp("doctor")
    people = drawn_faces(identities=7, photos_each=3, seed=4)
    for part in ("clean", "faulty"):
        for name, item in zip(people.item_names, people.items, strict=True):
            file = place / part / f"{name}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(item[..., 0]).save(file)
    faulty = place / "faulty"

    def change(name: str, how: Any) -> None:
        image = Image.open(faulty / name)
        image.load()
        how(image).save(faulty / name)

    change("drawn1/1.png", lambda image: image.filter(ImageFilter.GaussianBlur(3)))
    change("drawn2/1.png", lambda image: image.point(lambda value: value * 0.2))
    change("drawn3/1.png", lambda image: image.resize((23, 28)))
    (faulty / "zoe").mkdir()
    Image.open(faulty / "drawn4" / "1.png").resize((60, 73)).save(faulty / "zoe" / "me.jpg")
    (faulty / "zoe" / "broken.jpg").write_bytes(b"no photo")
    return place


def test_a_clean_folder_ends_with_zero(place: Path) -> None:
    result = run("doctor", "clean", "--faces", "none", cwd=place)
    assert result.returncode == 0, result.stderr
    said = " ".join(result.stdout.split())
    assert said.startswith("No findings. No face detector was used. Without a model people")


def test_every_fault_is_named_with_its_photo(place: Path) -> None:
    result = run(
        "doctor", "faulty", "--faces", "none", "--json", "f.json", "--report", "page", cwd=place
    )
    assert result.returncode == 1
    said = " ".join(result.stdout.split())
    assert "Note: left out: zoe/broken.jpg (text)." in said
    for words in (
        "drawn1/1.png blurred",
        "drawn2/1.png too dark",
        "drawn3/1.png 23×28 pixels",
        "drawn4/1.png zoe/me.jpg same photo, two names",
        "3 photos have a warning.",
        "1 photograph has two names.",
    ):
        assert words in said
    document = json.loads((place / "f.json").read_text())
    assert document["format"] == "likeness.doctor/1"
    assert document["model"] is None
    assert not document["clean"]
    sizes = {photo["photo"]: (photo["rows"], photo["columns"]) for photo in document["photos"]}
    assert sizes["drawn3/1.png"] == (28, 23)  # its own, not that of the collection
    assert sizes["zoe/me.jpg"] == (73, 60)
    page = (place / "page" / "doctor.html").read_text()
    assert "zoe/me.jpg" in page
    assert "page/doctor.html" in result.stderr
    assert json.loads((place / "page" / "doctor.json").read_text()) == document


def test_json_goes_to_standard_output_alone(place: Path) -> None:
    result = run("doctor", "clean", "--faces", "none", "--json", "-", cwd=place)
    assert json.loads(result.stdout)["clean"]


def test_faces_are_looked_for(place: Path) -> None:
    pytest.importorskip("cv2")
    blank = place / "blank"
    (blank / "ada").mkdir(parents=True)
    noise = np.random.default_rng(0).integers(0, 256, (100, 80), np.uint8)
    Image.fromarray(noise).save(blank / "ada" / "1.png")
    result = run("doctor", "blank", cwd=place)
    assert result.returncode == 1
    assert "no face was found" in result.stdout
    assert "No face detector was used" not in result.stdout


def test_without_opencv_it_says_how_to_install_it(place: Path, tmp_path: Path) -> None:
    (tmp_path / "cv2.py").write_text("raise ImportError('no OpenCV here')\n")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    alone = "from likeness.cli import main; main()"  # not where OpenCV is loaded already
    result = run("doctor", "clean", cwd=place, code=alone, PYTHONPATH=path)
    assert result.returncode == 0, result.stderr
    said = " ".join(result.stdout.split())
    assert "No face detector was used." in said
    assert '`pip install "opencv-python-headless>=4.8"`' in said


@pytest.mark.slow
def test_with_a_model_people_are_compared(place: Path) -> None:
    settings = [word for change in QUICK for word in ("--set", change)]
    trained = run("train", "clean", "--out", "model", *settings, cwd=place)
    assert trained.returncode == 0, trained.stderr
    result = run(
        "doctor", "clean", "--model", "model", "--faces", "none", "--json", "m.json", cwd=place
    )
    assert result.returncode in (0, 1), result.stderr
    document = json.loads((place / "m.json").read_text())
    stored = json.loads((place / "model" / "model.json").read_text())
    assert document["model"]["fingerprint"] == stored["fingerprint"]
    assert document["threshold"] == stored["threshold"]
    assert len(document["model"]["trained_on"]) == 7
    assert "The model was trained on 7 of these 7 people" in " ".join(result.stdout.split())
    assert {person["photos"] for person in document["people"]} <= {3, 6}
    assert document["look_alikes"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nowhere"], "nowhere: expected a folder"),
        (["clean", "--model", "clean"], "clean: expected a folder with model.json"),
        (["clean", "--faces", "none.onnx"], "none.onnx: expected an ONNX file"),
        (["clean", "--faces", "hare"], "hare: expected an ONNX file"),
        (["clean", "--json", "no/such/f.json"], "--json: expected a file in an existing folder"),
        (["clean", "--report", "clean/drawn1/1.png"], "--report: expected a folder"),
    ],
)
def test_wrong_input_is_said_in_a_sentence(
    place: Path, arguments: list[str], sentence: str
) -> None:
    if "--faces" in arguments:
        pytest.importorskip("cv2")
    result = run_here("doctor", *arguments, cwd=place)
    assert result.returncode == 2
    assert sentence in " ".join(result.stderr.split())
    assert "Traceback" not in result.stderr
    assert result.stdout == ""
