"""Rarity of pieces, beside scikit-learn's own figures."""

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from likeness.tasks.sentences.bag_of_pieces import rarity_of


def test_it_is_the_inverse_document_frequency_of_scikit_learn() -> None:
    texts = ["red green", "red blue", "red red", "blue green yellow"]
    theirs = TfidfVectorizer().fit(texts)
    places = {word: place + 1 for word, place in theirs.vocabulary_.items()}
    ours = rarity_of([{places[word] for word in text.split()} for text in texts], buckets=4)
    np.testing.assert_allclose(ours[1:], theirs.idf_)


def test_the_rarer_the_heavier() -> None:
    found = rarity_of([[1, 2, 3], [1, 2], [1]], buckets=4)
    assert found[1] == 1.0
    assert found[1] < found[2] < found[3] < found[4] == found[0]


def test_of_no_texts_all_weigh_the_same() -> None:
    assert rarity_of([], buckets=2).tolist() == [1.0, 1.0, 1.0]
