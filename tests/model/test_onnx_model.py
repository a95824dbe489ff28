"""A trained model on ONNX Runtime: as on Keras, without Keras, and whole or refused."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from likeness.datasets import drawn_faces
from likeness.encoders import Whitening, convnet, finished
from likeness.errors import DataError, ModelError, NoThresholdError, SettingError
from likeness.images.preparation import Preparation
from likeness.model.export import why_no_export
from likeness.model.folder import SavedModel
from likeness.model.onnx_model import OnnxModel
from likeness.model.opening import chosen_runtime, open_model
from likeness.model.siamese_model import SiameseModel, load_model

pytestmark = pytest.mark.backend

PREPARATION = Preparation(rows=16, columns=12)

WITHOUT_KERAS = """
import sys
import numpy as np
for name in ("keras", "tensorflow", "torch", "jax", "onnx"):
    sys.modules[name] = None  # as if it were not installed
from likeness import open_model
model = open_model(sys.argv[1])
np.save(sys.argv[3], model.embed(np.load(sys.argv[2])))
print(model.runtime, model.fingerprint)
"""

LOADED = """
import sys
import numpy as np
from likeness import open_model
model = open_model(sys.argv[1])
model.embed(np.zeros((2, 30, 20, 3), np.uint8))
print(*sorted({name.split(".")[0] for name in sys.modules}))
"""


def photos(count: int = 4, *, seed: int = 1, channels: int = 1) -> Any:
    shape = (count, 20, 15, channels)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def made(*, seed: int = 0) -> SiameseModel:
    if why := why_no_export():
        pytest.skip(why)
    plain = convnet(PREPARATION.shape, embedding_size=5, width=2, seed=seed)
    points = np.random.default_rng(seed).normal(size=(20, 5))
    whitening = Whitening.fit(points, shrinkage=0.1)
    encoder = finished(plain, mirrored=True, shift=1, whitening=whitening)
    return SiameseModel(
        preparation=PREPARATION,
        encoder=encoder,
        energy="euclidean",
        threshold=0.5,
        record={"seconds": 1.5},
    )


@pytest.fixture(scope="module")
def trained() -> SiameseModel:
    return made()


@pytest.fixture
def saved(trained: SiameseModel, tmp_path: Path) -> Path:
    return trained.save(tmp_path / "model")


@pytest.fixture
def model(saved: Path) -> OnnxModel:
    found = open_model(saved)
    assert isinstance(found, OnnxModel)
    return found


def edit(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = folder / "model.json"
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


class TestUse:
    def test_it_embeds_as_keras_does(self, trained: SiameseModel, model: OnnxModel) -> None:
        faces = drawn_faces(identities=4, photos_each=3, size=(40, 32)).items
        for images in (photos(7), photos(3, channels=3), faces, photos(130)):
            found = model.embed(images)
            assert (found.shape, found.dtype) == ((len(images), 5), np.float32)
            np.testing.assert_allclose(found, trained.embed(images), atol=1e-5)

    def test_energies_and_decisions_are_those_of_keras(
        self, trained: SiameseModel, model: OnnxModel
    ) -> None:
        left, right = photos(3), photos(4, seed=2)
        exact = trained.energies(left, right)
        np.testing.assert_allclose(model.energies(left, right), exact, atol=1e-5)
        for threshold, same in ((exact[0, 0] + 1e-3, True), (exact[0, 0] - 1e-3, False)):
            decider = replace(model, threshold=float(threshold))
            assert decider.is_same(left[0], right[0]) is same

    def test_it_is_the_same_model(self, trained: SiameseModel, model: OnnxModel) -> None:
        assert model.fingerprint == trained.fingerprint
        assert model.preparation == trained.preparation
        assert (model.energy, model.threshold) == (trained.energy, trained.threshold)
        assert model.record == trained.record
        assert (model.runtime, trained.runtime) == ("onnx", "keras")

    def test_no_photos_give_no_embeddings(self, model: OnnxModel) -> None:
        assert model.embed(photos(0)).shape == (0, 5)

    @pytest.mark.parametrize("images", [photos()[0], photos().astype(np.float32), [1, 2]])
    def test_other_shapes_and_types_are_refused(self, model: OnnxModel, images: Any) -> None:
        with pytest.raises(DataError, match=r"^images: expected uint8 of shape \(n, rows, col"):
            model.embed(images)

    def test_without_a_threshold_it_does_not_decide(self, model: OnnxModel) -> None:
        with pytest.raises(NoThresholdError, match=r"^this model has no threshold.*`likeness cal"):
            replace(model, threshold=None).is_same(*photos(2))

    def test_it_is_frozen(self, model: OnnxModel) -> None:
        with pytest.raises(FrozenInstanceError):
            model.threshold = 1.0  # type: ignore[misc]

    def test_a_calibrated_threshold_is_read(self, saved: Path) -> None:
        SavedModel.read(saved).store_calibration(threshold=0.25, calibration={"promise": 0.01})
        found = open_model(saved)
        assert (found.threshold, dict(found.calibration)) == (0.25, {"promise": 0.01})


class TestWithoutKeras:
    def test_a_fresh_process_without_keras_embeds_alike(
        self, trained: SiameseModel, saved: Path, tmp_path: Path
    ) -> None:
        np.save(tmp_path / "photos.npy", photos())
        files = [str(saved), str(tmp_path / "photos.npy"), str(tmp_path / "found.npy")]
        done = subprocess.run(
            [sys.executable, "-c", WITHOUT_KERAS, *files],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.split() == ["onnx", trained.fingerprint]
        np.testing.assert_allclose(np.load(files[2]), trained.embed(photos()), atol=1e-5)

    def test_nothing_of_learning_is_loaded(self, saved: Path, tmp_path: Path) -> None:
        done = subprocess.run(
            [sys.executable, "-c", LOADED, str(saved)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
        loaded = set(done.stdout.split())
        assert "onnxruntime" in loaded
        heavy = {"keras", "tensorflow", "torch", "jax", "onnx", "tf2onnx", "sklearn", "scipy"}
        assert not loaded & (heavy | {"matplotlib", "sympy", "rich", "typer"})


class TestChoosing:
    def test_auto_takes_onnx_where_it_is_and_keras_where_it_is_not(self, saved: Path) -> None:
        assert chosen_runtime(saved) == "onnx"
        assert open_model(saved, runtime="keras").runtime == "keras"
        edit(saved, lambda document: document.pop("parts"))
        assert chosen_runtime(saved) == "keras"
        assert isinstance(open_model(saved), SiameseModel)

    def test_a_folder_of_before_is_read_by_keras(self, saved: Path) -> None:
        (saved / "encoder.onnx").unlink()
        edit(saved, lambda document: document.pop("parts"))
        assert open_model(saved).runtime == "keras"

    def test_onnx_that_is_not_there_is_an_error_that_says_why(self, saved: Path) -> None:
        def without(document: dict[str, Any]) -> None:
            document["parts"] = {}
            document["no_onnx"] = "the export to ONNX needs tf2onnx."

        edit(saved, without)
        with pytest.raises(ModelError, match=r"has no ONNX part\. Make one.*saved, the export to"):
            open_model(saved, runtime="onnx")

    def test_int8_that_is_not_there(self, saved: Path) -> None:
        with pytest.raises(ModelError, match=r"has no int8 variant\. Make one with `likeness exp"):
            open_model(saved, variant="int8")

    @pytest.mark.parametrize(
        ("settings", "sentence"),
        [
            ({"runtime": "tflite"}, r"^runtime: expected one of auto, onnx, keras\. Received: 't"),
            ({"variant": "int4"}, r"^variant: expected one of float32, int8\. Received: 'int4'\.$"),
            ({"variant": "int8", "runtime": "keras"}, r"^variant: expected float32 on Keras"),
            ({"threads": 0}, r"^threads: expected a whole number from 1 to 256"),
        ],
    )
    def test_unknown_wishes(self, saved: Path, settings: dict[str, Any], sentence: str) -> None:
        with pytest.raises(SettingError, match=sentence):
            open_model(saved, **settings)


class TestRefused:
    def test_a_swapped_file(self, saved: Path, tmp_path: Path) -> None:
        other = made(seed=9).save(tmp_path / "other")
        (other / "encoder.onnx").replace(saved / "encoder.onnx")
        with pytest.raises(ModelError, match=r"expected the SHA-256 .*It was swapped or damaged"):
            open_model(saved)
        # Keras reads its own part; that is what the runtime "keras" is for.
        assert open_model(saved, runtime="keras").fingerprint == load_model(saved).fingerprint

    @pytest.mark.parametrize("kept", [0, 1000])
    def test_a_broken_file_is_no_reason_to_take_keras(self, saved: Path, kept: int) -> None:
        path = saved / "encoder.onnx"
        path.write_bytes(path.read_bytes()[:kept])
        with pytest.raises(ModelError, match=r"encoder\.onnx: expected the SHA-256"):
            open_model(saved)

    @pytest.mark.parametrize(
        "changes",
        [
            {"energy": "cosine"},
            {"preparation": {"rows": 20, "columns": 12, "channels": 1}},
            {"fingerprint": "0" * 64},
        ],
    )
    def test_an_edited_document(self, saved: Path, changes: dict[str, Any]) -> None:
        edit(saved, lambda document: document.update(changes))
        with pytest.raises(ModelError, match=r"the parts of the model do not belong together"):
            open_model(saved)

    @pytest.mark.parametrize("parts", [[], {"onnx": 3}, "encoder.onnx"])
    def test_parts_that_are_no_table(self, saved: Path, parts: Any) -> None:
        edit(saved, lambda document: document.update(parts=parts))
        with pytest.raises(ModelError, match=r"damaged model: parts: expected an object of objec"):
            open_model(saved)

    def test_parts_without_a_digest(self, saved: Path) -> None:
        edit(saved, lambda document: document.update(parts={"onnx": {}}))
        with pytest.raises(ModelError, match=r"expected the SHA-256 None"):
            open_model(saved)


class TestSaving:
    def test_saved_with_its_digest(self, saved: Path) -> None:
        part = json.loads((saved / "model.json").read_text())["parts"]["onnx"]
        assert part["file"] == "encoder.onnx"
        assert part["bytes"] == (saved / "encoder.onnx").stat().st_size

    def test_without_the_exporter_the_folder_says_so(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        model = made(seed=3)
        for module in ("tf2onnx", "onnx"):
            monkeypatch.setitem(sys.modules, module, None)
        folder = model.save(tmp_path / "model")
        assert not (folder / "encoder.onnx").exists()
        document = json.loads((folder / "model.json").read_text())
        assert document["parts"] == {}
        assert document["no_onnx"].startswith("the export to ONNX needs")
        assert open_model(folder).runtime == "keras"
