"""What every answer has, the OpenAPI document, the page's files, the log, other origins."""

import io
import json
import logging

import pytest

from likeness.errors import (
    AlreadyEnrolledError,
    DataError,
    GalleryDamagedError,
    GalleryError,
    ImageError,
    LikenessError,
    NoThresholdError,
    SettingError,
    UnknownPersonError,
)
from likeness.service.monitoring import LOGGER, LogLines
from likeness.service.problems import Problem

from .conftest import Asking, Serving


def every_kind(kind: type[LikenessError]) -> list[type[LikenessError]]:
    return [kind, *(one for below in kind.__subclasses__() for one in every_kind(below))]


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (UnknownPersonError, 404, "unknown-person"),
        (AlreadyEnrolledError, 409, "already-enrolled"),
        (ImageError, 422, "image"),
        (NoThresholdError, 503, "no-threshold"),
        (GalleryDamagedError, 503, "gallery-damaged"),
        (GalleryError, 503, "gallery"),
        (SettingError, 422, "invalid"),
        (DataError, 422, "invalid"),
        (LikenessError, 500, "failed"),
    ],
)
def test_each_error_of_the_library_is_a_problem(
    error: type[LikenessError], status: int, code: str
) -> None:
    problem = Problem.of(error("what was expected"))
    assert (problem.status, problem.code) == (status, code)
    assert json.loads(problem.body("r-1"))["instance"] == "r-1"


def test_a_kind_of_error_has_its_code_and_not_that_of_its_family() -> None:
    for kind in every_kind(LikenessError):
        if kind.__module__ != "likeness.errors":  # the client's own, which no service raises
            continue
        problem = Problem.of(kind("x"))
        assert 400 <= problem.status < 600
        assert problem.title


@pytest.mark.parametrize(
    "path", ["/health/live", "/people", "/nothing", "/openapi.json", "/people/x"]
)
def test_headers_of_every_answer(serving: Serving, path: str) -> None:
    async def use(asking: Asking) -> None:
        answer = await asking.ask("GET", path)
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'self';")
        assert "unsafe" not in policy
        assert "media-src 'self' blob:" in policy
        assert answer.headers["permissions-policy"].startswith("camera=(self)")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert len(answer.headers["x-request-id"]) == 16
        assert "access-control-allow-origin" not in answer.headers
        assert "strict-transport-security" not in answer.headers

    serving(use)


@pytest.mark.parametrize(("given", "taken"), [("r-1.a_B", True), ("x" * 65, False), ("a b", False)])
def test_a_request_keeps_its_id(serving: Serving, given: str, taken: bool) -> None:
    async def use(asking: Asking) -> None:
        answer = await asking.ask("GET", "/session", headers={"X-Request-Id": given})
        assert (answer.headers["x-request-id"] == given) is taken

    serving(use)


def test_the_openapi_document(serving: Serving) -> None:
    async def use(asking: Asking) -> None:
        document = (await asking.ask("GET", "/openapi.json", role=None)).json()
        assert document["info"]["title"] == "likeness"
        assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
        for path, methods in document["paths"].items():
            for operation in methods.values():
                assert ("security" in operation) is not path.startswith("/health")
                assert operation["description"]
                if not path.startswith("/health"):
                    assert {"401", "403", "422", "429", "503", "504"} <= set(operation["responses"])
        names = str(document)
        assert "HTTPValidationError" not in names
        references = {part.split("'")[0] for part in names.split("#/components/schemas/")[1:]}
        assert references <= set(document["components"]["schemas"])
        identify = document["paths"]["/api/v1/identify"]["post"]
        assert set(identify["requestBody"]["content"]) == {
            "image/*",
            "application/octet-stream",
            "multipart/form-data",
        }
        assert document["components"]["schemas"]["NewPerson"]["example"]["name"] == "Ada"
        assert (await asking.client.get("/docs")).status_code == 404

    serving(use)


def test_the_files_of_the_page(serving: Serving) -> None:
    async def use(asking: Asking) -> None:
        first = await asking.ask("GET", "/page/main.js", role=None)
        assert first.headers["cache-control"] == "no-cache"
        known = {"If-None-Match": first.headers["etag"]}
        again = await asking.ask("GET", "/page/main.js", role=None, headers=known)
        assert (again.status_code, again.content) == (304, b"")
        index = await asking.ask("GET", "/", role=None)
        assert index.headers["content-type"].startswith("text/html")
        for path in ("/page/%2e%2e/%2e%2e/etc/passwd", "/page/%2e%2e/settings.py", "/page/x.js"):
            assert (await asking.ask("GET", path, role=None)).status_code == 404

    serving(use)


def test_other_origins_only_if_they_are_named(serving: Serving) -> None:
    async def use(asking: Asking) -> None:
        for origin, allowed in (("https://a.example", True), ("https://b.example", False)):
            asked = {
                "Origin": origin,
                "Access-Control-Request-Method": "DELETE",
                "Access-Control-Request-Headers": "authorization",
            }
            before = await asking.ask("OPTIONS", "/people/1", role=None, headers=asked)
            assert ("access-control-allow-origin" in before.headers) is allowed
            refused = await asking.ask("GET", "/people", role=None, headers={"Origin": origin})
            assert refused.status_code == 401
            assert ("access-control-allow-origin" in refused.headers) is allowed

    serving(use, cors_origins=("https://a.example",))


@pytest.mark.parametrize("lines", [LogLines("json"), LogLines("text")])
def test_a_line_for_each_request_and_no_name_in_it(serving: Serving, lines: LogLines) -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(lines)
    log = logging.getLogger(LOGGER)
    log.addHandler(handler)
    level = log.level
    log.setLevel(logging.INFO)

    async def use(asking: Asking) -> None:
        await asking.enrol("Ada Lovelace", 0)
        await asking.ask("GET", "/people", params={"search": "Lovelace"})
        await asking.ask("PATCH", "/people/1", json={"name": "Countess"})
        await asking.ask("GET", "/people/1", role=None)

        def broken(name: str) -> None:
            raise RuntimeError("Lovelace")

        asking.gallery.person = broken  # type: ignore[method-assign, assignment]
        assert (await asking.ask("GET", "/people/1")).status_code == 500

    try:
        serving(use)
    finally:
        log.removeHandler(handler)
        log.setLevel(level)
    written = stream.getvalue()
    assert "Lovelace" not in written
    assert "Countess" not in written
    assert "lk_" not in written
    if lines.kind == "json":
        entries = [json.loads(line) for line in written.splitlines()]
        requests = [one for one in entries if one["event"] == "request"]
        assert [one["route"] for one in requests] == [
            "/api/v1/enrol",
            "/api/v1/people",
            "/api/v1/people/{id}",
            "other",
            "/api/v1/people/{id}",
        ]
        assert [one["status"] for one in requests] == [201, 200, 200, 401, 500]
        assert requests[0]["key"] == 3
        failed = next(one for one in entries if one["event"] == "failed")
        assert failed["error"] == "RuntimeError"
        assert any("test_service_app.py" in place for place in failed["where"])


def test_a_gallery_that_cannot_be_read_is_no_traceback(serving: Serving) -> None:
    async def use(asking: Asking) -> None:
        await asking.ask("GET", "/session")
        with asking.gallery.store.database.engine.begin() as connection:
            connection.exec_driver_sql("DROP TABLE api_keys")
        answer = await asking.ask("GET", "/session")
        assert (answer.status_code, answer.json()["code"]) == (503, "gallery-damaged")

    serving(use)
