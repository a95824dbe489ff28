"""Tracking sequences: VOT's and OTB's layouts, turned boxes, and what is refused."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from likeness.errors import DataError, DataNotFoundError, DigestError, ImageError, SettingError
from likeness.tasks.tracking.sequences import (
    PUBLISHED,
    TrackingSequence,
    drawn_sequence,
    upright,
)

FILM = drawn_sequence(frames=11, size=(64, 80), seed=4)


def written(folder: Path, *, inner: str = "img", truth: str = "groundtruth.txt") -> Path:
    (folder / inner).mkdir(parents=True)
    for number, frame in enumerate(FILM.frames, start=1):
        Image.fromarray(frame).save(folder / inner / f"{number}.png")
    lines = [",".join(f"{number:.4f}" for number in box) for box in FILM.boxes]
    (folder / truth).write_text("\n".join(lines) + "\n")
    return folder


def zipped(folder: Path, *, above: str = "") -> Path:
    file = folder.with_suffix(".zip")
    with zipfile.ZipFile(file, "w") as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, above + path.relative_to(folder).as_posix())
    return file


@pytest.mark.parametrize("inner", ["img", "imgs", "color", "."])
def test_a_folder_is_read(tmp_path: Path, inner: str) -> None:
    found = TrackingSequence.read(written(tmp_path / "film", inner=inner))
    assert np.array_equal(found.frames, FILM.frames)
    assert found.boxes == pytest.approx(FILM.boxes, abs=1e-4)
    assert found.name == "film"
    assert TrackingSequence.find(str(tmp_path / "film")) is not None


@pytest.mark.parametrize("above", ["", "DragonBaby/"])
def test_a_zip_is_read_without_being_unpacked(tmp_path: Path, above: str) -> None:
    file = zipped(written(tmp_path / "film"), above=above)
    found = TrackingSequence.read(file)
    assert np.array_equal(found.frames, FILM.frames)
    assert TrackingSequence.find(str(file)) is not None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["film", "film.zip"]


def test_a_folder_in_a_folder_is_read(tmp_path: Path) -> None:
    written(tmp_path / "outer" / "film")
    assert len(TrackingSequence.read(tmp_path / "outer")) == 11


def test_rectangles_of_otb_are_counted_from_one(tmp_path: Path) -> None:
    found = TrackingSequence.read(written(tmp_path / "film", truth="groundtruth_rect.txt"))
    assert found.boxes[:, :2] == pytest.approx(FILM.boxes[:, :2] - 1, abs=1e-4)
    assert found.boxes[:, 2:] == pytest.approx(FILM.boxes[:, 2:], abs=1e-4)


@pytest.mark.parametrize("between", [",", "\t", " ", ", "])
def test_numbers_between_commas_blanks_or_tabs(tmp_path: Path, between: str) -> None:
    folder = written(tmp_path / "film")
    line = between.join(["1", "2.5", "3", "4"])
    (folder / "groundtruth.txt").write_text(f"{line}\n\n" * len(FILM))
    assert TrackingSequence.read(folder).boxes.tolist() == [[1, 2.5, 3, 4]] * len(FILM)


@given(
    st.floats(-100, 100), st.floats(-100, 100), st.floats(1, 200), st.floats(1, 200),
    st.floats(0, 6.3),
)  # fmt: skip
def test_a_turned_box_keeps_its_middle_and_its_area(
    x: float, y: float, width: float, height: float, turn: float
) -> None:
    half = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * [width / 2, height / 2]
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    corners = half @ rotation.T + [x, y]
    found = upright(corners)
    assert found[:2] + found[2:] / 2 == pytest.approx([x, y], abs=1e-6)
    assert found[2] * found[3] == pytest.approx(width * height, rel=1e-6)
    bounds = corners.max(axis=0) - corners.min(axis=0)
    assert found[2] / found[3] == pytest.approx(bounds[0] / bounds[1], rel=1e-6)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1,2,3\n", r"line 1: expected x,y,width,height or the 4 corners"),
        ("1,2,3,4\nNaN,NaN,NaN,NaN\n", r"line 2: expected x,y,width,height"),
        ("a,b,c,d\n", r"line 1"),
        ("1,2,0,4\n", r"a width and a height above 0"),
        ("", r"at least one box\. Received: none"),
        ("1,1,1,1,1,1,1,1\n", r"a width and a height above 0"),
    ],
)
def test_other_lines_are_refused_by_their_number(tmp_path: Path, text: str, said: str) -> None:
    folder = written(tmp_path / "film")
    (folder / "groundtruth.txt").write_text(text)
    with pytest.raises(DataError, match=said):
        TrackingSequence.read(folder)


def test_what_is_no_sequence_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataNotFoundError, match="no such file or folder"):
        TrackingSequence.read(tmp_path / "nothing")
    (tmp_path / "empty").mkdir()
    assert TrackingSequence.find(str(tmp_path / "empty")) is None
    with pytest.raises(DataNotFoundError, match=r"groundtruth\.txt or groundtruth_rect\.txt"):
        TrackingSequence.read(tmp_path / "empty")
    (tmp_path / "a.zip").write_bytes(b"PK nothing")
    with pytest.raises(DataNotFoundError, match="not a zip that can be read"):
        TrackingSequence.read(tmp_path / "a.zip")


def test_a_broken_frame_is_named(tmp_path: Path) -> None:
    folder = written(tmp_path / "film")
    (folder / "img" / "3.png").write_bytes(b"broken")
    with pytest.raises(ImageError, match=r"3\.png"):
        TrackingSequence.read(folder)


def test_frames_of_two_sizes_are_refused(tmp_path: Path) -> None:
    folder = written(tmp_path / "film")
    Image.fromarray(FILM.frames[0, :32]).save(folder / "img" / "3.png")
    with pytest.raises(DataError, match=r"one size, 80×64\. Received: img/3\.png of 80×32"):
        TrackingSequence.read(folder)


def test_frames_without_a_box_are_refused(tmp_path: Path) -> None:
    folder = written(tmp_path / "film")
    (folder / "groundtruth.txt").write_text("1,2,3,4\n")
    with pytest.raises(DataError, match=r"one box for each of 11 frames\. Received: 1"):
        TrackingSequence.read(folder)
    (folder / "groundtruth.txt").write_text("1,2,3,4\n" * 12)
    with pytest.raises(DataError, match=r"11 frames and 12 boxes"):
        TrackingSequence.read(folder)


def test_a_known_name_does_not_take_another_sequence(tmp_path: Path) -> None:
    folder = written(tmp_path / "film")
    with pytest.raises(DigestError, match=r"expected the sequence 'bag', 196 frames of 480×360"):
        TrackingSequence.published("bag", folder)


def test_a_sequence_that_is_nowhere_says_where_to_get_it(without_data: Path) -> None:
    with pytest.raises(
        DataNotFoundError, match=r"votchallenge.*tracking_vot15_bag\.zip.*LIKENESS_DATA"
    ):
        TrackingSequence.published("bag")
    with pytest.raises(DataNotFoundError, match=r"'DragonBaby'.*tracking_otb_DragonBaby\.zip"):
        TrackingSequence.published("DragonBaby")


def test_shapes_must_fit() -> None:
    with pytest.raises(DataError, match=r"\(n, rows, columns, 3\)"):
        TrackingSequence(frames=FILM.frames[..., :1], boxes=FILM.boxes, name="x")
    with pytest.raises(DataError, match="11 rows of x, y, width and height"):
        TrackingSequence(frames=FILM.frames, boxes=FILM.boxes[:3], name="x")


def test_a_part_has_its_own_frames_and_boxes() -> None:
    part = FILM.part(3, 7)
    assert len(part) == 4
    assert np.array_equal(part.frames, FILM.frames[3:7])
    assert np.array_equal(part.boxes, FILM.boxes[3:7])


class TestDrawn:
    def test_a_seed_gives_the_same_film_and_another_gives_another(self) -> None:
        again = drawn_sequence(frames=11, size=(64, 80), seed=4)
        assert np.array_equal(again.frames, FILM.frames)
        assert not np.array_equal(drawn_sequence(frames=11, size=(64, 80)).frames, FILM.frames)
        assert FILM.drawn

    def test_the_target_is_where_the_boxes_say(self) -> None:
        film = drawn_sequence(frames=30, seed=2)
        x, y = (film.boxes[:, :2] + film.boxes[:, 2:] / 2).T.round().astype(int)
        middles = np.array(
            [frame[b - 3 : b + 4, a - 3 : a + 4].mean(axis=(0, 1)) for frame, a, b in
             zip(film.frames, x, y, strict=True)]
        )  # fmt: skip
        # The middle of the target keeps its colour, wherever it goes.
        assert np.abs(middles - middles[0]).max() < 40
        assert np.ptp(x) > 20

    @pytest.mark.parametrize(
        "bad", [{"frames": 1}, {"size": (10, 100)}, {"speed": -1.0}, {"seed": -1}]
    )
    def test_arguments_out_of_range(self, bad: dict[str, int]) -> None:
        with pytest.raises(SettingError, match=next(iter(bad))):
            drawn_sequence(**bad)  # type: ignore[arg-type]


@pytest.mark.real
class TestReal:
    @pytest.fixture(autouse=True)
    def there(self, real_data: str) -> None:
        """Skip where only the faces are at hand."""
        if not all((Path(real_data) / known.file_name).is_file() for known in PUBLISHED.values()):
            pytest.skip("needs both tracking sequences in LIKENESS_DATA")

    def test_the_bag(self) -> None:
        found = TrackingSequence.published("bag")
        assert found.frames.shape == (196, 360, 480, 3)
        # The first line is a turned box: its middle stays, its area is that of the turned one.
        corners = np.array(
            [[291.827, 203.603], [396.382, 264.289], [442.173, 185.397], [337.618, 124.711]]
        )
        x, y, width, height = found.boxes[0]
        assert (x + width / 2, y + height / 2) == pytest.approx(corners.mean(axis=0))
        assert width * height == pytest.approx(
            np.linalg.norm(corners[1] - corners[0]) * np.linalg.norm(corners[2] - corners[1])
        )

    def test_the_dragon_baby(self) -> None:
        found = TrackingSequence.published("DragonBaby")
        assert found.frames.shape == (113, 360, 640, 3)
        assert found.boxes[0].tolist() == [159, 82, 56, 65]
