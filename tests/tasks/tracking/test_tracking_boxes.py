"""Boxes: what they refuse, and what is read from words."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from likeness.errors import SettingError
from likeness.tasks.tracking import Box

PLACES = st.floats(-1000, 1000)
SIDES = st.floats(0.1, 1000)


@given(PLACES, PLACES, SIDES, SIDES)
def test_a_box_around_its_own_centre_is_itself(x: float, y: float, w: float, h: float) -> None:
    box = Box(x, y, w, h)
    again = Box.around(box.centre, w, h)
    assert again.as_tuple() == pytest.approx(box.as_tuple(), abs=1e-6)


@given(PLACES, PLACES, SIDES, SIDES)
def test_a_box_is_read_as_it_is_written(x: float, y: float, w: float, h: float) -> None:
    assert Box.from_text(f"{x!r},{y!r}, {w!r} ,{h!r}").as_tuple() == (x, y, w, h)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_numbers_must_be_finite(bad: float) -> None:
    with pytest.raises(SettingError, match="four finite numbers"):
        Box(0, bad, 1, 1)


@pytest.mark.parametrize(("width", "height"), [(0, 1), (1, -2)])
def test_sizes_must_be_above_zero(width: float, height: float) -> None:
    with pytest.raises(SettingError, match="a width and a height above 0"):
        Box(0, 0, width, height)


@pytest.mark.parametrize("text", ["", "1,2,3", "1,2,3,4,5", "a,b,c,d", "1;2;3;4"])
def test_other_words_are_refused_with_an_example(text: str) -> None:
    with pytest.raises(SettingError, match=r"--box: expected x,y,width,height .* 160,83,56,65"):
        Box.from_text(text, argument="--box")


def test_a_box_without_a_size_names_the_option() -> None:
    with pytest.raises(SettingError, match="--box: expected a width"):
        Box.from_text("1,2,0,4", argument="--box")


@pytest.mark.parametrize(
    ("box", "inside"),
    [
        (Box(0, 0, 5, 5), True),
        (Box(-4, -4, 5, 5), True),
        (Box(-5, 0, 5, 5), False),
        (Box(20, 0, 5, 5), False),
        (Box(0, 10, 5, 5), False),
        (Box(19.5, 9.5, 5, 5), True),
    ],
)
def test_which_boxes_touch_a_frame_of_20_by_10(box: Box, inside: bool) -> None:
    assert box.touches(20, 10) == inside
