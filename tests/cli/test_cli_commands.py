"""The commands as a person types them: in a process of their own."""

import contextlib
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from likeness.cli.app import app
from likeness.datasets import drawn_faces

from .conftest import refused, run, run_here

LOADING = "loading Keras"
SCRIPT = f"""
import signal, sys
from likeness.cli import main

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background ignores it

def tell(event, arguments, told=[]):
    if event == "import" and arguments[0].split(".")[0] == "keras" and not told:
        told.append(True)
        print("{LOADING}", flush=True)

sys.addaudithook(tell)
main()
"""
"""What the installed script does, and it says when Keras is being loaded."""

PATIENCE = 600
"""Seconds that a busy machine may take for one thing before a test gives up."""

QUICK = [
    "--set",
    "schedule.epochs=1",
    "--set",
    "schedule.steps=2",
    "--set",
    "encoder.width=2",
    "--set",
    "encoder.kind=convnet",
]


def write_photos(folder: Path, *, people: int, photos: int) -> Path:
    """Write drawn faces as PNG files, one sub-folder per person."""
    data = drawn_faces(identities=people, photos_each=photos, size=(56, 46), seed=1)
    for name, item in zip(data.item_names, data.items, strict=True):
        file = folder / f"{name}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(item[..., 0]).save(file)
    return folder


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight people, three photos each, as files."""
    return write_photos(tmp_path_factory.mktemp("photos") / "lab", people=8, photos=3)


@pytest.fixture(scope="module")
def model(photos: Path) -> Path:
    """A model of a few steps."""
    place = photos.parent / "model"
    result = run("train", str(photos), "--out", str(place), *QUICK, cwd=photos.parent)
    assert result.returncode == 0, result.stderr
    return place


class TestHelp:
    def test_starts_fast_and_without_keras(self, tmp_path: Path) -> None:
        code = (
            "import sys, likeness.cli.app; "
            "print([m for m in ('keras', 'tensorflow', 'sklearn', 'scipy', 'matplotlib') "
            "if m in sys.modules])"
        )
        result = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
        )
        assert result.stdout.strip() == "[]"

    def test_lists_the_commands(self, tmp_path: Path) -> None:
        result = run("--help", cwd=tmp_path)
        assert result.returncode == 0
        for command in (
            "demo",
            "data",
            "train",
            "evaluate",
            "calibrate",
            "crossval",
            "card",
            "audit",
            "gallery",
            "picture",
        ):
            assert command in result.stdout
        assert "Exit codes" in result.stdout

    def test_version(self, tmp_path: Path) -> None:
        assert run("--version", cwd=tmp_path).stdout.startswith("likeness 0.")


class TestTrainAndEvaluate:
    def test_writes_a_model_with_its_recipe(self, model: Path) -> None:
        assert sorted(file.name for file in model.iterdir()) == [
            "card.json",
            "card.md",
            "encoder.keras",
            "encoder.onnx",
            "model.json",
            "recipe.json",
        ]
        assert json.loads((model / "recipe.json").read_text())["schedule"]["steps"] == 2
        assert json.loads((model / "model.json").read_text())["threshold"] > 0

    def test_trains_again_from_the_recipe_alone(self, model: Path, photos: Path) -> None:
        again = model.parent / "again"
        recipe = str(model / "recipe.json")
        result = run(
            "train", str(photos), "--out", str(again), "--recipe", recipe, cwd=model.parent
        )
        assert result.returncode == 0, result.stderr
        first, second = (json.loads((place / "model.json").read_text()) for place in (model, again))
        assert first["fingerprint"] == second["fingerprint"]
        assert first["threshold"] == second["threshold"]

    def test_does_not_replace_a_model_unasked(self, model: Path, photos: Path) -> None:
        result = run_here("train", str(photos), "--out", str(model), *QUICK, cwd=model.parent)
        refused(result, "already holds a model")

    def test_does_not_touch_a_folder_of_other_things(self, photos: Path) -> None:
        result = run_here(
            "train", str(photos), "--out", str(photos), "--overwrite", *QUICK, cwd=photos.parent
        )
        refused(result, "one that holds other files")

    def test_evaluation_says_what_was_trained_on(self, model: Path, photos: Path) -> None:
        words = [str(model), str(photos), "--json", "-", "--evidence"]
        result = run("evaluate", *words, cwd=model.parent)
        assert result.returncode == 0, result.stderr
        document = json.loads(result.stdout)
        assert document["watermark"] == "leaky split: not valid for unseen people"
        (fold,) = document["evidence"]["folds"]
        assert len(fold["methods"]["network"]["energies"]) == 24 * 23 // 2
        assert document["leak_report"]["shared_identities"] == 8
        assert document["leak_report"]["shared_items"] == 24
        assert set(document["figures"]["auc"]) == {"mean", "low", "high"}

    def test_evaluation_on_other_people_is_clean(self, model: Path, tmp_path: Path) -> None:
        others = tmp_path / "others"
        data = drawn_faces(identities=3, photos_each=3, size=(56, 46), seed=77)
        for name, item in zip(data.item_names, data.items, strict=True):
            file = others / f"other-{name}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(item[..., 0]).save(file)
        result = run("evaluate", str(model), str(others), cwd=tmp_path)
        assert result.returncode == 0, result.stderr
        assert "No leak" in result.stdout
        assert "leaky split" not in result.stdout

    def test_ctrl_c_before_the_first_epoch_writes_nothing(
        self, photos: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        said = tmp_path_factory.mktemp("said") / "stderr"
        with said.open("w") as stderr:
            process = subprocess.Popen(
                # As the installed script does. (`python -m` ends by the signal itself if that came
                # inside an `exec` of a library that was loading; a shell reports both as 130.)
                [sys.executable, "-c", SCRIPT, "train", str(photos), "--out", "stopped"],
                cwd=tmp_path,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )
        assert process.stdout is not None
        assert f"{LOADING}\n" in iter(process.stdout.readline, "")
        while process.poll() is None and "Stopped." not in said.read_text():
            # As a person does: again, if a library swallowed the first while it was loading.
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=5)
        assert process.wait(timeout=PATIENCE) == 130
        process.stdout.close()
        assert list(tmp_path.iterdir()) == []

    def test_ctrl_c_is_answered_in_a_sentence(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def stopped() -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr("likeness.tasks.characters.commands.load_keras", stopped)
        result = CliRunner().invoke(app, ["digits"])
        assert result.exit_code == 130
        assert result.stderr == "Stopped. No file was left incomplete.\n"


class TestCrossval:
    def test_result_has_what_programs_read(self, photos: Path, tmp_path: Path) -> None:
        result = run(
            "crossval",
            str(photos),
            "--protocol",
            "S20",
            "--json",
            "s20.json",
            "--jobs",
            "1",
            *QUICK,
            cwd=tmp_path,
        )
        assert result.returncode == 0, result.stderr
        document = json.loads((tmp_path / "s20.json").read_text())
        assert document["leaks"] == 0
        assert document["counts"]["identities"] == 8
        for method in (document["figures"], *document["baselines"].values()):
            assert set(method["eer"]) == {"mean", "low", "high"}
            assert "one_shot_4way" in method

    def test_evidence_needs_a_place(self, tmp_path: Path) -> None:
        result = run_here("crossval", "drawn", "--evidence", cwd=tmp_path)
        refused(result, "--evidence: expected --json FILE")

    def test_unknown_protocol(self, tmp_path: Path) -> None:
        result = run_here("crossval", "drawn", "--protocol", "U5", cwd=tmp_path)
        refused(result, "--protocol: expected one of L, S20, U4, open-set. Received: 'U5'.")


class TestBadInput:
    def test_missing_folder(self, tmp_path: Path) -> None:
        refused(run_here("train", "nowhere", "--out", "m", cwd=tmp_path), "nowhere")
        assert list(tmp_path.iterdir()) == []

    def test_one_person_only(self, tmp_path: Path) -> None:
        write_photos(tmp_path / "one", people=1, photos=3)
        refused(
            run_here("train", "one", "--out", "m", cwd=tmp_path),
            "expected at least 2 people with 2 or more photos each",
        )

    def test_one_photo_each(self, tmp_path: Path) -> None:
        write_photos(tmp_path / "single", people=4, photos=1)
        refused(
            run_here("train", "single", "--out", "m", cwd=tmp_path),
            "0 of them with 2 or more",
        )

    def test_text_named_pgm_and_empty_file_are_noted_not_fatal(self, tmp_path: Path) -> None:
        place = write_photos(tmp_path / "lab", people=2, photos=2)
        (place / "drawn1" / "text.pgm").write_text("this is no photo")
        (place / "drawn1" / "empty.jpg").write_bytes(b"")
        result = run("data", "folder", "lab", cwd=tmp_path)
        assert result.returncode == 0
        assert "4 photos of 2 people" in result.stdout
        assert "text.pgm" in result.stderr
        assert "empty.jpg" in result.stderr
        refused(run_here("data", "folder", "lab", "--strict", cwd=tmp_path), "empty.jpg")

    @pytest.mark.parametrize(
        ("setting", "sentence"),
        [
            ("loss.margin=NaN", "loss.margin: expected a number from 0 to 100. Received: nan."),
            (
                "schedule.steps=0",
                "schedule.steps: expected a whole number from 1 to 100000. Received: 0.",
            ),
            ("stepps=3", "--set: there is no setting 'stepps'. Did you mean schedule.steps?"),
            ("cover=.5", "--set: cover is now called augmentation.erasing. Write"),
            ("loss=triplet", "--set: loss is now called loss.kind. Write loss.kind="),
            (
                "encoder.kind=big",
                "encoder.kind: expected one of cells, convnet, dense, readings, residual.",
            ),
            ("margin", "--set: expected name=value. Received: 'margin'."),
        ],
    )
    def test_settings(self, setting: str, sentence: str, tmp_path: Path) -> None:
        result = run_here("train", "drawn", "--out", "m", "--set", setting, cwd=tmp_path)
        refused(result, sentence)

    def test_no_model(self, tmp_path: Path) -> None:
        refused(run_here("evaluate", ".", "drawn", cwd=tmp_path), "Found no model.json")

    def test_full_disk(self, model: Path, photos: Path) -> None:
        full = Path("/dev/full")
        if not full.is_char_device():
            pytest.skip("needs /dev/full")
        result = run("evaluate", str(model), str(photos), "--json", str(full), cwd=model.parent)
        refused(result, "/dev/full cannot be written: No space left on device")
        assert full.is_char_device()

    def test_json_into_a_missing_folder_is_refused_before_training(self, tmp_path: Path) -> None:
        result = run_here("crossval", "drawn", "--json", "missing/u4.json", cwd=tmp_path)
        refused(result, "--json: expected a file in an existing folder")


class TestWithoutData:
    def test_train_att_is_an_error(self, without_data: Path) -> None:
        result = run_here("train", "att", "--out", "m", cwd=without_data)
        assert result.returncode == 2
        assert "LIKENESS_DATA" in result.stderr
        assert not (without_data / "m").exists()

    def test_named_data_that_is_missing_stops_the_demo(self, without_data: Path) -> None:
        result = run_here("demo", cwd=without_data, LIKENESS_DATA=str(without_data / "none"))
        assert result.returncode == 2
        assert "LIKENESS_DATA" in result.stderr


class TestPicture:
    def test_draws_without_graphviz(self, tmp_path: Path) -> None:
        result = run("picture", "--out", "pictures", cwd=tmp_path)
        assert result.returncode == 0, result.stderr
        assert (tmp_path / "pictures" / "siamese.png").stat().st_size > 5_000
        svg = (tmp_path / "pictures" / "siamese.svg").read_text()
        assert "block_1" in svg
        assert "euclidean" in svg.lower()
