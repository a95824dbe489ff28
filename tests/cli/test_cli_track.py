"""``likeness track-train`` and ``likeness track`` as a person types them."""

import csv
import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from fresh_process import python
from PIL import Image

from likeness.tasks.tracking.sequences import drawn_sequence

from .conftest import run_here

FILM = drawn_sequence(frames=10, size=(96, 128), seed=6)
BOX = ",".join(f"{number:.1f}" for number in FILM.boxes[0])


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    words = ("-m", "likeness", *arguments)
    return python(*words, cwd=cwd, check=False, COLUMNS="100", NO_COLOR="1")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model, a folder of frames, and the same with its ground truth."""
    place = tmp_path_factory.mktemp("track")
    for name in ("frames", "marked/img"):
        (place / name).mkdir(parents=True)
        for number, frame in enumerate(FILM.frames, start=1):
            Image.fromarray(frame).save(place / name / f"{number}.png")
    lines = [",".join(f"{number:.3f}" for number in box) for box in FILM.boxes]
    (place / "marked" / "groundtruth.txt").write_text("\n".join(lines))
    settings = ["width=2", "channels=4", "steps=4", "pairs=3", "search=79"]
    result = run(
        "track-train", "drawn", "marked", "--things", "digits", "--out", "model", "--seed", "3",
        "--json", "trained.json",
        *(word for setting in settings for word in ("--set", setting)),
        cwd=place,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    (place / "said.txt").write_text(result.stdout)
    return place


def test_training_says_what_was_held_out_and_where_the_model_is(place: Path) -> None:
    said = (place / "said.txt").read_text()
    document = json.loads((place / "trained.json").read_text())
    assert said.startswith("On 13 frames held out: mean overlap 0.")
    assert f"Model {document['fingerprint'][:12]} written to model" in said
    assert document["format"] == "likeness.tracker-training/1"
    assert document["recipe"]["seed"] == 3
    assert document["recipe"]["steps"] == 4
    assert document["data"]["name"] == "drawn sequence, marked"
    assert document["data"]["things"]["name"] == "scikit-learn digits"
    assert document["no_onnx"] is None
    assert (place / "model" / "encoder.onnx").is_file()


def test_the_model_can_be_looked_at_and_has_a_card(place: Path, tmp_path: Path) -> None:
    trained = json.loads((place / "trained.json").read_text())
    shown = run("model", "show", "model", "--json", str(tmp_path / "shown.json"), cwd=place)
    assert shown.returncode == 0, shown.stderr
    words = " ".join(shown.stdout.split())
    for part in (
        "likeness.tracking/1",
        "a target in 63×63 pixels, searched in 159×159 pixels, rgb",
        "a cell every 4 pixels, cross_correlation energy",
        "Above it the target counts as lost.",
        "scale_step 1.0375",
        "encoder.onnx",
    ):
        assert part in words
    document = json.loads((tmp_path / "shown.json").read_text())
    assert document["fingerprint"] == trained["fingerprint"]
    assert document["tracker"] == trained["tracker"]
    named = run(
        "card", "model", "--name", "The bag", "--html", str(tmp_path / "card.html"), cwd=place
    )
    assert named.returncode == 0, named.stderr
    assert "It does not detect or identify the target" in " ".join(named.stdout.split())
    assert "The bag" in (place / "model" / "card.md").read_text()
    assert "drawn frames, not a real film" in (tmp_path / "card.html").read_text()
    # It is still the model that it was.
    out = str(tmp_path / "b.csv")
    assert run("track", "marked", "--model", "model", "--out", out, cwd=place).returncode == 0


def test_a_result_of_other_models_does_not_go_on_its_card(place: Path, tmp_path: Path) -> None:
    result = tmp_path / "result.json"
    result.write_text('{"format": "likeness.track/1"}')
    before = (place / "model" / "card.json").read_bytes()
    refused = run_here("card", "model", "--add", str(result), cwd=place)
    assert refused.returncode == 2
    assert "--add: expected a result of" in " ".join(refused.stderr.split())
    assert (place / "model" / "card.json").read_bytes() == before


def test_a_folder_of_frames_and_a_box_give_a_file_of_boxes(place: Path, tmp_path: Path) -> None:
    out = tmp_path / "boxes.csv"
    result = run("track", "frames", "--box", BOX, "--model", "model", "--out", str(out), cwd=place)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("10 frames tracked; ")
    assert "ground truth" not in result.stdout
    rows = list(csv.DictReader(out.open()))
    assert [row["frame"] for row in rows] == [str(number) for number in range(1, 11)]
    assert [float(rows[0][name]) for name in ("x", "y", "width", "height")] == pytest.approx(
        [float(number) for number in BOX.split(",")], abs=0.01
    )
    assert rows[0]["energy"] == ""
    assert all(-1 <= float(row["energy"]) <= 1 for row in rows[1:])


def test_a_sequence_with_its_ground_truth_needs_no_box_and_is_measured(
    place: Path, tmp_path: Path
) -> None:
    result = run(
        "track", "marked", "--model", "model", "--out", str(tmp_path / "b.csv"), "--json", "-",
        cwd=place,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    document = json.loads(result.stdout)
    assert document["format"] == "likeness.track/1"
    assert document["frames"] == 10
    assert len(document["steps"]) == 9
    assert set(document["evaluation"]["lost"]) == {"first_below", "for_good"}
    assert 0 <= document["evaluation"]["figures"]["mean_overlap"] <= 1
    assert document["lost_frames"] == [s["frame"] for s in document["steps"] if s["lost"]]


def test_the_film_with_its_boxes(place: Path, tmp_path: Path) -> None:
    result = run(
        "track", "marked", "--model", "model", "--out", str(tmp_path / "b.csv"),
        "--video", str(tmp_path / "b.gif"), cwd=place,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert "Against the ground truth: mean overlap" in result.stdout
    assert "b.gif" in result.stdout.replace("\n", "")
    with Image.open(tmp_path / "b.gif") as picture:
        assert picture.size == (128, 96)
        assert getattr(picture, "n_frames", 1) == 10
    first = np.asarray(Image.open(tmp_path / "b.gif").convert("RGB"), int)
    x, y, width, _ = FILM.boxes[0]
    edge = first[round(y), round(x) : round(x + width)]
    # Green on the upper edge of the box.
    assert (edge[:, 1] - edge[:, 0]).max() > 100


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["frames"], "--box: expected x,y,width,height"),
        (["frames", "--box", "1,2,3"], "--box: expected x,y,width,height"),
        (["frames", "--box", "900,900,5,5"], "inside the first frame of 128×96"),
        (["nothing", "--box", BOX], "There is no such file or folder"),
        (["frames", "--box", BOX, "--video", "a.avi"], "--video: expected a name that ends in"),
        (
            ["frames", "--box", BOX, "--video", "no/a.gif"],
            "--video: expected a file in an existing",
        ),
        (["frames", "--box", BOX, "--json", "no/a.json"], "--json: expected a file in an"),
    ],
)
def test_what_cannot_be_tracked_is_one_sentence_and_writes_nothing(
    place: Path, tmp_path: Path, arguments: list[str], said: str
) -> None:
    out = tmp_path / "boxes.csv"
    result = run_here("track", *arguments, "--model", "model", "--out", str(out), cwd=place)
    assert result.returncode == 2
    assert said in " ".join(result.stderr.split())
    assert result.stderr.startswith("likeness: ")
    assert not out.exists()


def test_a_model_of_another_kind_is_refused(place: Path, tmp_path: Path) -> None:
    (tmp_path / "face").mkdir()
    (tmp_path / "face" / "model.json").write_text('{"format": "likeness.model/1"}')
    out = tmp_path / "boxes.csv"
    result = run_here(
        "track", "frames", "--box", BOX, "--model", str(tmp_path / "face"), "--out", str(out),
        cwd=place,
    )  # fmt: skip
    assert result.returncode == 2
    assert "expected the format 'likeness.tracking/1'" in " ".join(result.stderr.split())
    assert not out.exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["frames", "--out", "new"], "SEQUENCES: expected bag"),
        (["drawn", "--out", "new", "--set", "epochs=3"], "there is no setting 'epochs'"),
        (["drawn", "--out", "new", "--set", "steps"], "--set: expected name=value"),
        (["drawn", "--out", "model"], "already holds a model"),
        (["drawn", "--out", "new", "--things", "nobody"], "nobody"),
    ],
)
def test_what_cannot_be_learned_from_is_said_before_a_training(
    place: Path, arguments: list[str], said: str
) -> None:
    result = run_here("track-train", *arguments, cwd=place)
    assert result.returncode == 2
    assert said in " ".join(result.stderr.split())
    assert not (place / "new").exists()
