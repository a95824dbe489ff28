"""The tracker on a drawn film, with a model that needs no training."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from likeness.errors import DataError, SettingError
from likeness.tasks.tracking import Box, Step, Tracker, TrackerSettings, TrackingModel
from likeness.tasks.tracking.evaluation import TrackEvaluation
from likeness.tasks.tracking.sequences import TrackingSequence, drawn_sequence


def followed(
    model: TrackingModel, film: TrackingSequence, *, settings: TrackerSettings | None = None
) -> list[Step]:
    tracker = Tracker(model, film.frames[0], Box(*film.boxes[0].tolist()), settings=settings)
    return [tracker.step(frame) for frame in film.frames[1:]]


def boxes(steps: list[Step]) -> list[tuple[float, ...]]:
    return [step.box.as_tuple() for step in steps]


def test_it_follows_a_drawn_target(model: TrackingModel, film: TrackingSequence) -> None:
    steps = followed(model, film)
    found = TrackEvaluation.of(boxes(steps), film.boxes[1:])
    assert found.figures["mean_overlap"] > 0.7
    assert found.lost == {"first_below": None, "for_good": None}
    assert not any(step.lost for step in steps)
    assert all(-1 <= step.energy <= 1 and step.score == -step.energy for step in steps)


def test_a_target_at_rest_stays_where_it_is(model: TrackingModel, film: TrackingSequence) -> None:
    still = replace(film, frames=np.repeat(film.frames[:1], 10, axis=0), boxes=film.boxes[:10])
    x, y, width, height = film.boxes[0]
    for step in followed(model, still):
        assert step.energy == pytest.approx(-1, abs=0.02)
        assert step.box.centre == pytest.approx((x + width / 2, y + height / 2), abs=1.0)
        assert step.box.width == pytest.approx(width, rel=0.02)


def test_a_box_grows_with_its_target(model: TrackingModel) -> None:
    rows, columns = 160, 200
    still = drawn_sequence(frames=2, size=(rows, columns), seed=3)
    first = Image.fromarray(still.frames[0])
    x, y, width, height = still.boxes[0]
    middle = (x + width / 2, y + height / 2)
    frames = []
    for number in range(12):
        zoom = 1.02**number
        matrix = (1 / zoom, 0, middle[0] * (1 - 1 / zoom), 0, 1 / zoom, middle[1] * (1 - 1 / zoom))
        moved = first.transform(
            first.size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR
        )
        frames.append(np.asarray(moved))
    tracker = Tracker(model, frames[0], Box(x, y, width, height))
    last = [tracker.step(frame) for frame in frames[1:]][-1]
    assert last.box.width == pytest.approx(width * 1.02**11, rel=0.08)
    assert last.box.width / last.box.height == pytest.approx(width / height)


def test_one_size_never_changes_the_box(model: TrackingModel, film: TrackingSequence) -> None:
    steps = followed(model, film, settings=TrackerSettings(scales=1))
    assert {round(step.box.width, 6) for step in steps} == {round(float(film.boxes[0, 2]), 6)}


def test_a_target_that_is_gone_is_called_lost_with_a_reason(
    model: TrackingModel, film: TrackingSequence
) -> None:
    tracker = Tracker(replace(model, threshold=-0.9), film.frames[0], Box(*film.boxes[0].tolist()))
    assert not tracker.step(film.frames[1]).lost
    gone = np.full_like(film.frames[1], 200)
    step = tracker.step(gone)
    assert step.lost
    assert step.reason.startswith(f"the energy {step.energy:.3f} of the best position is above")
    assert "-0.900" in step.reason


def test_without_a_threshold_nothing_is_lost(model: TrackingModel, film: TrackingSequence) -> None:
    tracker = Tracker(replace(model, threshold=None), film.frames[0], Box(*film.boxes[0].tolist()))
    assert not tracker.step(np.full_like(film.frames[1], 200)).lost


def test_a_lost_target_does_not_change_the_template(
    model: TrackingModel, film: TrackingSequence
) -> None:
    settings = TrackerSettings(template_rate=0.5)
    first = Box(*film.boxes[0].tolist())
    strict = replace(model, threshold=-1.1)  # everything is lost
    one = Tracker(strict, film.frames[0], first, settings=settings)
    other = Tracker(strict, film.frames[0], first, settings=TrackerSettings())
    for frame in film.frames[1:6]:
        assert one.step(frame).energy == pytest.approx(other.step(frame).energy)


def test_a_template_that_is_renewed_gives_other_energies(
    model: TrackingModel, film: TrackingSequence
) -> None:
    kept = followed(model, film, settings=TrackerSettings(template_rate=0.0))
    renewed = followed(model, film, settings=TrackerSettings(template_rate=0.3))
    assert kept[0].energy == renewed[0].energy
    assert renewed[-1].energy < kept[-1].energy


def test_the_middle_of_a_box_stays_inside_the_frame(model: TrackingModel) -> None:
    film = drawn_sequence(frames=8, seed=5)
    tracker = Tracker(model, film.frames[0], Box(-30, -30, 40, 40))
    for frame in film.frames[1:]:
        x, y = tracker.step(frame).box.centre
        assert 0 <= x <= film.frames.shape[2]
        assert 0 <= y <= film.frames.shape[1]


def test_the_same_film_gives_the_same_track(model: TrackingModel, film: TrackingSequence) -> None:
    assert boxes(followed(model, film)) == boxes(followed(model, film))


def test_the_models_settings_are_the_usual_ones(
    model: TrackingModel, film: TrackingSequence
) -> None:
    own = replace(model, settings=TrackerSettings(scales=1))
    first = Box(*film.boxes[0].tolist())
    assert Tracker(own, film.frames[0], first).settings == TrackerSettings(scales=1)
    given = Tracker(own, film.frames[0], first, settings=TrackerSettings())
    assert given.settings == TrackerSettings()


def test_a_box_outside_the_first_frame_is_refused(
    model: TrackingModel, film: TrackingSequence
) -> None:
    with pytest.raises(SettingError, match="inside the first frame of 192×144"):
        Tracker(model, film.frames[0], Box(500, 10, 20, 20))


def test_a_frame_of_another_size_is_refused(model: TrackingModel, film: TrackingSequence) -> None:
    tracker = Tracker(model, film.frames[0], Box(*film.boxes[0].tolist()))
    with pytest.raises(DataError, match=r"192×144\. Received: 100×50"):
        tracker.step(np.zeros((50, 100, 3), np.uint8))


@pytest.mark.parametrize(
    "bad",
    [
        {"scales": 2},
        {"scales": 0},
        {"scale_step": 1.0},
        {"scale_penalty": -1.0},
        {"scale_damping": 2.0},
        {"window": 1.5},
        {"template_rate": 0.9},
    ],
)
def test_settings_out_of_range(bad: dict[str, float]) -> None:
    with pytest.raises(SettingError, match=next(iter(bad))):
        TrackerSettings.from_dict(bad)


def test_settings_go_into_a_mapping_and_back() -> None:
    settings = TrackerSettings(window=0.3, template_rate=0.01)
    assert TrackerSettings.from_dict(settings.as_dict()) == settings
    with pytest.raises(SettingError, match="no setting 'speed'"):
        TrackerSettings.from_dict({"speed": 1})
