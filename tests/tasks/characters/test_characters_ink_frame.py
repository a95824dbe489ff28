"""The frame around the ink: in the middle, of one size, whatever the paper."""

import numpy as np
import pytest
from PIL import Image

from likeness.errors import SettingError
from likeness.images.preparation import Preparation, preparation_from_data
from likeness.tasks.characters.drawings import LARGEST, REACH, drawn_characters, ink_frame

CHARACTER = drawn_characters(alphabets=1, characters_each=1, drawers=1).items[0, ..., 0]


def ink_of(image: Image.Image) -> np.ndarray:
    grey = np.asarray(image, np.float64)
    return grey.max() - grey


def middle_of(ink: np.ndarray) -> np.ndarray:
    places = np.indices(ink.shape) + 0.5
    return np.array([(ink * along).sum() / ink.sum() for along in places])


def spread_of(ink: np.ndarray) -> float:
    down, across = (
        along - middle
        for along, middle in zip(np.indices(ink.shape) + 0.5, middle_of(ink), strict=True)
    )
    return float(np.sqrt((ink * (down**2 + across**2)).sum() / ink.sum()))


@pytest.mark.parametrize("corner", [(0, 0), (0, 95), (60, 30), (95, 95)])
@pytest.mark.parametrize("size", [105, 70])
def test_the_ink_comes_to_the_middle_and_to_one_size(corner: tuple[int, int], size: int) -> None:
    paper = Image.new("L", (200, 200), 255)
    drawing = Image.fromarray(CHARACTER).resize((size, size), Image.Resampling.BOX)
    paper.paste(drawing, corner)
    ink = ink_of(ink_frame(paper, rows=64, columns=64))
    np.testing.assert_allclose(middle_of(ink), [32, 32], atol=0.5)
    assert spread_of(ink) == pytest.approx(32 / REACH, rel=0.05)


def test_moved_on_the_paper_it_looks_the_same() -> None:
    near = np.full((150, 150), 255, np.uint8)
    far = near.copy()
    near[:105, :105], far[45:, 40:145] = CHARACTER, CHARACTER
    frames = [ink_frame(Image.fromarray(paper), rows=32, columns=32) for paper in (near, far)]
    np.testing.assert_array_equal(*map(np.asarray, frames))


def test_the_new_size_need_not_be_square() -> None:
    assert ink_frame(Image.fromarray(CHARACTER), rows=20, columns=30).size == (30, 20)


def test_a_dot_is_not_blown_up() -> None:
    paper = Image.new("L", (100, 100), 255)
    paper.putpixel((90, 5), 0)
    ink = ink_of(ink_frame(paper, rows=38, columns=38))
    assert (ink > 0).sum() <= 9 and ink.argmax() in (18 * 38 + 18, 18 * 38 + 19, 19 * 38 + 18)


def test_the_frame_has_a_largest_size() -> None:
    paper = np.full((100, 100), 255, np.uint8)
    paper[:3, :3] = paper[-3:, -3:] = 0
    found = ink_frame(Image.fromarray(paper), rows=100, columns=100)
    expected = spread_of(ink_of(Image.fromarray(paper))) / (2 * LARGEST)
    assert spread_of(ink_of(found)) == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_without_ink_the_paper_stays(grey: int) -> None:
    found = ink_frame(Image.new("L", (50, 40), grey), rows=8, columns=8)
    assert found.size == (8, 8) and (np.asarray(found)[4] == grey).any()


def test_colour_stays_colour() -> None:
    paper = Image.new("RGB", (60, 60), (255, 255, 255))
    paper.paste((200, 0, 0), (5, 5, 15, 15))
    found = np.asarray(ink_frame(paper, rows=21, columns=21))
    assert found.shape == (21, 21, 3) and tuple(found[10, 10]) == (200, 0, 0)


class TestInPreparation:
    def test_drawings_are_framed_and_their_light_removed(self) -> None:
        preparation = Preparation(rows=28, columns=28, frame="ink")
        items = drawn_characters(alphabets=1, characters_each=2, drawers=2).items
        found = preparation(items)
        assert found.shape == (4, 28, 28, 1) and found.dtype == np.float32
        np.testing.assert_allclose(found.mean(axis=(1, 2, 3)), 0, atol=1e-5)
        np.testing.assert_allclose(found.std(axis=(1, 2, 3)), 1, atol=1e-4)
        expected = np.asarray(
            ink_frame(Image.fromarray(items[1, ..., 0]), rows=28, columns=28), np.float64
        )
        standard = (expected - expected.mean()) / expected.std()
        np.testing.assert_allclose(found[1, ..., 0], standard, atol=1e-4)

    def test_a_blank_sheet_is_zeros(self) -> None:
        preparation = Preparation(rows=16, columns=16, frame="ink")
        assert not preparation(np.full((1, 30, 30, 1), 255, np.uint8)).any()

    def test_an_unknown_frame(self) -> None:
        with pytest.raises(SettingError, match="frame: expected one of whole, ink"):
            Preparation(frame="face")

    @pytest.mark.parametrize("frame", ["whole", "ink"])
    def test_it_is_written_down_and_read_again(self, frame: str) -> None:
        preparation = Preparation(rows=28, columns=28, frame=frame)
        assert preparation_from_data(preparation.as_data()) == preparation

    def test_whole_photos_are_written_as_before(self) -> None:
        """So that models made earlier keep their fingerprint."""
        expected = {"rows": 56, "columns": 46, "channels": 1}
        assert Preparation(version=1).as_data() == expected
