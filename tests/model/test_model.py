"""`SiameseModel`: embedding, deciding, its fingerprint, and a folder that is whole or refused."""

import errno
import json
import shutil
from dataclasses import FrozenInstanceError, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from fresh_process import python

from likeness.encoders import Whitening, convnet, finished
from likeness.energies import energy_by_name
from likeness.errors import DataError, ModelError, NoThresholdError, OutputError, SettingError
from likeness.files import check_new_folder
from likeness.images.preparation import Preparation
from likeness.model.card import card_markdown, model_card
from likeness.model.folder import SavedModel
from likeness.model.siamese_model import SiameseModel, load_model

pytestmark = pytest.mark.backend

PREPARATION = Preparation(rows=16, columns=12)

FILES = ["card.json", "card.md", "encoder.keras", "model.json", "recipe.json"]

FRESH = """
import sys
import numpy as np
from likeness import load_model
model = load_model(sys.argv[1])
np.save(sys.argv[3], model.embed(np.load(sys.argv[2])))
print(model.fingerprint)
"""


def photos(count: int = 4, *, seed: int = 1, channels: int = 1) -> Any:
    shape = (count, 20, 15, channels)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def made(*, seed: int = 0, **changes: Any) -> SiameseModel:
    plain = convnet(PREPARATION.shape, embedding_size=5, width=2, seed=seed)
    points = np.random.default_rng(seed).normal(size=(20, 5))
    whitening = Whitening.fit(points, shrinkage=0.1)
    encoder = finished(plain, mirrored=True, shift=1, whitening=whitening)
    settings = {"threshold": 0.5, "record": {"recipe": {"epochs": 1}, "seconds": 1.5}}
    model = SiameseModel(preparation=PREPARATION, encoder=encoder, energy="euclidean", **settings)
    return replace(model, **changes)


@pytest.fixture(scope="module")
def model() -> SiameseModel:
    return made()


@pytest.fixture
def saved(model: SiameseModel, tmp_path: Path) -> Path:
    return model.save(tmp_path / "model")


def files(folder: Path) -> list[str]:
    """Its files but encoder.onnx, which depends on what is installed beside Keras."""
    return sorted(path.name for path in folder.iterdir() if path.name != "encoder.onnx")


def edit(folder: Path, **changes: Any) -> None:
    path = folder / "model.json"
    document = json.loads(path.read_text()) | changes
    path.write_text(json.dumps({key: entry for key, entry in document.items() if entry != ...}))


class TestUse:
    def test_it_embeds_prepared_photos(self, model: SiameseModel) -> None:
        found = model.embed(photos())
        expected = keras.ops.convert_to_numpy(model.encoder(PREPARATION(photos())))
        assert (found.shape, found.dtype) == ((4, 5), np.float32)
        np.testing.assert_allclose(found, expected, atol=1e-6)

    def test_many_photos_are_embedded_as_few_are(self, model: SiameseModel) -> None:
        many = photos(130)
        np.testing.assert_allclose(model.embed(many)[64:67], model.embed(many[64:67]), atol=1e-5)

    def test_no_photos_give_no_embeddings(self, model: SiameseModel) -> None:
        assert model.embed(photos(0)).shape == (0, 5)
        assert model.embedding_size == 5

    def test_any_size_and_colours_are_read(self, model: SiameseModel) -> None:
        assert model.embed(photos(2, channels=3)).shape == (2, 5)

    @pytest.mark.parametrize("images", [photos()[0], photos().astype(np.float32), [1, 2]])
    def test_other_shapes_and_types_are_refused(self, model: SiameseModel, images: Any) -> None:
        with pytest.raises(DataError, match=r"^images: expected uint8 of shape \(n, rows, col"):
            model.embed(images)

    @pytest.mark.parametrize("name", ["euclidean", "cosine"])
    def test_energies_are_those_of_the_embeddings(self, model: SiameseModel, name: str) -> None:
        model = replace(model, energy=name)
        left, right = photos(3), photos(2, seed=2)
        found = model.energies(left, right)
        a, b = model.embed(left), model.embed(right)
        expected = [[energy_by_name(name)(x, y) for y in b] for x in a]
        np.testing.assert_allclose(found, expected, atol=1e-6)

    def test_a_pair_is_accepted_up_to_the_threshold_and_not_beyond(
        self, model: SiameseModel
    ) -> None:
        left, right = photos(2)
        energy = float(model.energies(left[None], right[None])[0, 0])
        assert replace(model, threshold=energy).is_same(left, right) is True
        assert replace(model, threshold=energy * (1 - 1e-9)).is_same(left, right) is False

    def test_without_a_threshold_it_does_not_decide(self, model: SiameseModel) -> None:
        with pytest.raises(NoThresholdError, match=r"^this model has no threshold.*six people"):
            replace(model, threshold=None).is_same(*photos(2))

    def test_it_is_frozen(self, model: SiameseModel) -> None:
        with pytest.raises(FrozenInstanceError):
            model.threshold = 1.0  # type: ignore[misc]

    def test_unknown_energy(self) -> None:
        with pytest.raises(SettingError, match=r"^energy: expected one of .* Received: 'l3'\.$"):
            made(energy="l3")


class TestFingerprint:
    def test_equal_models_have_equal_ones(self, model: SiameseModel) -> None:
        assert made().fingerprint == model.fingerprint
        assert len(model.fingerprint) == 64

    @pytest.mark.parametrize(
        "changes",
        [
            {"seed": 1},
            {"preparation": Preparation(rows=16, columns=13)},
            {"energy": "cosine"},
        ],
    )
    def test_it_changes_with_what_decides_an_energy(
        self, model: SiameseModel, changes: dict[str, Any]
    ) -> None:
        assert made(**changes).fingerprint != model.fingerprint

    def test_it_changes_with_the_least_change_of_one_weight(self, model: SiameseModel) -> None:
        other = made()
        weights = [np.array(weight) for weight in other.encoder.get_weights()]
        weights[0].flat[0] = np.nextafter(weights[0].flat[0], np.float32(9))
        other.encoder.set_weights(weights)
        assert other.fingerprint != model.fingerprint

    def test_threshold_and_record_do_not_count(self, model: SiameseModel) -> None:
        assert replace(model, threshold=0.1, record={}).fingerprint == model.fingerprint


class TestSaveAndLoad:
    def test_a_round_trip_changes_nothing(self, model: SiameseModel, saved: Path) -> None:
        again = load_model(saved)
        assert again.fingerprint == model.fingerprint
        assert again.preparation == model.preparation
        assert (again.energy, again.threshold) == (model.energy, model.threshold)
        assert again.record == model.record
        np.testing.assert_allclose(again.embed(photos()), model.embed(photos()), atol=1e-6)

    def test_saving_again_what_was_loaded_keeps_the_fingerprint(
        self, model: SiameseModel, saved: Path, tmp_path: Path
    ) -> None:
        twice = load_model(load_model(saved).save(tmp_path / "twice"))
        assert twice.fingerprint == model.fingerprint

    def test_a_model_without_a_threshold_comes_back_without_one(
        self, model: SiameseModel, tmp_path: Path
    ) -> None:
        folder = replace(model, threshold=None).save(tmp_path / "model")
        assert load_model(folder).threshold is None

    def test_a_fresh_process_embeds_alike(
        self, model: SiameseModel, saved: Path, tmp_path: Path
    ) -> None:
        np.save(tmp_path / "photos.npy", photos())
        files = [str(saved), str(tmp_path / "photos.npy"), str(tmp_path / "found.npy")]
        done = python("-c", FRESH, *files, cwd=tmp_path)
        assert done.stdout.strip() == model.fingerprint
        np.testing.assert_allclose(np.load(files[2]), model.embed(photos()), atol=1e-6)

    def test_the_folder_is_data_that_describes_itself(
        self, model: SiameseModel, saved: Path
    ) -> None:
        names = sorted(path.name for path in saved.iterdir())
        # Whether there is encoder.onnx depends on what is installed beside Keras.
        assert [name for name in names if name != "encoder.onnx"] == FILES
        document = json.loads((saved / "model.json").read_text())
        assert document["format"] == "likeness.model/1"
        assert document["fingerprint"] == model.fingerprint
        assert document["preparation"] == {
            "rows": 16,
            "columns": 12,
            "channels": 1,
            "version": 2,
        }
        assert json.loads((saved / "recipe.json").read_text()) == {"epochs": 1}


class TestRefusedModels:
    def test_no_model(self, tmp_path: Path) -> None:
        with pytest.raises(ModelError, match=r"Found no model\.json\. Make a model with `likeness"):
            load_model(tmp_path / "nowhere")

    @pytest.mark.parametrize("damage", [b"", b'{"format": ', b"\xff\xfe{}"])
    def test_damaged_text(self, saved: Path, damage: bytes) -> None:
        (saved / "model.json").write_bytes(damage)
        with pytest.raises(ModelError, match=r"model\.json: expected JSON\. It cannot be read"):
            load_model(saved)

    @pytest.mark.parametrize("text", ["[]", "{}", '{"format": "likeness.model/9"}', "3"])
    def test_another_format(self, saved: Path, text: str) -> None:
        (saved / "model.json").write_text(text)
        with pytest.raises(ModelError, match=r"expected the format 'likeness\.model/1'"):
            load_model(saved)

    def test_missing_entries_are_named(self, saved: Path) -> None:
        edit(saved, energy=..., threshold=...)
        with pytest.raises(ModelError, match=r"these entries are missing: energy, threshold\."):
            load_model(saved)

    @pytest.mark.parametrize(
        "changes",
        [
            {"preparation": {"rows": 16}},
            {"preparation": {"rows": 20, "columns": 12, "channels": 1}},
            {"energy": "cosine"},
            {"fingerprint": "0" * 64},
        ],
    )
    def test_parts_that_do_not_belong_together(self, saved: Path, changes: dict[str, Any]) -> None:
        edit(saved, **changes)
        with pytest.raises(ModelError, match=r"the parts of the model do not belong together"):
            load_model(saved)

    def test_a_swapped_encoder(self, saved: Path, tmp_path: Path) -> None:
        other = made(seed=9).save(tmp_path / "other")
        shutil.copy(other / "encoder.keras", saved / "encoder.keras")
        with pytest.raises(ModelError, match=r"do not belong together.*Restore the folder or"):
            load_model(saved)

    @pytest.mark.parametrize(
        "changes",
        [
            {"preparation": {"rows": 4, "columns": 12, "channels": 1}},
            {"preparation": {"height": 16}},
            {"preparation": None},
            {"energy": "hamming"},
        ],
    )
    def test_impossible_settings(self, saved: Path, changes: dict[str, Any]) -> None:
        edit(saved, **changes)
        with pytest.raises(ModelError, match=r"holds a damaged model: .*Restore it or train it"):
            load_model(saved)

    def test_a_missing_encoder(self, saved: Path) -> None:
        (saved / "encoder.keras").unlink()
        with pytest.raises(ModelError, match=r"holds a damaged model"):
            load_model(saved)

    @pytest.mark.parametrize("kept", [0, 100, 5000])
    def test_a_broken_encoder(self, saved: Path, kept: int) -> None:
        path = saved / "encoder.keras"
        path.write_bytes(path.read_bytes()[:kept])
        with pytest.raises(ModelError, match=r"holds a damaged model"):
            load_model(saved)


class FullDisk:
    """An encoder that cannot be written."""

    output_shape = (None, 5)

    def get_config(self) -> dict[str, Any]:
        return {}

    def get_weights(self) -> list[Any]:
        return []

    def save(self, path: Path) -> None:
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")


class TestPlaces:
    def test_missing_parents_are_made_and_an_empty_folder_will_do(
        self, model: SiameseModel, tmp_path: Path
    ) -> None:
        (tmp_path / "empty").mkdir()
        for place in (tmp_path / "a" / "b" / "model", tmp_path / "empty"):
            assert load_model(model.save(place)).fingerprint == model.fingerprint

    def test_a_model_is_replaced_only_if_asked(self, model: SiameseModel, saved: Path) -> None:
        other = made(seed=9, record={})
        with pytest.raises(OutputError, match=r"already holds a model.*`--overwrite`"):
            other.save(saved)
        assert load_model(saved).fingerprint == model.fingerprint
        other.save(saved, overwrite=True)
        assert load_model(saved).fingerprint == other.fingerprint
        # Nothing of the old model stays behind.
        assert not (saved / "recipe.json").exists()
        assert [path.name for path in saved.parent.iterdir()] == ["model"]

    @pytest.mark.parametrize("overwrite", [False, True])
    def test_other_files_are_never_replaced(
        self, model: SiameseModel, tmp_path: Path, overwrite: bool
    ) -> None:
        (tmp_path / "thesis.txt").write_text("three years of work")
        with pytest.raises(OutputError, match=r"expected a new or empty folder"):
            model.save(tmp_path, overwrite=overwrite)
        with pytest.raises(OutputError, match=r"expected a folder\. Received: a file"):
            model.save(tmp_path / "thesis.txt", overwrite=overwrite)
        assert (tmp_path / "thesis.txt").read_text() == "three years of work"

    def test_the_place_can_be_checked_before_a_training(self, saved: Path) -> None:
        check_new_folder(saved.parent / "new", overwrite=False)
        check_new_folder(saved, overwrite=True)
        with pytest.raises(OutputError, match=r"already holds a model"):
            check_new_folder(saved, overwrite=False)

    def test_a_full_disk_leaves_nothing_half_written(self, tmp_path: Path) -> None:
        place = tmp_path / "model"
        with pytest.raises(OutputError, match=r" cannot be written: No space left on device"):
            made(encoder=FullDisk()).save(place)
        assert list(tmp_path.iterdir()) == []

    def test_a_full_disk_leaves_the_old_model_as_it_was(
        self, model: SiameseModel, saved: Path
    ) -> None:
        with pytest.raises(OutputError, match=r"Nothing there was changed"):
            made(encoder=FullDisk()).save(saved, overwrite=True)
        assert load_model(saved).fingerprint == model.fingerprint
        assert [path.name for path in saved.parent.iterdir()] == ["model"]

    def test_a_place_below_a_file(self, model: SiameseModel, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(OutputError, match=r" cannot be written: "):
            model.save(tmp_path / "file" / "model")


class TestCalibration:
    def test_another_threshold_is_stored_and_read(self, saved: Path) -> None:
        before = load_model(saved)
        SavedModel.read(saved).store_calibration(threshold=0.25, calibration={"promise": 0.01})
        after = load_model(saved)
        assert (after.threshold, dict(after.calibration)) == (0.25, {"promise": 0.01})
        assert after.fingerprint == before.fingerprint
        assert files(saved) == FILES

    def test_a_model_saved_again_keeps_it(self, saved: Path, tmp_path: Path) -> None:
        SavedModel.read(saved).store_calibration(threshold=0.25, calibration={"promise": 0.01})
        load_model(saved).save(tmp_path / "copy")
        assert dict(load_model(tmp_path / "copy").calibration) == {"promise": 0.01}

    def test_without_a_model_nothing_is_written(self, tmp_path: Path) -> None:
        with pytest.raises(ModelError, match=r"Found no model\.json"):
            SavedModel.read(tmp_path).store_calibration(threshold=0.25, calibration={})
        assert list(tmp_path.iterdir()) == []


class TestCard:
    def test_a_saved_model_has_a_card_of_its_document(
        self, model: SiameseModel, saved: Path
    ) -> None:
        document = json.loads((saved / "model.json").read_text())
        card = json.loads((saved / "card.json").read_text())
        assert card == model_card(document).to_json()
        assert card["fingerprint"] == model.fingerprint
        assert card["training"]["parameters"] == model.encoder.count_params()
        assert (saved / "card.md").read_text() == card_markdown(model_card(document))

    def test_it_follows_the_threshold(self, saved: Path) -> None:
        calibration = {"threshold": 0.25, "purpose": {"people": 500, "photos_each": 1}}
        SavedModel.read(saved).store_calibration(threshold=0.25, calibration=calibration)
        card = json.loads((saved / "card.json").read_text())
        assert card["threshold"]["value"] == 0.25
        assert card["threshold"]["valid_for"]["people"] == 500
        assert "up to 500 people" in (saved / "card.md").read_text()

    def test_what_is_said_about_a_model_travels_with_it(self, saved: Path, tmp_path: Path) -> None:
        SavedModel.read(saved).store_about({"name": "the door"})
        twice = load_model(saved).save(tmp_path / "twice")
        assert json.loads((twice / "card.json").read_text())["name"] == "the door"
        assert load_model(twice).fingerprint == load_model(saved).fingerprint

    @pytest.mark.parametrize("text", [None, "", "{"])
    def test_no_card_and_a_damaged_one_are_no_hindrance(
        self, model: SiameseModel, saved: Path, text: str | None
    ) -> None:
        for name in ("card.json", "card.md"):
            (saved / name).unlink()
            if text is not None:
                (saved / name).write_text(text)
        assert load_model(saved).fingerprint == model.fingerprint
        SavedModel.read(saved).store_calibration(threshold=0.25, calibration={})
        assert json.loads((saved / "card.json").read_text())["threshold"]["value"] == 0.25

    def test_a_model_of_before_there_were_cards_loads(
        self, model: SiameseModel, saved: Path
    ) -> None:
        edit(saved, about=..., parameters=...)
        assert dict(load_model(saved).about) == {}

    def test_a_card_that_cannot_be_written_leaves_the_model_as_it_was(self, saved: Path) -> None:
        (saved / "card.md").unlink()
        (saved / "card.md").mkdir()
        before = (saved / "model.json").read_bytes()
        with pytest.raises(OutputError, match=r"cannot be written: .*Nothing there was changed"):
            SavedModel.read(saved).store_calibration(threshold=0.25, calibration={})
        assert (saved / "model.json").read_bytes() == before
        assert files(saved) == FILES

    @pytest.mark.parametrize("record", [{"data": "lost"}, {"recipe": 3, "held_out": [1]}, {}])
    def test_any_record_can_be_saved(self, tmp_path: Path, record: dict[str, Any]) -> None:
        folder = made(record=record).save(tmp_path / "model")
        assert json.loads((folder / "card.json").read_text())["data"]["people"] is None
