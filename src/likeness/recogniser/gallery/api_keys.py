"""API keys of the service, stored in the gallery so that all its processes share them.

A key's text is ``lk_ID_SECRET`` with 32 random bytes as the secret. Stored is its SHA-256: nobody
guesses 256 random bits, so a slow hash, which passwords need, would only slow the service down.
A key that is revoked stays in the list, so that its number is never another's.
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

import sqlalchemy as sa

from likeness.errors import SettingError, UnknownPersonError
from likeness.recogniser.gallery.rows import check_name, now
from likeness.recogniser.gallery.schema import api_keys as table
from likeness.recogniser.gallery.store import Store, Writing

Role = Literal["viewer", "operator", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
"""Roles, in ascending order: each may do everything that the ones before it may."""

_FORM = re.compile(r"lk_([1-9][0-9]{0,17})_[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, kw_only=True)
class ApiKey:
    """A key of the service, without its secret.

    Args:
        id: its number, 1, 2, 3, ...
        name: the person or program that has it.
        role: "viewer", "operator" or "admin".
        digest: SHA-256 of its text.
        created: when, UTC, ISO 8601.
        revoked: when it was revoked; None if it is valid.
    """

    id: int
    name: str
    role: Role
    digest: str
    created: str
    revoked: str | None

    @staticmethod
    def number_in(text: str) -> int | None:
        """Return the number in a key's text; None if it does not have the form of a key.

        >>> ApiKey.number_in("lk_7_" + "x" * 43), ApiKey.number_in("password")
        (7, None)
        """
        match = _FORM.fullmatch(text)
        return None if match is None else int(match[1])

    def opens(self, text: str) -> bool:
        """Say whether a text is this key and the key is valid, in constant time."""
        return hmac.compare_digest(self.digest, _digest(text)) and self.revoked is None

    def as_dict(self) -> dict[str, Any]:
        """Return everything but the digest as JSON values."""
        return {name: value for name, value in asdict(self).items() if name != "digest"}


class ApiKeys:
    """The keys of one gallery's service.

    Args:
        store: of the gallery.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, name: str, *, role: str) -> tuple[ApiKey, str]:
        """Make a key; return it and its text, which is not stored anywhere.

        Args:
            name: the person or program that gets it, 1 to 200 letters.
            role: "viewer", "operator" or "admin".

        Raises:
            SettingError: the name does not fit, or there is no such role.
        """
        checked = check_name(name)
        granted = next((known for known in ROLES if known == role), None)
        if granted is None:
            raise SettingError(f"role: expected one of {', '.join(ROLES)}. Received: {role!r}.")
        with self._store.writing() as transaction:
            return _insert(transaction, checked, granted)

    def add_first(self) -> tuple[ApiKey, str] | None:
        """Make an admin key if the gallery never had a key; None if it had one."""
        with self._store.reading() as reading:
            if reading.count(table):
                return None
        with self._store.writing() as transaction:
            if transaction.count(table):  # another process was first
                return None
            return _insert(transaction, "the first start", "admin")

    def list(self) -> tuple[ApiKey, ...]:
        """Return all keys by their numbers, revoked ones too."""
        query = sa.select(table).order_by(table.c.id)
        with self._store.reading() as reading:
            return tuple(ApiKey(**row) for row in reading.connection.execute(query).mappings())

    def revoke(self, number: int) -> ApiKey:
        """Revoke a key.

        Raises:
            UnknownPersonError: there is no such key.
        """
        with self._store.writing() as transaction:
            query = sa.select(table).where(table.c.id == number)
            row = transaction.connection.execute(query).mappings().first()
            if row is None:
                raise UnknownPersonError(
                    f"key: expected a key's number. Received: {number}. List them with "
                    "`likeness keys list`."
                )
            key = ApiKey(**row)
            if key.revoked is None:
                key = replace(key, revoked=now())
                change = table.update().where(table.c.id == number)
                transaction.connection.execute(change.values(revoked=key.revoked))
                transaction.audit("revoked a key", detail=f'{{"key":{number}}}')
        return key


def _insert(transaction: Writing, name: str, role: Role) -> tuple[ApiKey, str]:
    last = transaction.connection.execute(sa.select(sa.func.max(table.c.id))).scalar() or 0
    text = f"lk_{last + 1}_{secrets.token_urlsafe(32)}"
    key = ApiKey(
        id=last + 1, name=name, role=role, digest=_digest(text), created=now(), revoked=None
    )
    transaction.connection.execute(table.insert().values(**asdict(key)))
    transaction.audit("added a key", detail=f'{{"key":{key.id},"role":"{role}"}}')
    return key, text


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
