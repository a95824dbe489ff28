"""Pairs of sentences: frozen, checked, counted once."""

from typing import Any

import numpy as np
import pytest

from likeness.errors import DataError, TooFewError
from likeness.tasks.sentences.sentence_pairs import SentencePairs


def pairs(**changes: Any) -> SentencePairs:
    given = {"left": ["a", "b"], "right": ["b", "c"], "scores": [0, 4.5], "name": "mine"}
    return SentencePairs(**given | changes)


def test_what_it_holds() -> None:
    found = pairs()
    assert len(found) == 2
    assert found.left == ("a", "b")
    assert found.sentences == ("a", "b", "c")
    assert found.first(1).right == ("b",) and found.first(9).scores.tolist() == [0, 4.5]
    with pytest.raises(ValueError, match="read-only"):
        found.scores[0] = 1


def test_its_digest_is_of_scores_and_sentences() -> None:
    assert pairs().digest == pairs(name="other").digest
    others = [pairs(left=["a", "x"]), pairs(scores=[0, 4]), pairs().first(1)]
    assert len({pairs().digest, *(one.digest for one in others)}) == 4


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"left": ["a"]}, r"^scores: expected one for each of 1 left and 2 right sentences"),
        ({"scores": [1.0]}, r"Received: float64 of shape \(1,\)"),
        ({"scores": [0, 5.1]}, r"^scores: expected numbers from 0 to 5"),
        ({"scores": [np.nan, 1]}, r"^scores: expected numbers from 0 to 5"),
    ],
)
def test_what_does_not_fit(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        pairs(**changes)


def test_too_few() -> None:
    pairs().require(2)
    with pytest.raises(TooFewError, match=r"^mine: expected at least 3 pairs .* Received: 2\."):
        pairs().require(3)
