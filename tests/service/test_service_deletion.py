"""A deletion goes on without its client, and its receipt can be asked for again."""

import asyncio
import threading

from .conftest import Asking, Serving


def slowed(asking: Asking, seconds: float = 120) -> tuple[threading.Event, threading.Event]:
    """Have people forgotten only when that is free; returns what tells that it began, and that."""
    began, free = threading.Event(), threading.Event()
    forget = asking.gallery.forget

    def slow(who: int) -> object:
        began.set()
        free.wait(seconds)
        return forget(who)

    asking.gallery.forget = slow  # type: ignore[method-assign, assignment]
    return began, free


def test_the_search_for_what_is_left_has_no_time_limit(serving: Serving) -> None:
    async def use(asking: Asking) -> None:
        number = await asking.enrol("Ada", 0)
        slowed(asking, 1.5)
        answer = await asking.ask("DELETE", f"/people/{number}")
        assert (answer.status_code, answer.json()["name"]) == (200, "Ada")

    serving(use, time_limit=1)


def test_a_receipt_that_did_not_arrive_is_asked_for_again(serving: Serving) -> None:
    async def use(asking: Asking) -> None:
        number = await asking.enrol("Ada", 0)
        other = await asking.enrol("Eve", 4)
        began, free = slowed(asking)
        named = {"X-Request-Id": "r1"}
        task = asyncio.create_task(asking.ask("DELETE", f"/people/{number}", headers=named))
        while not began.is_set():
            await asyncio.sleep(0.01)
        task.cancel()
        free.set()
        found = await asking.ask("GET", "/receipts/r1")
        assert (found.status_code, found.json()["name"]) == (200, "Ada")
        again = await asking.ask("DELETE", f"/people/{number}", headers=named)
        assert again.json() == found.json()
        # The same id for another person is another deletion.
        assert (await asking.ask("DELETE", f"/people/{other}", headers=named)).json()[
            "name"
        ] == "Eve"
        assert asking.gallery.count_people() == 0
        assert (await asking.ask("DELETE", f"/people/{number}")).status_code == 404

    serving(use)


def test_a_receipt_is_for_the_key_that_deleted_and_for_admins(serving: Serving) -> None:
    async def use(asking: Asking) -> None:
        await asking.enrol("Ada", 0)
        named = {"X-Request-Id": "of-an-admin"}
        assert (await asking.ask("DELETE", "/people/1", headers=named)).status_code == 200
        await asking.enrol("Eve", 4)
        photos = (await asking.ask("GET", "/people/2/photos")).json()["photos"]
        removed = await asking.ask(
            "DELETE",
            f"/photos/{photos[0]['id']}",
            role="operator",
            headers={"X-Request-Id": "of-an-operator"},
        )
        assert removed.status_code == 200
        for role, name, status in (
            ("operator", "of-an-admin", 404),
            ("operator", "of-an-operator", 200),
            ("admin", "of-an-operator", 200),
            ("admin", "nobodys", 404),
        ):
            answer = await asking.ask("GET", f"/receipts/{name}", role=role)
            assert answer.status_code == status
        failed = await asking.ask("DELETE", "/people/9", headers={"X-Request-Id": "r9"})
        assert failed.status_code == 404

    serving(use)
