"""`TextPreparation`: tokenises sentences to numbers of pieces."""

import re
import unicodedata
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from likeness.arrays import check_in_range, describe
from likeness.errors import DataError

Ids = NDArray[np.int32]
"""``(n, longest)``, the pieces of each text as 1…buckets; 0 pads the shorter ones."""

Texts = Sequence[str | bytes] | NDArray[np.str_]
"""Texts; bytes are UTF-8."""

LONGEST_TEXT = 10_000
"""Most letters of a text; longer ones are documents, which a mean of pieces does not represent."""

MOST_PIECES = 2_000
"""Most different pieces read of a text: some 250 words."""

FILL = 0
"""The padding number."""

_WORD = re.compile(r"\w+")
_WHOLE = "="
"""Marks a whole word, so that the word «a» differs from the letter «a»."""


@dataclass(frozen=True, kw_only=True)
class TextPreparation:
    """Preparation of texts: split into pieces, each with a number by its hash.

    There is no vocabulary. The hash is CRC-32, the same in every process and on every machine;
    pieces with equal numbers share an embedding. It uses Python and NumPy only.

    Args:
        buckets: number of hash buckets, 16…2²⁴.
        shortest, longest: letters of an n-gram, 1…8, the blanks at a word's ends among them.

    Raises:
        SettingError: a setting is out of its range.

    >>> TextPreparation(buckets=1000, shortest=3, longest=3)(["A cat", "A"]).tolist()
    [[384, 245, 267, 9, 833, 480], [384, 245, 0, 0, 0, 0]]
    """

    buckets: int = 2**14
    shortest: int = 2
    longest: int = 4

    KIND: ClassVar[str] = "text"
    dtype: ClassVar[Any] = np.int32

    def __post_init__(self) -> None:
        check_in_range(self.buckets, 16, 2**24, argument="buckets", whole=True)
        check_in_range(self.longest, 1, 8, argument="longest", whole=True)
        check_in_range(self.shortest, 1, self.longest, argument="shortest", whole=True)

    @property
    def shape(self) -> tuple[None]:
        """Shape of one prepared text: one number per piece."""
        return (None,)

    def check(self, texts: Any) -> None:
        """Raise unless this is a list; each text is checked when it is read.

        Raises:
            DataError: it is not a list.
        """
        if isinstance(texts, str | bytes) or not isinstance(texts, Sequence | np.ndarray):
            raise DataError(
                f"texts: expected a list of texts. Received: {describe(texts)}. A single text "
                "needs a list around it: `[text]`."
            )

    def __call__(self, texts: Texts) -> Ids:
        """Return ``(n, longest)`` int32.

        Raises:
            DataError: it is not a list of texts, or a text is too long, is not UTF-8, or has no
                letter and no digit.
        """
        self.check(texts)
        rows = [self.ids(text) for text in texts]
        out = np.full((len(rows), max(map(len, rows), default=1)), FILL, np.int32)
        for row, ids in zip(out, rows, strict=True):
            row[: len(ids)] = ids
        return out

    def ids(self, text: str | bytes) -> list[int]:
        """Return the numbers of one text's pieces, 1…buckets, each once.

        Raises:
            DataError: as above.
        """
        pieces = self._read(text)
        numbers = (zlib.crc32(piece.encode()) % self.buckets + 1 for piece in pieces)
        return list(dict.fromkeys(numbers))[:MOST_PIECES]

    def rarity(self, texts: Iterable[Iterable[int]]) -> NDArray[np.float64]:
        """Return ``1 + ln((1 + N) / (1 + n))`` of each piece, where n of N texts have it.

        The smoothed inverse document frequency as scikit-learn's ``TfidfVectorizer`` has it.

        Args:
            texts: the different pieces of each text, as `ids` gives them.

        Returns:
            ``(buckets + 1,)``, at least 1; of 0, the padding, that of an unseen piece.

        >>> TextPreparation(buckets=16).rarity([[1, 2], [1], [1, 3]])[:5].round(2).tolist()
        [2.39, 1.0, 1.69, 1.69, 2.39]
        """
        having, count = np.zeros(self.buckets + 1), 0
        for pieces in texts:
            having[list(pieces)] += 1
            count += 1
        return np.asarray(1.0 + np.log((1.0 + count) / (1.0 + having)))

    def made_up(self, count: int, rng: np.random.Generator) -> Ids:
        """Return example prepared texts, ``(count, 12)``, for testing an encoder."""
        return rng.integers(0, self.buckets + 1, (count, 12)).astype(np.int32)

    def in_words(self) -> str:
        """Describe the prepared text, for people."""
        return (
            f"words and their pieces of {self.shortest} to {self.longest} letters, by hash in "
            f"{self.buckets:,} buckets"
        )

    def as_data(self) -> dict[str, Any]:
        """Return JSON values from which it can be restored."""
        return {"kind": self.KIND, **asdict(self)}

    def pieces(self, text: str) -> list[str]:
        """Return the different pieces of a text: its words, and the n-grams within each word.

        An unseen word shares most of its n-grams with words of similar spelling
        («shredded», «shreded», «shredding»), so it has a useful embedding. (P. Bojanowski, E.
        Grave, A. Joulin, T. Mikolov, «Enriching Word Vectors with Subword Information», TACL 2017,
        section 3.2. Departures: the words' ends are blanks, and a piece counts once however often
        it occurs.)

        >>> TextPreparation(shortest=3, longest=3).pieces("A cat")
        ['=a', ' a ', '=cat', ' ca', 'cat', 'at ']
        """
        pieces: dict[str, None] = {}
        for word in _words(text):
            pieces[_WHOLE + word] = None
            padded = f" {word} "
            for size in range(self.shortest, self.longest + 1):
                for start in range(len(padded) - size + 1):
                    pieces[padded[start : start + size]] = None
        return list(pieces)

    def _read(self, text: Any) -> list[str]:
        if isinstance(text, bytes):
            try:
                text = text.decode()
            except UnicodeDecodeError as error:
                raise DataError(
                    f"text: expected UTF-8. Received: bytes that are not ({error.reason} at "
                    f"{error.start}). Save it as UTF-8."
                ) from error
        if not isinstance(text, str):
            raise DataError(f"text: expected a text. Received: {describe(text)}.")
        if len(text) > LONGEST_TEXT:
            raise DataError(
                f"text: expected at most {LONGEST_TEXT:,} letters. Received: {len(text):,}, "
                f"{text[:40]!r} …. Give one question or sentence at a time."
            )
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise DataError(
                "text: expected letters. Received: half of a character (a lone surrogate)."
            ) from error
        pieces = self.pieces(text)
        if not pieces:
            raise DataError(
                f"text: expected at least one letter or digit. Received: {text[:40]!r}. Write it "
                "in words."
            )
        return pieces


def _words(text: str) -> list[str]:
    """Return the words of a text, normalised (NFKC, case folded)."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())
