"""Preparations as data: each kind is written and read again, and no other is taken."""

import json
from typing import Any

import numpy as np
import pytest

from likeness.errors import DataError, SettingError
from likeness.images.preparation import FixedPreparation, Preparation, preparation_from_data
from likeness.tasks.sentences.preparation import TextPreparation

EACH = [
    Preparation(rows=20, columns=10),
    FixedPreparation(rows=112, columns=96, colours="bgr", layout="nhwc"),
    FixedPreparation(rows=16, columns=16, mean=(1.5, 2, 3), scale=(4, 5, 6)),
    FixedPreparation(rows=112, columns=96, eyes=(30.3, 51, 65, 50.5)),
    TextPreparation(buckets=512, shortest=3, longest=5),
]


@pytest.mark.parametrize("preparation", EACH)
def test_it_is_data(preparation: Any) -> None:
    entries = json.loads(json.dumps(preparation.as_data()))
    assert preparation_from_data(entries) == preparation
    assert hash(preparation_from_data(entries)) == hash(preparation)


def test_our_own_is_written_as_it_always_was() -> None:
    assert Preparation(version=1).as_data() == {"rows": 56, "columns": 46, "channels": 1}


@pytest.mark.parametrize("kind", ["warped", None, 3, ["text"]])
def test_another_kind_is_refused(kind: Any) -> None:
    with pytest.raises(SettingError, match=r"^preparation: expected one of the kinds fixed, text"):
        preparation_from_data({"kind": kind, "rows": 16, "columns": 16})


def test_an_entry_that_a_kind_has_not() -> None:
    with pytest.raises(TypeError, match="rows"):
        preparation_from_data({"kind": "text", "rows": 16})


@pytest.mark.parametrize("preparation", EACH)
def test_what_is_made_up_looks_like_what_is_prepared(preparation: Any) -> None:
    found = preparation.made_up(3, np.random.default_rng(0))
    assert found.dtype == preparation.dtype
    assert len(found) == 3
    assert len(found.shape[1:]) == len(preparation.shape)
    assert all(
        wanted in (None, size)
        for size, wanted in zip(found.shape[1:], preparation.shape, strict=True)
    )


@pytest.mark.parametrize("preparation", EACH)
def test_each_says_what_it_does_not_take(preparation: Any) -> None:
    with pytest.raises(DataError, match=r"^(images|texts): expected"):
        preparation.check("a single text")
