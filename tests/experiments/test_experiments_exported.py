"""The ONNX part and the int8 variant of a saved model, and what the variant loses."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from likeness.datasets import Dataset, drawn_faces, split_by_identity
from likeness.energies import energy_matrix
from likeness.errors import ModelError, OutputError, OverlapError, TooFewError
from likeness.evaluation.baselines import evaluate_matrix
from likeness.experiments.exported import export_int8, export_onnx
from likeness.files import to_json
from likeness.images.preparation import FixedPreparation
from likeness.model.folder import SavedModel
from likeness.model.imported import import_model
from likeness.model.opening import open_model

Make = Callable[..., bytes]


@pytest.fixture(scope="module")
def people() -> Dataset:
    return drawn_faces(identities=8, photos_each=3, size=(32, 24), seed=5)


@pytest.fixture
def folder(small_onnx: Make, tmp_path: Path) -> Path:
    (tmp_path / "face.onnx").write_bytes(small_onnx(size=32))
    import_model(
        tmp_path / "face.onnx",
        tmp_path / "model",
        preparation=FixedPreparation(rows=16, columns=12),
        licence="MIT",
    )
    return tmp_path / "model"


def change(folder: Path, **entries: object) -> None:
    path = folder / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | entries))


def test_the_variant_is_small_and_has_a_fingerprint_and_no_threshold(
    folder: Path, people: Dataset
) -> None:
    SavedModel.read(folder).store_calibration(threshold=0.3, calibration={})
    export_int8(folder, people)
    exact, rounded = open_model(folder), open_model(folder, variant="int8")
    assert (exact.threshold, rounded.threshold) == (0.3, None)
    assert rounded.fingerprint != exact.fingerprint
    sizes = [(folder / name).stat().st_size for name in ("encoder.int8.onnx", "encoder.onnx")]
    assert sizes[0] < 0.4 * sizes[1]
    assert not np.array_equal(exact.embed(people.items), rounded.embed(people.items))


def test_its_threshold_is_its_own(folder: Path, people: Dataset) -> None:
    export_int8(folder, people)
    SavedModel.read(folder).store_calibration(
        threshold=0.2, calibration={"promise": 1}, variant="int8"
    )
    assert open_model(folder).threshold is None
    rounded = open_model(folder, variant="int8")
    assert (rounded.threshold, dict(rounded.calibration)) == (0.2, {"promise": 1})


def test_the_loss_is_measured_on_the_people_who_did_not_set_the_ranges(
    folder: Path, people: Dataset
) -> None:
    loss = export_int8(folder, people, seed=1)
    assert json.loads((folder / "model.json").read_text())["parts"]["int8"]["loss"] == to_json(loss)
    assert loss.ranges == {"identities": 4, "items": 12, "seed": 1}
    assert loss.counts["identities"] == 4
    assert loss.data == {"name": people.name, "digest": people.digest, "drawn": True}
    _, measuring = split_by_identity(people, held_out=0.5, seed=1)
    matrices = {
        variant: energy_matrix("cosine", open_model(folder, variant=variant).embed(measuring.items))
        for variant in ("float32", "int8")
    }
    for variant, matrix in matrices.items():
        figures = evaluate_matrix(matrix, measuring.codes, threshold=None).figures
        stored = loss.figures[variant]
        assert {name: entry.mean for name, entry in stored.items()} == pytest.approx(figures)
    pairs = np.triu_indices(len(measuring), 1)
    apart = np.abs(matrices["float32"] - matrices["int8"])[pairs]
    assert loss.energy_difference == pytest.approx(
        {"mean": apart.mean(), "largest": apart.max()}, rel=1e-3
    )
    assert 0 < loss.energy_difference["mean"] < 0.05


def test_a_variant_is_replaced_only_if_asked(folder: Path, people: Dataset) -> None:
    export_int8(folder, people)
    SavedModel.read(folder).store_calibration(threshold=0.2, calibration={}, variant="int8")
    with pytest.raises(OutputError, match=r"already has an int8 variant.*`--overwrite`"):
        export_int8(folder, people)
    export_int8(folder, people, overwrite=True)
    assert open_model(folder, variant="int8").threshold is None


def test_a_swapped_variant_is_refused(folder: Path, people: Dataset) -> None:
    export_int8(folder, people)
    (folder / "encoder.onnx").replace(folder / "encoder.int8.onnx")
    with pytest.raises(ModelError, match=r"encoder\.int8\.onnx: expected the SHA-256"):
        open_model(folder, variant="int8")


@pytest.mark.parametrize("entry", ["fingerprint", "threshold"])
def test_an_entry_of_the_variant_that_is_gone_or_changed(
    folder: Path, people: Dataset, entry: str
) -> None:
    export_int8(folder, people)
    parts = json.loads((folder / "model.json").read_text())["parts"]
    if entry == "fingerprint":
        parts["int8"][entry] = "0" * 64
    else:
        del parts["int8"][entry]
    change(folder, parts=parts)
    with pytest.raises(ModelError, match=r"do not belong together|damaged model: 'threshold'"):
        open_model(folder, variant="int8")
    assert open_model(folder).runtime == "onnx"


def test_people_that_were_trained_on_say_nothing_of_the_loss(folder: Path, people: Dataset) -> None:
    change(folder, record={"data": {"identities": [people.distinct[0]], "item_digests": []}})
    with pytest.raises(OverlapError, match=r"1 of the 8 people were trained on"):
        export_int8(folder, people)
    assert not (folder / "encoder.int8.onnx").exists()


def test_too_few_people(folder: Path) -> None:
    few = drawn_faces(identities=3, photos_each=2, size=(32, 24))
    with pytest.raises(TooFewError, match=r"expected at least 4 people with 2 or more photos"):
        export_int8(folder, few)


def test_no_part_to_quantise(folder: Path, people: Dataset) -> None:
    change(folder, parts={}, format="likeness.model/1")
    with pytest.raises(ModelError, match=r"no ONNX part to quantise\. Run `likeness export` first"):
        export_int8(folder, people)


def test_an_imported_encoder_needs_no_export(folder: Path) -> None:
    before = (folder / "model.json").read_bytes()
    assert export_onnx(folder, overwrite=True).format == "likeness.model/2"
    assert (folder / "model.json").read_bytes() == before
    (folder / "encoder.onnx").write_bytes(b"")
    with pytest.raises(ModelError, match=r"expected the SHA-256"):
        export_onnx(folder)


def test_a_folder_of_before_gets_its_part(tmp_path: Path, people: Dataset) -> None:
    from likeness.encoders import convnet
    from likeness.images.preparation import Preparation
    from likeness.model.export import why_no_export
    from likeness.model.siamese_model import SiameseModel

    if why := why_no_export():
        pytest.skip(why)
    prepare = Preparation(rows=16, columns=12)
    encoder = convnet(prepare.shape, embedding_size=5, width=2)
    model = SiameseModel(preparation=prepare, encoder=encoder, energy="euclidean")
    folder = model.save(tmp_path / "model")
    (folder / "encoder.onnx").unlink()
    change(folder, parts={}, no_onnx="the exporter was missing")
    assert open_model(folder).runtime == "keras"
    saved = export_onnx(folder)
    assert saved.no_onnx is None
    found = open_model(folder)
    assert (found.runtime, found.fingerprint) == ("onnx", model.fingerprint)
    np.testing.assert_allclose(found.embed(people.items), model.embed(people.items), atol=1e-5)
    written = (folder / "encoder.onnx").stat().st_mtime_ns
    export_onnx(folder)
    assert (folder / "encoder.onnx").stat().st_mtime_ns == written
    (folder / "encoder.onnx").write_bytes(b"damaged")
    export_onnx(folder, overwrite=True)
    assert open_model(folder).runtime == "onnx"
