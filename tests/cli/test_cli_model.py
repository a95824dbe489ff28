"""``likeness export`` and ``likeness model`` as a person types them."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from likeness.cli.app import app
from likeness.datasets import drawn_faces
from likeness.errors import ModelError

from .conftest import run, run_here

WITHOUT_EXPORTER = """
import sys
sys.modules["tf2onnx"] = None  # as if it were not installed
sys.argv[0] = "likeness"
from likeness.cli import main
main()
"""


def said(result: subprocess.CompletedProcess[str]) -> str:
    assert result.returncode == 0, result.stderr
    return " ".join(result.stdout.split())


@pytest.fixture(scope="module")
def place(small_onnx: Callable[..., bytes], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Somebody's encoder in face.onnx, imported into «face», and photos of six people."""
    place = tmp_path_factory.mktemp("model")
    (place / "face.onnx").write_bytes(small_onnx(size=32))
    people = drawn_faces(identities=6, photos_each=3, size=(32, 24), seed=1)
    for name, item in zip(people.item_names, people.items, strict=True):
        file = place / "photos" / f"{name}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(item[..., 0]).save(file)
    words = ["--size", "12x16", "--licence", "CC-BY-4.0", "--name", "Small Face"]
    result = run("model", "import", "face.onnx", *words, "--out", "face", cwd=place)
    assert "It has no threshold: choose one with `likeness calibrate`" in said(result)
    return place


OLD_MODELS = Path(__file__).parents[1] / "model" / "old_models"


class TestShow:
    """Each kind of model in words. Its parts are left out: they are packed there."""

    @pytest.mark.parametrize(
        ("kind", "expected"),
        [
            ("face", "pixels, grey, each photo's mean 0 and deviation 1"),
            ("characters", "pixels, grey, framed by its ink, each photo's mean 0 and deviation 1"),
            ("signatures", "pixels, grey, cut into its characters, each photo's mean 0"),
            ("sentences", "words and their pieces of"),
            ("tracker", "a target in 63×63 pixels, searched in 159×159 pixels, rgb"),
            ("imported", "(pixel − 127.5) / 127.5"),
        ],
    )
    def test_the_preparation_of_each_kind(self, kind: str, expected: str, tmp_path: Path) -> None:
        document = json.loads((OLD_MODELS / kind / "model.json").read_text())
        (tmp_path / "model.json").write_text(json.dumps({**document, "parts": {}}))
        result = CliRunner().invoke(app, ["model", "show", str(tmp_path)], env={"COLUMNS": "200"})
        assert result.exit_code == 0, result.output
        assert expected in " ".join(result.stdout.split())

    def test_a_preparation_that_is_damaged(self, tmp_path: Path) -> None:
        document = json.loads((OLD_MODELS / "sentences" / "model.json").read_text())
        document |= {"preparation": {"kind": "text", "rows": 16}, "parts": {}}
        (tmp_path / "model.json").write_text(json.dumps(document))
        result = CliRunner().invoke(app, ["model", "show", str(tmp_path)])
        assert isinstance(result.exception, ModelError)
        assert "holds a damaged model" in str(result.exception)


class TestImported:
    def test_show_says_what_there_is(self, place: Path) -> None:
        result = run("model", "show", "face", "--json", "shown.json", cwd=place)
        words = said(result)
        for part in (
            "Small Face (imported)",
            "likeness.model/2",
            "12×16 pixels, rgb, nchw, (pixel − 127.5) / 127.5",
            "32 numbers, cosine energy",
            "none; choose one with `likeness calibrate",
            "CC-BY-4.0",
            "encoder.onnx, 99.0 kB",
        ):
            assert part in words
        document = json.loads((place / "shown.json").read_text())
        stored = json.loads((place / "face" / "model.json").read_text())
        assert document["fingerprint"] == stored["fingerprint"]
        assert document["fingerprint"] in words
        assert document["format"] == "likeness.model-summary/1"

    def test_it_is_evaluated_calibrated_and_quantised(self, place: Path) -> None:
        evaluated = run("evaluate", "face", "photos", "--json", "found.json", cwd=place)
        assert "training people of this model are not recorded" in said(evaluated)
        assert "Running on ONNX Runtime, float32." in evaluated.stderr
        document = json.loads((place / "found.json").read_text())
        assert (document["runtime"], document["unseen_people"]) == ("onnx", False)
        words = ["--far", "0.4", "--json", "-"]
        calibrated = run("calibrate", "face", "photos", *words, cwd=place)
        assert calibrated.returncode == 0, calibrated.stderr
        exported = run("export", "face", "--int8", "--photos", "photos", cwd=place)
        words_of_export = said(exported)
        assert "Wrote face/encoder.int8.onnx" in words_of_export
        assert "on 3 people (9 genuine and 27 impostor pairs" in words_of_export
        rounded = ["--far", "0.4", "--variant", "int8", "--json", "int8.json"]
        assert "Stored in face" in said(run("calibrate", "face", "photos", *rounded, cwd=place))
        document = json.loads((place / "face" / "model.json").read_text())
        assert document["threshold"] == json.loads(calibrated.stdout)["threshold"]
        stored = document["parts"]["int8"]
        assert stored["threshold"] == json.loads((place / "int8.json").read_text())["threshold"]
        assert stored["calibration"]["provenance"]["model"] == stored["fingerprint"]
        assert f"threshold {stored['threshold']:.4g}" in said(
            run("model", "show", "face", cwd=place)
        )

    def test_an_encoder_that_asks_for_the_eyes_is_given_them(self, place: Path) -> None:
        words = ["--size", "12x16", "--licence", "MIT", "--eyes", "3.5,6,8.5,6.25"]
        said(run("model", "import", "face.onnx", *words, "--out", "eyes", cwd=place))
        shown = said(run("model", "show", "eyes", cwd=place))
        assert "the eyes at (3.5, 6) and (8.5, 6.25)" in shown
        stored = json.loads((place / "eyes" / "model.json").read_text())
        assert stored["preparation"]["eyes"] == [3.5, 6.0, 8.5, 6.25]
        refused = run("evaluate", "eyes", "photos", cwd=place)  # of 24 × 32 pixels
        assert refused.returncode == 2
        assert "expected photos of one face each, as" in " ".join(refused.stderr.split())

    def test_a_swapped_file_is_seen(self, place: Path) -> None:
        words = ["--size", "12x16", "--licence", "MIT", "--out", "swapped"]
        said(run("model", "import", "face.onnx", *words, cwd=place))
        (place / "swapped" / "encoder.onnx").write_bytes(b"other")
        for command in (["model", "show", "swapped"], ["evaluate", "swapped", "photos"]):
            result = run_here(*command, cwd=place)
            assert result.returncode == 2
            assert "It was swapped or damaged" in " ".join(result.stderr.split())


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--size", "112"], "--size: expected columns and rows such as 112x112. Received: '112'."),
        (["--size", "16x12"], "It reads ['n', 3, 16, 12]; change them to what it reads."),
        (["--size", "12x16", "--layout", "nhwc"], "of the shape (16, 12, 3), as size, layout and"),
        (["--size", "12x16", "--layout", "hwc"], "layout: expected one of nchw, nhwc"),
        (["--size", "12x16", "--channels", "grey"], "of the shape (1, 16, 12)"),
        (["--size", "12x16", "--mean", "a"], "--mean: expected a number, or one per channel"),
        (["--size", "12x16", "--scale", "0"], "scale: expected numbers other than 0"),
        (["--size", "12x16", "--eyes", "3,4"], "--eyes: expected four numbers by commas, column"),
        (
            ["--size", "12x16", "--eyes", "3,4,12,4"],
            "eyes (column): expected a number from 0 to 11",
        ),
        (["--size", "12x16", "--energy", "dot"], "energy: expected one of cosine"),
        (["--size", "12x16", "--licence", ""], "licence: expected the encoder's terms"),
    ],
)
def test_an_import_that_cannot_be_is_one_sentence(
    place: Path, words: list[str], sentence: str
) -> None:
    command = ["model", "import", "face.onnx", "--licence", "MIT", *words, "--out", "nothing"]
    result = run_here(*command, cwd=place)
    assert result.returncode == 2
    assert sentence in " ".join(result.stderr.split())
    assert "Traceback" not in result.stderr
    assert not (place / "nothing").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["nowhere"], "Found no model.json"),
        (["face", "--int8"], "expected --int8 and --photos together"),
        (["face", "--photos", "photos"], "expected --int8 and --photos together"),
        (["face", "--int8", "--photos", "nobody"], "nobody"),
    ],
)
def test_an_export_that_cannot_be_is_one_sentence(
    place: Path, words: list[str], sentence: str
) -> None:
    result = run_here("export", *words, cwd=place)
    assert result.returncode == 2
    assert sentence in " ".join(result.stderr.split())
    assert "Traceback" not in result.stderr


def test_train_says_what_is_missing_and_export_makes_up_for_it(place: Path) -> None:
    keras = pytest.importorskip("keras")
    pytest.importorskip("tf2onnx")
    if keras.backend.backend() != "tensorflow":
        pytest.skip("needs Keras on TensorFlow")
    quick = [
        "schedule.epochs=1",
        "schedule.steps=2",
        "encoder.width=2",
        "encoder.kind=convnet",
        "schedule.held_out=0",
    ]
    settings = [word for change in quick for word in ("--set", change)]
    words = ["train", "photos", "--out", "ours", *settings]
    trained = said(run(*words, cwd=place, code=WITHOUT_EXPORTER))
    assert "It has no ONNX part: the export to ONNX needs tf2onnx; run `pip install" in trained
    assert not (place / "ours" / "encoder.onnx").exists()
    shown = said(run("model", "show", "ours", cwd=place))
    assert "none: the export to ONNX needs tf2onnx" in shown
    refused = run("evaluate", "ours", "photos", "--runtime", "onnx", cwd=place)
    assert refused.returncode == 2
    assert "Make one with `likeness export MODEL`" in " ".join(refused.stderr.split())
    assert "Wrote ours/encoder.onnx" in said(run("export", "ours", cwd=place))
    evaluated = run("evaluate", "ours", "photos", "--json", "-", cwd=place)
    assert evaluated.returncode == 0, evaluated.stderr
    assert json.loads(evaluated.stdout)["runtime"] == "onnx"
