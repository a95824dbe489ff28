"""The checks at the package's boundary: what passes comes back as it is, the rest is named."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from likeness.arrays import check_embeddings, check_images, check_in_range, describe
from likeness.errors import DataError, SettingError


class TestImages:
    @pytest.mark.parametrize("shape", [(0, 4, 3, 1), (2, 4, 3, 1), (1, 8, 8, 3)])
    def test_photos_come_back_untouched(self, shape: tuple[int, ...]) -> None:
        images = np.zeros(shape, np.uint8)
        assert check_images(images) is images

    @pytest.mark.parametrize(
        ("images", "received"),
        [
            (np.zeros((4, 3, 1), np.uint8), r"uint8 of shape \(4, 3, 1\)"),
            (np.zeros((1, 4, 3, 1), np.float32), r"float32 of shape \(1, 4, 3, 1\)"),
            ([[1, 2]], "list"),
            (None, "NoneType"),
        ],
    )
    def test_anything_else_is_described(self, images: Any, received: str) -> None:
        with pytest.raises(DataError, match=rf"^left: expected uint8 of .*Received: {received}\."):
            check_images(images, argument="left")

    def test_a_single_photo_is_told_how_to_go_on(self) -> None:
        with pytest.raises(DataError, match=r"`photo\[None\]`"):
            check_images(np.zeros((4, 3, 1), np.uint8))


class TestEmbeddings:
    @pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
    def test_floating_rows_come_back_untouched(self, kind: Any) -> None:
        embeddings = np.ones((3, 2), kind)
        assert check_embeddings(embeddings) is embeddings

    @pytest.mark.parametrize(
        ("embeddings", "sentence"),
        [
            (np.ones(3), r"shape \(n, d\)\. Received: float64 of shape \(3,\)\.$"),
            (np.ones((3, 2), np.int64), r"floating numbers\. Received: int64 of shape \(3, 2\)\.$"),
            ([[1.0]], r"shape \(n, d\)\. Received: list\.$"),
        ],
    )
    def test_anything_else_is_described(self, embeddings: Any, sentence: str) -> None:
        with pytest.raises(DataError, match=sentence):
            check_embeddings(embeddings)

    @given(
        st.lists(st.integers(0, 9), min_size=1, max_size=4, unique=True),
        st.sampled_from([np.nan, np.inf, -np.inf]),
    )
    def test_the_first_row_that_is_not_finite_is_named(self, rows: list[int], bad: float) -> None:
        embeddings = np.zeros((10, 3))
        embeddings[rows, 1] = bad
        sentence = rf"{len(rows)} rows hold NaN or infinity, the first is row {min(rows)}\.$"
        with pytest.raises(DataError, match=sentence):
            check_embeddings(embeddings)


class TestInRange:
    @given(st.floats(0, 1), st.floats(0, 1), st.floats(-1, 2))
    def test_raises_exactly_outside(self, one: float, other: float, value: float) -> None:
        low, high = sorted([one, other])
        if low <= value <= high:
            check_in_range(value, low, high, argument="share")
        else:
            with pytest.raises(SettingError, match=r"^share: expected a number from"):
                check_in_range(value, low, high, argument="share")

    @pytest.mark.parametrize("value", [float("nan"), True, "1", None, [1]])
    def test_what_is_no_number_is_refused(self, value: Any) -> None:
        with pytest.raises(SettingError, match=r"^share: expected a number from 0 to 1\."):
            check_in_range(value, 0, 1, argument="share")

    @pytest.mark.parametrize("value", [2, 2.0, np.int64(2), np.float32(2)])
    def test_whole_numbers_in_any_type(self, value: Any) -> None:
        check_in_range(value, 1, 3, argument="count", whole=True)

    def test_a_fraction_is_not_whole(self) -> None:
        with pytest.raises(SettingError, match=r"^count: expected a whole number\. Received: 1\.5"):
            check_in_range(1.5, 1, 3, argument="count", whole=True)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (np.zeros((2, 3), np.float32), "float32 of shape (2, 3)"),
        ("text", "str"),
        (3, "int"),
    ],
)
def test_describe(value: Any, words: str) -> None:
    assert describe(value) == words
