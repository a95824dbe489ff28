"""A protocol's result is read back as it was written, and old files are read too."""

import contextlib
import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from likeness.errors import DataError
from likeness.evaluation.figures import FigureName
from likeness.evaluation.results import ProtocolResult

OLD = Path(__file__).parents[1] / "model" / "old_models" / "results"


def old(name: str) -> Any:
    return json.loads((OLD / name).read_text(encoding="utf-8"))


@pytest.fixture
def evaluated() -> dict[str, Any]:
    """What an earlier version wrote for a saved model, with an open set."""
    document: dict[str, Any] = old("evaluate.json")
    return document


def test_an_old_evaluation_is_read_and_written_with_every_key_and_value(
    evaluated: dict[str, Any],
) -> None:
    result = ProtocolResult.from_json(evaluated)
    assert result.figure_names == ["auc", "eer", "accuracy", "one_shot_4way"]
    assert (result.figure_names[-1].kind, result.figure_names[-1].at) == ("one_shot", 4)
    assert result.open_set is not None
    assert result.open_set.measured.counts["enrolled"] == 2
    written = json.loads(json.dumps(result.to_json(), allow_nan=False))
    for name, value in evaluated.items():
        if value not in ([], {}):
            assert written[name] == value, name


def test_the_people_held_out_of_an_old_training_are_read() -> None:
    held_out = old("train.json")["held_out"]
    written = ProtocolResult.from_json(held_out).to_json()
    assert {name: written[name] for name in held_out} == held_out


def test_what_is_written_is_read_back(evaluated: dict[str, Any]) -> None:
    evaluated["folds"] = [
        {
            "fold": 0,
            "people": ["Ada"],
            "figures": {"tar_at_far_1e-2": 0.5},
            "threshold": None,
            "threshold_people": [],
            "epochs": 3,
            "training_seconds": 1.5,
            "fingerprint": "f",
        }
    ]
    result = ProtocolResult.from_json(evaluated)
    assert result.folds[0].figures == {FigureName("tar_at_far", 0.01): 0.5}
    assert ProtocolResult.from_json(json.loads(json.dumps(result.to_json()))) == result


@pytest.mark.parametrize(
    "path",
    [
        ("figures", "auc", "mean"),
        ("baselines", "raw_pixels", "eer", "low"),
        ("counts", "identities"),
        ("leak_report", "sentences"),
        ("open_set", "least_fpir"),
        ("seeds", "recipe"),
        ("title",),
    ],
)
def test_what_is_no_number_or_text_is_refused(
    evaluated: dict[str, Any], path: tuple[str, ...]
) -> None:
    *parents, last = path
    inner = evaluated
    for name in parents:
        inner = inner[name]
    inner[last] = {"of": "another kind"}
    with pytest.raises(DataError, match="expected figures with intervals, counts and a leak rep"):
        ProtocolResult.from_json(evaluated)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@settings(deadline=None)
@given(data=st.data(), value=JSON)
def test_nothing_but_a_data_error_is_raised(data: st.DataObject, value: Any) -> None:
    document = copy.deepcopy(old("evaluate.json"))
    document[data.draw(st.sampled_from(sorted(document)))] = value
    with contextlib.suppress(DataError):
        ProtocolResult.from_json(document)
