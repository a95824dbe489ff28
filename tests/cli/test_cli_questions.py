"""`likeness questions` and `likeness faq` as a person types them, on made-up pairs."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from likeness.cli.app import app
from likeness.errors import (
    DataError,
    DataNotFoundError,
    GalleryMismatchError,
    LikenessError,
    ModelError,
    OutputError,
    SettingError,
)
from likeness.model.folder import SavedModel
from likeness.tasks.sentences import commands as _questions
from likeness.tasks.sentences.sentence_pairs import SentencePairs

pytest.importorskip("onnx")

QUICK = ["--set", "buckets=512", "--set", "embedding_size=64", "--set", "epochs=1"]
QUESTIONS = (
    "How do I reset my password?\tClick it.\nWhere is my order?\nMay I return an item?\tYes.\n"
)


def made_pairs(path: Any, part: str) -> SentencePairs:
    """What `likeness questions` reads in these tests."""
    words = ["red", "green", "blue", "black", "white", "brown"]
    sentences = [
        f"a {word} {thing} of the {part} part" for word in words for thing in ("cat", "hat")
    ]
    pairs = [(a, b) for a in sentences for b in sentences if a < b]
    scores = [5.0 if a.split()[1] == b.split()[1] else 1.0 for a, b in pairs]
    left, right = zip(*pairs, strict=True)
    return SentencePairs(left=left, right=right, scores=np.array(scores), name=f"made, {part} part")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model made by the command itself."""
    place = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(_questions, "_read", made_pairs)
        result = run(
            "questions",
            "train",
            "--out",
            str(place / "model"),
            "--json",
            str(place / "r.json"),
            *QUICK,
        )
    assert result.exit_code == 0, result.output
    assert "Spearman" in result.output and "Two sentences count as the same" in result.output
    return place


def run(*words: str) -> Any:
    return CliRunner().invoke(app, list(words), env={"COLUMNS": "200"})


def refused(*words: str) -> LikenessError:
    """The one sentence that a command fails with."""
    result = run(*words)
    assert isinstance(result.exception, LikenessError), (result.output, result.exception)
    return result.exception


@pytest.fixture
def questions(tmp_path: Path) -> str:
    (tmp_path / "questions.txt").write_text(QUESTIONS, encoding="utf-8")
    return str(tmp_path / "questions.txt")


def model_of(trained: Path) -> list[str]:
    return ["--model", str(trained / "model")]


def test_what_training_leaves(trained: Path) -> None:
    record = json.loads((trained / "r.json").read_text())
    document = SavedModel.read(trained / "model").to_json()
    assert record["format"] == "likeness.training/1"
    assert record["fingerprint"] == document["fingerprint"]
    assert record["recipe"]["buckets"] == 512 and record["chosen_on"]["name"] == "made, dev part"
    assert document["preparation"]["kind"] == "text"
    card = (trained / "model" / "card.md").read_text()
    assert "Pairs: **66**" in card and "of a person" not in card and "Photos" not in card
    assert "pairs with a score of 4.0 or more" in card


def test_evaluate(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_questions, "_read", made_pairs)
    file = tmp_path / "found.json"
    result = run("questions", "evaluate", str(trained / "model"), "--json", str(file))
    assert result.exit_code == 0, result.output
    assert "made, test part: 66 pairs." in result.output and "Note" not in result.output
    found = json.loads(file.read_text())
    assert found["format"] == "likeness.similarity/1" and found["pairs"] == 66
    low, high = found["spearman_interval"]
    assert low <= found["spearman"] <= high
    dev = run("questions", "evaluate", str(trained / "model"), "--part", "dev")
    assert "trained or chosen on these pairs" in dev.output


def test_a_known_question(trained: Path, questions: str) -> None:
    result = run("faq", questions, "how do I RESET my password", *model_of(trained))
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert "How do I reset my password?" in lines
    assert lines[lines.index("How do I reset my password?") + 1] == "Click it."


def test_an_unknown_question(trained: Path, questions: str, tmp_path: Path) -> None:
    file = str(tmp_path / "found.json")
    options = [*model_of(trained), "--threshold", "0.01", "--top-k", "2", "--json", file]
    result = run("faq", questions, "xylophone", *options)
    assert result.exit_code == 1
    assert result.output.startswith("unknown\n")
    found = json.loads(Path(file).read_text())
    assert found["status"] == "unknown" and len(found["nearest"]) == 2
    assert found["threshold"] == 0.01 and found["asked"] == "xylophone"


def test_json_to_standard_output_is_json_alone(trained: Path, questions: str) -> None:
    result = run("faq", questions, "return an item", *model_of(trained), "--json", "-")
    assert json.loads(result.stdout)["nearest"][0]["answer"] == "Yes."


def test_a_model_without_a_threshold_lists_the_nearest(
    trained: Path, questions: str, tmp_path: Path
) -> None:
    import shutil

    shutil.copytree(trained / "model", tmp_path / "model")
    SavedModel.read(tmp_path / "model").store_calibration(
        threshold=0.4, calibration={}
    )  # it can be replaced
    document = json.loads((tmp_path / "model" / "model.json").read_text())
    document["threshold"] = None
    (tmp_path / "model" / "model.json").write_text(json.dumps(document))
    result = run("faq", questions, "xylophone", "--model", str(tmp_path / "model"))
    assert result.exit_code == 0
    assert result.output.startswith("nearest\n") and "no threshold" in result.output


def test_a_gallery_keeps_the_questions(trained: Path, questions: str, tmp_path: Path) -> None:
    gallery = str(tmp_path / "faq.db")
    words = ["faq", questions, "return an item", *model_of(trained), "--gallery", gallery]
    assert "3 questions were new" in run(*words).output
    assert "0 questions were new" in run(*words).output
    listed = run("people", "list", "--gallery", gallery)
    assert "Where is my order?" in listed.output and "3 people." in listed.output


def test_a_gallery_of_another_model(
    trained: Path, questions: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_questions, "_read", made_pairs)
    other = str(tmp_path / "other")
    assert run("questions", "train", "--out", other, "--seed", "5", *QUICK).exit_code == 0
    gallery = ["--gallery", str(tmp_path / "faq.db")]
    run("faq", questions, "order", *model_of(trained), *gallery)
    error = refused("faq", questions, "order", "--model", other, *gallery)
    assert isinstance(error, GalleryMismatchError)


def test_wrong_input_is_one_sentence(trained: Path, questions: str, tmp_path: Path) -> None:
    of, nowhere = model_of(trained), str(tmp_path / "nowhere")
    gallery = tmp_path / "faq.db"
    assert isinstance(refused("faq", nowhere, "order", *of), DataError)
    assert isinstance(refused("faq", questions, "?!", *of, "--gallery", str(gallery)), DataError)
    assert not gallery.exists()
    assert isinstance(refused("faq", questions, "order", "--model", nowhere), ModelError)
    assert isinstance(refused("faq", questions, "order", *of, "--top-k", "0"), SettingError)
    assert isinstance(
        refused("faq", questions, "order", *of, "--json", nowhere + "/x"), OutputError
    )
    assert isinstance(refused("questions", "train", "--out", nowhere, "--loss", "l1"), SettingError)
    error = refused("questions", "train", "--out", nowhere, "--set", "rows=3")
    assert isinstance(error, SettingError)
    error = refused("questions", "train", "--out", nowhere, "--data", nowhere)
    assert isinstance(error, DataNotFoundError)
    error = refused("questions", "train", "--out", str(trained / "model"))
    assert isinstance(error, OutputError) and "--overwrite" in str(error)
    error = refused("questions", "evaluate", str(trained / "model"), "--data", questions)
    assert isinstance(error, DataError)


def test_a_model_of_photos_is_no_model_of_texts(
    questions: str, tmp_path: Path, small_onnx: Any
) -> None:
    from likeness.images.preparation import FixedPreparation
    from likeness.model.imported import import_model

    (tmp_path / "face.onnx").write_bytes(small_onnx())
    preparation = FixedPreparation(rows=16, columns=12)
    import_model(
        tmp_path / "face.onnx", tmp_path / "photos", preparation=preparation, licence="MIT"
    )
    error = refused("faq", questions, "order", "--model", str(tmp_path / "photos"))
    assert "expected a model of texts. Received: one of photos." in str(error)


def test_a_model_of_texts_is_no_model_of_photos(trained: Path, tmp_path: Path) -> None:
    error = refused("evaluate", str(trained / "model"), "drawn")
    assert "expected a text. Received: uint8" in str(error)


def test_somebody_elses_model_is_named(questions: str, tmp_path: Path) -> None:
    (tmp_path / "modules.json").write_text("[]")
    (tmp_path / "pytorch_model.bin").write_bytes(b"")
    error = refused("faq", questions, "order", "--model", str(tmp_path))
    assert "expected weights as safetensors" in str(error)
