"""The pieces of a text: its words, and the character n-grams within each word.

A word that was never seen still shares most of its n-grams with the words it is spelled like
(«shredded», «shreded», «shredding»), so it has an embedding of its own. (P. Bojanowski, E.
Grave, A. Joulin, T. Mikolov, «Enriching Word Vectors with Subword Information», TACL 2017,
section 3.2. Departures: the words' ends are blanks, and a piece counts once however often it
occurs.)
"""

import re
import unicodedata

_WORD = re.compile(r"\w+")
_WHOLE = "="
"""Marks a whole word: no n-gram holds it, so «a» the word is not «a» the letter."""


def words_of(text: str) -> list[str]:
    """Return the words of a text, in one spelling (NFKC, case folded).

    >>> words_of("How do I reset my PASSWORD?")
    ['how', 'do', 'i', 'reset', 'my', 'password']
    """
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def pieces_of(text: str, *, shortest: int, longest: int) -> list[str]:
    """Return the different pieces of a text, in the order of their first occurrence.

    Args:
        text: any.
        shortest, longest: letters of an n-gram, the blanks at a word's ends among them.

    >>> pieces_of("A cat", shortest=3, longest=3)
    ['=a', ' a ', '=cat', ' ca', 'cat', 'at ']
    """
    found: dict[str, None] = {}
    for word in words_of(text):
        found[_WHOLE + word] = None
        padded = f" {word} "
        for size in range(shortest, longest + 1):
            for start in range(len(padded) - size + 1):
                found[padded[start : start + size]] = None
    return list(found)
