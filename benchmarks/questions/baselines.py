"""What needs no scores: TF-IDF and averaged vectors, fitted on the training sentences."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

from likeness.tasks.sentences.sentence_pairs import SentencePairs, spearman

Energies = NDArray[np.float64]
Method = Callable[[SentencePairs], Energies]
"""From pairs to cosine distances."""


def words(sentences: list[str]) -> Iterator[tuple[str, Method]]:
    """Go through the variants of TF-IDF over words."""
    for span in ((1, 1), (1, 2)):
        for sublinear in (False, True):
            settings = {"ngram_range": span, "sublinear_tf": sublinear}
            yield str(settings), _tfidf(TfidfVectorizer(**settings), sentences)


def characters(sentences: list[str]) -> Iterator[tuple[str, Method]]:
    """Go through the variants of TF-IDF over n-grams of letters within words."""
    for span in ((2, 4), (3, 4), (3, 5)):
        for sublinear in (False, True):
            settings = {"analyzer": "char_wb", "ngram_range": span, "sublinear_tf": sublinear}
            yield str(settings), _tfidf(TfidfVectorizer(**settings), sentences)


def averaged(sentences: list[str]) -> Iterator[tuple[str, Method]]:
    """Go through averaged word vectors: a truncated SVD of the training sentences.

    No vectors of a larger collection are used: like all others, they know only these.
    """
    for rarity in (True, False):
        vectorizer = TfidfVectorizer(use_idf=rarity, norm=None)
        counts = vectorizer.fit_transform(sentences)
        most = min(300, counts.shape[1] - 1, counts.shape[0] - 1)
        for size in sorted({min(100, most), most}):
            svd = TruncatedSVD(size, random_state=0).fit(counts)
            yield (
                f"{size} numbers, {'IDF-weighted' if rarity else 'plain'} mean",
                _projected(vectorizer, svd),
            )


def best_on(variants: Iterator[tuple[str, Method]], dev: SentencePairs) -> dict[str, Any]:
    """Return the variant with the best Spearman's ρ on the dev part, and all that were tried."""
    tried = {name: (spearman(dev.scores, -method(dev)), method) for name, method in variants}
    name = max(tried, key=lambda one: tried[one][0])
    return {
        "settings": name,
        "method": tried[name][1],
        "tried": {one: round(found, 4) for one, (found, _) in tried.items()},
    }


def _tfidf(vectorizer: Any, sentences: list[str]) -> Method:
    vectorizer.fit(sentences)

    def energies(pairs: SentencePairs) -> Energies:
        left, right = vectorizer.transform(pairs.left), vectorizer.transform(pairs.right)
        return 1.0 - np.asarray(left.multiply(right).sum(axis=1)).ravel()

    return energies


def _projected(vectorizer: Any, svd: Any) -> Method:
    def energies(pairs: SentencePairs) -> Energies:
        left, right = (
            svd.transform(vectorizer.transform(side)) for side in (pairs.left, pairs.right)
        )
        lengths = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1)
        return 1.0 - (left * right).sum(axis=1) / np.maximum(lengths, 1e-12)

    return energies
