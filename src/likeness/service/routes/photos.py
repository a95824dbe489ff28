"""Routes to enrol and remove photos."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from likeness.recogniser.recogniser import EnrolledPhoto
from likeness.service import documents
from likeness.service.access import needs
from likeness.service.routes import http
from likeness.service.service import Service

_ALREADY = "This photo is already enrolled; nothing was added."


def photo_routes(service: Service) -> APIRouter:
    """Return the routes that enrol or remove photos."""
    routes = APIRouter(tags=["photos"])
    operator = Depends(needs("operator"))
    most = service.settings.max_bytes

    async def described(outcome: EnrolledPhoto) -> documents.EnrolledDocument:
        template_id = (*outcome.enrolled.added, *outcome.enrolled.already)[0]
        template = await service.read(lambda gallery: gallery.template(template_id))
        return documents.EnrolledDocument.of(outcome, template)

    @routes.post(
        "/people/{id}/photos",
        status_code=201,
        response_model=documents.EnrolledDocument,
        responses={
            200: {"description": _ALREADY, "model": documents.EnrolledDocument},
            **http.PHOTO_PROBLEMS,
            **http.problems(404, 409),
        },
        openapi_extra=http.PHOTO_BODY,
        dependencies=[operator],
    )
    async def add_photo(
        request: Request,
        id: http.Id,
        keep: http.Keep = False,
        approved: Annotated[
            bool, Query(description="It is a probe in which an operator recognised the person.")
        ] = False,
    ) -> Response:
        """Enrol one more photo of a person."""
        async with service.admitted():
            photo = await http.read_photo(request, most=most)
            outcome = await service.enrol(
                http.origin_of(request), id, photo, keep=keep, approved=approved
            )
        document = await described(outcome)
        return http.respond(document, status=201 if document.added else 200)

    @routes.post(
        "/enrol",
        status_code=201,
        response_model=documents.EnrolledPersonDocument,
        responses={
            200: {"description": _ALREADY, "model": documents.EnrolledPersonDocument},
            **http.PHOTO_PROBLEMS,
            **http.problems(409),
        },
        openapi_extra=http.PHOTO_BODY,
        dependencies=[operator],
    )
    async def enrol(
        request: Request,
        name: Annotated[str, Query(min_length=1, max_length=200, examples=["Ada"])],
        keep: http.Keep = False,
    ) -> Response:
        """Enrol a new person with one photo: both are added, or neither."""
        async with service.admitted():
            photo = await http.read_photo(request, most=most)
            outcome = await service.enrol(http.origin_of(request), name, photo, keep=keep, new=True)
        person = documents.PersonDocument.of(outcome.enrolled.person)
        enrolled = await described(outcome)
        document = documents.EnrolledPersonDocument(**dict(enrolled), person=person)
        return http.respond(
            document,
            status=201 if document.added else 200,
            headers={"Location": f"/api/v1/people/{person.id}"},
        )

    @routes.delete(
        "/photos/{id}",
        response_model=documents.ReceiptDocument,
        responses=http.problems(404),
        dependencies=[operator],
    )
    async def remove_photo(request: Request, id: http.Id) -> Response:
        """Delete one photo, and return the receipt; the person stays."""
        receipt = await service.change(
            http.origin_of(request), lambda gallery: gallery.remove_template(id), deletes=True
        )
        return http.respond(documents.ReceiptDocument.of(receipt))

    return routes
