"""Routes to identify, verify and compare."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from likeness.recogniser.decision import NEAREST
from likeness.service import documents
from likeness.service.access import Caller, Needs, RoleFirst
from likeness.service.routes import http
from likeness.service.service import Service


def identify_routes(service: Service) -> APIRouter:
    """Return the routes that recognise people; each answer is in the audit log."""
    routes = APIRouter(
        route_class=RoleFirst, tags=["answers"], dependencies=[Depends(Needs("viewer"))]
    )
    most = service.settings.max_bytes

    @routes.post(
        "/identify",
        response_model=documents.IdentifiedDocument,
        responses=http.PHOTO_PROBLEMS,
        openapi_extra=http.PHOTO_BODY,
    )
    async def identify(
        request: Request,
        all_faces: Annotated[
            bool,
            Query(
                description="Every face of the photo; false: the photo shows one person. Without "
                "`cut_faces` the service takes every photo as one of one person."
            ),
        ] = True,
        top_k: Annotated[
            int, Query(ge=1, le=1000, description="How many of the nearest people to name.")
        ] = NEAREST,
    ) -> Response:
        """Say who is in a photo. A photo without a face is not an error: the list of faces is
        empty.
        """
        (photo,) = await http.read_photos(request, "photo", most=most)
        identified = await service.identify(
            Caller.of(request), photo, all_faces=all_faces, top_k=top_k
        )
        return http.respond(identified)

    @routes.post(
        "/verify",
        response_model=documents.VerifiedDocument,
        responses={**http.PHOTO_PROBLEMS, **http.problems(404)},
        openapi_extra=http.PHOTO_BODY,
    )
    async def verify(
        request: Request, person: Annotated[int, Query(ge=1, le=documents.MOST_ID)]
    ) -> Response:
        """Say whether a photo shows a person."""
        (photo,) = await http.read_photos(request, "photo", most=most)
        verified = await service.verify(Caller.of(request), person, photo)
        return http.respond(documents.VerifiedDocument(**verified.as_dict()))

    @routes.post(
        "/compare",
        response_model=documents.ComparedDocument,
        responses=http.PHOTO_PROBLEMS,
        openapi_extra=http.PAIR_BODY,
    )
    async def compare(request: Request) -> Response:
        """Say whether two photos show one person; nobody need be enrolled."""
        left, right = await http.read_photos(request, "left", "right", most=most)
        compared = await service.compare(Caller.of(request), left, right)
        return http.respond(compared)

    return routes
