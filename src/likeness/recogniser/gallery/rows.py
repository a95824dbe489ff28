"""The rows of people, templates and photos: their values, checks, digests, and reading in parts."""

import hashlib
import json
import re
import unicodedata
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, ClassVar, Literal, Self, TypeVar

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from likeness import errors
from likeness.files import one_spelling
from likeness.recogniser.gallery import schema
from likeness.recogniser.gallery.database import DAMAGED
from likeness.recogniser.gallery.records import GalleryModel, JsonObject

_LONGEST_NAME = 200


def now() -> str:
    """Return the time in UTC, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def as_json(value: JsonObject, *, argument: str) -> str:
    """Return canonical JSON.

    Raises:
        DataError: it holds something other than JSON values.
    """
    try:
        text = json.dumps(
            dict(value), sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False
        )
        text.encode()  # a lone surrogate is not text
    except (TypeError, ValueError, RecursionError) as error:
        raise errors.DataError(f"{argument}: expected JSON values only. {error}.") from error
    return text


def check_name(name: Any, *, argument: str = "name", new: bool = False) -> str:
    """Return a person's name in its one spelling.

    Args:
        name: the name.
        argument: what to call it in messages.
        new: whether letters that cannot be seen are refused, too. Galleries of before may have
            names with such, which must be found to be renamed or forgotten.

    Raises:
        SettingError: it is empty, too long, or holds control or invisible characters.
    """
    text = one_spelling(name) if isinstance(name, str) else ""
    kinds = {unicodedata.category(letter) for letter in text}
    if not text or len(text) > _LONGEST_NAME or kinds & {"Cc", "Cs", "Zl", "Zp"}:
        raise errors.SettingError(
            f"{argument}: expected 1 to {_LONGEST_NAME} letters, no control characters. "
            f"Received: {name!r:.80}."
        )
    if new and (hidden := _invisible(text)):
        raise errors.SettingError(
            f"{argument}: expected letters that can be seen. Received: {text!a:.80}, with "
            f"{', '.join(f'U+{ord(letter):04X}' for letter in hidden)}. Type the name anew."
        )
    return text


def _invisible(text: str) -> list[str]:
    """Return the letters that cannot be seen, or that turn the direction of the others."""
    return [
        letter
        for before, letter in pairwise(f" {text}")
        if (unicodedata.category(letter) == "Cf" or _BLANK_LETTERS.match(letter))
        # Two joiners are part of how names are written in Persian and in scripts of India.
        and not (letter in "\u200c\u200d" and _takes_joiners(before))
    ]


def _takes_joiners(letter: str) -> bool:
    return unicodedata.bidirectional(letter) == "AL" or unicodedata.combining(letter) == 9


_BLANK_LETTERS = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\uffa0\ufe00-\ufe0f"
    "\U000e0100-\U000e01ef]"
)
"""Fillers, selectors of variants, an empty Braille cell: drawn as nothing."""

_ALIKE = str.maketrans(dict.fromkeys("\u2019\u2018\u02bc\u00b4`", "'"))


def look_of(name: str) -> int:
    """Return a number that is equal for names that look alike; below 2⁶³.

    Capitals, widths and ligatures, blanks of any kind and number, letters that cannot be seen,
    dashes and apostrophes make no difference.

    >>> look_of("Ada  Lovelace") == look_of("ada\u00a0LOVE\u200blace")
    True
    """
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    letters = [
        "-" if unicodedata.category(letter) == "Pd" else letter
        for letter in text.translate(_ALIKE)
        if unicodedata.category(letter) != "Cf" and not _BLANK_LETTERS.match(letter)
    ]
    key = " ".join("".join(letters).split())
    return int.from_bytes(hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()[:8]) >> 1


def chain_after(chain: str, entry: JsonObject) -> str:
    """Return the link of an audit entry: SHA-256 over the link before it and its values."""
    values = [entry[name] for name in _CHAINED]
    return hashlib.sha256(f"{chain}{_DIGESTED(values)}".encode()).hexdigest()


_CHAINED = tuple(name for name in schema.audit.columns.keys() if name != "chain")  # noqa: SIM118


def checksum(
    ids: Sequence[int] | NDArray[np.int64],
    contents: bytes,
    *,
    before: int = 0,
    sign: Literal[1, -1] = 1,
) -> int:
    """Return the checksum of plain embeddings: one flipped bit gives another.

    A sum over templates, so that it is kept up by adding and subtracting.

    Args:
        ids: of the templates.
        contents: their embeddings one after another, little-endian float32.
        before: the checksum of others, which these are added to.
        sign: −1 takes these away instead.

    Returns:
        −2⁶³…2⁶³ − 1, a sum modulo 2⁶⁴ as databases store it.
    """
    return (before + sign * _sum(ids, contents) + 2**63) % 2**64 - 2**63


def _sum(ids: Sequence[int] | NDArray[np.int64], contents: bytes) -> int:
    if not len(ids):
        return 0
    if len(contents) % (4 * len(ids)):  # some are damaged: a number that no sound ones have
        return zlib.crc32(contents)
    words = np.frombuffer(contents, "<u4").reshape(len(ids), -1)
    # Odd factors: no bit of a word is lost in the product.
    factors = (np.arange(words.shape[1], dtype=np.uint64) * np.uint64(2) + np.uint64(1)) * _GOLDEN
    sums = (words * factors).sum(axis=1, dtype=np.uint64)
    numbers = np.asarray(ids, np.uint64) * np.uint64(2) + np.uint64(1)
    return int((sums * numbers).sum(dtype=np.uint64))


_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, kw_only=True)
class GalleryRow:
    """The gallery's own row, as of a transaction: whose embeddings it holds, and its counters."""

    id: int = 1
    format: str = schema.FORMAT
    created: str
    model: str
    energy: str
    dimensions: int
    key_id: str | None
    next_person: int = 1
    next_template: int = 1
    last_change: int = 0
    last_audit: int = 0
    scrub_pending: int = 0
    audit_chain: str = ""
    checksum: int = 0

    @classmethod
    def read(cls, connection: sa.Connection, *, where: str, lock: bool = False) -> Self:
        """Return the gallery's row.

        Args:
            connection: in a transaction.
            where: the gallery's name, for messages.
            lock: whether other writers are kept out until the transaction ends. (SQLite keeps
                them out from its beginning.)

        Raises:
            GalleryError: there is none.
            GalleryDamagedError: it has no format.
            GalleryMismatchError: it is of another format.
        """
        query = sa.select(schema.gallery)
        values = connection.execute(query.with_for_update() if lock else query).mappings().first()
        if values is None:
            raise errors.GalleryError(
                f"{where}: expected a gallery. Found an unfinished one; copy it again."
            )
        row = cls(**values)
        if not re.fullmatch(r"likeness\.gallery/\d+", str(row.format)):
            raise errors.GalleryDamagedError(f"{where}: {DAMAGED}")
        if row.format != schema.FORMAT:
            raise errors.GalleryMismatchError(
                f"{where}: expected the format {schema.FORMAT!r}. Received: {row.format!r}. Open "
                "it with the version of likeness that wrote it."
            )
        return row

    @property
    def embedded_by(self) -> GalleryModel:
        """The model whose embeddings the gallery holds."""
        return GalleryModel(fingerprint=self.model, energy=self.energy, dimensions=self.dimensions)


@dataclass(frozen=True, kw_only=True)
class _StoredRow:
    """A row that is stored with a digest of its other values, which reveals damage."""

    table: ClassVar[sa.Table]
    _columns: ClassVar[tuple[str, ...]]
    digest: str = ""

    def __init_subclass__(cls) -> None:
        cls._columns = tuple(cls.table.columns.keys())

    def expected_digest(self) -> str:
        """Return the digest of the other values."""
        raise NotImplementedError

    def stored(self, **values: Any) -> Self:
        """Return the row as it is stored: with other values, and the digest of them all."""
        row = type(self)(**{**vars(self), **values})
        object.__setattr__(row, "digest", row.expected_digest())  # it is not shared yet
        return row

    @classmethod
    def read(cls, values: Iterable[Any]) -> Self:
        """Return the row of a table's values, which are in the order of its columns."""
        return cls(**dict(zip(cls._columns, values, strict=True)))

    @classmethod
    def select(cls, connection: sa.Connection, condition: sa.ColumnElement[bool]) -> list[Self]:
        """Return the rows for which a condition holds, by their numbers."""
        query = sa.select(cls.table).where(condition).order_by(*cls.table.primary_key.columns)
        return [cls.read(row) for row in connection.execute(query)]

    @classmethod
    def pages(cls, connection: sa.Connection, *, size: int) -> Iterator[list[Self]]:
        """Go through all rows of the table by their numbers, a page at a time."""
        for page in pages(connection, cls.table, size=size):
            yield [cls.read(row.values()) for row in page]


@dataclass(frozen=True, kw_only=True)
class PersonRow(_StoredRow):
    """A row of people; ``metadata`` is JSON."""

    table: ClassVar[sa.Table] = schema.people
    id: int
    name: str
    metadata: str
    created: str
    look: int = 0

    def expected_digest(self) -> str:
        """Return the digest of the other values."""
        return _digest(self.id, self.name, self.metadata, self.created)


@dataclass(frozen=True, kw_only=True)
class TemplateRow(_StoredRow):
    """A row of templates: plain with ``vector``, or ``sealed``; two values are JSON."""

    table: ClassVar[sa.Table] = schema.templates
    id: int
    person_id: int
    vector: bytes | None = None
    sealed: bytes | None = None
    key_id: str | None = None
    model: str
    photo_digest: str
    quality: str
    provenance: str
    created: str

    def expected_digest(self) -> str:
        """Return the digest of the other values, sealed or plain."""
        return _digest(
            self.id,
            self.person_id,
            self.key_id or "",
            self.model,
            self.photo_digest,
            self.quality,
            self.provenance,
            self.created,
            content=self.content,
        )

    @property
    def content(self) -> bytes:
        """The embedding as it is stored."""
        return bytes((self.vector if self.sealed is None else self.sealed) or b"")


@dataclass(frozen=True, kw_only=True)
class PhotoRow(_StoredRow):
    """A row of kept photos."""

    table: ClassVar[sa.Table] = schema.photos
    template_id: int
    key_id: str | None
    content: bytes

    def expected_digest(self) -> str:
        """Return the digest of the other values."""
        return _digest(self.template_id, self.key_id or "", content=bytes(self.content))


def _digest(*values: Any, content: bytes = b"") -> str:
    # A damaged row may hold anything; its digest is then just another.
    return hashlib.sha256(_DIGESTED(values).encode() + b"\0" + content).hexdigest()


# One encoder for all rows: `json.dumps` makes one for each.
_DIGESTED = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"), default=repr).encode


Value = TypeVar("Value")


def chunks(values: Sequence[Value], size: int = 500) -> Iterator[Sequence[Value]]:
    """Return the values in parts of a size; a statement takes no more parameters everywhere.

    >>> list(chunks([1, 2, 3], 2))
    [[1, 2], [3]]
    """
    return (values[start : start + size] for start in range(0, len(values), size))


def pages(
    connection: sa.Connection, table: sa.Table, *, size: int
) -> Iterator[Sequence[sa.RowMapping]]:
    """Go through a table by its number, in the caller's transaction."""
    (number,) = table.primary_key.columns
    after = 0
    while True:
        query = sa.select(table).where(number > after).order_by(number).limit(size)
        rows = connection.execute(query).mappings().all()
        if not rows:
            return
        yield rows
        after = rows[-1][number.name]
