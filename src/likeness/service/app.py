"""`make_app`: the ASGI application. Everything heavy is given to it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.staticfiles import StaticFiles

from likeness import __version__
from likeness.errors import LikenessError
from likeness.service.access import KeyRing
from likeness.service.documents import ProblemDocument
from likeness.service.gate import API, Gate
from likeness.service.monitoring import LOGGER
from likeness.service.problems import MEDIA_TYPE, Problem
from likeness.service.routes.identify import identify_routes
from likeness.service.routes.model import health_routes, model_routes
from likeness.service.routes.people import people_routes
from likeness.service.service import Service
from likeness.service.settings import Settings

Background = Callable[[], Awaitable[None]]

_PAGE = Path(__file__).parent / "page"


class _Application:
    """The service as an ASGI application."""

    def __init__(
        self, service: Service, settings: Settings, *, background: Background | None = None
    ) -> None:
        self.api = _api(service, background)
        keys = KeyRing(service.keys, service.reading, seconds=settings.keys_seconds)
        self._outermost: Any = Gate(self.api, settings=settings, keys=keys, metrics=service.metrics)
        if settings.cors_origins:  # outside of the gate: a preflight request has no key
            self._outermost = CORSMiddleware(
                self._outermost,
                allow_origins=settings.cors_origins,
                allow_methods=["GET", "POST", "PATCH", "DELETE"],
                allow_headers=["Authorization", "Content-Type", "If-None-Match"],
                expose_headers=["ETag", "Location", "X-Request-Id", "Retry-After"],
            )

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Respond to one request."""
        await self._outermost(scope, receive, send)


def make_app(
    service: Service, settings: Settings, *, background: Background | None = None
) -> _Application:
    """Return the ASGI application of a service.

    Args:
        service: with its recogniser and gallery; the application closes it at its end.
        settings: limits, keys, origins.
        background: runs from start to end, such as the watch over the model's folder.
    """
    return _Application(service, settings, background=background)


def _api(service: Service, background: Background | None) -> FastAPI:
    @asynccontextmanager
    async def living(_: FastAPI) -> AsyncIterator[None]:
        task = None if background is None else asyncio.create_task(_run(background))
        try:
            yield
        finally:
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
            await service.close()

    api = FastAPI(
        title="likeness",
        version=__version__,
        description="Who is in a photo, among enrolled people. There is no liveness detection: a "
        "photo of a person counts as the person. Photos are sent as bytes, never as addresses.",
        docs_url=None,
        redoc_url=None,
        lifespan=living,
        redirect_slashes=False,
        exception_handlers=_HANDLERS,
    )
    checked = [Depends(_known_parameters)]
    for routes in (people_routes, identify_routes, model_routes):
        api.include_router(routes(service), prefix=API, dependencies=checked)
    api.include_router(health_routes(service), dependencies=checked)
    api.openapi = lambda: _openapi(api)  # type: ignore[method-assign]
    if _PAGE.is_dir():
        api.mount("/page", _PageFiles(directory=_PAGE), name="page")
        page = _PageFiles(directory=_PAGE)

        @api.get("/", include_in_schema=False)
        async def index(request: Request) -> Response:
            response = await page.get_response("index.html", request.scope)
            response.headers["Cache-Control"] = "no-store"
            return response

    return api


async def _known_parameters(request: Request) -> None:
    """Reject unknown parameters, so that a misspelt one is not ignored.

    Raises:
        Problem: 422 if there is one, or one is given twice.
    """
    if not request.scope["query_string"]:
        return
    route = request.scope["route"]
    known = {field.alias for field in route.dependant.query_params}
    given = [name for name, _ in request.query_params.multi_items()]
    for name in given:
        if name not in known:
            expected = ", ".join(sorted(known)) or "none"
            raise Problem.invalid(
                f"query: expected parameters among: {expected}. Received: {name!r:.80}."
            )
        if given.count(name) > 1:
            raise Problem.invalid(f"query: expected {name} once. Received: several.")
    for name, value in request.query_params.items():
        if "\x00" in value:
            raise Problem.invalid(f"{name}: expected text. Received: a zero byte in it.")


class _PageFiles(StaticFiles):
    """The page's files from the package, with ETags; browsers ask each time for a newer one."""

    def file_response(self, *args: Any, **options: Any) -> Response:
        """Return a file, or 304."""
        response = super().file_response(*args, **options)
        response.headers["Cache-Control"] = "no-cache"
        return response


async def _run(background: Background) -> None:
    try:
        await background()
    except Exception:
        logging.getLogger(LOGGER).exception("background work ended")


def _openapi(api: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document with the key that routes need, and with problems."""
    if api.openapi_schema:
        return api.openapi_schema
    document = FastAPI.openapi(api)
    components = document["components"]
    components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    schemas = components["schemas"]
    schemas["ProblemDocument"] = ProblemDocument.model_json_schema()
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for path, methods in document["paths"].items():
        if not path.startswith("/health/"):
            for operation in methods.values():
                operation["security"] = [{"key": []}]
    return document


async def _on_problem(request: Request, error: Exception) -> Response:
    problem = _problem(error)
    return Response(
        problem.body(request.scope["likeness.request"]),
        status_code=problem.status,
        headers=problem.headers,
        media_type=MEDIA_TYPE,
    )


def _problem(error: Exception) -> Problem:
    if isinstance(error, Problem):
        return error
    if isinstance(error, LikenessError):
        return Problem.of(error)
    if isinstance(error, RequestValidationError):
        return _not_valid(error)
    if isinstance(error, HTTPException):
        return Problem.of_status(error.status_code, f"{error.detail}.", error.headers)
    return Problem.of_status(500, "The service failed; see its log.")


def _not_valid(error: RequestValidationError) -> Problem:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    received = "" if first["type"] == "missing" else f" Received: {first.get('input')!r:.80}."
    return Problem.invalid(f"{where}: {first['msg'].rstrip('.')}.{received}")


_HANDLERS: dict[int | type[Exception], Any] = dict.fromkeys(
    (Problem, LikenessError, RequestValidationError, HTTPException, Exception), _on_problem
)
