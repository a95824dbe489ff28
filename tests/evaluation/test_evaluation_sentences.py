"""Energies of pairs of sentences, each sentence embedded once."""

from typing import Any

import numpy as np
import pytest

from likeness.energies import cosine, euclidean
from likeness.tasks.sentences.sentence_pairs import SentencePairs


class Lengths:
    """Embeds a text by how long it is; counts what it was asked."""

    def __init__(self, energy: str) -> None:
        self.energy = energy
        self.asked: list[str] = []

    def embed(self, texts: Any) -> Any:
        self.asked += texts
        return np.array([[len(text), 1.0] for text in texts], np.float32)


@pytest.mark.parametrize(("energy", "formula"), [("euclidean", euclidean), ("cosine", cosine)])
def test_pair_by_pair(energy: str, formula: Any) -> None:
    left, right = ("a", "bb", "a"), ("bb", "cccc", "a")
    pairs = SentencePairs(left=left, right=right, scores=np.zeros(3), name="p")
    model = Lengths(energy)
    expected = [
        formula(np.array([len(a), 1.0]), np.array([len(b), 1.0]))
        for a, b in zip(left, right, strict=True)
    ]
    np.testing.assert_allclose(pairs.energies(model), expected)
    assert sorted(model.asked) == ["a", "bb", "cccc"]
