"""Who asks: keys as the gallery has them, looked at again every second, and what a role may do."""

import asyncio
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from starlette.requests import Request

from likeness.recogniser.gallery import ROLES, ApiKey, Role, key_number
from likeness.service.problems import Problem
from likeness.service.settings import rate_of

PERMISSIONS: Mapping[Role, tuple[str, ...]] = {
    "viewer": ("people:read", "identify", "verify", "compare", "model:read", "metrics:read"),
    "operator": ("people:write", "photos:write"),
    "admin": ("people:delete", "audit:read"),
}
"""What each role adds to those before it; the page shows what its key may do."""


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who asks.

    Args:
        key: the number of their key; None if the service runs without keys.
        name: the key's.
        role: what they may do.
    """

    key: int | None
    name: str
    role: Role

    @property
    def permissions(self) -> list[str]:
        """What they may do."""
        here = ROLES.index(self.role)
        return [one for role in ROLES[: here + 1] for one in PERMISSIONS[role]]


NOBODY = Caller(key=None, name="anybody (the service runs without keys)", role="admin")


class KeyRing:
    """The keys in force, as of a moment ago.

    Args:
        read: reads all keys; it may block, and runs in ``threads``.
        threads: for it.
        seconds: how old what is known may be.
    """

    def __init__(
        self, read: Callable[[], tuple[ApiKey, ...]], threads: Executor, *, seconds: float
    ) -> None:
        self._read = read
        self._threads = threads
        self._seconds = seconds
        self._keys: dict[int, ApiKey] = {}
        self._looked = float("-inf")
        self._turn = asyncio.Lock()

    async def caller(self, text: str | None) -> Caller:
        """Return whose key it is.

        Raises:
            Problem: 401 if it is nobody's, was revoked, or there is none.
        """
        if text is None:
            raise _refused(
                "no-key", "expected the header `Authorization: Bearer KEY`. Received: none."
            )
        number = key_number(text)
        if number is None:
            raise _WRONG
        await self._look(time.monotonic() - self._seconds)
        key = self._keys.get(number)
        if key is None or not key.opens(text):
            raise _WRONG
        return Caller(key=key.id, name=key.name, role=key.role)

    async def _look(self, oldest: float) -> None:
        if self._looked > oldest:
            return
        async with self._turn:
            if self._looked > oldest:  # somebody else looked meanwhile
                return
            asked = time.monotonic()
            loop = asyncio.get_running_loop()
            keys = await loop.run_in_executor(self._threads, self._read)
            self._keys = {key.id: key for key in keys}
            self._looked = asked


def _refused(code: str, detail: str) -> Problem:
    return Problem(401, code, "A key is needed", detail, headers={"WWW-Authenticate": "Bearer"})


_WRONG = _refused(
    "wrong-key",
    "expected a key in force. Received: another. Make one with `likeness keys add`.",
)


class Rates:
    """How often somebody may ask.

    Args:
        rate: such as "100/second"; "0" is no limit.
        what: of what there are too many, for the message.
    """

    def __init__(self, rate: str, *, what: str) -> None:
        found = rate_of(rate)
        self._rate = rate
        self._what = what
        self._item = None if found is None else RateLimitItemPerSecond(*found)
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    def count(self, who: str) -> None:
        """Count one more of somebody.

        Raises:
            Problem: 429 if it is one too many.
        """
        if self._item is None or self._limiter.hit(self._item, who):
            return
        reset = self._limiter.get_window_stats(self._item, who).reset_time
        wait = min(max(1, int(reset - time.time() + 1)), self._item.get_expiry())
        raise Problem(
            429,
            "too-often",
            "Too many requests",
            f"expected at most {self._rate} {self._what}. Ask again in {wait} s.",
            headers={"Retry-After": str(wait)},
        )


def caller_of(request: Request) -> Caller:
    """Return who asks."""
    caller: Caller = request.scope["likeness.caller"]
    return caller


def needs(role: Role) -> Callable[[Request], Any]:
    """Return what refuses those who may do less than a role."""

    async def check(request: Request) -> Caller:
        caller = caller_of(request)
        if ROLES.index(caller.role) < ROLES.index(role):
            raise Problem(
                403,
                "forbidden",
                "This key may not do that",
                f"expected a key of the role {role}. Received: one of the role {caller.role}.",
            )
        return caller

    return check
