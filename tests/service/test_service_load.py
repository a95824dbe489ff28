"""Many at once: batches, a full queue, a time limit, an end that loses nothing."""

import asyncio
import threading
from collections.abc import Sequence

import pytest

from likeness.service.batcher import Batcher

from .conftest import Asking, Serving


def test_what_waits_is_done_together() -> None:
    async def use() -> None:
        sizes: list[int] = []
        free = threading.Event()

        def work(items: Sequence[int]) -> list[int]:
            free.wait(300)
            return [2 * item for item in items]

        batcher: Batcher[int, int] = Batcher(work, most=4, name="x", on_batch=sizes.append)
        asked = [asyncio.create_task(batcher.do(item)) for item in range(10)]
        await asyncio.sleep(0.01)
        free.set()
        assert await asyncio.gather(*asked) == [2 * item for item in range(10)]
        assert sum(sizes) == 10
        assert max(sizes) == 4
        await batcher.close()

    asyncio.run(use())


def test_an_error_is_its_askers_alone_and_one_that_is_raised_is_of_all() -> None:
    async def use() -> None:
        def work(items: Sequence[int]) -> list[int | Exception]:
            if 9 in items:
                raise KeyError("all")
            return [ValueError(item) if item == 1 else item for item in items]

        batcher: Batcher[int, int] = Batcher(work, most=8, name="x")
        found = await asyncio.gather(*map(batcher.do, range(3)), return_exceptions=True)
        assert (found[0], type(found[1]), found[2]) == (0, ValueError, 2)
        with pytest.raises(KeyError):
            await batcher.do(9)
        assert await batcher.do(5) == 5
        await batcher.close()

    asyncio.run(use())


def test_who_is_gone_is_left_out() -> None:
    async def use() -> None:
        done: list[int] = []
        free = threading.Event()

        def work(items: Sequence[int]) -> list[int]:
            free.wait(300)
            done.extend(items)
            return list(items)

        batcher: Batcher[int, int] = Batcher(work, most=1, name="x")
        asked = [asyncio.create_task(batcher.do(item)) for item in range(3)]
        await asyncio.sleep(0.01)
        asked[1].cancel()
        free.set()
        assert await asked[2] == 2
        assert done == [0, 2]
        await batcher.close()

    asyncio.run(use())


def test_closing_finishes_what_waits() -> None:
    async def use() -> None:
        batcher: Batcher[int, int] = Batcher(list, most=1, name="x")
        asked = [asyncio.create_task(batcher.do(item)) for item in range(5)]
        await asyncio.sleep(0)
        await batcher.close()
        assert await asyncio.gather(*asked) == list(range(5))

    asyncio.run(use())


def test_many_at_once_get_each_their_own_answer(serving: Serving) -> None:
    async def use(asking: Asking) -> None:
        for person in range(8):
            await asking.enrol(f"person {person}", 4 * person)
        asked = [asking.post("/identify?top_k=1", asking.photos[4 * (i % 8)]) for i in range(40)]
        for i, answer in enumerate(await asyncio.gather(*asked)):
            (face,) = answer.json()["faces"]
            assert face["nearest"][0]["name"] == f"person {i % 8}"
        entries = [one for one in asking.gallery.audit(limit=1000) if one.what == "identified"]
        assert len(entries) == 40
        metrics = (await asking.ask("GET", "/metrics")).text
        assert (
            'likeness_requests_total{method="POST",route="/api/v1/identify",status="200"} 40.0'
            in (metrics)
        )
        assert "likeness_photos_waiting 0.0" in metrics
        assert "person" not in metrics

    serving(use)


def slowed(asking: Asking, free: threading.Event) -> None:
    """Have photos read only when that is free."""
    reader = asking.service.recogniser.reader
    read = type(reader).read

    class Slow(type(reader)):  # type: ignore[misc]
        def read(self, *args: object, **options: object) -> object:
            free.wait(300)
            return read(self, *args, **options)  # type: ignore[arg-type]

    object.__setattr__(reader, "__class__", Slow)


def test_a_full_queue_refuses_and_says_when_to_ask_again(serving: Serving) -> None:
    async def use(asking: Asking) -> None:
        free = threading.Event()
        slowed(asking, free)
        asked = [asyncio.create_task(asking.post("/identify", asking.photos[0])) for _ in range(5)]
        while sum(task.done() for task in asked) < 3:
            await asyncio.sleep(0.01)
        assert (await asking.ask("GET", "/people")).status_code == 200  # lists need no place
        free.set()
        answers = [await task for task in asked]
        assert sorted(answer.status_code for answer in answers) == [200, 200, 503, 503, 503]
        refused = next(answer for answer in answers if answer.status_code == 503)
        assert (refused.json()["code"], refused.headers["retry-after"]) == ("busy", "1")
        assert (await asking.post("/identify", asking.photos[0])).status_code == 200
        assert "likeness_photos_refused_total 3.0" in (await asking.ask("GET", "/metrics")).text

    serving(use, queue=2)


def test_what_takes_too_long_is_answered_so(serving: Serving) -> None:
    async def use(asking: Asking) -> None:
        free = threading.Event()
        slowed(asking, free)
        answer = await asking.post("/identify", asking.photos[0])
        free.set()
        assert (answer.status_code, answer.json()["code"]) == (504, "too-slow")
        assert asking.service._in_work == 0
        assert [one.what for one in asking.gallery.audit()] == ["added a key"] * 3

    serving(use, time_limit=0.3)


def test_enrolments_and_deletions_at_once_lose_nothing(serving: Serving) -> None:
    async def use(asking: Asking) -> None:
        async def come_and_go(at: int) -> None:
            number = await asking.enrol(f"person {at}", at)
            if at % 2:
                receipt = await asking.ask("DELETE", f"/people/{number}")
                assert receipt.status_code == 200

        await asyncio.gather(*(come_and_go(at) for at in range(0, 16)))
        names = [one.name for one in asking.gallery.people()]
        assert sorted(names) == sorted(f"person {at}" for at in range(0, 16, 2))

    serving(use)
