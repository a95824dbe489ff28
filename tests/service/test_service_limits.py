"""What one client cannot do to the others: endless heads, slow bodies, many requests at a time."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from functools import partial

import pytest
import uvicorn

from likeness.service.running import Connection
from likeness.service.settings import Settings

from .conftest import Asking, Serving, served

PATIENCE = 120


async def never(first: bytes = b"", *, free: asyncio.Event | None = None) -> AsyncIterator[bytes]:
    """A body whose end never comes, or only when that is free."""
    yield first
    await (free or asyncio.Event()).wait()


HEADS = [b"GET / HTTP/1.1\r\nHost: x\r\nX: ", b"GET /", b"POST / HTTP/1.1\r\nX"]


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("grows", [True, False], ids=["endless", "slow"])
def test_a_head_that_does_not_end_ends_its_connection(
    settings: Settings, photos: list[bytes], head: bytes, grows: bool
) -> None:
    async def use() -> None:
        async with served(settings, photos) as asking:
            seconds = 60.0 if grows else 0.05
            config = uvicorn.Config(
                asking.app,
                port=0,
                lifespan="off",
                log_config=None,
                http=partial(Connection, header_seconds=seconds),  # type: ignore[arg-type]
            )
            server = uvicorn.Server(config)
            task = asyncio.create_task(server.serve())
            while not server.started:
                await asyncio.sleep(0.01)
            port = server.servers[0].sockets[0].getsockname()[1]
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(head + b"a" * (200_000 if grows else 1))
            answer = b""
            async with asyncio.timeout(PATIENCE):
                with suppress(ConnectionError):  # what is sent to a closed connection
                    answer = await reader.read()
            assert answer == b"" or answer.split()[1] in (b"400", b"408", b"431")
            writer.close()
            server.should_exit = True
            await task

    asyncio.run(use())


@pytest.mark.parametrize(
    ("path", "kind", "start"),
    [
        ("/identify", "image/png", b"x"),
        ("/people", "application/json", b"{"),
        ("/compare", "multipart/form-data; boundary=x", b"--x\r\n"),
    ],
)
def test_a_body_that_does_not_come_is_not_waited_for(
    serving: Serving, path: str, kind: str, start: bytes
) -> None:
    async def use(asking: Asking) -> None:
        headers = {"Content-Type": kind, "Content-Length": "1000"}
        answer = await asking.ask("POST", path, content=never(start), headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (408, "slow-body")

    serving(use, body_seconds=0.05)


def test_slow_uploads_take_no_place_in_the_queue(serving: Serving) -> None:
    async def use(asking: Asking) -> None:
        free = asyncio.Event()
        headers = {"Content-Type": "image/png"}
        slow = [
            asyncio.create_task(
                asking.ask("POST", path, content=never(b"x", free=free), headers=headers)
            )
            for path in ("/identify", "/enrol?name=Ada", "/verify?person=1")
        ]
        while "likeness_requests_in_progress 4.0" not in (await asking.ask("GET", "/metrics")).text:
            await asyncio.sleep(0.01)
        assert (await asking.post("/identify", asking.photos[0])).status_code == 200
        free.set()
        await asyncio.gather(*slow)

    serving(use, queue=1)


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("POST", "/enrol?name=Ada", "image/png"),
        ("POST", "/people", "application/json"),
        ("PATCH", "/people/1", "application/json"),
        ("POST", "/people/1/photos", "multipart/form-data; boundary=x"),
    ],
)
def test_a_role_is_checked_before_the_body_is_read(
    serving: Serving, method: str, path: str, kind: str
) -> None:
    async def use(asking: Asking) -> None:
        headers = {"Content-Type": kind}
        answer = await asking.ask(method, path, role="viewer", content=never(), headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")

    serving(use)


def test_one_key_has_so_many_requests_at_a_time(serving: Serving) -> None:
    async def use(asking: Asking) -> None:
        free = asyncio.Event()
        headers = {"Content-Type": "image/png"}
        held = [
            asyncio.create_task(
                asking.ask("POST", "/identify", role="viewer", content=body, headers=headers)
            )
            for body in (never(b"x", free=free), never(b"y", free=free))
        ]
        while "likeness_requests_in_progress 3.0" not in (await asking.ask("GET", "/metrics")).text:
            await asyncio.sleep(0.01)
        more = await asking.ask("GET", "/people", role="viewer")
        assert (more.status_code, more.json()["code"]) == (429, "too-many-at-once")
        assert more.headers["retry-after"] == "1"
        assert (await asking.ask("GET", "/people", role="admin")).status_code == 200
        free.set()
        await asyncio.gather(*held)
        assert (await asking.ask("GET", "/people", role="viewer")).status_code == 200

    serving(use, key_requests=2)


def test_a_clock_that_is_put_back_prolongs_no_window(
    serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def use(asking: Asking) -> None:
        async def session() -> int:
            return (await asking.ask("GET", "/session")).status_code

        assert [await session(), await session()] == [200, 429]
        now, passed = time.time, time.monotonic
        monkeypatch.setattr(time, "time", lambda: now() - 3600)
        monkeypatch.setattr(time, "monotonic", lambda: passed() + 61)  # a minute later
        assert await session() == 200

    serving(use, rate_limit="1/minute")


PAGES = {
    "a form of another page": {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
    "a form without an origin": {"Origin": "null"},
    "an image's address": {"Sec-Fetch-Site": "cross-site"},
    "another port of this machine": {"Origin": "http://127.0.0.1:8080"},
    "a page of the same site": {"Sec-Fetch-Site": "same-site"},
    "a name that points here": {"Host": "evil.example"},
    "a name that starts like this machine's": {"Host": "localhost.evil.example:80"},
    "an address of another machine": {"Host": "192.168.1.4:80"},
}


@pytest.mark.parametrize("headers", PAGES.values(), ids=list(PAGES))
def test_without_keys_no_other_page_may_ask(serving: Serving, headers: dict[str, str]) -> None:
    async def use(asking: Asking) -> None:
        number = asking.gallery.enrol("Ada", []).person.id
        for method, path in (
            ("GET", "/people"),
            ("POST", "/people"),
            ("DELETE", f"/people/{number}"),
            ("GET", "/metrics"),
        ):
            answer = await asking.ask(
                method, path, role=None, headers=headers, json={"name": "Eve"}
            )
            assert (answer.status_code, answer.json()["code"]) == (403, "foreign-page")
        assert [person.name for person in asking.gallery.people()] == ["Ada"]

    serving(use, no_keys=True)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://127.0.0.1", "Sec-Fetch-Site": "same-origin"},
        {"Host": "localhost:8000", "Origin": "http://localhost:8000"},
        {"Host": "[::1]:8000", "Sec-Fetch-Site": "none"},
        {"Origin": "https://a.example", "Sec-Fetch-Site": "cross-site"},
    ],
)
def test_without_keys_the_own_page_and_programs_may_ask(
    serving: Serving, headers: dict[str, str]
) -> None:
    async def use(asking: Asking) -> None:
        answer = await asking.ask("GET", "/people", role=None, headers=headers)
        assert answer.status_code == 200, answer.text

    serving(use, no_keys=True, cors_origins=("https://a.example",))


def test_with_keys_a_host_is_anybodys(serving: Serving) -> None:
    async def use(asking: Asking) -> None:
        answer = await asking.ask("GET", "/people", headers={"Host": "door.example"})
        assert answer.status_code == 200

    serving(use)
