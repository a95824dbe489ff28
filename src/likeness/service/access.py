"""Who makes a request: API keys, read from the gallery again every second, and their roles."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, Self

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from likeness.recogniser.gallery import ROLES, ApiKey, Role
from likeness.service.problems import Problem

PERMISSIONS: Mapping[Role, tuple[str, ...]] = {
    "viewer": ("people:read", "identify", "verify", "compare", "model:read", "metrics:read"),
    "operator": ("people:write", "photos:write"),
    "admin": ("people:delete", "audit:read"),
}
"""What each role adds to those before it."""


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who makes a request.

    Args:
        key: the number of their key; None if the service runs without keys.
        name: of the key.
        role: of the key.
        request_id: of the request, as in the log.
    """

    key: int | None
    name: str
    role: Role
    request_id: str = ""

    @classmethod
    def of(cls, request: Request) -> Self:
        """Return the caller of a request."""
        caller: Self = request.scope["likeness.caller"]
        return caller

    @property
    def permissions(self) -> list[str]:
        """What their role may do."""
        roles = ROLES[: ROLES.index(self.role) + 1]
        return [permission for role in roles for permission in PERMISSIONS[role]]

    @property
    def detail(self) -> dict[str, object]:
        """What each entry of the audit log adds: no name, nothing biometric."""
        return {"request": self.request_id, "key": self.key}


NOBODY = Caller(key=None, name="anybody (the service runs without keys)", role="admin")


class KeyRing:
    """The valid keys, as of a moment ago.

    Args:
        read: reads all keys; it may block, and runs in ``threads``.
        threads: for it.
        seconds: after which the keys are read again.
    """

    def __init__(
        self, read: Callable[[], tuple[ApiKey, ...]], threads: Executor, *, seconds: float
    ) -> None:
        self._read = read
        self._threads = threads
        self._seconds = seconds
        self._keys: dict[int, ApiKey] = {}
        self._read_at = float("-inf")
        self._turn = asyncio.Lock()

    async def caller(self, text: str | None) -> Caller:
        """Return the caller with a key.

        Raises:
            Problem: 401 if the key is unknown or revoked, or there is none.
        """
        if text is None:
            raise _refused(
                "no-key", "expected the header `Authorization: Bearer KEY`. Received: none."
            )
        number = ApiKey.number_in(text)
        if number is None:
            raise _WRONG
        await self._refresh(time.monotonic() - self._seconds)
        key = self._keys.get(number)
        if key is None or not key.opens(text):
            raise _WRONG
        return Caller(key=key.id, name=key.name, role=key.role)

    async def _refresh(self, oldest: float) -> None:
        if self._read_at > oldest:
            return
        async with self._turn:
            if self._read_at > oldest:  # another request has read them meanwhile
                return
            start = time.monotonic()
            loop = asyncio.get_running_loop()
            keys = await loop.run_in_executor(self._threads, self._read)
            self._keys = {key.id: key for key in keys}
            self._read_at = start


def _refused(code: str, detail: str) -> Problem:
    return Problem(401, code, "API key required", detail, headers={"WWW-Authenticate": "Bearer"})


_WRONG = _refused(
    "wrong-key",
    "expected a valid key. Received: an unknown or revoked one. Make one with `likeness keys add`.",
)


class Needs:
    """What a route depends on: a caller of a role, or of one above it.

    Args:
        role: the least.
    """

    def __init__(self, role: Role) -> None:
        self._role = role

    async def __call__(self, request: Request) -> None:
        """Refuse a caller of a lesser role.

        Raises:
            Problem: 403 if it is one.
        """
        role = Caller.of(request).role
        if ROLES.index(role) < ROLES.index(self._role):
            raise Problem(
                403,
                "forbidden",
                "Role not sufficient",
                f"expected a key of the role {self._role}. Received: one of the role {role}.",
            )


class RoleFirst(APIRoute):
    """A route whose caller's role is checked before the body of the request is read."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers a request."""
        answer = super().get_route_handler()
        needed = [
            depends.dependency
            for depends in self.dependencies
            if isinstance(depends.dependency, Needs)
        ]

        async def checked(request: Request) -> Response:
            for check in needed:
                await check(request)
            return await answer(request)

        return checked
