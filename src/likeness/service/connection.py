"""`Connection`: uvicorn's HTTP connection, with limits on the head of a request."""

import asyncio
from typing import Any

from uvicorn.protocols.http.auto import AutoHTTPProtocol

from likeness.service.problems import MEDIA_TYPE, Problem

_HEAD_BYTES = 64 * 1024
"""Most bytes of the head of a request: beyond it parsing takes ever more time."""


class Connection(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
    """Closes a connection whose next request has no end of its head, in bytes or in time.

    Args:
        header_seconds: that a head may take, from its first byte or the connection's start.
        options: of uvicorn.
    """

    def __init__(self, *, header_seconds: float, **options: Any) -> None:
        super().__init__(**options)
        self._header_seconds = header_seconds
        self._head_bytes = 0
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Wait for the first head."""
        super().connection_made(transport)
        self._start_timer()

    def data_received(self, data: bytes) -> None:
        """Take bytes: of a head, or of the body of the request in progress."""
        before = self.cycle
        if before is not None and before.more_body:  # of its body
            super().data_received(data)
            return
        if self._timer is None:
            self._start_timer()
        self._head_bytes += len(data)
        super().data_received(data)
        if self.cycle is not before:
            self._stop_timer()
        elif self._head_bytes > _HEAD_BYTES:
            self._refuse(431, "head-too-large", f"at most {_HEAD_BYTES:,} bytes of headers")

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._stop_timer()
        super().connection_lost(exc)

    def _start_timer(self) -> None:
        self._timer = self.loop.call_later(self._header_seconds, self._too_slow)

    def _stop_timer(self) -> None:
        self._head_bytes = 0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_slow(self) -> None:
        self._refuse(408, "slow-head", f"all headers within {self._header_seconds:g} seconds")

    def _refuse(self, status: int, code: str, expected: str) -> None:
        self._stop_timer()
        if self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete:
            body = Problem(status, code, "Head refused", f"expected {expected}.").body("")
            head = (
                f"HTTP/1.1 {status} Head refused\r\nContent-Type: {MEDIA_TYPE}\r\n"
                f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            )
            self.transport.write(head.encode() + body)
        self.transport.close()
