"""From rows to records and back: JSON, times, digests, sealing."""

import hashlib
import json
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from likeness.arrays import describe
from likeness.errors import DataError, GalleryKeyError, SettingError
from likeness.recogniser.gallery.keys import KEY_VARIABLE, GalleryKey
from likeness.recogniser.gallery.records import GalleryModel, NewTemplate

Row = Mapping[Any, Any]
"""A row by its columns' names."""

LONGEST_NAME = 200
LARGEST = 1e15
"""No number of an embedding is beyond it: sums of squares stay finite in float32."""


def now() -> str:
    """Return the time in UTC, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def as_json(value: Mapping[str, Any], *, argument: str) -> str:
    """Return canonical JSON.

    Raises:
        DataError: it holds something else than JSON values.
    """
    try:
        text = json.dumps(
            dict(value), sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False
        )
        text.encode()  # a lone surrogate is no text
    except (TypeError, ValueError, RecursionError) as error:
        raise DataError(f"{argument}: expected JSON values only. {error}.") from error
    return text


def check_name(name: Any, *, argument: str = "name") -> str:
    """Return a person's name in its one spelling (NFC, no spaces around).

    Raises:
        SettingError: it is empty, too long, or holds control characters.
    """
    text = unicodedata.normalize("NFC", name).strip() if isinstance(name, str) else ""
    kinds = {unicodedata.category(letter) for letter in text}
    if not text or len(text) > LONGEST_NAME or kinds & {"Cc", "Cs", "Zl", "Zp"}:
        raise SettingError(
            f"{argument}: expected 1 to {LONGEST_NAME} letters, no control characters. "
            f"Received: {name!r:.80}."
        )
    return text


def check_template(template: NewTemplate, model: GalleryModel) -> bytes:
    """Return the template's embedding as little-endian float32 bytes.

    Raises:
        DataError: the embedding or the digest does not fit.
    """
    vector = np.asarray(template.vector)
    if vector.shape != (model.dimensions,) or not np.issubdtype(vector.dtype, np.floating):
        raise DataError(
            f"vector: expected {model.dimensions} floating numbers. Received: {describe(vector)}."
        )
    with np.errstate(over="ignore"):
        content = vector.astype("<f4")
    if not (np.abs(content) <= LARGEST).all():  # NaN is not, either
        raise DataError(f"vector: expected finite numbers, at most {LARGEST:g}. Received: others.")
    check_digest(template.photo_digest)
    if template.photo is not None and photo_digest(template.photo) != template.photo_digest:
        raise DataError("photo_digest: expected the SHA-256 of the photo. Received: another.")
    return content.tobytes()


def photo_digest(photo: bytes) -> str:
    """Return the SHA-256 of a photo's bytes, as templates carry it."""
    return hashlib.sha256(photo).hexdigest()


def check_digest(digest: Any) -> str:
    """Return a SHA-256 in hexadecimal digits.

    Raises:
        DataError: it is something else.
    """
    if (
        not isinstance(digest, str)
        or len(digest) != 64
        or not set(digest) <= set("0123456789abcdef")
    ):
        raise DataError(
            "photo_digest: expected a SHA-256, 64 hexadecimal digits in lower case. "
            f"Received: {digest!r:.80}."
        )
    return digest


def person_digest(row: Row) -> str:
    """Return the digest of a person's row."""
    return _digest(row["id"], row["name"], row["metadata"], row["created"])


def template_digest(row: Row) -> str:
    """Return the digest of a template's row, as it is stored: sealed or plain."""
    names = ("model", "photo_digest", "quality", "provenance", "created")
    content = row["vector"] if row["sealed"] is None else row["sealed"]
    return _digest(
        row["id"],
        row["person_id"],
        row["key_id"] or "",
        *(row[name] for name in names),
        content=bytes(content),
    )


def photo_row_digest(template_id: int, key_id: str | None, content: bytes) -> str:
    """Return the digest of a kept photo's row."""
    return _digest(template_id, key_id or "", content=content)


def _digest(*values: Any, content: bytes = b"") -> str:
    # A damaged row may hold anything; its digest is then just another.
    head = json.dumps(values, ensure_ascii=True, separators=(",", ":"), default=repr)
    return hashlib.sha256(head.encode() + b"\0" + content).hexdigest()


def provenance_of(row: Row) -> dict[str, Any]:
    """Return where a template's row says it comes from."""
    found: dict[str, Any] = json.loads(row["provenance"])
    return found


class Sealing:
    """How one gallery stores embeddings and photos: sealed with its key, or plain.

    Args:
        key_id: of the gallery's key; None if it is plain.
        key: what the caller has.
        where: the gallery's name, for messages.
    """

    def __init__(self, *, key_id: str | None, key: GalleryKey | None, where: str) -> None:
        self.key_id = key_id
        self._key = key
        self.where = where
        if key is not None and key_id is None:
            raise GalleryKeyError(
                f"{where} is not encrypted; it was opened with the key {key.id}. Open it without "
                "one, or encrypt it with `likeness gallery rotate-key`."
            )
        if key is not None and key.id != key_id:
            raise GalleryKeyError(
                f"{where} is encrypted with the key {key_id}. Received: the key {key.id}. Give the "
                f"right one with --key-file or {KEY_VARIABLE}."
            )

    def require(self) -> GalleryKey | None:
        """Return the key; None if the gallery is plain.

        Raises:
            GalleryKeyError: the gallery is encrypted and there is no key.
        """
        if self.key_id is not None and self._key is None:
            raise GalleryKeyError(
                f"{self.where} is encrypted with the key {self.key_id}. Received: no key. Give "
                f"it with --key-file or {KEY_VARIABLE}."
            )
        return self._key

    def seal(self, content: bytes, label: bytes) -> bytes:
        """Return what is stored of a content."""
        key = self.require()
        return content if key is None else key.seal(content, label)

    def open(self, stored: bytes, label: bytes) -> bytes:
        """Return the content of what is stored."""
        key = self.require()
        return stored if key is None else key.open(stored, label)

    def vector_columns(self, content: bytes, row: Row) -> dict[str, Any]:
        """Return the columns that hold an embedding, for a row with its other columns."""
        if self.key_id is None:
            return {"vector": content, "sealed": None, "key_id": None}
        sealed = self.seal(content, template_label(row))
        return {"vector": None, "sealed": sealed, "key_id": self.key_id}

    def vector_of(self, row: Row) -> NDArray[np.float32]:
        """Return a row's embedding, ``(d,)``."""
        if row["sealed"] is None:
            content = bytes(row["vector"])
        else:
            content = self.open(bytes(row["sealed"]), template_label(row))
        return np.frombuffer(content, "<f4").astype(np.float32)


def template_label(row: Row) -> bytes:
    """Return what a template's ciphertext is bound to."""
    return (
        f"likeness.gallery/1 template {row['id']} of person {row['person_id']}, photo "
        f"{row['photo_digest']}, model {row['model']}"
    ).encode()


def photo_label(template_id: int, digest: str) -> bytes:
    """Return what a kept photo's ciphertext is bound to."""
    return f"likeness.gallery/1 photo {digest} of template {template_id}".encode()
