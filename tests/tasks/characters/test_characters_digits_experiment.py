"""The digits two ways: what is learned from, chosen on and measured, and its JSON."""

import json
from typing import Any

import numpy as np
import pytest

from likeness.datasets import Dataset
from likeness.errors import DataError, TooFewError
from likeness.tasks.characters import digits_experiment as experiment
from likeness.tasks.characters.digits import digits as read_digits
from likeness.tasks.characters.digits_experiment import DigitsResult
from likeness.tasks.sklearn import SiameseEmbedder


@pytest.fixture(scope="module")
def digits() -> Dataset:
    every = read_digits()
    kept = [np.flatnonzero(every.codes == code)[:12] for code in range(10)]
    return every.take(np.sort(np.concatenate(kept)))


@pytest.fixture(scope="module")
def found(digits: Dataset) -> dict[str, Any]:
    networks = {"dense": SiameseEmbedder(encoder="dense", width=8, embedding_size=8)}
    return DigitsResult.measure(digits, steps=(2, 4), networks=networks).to_json()


def test_every_method_both_ways_with_intervals(found: dict[str, Any]) -> None:
    methods = ["raw pixels", "PCA, 50 components", "dense"]
    for part in ("closed", "new"):
        assert list(found[part]["methods"]) == methods
        for row in found[part]["methods"].values():
            for figure in row["figures"].values():
                assert 0 <= figure["low"] <= figure["mean"] <= figure["high"] <= 1
    assert found["new"]["methods"]["dense"]["steps"] in (2, 4)
    assert found["new"]["methods"]["raw pixels"]["steps"] is None
    json.dumps(found, allow_nan=False)


def test_the_pairs_are_all_of_the_test_items(found: dict[str, Any]) -> None:
    assert found["closed"]["methods"]["dense"]["pairs"] == [30, 405]  # 30 items, 3 of each digit
    assert found["new"]["methods"]["dense"]["pairs"] == [3 * 66, 3 * 144]  # 12 of each of three


def test_a_few_items_of_the_new_digits(found: dict[str, Any]) -> None:
    rows = found["few"]["methods"]
    assert list(rows) == [
        "SiameseClassifier, 1 each",
        "1 nearest neighbour, pixels, 1 each",
        "SiameseClassifier, 5 each",
        "1 nearest neighbour, pixels, 5 each",
    ]
    nearest = [rows[f"1 nearest neighbour, pixels, {shots} each"]["new"] for shots in (1, 5)]
    assert nearest[1]["mean"] > nearest[0]["mean"]


def test_nothing_is_chosen_on_the_new_digits(
    digits: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the new digits look like, steps and threshold stay the same."""
    seen: list[set[str]] = []

    def fit(train: Dataset, steps: int) -> Any:
        seen.append(set(train.distinct))
        return lambda items: np.asarray(items, float).reshape(len(items), -1) / 255

    thresholds = []
    measured = experiment._measured

    def noted(embed: Any, test: Dataset, threshold: float | None) -> Any:
        thresholds.append((test.distinct, threshold))
        return measured(embed, test, threshold)

    monkeypatch.setattr(experiment, "_measured", noted)
    experiment._new(digits, fit, (1, 2))
    spoiled = Dataset(
        np.where(digits.codes[:, None, None, None] > 6, 255 - digits.items, digits.items),
        digits.identities,
    )
    experiment._new(spoiled, fit, (1, 2))
    assert seen == [set("01234"), set("01234"), set("0123456")] * 2
    reported = [threshold for people, threshold in thresholds if people == tuple("789")]
    assert len(reported) == 2
    assert reported[0] == reported[1] is not None


def test_digits_that_are_missing_or_few(digits: Dataset) -> None:
    with pytest.raises(DataError, match=r"not in .*: '9'\."):
        DigitsResult.measure(digits.of("012345678"))
    with pytest.raises(TooFewError, match=r"with 8 or more"):
        DigitsResult.measure(digits.take(np.arange(40)))
