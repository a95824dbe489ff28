"""``likeness omniglot`` and its data as a person types them."""

import json
from pathlib import Path

import pytest

from likeness.model.folder import SavedModel

from .conftest import run, run_here

QUICK = [
    "schedule.epochs=2",
    "schedule.steps=4",
    "encoder.width=2",
    "preparation.rows=16",
    "preparation.columns=16",
    "encoder.embedding_size=32",
]
SETTINGS = [word for change in QUICK for word in ("--set", change)]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model trained on drawn characters, and what was said and written meanwhile."""
    place = tmp_path_factory.mktemp("omniglot")
    words = ["--background", "drawn", "--out", "model", "--json", "result.json", "--seed", "3"]
    result = run("omniglot", *words, *SETTINGS, cwd=place)
    assert result.returncode == 0, result.stderr
    (place / "said.txt").write_text(result.stdout)
    return place


def test_trains_measures_and_saves(place: Path) -> None:
    said = (place / "said.txt").read_text()
    found = json.loads((place / "result.json").read_text())
    assert "drawn characters, not Omniglot · 10-way one-shot classification" in said
    error = found["figures"]["error"]
    assert f"{100 * error['mean']:.1f} %" in said and error["low"] <= error["mean"]
    assert found["format"] == "likeness.one_shot/1" and len(found["runs"]) == 10
    assert set(found["baselines"]) == {"nearest_pixels", "modified_hausdorff"}
    assert found["recipe"]["seed"] == 3 and found["recipe"]["sampling"]["turn_identities"] is True
    assert "Model written to model" in said
    document = SavedModel.read(place / "model").to_json()
    assert document["fingerprint"] == found["model"]
    assert document["preparation"]["frame"] == "ink" and document["threshold"] is not None


def test_a_model_that_is_there_is_measured(place: Path) -> None:
    result = run("omniglot", "--background", "drawn", "--model", "model", "--json", "-", cwd=place)
    assert result.returncode == 0, result.stderr
    again, before = json.loads(result.stdout), json.loads((place / "result.json").read_text())
    assert again["model"] == before["model"] and "training" not in again
    assert again["baselines"] == before["baselines"]
    assert again["figures"]["error"]["mean"] == pytest.approx(
        before["figures"]["error"]["mean"], abs=0.05
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--background", "small3"], "--background: expected one of small1, small2, drawn."),
        (["--model", "model", "--seed", "1"], "so --seed of a training cannot be given with it"),
        (
            ["--model", "model", "--out", "x", "--set", "schedule.steps=1"],
            "so --out and --set of a",
        ),
        (["--model", "none", "--background", "drawn"], "none: expected a folder with model.json"),
        (["--background", "drawn", "--out", "model"], "model already holds a model"),
        (["--background", "drawn", "--set", "stepz=1"], "there is no setting 'stepz'"),
        (["--background", "drawn", "--json", "no/r.json"], "--json: expected a file in an existi"),
    ],
)
def test_what_cannot_be_is_said_in_one_sentence(
    place: Path, words: list[str], sentence: str
) -> None:
    result = run_here("omniglot", *words, cwd=place)
    assert result.returncode == 2 and not result.stdout
    said = " ".join(result.stderr.split())
    assert sentence in said and "Traceback" not in said


@pytest.mark.parametrize(
    "words", [["omniglot"], ["data", "omniglot"], ["train", "omniglot-small2", "--out", "model"]]
)
def test_without_the_drawings(words: list[str], without_data: Path) -> None:
    result = run_here(*words, cwd=without_data, LIKENESS_MIRRORS="http://127.0.0.1:9/")
    assert result.returncode == 2
    said = " ".join(result.stderr.split())
    assert "small background set is not in the cache" in said and "LIKENESS_DATA" in said
    assert not (without_data / "model").exists()


@pytest.mark.real
def test_the_data_are_described(real_data: str, tmp_path: Path) -> None:
    if not (Path(real_data) / "omniglot_images_background_small2.zip").is_file():
        pytest.skip("needs Omniglot's zips in LIKENESS_DATA")
    result = run("data", "omniglot", real_data, "--background", "small2", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "3120 drawings of 156 characters, 20 to 20 each, 105×105 pixels" in result.stdout
    assert "Alphabets: Greek, Japanese_(katakana), Latin, Sanskrit, Tagalog." in result.stdout
