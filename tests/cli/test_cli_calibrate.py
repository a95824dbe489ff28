"""``likeness calibrate`` as a person types it."""

import json
from pathlib import Path

import pytest
from PIL import Image

from likeness.datasets import drawn_faces

from .conftest import run, run_here

QUICK = [
    "schedule.epochs=1",
    "schedule.steps=2",
    "encoder.width=2",
    "encoder.kind=convnet",
    "schedule.held_out=0",
]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model trained on four people, and twelve others."""
    place = tmp_path_factory.mktemp("calibrate")
    people = drawn_faces(identities=16, photos_each=3, size=(56, 46), seed=1)
    for identity, name, item in zip(
        people.identities, people.item_names, people.items, strict=True
    ):
        part = "known" if identity in people.distinct[:4] else "others"
        file = place / part / f"{name}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(item[..., 0]).save(file)
    settings = [word for change in QUICK for word in ("--set", change)]
    trained = run("train", "known", "--out", "model", *settings, cwd=place)
    assert trained.returncode == 0, trained.stderr
    return place


def document(place: Path) -> dict[str, object]:
    loaded: dict[str, object] = json.loads((place / "model" / "model.json").read_text())
    return loaded


def test_the_threshold_is_stored_with_its_promise(place: Path) -> None:
    before = document(place)
    words = ["--people", "3", "--strangers-accepted", "40%", "--json", "found.json"]
    assert run("calibrate", "model", "others", *words, "--dry-run", cwd=place).returncode == 0
    assert document(place) == before
    result = run("calibrate", "model", "others", *words, cwd=place)
    assert result.returncode == 0, result.stderr
    said = " ".join(result.stdout.split())
    assert "a stranger against 3 people is accepted in at most" in said
    assert "Stored in model." in said
    after = document(place)
    found = json.loads((place / "found.json").read_text())
    assert after["threshold"] == found["threshold"]
    assert {k: v for k, v in after.items() if k not in ("threshold", "calibration")} == {
        k: v for k, v in before.items() if k not in ("threshold", "calibration")
    }
    assert after["calibration"]["purpose"]["strangers_accepted"] == 0.4
    assert after["calibration"]["provenance"]["model"] == after["fingerprint"]
    evaluated = run("evaluate", "model", "others", "--json", "-", cwd=place)
    assert evaluated.returncode == 0, evaluated.stderr
    assert json.loads(evaluated.stdout)["threshold"] == found["threshold"]


def test_the_fusion_is_chosen_by_measured_error_and_stored(place: Path) -> None:
    words = ["--far", "40%", "--photos-each", "2", "--fusion", "auto", "--json", "-"]
    result = run("calibrate", "model", "others", *words, cwd=place)
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    choice = found["fusion_choice"]
    assert choice["fusion"] in choice["rejected"]
    assert set(choice["rejected"]) == {"min", "mean", "centroid"}
    stored = document(place)["calibration"]
    assert isinstance(stored, dict)
    assert stored["purpose"]["fusion"] == choice["fusion"]
    assert any(f"Fusion of 2 photos: {choice['fusion']}." in said for said in found["sentences"])


@pytest.mark.parametrize(
    ("photos", "words", "sentence"),
    [
        ("known", ["--far", "0.3"], "4 of the 4 people were trained on"),
        (
            "others",
            ["--people", "500", "--strangers-accepted", "1%"],
            "You need photos of about",
        ),
    ],
)
def test_what_cannot_be_promised_is_refused(
    photos: str, words: list[str], sentence: str, place: Path
) -> None:
    before = document(place)
    result = run_here("calibrate", "model", photos, *words, cwd=place)
    assert result.returncode == 2
    assert sentence in " ".join(result.stderr.split())
    assert "Traceback" not in result.stderr
    assert document(place) == before


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "expected either --people and --strangers-accepted"),
        (["--far", "1e-3", "--people", "5"], "expected either --people"),
        (["--strangers-accepted", "1%"], "--people: expected the number"),
        (["--people", "5", "--strangers-accepted", "often"], "--strangers-accepted: expected a ra"),
        (["--far", "0"], "--far: expected a rate such as 1% or 0.01"),
        (["--far", "120%"], "--far: expected a rate"),
        (["--far", "1%", "--fusion", "max"], "fusion: expected min, mean, centroid, or top2"),
        (["--far", "1%", "--prior", "never"], "--prior: expected a rate"),
        (["--far", "1%", "--prior", "100%"], "--prior: expected a rate"),
        (["--far", "1%", "--wrong-names", "0"], "--wrong-names: expected a rate"),
    ],
)
def test_unclear_wishes_are_refused_before_anything_is_read(
    words: list[str], sentence: str, tmp_path: Path
) -> None:
    result = run_here("calibrate", "nowhere", "nobody", *words, cwd=tmp_path)
    assert result.returncode == 2
    assert sentence in " ".join(result.stderr.split())


def test_margin_probabilities_and_a_page(place: Path) -> None:
    words = ["--people", "3", "--strangers-accepted", "40%", "--prior", "10%"]
    more = ["--wrong-names", "1%", "--report", "page", "--json", "-"]
    result = run("calibrate", "model", "others", *words, *more, cwd=place)
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    stored = document(place)["calibration"]
    assert isinstance(stored, dict)
    assert found == stored == json.loads((place / "page" / "calibration.json").read_text())
    assert stored["probability"]["prior"] == 0.1
    assert stored["probability"]["ratio"]["kind"] in stored["probability"]["log_losses"]
    # So few people cannot show so few wrong names, and that is said.
    assert stored["margin"]["value"] is None
    assert any("No margin to the runner-up was measured" in said for said in stored["sentences"])
    assert "drawn faces" not in (place / "page" / "calibration.html").read_text()
    lines = (place / "page" / "comparisons.csv").read_text().splitlines()
    assert len(lines) == 1 + stored["strangers"]["comparisons"] + stored["rejected"]["comparisons"]


def test_a_report_that_cannot_be_written_leaves_the_model_as_it_is(place: Path) -> None:
    before = document(place)
    (place / "taken").write_text("x")
    words = ["--people", "3", "--strangers-accepted", "40%", "--report", "taken"]
    result = run_here("calibrate", "model", "others", *words, cwd=place)
    assert result.returncode == 2
    assert "--report: expected a folder. Received: taken, a file." in " ".join(
        result.stderr.split()
    )
    assert document(place) == before


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "expected either photos of other people, or --on-gallery. Received: neither"),
        (("others", "--on-gallery", "staff.db"), "--on-gallery. Received: both"),
        (("--on-gallery", "staff.db"), "--on-gallery: expected --strangers-accepted"),
        (
            ("--on-gallery", "staff.db", "--strangers-accepted", "1%", "--people", "9"),
            "neither --people, --far nor --photos-each",
        ),
    ],
)
def test_a_gallery_and_other_people_exclude_each_other(words, sentence, tmp_path: Path) -> None:
    result = run("calibrate", "model", *words, cwd=tmp_path)
    assert result.returncode == 2
    assert sentence in " ".join(result.stderr.split())
