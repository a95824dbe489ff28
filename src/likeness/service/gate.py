"""`Gate`: what every request passes through: id, key, limits, log, headers.

Plain ASGI rather than a framework's middleware: it adds microseconds, and streams nothing twice.
"""

import asyncio
import ipaddress
import logging
import math
import re
import secrets
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

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
        self._in_progress: Counter[int | None] = Counter()
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
            async with asyncio.timeout(self._settings.time_limit) as limit:
                passing.scope["likeness.time_limit"] = limit
                passing.caller = replace(await self._caller(scope), request_id=passing.id)
                passing.scope["likeness.caller"] = passing.caller
                with self._one_more(passing.caller.key):
                    await self.app(passing.scope, passing.receive, passing.send)
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
        keyed = scope["path"].startswith(_KEYED)
        if self._settings.no_keys:
            _check_origin(Headers(scope=scope), self._settings, guarded=keyed)
        if self._settings.no_keys or not keyed:
            return NOBODY
        try:
            caller = await self._keys.caller(_bearer(scope))
        except Problem as problem:
            if problem.code == "wrong-key":
                self._wrong_keys.count((scope.get("client") or ("unknown",))[0])
            raise
        self._rate.count(str(caller.key))
        return caller

    @contextmanager
    def _one_more(self, key: int | None) -> Iterator[None]:
        """Count a request of a key while it is in progress.

        Raises:
            Problem: 429 if it is one too many at a time.
        """
        most = self._settings.key_requests
        if key is not None and self._in_progress[key] >= most:
            raise Problem(
                429,
                "too-many-at-once",
                "Too many requests at a time",
                f"expected at most {most} requests of one key at a time. Retry in 1 s.",
                headers={"Retry-After": "1"},
            )
        self._in_progress[key] += 1
        self._metrics.in_progress.inc()
        try:
            yield
        finally:
            self._in_progress[key] -= 1
            self._metrics.in_progress.dec()

    def _done(self, passing: "_Passing", seconds: float) -> None:
        scope = passing.scope
        route = _route_of(scope)
        method = passing.method
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
    """How often a caller may send a request: so many in each window of time.

    Windows are measured by a clock that nobody sets: one that is put back must not prolong them.

    Args:
        rate: such as "100/second"; "0" means no limit.
        what: is counted, for the message.
    """

    def __init__(self, rate: str, *, what: str) -> None:
        self._rate = rate
        self._what = what
        self._parsed = rate_of(rate)
        self._windows: dict[str, tuple[float, int]] = {}
        """Caller → end of their window, and how many requests were counted in it."""

    def count(self, caller: str) -> None:
        """Count one more request of a caller.

        Raises:
            Problem: 429 if it is one too many.
        """
        if self._parsed is None:
            return
        most, seconds = self._parsed
        now = time.monotonic()
        end, counted = self._windows.get(caller, (now, 0))
        if end <= now:
            if len(self._windows) >= _MOST_WINDOWS:
                self._windows = {
                    who: window for who, window in self._windows.items() if window[0] > now
                }
            end, counted = now + seconds, 0
        if counted < most:
            self._windows[caller] = (end, counted + 1)
            return
        wait = math.ceil(end - now)
        raise Problem(
            429,
            "too-often",
            "Too many requests",
            f"expected at most {self._rate} {self._what}. Retry in {wait} s.",
            headers={"Retry-After": str(wait)},
        )


_MOST_WINDOWS = 10_000
"""Callers that are remembered before those whose window has ended are forgotten."""


def _timed_out(seconds: float) -> Problem:
    return Problem(
        504,
        "too-slow",
        "Timed out",
        f"expected a response within {seconds:g} seconds. A change may have been made all the "
        "same: check, or retry.",
    )


def _slow_body(seconds: float) -> Problem:
    return Problem(
        408,
        "slow-body",
        "Body too slow",
        f"expected the whole body within {seconds:g} seconds. Send a smaller photo.",
        headers={"Connection": "close"},
    )


_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


def _bearer(scope: Scope) -> str | None:
    header = Headers(scope=scope).get("authorization")
    if header is None:
        return None
    kind, _, text = header.partition(" ")
    return text.strip() if kind.lower() == "bearer" else header


def _check_origin(headers: Headers, settings: Settings, *, guarded: bool) -> None:
    """Refuse what another web page in the operator's browser sends.

    A browser sends a form, an image's address or a script's request of any page to this machine,
    and a name that its owner lets point here (DNS rebinding) makes a page even one of this
    machine's. Without keys the headers that a page cannot choose must tell: ``Host``, ``Origin``
    and ``Sec-Fetch-Site``. A program that is no browser sends none of the last two.

    Args:
        headers: of the request.
        settings: of a service without keys: its host, and the origins that are let in.
        guarded: whether the route reads or changes something; others are the page itself.

    Raises:
        Problem: 403 if it does.
    """
    host = headers.get("host", "")
    if host and not _is_own(host, settings):
        raise _foreign(f"expected an address of this machine as the host. Received: {host!r:.100}.")
    if not guarded:
        return
    origin = headers.get("origin")
    if origin in settings.cors_origins:
        return
    if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
        raise _foreign(f"expected a request of this page. Received: one of {origin!r:.100}.")
    site = headers.get("sec-fetch-site", "none")
    if site not in ("same-origin", "none"):
        raise _foreign(f"expected a request of this page. Received: a {site!r:.30} one.")


def _is_own(host: str, settings: Settings) -> bool:
    """Return whether a Host header names this machine."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if name in ("localhost", settings.host.lower()):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _foreign(detail: str) -> Problem:
    return Problem(
        403,
        "foreign-page",
        "Request of another page",
        f"{detail} The service runs without keys; start it with keys to let others in.",
    )


class _Passing:
    """One request in progress, and what is known of its response."""

    def __init__(self, gate: Gate, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        self.id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        # HEAD is answered as GET is, without the content.
        self._is_head = scope["method"] == "HEAD" and not scope["path"].startswith("/api/")
        self.method = scope["method"] if scope["method"] in _METHODS else "other"
        self.scope = {**scope, "method": "GET"} if self._is_head else scope
        self.status = 499
        self.caller: Caller | None = None
        self.scope["likeness.request"] = self.id
        self._receive = receive
        self._send = send
        self._headers = gate._headers
        self._body_seconds = gate._settings.body_seconds
        self._body_until: float | None = None
        self._body_is_there = False
        is_json = headers.get("content-type", "").partition(";")[0].strip().endswith("json")
        most = _JSON_BYTES if is_json else 2 * gate._settings.max_bytes + _FORM_BYTES
        self._most = most
        self._received = 0
        self._started = False
        self._refused = False

    async def receive(self) -> Message:
        """Return the next part of the request, unless it is too large or too slow."""
        if self._body_is_there:  # what comes now is the end of the connection
            return await self._receive()
        now = asyncio.get_running_loop().time()
        self._body_until = self._body_until or now + self._body_seconds
        try:
            async with asyncio.timeout_at(self._body_until):
                message = await self._receive()
        except TimeoutError:
            problem = _slow_body(self._body_seconds)
            await self.refuse(problem)
            raise problem from None
        self._body_is_there = not message.get("more_body", False)
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
        elif self._is_head:
            message = {**message, "body": b""}
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
