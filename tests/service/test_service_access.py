"""Who may do what: each role on each route, no key, a wrong key, a revoked key."""

import pytest

from likeness.recogniser.gallery import ROLES

from .conftest import Asking, Serving

ROUTES = [
    ("GET", "/session", "viewer"),
    ("GET", "/people", "viewer"),
    ("POST", "/people", "operator"),
    ("GET", "/people/1", "viewer"),
    ("PATCH", "/people/1", "operator"),
    ("POST", "/people/1/merge", "operator"),
    ("DELETE", "/people/1", "admin"),
    ("GET", "/people/1/photos", "viewer"),
    ("POST", "/people/1/photos", "operator"),
    ("DELETE", "/photos/1", "operator"),
    ("POST", "/enrol?name=Bob", "operator"),
    ("POST", "/identify", "viewer"),
    ("POST", "/verify?person=1", "viewer"),
    ("POST", "/compare", "viewer"),
    ("GET", "/model", "viewer"),
    ("GET", "/audit", "admin"),
    ("GET", "/receipts/r1", "operator"),
    ("GET", "/metrics", "viewer"),
]
"""Every route that asks for a key, and the least role for it."""


def body_of(method: str, path: str, asking: Asking) -> dict:
    """A good body for a route."""
    if path in ("/people", "/people/1") and method in ("POST", "PATCH"):
        return {"json": {"name": "Cid"}}
    if path.endswith("/merge"):
        return {"json": {"into": 2}}
    if path == "/compare":
        return {"files": {"left": asking.photos[0], "right": asking.photos[1]}}
    if method == "POST":
        return {"content": asking.photos[5], "headers": {"Content-Type": "image/png"}}
    return {}


def test_the_list_of_routes_is_whole(serving: Serving) -> None:
    async def use(asking: Asking) -> None:
        paths = (await asking.ask("GET", "/openapi.json", role=None)).json()["paths"]
        there = {
            (
                method.upper(),
                path.removeprefix("/api/v1").replace("{id}", "1").replace("{request_id}", "r1"),
            )
            for path, methods in paths.items()
            for method in methods
            if not path.startswith("/health")
        }
        assert there == {(method, path.split("?")[0]) for method, path, _ in ROUTES}

    serving(use)


@pytest.mark.parametrize(("method", "path", "least"), ROUTES)
def test_each_role_on_each_route(serving: Serving, method: str, path: str, least: str) -> None:
    async def use(asking: Asking) -> None:
        await asking.enrol("Ada", 0)
        await asking.enrol("Eve", 4)
        body = body_of(method, path, asking)
        for role in ROLES:
            before = asking.gallery.counts(), asking.gallery.people()
            answer = await asking.ask(method, path, role=role, **body)
            if ROLES.index(role) < ROLES.index(least):
                assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
                assert (asking.gallery.counts(), asking.gallery.people()) == before
            else:
                # A change that the role before it made already is a conflict, or changes nothing.
                assert answer.status_code in (200, 201, 404, 409), answer.text

    serving(use)


@pytest.mark.parametrize(("method", "path", "least"), ROUTES)
def test_without_a_key_in_force_nothing(
    serving: Serving, method: str, path: str, least: str
) -> None:
    async def use(asking: Asking) -> None:
        number = await asking.enrol("Ada", 0)
        revoked, text = asking.gallery.api_keys.add("gone", role="admin")
        asking.gallery.api_keys.revoke(revoked.id)
        body = body_of(method, path, asking)
        good = asking.keys["admin"]
        wrong = {
            "revoked": text,
            "another secret": good[:-1] + ("a" if good[-1] != "a" else "b"),
            "another number": good.replace("lk_3_", "lk_1_"),
            "no such number": good.replace("lk_3_", "lk_99_"),
            "no key": "password",
        }
        for key in wrong.values():
            asking.keys["wrong"] = key
            answer = await asking.ask(method, path, role="wrong", **body)
            assert (answer.status_code, answer.json()["code"]) == (401, "wrong-key")
        answer = await asking.ask(method, path, role=None, **body)
        assert (answer.status_code, answer.json()["code"]) == (401, "no-key")
        assert answer.headers["www-authenticate"] == "Bearer"
        assert asking.gallery.person(number).templates == 1

    serving(use)


def test_health_needs_no_key(serving: Serving) -> None:
    async def use(asking: Asking) -> None:
        live = (await asking.ask("GET", "/health/live", role=None)).json()
        assert live == {"status": "live", "keys": True}
        ready = (await asking.ask("GET", "/health/ready", role=None)).json()
        assert (ready["status"], ready["people"]) == ("ready", 0)
        assert ready["model"] == asking.service.recogniser.model.fingerprint[:12]

    serving(use)


def test_a_session_says_what_a_key_may_do(serving: Serving) -> None:
    async def use(asking: Asking) -> None:
        seen: set[str] = set()
        for role in ROLES:
            document = (await asking.ask("GET", "/session", role=role)).json()
            assert (document["name"], document["role"]) == (f"the {role}", role)
            assert seen < set(document["permissions"])
            seen = set(document["permissions"])

    serving(use)


def test_a_key_is_heeded_as_soon_as_it_was_promised(serving: Serving) -> None:
    async def use(asking: Asking) -> None:
        assert (await asking.ask("GET", "/session")).status_code == 200
        asking.gallery.api_keys.revoke(3)
        assert (await asking.ask("GET", "/session")).status_code == 200  # known for an hour
        asking.keys["new"] = asking.gallery.api_keys.add("new", role="viewer")[1]
        assert (await asking.ask("GET", "/session", role="new")).status_code == 401

    serving(use, keys_seconds=3600)


def test_without_keys_everybody_may_do_everything(serving: Serving) -> None:
    async def use(asking: Asking) -> None:
        document = (await asking.ask("GET", "/session", role=None)).json()
        assert document["role"] == "admin"
        answer = await asking.ask("POST", "/people", role=None, json={"name": "Ada"})
        assert answer.status_code == 201
        assert asking.gallery.audit()[0].detail["key"] is None

    serving(use, no_keys=True)


def test_too_many_requests_of_one_key(serving: Serving) -> None:
    async def use(asking: Asking) -> None:
        answers = [await asking.ask("GET", "/session", role="viewer") for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 429, 429]
        assert answers[-1].json()["code"] == "too-often"
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 3600
        assert (await asking.ask("GET", "/session", role="admin")).status_code == 200

    serving(use, rate_limit="2/hour")


def test_no_limit(serving: Serving) -> None:
    async def use(asking: Asking) -> None:
        answers = [await asking.ask("GET", "/session") for _ in range(5)]
        assert {answer.status_code for answer in answers} == {200}

    serving(use, rate_limit="0")


def test_too_many_wrong_keys_of_one_address(serving: Serving) -> None:
    async def use(asking: Asking) -> None:
        asking.keys["wrong"] = "lk_1_" + "x" * 43
        answers = [await asking.ask("GET", "/session", role="wrong") for _ in range(3)]
        assert [answer.status_code for answer in answers] == [401, 401, 429]
        assert (await asking.ask("GET", "/session")).status_code == 200

    serving(use, wrong_keys_limit="2/hour")
