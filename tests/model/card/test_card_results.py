"""Which results may stand on a card."""

from typing import Any

import pytest

from likeness.errors import SettingError
from likeness.model.card import check_result, model_card


@pytest.fixture
def fitting(document: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    """A cross-validation of the model's own recipe, with another seed."""
    return result | {"recipe": document["record"]["recipe"] | {"seed": 9}}


def test_a_crossval_of_the_same_recipe_is_taken_without_names(
    document: dict[str, Any], fitting: dict[str, Any]
) -> None:
    kept = check_result(fitting | {"evidence": {"folds": []}}, document).to_json()
    assert kept["figures"] == fitting["figures"]
    assert kept["seeds"] == {"recipe": 3, "partition": None}
    assert kept["watermark"] is None
    assert not {"folds", "evidence", "recipe"} & set(kept)
    document["about"]["results"] = [kept]
    assert [shown.protocol for shown in model_card(document).results] == ["held-out", "U4"]


def test_another_recipe_is_refused_and_the_difference_named(
    document: dict[str, Any], fitting: dict[str, Any]
) -> None:
    fitting["recipe"] |= {"epochs": 1}  # as it was written before there were groups
    with pytest.raises(
        SettingError,
        match=r"Received: another recipe's \(schedule\.epochs 1, not 6\)\. Run `likeness cros",
    ):
        check_result(fitting, document)


@pytest.mark.parametrize("recipe", [None, {}, "batches"])
def test_no_recipe_is_another_recipe(
    document: dict[str, Any], fitting: dict[str, Any], recipe: Any
) -> None:
    with pytest.raises(SettingError, match="another recipe"):
        check_result(fitting | {"recipe": recipe}, document)


def test_an_evaluation_must_be_of_this_model(
    document: dict[str, Any], result: dict[str, Any]
) -> None:
    result |= {"protocol": "evaluate", "fingerprint": document["fingerprint"]}
    assert check_result(result, document).protocol == "evaluate"
    with pytest.raises(SettingError, match=r"of this model, 5bfd58914acd\. Received: .* fffff"):
        check_result(result | {"fingerprint": "f" * 64}, document)


@pytest.mark.parametrize(
    ("received", "word"),
    [
        ([], "'list'"),
        ({}, "None"),
        ({"format": "likeness.report/1"}, "'likeness.report/1'"),
    ],
)
def test_other_documents_are_refused(document: dict[str, Any], received: Any, word: str) -> None:
    with pytest.raises(SettingError, match=rf"^--add: expected a result of .* Received: {word}\.$"):
        check_result(received, document)


@pytest.mark.parametrize(
    "changes",
    [
        {"figures": {}},
        {"figures": {"auc": {"mean": 0.9}}},
        {"figures": {"auc": {"mean": "high", "low": 0, "high": 1}}},
        {"figures": {"auc": {"mean": float("nan"), "low": 0, "high": 1}}},
        {"counts": {"identities": "many"}},
        {"leaks": None},
        {"leak_report": {}},
        {"baselines": [1]},
        {"seeds": {"recipe": "x"}},
    ],
)
def test_results_with_parts_missing_are_refused(
    document: dict[str, Any], fitting: dict[str, Any], changes: dict[str, Any]
) -> None:
    with pytest.raises(SettingError, match="expected figures with intervals, counts and a leak"):
        check_result(fitting | changes, document)
