"""Routes about the service itself: session, model, audit log, health, metrics."""

import logging
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from likeness.errors import LikenessError, ModelError
from likeness.evaluation.pair_energies import EnergyHistogram
from likeness.model.card import card_markdown, model_card
from likeness.model.folder import SavedModel
from likeness.service import documents
from likeness.service.access import Caller, Needs, RoleFirst
from likeness.service.monitoring import LOGGER
from likeness.service.problems import Problem
from likeness.service.routes import http
from likeness.service.service import Service

_METRICS_TYPE = "text/plain; version=1.0.0; charset=utf-8"


def model_routes(service: Service) -> APIRouter:
    """Return the routes about the model, the session and the audit log."""
    routes = APIRouter(route_class=RoleFirst, tags=["service"])

    @routes.get(
        "/session",
        response_model=documents.SessionDocument,
        responses=http.problems(),
        dependencies=[Depends(Needs("viewer"))],
    )
    async def session(request: Request) -> Response:
        """Show the name of the key, its role, and what that role may do."""
        caller = Caller.of(request)
        return http.respond(
            documents.SessionDocument(
                name=caller.name, role=caller.role, permissions=caller.permissions
            )
        )

    @routes.get(
        "/model",
        response_model=documents.ModelDocument,
        responses=http.problems(),
        dependencies=[Depends(Needs("viewer"))],
    )
    async def model() -> Response:
        """Show the model in use: its card, its threshold and what that promises."""
        return http.respond(await service.read(lambda gallery: _model_document(service)))

    @routes.get(
        "/audit",
        response_model=documents.AuditDocument,
        responses=http.problems(),
        dependencies=[Depends(Needs("admin"))],
    )
    async def audit(
        after: Annotated[int, Query(ge=0, le=documents.MOST_ID)] = 0,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> Response:
        """Show who did what, oldest first, a page at a time."""
        entries = await service.read(lambda gallery: gallery.audit(after=after, limit=limit))
        return http.respond(documents.AuditDocument.of(entries, limit=limit))

    return routes


def health_routes(service: Service) -> APIRouter:
    """Return the routes of health, which need no key, and of the metrics."""
    routes = APIRouter(route_class=RoleFirst, tags=["health"])

    @routes.get("/health/live", response_model=documents.Live)
    async def live() -> Response:
        """Say that the process is running."""
        return http.respond(documents.Live(status="live", keys=not service.settings.no_keys))

    @routes.get(
        "/health/ready",
        response_model=documents.Ready,
        responses={503: http.problems()[503]},
    )
    async def ready() -> Response:
        """Say whether the service can answer: the model decides, the gallery takes a change.

        It needs no key, so it names no gallery and no model's folder: the log does.
        """
        try:
            people = await service.check_ready()
        except TimeoutError:
            why = "something that a request needs did not answer in time"
            raise Problem(503, "not-ready", "Not ready", f"{why}; see the log.") from None
        except LikenessError as error:
            problem = Problem.of(error)
            logging.getLogger(LOGGER).warning("not ready", extra={"fields": {"why": str(error)}})
            raise Problem(503, problem.code, problem.title, "See the service's log.") from None
        return http.respond(
            documents.Ready(
                status="ready",
                people=people,
                model=service.recogniser.model.fingerprint[:12],
                model_refused=service.model_refused,
            )
        )

    @routes.get(
        "/metrics",
        responses={
            200: {"content": {"text/plain": {"schema": {"type": "string"}}}},
            **http.problems(),
        },
        dependencies=[Depends(Needs("viewer"))],
        response_class=Response,
    )
    async def metrics() -> Response:
        """Show the metrics of this process to Prometheus."""
        return Response(service.metrics.text(), media_type=_METRICS_TYPE)

    return routes


def _model_document(service: Service) -> documents.ModelDocument:
    recogniser = service.recogniser
    loaded: Any = recogniser.model
    stored = SavedModel.read(service.settings.model)
    if stored.fingerprint != loaded.fingerprint:
        raise ModelError(
            f"the folder holds the model {stored.fingerprint[:12]} and not the one in use, "
            f"{loaded.fingerprint[:12]}, so its card cannot be shown. Restore the folder."
        )
    card = model_card(stored.to_json())
    histogram = EnergyHistogram.stored(loaded.calibration, loaded.record, loaded.threshold)
    return documents.ModelDocument(
        fingerprint=loaded.fingerprint,
        energy=loaded.energy,
        threshold=loaded.threshold,
        runtime=loaded.runtime,
        finder=recogniser.reader.finder is not None,
        preparation=dict(stored.preparation),
        calibration=dict(loaded.calibration),
        card=card.to_json(),
        card_text=card_markdown(card),
        energies=(
            None if histogram is None else documents.HistogramDocument(**histogram.to_json())
        ),
    )
