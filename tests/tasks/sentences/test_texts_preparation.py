"""Texts as numbers: the same in every process, within limits, and nothing but texts."""

import os
import subprocess
import sys
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from likeness.errors import DataError, SettingError
from likeness.tasks.sentences.preparation import (
    LONGEST_TEXT,
    MOST_PIECES,
    TextPreparation,
)

SMALL = TextPreparation(buckets=1000, shortest=2, longest=3)
WORDS = st.text(alphabet="abcdefg ", min_size=1, max_size=30).filter(str.strip)


@given(st.lists(WORDS, min_size=1, max_size=5))
@settings(max_examples=40, deadline=None)
def test_each_row_holds_the_numbers_of_the_pieces(texts: list[str]) -> None:
    found = SMALL(texts)
    assert found.dtype == np.int32
    for row, text in zip(found, texts, strict=True):
        pieces = SMALL.pieces(text)
        expected = {zlib.crc32(piece.encode()) % 1000 + 1 for piece in pieces}
        kept = row[row != 0]
        assert set(kept) == expected and len(kept) == len(expected)
        assert (row[len(kept) :] == 0).all()


def test_the_rows_are_as_long_as_the_longest() -> None:
    found = SMALL(["a", "a longer one"])
    assert found.shape[1] == len(SMALL.ids("a longer one"))
    assert SMALL([]).shape == (0, 1)


def test_it_is_the_same_in_another_process() -> None:
    code = (
        "from likeness.tasks.sentences.preparation import TextPreparation as T;"
        "print(T(buckets=1000, shortest=2, longest=3).ids('Wie geht’s?'))"
    )
    other = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert other.stdout.strip() == str(SMALL.ids("Wie geht’s?"))


def test_bytes_are_utf_8() -> None:
    assert SMALL.ids("Grüße".encode()) == SMALL.ids("Grüße")
    assert SMALL(np.array(["a b", "c"])).tolist() == SMALL(["a b", "c"]).tolist()


@pytest.mark.parametrize(
    ("texts", "sentence"),
    [
        ("one text", r"^texts: expected a list of texts\. Received: str\. A single text needs"),
        (b"one", r"^texts: expected a list of texts\. Received: bytes"),
        (3, r"^texts: expected a list of texts\. Received: int"),
        ([3], r"^text: expected a text\. Received: int\."),
        ([""], r"^text: expected at least one letter or digit\. Received: ''"),
        (["?!"], r"^text: expected at least one letter or digit"),
        ([b"\xff"], r"^text: expected UTF-8\. Received: bytes that are not"),
        (["a\ud800"], r"^text: expected letters\. Received: half of a character"),
        (["a" * (LONGEST_TEXT + 1)], r"^text: expected at most 10,000 letters\. Received: 10,001"),
    ],
)
def test_what_is_no_text(texts: Any, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        SMALL(texts)


def test_a_photo_is_no_text() -> None:
    with pytest.raises(DataError, match=r"^text: expected a text\. Received: uint8 of shape"):
        SMALL(np.zeros((2, 8, 8, 1), np.uint8))


def test_of_a_long_text_the_first_pieces_are_read() -> None:
    whole = TextPreparation(buckets=2**20)
    text = " ".join(str(number) for number in range(1000, 2600))
    found = whole.ids(text)
    assert len(text) < LONGEST_TEXT
    assert len(found) == MOST_PIECES
    assert found == whole.ids(text + " and more")


@pytest.mark.parametrize(
    "settings_",
    [
        {"buckets": 15},
        {"buckets": 2**24 + 1},
        {"shortest": 0},
        {"shortest": 5},
        {"longest": 9},
        {"buckets": 99.5},
    ],
)
def test_settings_out_of_range(settings_: dict[str, Any]) -> None:
    with pytest.raises(SettingError, match=f"^{next(iter(settings_))}: expected"):
        TextPreparation(**settings_)
