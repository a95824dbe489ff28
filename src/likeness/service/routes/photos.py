"""Photos: enrolled for somebody, for somebody new, and removed."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from likeness.recogniser.recogniser import EnrolledPhoto
from likeness.service.access import needs
from likeness.service.bodies import read_photo
from likeness.service.documents import (
    EnrolledDocument,
    EnrolledPersonDocument,
    ReceiptDocument,
    enrolled_document,
    person_document,
    receipt_document,
)
from likeness.service.routes.answering import (
    OF_PHOTOS,
    PHOTO_BODY,
    Id,
    Keep,
    answer,
    asked_by,
    problems,
)
from likeness.service.service import Service

_ALREADY = {200: {"description": "This very photo was enrolled before; nothing was added."}}


def photo_routes(service: Service) -> APIRouter:
    """Return the routes that take or remove photos."""
    routes = APIRouter(tags=["photos"])
    operator = Depends(needs("operator"))
    most = service.settings.max_bytes

    async def described(outcome: EnrolledPhoto) -> dict[str, Any]:
        number = (*outcome.enrolled.added, *outcome.enrolled.already)[0]
        template = await service.read(lambda gallery: gallery.template(number))
        return enrolled_document(outcome, template)

    @routes.post(
        "/people/{id}/photos",
        status_code=201,
        response_model=EnrolledDocument,
        responses={
            200: {**_ALREADY[200], "model": EnrolledDocument},
            **OF_PHOTOS,
            **problems(404, 409),
        },
        openapi_extra=PHOTO_BODY,
        dependencies=[operator],
    )
    async def add_photo(
        request: Request,
        id: Id,
        keep: Keep = False,
        approved: Annotated[
            bool, Query(description="It is a probe in which somebody recognised the person.")
        ] = False,
    ) -> Response:
        """Enrol one more photo of somebody."""
        async with service.admitted():
            photo = await read_photo(request, most=most)
            outcome = await service.enrol(
                asked_by(request), id, photo, keep=keep, approved=approved
            )
        document = await described(outcome)
        return answer(document, status=201 if document["added"] else 200)

    @routes.post(
        "/enrol",
        status_code=201,
        response_model=EnrolledPersonDocument,
        responses={
            200: {**_ALREADY[200], "model": EnrolledPersonDocument},
            **OF_PHOTOS,
            **problems(409),
        },
        openapi_extra=PHOTO_BODY,
        dependencies=[operator],
    )
    async def enrol(
        request: Request,
        name: Annotated[str, Query(min_length=1, max_length=200, examples=["Ada"])],
        keep: Keep = False,
    ) -> Response:
        """Enrol somebody new with one photo: both are there afterwards, or neither."""
        async with service.admitted():
            photo = await read_photo(request, most=most)
            outcome = await service.enrol(asked_by(request), name, photo, keep=keep, new=True)
        person = outcome.enrolled.person
        document = {**await described(outcome), "person": person_document(person)}
        where = {"Location": f"/api/v1/people/{person.id}"}
        return answer(document, status=201 if document["added"] else 200, headers=where)

    @routes.delete(
        "/photos/{id}",
        response_model=ReceiptDocument,
        responses=problems(404),
        dependencies=[operator],
    )
    async def remove_photo(request: Request, id: Id) -> Response:
        """Forget one photo, and get the receipt; the person stays."""
        receipt = await service.change(
            asked_by(request), lambda gallery: gallery.remove_template(id), deletes=True
        )
        return answer(receipt_document(receipt))

    return routes
