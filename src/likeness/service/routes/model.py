"""What answers and who may ask: the session, the model, the audit log, health, metrics."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from likeness.errors import ModelError, NoThresholdError
from likeness.evaluation.energy_histogram import stored_histogram
from likeness.model.card import card_markdown, model_card
from likeness.model.folder import read_document
from likeness.service.access import caller_of, needs
from likeness.service.documents import (
    MOST_ID,
    AuditDocument,
    Live,
    ModelDocument,
    Ready,
    SessionDocument,
    audit_document,
)
from likeness.service.routes.answering import answer, problems
from likeness.service.service import Service

METRICS_TYPE = "text/plain; version=1.0.0; charset=utf-8"


def model_routes(service: Service) -> APIRouter:
    """Return the routes about the model, the session and the audit log."""
    routes = APIRouter(tags=["service"])

    @routes.get(
        "/session",
        response_model=SessionDocument,
        responses=problems(),
        dependencies=[Depends(needs("viewer"))],
    )
    async def session(request: Request) -> Response:
        """Say whose key it is, and what it may do."""
        caller = caller_of(request)
        return answer({"name": caller.name, "role": caller.role, "permissions": caller.permissions})

    @routes.get(
        "/model",
        response_model=ModelDocument,
        responses=problems(),
        dependencies=[Depends(needs("viewer"))],
    )
    async def model() -> Response:
        """Show the model that answers: its card, its threshold and what that promises."""
        return answer(await service.read(lambda gallery: model_document(service)))

    @routes.get(
        "/audit",
        response_model=AuditDocument,
        responses=problems(),
        dependencies=[Depends(needs("admin"))],
    )
    async def audit(
        after: Annotated[int, Query(ge=0, le=MOST_ID)] = 0,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> Response:
        """Show who did and asked what, oldest first, a page at a time."""
        entries = await service.read(lambda gallery: gallery.audit(after=after, limit=limit))
        return answer(audit_document(entries, limit=limit))

    return routes


def health_routes(service: Service) -> APIRouter:
    """Return the routes that ask for no key, and the metrics."""
    routes = APIRouter(tags=["health"])

    @routes.get("/health/live", response_model=Live)
    async def live() -> Response:
        """Say that the process answers."""
        return answer({"status": "live", "keys": not service.settings.no_keys})

    @routes.get(
        "/health/ready",
        response_model=Ready,
        responses={503: problems()[503]},
    )
    async def ready() -> Response:
        """Say whether the service can answer: the gallery can be read, the model decides."""
        recogniser = service.recogniser
        if recogniser.model.threshold is None:
            raise NoThresholdError(
                "this model has no threshold, so it cannot decide. Choose one with "
                "`likeness calibrate MODEL PHOTOS`."
            )
        people = await service.read(lambda gallery: gallery.count_people())
        return answer(
            {
                "status": "ready",
                "people": people,
                "model": recogniser.model.fingerprint[:12],
                "model_refused": service.model_refused,
            }
        )

    @routes.get(
        "/metrics",
        responses={
            200: {"content": {"text/plain": {"schema": {"type": "string"}}}},
            **problems(),
        },
        dependencies=[Depends(needs("viewer"))],
        response_class=Response,
    )
    async def metrics() -> Response:
        """Show the figures of this process to Prometheus."""
        return Response(service.metrics.text(), media_type=METRICS_TYPE)

    return routes


def model_document(service: Service) -> dict[str, Any]:
    """Return `ModelDocument`, of the model that answers at this moment."""
    recogniser = service.recogniser
    loaded: Any = recogniser.model
    document = read_document(service.settings.model)
    if document["fingerprint"] != loaded.fingerprint:
        raise ModelError(
            f"the folder holds the model {document['fingerprint'][:12]} and not the one that "
            f"answers, {loaded.fingerprint[:12]}, so its card cannot be shown. Restore the folder."
        )
    card = model_card(document)
    histogram = stored_histogram(loaded.calibration, loaded.record, loaded.threshold)
    return {
        "fingerprint": loaded.fingerprint,
        "energy": loaded.energy,
        "threshold": loaded.threshold,
        "runtime": loaded.runtime,
        "finder": recogniser.reader.finder is not None,
        "preparation": document["preparation"],
        "calibration": dict(loaded.calibration),
        "card": card,
        "card_text": card_markdown(card),
        "energies": None if histogram is None else histogram.as_dict(),
    }
