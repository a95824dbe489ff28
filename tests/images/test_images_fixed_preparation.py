"""`FixedPreparation`: size, order of the channels, layout, and (pixel − mean) / scale."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from likeness.errors import DataError, SettingError
from likeness.images.preparation import FixedPreparation, fit

CHANNEL = {"rgb": (0, 1, 2), "bgr": (2, 1, 0), "grey": (0,)}


def photos(*, channels: int = 3, size: tuple[int, int] = (20, 15)) -> Any:
    rng = np.random.default_rng(3)
    return rng.integers(0, 256, (2, *size, channels), dtype=np.uint8)


def slowly(images: Any, prepare: FixedPreparation) -> Any:
    """Number by number."""
    out = np.empty((len(images), *prepare.shape))
    for n, image in enumerate(images):
        small = fit(image, rows=prepare.rows, columns=prepare.columns, channels=prepare.channels)
        for place, channel in enumerate(CHANNEL[prepare.colours]):
            mean = prepare.mean[place % len(prepare.mean)]
            scale = prepare.scale[place % len(prepare.scale)]
            for row in range(prepare.rows):
                for column in range(prepare.columns):
                    number = (float(small[row, column, channel]) - mean) / scale
                    where = (
                        (place, row, column) if prepare.layout == "nchw" else (row, column, place)
                    )
                    out[(n, *where)] = number
    return out


@given(
    colours=st.sampled_from(["rgb", "bgr", "grey"]),
    layout=st.sampled_from(["nchw", "nhwc"]),
    channels=st.sampled_from([1, 3]),
    each=st.booleans(),
)
@settings(max_examples=24, deadline=None)
def test_every_number_is_where_it_should_be(
    colours: str, layout: str, channels: int, each: bool
) -> None:
    count = (1 if colours == "grey" else 3) if each else 1
    prepare = FixedPreparation(
        rows=9,
        columns=11,
        colours=colours,
        layout=layout,
        mean=tuple(100.0 + i for i in range(count)),
        scale=tuple(50.0 - i for i in range(count)),
        version=2,
    )
    found = prepare(photos(channels=channels))
    assert found.dtype == np.float32
    assert found.flags["C_CONTIGUOUS"]
    np.testing.assert_allclose(found, slowly(photos(channels=channels), prepare), atol=1e-5)


def test_the_range_of_arcface() -> None:
    extremes = np.array([0, 255], np.uint8).reshape(2, 1, 1, 1).repeat(112, 1).repeat(112, 2)
    found = FixedPreparation(rows=112, columns=112)(extremes)
    assert found.shape == (2, 3, 112, 112)
    assert (found[0] == -1).all()
    assert (found[1] == 1).all()


def test_nothing_is_squeezed() -> None:
    wide = np.zeros((1, 20, 60, 1), np.uint8)
    wide[:, :, :15] = 255  # well beyond the middle square: cut away
    found = FixedPreparation(rows=8, columns=8, colours="grey", mean=(0.0,), scale=(1.0,))(wide)
    assert (found == 0).all()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"rows": 4}, r"^rows: expected a whole number from 8 to 1024\. Received: 4\.$"),
        ({"columns": 1e9}, r"^columns: expected a whole number from 8 to 1024"),
        ({"colours": "gray"}, r"^colours: expected one of rgb, bgr, grey\. Received: 'gray'\.$"),
        ({"layout": "nhcw"}, r"^layout: expected one of nchw, nhwc\. Received: 'nhcw'\.$"),
        ({"mean": (1.0, 2.0)}, r"^mean: expected one number, or 3 for rgb\. Received: 2\.$"),
        ({"colours": "grey", "scale": (1.0,) * 3}, r"^scale: expected one number, or 1 for grey"),
        ({"scale": (0.0,)}, r"^scale: expected numbers other than 0\. Received: 0\.$"),
        ({"mean": (float("nan"),)}, r"^mean: expected a number from -1e\+06 to 1e\+06"),
        ({"mean": ("x",)}, r"^mean: expected a number"),
        ({"eyes": (1.0, 2.0)}, r"^eyes: expected four numbers, column and row of the left eye"),
        ({"eyes": 3.0}, r"^eyes: expected four numbers, .*Received: 3\.0\.$"),
        ({"eyes": (3, 5, 16, 5)}, r"^eyes \(column\): expected a number from 0 to 15"),
        ({"eyes": (3, -1, 9, 5)}, r"^eyes \(row\): expected a number from 0 to 15"),
        ({"eyes": (9, 5, 3, 5)}, r"^eyes: expected the right one at least 2 pixels to the right"),
        ({"eyes": (3, "b", 9, 5)}, r"^eyes \(row\): expected a number"),
    ],
)
def test_impossible_settings(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingError, match=sentence):
        FixedPreparation(**{"rows": 16, "columns": 16} | changes)


@pytest.mark.parametrize(
    "images", [photos()[0], photos().astype(np.float32), photos(channels=2), photos(size=(0, 5))]
)
def test_what_is_no_photo(images: Any) -> None:
    with pytest.raises(DataError):
        FixedPreparation(rows=16, columns=16)(images)


def test_who_does_not_ask_for_the_eyes_is_written_as_before() -> None:
    assert "eyes" not in FixedPreparation(rows=16, columns=16).as_data()
    asking = FixedPreparation(rows=16, columns=16, eyes=[3, 5, 9, 6])  # type: ignore[arg-type]
    assert asking.as_data()["eyes"] == [3.0, 5.0, 9.0, 6.0]
    assert asking.eyes == (3.0, 5.0, 9.0, 6.0)
