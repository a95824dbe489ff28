"""Somebody else's encoder in a model's folder: tried, sealed, and used like our own."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from likeness.datasets import drawn_faces
from likeness.energies import energy_matrix
from likeness.errors import ModelError, NoThresholdError, OutputError, SettingError
from likeness.images.preparation import FixedPreparation
from likeness.model.folder import SavedModel
from likeness.model.imported import import_model
from likeness.model.onnx_model import OnnxModel
from likeness.model.onnx_session import OnnxSession
from likeness.model.opening import open_model
from likeness.model.siamese_model import load_model

Make = Callable[..., bytes]

NCHW = FixedPreparation(rows=16, columns=12)
NHWC = replace(NCHW, layout="nhwc", colours="bgr", mean=(104.0, 117.0, 123.0), scale=(1.0,))
GREY = FixedPreparation(rows=16, columns=12, colours="grey", mean=(0.0,), scale=(255.0,))

KINDS = {
    "nchw": (NCHW, ("n", 3, 16, 12)),
    "one_photo": (NCHW, (1, 3, 16, 12)),
    "nhwc": (NHWC, ("n", 16, 12, 3)),
    "grey": (GREY, ("n", 1, 16, 12)),
}


def faces() -> Any:
    return drawn_faces(identities=3, photos_each=2, size=(40, 30), seed=4).items


@pytest.fixture
def file(small_onnx: Make, tmp_path: Path) -> Path:
    path = tmp_path / "face.onnx"
    path.write_bytes(small_onnx())
    return path


def imported(file: Path, folder: Path, **changes: Any) -> OnnxModel:
    settings = {"preparation": NCHW, "licence": "MIT", **changes}
    return import_model(file, folder, **settings)


@pytest.mark.parametrize("kind", KINDS)
def test_it_embeds_what_the_file_says_of_prepared_photos(
    small_onnx: Make, tmp_path: Path, kind: str
) -> None:
    preparation, shape = KINDS[kind]
    (tmp_path / "face.onnx").write_bytes(small_onnx(shape=shape))
    model = imported(tmp_path / "face.onnx", tmp_path / "model", preparation=preparation)
    session = OnnxSession(small_onnx(shape=shape), name="alone")
    expected = session(preparation(faces()))
    for found in (model, open_model(tmp_path / "model")):
        np.testing.assert_allclose(found.embed(faces()), expected, atol=1e-6)
        np.testing.assert_allclose(
            found.energies(faces()[:2], faces()[2:]),
            energy_matrix("cosine", expected[:2], expected[2:]),
            atol=1e-6,
        )
    assert model.embed(faces()[:0]).shape == (0, 8)


def test_a_network_of_keras_comes_in_like_any_other(tmp_path: Path) -> None:
    from likeness.encoders import convnet
    from likeness.model.export import onnx_bytes, why_no_export

    if why := why_no_export():
        pytest.skip(why)
    encoder = convnet((16, 12, 3), embedding_size=5, width=2)
    (tmp_path / "keras.onnx").write_bytes(onnx_bytes(encoder))
    prepare = FixedPreparation(rows=16, columns=12, layout="nhwc")
    model = imported(tmp_path / "keras.onnx", tmp_path / "model", preparation=prepare)
    expected = np.asarray(encoder(prepare(faces()), training=False))
    np.testing.assert_allclose(model.embed(faces()), expected, atol=1e-5)


def test_the_folder_describes_itself(file: Path, tmp_path: Path) -> None:
    model = imported(file, tmp_path / "model", name="Small Face", energy="euclidean")
    folder = tmp_path / "model"
    assert sorted(path.name for path in folder.iterdir()) == [
        "card.json",
        "card.md",
        "encoder.onnx",
        "model.json",
    ]
    assert (folder / "encoder.onnx").read_bytes() == file.read_bytes()
    document = json.loads((folder / "model.json").read_text())
    assert document["format"] == "likeness.model/2"
    assert (document["name"], document["licence"]) == ("Small Face", "MIT")
    assert document["preparation"] == {
        "kind": "fixed",
        "rows": 16,
        "columns": 12,
        "colours": "rgb",
        "layout": "nchw",
        "mean": [127.5],
        "scale": [127.5],
    }
    assert document["embedding_size"] == 8
    assert document["record"]["imported"]["file"] == "face.onnx"
    assert (model.threshold, model.energy) == (None, "euclidean")


def test_the_fingerprint_is_of_the_head_and_the_bytes(file: Path, tmp_path: Path) -> None:
    model = imported(file, tmp_path / "model")
    head = (
        '{"energy":"cosine","format":"likeness.model/2","preparation":{"colours":"rgb",'
        '"columns":12,"kind":"fixed","layout":"nchw","mean":[127.5],"rows":16,"scale":[127.5]}}'
    )
    expected = hashlib.sha256(head.encode() + file.read_bytes()).hexdigest()
    assert model.fingerprint == expected
    assert open_model(tmp_path / "model").fingerprint == expected


@pytest.mark.parametrize(
    "changes", [{"energy": "euclidean"}, {"preparation": replace(NCHW, mean=(127.0,))}]
)
def test_another_use_of_the_file_is_another_model(
    file: Path, tmp_path: Path, changes: dict[str, Any]
) -> None:
    one = imported(file, tmp_path / "one")
    assert imported(file, tmp_path / "two", **changes).fingerprint != one.fingerprint
    assert imported(file, tmp_path / "three", licence="other").fingerprint == one.fingerprint


def test_it_is_calibrated_like_our_own(file: Path, tmp_path: Path) -> None:
    imported(file, tmp_path / "model")
    with pytest.raises(NoThresholdError, match=r"Choose one with `likeness calibrate"):
        open_model(tmp_path / "model").is_same(faces()[0], faces()[1])
    SavedModel.read(tmp_path / "model").store_calibration(
        threshold=2.0, calibration={"promise": 0.1}
    )
    assert open_model(tmp_path / "model").is_same(faces()[0], faces()[1]) is True


def test_keras_cannot_open_it_and_says_what_can(file: Path, tmp_path: Path) -> None:
    imported(file, tmp_path / "model")
    with pytest.raises(ModelError, match=r"has no encoder\.keras: it was imported.*`open_model`"):
        load_model(tmp_path / "model")


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("two_inputs", r"expected one input and one output\. Received: 2 \(x, x2\)"),
        ("two_outputs", r"expected one input and one output"),
        ("double", r"32-bit floats\. Received: tensor\(double\)"),
        ("map", r"expected one row of numbers per photo"),
        ("nan", r"expected finite embeddings\. Received: NaN or infinity.*check mean and scale"),
        ("constant", r"expected different embeddings of different photos.*mean, scale and layo"),
        ("batch", r"the same embedding of a photo alone and among others.*not for training"),
    ],
)
def test_an_encoder_that_fails_the_trial(
    small_onnx: Make, tmp_path: Path, kind: str, sentence: str
) -> None:
    (tmp_path / "face.onnx").write_bytes(small_onnx(kind=kind))
    with pytest.raises(ModelError, match=sentence):
        imported(tmp_path / "face.onnx", tmp_path / "model")
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize(
    "preparation",
    [
        replace(NCHW, rows=20),
        replace(NCHW, layout="nhwc"),
        GREY,
        FixedPreparation(rows=12, columns=16),
    ],
    ids=["size", "layout", "channels", "turned"],
)
def test_a_shape_that_does_not_fit(
    file: Path, tmp_path: Path, preparation: FixedPreparation
) -> None:
    with pytest.raises(ModelError, match=r"as size, layout and channels say\. It reads \['n', 3, "):
        imported(file, tmp_path / "model", preparation=preparation)


def test_a_shape_that_shows_only_when_it_runs(small_onnx: Make, tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    model = onnx.load_model_from_string(small_onnx())
    for axis, name in ((2, "rows"), (3, "columns")):
        model.graph.input[0].type.tensor_type.shape.dim[axis].dim_param = name
    (tmp_path / "free.onnx").write_bytes(model.SerializeToString())
    imported(tmp_path / "free.onnx", tmp_path / "model")
    with pytest.raises(ModelError, match=r"photos of the shape \(3, 20, 12\)\. It reads \['n', 3"):
        imported(tmp_path / "free.onnx", tmp_path / "other", preparation=replace(NCHW, rows=20))


def test_an_encoder_of_many_photos_at_a_time_only(small_onnx: Make, tmp_path: Path) -> None:
    (tmp_path / "face.onnx").write_bytes(small_onnx(shape=(8, 3, 16, 12)))
    with pytest.raises(ModelError, match=r"any number of photos, or one,.* It reads \[8, 3, 16, 1"):
        imported(tmp_path / "face.onnx", tmp_path / "model")


def test_what_is_no_onnx_file(tmp_path: Path) -> None:
    (tmp_path / "face.onnx").write_text("<html>404</html>")
    with pytest.raises(ModelError, match=r"face\.onnx: expected an ONNX file, whole"):
        imported(tmp_path / "face.onnx", tmp_path / "model")
    with pytest.raises(ModelError, match=r"expected an ONNX file\. It cannot be read: No such"):
        imported(tmp_path / "nowhere.onnx", tmp_path / "model")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"licence": " "}, r"^licence: expected the encoder's terms.*Received: nothing\."),
        ({"energy": "hamming"}, r"^energy: expected one of"),
    ],
)
def test_what_must_be_said(
    file: Path, tmp_path: Path, changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(SettingError, match=sentence):
        imported(file, tmp_path / "model", **changes)


def test_a_model_is_replaced_only_if_asked(file: Path, tmp_path: Path) -> None:
    first = imported(file, tmp_path / "model")
    with pytest.raises(OutputError, match=r"already holds a model"):
        imported(file, tmp_path / "model", energy="euclidean")
    assert open_model(tmp_path / "model").fingerprint == first.fingerprint
    second = imported(file, tmp_path / "model", energy="euclidean", overwrite=True)
    assert open_model(tmp_path / "model").fingerprint == second.fingerprint


@pytest.mark.parametrize("entry", ["energy", "preparation", "fingerprint", "file"])
def test_what_was_changed_afterwards_is_refused(file: Path, tmp_path: Path, entry: str) -> None:
    imported(file, tmp_path / "model")
    path = tmp_path / "model" / "model.json"
    document = json.loads(path.read_text())
    if entry == "file":
        (tmp_path / "model" / "encoder.onnx").write_bytes(file.read_bytes() + b" ")
    elif entry == "preparation":
        document["preparation"]["colours"] = "bgr"
    else:
        document[entry] = {"energy": "euclidean", "fingerprint": "0" * 64}[entry]
    path.write_text(json.dumps(document))
    with pytest.raises(ModelError, match=r"do not belong together|expected the SHA-256"):
        open_model(tmp_path / "model")
