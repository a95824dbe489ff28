"""`Gate`: what every request passes through: id, key, limits, log, headers.

Plain ASGI rather than a framework's middleware: it adds microseconds, and streams nothing twice.
"""

import asyncio
import logging
import re
import secrets
import time
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import replace
from typing import Any

from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from starlette.datastructures import Headers, MutableHeaders

from likeness.errors import LikenessError
from likeness.service.access import NOBODY, Caller, KeyRing
from likeness.service.monitoring import LOGGER, Metrics
from likeness.service.problems import MEDIA_TYPE, Problem
from likeness.service.settings import Settings, rate_of

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_JSON_BYTES = 64 * 1024
"""Most bytes of a JSON body: a person's name and metadata."""

_FORM_BYTES = 64 * 1024
"""Most bytes of a form besides its two photos."""

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
API = "/api/v1"
_KEYED = ("/api/", "/metrics")

_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob:; media-src 'self' blob:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""Of every response."""


class Gate:
    """Checks requests and passes them on to an application.

    Args:
        app: the application.
        settings: limits, and whether there are keys.
        keys: the valid ones.
        metrics: of requests.
    """

    def __init__(self, app: App, *, settings: Settings, keys: KeyRing, metrics: Metrics) -> None:
        self.app = app
        self._settings = settings
        self._keys = keys
        self._metrics = metrics
        self._rate = _RateLimit(settings.rate_limit, what="requests of one key")
        self._wrong_keys = _RateLimit(settings.wrong_keys_limit, what="requests with wrong keys")
        self._log = logging.getLogger(LOGGER)
        self._headers = [(name.lower().encode(), text.encode()) for name, text in _HEADERS.items()]
        if settings.tls_certificate is not None:
            self._headers.append((b"strict-transport-security", b"max-age=31536000"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or pass the events of the server's life on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        passing = _Passing(self, scope, receive, send)
        start = time.perf_counter()
        try:
            async with asyncio.timeout(self._settings.time_limit):
                passing.caller = replace(await self._caller(scope), request_id=passing.id)
                scope["likeness.caller"] = passing.caller
                await self.app(scope, passing.receive, passing.send)
        except TimeoutError:
            await passing.refuse(_timed_out(self._settings.time_limit))
        except Problem as problem:
            await passing.refuse(problem)
        except LikenessError as error:  # the keys could not be read
            await passing.refuse(Problem.of(error))
        except Exception:
            self._log.exception("failed", extra={"fields": {"request": passing.id}})
            await passing.refuse(Problem.of_status(500, "The service failed; see its log."))
        self._done(passing, time.perf_counter() - start)

    async def _caller(self, scope: Scope) -> Caller:
        if self._settings.no_keys or not scope["path"].startswith(_KEYED):
            return NOBODY
        try:
            caller = await self._keys.caller(_bearer(scope))
        except Problem as problem:
            if problem.code == "wrong-key":
                self._wrong_keys.count((scope.get("client") or ("unknown",))[0])
            raise
        self._rate.count(str(caller.key))
        return caller

    def _done(self, passing: "_Passing", seconds: float) -> None:
        scope = passing.scope
        route = _route_of(scope)
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._metrics.requests.labels(method, route, str(passing.status)).inc()
        self._metrics.seconds.labels(route).observe(seconds)
        if passing.status == 499:  # the client went away
            return
        self._log.info(
            "request",
            extra={
                "fields": {
                    "request": passing.id,
                    "method": method,
                    "route": route,
                    "status": passing.status,
                    "milliseconds": round(1000 * seconds, 2),
                    "key": None if passing.caller is None else passing.caller.key,
                }
            },
        )


def _route_of(scope: Scope) -> str:
    """Return the pattern of a request's path: never the id of a person."""
    pattern = getattr(scope.get("route"), "path", None)
    if pattern is None:
        return "other"
    prefix = API if scope["path"].startswith(API) and not pattern.startswith(API) else ""
    return f"{prefix}{pattern}"


class _RateLimit:
    """How often a caller may send a request.

    Args:
        rate: such as "100/second"; "0" means no limit.
        what: is counted, for the message.
    """

    def __init__(self, rate: str, *, what: str) -> None:
        parsed = rate_of(rate)
        self._rate = rate
        self._what = what
        self._item = None if parsed is None else RateLimitItemPerSecond(*parsed)
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    def count(self, caller: str) -> None:
        """Count one more request of a caller.

        Raises:
            Problem: 429 if it is one too many.
        """
        if self._item is None or self._limiter.hit(self._item, caller):
            return
        reset = self._limiter.get_window_stats(self._item, caller).reset_time
        wait = min(max(1, int(reset - time.time() + 1)), self._item.get_expiry())
        raise Problem(
            429,
            "too-often",
            "Too many requests",
            f"expected at most {self._rate} {self._what}. Retry in {wait} s.",
            headers={"Retry-After": str(wait)},
        )


def _timed_out(seconds: float) -> Problem:
    return Problem(
        504,
        "too-slow",
        "Timed out",
        f"expected a response within {seconds:g} seconds. A change may have been made all the "
        "same: check, or retry.",
    )


_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


def _bearer(scope: Scope) -> str | None:
    header = Headers(scope=scope).get("authorization")
    if header is None:
        return None
    kind, _, text = header.partition(" ")
    return text.strip() if kind.lower() == "bearer" else header


class _Passing:
    """One request in progress, and what is known of its response."""

    def __init__(self, gate: Gate, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        self.id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        self.scope = scope
        self.status = 499
        self.caller: Caller | None = None
        scope["likeness.request"] = self.id
        self._receive = receive
        self._send = send
        self._headers = gate._headers
        is_json = headers.get("content-type", "").partition(";")[0].strip().endswith("json")
        most = _JSON_BYTES if is_json else 2 * gate._settings.max_bytes + _FORM_BYTES
        self._most = most
        self._received = 0
        self._started = False
        self._refused = False

    async def receive(self) -> Message:
        """Return the next part of the request, unless it is too large."""
        message = await self._receive()
        if message["type"] == "http.request":
            self._received += len(message.get("body", b""))
            if self._received > self._most:
                # Whatever reads the body may make an error of its own of this.
                await self.refuse(Problem.too_large(self._most))
                raise Problem.too_large(self._most)
        return message

    async def send(self, message: Message) -> None:
        """Send the next part of the response, with the headers of every response."""
        if self._refused:
            return
        if message["type"] == "http.response.start":
            self._started = True
            self.status = message["status"]
            headers = MutableHeaders(raw=list(message.get("headers", ())))
            headers["X-Request-Id"] = self.id
            if self.scope["path"].startswith("/api/") and "cache-control" not in headers:
                headers["Cache-Control"] = "no-store"
            message = {**message, "headers": [*headers.raw, *self._headers]}
        await self._send(message)

    async def refuse(self, problem: Problem) -> None:
        """Respond with a problem, if no response has started."""
        if self._started:
            return
        body = problem.body(self.id)
        headers = {
            **problem.headers,
            "Content-Type": MEDIA_TYPE,
            "Content-Length": str(len(body)),
        }
        raw = [(name.lower().encode(), text.encode()) for name, text in headers.items()]
        await self.send({"type": "http.response.start", "status": problem.status, "headers": raw})
        await self.send({"type": "http.response.body", "body": body})
        self._refused = True
