"""People over HTTP: made, listed, changed, merged, forgotten."""

import pytest

from .conftest import Asking, Serving


def test_make_show_change_merge_forget(serving: Serving) -> None:
    async def use(asking: Asking) -> None:
        made = await asking.ask("POST", "/people", json={"name": "Ada", "metadata": {"room": "7"}})
        assert made.status_code == 201
        ada = made.json()
        assert made.headers["location"] == f"/api/v1/people/{ada['id']}"
        assert (ada["name"], ada["metadata"], ada["photos"]) == ("Ada", {"room": "7"}, 0)
        assert (await asking.ask("GET", made.headers["location"])).json() == {**ada, "photos": []}
        both = {"name": "Ada L.", "metadata": {"room": "8"}}
        changed = (await asking.ask("PATCH", f"/people/{ada['id']}", json=both)).json()
        assert changed == {**ada, **both}
        only = (await asking.ask("PATCH", f"/people/{ada['id']}", json={"metadata": {}})).json()
        assert only == {**changed, "metadata": {}}
        twin = await asking.enrol("Twin", 0)
        merged = await asking.ask("POST", f"/people/{twin}/merge", json={"into": ada["id"]})
        assert (merged.json()["name"], merged.json()["photos"]) == ("Ada L.", 1)
        gone = await asking.ask("GET", f"/people/{twin}")
        assert (gone.status_code, gone.json()["code"]) == (404, "unknown-person")
        receipt = (await asking.ask("DELETE", f"/people/{ada['id']}")).json()
        assert (receipt["name"], receipt["person_removed"]) == ("Ada L.", True)
        assert receipt["verified_absent"] is True
        assert receipt["by"] == "the admin"
        assert receipt["sentences"][0].startswith("Forgot Ada L.: 1 template removed")
        assert asking.gallery.count_people() == 0

    serving(use)


def test_the_receipt_proves_the_entry_of_the_audit_log(serving: Serving) -> None:
    async def use(asking: Asking) -> None:
        ada = await asking.enrol("Ada", 0)
        asked = await asking.ask("DELETE", f"/people/{ada}", headers={"X-Request-Id": "r-1"})
        document = asked.json()
        from likeness.recogniser.gallery import Receipt

        names = Receipt.__dataclass_fields__
        receipt = Receipt(
            **{
                name: tuple(value) if isinstance(value, list) else value
                for name, value in document.items()
                if name in names
            }
        )
        entry = asking.gallery.audit()[-1]
        assert (entry.what, entry.receipt_digest) == ("forgot", receipt.digest)
        assert entry.detail == {"request": "r-1", "key": 3}
        assert "Ada" not in str(vars(entry))

    serving(use)


def test_pages_and_search(serving: Serving) -> None:
    async def use(asking: Asking) -> None:
        names = ["Ada", "Bea", "Bob", "Cid", "Ünal"]
        for name in reversed(names):
            asking.gallery.enrol(name, [])
        seen, after = [], None
        while True:
            params = {"limit": 2} if after is None else {"limit": 2, "after": after}
            page = (await asking.ask("GET", "/people", params=params)).json()
            assert page["total"] == 5
            seen += [person["name"] for person in page["people"]]
            after = page["next"]
            if after is None:
                break
        assert seen == names
        found = (await asking.ask("GET", "/people", params={"search": "b"})).json()
        assert [one["name"] for one in found["people"]] == ["Bea", "Bob"]
        assert (found["total"], found["next"]) == (2, None)
        found = (await asking.ask("GET", "/people", params={"search": "üNAL"})).json()
        assert found["total"] == 1

    serving(use)


def test_an_etag_is_of_what_is_listed(serving: Serving) -> None:
    async def use(asking: Asking) -> None:
        first = await asking.ask("GET", "/people")
        etag = first.headers["etag"]
        assert first.headers["cache-control"] == "no-store"  # names
        await asking.post("/identify", asking.photos[0])  # changes nothing that is listed
        for asked in (etag, f'W/{etag}, "x"', "*"):
            again = await asking.ask("GET", "/people", headers={"If-None-Match": asked})
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["etag"] == etag
        ada = await asking.enrol("Ada", 0)
        after = await asking.ask("GET", "/people", headers={"If-None-Match": etag})
        assert after.status_code == 200
        await asking.ask("PATCH", f"/people/{ada}", json={"metadata": {"room": "7"}})
        last = await asking.ask("GET", "/people", headers={"If-None-Match": after.headers["etag"]})
        assert last.status_code == 200

    serving(use)


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("POST", "/people", {"name": ""}, 422, "invalid"),
        ("POST", "/people", {"name": "a\x00b"}, 422, "invalid"),
        ("POST", "/people", {"name": "x" * 201}, 422, "invalid"),
        ("POST", "/people", {}, 422, "invalid"),
        ("POST", "/people", {"name": "Eve", "colour": "red"}, 422, "invalid"),
        ("POST", "/people", {"name": "Eve", "metadata": [1]}, 422, "invalid"),
        ("POST", "/people", {"name": "Ada"}, 409, "already-enrolled"),
        ("PATCH", "/people/1", {}, 422, "invalid"),
        ("PATCH", "/people/1", {"name": "Bob"}, 409, "already-enrolled"),
        ("PATCH", "/people/99", {"name": "Eve"}, 404, "unknown-person"),
        ("POST", "/people/1/merge", {"into": 1}, 422, "invalid"),
        ("POST", "/people/1/merge", {"into": 99}, 404, "unknown-person"),
        ("POST", "/people/1/merge", {"into": 0}, 422, "invalid"),
        ("DELETE", "/people/99", None, 404, "unknown-person"),
        ("DELETE", "/people/x", None, 422, "invalid"),
        ("DELETE", "/people/0", None, 422, "invalid"),
        ("GET", f"/people/{2**63}", None, 422, "invalid"),
        ("GET", "/people/99/photos", None, 404, "unknown-person"),
        ("DELETE", "/photos/99", None, 404, "unknown-person"),
        ("GET", "/people?limit=0", None, 422, "invalid"),
        ("GET", "/people?limit=1001", None, 422, "invalid"),
        ("GET", "/people?limit=1&limit=2", None, 422, "invalid"),
        ("GET", "/people?serach=x", None, 422, "invalid"),
        ("GET", "/people?search=%00", None, 422, "invalid"),
        ("GET", "/session?x=1", None, 422, "invalid"),
        ("GET", "/audit?after=-1", None, 422, "invalid"),
        ("PUT", "/people", None, 405, "method"),
        ("GET", "/nothing", None, 404, "not-found"),
    ],
)
def test_what_is_refused_is_a_problem(  # noqa: PLR0917
    serving: Serving, method: str, path: str, body: object, status: int, code: str
) -> None:
    async def use(asking: Asking) -> None:
        asking.gallery.enrol("Ada", [])
        asking.gallery.enrol("Bob", [])
        before = asking.gallery.people()
        answer = await asking.ask(method, path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        problem = answer.json()
        assert set(problem) == {"type", "title", "status", "detail", "code", "instance"}
        assert problem["status"] == status
        assert problem["instance"] == answer.headers["x-request-id"]
        assert problem["detail"]
        assert "Traceback" not in answer.text
        assert asking.gallery.people() == before

    serving(use)


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"{", 422),
        (b"[" * 60_000, 400),
        (b'{"name": "Ada", "metadata": {"x": NaN}}', 422),
        (b'{"name": "\\ud800"}', 422),
        (b'{"name": "Ada", "metadata": {"x": "\\ud800"}}', 422),
        (b'{"name": "\xff"}', 400),
        (b'{"name": "' + b"x" * 70_000 + b'"}', 413),
    ],
)
def test_hostile_json(serving: Serving, content: bytes, status: int) -> None:
    async def use(asking: Asking) -> None:
        headers = {"Content-Type": "application/json"}
        answer = await asking.ask("POST", "/people", content=content, headers=headers)
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert asking.gallery.count_people() == 0

    serving(use)
