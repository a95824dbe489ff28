"""Training a tracker, at reduced size: what it learns, keeps, chooses and saves."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from likeness.datasets import drawn_faces
from likeness.errors import ModelError, OutputError, SettingError, TooFewError, TrainingFailedError
from likeness.model.folder import SavedModel
from likeness.model.opening import open_model
from likeness.tasks.tracking import Box, Tracker, TrackingModel
from likeness.tasks.tracking.evaluation import TrackEvaluation, _held_out_energies, choose
from likeness.tasks.tracking.model import TrainedTracker
from likeness.tasks.tracking.pairs import TrackingRecipe
from likeness.tasks.tracking.sequences import TrackingSequence, drawn_sequence
from likeness.tasks.tracking.training import train_tracker
from likeness.training import TrainingProgress

SMALL = TrackingRecipe(
    width=4,
    channels=8,
    search=79,
    steps=24,
    pairs=4,
    learning_rate=0.01,
    brightness_contrast=0.3,
    blur=0.0,
)


def film(seed: int = 0, *, frames: int = 24) -> TrackingSequence:
    return drawn_sequence(frames=frames, seed=seed)


@pytest.fixture(scope="module")
def trained() -> TrainedTracker:
    things = drawn_faces(identities=3, photos_each=2, size=(24, 24))
    return train_tracker(SMALL, [film()], things=things)


def test_the_loss_falls_and_a_drawn_target_is_followed(trained: TrainedTracker) -> None:
    losses = trained.record["history"]["loss"]
    assert np.mean(losses[-4:]) < 0.85 * np.mean(losses[:4])
    other = film(seed=7)
    tracker = Tracker(trained.model(), other.frames[0], Box(*other.boxes[0].tolist()))
    found = [tracker.step(frame).box.as_tuple() for frame in other.frames[1:]]
    assert TrackEvaluation.of(found, other.boxes[1:]).figures["mean_overlap"] > 0.4


def test_the_record_says_what_was_learned_and_what_was_tried(trained: TrainedTracker) -> None:
    record = json.loads(json.dumps(trained.record))
    assert record["recipe"] == SMALL.as_dict()
    assert record["data"]["drawn"]
    assert record["data"]["sequences"] == [{"name": "drawn sequence", "frames": 24, "learned": 18}]
    assert record["data"]["things"]["identities"] == 3
    assert record["choice"]["frames"] == 6
    tried = record["choice"]["tried"]
    assert len(tried) == 24
    used = tried[record["choice"]["chosen"]]
    assert used["window"] == trained.settings.window
    assert used["scale_penalty"] == trained.settings.scale_penalty
    assert not record["interrupted"]


def test_the_usual_settings_stay_unless_clearly_beaten(trained: TrainedTracker) -> None:
    tried = trained.record["choice"]["tried"]
    best = max(entry["mean_overlap"] for entry in tried)
    used = tried[trained.record["choice"]["chosen"]]["mean_overlap"]
    assert used == best or (used == tried[0]["mean_overlap"] and best < used + 0.02)


def test_a_saved_model_tracks_the_same_without_keras(
    trained: TrainedTracker, tmp_path: Path
) -> None:
    folder = trained.save(tmp_path / "model")
    assert sorted(path.name for path in folder.iterdir()) == [
        "card.json", "card.md", "encoder.keras", "encoder.onnx", "model.json",
    ]  # fmt: skip
    code = (
        "import sys, numpy as np\n"
        "from likeness.tasks.tracking import TrackingModel\n"
        "model = TrackingModel.open('model')\n"
        "rng = np.random.default_rng(0)\n"
        "template = model.template(rng.integers(0, 256, (63, 63, 3), dtype=np.uint8))\n"
        "search = rng.integers(0, 256, (2, 159, 159, 3), dtype=np.uint8)\n"
        "print(model.fingerprint, repr(float(model.energies(template, search, focus=0.5).sum())))\n"
        "assert 'keras' not in sys.modules\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    fingerprint, total = result.stdout.split()
    rng = np.random.default_rng(0)
    model = trained.model()
    template = model.template(rng.integers(0, 256, (63, 63, 3), dtype=np.uint8))
    energies = model.energies(
        template, rng.integers(0, 256, (2, 159, 159, 3), dtype=np.uint8), focus=0.5
    )
    assert fingerprint == trained.fingerprint
    assert float(total) == pytest.approx(float(energies.sum()), abs=1e-3)


def test_a_saved_model_has_a_card(trained: TrainedTracker, tmp_path: Path) -> None:
    folder = trained.save(tmp_path / "model")
    card = json.loads((folder / "card.json").read_text())
    assert card["fingerprint"] == trained.fingerprint
    assert card["training"]["recipe"] == SMALL.as_dict()
    assert card["training"]["tracker"] == trained.settings.as_dict()
    assert card["training"]["bytes"] == {"onnx": (folder / "encoder.onnx").stat().st_size}
    assert card["threshold"]["source"] == "frames held out of training"
    tried = trained.record["choice"]["tried"][trained.record["choice"]["chosen"]]
    assert f"Mean overlap (IoU) {tried['mean_overlap']:.3f} on 6 frames" in card["measured"]


def test_a_folder_without_onnx_runs_on_keras(trained: TrainedTracker, tmp_path: Path) -> None:
    folder = trained.save(tmp_path / "model")
    document = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps({**document, "parts": {}}))
    picture = np.random.default_rng(0).integers(0, 256, (63, 63, 3), dtype=np.uint8)
    expected = trained.model().template(picture)
    assert TrackingModel.open(folder).template(picture) == pytest.approx(expected, abs=1e-4)


def test_a_swapped_part_and_damaged_entries_are_refused(
    trained: TrainedTracker, tmp_path: Path
) -> None:
    folder = trained.save(tmp_path / "model")
    document = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps({**document, "tracker": {"speed": 1}}))
    with pytest.raises(ModelError, match="damaged model: tracker: there is no setting 'speed'"):
        TrackingModel.open(folder)
    changed = {**document["preparation"], "context": 0.1}
    (folder / "model.json").write_text(json.dumps({**document, "preparation": changed}))
    with pytest.raises(ModelError, match="do not belong together"):
        TrackingModel.open(folder)
    (folder / "model.json").write_text(json.dumps(document))
    (folder / "encoder.onnx").write_bytes(b"something else")
    with pytest.raises(ModelError, match="swapped or damaged"):
        TrackingModel.open(folder)


def test_models_of_faces_and_of_tracking_are_not_mixed_up(
    trained: TrainedTracker, tmp_path: Path
) -> None:
    folder = trained.save(tmp_path / "model")
    with pytest.raises(ModelError, match=r"expected the format 'likeness.model/1'"):
        open_model(folder)
    document = SavedModel.read(folder, formats=("likeness.tracking/1",)).to_json()
    (folder / "model.json").write_text(json.dumps({**document, "format": "likeness.model/1"}))
    with pytest.raises(ModelError, match=r"expected the format 'likeness.tracking/1'"):
        TrackingModel.open(folder)


def test_a_model_is_not_replaced_unless_asked(trained: TrainedTracker, tmp_path: Path) -> None:
    folder = trained.save(tmp_path / "model")
    with pytest.raises(OutputError, match="--overwrite"):
        trained.save(folder)
    assert trained.save(folder, overwrite=True) == folder


def test_a_seed_repeats_the_training_which_tells_where_it_is() -> None:
    recipe = replace(SMALL, steps=3, held_out=0.0)
    told: list[TrainingProgress] = []
    one = train_tracker(recipe, [film()], on_progress=told.append)
    assert train_tracker(recipe, [film()]).fingerprint == one.fingerprint
    assert train_tracker(replace(recipe, seed=1), [film()]).fingerprint != one.fingerprint
    # Nothing was held out.
    assert one.threshold is None
    assert one.record["choice"]["tried"] == []
    stages = [(progress.stage, progress.step) for progress in told]
    assert stages == [("final", 1), ("final", 2), ("final", 3), ("choosing", 3)]
    assert all(np.isfinite(progress.loss) for progress in told)


@pytest.mark.parametrize(("at", "kept"), [(8, True), (1, False)])
def test_ctrl_c_keeps_what_was_learned_after_the_warming_up(at: int, kept: bool) -> None:
    def stop(progress: TrainingProgress) -> None:
        if progress.step == at and progress.stage == "final":
            raise KeyboardInterrupt

    recipe = replace(SMALL, steps=30, held_out=0.0)
    if not kept:
        with pytest.raises(KeyboardInterrupt):
            train_tracker(recipe, [film()], on_progress=stop)
        return
    assert train_tracker(recipe, [film()], on_progress=stop).record["interrupted"]


def test_a_loss_that_is_no_number_ends_the_training(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = replace(SMALL, steps=6, learning_rate=1.0)
    sick = film()
    monkeypatch.setattr(
        "likeness.tasks.tracking.training.prepared",
        lambda pictures: np.full(pictures.shape, np.nan, np.float32),
    )
    with pytest.raises(TrainingFailedError, match=r"the loss became nan in step 1\. Lower"):
        train_tracker(broken, [sick])


def test_too_little_to_learn_from() -> None:
    with pytest.raises(TooFewError, match="one sequence at least"):
        train_tracker(SMALL, [])
    with pytest.raises(TooFewError, match=r"8 frames at least\. Received: 7"):
        train_tracker(SMALL, [film(frames=7)])


def test_the_threshold_parts_targets_from_other_places(trained: TrainedTracker) -> None:
    held = film().part(0, 6)
    choice = choose(trained.model(), [held])
    genuine, impostor = _held_out_energies(trained.model(), [held], focus=choice.settings.focus)
    threshold, evidence = choice.threshold, choice.to_json()
    assert threshold is not None
    assert genuine.mean() < threshold
    assert evidence["genuine_pairs"] == len(genuine) == 2 * 5
    assert evidence["genuine_rejected"] == pytest.approx((genuine > threshold).mean(), abs=1e-4)
    assert evidence["impostor_accepted"] == pytest.approx((impostor <= threshold).mean(), abs=1e-4)
    assert choice.settings.scales == 3


@pytest.mark.parametrize(
    "bad",
    [
        {"width": 0}, {"steps": 0}, {"pairs": 1}, {"learning_rate": 0}, {"held_out": 0.9},
        {"search": 128}, {"film": -1}, {"brightness_contrast": 5}, {"seed": -1}, {"steps": 1.5},
    ],
)  # fmt: skip
def test_settings_out_of_range(bad: dict[str, Any]) -> None:
    with pytest.raises(SettingError, match=next(iter(bad))):
        TrackingRecipe(**bad)


def test_a_recipe_goes_into_a_mapping_and_back() -> None:
    assert TrackingRecipe.from_dict(SMALL.as_dict()) == SMALL
    with pytest.raises(SettingError, match="no setting 'epochs'"):
        TrackingRecipe.from_dict({"epochs": 3})
