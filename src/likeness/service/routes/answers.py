"""Answers: who is in a photo, whether it shows somebody, whether two show one person."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from likeness.recogniser.decision import NEAREST
from likeness.service.access import needs
from likeness.service.bodies import read_photo, read_photos
from likeness.service.documents import (
    MOST_ID,
    ComparedDocument,
    IdentifiedDocument,
    VerifiedDocument,
    compared_document,
    identified_document,
)
from likeness.service.routes.answering import (
    OF_PHOTOS,
    PAIR_BODY,
    PHOTO_BODY,
    TopK,
    answer,
    asked_by,
    problems,
)
from likeness.service.service import Service


def answer_routes(service: Service) -> APIRouter:
    """Return the routes that answer; each answer is in the audit log."""
    routes = APIRouter(tags=["answers"], dependencies=[Depends(needs("viewer"))])
    most = service.settings.max_bytes

    @routes.post(
        "/identify",
        response_model=IdentifiedDocument,
        responses=OF_PHOTOS,
        openapi_extra=PHOTO_BODY,
    )
    async def identify(
        request: Request,
        all_faces: Annotated[
            bool,
            Query(
                description="Every face of the photo; else it is a photo of one person. Where the "
                "service does not cut faces out, every photo is one of one person."
            ),
        ] = True,
        top_k: TopK = NEAREST,
    ) -> Response:
        """Say who is in a photo. A photo without a face is no error: there are no faces then."""
        async with service.admitted():
            photo = await read_photo(request, most=most)
            found = await service.identify(
                asked_by(request), photo, all_faces=all_faces, top_k=top_k
            )
        return answer(identified_document(found, top_k=top_k))

    @routes.post(
        "/verify",
        response_model=VerifiedDocument,
        responses={**OF_PHOTOS, **problems(404)},
        openapi_extra=PHOTO_BODY,
    )
    async def verify(request: Request, person: Annotated[int, Query(ge=1, le=MOST_ID)]) -> Response:
        """Say whether a photo shows a person."""
        async with service.admitted():
            photo = await read_photo(request, most=most)
            verified = await service.verify(asked_by(request), person, photo)
        return answer(verified.as_dict())

    @routes.post(
        "/compare",
        response_model=ComparedDocument,
        responses=OF_PHOTOS,
        openapi_extra=PAIR_BODY,
    )
    async def compare(request: Request) -> Response:
        """Say whether two photos show one person; nobody need be enrolled."""
        async with service.admitted():
            left, right = await read_photos(request, ("left", "right"), most=most)
            compared = await service.compare(asked_by(request), left, right)
        return answer(compared_document(compared))

    return routes
