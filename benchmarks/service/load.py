"""Clients that identify, enrol and delete by turns, and the ledger of what was acknowledged."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import numpy as np

from benchmarks.service.server import Server
from benchmarks.service.wire import Reply, Wire
from likeness.recogniser.gallery import open_gallery

OK = {200, 201}
BUSY = 503


@dataclass(frozen=True, kw_only=True)
class Mix:
    """How often what is asked; the rest is identify.

    Args:
        enrol, delete: shares of all requests.
    """

    enrol: float = 0.03
    delete: float = 0.02


@dataclass(frozen=True, kw_only=True)
class Photos:
    """What is sent.

    Args:
        probes: to be identified, over and over.
        newcomers: to be enrolled, no two alike, each once.
    """

    probes: Iterator[bytes]
    newcomers: Iterator[bytes]


@dataclass(kw_only=True)
class Ledger:
    """What the service acknowledged, and what is not known because it was killed.

    Args:
        enrolled: names whose enrolment was acknowledged, with the person's id.
        deleted: names whose deletion was acknowledged.
        open: names of which one change was asked for and no answer came.
        done: answered requests, by kind.
        statuses: answers by (kind, status).
        unasked: 503s without Retry-After, and whatever else should not be.
        waits: seconds of every answered identification.
    """

    enrolled: dict[str, int] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    open: set[str] = field(default_factory=set)
    done: Counter[str] = field(default_factory=Counter)
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    unasked: list[str] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)


class Client:
    """One client: asks, waits for the answer, asks again.

    Args:
        number: of the client; its people are its own.
        wire: to the service.
        photos: to send.
        mix: what it asks.
        ledger: shared by all clients.
    """

    def __init__(self, number: int, wire: Wire, photos: Photos, mix: Mix, ledger: Ledger) -> None:
        self._number = number
        self._wire = wire
        self._photos = photos
        self._mix = mix
        self._ledger = ledger
        self._rng = np.random.default_rng(number)
        self._made = 0
        self._mine: list[str] = []

    async def run(self, until: float) -> None:
        """Ask until then (`time.monotonic`), or until the service is gone."""
        try:
            while time.monotonic() < until:
                await self._once()
        except ConnectionError:
            return
        finally:
            self._wire.close()

    async def _once(self) -> None:
        drawn = self._rng.random()
        if drawn < self._mix.enrol:
            await self._enrol()
        elif drawn < self._mix.enrol + self._mix.delete and self._mine:
            await self._delete()
        else:
            begun = time.perf_counter()
            photo = next(self._photos.probes)
            reply = await self._ask("identify", "POST", "/api/v1/identify", photo)
            if reply.status in OK:
                self._ledger.waits.append(time.perf_counter() - begun)

    async def _enrol(self) -> None:
        name = f"guest {self._number} {self._made}"
        self._made += 1
        self._ledger.open.add(name)
        target = f"/api/v1/enrol?name={quote(name)}"
        reply = await self._ask("enrol", "POST", target, next(self._photos.newcomers))
        self._ledger.open.discard(name)
        if reply.status in OK:
            self._ledger.enrolled[name] = reply.json()["person"]["id"]
            self._mine.append(name)

    async def _delete(self) -> None:
        name = self._mine.pop(int(self._rng.integers(len(self._mine))))
        self._ledger.open.add(name)
        person = self._ledger.enrolled[name]
        reply = await self._ask("delete", "DELETE", f"/api/v1/people/{person}")
        self._ledger.open.discard(name)
        if reply.status in OK:
            self._ledger.deleted.add(name)
        else:
            self._mine.append(name)

    async def _ask(self, kind: str, method: str, target: str, body: bytes = b"") -> Reply:
        reply = await self._wire.ask(method, target, body)
        self._ledger.statuses[kind, reply.status] += 1
        if reply.status in OK:
            self._ledger.done[kind] += 1
        elif reply.status == BUSY and "retry-after" in reply.headers:
            await asyncio.sleep(float(reply.headers["retry-after"]))
        else:
            self._ledger.unasked.append(f"{kind}: {reply.status} {reply.body[:200]!r}")
        return reply


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """What a load did.

    Args:
        ledger: what was acknowledged.
        seconds: that it took.
        memory_mb: of the server, (seconds since the start, MB).
    """

    ledger: Ledger
    seconds: float
    memory_mb: list[tuple[float, float]]


async def load(
    server: Server,
    *,
    key: str,
    photos: Photos,
    clients: int,
    seconds: float,
    mix: Mix,
    kill_after: float | None = None,
) -> Loaded:
    """Put clients to work on a server for a while.

    Args:
        server: to be asked.
        key: with the role admin.
        photos: to send; there must be newcomers enough.
        clients: how many at the same time.
        seconds: how long.
        mix: what they ask.
        kill_after: kill the server after so many seconds.

    Raises:
        RuntimeError: there were too few newcomers.
    """
    ledger, memory = Ledger(), []
    begun = time.monotonic()
    group = [
        asyncio.ensure_future(
            Client(number, Wire(server.port, key), photos, mix, ledger).run(begun + seconds)
        )
        for number in range(clients)
    ]
    while not all(one.done() for one in group):
        await asyncio.sleep(0.25)
        gone = time.monotonic() - begun
        if kill_after is not None and gone >= kill_after:
            server.kill()
            break
        memory.append((gone, server.resident_mb()))
    ended = await asyncio.gather(*group, return_exceptions=True)
    for error in ended:
        if isinstance(error, BaseException):
            raise RuntimeError("a client failed (were there enough newcomers?)") from error
    return Loaded(ledger=ledger, seconds=time.monotonic() - begun, memory_mb=memory)


def lost(where: Path, ledger: Ledger) -> list[str]:
    """Return what was acknowledged and is not so in the gallery, in words."""
    with open_gallery(where) as gallery:
        names = {person.name for person in gallery.everybody() if person.templates}
    expected = set(ledger.enrolled) - ledger.deleted - ledger.open
    gone = [f"{name}: enrolled and not there" for name in sorted(expected - names)]
    back = [f"{name}: deleted and still there" for name in sorted(ledger.deleted & names)]
    return gone + back
