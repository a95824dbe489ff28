"""Routes to list, create, show, rename, merge and delete people, and to enrol their photos."""

import hashlib
from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from likeness.recogniser.gallery import Gallery, Receipt
from likeness.recogniser.recogniser import EnrolledPhoto
from likeness.service import documents
from likeness.service.access import Caller, Needs, RoleFirst
from likeness.service.problems import Problem
from likeness.service.routes import http
from likeness.service.service import Service

_Keep = Annotated[
    bool, Query(description="Keep the photo itself, so that another model can be enrolled with it.")
]
_ALREADY = "This photo is already enrolled; nothing was added."


def people_routes(service: Service) -> APIRouter:
    """Return the routes of people and of their photos."""
    routes = APIRouter()
    for of_these in (_people_routes, _photo_routes):
        routes.include_router(of_these(service))
    return routes


def _people_routes(service: Service) -> APIRouter:
    routes = APIRouter(route_class=RoleFirst, tags=["people"])
    viewer, operator, admin = (Depends(Needs(role)) for role in ("viewer", "operator", "admin"))

    @routes.get(
        "/people",
        response_model=documents.PeopleDocument,
        responses={304: {"description": "Not modified."}, **http.problems()},
        dependencies=[viewer],
    )
    async def list_people(
        request: Request,
        search: Annotated[
            str | None, Query(max_length=200, description="A part of the name.")
        ] = None,
        after: Annotated[
            str | None, Query(max_length=200, description="`next` of the page before.")
        ] = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> Response:
        """List people in the order of their names, a page at a time."""

        def page(gallery: Gallery) -> documents.PeopleDocument:
            people = gallery.people(after=after, limit=limit + 1, search=search or None)
            return documents.PeopleDocument(
                people=[documents.PersonDocument.of(person) for person in people[:limit]],
                next=people[limit - 1].name if len(people) > limit else None,
                total=gallery.count_people(search=search or None),
            )

        return _unless_known(request, http.respond(await service.read(page)))

    @routes.post(
        "/people",
        status_code=201,
        response_model=documents.PersonDocument,
        responses=http.problems(400, 409, 413),
        dependencies=[operator],
    )
    async def make_person(request: Request, new: documents.NewPerson) -> Response:
        """Create a person, with no photo yet."""
        made = await service.change(
            Caller.of(request),
            lambda gallery: gallery.enrol(new.name, [], metadata=new.metadata, new=True),
        )
        person = documents.PersonDocument.of(made.person)
        headers = {"Location": f"/api/v1/people/{person.id}"}
        return http.respond(person, status=201, headers=headers)

    @routes.get(
        "/people/{id}",
        response_model=documents.PersonWithPhotos,
        responses=http.problems(404),
        dependencies=[viewer],
    )
    async def show_person(id: http.Id) -> Response:
        """Show a person with each of their photos."""

        def person(gallery: Gallery) -> documents.PersonWithPhotos:
            shown = dict(documents.PersonDocument.of(gallery.person(id)))
            return documents.PersonWithPhotos(**{**shown, "photos": _photos(gallery, id)})

        return http.respond(await service.read(person))

    @routes.patch(
        "/people/{id}",
        response_model=documents.PersonDocument,
        responses=http.problems(400, 404, 409, 413),
        dependencies=[operator],
    )
    async def change_person(
        request: Request, id: http.Id, change: documents.ChangedPerson
    ) -> Response:
        """Rename a person, replace their metadata, or both."""
        if change.name is None and change.metadata is None:
            raise Problem.invalid("body: expected a name, metadata, or both. Received: neither.")
        person = await service.change(
            Caller.of(request),
            lambda gallery: gallery.change_person(id, new=change.name, metadata=change.metadata),
            deletes=change.name is not None,
        )
        return http.respond(documents.PersonDocument.of(person))

    @routes.post(
        "/people/{id}/merge",
        response_model=documents.PersonDocument,
        responses=http.problems(400, 404, 413),
        dependencies=[operator],
    )
    async def merge(request: Request, id: http.Id, merge: documents.Merge) -> Response:
        """Move all photos of a person to another: one person under two names."""
        person = await service.change(
            Caller.of(request),
            lambda gallery: gallery.merge(id, into=merge.into),
            deletes=True,
        )
        return http.respond(documents.PersonDocument.of(person))

    @routes.delete(
        "/people/{id}",
        response_model=documents.ReceiptDocument,
        responses=http.problems(404),
        dependencies=[admin],
    )
    async def forget(request: Request, id: http.Id) -> Response:
        """Delete a person, and return the receipt: what was deleted, and what is left of it."""
        receipt = await _deleted(
            service, request, f"person {id}", lambda gallery: gallery.forget(id)
        )
        return http.respond(documents.ReceiptDocument.of(receipt))

    @routes.get(
        "/people/{id}/photos",
        response_model=documents.PhotosDocument,
        responses=http.problems(404),
        dependencies=[viewer],
    )
    async def list_photos(id: http.Id) -> Response:
        """List the photos of a person, without the photos themselves."""
        photos = await service.read(lambda gallery: _photos(gallery, id))
        return http.respond(documents.PhotosDocument(photos=photos))

    return routes


def _photo_routes(service: Service) -> APIRouter:
    routes = APIRouter(
        route_class=RoleFirst, tags=["photos"], dependencies=[Depends(Needs("operator"))]
    )
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
    )
    async def add_photo(
        request: Request,
        id: http.Id,
        keep: _Keep = False,
        approved: Annotated[
            bool, Query(description="It is a probe in which an operator recognised the person.")
        ] = False,
    ) -> Response:
        """Enrol one more photo of a person."""
        (photo,) = await http.read_photos(request, "photo", most=most)
        outcome = await service.enrol(Caller.of(request), id, photo, keep=keep, approved=approved)
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
    )
    async def enrol(
        request: Request,
        name: Annotated[str, Query(min_length=1, max_length=200, examples=["Ada"])],
        keep: _Keep = False,
    ) -> Response:
        """Enrol a new person with one photo: both are added, or neither."""
        (photo,) = await http.read_photos(request, "photo", most=most)
        outcome = await service.enrol(Caller.of(request), name, photo, keep=keep, new=True)
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
    )
    async def remove_photo(request: Request, id: http.Id) -> Response:
        """Delete one photo, and return the receipt; the person stays."""
        receipt = await _deleted(
            service, request, f"photo {id}", lambda gallery: gallery.remove_template(id)
        )
        return http.respond(documents.ReceiptDocument.of(receipt))

    @routes.get(
        "/receipts/{request_id}",
        response_model=documents.ReceiptDocument,
        responses=http.problems(404),
    )
    async def show_receipt(
        request: Request, request_id: Annotated[str, Path(min_length=1, max_length=64)]
    ) -> Response:
        """Return a deletion's receipt once more, by the X-Request-Id of the request for it.

        For a client that got no response: the deletion goes on without it. The service keeps
        receipts in memory, until it is stopped.
        """
        receipt = await service.receipt(Caller.of(request), request_id)
        return http.respond(documents.ReceiptDocument.of(receipt))

    return routes


async def _deleted(
    service: Service, request: Request, subject: str, deletion: Callable[[Gallery], Receipt]
) -> Receipt:
    """Delete without a time limit: to search the files for what is left takes its time."""
    request.scope["likeness.time_limit"].reschedule(None)
    return await service.delete(Caller.of(request), subject, deletion)


def _unless_known(request: Request, response: Response) -> Response:
    """Return the response with an ETag, or 304 if the client has it already."""
    etag = f'"{hashlib.sha256(response.body).hexdigest()[:32]}"'
    response.headers["ETag"] = etag
    header = request.headers.get("if-none-match", "")
    known = [part.strip().removeprefix("W/") for part in header.split(",")]
    if etag in known or known == ["*"]:
        return Response(status_code=304, headers={"ETag": etag})
    return response


def _photos(gallery: Gallery, person_id: int) -> list[documents.PhotoDocument]:
    return [documents.PhotoDocument.of(template) for template in gallery.templates(person_id)]
