"""JSON that is read back as it was, with one list of numbers a line."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from likeness.reports.content import json_text

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=20,
)


@given(st.dictionaries(st.text(max_size=5), VALUES))
def test_it_is_read_back_as_it_was(document):
    assert json.loads(json_text(document)) == document


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_is_read_back_as_the_very_same_number(value):
    (back,) = json.loads(json_text({"a": [value]}))["a"]
    assert np.float64(back).tobytes() == np.float64(value).tobytes()


def test_plain_lists_stand_in_one_line_and_keys_are_sorted():
    text = json_text({"b": list(range(500)), "a": [{"y": 1, "x": [[0, 1], [0, 2]]}], "c": {}})
    assert text.splitlines() == [
        "{",
        '  "a": [',
        "    {",
        '      "x": [[0, 1], [0, 2]],',
        '      "y": 1',
        "    }",
        "  ],",
        f'  "b": {list(range(500))},',
        '  "c": {}',
        "}",
    ]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [1.0, float("nan")]])
def test_what_json_has_no_word_for_is_refused(value):
    with pytest.raises(ValueError, match="Out of range float"):
        json_text({"a": value})
