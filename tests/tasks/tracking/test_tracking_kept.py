"""`likeness track` keeps what was done before a bad frame or Ctrl-C; boxes mark something."""

import csv
import json
import lzma
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from likeness.cli.app import app
from likeness.errors import ImageError, LikenessError, SettingError
from likeness.tasks.tracking import Box, Film, Tracker, TrackingModel, drawn_sequence
from likeness.tasks.tracking.sequences import TrackingSequence

STORED = Path(__file__).parents[2] / "model" / "old_models" / "tracker"
FILM = drawn_sequence(frames=8, size=(96, 128), seed=6)
BOX = ",".join(f"{number:.1f}" for number in FILM.boxes[0])


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stored model, unpacked."""
    folder = tmp_path_factory.mktemp("tracker")
    for file in STORED.iterdir():
        data = file.read_bytes()
        packed = file.suffix == ".xz"
        (folder / (file.stem if packed else file.name)).write_bytes(
            lzma.decompress(data) if packed else data
        )
    return folder


@pytest.fixture
def frames(tmp_path: Path) -> Path:
    folder = tmp_path / "frames"
    folder.mkdir()
    for number, frame in enumerate(FILM.frames, start=1):
        Image.fromarray(frame).save(folder / f"{number}.png")
    return folder


def track(model: Path, frames: Path, *more: str) -> Any:
    words = ["track", str(frames), "--box", BOX, "--model", str(model)]
    places = {"--out": "boxes.csv", "--json": "track.json", "--video": "track.gif"}
    files = [str(word) for name, file in places.items() for word in (name, frames.parent / file)]
    return CliRunner().invoke(app, [*words, *files, *more])


def broken(frames: Path) -> None:
    (frames / "5.png").write_bytes(b"no picture")


def cut(frames: Path) -> None:
    (frames / "5.png").write_bytes((frames / "5.png").read_bytes()[:200])


def smaller(frames: Path) -> None:
    Image.fromarray(FILM.frames[4, :40]).save(frames / "5.png")


@pytest.mark.parametrize("spoil", [broken, cut, smaller])
def test_a_bad_frame_keeps_what_was_done(model: Path, frames: Path, spoil: Any) -> None:
    spoil(frames)
    result = track(model, frames)
    assert isinstance(result.exception, ImageError)
    assert "Stopped after frame 4; what was done is kept." in result.output
    rows = list(csv.DictReader((frames.parent / "boxes.csv").open()))
    assert [row["frame"] for row in rows] == ["1", "2", "3", "4"]
    document = json.loads((frames.parent / "track.json").read_text())
    assert len(document["steps"]) == 3 and document["stopped"] == str(result.exception)
    with Image.open(frames.parent / "track.gif") as film:
        assert getattr(film, "n_frames", 1) == 4


def test_ctrl_c_keeps_what_was_done(
    model: Path, frames: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step, done = Tracker.step, []

    def stopped(self: Tracker, frame: Any) -> Any:
        # The boxes so far are in the file before the next is looked for.
        written = (frames.parent / "boxes.csv").read_text().splitlines()
        assert len(written) == 2 + len(done)
        if len(done) == 4:
            raise KeyboardInterrupt
        done.append(frame)
        return step(self, frame)

    monkeypatch.setattr(Tracker, "step", stopped)
    result = track(model, frames)
    assert result.exit_code == 130, result.output
    assert len((frames.parent / "boxes.csv").read_text().splitlines()) == 6
    assert json.loads((frames.parent / "track.json").read_text())["stopped"] == "Ctrl-C"


def test_a_whole_film_is_not_said_to_have_stopped(model: Path, frames: Path) -> None:
    result = track(model, frames)
    assert result.exit_code == 0 and "Stopped" not in result.output
    assert json.loads((frames.parent / "track.json").read_text())["stopped"] is None


@pytest.mark.parametrize(
    ("box", "said"),
    [
        ("10,10,0.4,20", r"a pixel or more .* of 128×96 pixels.* a box of 0\.4×20 pixels"),
        ("10,10,20,0.01", r"a box of 20×0\.01 pixels"),
        ("-4.8,10,5,5", r"a pixel or more each way inside the first frame"),
        ("0.38,0.07,0.2,0.28", r"looks like shares of it: write 49,7,26,27\.$"),
        ("0,0,1,1", r"looks like shares of it: write 0,0,128,96\.$"),
        ("0,0,400000,10", r"at most 2 times .* of 128×96 pixels\. Received: 400000×10 pixels"),
        ("-9000,-9000,20000,20000", r"Received: 20000×20000 pixels"),
        ("10,10,1e200,10", r"Received: 1e\+200×10 pixels"),
        ("1e200,10,20,20", r"a pixel or more each way inside"),
        ("-1e200,-1e200,1e200,1e200", r"at most 2 times"),
        ("900,900,5,5", r"inside the first frame of 128×96"),
    ],
)
def test_boxes_that_mark_nothing_are_refused(
    model: Path, frames: Path, box: str, said: str
) -> None:
    with pytest.raises(SettingError, match=said):
        Tracker(TrackingModel.open(model), FILM.frames[0], Box.from_text(box))
    result = track(model, frames, "--box", box)
    assert isinstance(result.exception, LikenessError)
    assert not (frames.parent / "boxes.csv").exists()


def test_a_target_partly_outside_and_one_as_large_as_the_frame_are_followed(model: Path) -> None:
    opened = TrackingModel.open(model)
    for box in ("-10,-10,30,30", "0,0,128,96", "-20,-20,160,140"):
        assert np.isfinite(
            Tracker(opened, FILM.frames[0], Box.from_text(box)).step(FILM.frames[1]).energy
        )


@pytest.mark.parametrize("name", [".0.png", "._1.png", ".thumb.jpg"])
def test_hidden_files_are_no_frames(frames: Path, name: str) -> None:
    (frames / name).write_bytes(b"what a file manager leaves")
    assert Film.open(frames).count == 8
    (frames / "groundtruth.txt").write_text("".join(f"{BOX}\n" for _ in range(8)))
    assert len(TrackingSequence.read(frames)) == 8


def test_a_hidden_folder_is_no_sequence(frames: Path) -> None:
    (frames / ".trash").mkdir()
    (frames / ".trash" / "groundtruth.txt").write_text("1,2,3,4\n")
    assert TrackingSequence.find(str(frames)) is None
