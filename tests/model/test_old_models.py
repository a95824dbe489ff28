"""Models saved by likeness 0.1.0, before the source tree was arranged anew, go on opening.

`old_models/make.py.txt` made them then, one tiny model of each kind, and kept what they gave.
Nothing of that is ever made again: a model that no longer opens here is a model that no longer
opens. Embeddings have to come within 1e-6 of theirs, number by number (those of the int8 part
within 0.02: it rounds to 8 bits, and a rounding may fall the other way on another processor).
"""

import importlib.util
import json
import lzma
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from fresh_process import python
from PIL import Image

from likeness import (
    SiameseClassifier,
    SiameseEmbedder,
    TrainingRecipe,
    load_model,
    open_model,
)
from likeness.cli import main

# Not among the public names of `likeness`; where they move, this is the one place to say so.
from likeness.tasks.sentences.recipe import SimilarityRecipe
from likeness.tasks.tracking import Box, Tracker, TrackingModel

OLD = Path(__file__).parent / "old_models"

EXPECTED: dict[str, Any] = json.loads((OLD / "expected.json").read_text(encoding="utf-8"))

MODELS = EXPECTED["models"]

ON_KERAS = [name for name in MODELS if "keras" in MODELS[name]]

WITH_A_CARD = [*MODELS, "tracker"]

needs_tensorflow = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow",
    reason="what they gave on Keras was computed on TensorFlow",
)


def _module_of(file: Path) -> Any:
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


inputs = _module_of(OLD / "inputs.py")


def unpacked(place: Path) -> Path:
    """Copy the old models; what is packed there is byte for byte what was saved."""
    shutil.copytree(OLD, place, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    for file in [*place.rglob("*.xz")]:
        file.with_suffix("").write_bytes(lzma.decompress(file.read_bytes()))
        file.unlink()
    return place


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The old models, unpacked; to be read only."""
    return unpacked(tmp_path_factory.mktemp("old") / "models")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Return a function that runs a command in this process and returns its exit code."""
    monkeypatch.setenv("COLUMNS", "100")

    def run(*words: str | Path) -> int:
        monkeypatch.setattr(sys, "argv", ["likeness", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        code = ended.value.code or 0
        assert isinstance(code, int)
        return code

    return run


def without_onnx(folder: Path, to: Path) -> Path:
    """Return a copy of a model that only Keras can run."""
    shutil.copytree(folder, to)
    (to / "encoder.onnx").unlink()
    document = json.loads((to / "model.json").read_text(encoding="utf-8"))
    document |= {"parts": {}, "no_onnx": "it was left out"}
    (to / "model.json").write_text(json.dumps(document), encoding="utf-8")
    return to


def assert_close(found: Any, wanted: Any, *, atol: float = 1e-6) -> None:
    np.testing.assert_allclose(found, wanted, rtol=0, atol=atol)


class TestEmbeddings:
    @pytest.mark.parametrize("name", MODELS)
    def test_on_onnx_runtime(self, old: Path, name: str) -> None:
        model = open_model(old / name)
        assert model.runtime == "onnx"
        assert_close(model.embed(inputs.ASKED[name]()), MODELS[name]["onnx"])

    @pytest.mark.parametrize("name", [name for name in MODELS if "int8" in MODELS[name]])
    def test_in_eight_bits(self, old: Path, name: str) -> None:
        model = open_model(old / name, variant="int8")
        assert_close(model.embed(inputs.ASKED[name]()), MODELS[name]["int8"], atol=0.02)

    @needs_tensorflow
    @pytest.mark.parametrize("name", ON_KERAS)
    def test_on_keras(self, old: Path, name: str) -> None:
        model = load_model(old / name)
        assert model.runtime == "keras"
        assert_close(model.embed(inputs.ASKED[name]()), MODELS[name]["keras"])

    @pytest.mark.parametrize("name", MODELS)
    def test_what_else_decides_is_as_it_was(self, old: Path, name: str) -> None:
        """A gallery names its model by the fingerprint: another one would lock it out."""
        models = [open_model(old / name), *([load_model(old / name)] if name in ON_KERAS else [])]
        for model in models:
            for entry in ("fingerprint", "energy", "threshold"):
                assert getattr(model, entry) == MODELS[name][entry]

    def test_a_copy_saved_today_is_the_same_model(self, old: Path, tmp_path: Path) -> None:
        copy = load_model(load_model(old / "characters").save(tmp_path / "copy"))
        assert copy.fingerprint == MODELS["characters"]["fingerprint"]


@needs_tensorflow
class TestEstimators:
    def test_a_classifier(self, old: Path) -> None:
        wanted = EXPECTED["estimators"]["estimator_classifier"]
        classifier = SiameseClassifier.load(old / "estimator_classifier")
        assert_close(classifier.transform(inputs.rows()), wanted["embeddings"])
        assert classifier.predict(inputs.rows()).tolist() == wanted["answers"]
        # A softmax at the temperature found: it stretches energies.
        assert_close(classifier.predict_proba(inputs.rows()), wanted["chances"], atol=1e-5)

    def test_an_embedder(self, old: Path) -> None:
        wanted = EXPECTED["estimators"]["estimator_embedder"]
        embedder = SiameseEmbedder.load(old / "estimator_embedder")
        assert_close(embedder.transform(inputs.pictures()), wanted["embeddings"])


class TestTracker:
    """Energies within 1e-5 (each adds up hundreds of products), boxes within 0.001 pixels."""

    WANTED = EXPECTED["tracker"]

    @pytest.fixture(params=["onnx", pytest.param("keras", marks=needs_tensorflow)])
    def folder(self, request: pytest.FixtureRequest, old: Path, tmp_path: Path) -> Path:
        """The tracker, as it was saved and without its ONNX part."""
        if request.param == "onnx":
            return old / "tracker"
        return without_onnx(old / "tracker", tmp_path / "tracker")

    def test_a_target_has_the_energies_that_it_had(self, folder: Path) -> None:
        model = TrackingModel.open(folder)
        assert model.fingerprint == self.WANTED["fingerprint"]
        assert model.threshold == self.WANTED["threshold"]
        assert model.settings.as_dict() == self.WANTED["settings"]
        target, search = inputs.tracked()
        energies = model.energies(model.template(target), search, focus=0.5)
        assert_close(energies[0, ::4, ::4], self.WANTED["energies"], atol=1e-5)

    def test_a_film_has_the_boxes_that_it_had(self, folder: Path) -> None:
        frames = inputs.film()
        tracker = Tracker(TrackingModel.open(folder), frames[0], Box(*inputs.FIRST_BOX))
        steps = [tracker.step(frame) for frame in frames[1:]]
        assert_close([step.box.as_tuple() for step in steps], self.WANTED["boxes"], atol=1e-3)
        assert_close([step.energy for step in steps], self.WANTED["step_energies"], atol=1e-5)
        assert [step.lost for step in steps] == self.WANTED["lost"]

    def test_the_command_writes_the_file_that_it_wrote(
        self, old: Path, folder: Path, run: Callable[..., int], tmp_path: Path
    ) -> None:
        (tmp_path / "film").mkdir()
        for number, frame in enumerate(inputs.film(), start=1):
            Image.fromarray(frame).save(tmp_path / "film" / f"{number}.png")
        box = ",".join(map(str, inputs.FIRST_BOX))
        out = tmp_path / "track.csv"
        assert run("track", tmp_path / "film", "--model", folder, "--box", box, "--out", out) == 0
        found, wanted = (
            [line.split(",")[:7] for line in file.read_text(encoding="utf-8").splitlines()]
            for file in (out, old / "results" / "track.csv")
        )
        assert found[0] == wanted[0]
        # Rounded to hundredths of a pixel and ten-thousandths of an energy there.
        for one, other in zip(found[1:], wanted[1:], strict=True):
            assert_close([float(x or 0) for x in one], [float(x or 0) for x in other], atol=0.011)


class TestCommands:
    @pytest.mark.parametrize("name", WITH_A_CARD)
    def test_a_card_is_shown(
        self,
        old: Path,
        name: str,
        run: Callable[..., int],
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        folder = shutil.copytree(old / name, tmp_path / name)  # it is written anew
        before = json.loads((folder / "card.json").read_text(encoding="utf-8"))
        assert run("card", folder) == 0
        assert "Model card" in capsys.readouterr().out
        after = json.loads((folder / "card.json").read_text(encoding="utf-8"))
        assert after["fingerprint"] == before["fingerprint"]

    # Of a model of sentences 0.1.0 could not show this (KeyError: 'columns').
    @pytest.mark.parametrize("name", [name for name in WITH_A_CARD if name != "sentences"])
    def test_a_model_is_shown(
        self,
        old: Path,
        name: str,
        run: Callable[..., int],
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        assert run("model", "show", old / name) == 0
        said = "".join(capsys.readouterr().out.split())
        assert json.loads((old / name / "model.json").read_text())["fingerprint"] in said

    def test_two_photos_are_compared_by_the_calibration(
        self, old: Path, run: Callable[..., int], tmp_path: Path
    ) -> None:
        files = []
        for number, photo in enumerate(inputs.photos(2)):
            files.append(tmp_path / f"{number}.png")
            Image.fromarray(photo[..., 0]).save(files[-1])
        code = run(
            "compare", *files, "--model", old / "face", "--json", tmp_path / "compared.json"
        )  # fmt: skip
        assert code == EXPECTED["compare_exit"]
        found = json.loads((tmp_path / "compared.json").read_text(encoding="utf-8"))
        assert found["same"] == EXPECTED["compare"]["same"]
        for entry in ("energy", "threshold", "probability"):
            assert found[entry] == pytest.approx(EXPECTED["compare"][entry], abs=1e-5)

    def test_an_old_result_goes_on_the_card(
        self, old: Path, run: Callable[..., int], tmp_path: Path
    ) -> None:
        folder = shutil.copytree(old / "face", tmp_path / "face")
        assert run("card", folder, "--add", old / "results" / "evaluate.json") == 0
        results = json.loads((folder / "card.json").read_text(encoding="utf-8"))["results"]
        assert "evaluate" in [result["protocol"] for result in results]


class TestDocuments:
    @pytest.mark.parametrize("name", ["face", "face_ensemble", "characters", "signatures"])
    def test_a_recipe_is_read(self, old: Path, name: str) -> None:
        """By the names that its settings have today, from its own file and from the record."""
        settings = json.loads((old / name / "recipe.json").read_text(encoding="utf-8"))
        recipe = TrainingRecipe.from_dict(settings)
        assert recipe.schedule.epochs == settings["epochs"]
        assert recipe.augmentation.erasing == settings["cover"]
        assert recipe.encoder.ensemble_size == settings["members"]
        assert open_model(old / name).record["recipe"] == recipe.as_dict()

    def test_a_recipe_for_sentences_is_read(self, old: Path) -> None:
        settings = json.loads((old / "sentences" / "recipe.json").read_text(encoding="utf-8"))
        recipe = SimilarityRecipe.from_dict(settings)
        assert recipe.piece_dropout == settings["hidden"]
        assert recipe.epochs == settings["epochs"]

    def test_the_calibration_is_the_one_that_was_reported(self, old: Path) -> None:
        report = json.loads((old / "results" / "calibrate.json").read_text(encoding="utf-8"))
        model = open_model(old / "face")
        assert model.calibration == report
        assert model.threshold == report["threshold"]

    def test_the_record_is_the_one_that_training_told(self, old: Path) -> None:
        told = json.loads((old / "results" / "train.json").read_text(encoding="utf-8"))
        record = open_model(old / "face").record
        assert told["fingerprint"] == MODELS["face"]["fingerprint"]
        assert record["recipe"] == TrainingRecipe.from_dict(told["recipe"]).as_dict()
        for entry in ("data", "histories", "epochs", "held_out", "likeness"):
            assert record[entry] == told[entry]


# In a fresh process nothing that another test has imported helps: a model's layers must be known
# to Keras by what opening it imports.

FRESH = """
import sys
from pathlib import Path
import numpy as np
old, place = Path(sys.argv[1]), Path(sys.argv[2])
asked = lambda name: (items if (items := np.load(place / f"{name}.npy")).dtype.kind != "U"
                      else items.tolist())
found = lambda name, embeddings: np.save(place / f"{name}.found.npy", embeddings)
"""

OPENS = (
    FRESH
    + """
from likeness import open_model
for name in sys.argv[3].split(","):
    found(name, open_model(old / name).embed(asked(name)))
from likeness.cli import main
sys.argv = ["likeness", "track", str(place / "film"), "--model", str(old / "tracker"),
            "--box", "30,20,24,24", "--out", str(place / "track.csv")]
try:
    main()
except SystemExit as ended:
    assert not ended.code, ended.code
strangers = {"keras", "tensorflow", "jax", "torch"} & set(sys.modules)
assert not strangers, strangers
"""
)

LOADS = (
    FRESH
    + """
from likeness import SiameseClassifier, SiameseEmbedder, load_model
for name in sys.argv[3].split(","):
    model = load_model(old / name)
    assert model.runtime == "keras"
    found(name, model.embed(asked(name)))
for name, kind in (
    ("estimator_classifier", SiameseClassifier), ("estimator_embedder", SiameseEmbedder)
):
    found(name, kind.load(old / name).transform(asked(name)))
from likeness.cli import main
sys.argv = ["likeness", "track", str(place / "film"), "--model", str(place / "tracker"),
            "--box", "30,20,24,24", "--out", str(place / "track.csv")]
try:
    main()
except SystemExit as ended:
    assert not ended.code, ended.code
"""
)


def in_a_fresh_process(
    code: str, old: Path, place: Path, names: list[str], *, learning: bool
) -> None:
    for name, asked in (inputs.ASKED | inputs.ESTIMATORS).items():
        np.save(place / f"{name}.npy", np.asarray(asked()))
    (place / "film").mkdir()
    for number, frame in enumerate(inputs.film(), start=1):
        Image.fromarray(frame).save(place / "film" / f"{number}.png")
    words = (str(old), str(place), ",".join(names))
    python("-c", code, *words, cwd=place, learning=learning)
    assert (place / "track.csv").is_file()


def test_a_fresh_process_opens_every_kind_without_keras(old: Path, tmp_path: Path) -> None:
    in_a_fresh_process(OPENS, old, tmp_path, list(MODELS), learning=False)
    for name in MODELS:
        assert_close(np.load(tmp_path / f"{name}.found.npy"), MODELS[name]["onnx"])


@needs_tensorflow
def test_a_fresh_process_loads_every_kind_on_keras(old: Path, tmp_path: Path) -> None:
    without_onnx(old / "tracker", tmp_path / "tracker")
    in_a_fresh_process(LOADS, old, tmp_path, ON_KERAS, learning=True)
    for name in ON_KERAS:
        assert_close(np.load(tmp_path / f"{name}.found.npy"), MODELS[name]["keras"])
    for name, wanted in EXPECTED["estimators"].items():
        assert_close(np.load(tmp_path / f"{name}.found.npy"), wanted["embeddings"])
