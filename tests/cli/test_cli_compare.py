"""``likeness compare``: two files, as a person types it."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from likeness.cli.app import app
from likeness.errors import ImageError, ModelError, NoThresholdError, SettingError
from likeness.images.preparation import FixedPreparation
from likeness.model.folder import SavedModel
from likeness.model.imported import import_model
from likeness.model.shipped import shipped_model
from likeness.tasks import registry
from likeness.tasks.signatures.dataset import drawn_signatures


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_onnx: object) -> Path:
    """A model without a threshold, and three signatures as files."""
    (tmp_path / "encoder.onnx").write_bytes(small_onnx(shape=("n", 1, 16, 24)))  # type: ignore[operator]
    import_model(
        tmp_path / "encoder.onnx",
        tmp_path / "model",
        preparation=FixedPreparation(rows=16, columns=24, colours="grey"),
        energy="cosine",
        licence="none",
    )
    data = drawn_signatures(writers=2, names=1, media=2, size=64)
    for name, item in zip(("a", "a_tablet", "b"), data.items, strict=False):
        Image.fromarray(item[..., 0]).save(tmp_path / f"{name}.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: str) -> object:
    return asked(*words, "--model", "model")


def asked(*words: str) -> object:
    return CliRunner().invoke(app, ["compare", *words])


def decide_at(model: Path, threshold: float) -> None:
    SavedModel.read(model).store_calibration(threshold=threshold, calibration={})


def test_same_and_different_by_exit_code(here: Path) -> None:
    decide_at(here / "model", 10.0)
    same = run("a.png", "a_tablet.png")
    assert same.exit_code == 0 and "same: energy" in same.output
    decide_at(here / "model", 1e-9)
    different = run("a.png", "b.png")
    assert different.exit_code == 1 and "different: energy" in different.output


def test_json_is_the_whole_answer(here: Path) -> None:
    decide_at(here / "model", 10.0)
    run("a.png", "b.png", "--json", "found.json", "--prior", "0.2")
    found = json.loads((here / "found.json").read_text())
    assert found["format"] == "likeness.comparison/1" and found["same"] is True
    assert (found["left"], found["right"]) == ("a.png", "b.png")
    assert found["prior"] == 0.2 and found["probability"] is None
    assert found["energy"] <= found["threshold"] == 10.0
    assert "task" not in found


def test_a_file_with_itself_is_warned_of(here: Path) -> None:
    decide_at(here / "model", 10.0)
    assert "proves nothing" in run("a.png", "a.png").output


@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        (("a.png", "none.png"), ImageError, "none.png"),
        (("a.png", "text.txt"), ImageError, "text.txt"),
        (("a.png", "b.png", "--prior", "1"), SettingError, "--prior"),
        (("a.png", "b.png", "--prior", "nan"), SettingError, "--prior"),
    ],
)
def test_wrong_input_is_one_sentence(
    here: Path, words: tuple[str, ...], error: type[Exception], message: str
) -> None:
    decide_at(here / "model", 10.0)
    (here / "text.txt").write_text("no picture")
    raised = run(*words).exception
    assert isinstance(raised, error) and message in str(raised)


def test_without_a_threshold_it_does_not_answer(here: Path) -> None:
    assert isinstance(run("a.png", "b.png").exception, NoThresholdError)


def test_without_a_model(here: Path) -> None:
    (here / "model" / "model.json").unlink()
    assert isinstance(run("a.png", "b.png").exception, ModelError)


def test_sizes_may_differ(here: Path) -> None:
    decide_at(here / "model", 10.0)
    Image.fromarray(np.full((30, 90), 200, np.uint8)).save(here / "other.png")
    assert run("a.png", "other.png").exit_code in (0, 1)


class TestTask:
    """The model that comes along, without a folder of one's own."""

    def test_it_answers_and_says_which_model_it_was(self, here: Path) -> None:
        left, right = (np.asarray(Image.open(name))[..., None] for name in ("a.png", "b.png"))
        model = shipped_model("signatures")
        energy = float(model.energies(left[None], right[None])[0, 0])
        result = asked("a.png", "b.png", "--task", "signatures", "--json", "found.json")
        found = json.loads((here / "found.json").read_text())
        assert found["energy"] == pytest.approx(energy, abs=1e-5)
        assert found["threshold"] == model.threshold
        assert (found["task"], found["model"]) == ("signatures", model.fingerprint)
        assert found["same"] == (energy <= model.threshold)
        assert result.exit_code == (0 if found["same"] else 1)
        assert f"{'same' if found['same'] else 'different'}: energy" in result.output

    def test_a_signature_is_the_same_as_itself(self, here: Path) -> None:
        result = asked("a.png", "a.png", "--task", "signatures")
        assert result.exit_code == 0
        assert "same: energy" in result.output and "proves nothing" in result.output

    @pytest.mark.parametrize(
        ("words", "message"),
        [
            ((), r"^--model, --task: expected one of the two: .* Received: neither\.$"),
            (
                ("--task", "signatures", "--model", "model"),
                r"^--model, --task: expected one of the two: .* Received: both\.$",
            ),
            (
                ("--task", "faces"),
                rf"^--task: expected one of {', '.join(registry.names('shipped'))}\. .*'faces'\.$",
            ),
        ],
    )
    def test_one_model_has_to_be_meant(
        self, here: Path, words: tuple[str, ...], message: str
    ) -> None:
        result = asked("a.png", "b.png", *words, "--json", "found.json")
        assert isinstance(result.exception, SettingError)
        with pytest.raises(SettingError, match=message):
            raise result.exception
        assert not (here / "found.json").exists()

    def test_what_it_is_can_be_looked_at(self, here: Path) -> None:
        words = ["model", "show", "--task", "signatures", "--json", "shown.json"]
        shown = CliRunner().invoke(app, words)
        assert shown.exit_code == 0, shown.output
        document = json.loads((here / "shown.json").read_text())
        assert document["fingerprint"] == shipped_model("signatures").fingerprint
        assert "cut into its characters" in shown.output
        assert isinstance(CliRunner().invoke(app, ["model", "show"]).exception, SettingError)
