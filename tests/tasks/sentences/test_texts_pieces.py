"""Pieces of texts: words and n-grams, beside a slow reading of the definition."""

import re
import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as st

from likeness.tasks.sentences.preparation import TextPreparation

USUAL = TextPreparation(shortest=2, longest=4)


def slow_pieces(text: str, shortest: int, longest: int) -> set[str]:
    """Every stretch of every word with a blank at each end, and the word itself."""
    found = set()
    for word in re.findall(r"\w+", unicodedata.normalize("NFKC", text).casefold()):
        padded = " " + word + " "
        found.add("=" + word)
        for start in range(len(padded)):
            for end in range(start + 1, len(padded) + 1):
                if shortest <= end - start <= longest:
                    found.add(padded[start:end])
    return found


@given(st.text(max_size=60), st.integers(1, 4), st.integers(0, 3))
@settings(max_examples=60, deadline=None)
def test_they_are_what_the_definition_says(text: str, shortest: int, more: int) -> None:
    found = TextPreparation(shortest=shortest, longest=shortest + more).pieces(text)
    assert len(found) == len(set(found))
    assert set(found) == slow_pieces(text, shortest, shortest + more)


def test_spelling_and_signs_make_no_difference() -> None:
    usual = USUAL.pieces("Reset my password!")
    assert USUAL.pieces("  reset, MY passWORD ") == usual
    assert USUAL.pieces("reset my ｐassword") == usual  # a wide p


def test_a_word_is_not_its_letters() -> None:
    assert "=a" in TextPreparation(shortest=1, longest=1).pieces("a")
    assert "a" in TextPreparation(shortest=1, longest=1).pieces("a")


def test_alike_words_share_pieces() -> None:
    one, other = (set(USUAL.pieces(word)) for word in ("shredded", "shreded"))
    assert len(one & other) > len(one) / 2
    assert not one & set(USUAL.pieces("moon"))


def test_nothing_to_read() -> None:
    assert USUAL.pieces("?! …") == []
