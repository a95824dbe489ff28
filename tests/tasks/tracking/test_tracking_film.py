"""Films: read from folders, GIFs and videos, and written with their boxes."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from likeness.errors import DataError, DataNotFoundError, ImageError, SettingError
from likeness.tasks.tracking import Box, Film, Step, read_track, track_csv
from likeness.tasks.tracking.film import LOST_COLOUR, TRACKED_COLOUR, FilmWriter
from likeness.tasks.tracking.sequences import drawn_sequence

FRAMES = drawn_sequence(frames=12, size=(64, 80), seed=2).frames


def written(folder: Path, *, kind: str = "png") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number, frame in enumerate(FRAMES, start=1):
        Image.fromarray(frame).save(folder / f"{number}.{kind}")
    return folder


def test_a_folder_is_read_in_the_order_in_which_people_count(tmp_path: Path) -> None:
    film = Film.open(written(tmp_path / "film"))
    assert film.count == 12
    # «10.png» comes after «9.png».
    assert np.array_equal(np.stack(list(film.frames)), FRAMES)


@pytest.mark.parametrize("inner", ["img", "imgs", "color"])
def test_the_layouts_of_the_benchmarks_are_known(tmp_path: Path, inner: str) -> None:
    written(tmp_path / "film" / inner)
    (tmp_path / "film" / "groundtruth.txt").write_text("1,2,3,4\n")
    assert Film.open(tmp_path / "film").count == 12


def test_grey_frames_become_coloured_ones(tmp_path: Path) -> None:
    Image.fromarray(FRAMES[0, ..., 0]).save(tmp_path / "1.png")
    (frame,) = Film.open(tmp_path).frames
    assert frame.shape == (64, 80, 3)


def test_a_gif_is_read_with_its_speed(tmp_path: Path) -> None:
    pictures = [Image.fromarray(frame) for frame in FRAMES]
    pictures[0].save(tmp_path / "a.gif", save_all=True, append_images=pictures[1:], duration=100)
    film = Film.open(tmp_path / "a.gif")
    frames = np.stack(list(film.frames))
    assert film.rate == pytest.approx(10)
    assert frames.shape == FRAMES.shape
    assert np.abs(frames.astype(float) - FRAMES).mean() < 12


def test_a_video_is_read_and_written_by_opencv(tmp_path: Path) -> None:
    pytest.importorskip("cv2")
    writer = FilmWriter.of(".mp4", rate=20.0)
    for frame in FRAMES:
        writer.add(frame, Box(70, 50, 5, 5), words="", lost=False)
    (tmp_path / "a.mp4").write_bytes(writer.content())
    film = Film.open(tmp_path / "a.mp4")
    frames = np.stack(list(film.frames))
    assert film.rate == pytest.approx(20)
    assert frames.shape == FRAMES.shape
    # The middle of the picture, away from what was drawn into it.
    difference = np.abs(frames.astype(float) - FRAMES)[:, 24:48, 10:60]
    assert difference.mean() < 15


def test_what_is_no_film_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataNotFoundError, match="no such file or folder"):
        Film.open(tmp_path / "nothing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataNotFoundError, match="a folder without any"):
        Film.open(tmp_path / "empty")
    Image.fromarray(FRAMES[0]).save(tmp_path / "one.png")
    pytest.importorskip("cv2")
    with pytest.raises(ImageError, match="one picture; give its folder"):
        Film.open(tmp_path / "one.png")
    (tmp_path / "text.mp4").write_text("not a video")
    with pytest.raises(ImageError, match="OpenCV cannot open it"):
        Film.open(tmp_path / "text.mp4")


def test_a_broken_gif_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.gif").write_bytes(b"GIF89a" + bytes(3))
    with pytest.raises(ImageError, match="an animated GIF, whole"):
        list(Film.open(tmp_path / "a.gif").frames)


def test_frames_of_two_sizes_are_refused(tmp_path: Path) -> None:
    written(tmp_path)
    Image.fromarray(FRAMES[0, :32]).save(tmp_path / "20.png")
    with pytest.raises(ImageError, match=r"one size, 80×64\. Received: frame 13 of 80×32"):
        list(Film.open(tmp_path).frames)


def test_a_broken_frame_is_named(tmp_path: Path) -> None:
    written(tmp_path)
    (tmp_path / "3.png").write_bytes(b"nothing")
    with pytest.raises(ImageError, match=r"3\.png"):
        list(Film.open(tmp_path).frames)


class Pictures(FilmWriter):
    """A film that keeps its pictures."""

    def __init__(self) -> None:
        self.pictures: list[np.ndarray] = []

    def append(self, picture: Image.Image) -> None:
        self.pictures.append(np.asarray(picture))

    def content(self) -> bytes:
        return b""


def test_a_box_is_green_and_a_lost_one_is_red_and_broken() -> None:
    writer = Pictures()
    for is_lost in (False, True):
        writer.add(FRAMES[0], Box(20, 20, 30, 30), words="", lost=is_lost)
    found, lost = writer.pictures
    assert (found[20, 20:50] == TRACKED_COLOUR).all()
    red = (lost[20, 20:50] == LOST_COLOUR).all(axis=-1)
    assert 0.3 < red.mean() < 0.9
    # Nothing inside the box is painted over.
    assert np.array_equal(found[26:44, 26:44], FRAMES[0, 26:44, 26:44])


def test_a_gif_of_a_large_film_is_shrunk() -> None:
    writer = FilmWriter.of(".gif", rate=10.0)
    large = np.zeros((400, 800, 3), np.uint8)
    for number in range(3):
        large[:] = 80 * number  # frames that are the same would become one of three times as long
        writer.add(large, Box(10, 10, 50, 50), words="frame", lost=False)
    picture = Image.open(io.BytesIO(writer.content()))
    assert picture.size == (360, 180)
    assert picture.info["duration"] == 100


def test_other_kinds_of_film_are_refused() -> None:
    with pytest.raises(SettingError, match=r"\.gif or \.mp4\. Received: \.avi"):
        FilmWriter.of(".avi", rate=10.0)


def test_a_track_is_read_as_it_was_written(tmp_path: Path) -> None:
    steps = [
        Step(box=Box(1.234, 2, 3, 4), energy=-0.5),
        Step(box=Box(5, 6, 7, 8), energy=0.1, lost=True, reason="it left, and so on."),
    ]
    text = "".join(track_csv(Box(0, 1, 2, 3), steps))
    (tmp_path / "boxes.csv").write_text(text)
    assert text.splitlines() == [
        "frame,x,y,width,height,energy,lost,reason",
        "1,0.00,1.00,2.00,3.00,,0,",
        "2,1.23,2.00,3.00,4.00,-0.5000,0,",
        '3,5.00,6.00,7.00,8.00,0.1000,1,"it left, and so on."',
    ]
    found = read_track(tmp_path / "boxes.csv")
    assert found.tolist() == [[0, 1, 2, 3], [1.23, 2, 3, 4], [5, 6, 7, 8]]


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "frame,x,y,width,height\n1,nan,2,3,4\n"])
def test_other_files_are_no_tracks(tmp_path: Path, text: str) -> None:
    (tmp_path / "boxes.csv").write_text(text)
    with pytest.raises(DataError, match=r"boxes\.csv: expected"):
        read_track(tmp_path / "boxes.csv")
