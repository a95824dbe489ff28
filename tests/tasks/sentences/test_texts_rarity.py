"""Rarity of pieces, beside scikit-learn's own figures."""

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from likeness.tasks.sentences.preparation import TextPreparation

PREPARATION = TextPreparation(buckets=16)


def test_it_is_the_inverse_document_frequency_of_scikit_learn() -> None:
    texts = ["red green", "red blue", "red red", "blue green yellow"]
    theirs = TfidfVectorizer().fit(texts)
    places = {word: place + 1 for word, place in theirs.vocabulary_.items()}
    ours = PREPARATION.rarity({places[word] for word in text.split()} for text in texts)
    np.testing.assert_allclose(ours[1:5], theirs.idf_)


def test_the_rarer_the_heavier() -> None:
    found = PREPARATION.rarity([[1, 2, 3], [1, 2], [1]])
    assert found[1] == 1.0
    assert found[1] < found[2] < found[3] < found[4] == found[0]


def test_of_no_texts_all_weigh_the_same() -> None:
    assert PREPARATION.rarity([]).tolist() == [1.0] * 17
