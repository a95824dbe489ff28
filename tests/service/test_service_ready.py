"""`ready` tries what a request needs, and says nothing that a stranger need not know."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import fields

import pytest

from likeness.recogniser.recogniser import Recogniser

from .conftest import Asking, Serving


@contextmanager
def writer_locked(asking: Asking) -> Iterator[None]:
    """Another program holds the gallery's writer."""
    other = sqlite3.connect(asking.service.settings.gallery, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.close()


@contextmanager
def model_stuck(asking: Asking) -> Iterator[None]:
    """The thread that embeds hangs in a photo."""
    free = threading.Event()

    class Stuck(Recogniser):
        def embed_faces(self, *args: object, **options: object) -> object:
            free.wait(120)
            return super().embed_faces(*args, **options)  # type: ignore[arg-type]

    old = asking.service.recogniser
    asking.service.give(Stuck(**{part.name: getattr(old, part.name) for part in fields(old)}))
    task = asyncio.create_task(asking.post("/identify", asking.photos[0]))
    try:
        yield
    finally:
        free.set()
        asking.service.give(old)
        task.add_done_callback(lambda done: done.exception())


@contextmanager
def reading_stuck(asking: Asking) -> Iterator[None]:
    """The database does not answer."""
    free = threading.Event()
    count = asking.gallery.count_people
    asking.gallery.count_people = lambda **_: free.wait(120) and 0  # type: ignore[method-assign]
    try:
        yield
    finally:
        free.set()
        asking.gallery.count_people = count  # type: ignore[method-assign]


Trouble = Callable[[Asking], AbstractContextManager[None]]


@pytest.mark.parametrize("trouble", [writer_locked, model_stuck, reading_stuck])
def test_not_ready_while_nothing_can_be_answered(serving: Serving, trouble: Trouble) -> None:
    async def use(asking: Asking) -> None:
        async def status() -> int:
            return (await asking.ask("GET", "/health/ready", role=None)).status_code

        async with asyncio.timeout(120):
            while await status() != 200:  # a busy machine
                pass
            with trouble(asking):
                await asyncio.sleep(0.05)
                answers = [await asking.ask("GET", "/health/ready", role=None) for _ in range(2)]
                assert {answer.status_code for answer in answers} == {503}
                assert answers[0].json()["code"] == "not-ready"
                assert (await asking.ask("GET", "/health/live", role=None)).status_code == 200
            while await status() != 200:
                await asyncio.sleep(0.02)

    serving(use, ready_seconds=0.2)


@pytest.mark.parametrize("statement", ["DROP TABLE people", "DROP TABLE gallery"])
def test_a_stranger_learns_nothing_of_the_gallery(serving: Serving, statement: str) -> None:
    async def use(asking: Asking) -> None:
        with asking.gallery.store.database.engine.begin() as connection:
            connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
            connection.exec_driver_sql(statement)
        answer = await asking.ask("GET", "/health/ready", role=None)
        assert answer.status_code == 503
        for word in ("people.db", "sqlite", "sql", "table", str(asking.service.settings.model)):
            assert word not in answer.text.lower()

    serving(use, ready_seconds=60)


@pytest.mark.parametrize("path", ["/", "/health/live", "/health/ready", "/page/main.js"])
def test_head_is_answered_as_get_is_without_the_content(serving: Serving, path: str) -> None:
    async def use(asking: Asking) -> None:
        whole = await asking.ask("GET", path, role=None)
        head = await asking.ask("HEAD", path, role=None)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == str(len(whole.content))
        assert head.headers["content-type"] == whole.headers["content-type"]

    serving(use, ready_seconds=60)


@pytest.mark.parametrize("path", ["/", "/people", "/people/1", "/audit"])
def test_what_shows_people_is_stored_by_no_browser(serving: Serving, path: str) -> None:
    async def use(asking: Asking) -> None:
        asking.gallery.enrol("Ada", [])
        assert (await asking.ask("GET", path)).headers["cache-control"] == "no-store"

    serving(use)
