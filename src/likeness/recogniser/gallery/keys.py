"""Encryption at rest: AES-256-GCM (NIST SP 800-38D), one key for a gallery.

Each ciphertext is bound to its row: the associated data name the template, the person, the photo
and the model, so a ciphertext that is moved to another row cannot be decrypted there.
"""

import base64
import binascii
import hashlib
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from likeness.errors import GalleryDamagedError, GalleryKeyError
from likeness.files import write_file
from likeness.recogniser.gallery.rows import PhotoRow, TemplateRow

_KEY_VARIABLE = "LIKENESS_GALLERY_KEY"
_NONCE = 12
_HOW = (
    "a key is 32 random bytes in Base64; make one with "
    "`likeness gallery rotate-key GALLERY --new-key-file FILE`"
)


@dataclass(frozen=True)
class GalleryKey:
    """A key of 32 bytes.

    Args:
        secret: the bytes. They are never shown.

    Raises:
        GalleryKeyError: it is of another length.

    >>> key = GalleryKey(bytes(32))
    >>> key.open(key.seal(b"vector", b"row 7"), b"row 7")
    b'vector'
    >>> key.id, key
    ('d38350cca6f3', GalleryKey())
    """

    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) != 32:
            raise GalleryKeyError(f"key: expected 32 bytes. Received: {len(self.secret)}; {_HOW}.")

    @classmethod
    def generate(cls) -> "GalleryKey":
        """Return a new key from the operating system's random numbers."""
        return cls(secrets.token_bytes(32))

    @property
    def id(self) -> str:
        """Twelve hexadecimal digits that identify the key without revealing it."""
        return hashlib.sha256(b"likeness gallery key id" + self.secret).hexdigest()[:12]

    @classmethod
    def read(cls, file: str | Path | None = None) -> "GalleryKey | None":
        """Return the key of the file, or of the environment variable; None if neither is given.

        Args:
            file: holds the key as Base64; overrides the variable.

        Raises:
            GalleryKeyError: the file cannot be read, or it holds no key.
        """
        if file is None:
            text = os.environ.get(_KEY_VARIABLE, "")
            return cls._parsed(text, _KEY_VARIABLE) if text.strip() else None
        try:
            text = Path(file).read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not Base64"
            raise GalleryKeyError(
                f"--key-file: {file} cannot be read: {reason}. Expected a file with a key; {_HOW}."
            ) from error
        return cls._parsed(text, str(file))

    @classmethod
    def _parsed(cls, text: str, source: str) -> "GalleryKey":
        try:
            secret = base64.b64decode(text.strip(), validate=True)
        except (binascii.Error, ValueError):
            secret = b""
        if len(secret) != 32:
            raise GalleryKeyError(f"{source}: expected a key. Received: something else; {_HOW}.")
        return cls(secret)

    def as_text(self) -> str:
        """Return the key as Base64, for a key file."""
        return base64.b64encode(self.secret).decode()

    def write(self, file: str | Path) -> None:
        """Write the key to a new file that only its owner may read.

        Raises:
            OutputError: something is there already, or it cannot be written.
        """
        write_file(file, self.as_text() + "\n", mode=0o600, new=True)

    def seal(self, content: bytes, row: bytes) -> bytes:
        """Return nonce and ciphertext of ``content``, bound to ``row``."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # late: plain ones need none

        # Random nonces of 96 bits: far from a collision up to 2³² seals under one key.
        nonce = secrets.token_bytes(_NONCE)
        return nonce + AESGCM(self.secret).encrypt(nonce, content, row)

    def open(self, sealed: bytes, row: bytes) -> bytes:
        """Return the plain content.

        Raises:
            GalleryKeyError: it was encrypted with another key or for another row, or is damaged.
        """
        from cryptography.exceptions import InvalidTag  # late, as above
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        try:
            return AESGCM(self.secret).decrypt(sealed[:_NONCE], sealed[_NONCE:], row)
        except (InvalidTag, ValueError) as error:
            raise GalleryKeyError(
                f"an encrypted entry ({row.decode()}) cannot be decrypted with the key {self.id}: "
                "it is damaged, or was moved from another row. Run `likeness gallery check`."
            ) from error


class Sealing:
    """How one gallery stores embeddings and photos: encrypted with its key, or plain.

    Args:
        key_id: of the gallery's key; None if it is plain.
        key: the caller's key.
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
                f"right one with --key-file or {_KEY_VARIABLE}."
            )

    def require(self) -> GalleryKey | None:
        """Return the key; None if the gallery is plain.

        Raises:
            GalleryKeyError: the gallery is encrypted and there is no key.
        """
        if self.key_id is not None and self._key is None:
            raise GalleryKeyError(
                f"{self.where} is encrypted with the key {self.key_id}. Received: no key. Give "
                f"it with --key-file or {_KEY_VARIABLE}."
            )
        return self._key

    def with_vector(self, row: TemplateRow, vector: bytes) -> TemplateRow:
        """Return a row with another embedding, of little-endian float32 bytes."""
        if self.key_id is None:
            return row.stored(vector=vector, sealed=None, key_id=None)
        label = _label(row.id, row.person_id, row.photo_digest, row.model)
        return row.stored(vector=None, sealed=self._seal(vector, label), key_id=self.key_id)

    def vector_of(self, row: TemplateRow) -> bytes:
        """Return a row's embedding as little-endian float32 bytes."""
        self.check_stored(row.key_id, f"template {row.id}")
        if row.sealed is None:
            return row.content
        return self.open_vector(row.content, row.id, row.person_id, row.photo_digest, row.model)

    def open_vector(
        self, sealed: bytes, template_id: int, person_id: int, photo_digest: str, model: str
    ) -> bytes:
        """Return the embedding in a template's ciphertext, as little-endian float32 bytes."""
        return self._open(sealed, _label(template_id, person_id, photo_digest, model))

    def photo_row(self, template_id: int, photo_digest: str, photo: bytes) -> PhotoRow:
        """Return the row of a template's photo."""
        content = self._seal(photo, _photo_label(template_id, photo_digest))
        row = PhotoRow(template_id=template_id, key_id=self.key_id, content=content)
        return row.stored()

    def photo_of(self, row: PhotoRow, photo_digest: str) -> bytes:
        """Return the photo of a row, whose template has that digest."""
        self.check_stored(row.key_id, f"the photo of template {row.template_id}")
        return self._open(bytes(row.content), _photo_label(row.template_id, photo_digest))

    def check_stored(self, key_id: str | None, what: str) -> None:
        """Raise if something is not stored with the gallery's key, or plain in a plain gallery.

        Raises:
            GalleryDamagedError: another program wrote it.
        """
        if key_id != self.key_id:
            names = [
                "not encrypted" if one is None else f"with key {one}"
                for one in (self.key_id, key_id)
            ]
            raise GalleryDamagedError(
                f"{self.where}: {what} is stored {names[1]}, and the gallery {names[0]}. Run "
                "`likeness gallery check`, or restore a backup."
            )

    def _seal(self, content: bytes, label: bytes) -> bytes:
        key = self.require()
        return content if key is None else key.seal(content, label)

    def _open(self, stored: bytes, label: bytes) -> bytes:
        key = self.require()
        return stored if key is None else key.open(stored, label)


def _label(template_id: int, person_id: int, photo_digest: str, model: str) -> bytes:
    """Return what a template's ciphertext is bound to."""
    return (
        f"likeness.gallery/1 template {template_id} of person {person_id}, photo {photo_digest}, "
        f"model {model}"
    ).encode()


def _photo_label(template_id: int, photo_digest: str) -> bytes:
    """Return what a kept photo's ciphertext is bound to."""
    return f"likeness.gallery/1 photo {photo_digest} of template {template_id}".encode()
