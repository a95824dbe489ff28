"""The client: each method against the real service, and against its OpenAPI document."""

import inspect
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from likeness.service.client import Client, ServiceError

fastapi = pytest.importorskip("fastapi", reason='needs pip install "siamese-likeness[serve]"')


class Recorded(httpx.BaseTransport):
    """Answers what it is told, and keeps what was asked."""

    def __init__(self, document: Any, *, status: int = 200, headers: Any = None) -> None:
        self.asked: list[httpx.Request] = []
        self._answer = (document, status, headers)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.asked.append(request)
        document, status, headers = self._answer
        return httpx.Response(status, json=document, headers=headers)


EVERYTHING: dict[str, Callable[[Client], Any]] = {
    "session": lambda client: client.session(),
    "ready": lambda client: client.ready(),
    "model": lambda client: client.model(),
    "people": lambda client: list(client.people(search="a")),
    "person": lambda client: client.person(1),
    "photos": lambda client: client.photos(1),
    "add_person": lambda client: client.add_person("Ada", metadata={"room": "7"}),
    "change_person": lambda client: client.change_person(1, name="Eve", metadata={}),
    "merge": lambda client: client.merge(1, into=2),
    "forget": lambda client: client.forget(1),
    "enrol": lambda client: client.enrol("Ada", b"x", keep=True),
    "add_photo": lambda client: client.add_photo(1, b"x", keep=False, approved=True),
    "receipt": lambda client: client.receipt("1"),
    "remove_photo": lambda client: client.remove_photo(1),
    "identify": lambda client: client.identify(b"x", all_faces=False, top_k=2),
    "verify": lambda client: client.verify(1, b"x"),
    "compare": lambda client: client.compare(b"x", b"y"),
    "audit": lambda client: list(client.audit()),
}


def route_of(asked: httpx.Request) -> str:
    """The pattern of a request's path."""
    name = "request_id" if "/receipts/" in asked.url.path else "id"
    return re.sub(r"/\d+", f"/{{{name}}}", asked.url.path)


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    """The OpenAPI document of the service."""
    from likeness.recogniser import Recogniser
    from likeness.recogniser.gallery import GalleryModel, create_gallery
    from likeness.service.app import make_app
    from likeness.service.service import Service
    from likeness.service.settings import Settings

    class Model:
        energy, threshold, calibration, fingerprint = "cosine", 0.5, {}, "f" * 12

        def embed(self, images: Any) -> Any:
            return np.zeros((len(images), 2), np.float32)

    about = GalleryModel(fingerprint="f" * 12, energy="cosine", dimensions=2)
    recogniser = Recogniser(model=Model(), gallery=create_gallery(":memory:", about))
    settings = Settings()
    document: dict[str, Any] = make_app(Service(recogniser, settings), settings).api.openapi()
    return document


def test_every_method_is_tried() -> None:
    public = {
        name
        for name, _ in inspect.getmembers(Client, inspect.isfunction)
        if not name.startswith("_") and name != "close"
    }
    assert public == set(EVERYTHING)


@pytest.mark.parametrize("name", EVERYTHING)
def test_what_is_asked_is_in_the_openapi_document(name: str, described: dict[str, Any]) -> None:
    transport = Recorded({"people": [], "next": None, "photos": [], "entries": []})
    with Client("http://likeness", key="lk_1_x", transport=transport) as client:
        EVERYTHING[name](client)
    (asked,) = transport.asked
    assert asked.headers["authorization"] == "Bearer lk_1_x"
    path = route_of(asked)
    operation = described["paths"][path][asked.method.lower()]
    known = {one["name"]: one for one in operation.get("parameters", ())}
    assert set(asked.url.params) <= set(known)
    needed = {name for name, one in known.items() if one["required"] and one["in"] == "query"}
    assert needed <= set(asked.url.params)
    for parameter, value in asked.url.params.items():
        if known[parameter]["schema"].get("type") == "boolean":
            assert value in ("true", "false")
    content = operation.get("requestBody", {}).get("content", {})
    assert bool(content) is bool(asked.content)
    if content:
        kind = asked.headers["content-type"].split(";")[0]
        assert kind in content
        if kind == "application/json":
            schema = content[kind]["schema"]["$ref"].rsplit("/", 1)[1]
            properties = described["components"]["schemas"][schema]["properties"]
            assert set(json.loads(asked.content)) <= set(properties)


def test_every_route_has_a_method(described: dict[str, Any]) -> None:
    transport = Recorded({"people": [], "next": None, "photos": [], "entries": []})
    with Client("http://likeness", transport=transport) as client:
        for ask in EVERYTHING.values():
            ask(client)
    tried = {(route_of(one), one.method.lower()) for one in transport.asked}
    there = {(path, method) for path, ways in described["paths"].items() for method in ways}
    assert there - tried == {("/health/live", "get"), ("/metrics", "get")}
    assert all("authorization" not in one.headers for one in transport.asked)


def test_pages_are_gone_through() -> None:
    pages = iter(
        [
            {"people": [{"name": "Ada"}, {"name": "Bob"}], "next": "Bob", "total": 3},
            {"people": [{"name": "Cid"}], "next": None, "total": 3},
        ]
    )
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url.query, "ascii"))
        return httpx.Response(200, json=next(pages))

    with Client("http://likeness", transport=httpx.MockTransport(answer)) as client:
        found: Iterator[Any] = client.people(page=2)
        assert [one["name"] for one in found] == ["Ada", "Bob", "Cid"]
    assert asked == ["limit=2", "after=Bob&limit=2"]


def test_a_problem_is_an_error_with_its_code() -> None:
    problem = {"title": "Too many", "detail": "ask again", "status": 503, "code": "busy"}
    transport = Recorded({**problem, "instance": "r-1"}, status=503, headers={"Retry-After": "1"})
    with (
        Client("http://likeness", transport=transport) as client,
        pytest.raises(ServiceError, match="Too many: ask again") as raised,
    ):
        client.identify(b"x")
    error = raised.value
    assert (error.status, error.code, error.request_id, error.retry_after) == (
        503,
        "busy",
        "r-1",
        1.0,
    )


def test_what_is_no_service() -> None:
    answer = httpx.MockTransport(lambda request: httpx.Response(502, text="<html>"))
    with (
        Client("http://likeness", transport=answer) as client,
        pytest.raises(ServiceError, match="expected JSON") as raised,
    ):
        client.session()
    assert raised.value.status == 502


def test_nothing_listens(tmp_path: Path) -> None:
    with (
        Client("http://127.0.0.1:9") as client,
        pytest.raises(ServiceError, match="Service not reachable") as raised,
    ):
        client.session()
    assert raised.value.code == "unreachable"
