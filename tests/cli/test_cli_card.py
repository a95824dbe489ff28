"""``likeness card``: it needs no Keras, so the model here is its document alone."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from likeness.cli.app import app
from likeness.errors import LikenessError

RECIPE = {"mode": "batches", "schedule": {"epochs": 6}, "seed": 0}
FIGURES = {"auc": {"mean": 0.9, "low": 0.8, "high": 0.95}}
RESULT: dict[str, Any] = {
    "format": "likeness.protocol/1",
    "protocol": "U4",
    "title": "unseen people",
    "figures": FIGURES,
    "baselines": {"raw_pixels": FIGURES},
    "counts": {"identities": 40},
    "leaks": 0,
    "leak_report": {"sentences": ["No leak."]},
    "recipe": RECIPE | {"seed": 4},
    "seeds": {"recipe": 4},
}


def card(*words: str | Path) -> Result:
    return CliRunner().invoke(app, ["card", *map(str, words)], env={"COLUMNS": "200"})


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model's folder of before there were cards."""
    folder = tmp_path / "model"
    folder.mkdir()
    document = {
        "format": "likeness.model/1",
        "fingerprint": "ab" * 32,
        "preparation": {"rows": 8, "columns": 8, "channels": 1},
        "energy": "euclidean",
        "threshold": None,
        "record": {"recipe": RECIPE, "data": {"name": "lab", "licence": "free"}},
    }
    (folder / "model.json").write_text(json.dumps(document))
    return folder


def write(path: Path, document: Any) -> Path:
    path.write_text(json.dumps(document))
    return path


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_card_is_made_where_there_is_none_and_printed(model: Path) -> None:
    result = card(model)
    assert result.exit_code == 0, result.output
    assert "What it must not be used for" in result.output
    assert sorted(files_of(model)) == ["card.json", "card.md", "model.json"]
    assert json.loads((model / "card.json").read_text())["data"]["name"] == "lab"
    before = files_of(model)
    assert card(model).exit_code == 0
    assert files_of(model) == before


def test_json_alone_on_standard_output(model: Path, tmp_path: Path) -> None:
    read = json.loads(card(model, "--json", "-").stdout)
    assert read == json.loads((model / "card.json").read_text())
    assert card(model, "--json", tmp_path / "c.json").exit_code == 0
    assert json.loads((tmp_path / "c.json").read_text()) == read


def test_a_result_is_put_on_it_and_takes_the_place_of_its_like(model: Path, tmp_path: Path) -> None:
    first = write(tmp_path / "u4.json", RESULT)
    again = write(tmp_path / "again.json", RESULT | {"title": "measured again"})
    other = write(tmp_path / "s20.json", RESULT | {"protocol": "S20", "leaks": 2})
    assert card(model, "--add", first, "--add", other).exit_code == 0
    assert card(model, "--add", again).exit_code == 0
    results = json.loads((model / "card.json").read_text())["results"]
    assert [(r["protocol"], r["title"]) for r in results] == [
        ("S20", "unseen people"),
        ("U4", "measured again"),
    ]
    assert results[0]["watermark"] == "leaky split: not valid for unseen people"
    assert all(r["added"] for r in results)


def test_name_and_licence_stay(model: Path) -> None:
    assert card(model, "--name", "the door", "--licence", "CC-BY-4.0").exit_code == 0
    result = card(model)
    assert "Model card: the door" in result.output
    assert json.loads((model / "card.json").read_text())["licence"]["model"] == "CC-BY-4.0"


def test_the_page(model: Path, tmp_path: Path) -> None:
    assert card(model, "--html", tmp_path / "card.html").exit_code == 0
    assert "<h1>Siamese network trained on lab</h1>" in (tmp_path / "card.html").read_text()


@pytest.mark.parametrize(
    ("result", "sentence"),
    [
        (RESULT | {"recipe": RECIPE | {"epochs": 1}}, "schedule.epochs 1, not 6"),
        (RESULT | {"format": "likeness.report/1"}, "expected a result of `likeness crossval"),
        (RESULT | {"protocol": "evaluate", "fingerprint": "cd" * 32}, "figures of cdcdcdcdcdcd"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_written(
    model: Path, tmp_path: Path, result: dict[str, Any], sentence: str
) -> None:
    before = files_of(model)
    good = write(tmp_path / "good.json", RESULT)
    bad = write(tmp_path / "bad.json", result)
    ended = card(model, "--add", good, "--add", bad, "--html", tmp_path / "card.html")
    assert isinstance(ended.exception, LikenessError)
    assert sentence in str(ended.exception)
    assert files_of(model) == before
    assert not (tmp_path / "card.html").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["nowhere"], "Found no model.json"),
        (["model", "--add", "nothing.json"], "--add: nothing.json cannot be read as JSON"),
        (["model", "--add", "broken.json"], "--add: broken.json cannot be read as JSON"),
        (["model", "--html", "model"], "--html: expected a file in an existing folder"),
        (["model", "--html", "no/card.html"], "--html: expected a file in an existing folder"),
        (["model", "--json", "no/card.json"], "--json: expected a file in an existing folder"),
    ],
)
def test_wrong_words_are_one_sentence(
    model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    sentence: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("broken.json").write_text("{")
    before = files_of(model)
    ended = card(*words)
    assert isinstance(ended.exception, LikenessError)
    assert sentence in str(ended.exception)
    assert files_of(model) == before


def test_a_folder_in_the_place_of_the_card_leaves_the_model_as_it_was(model: Path) -> None:
    (model / "card.json").mkdir()
    before = (model / "model.json").read_bytes()
    shown = card(model)
    assert shown.exit_code == 0
    assert "Model card" in shown.output
    assert "Note: " in shown.output
    ended = card(model, "--name", "the door")
    assert isinstance(ended.exception, LikenessError)
    assert "Nothing there was changed" in str(ended.exception)
    assert (model / "model.json").read_bytes() == before


def test_it_ends_with_2_and_starts_without_keras(model: Path, tmp_path: Path) -> None:
    code = "import sys; sys.modules['keras'] = None; from likeness.cli import main; main()"
    for words, expected in (([str(model)], 0), (["nowhere"], 2)):
        ended = subprocess.run(
            [sys.executable, "-c", code, "card", *words],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == expected, ended.stderr
        assert "Traceback" not in ended.stderr
