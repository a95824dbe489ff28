"""Routes to list, create, show, rename, describe, merge and delete people."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from likeness.recogniser.gallery import Gallery
from likeness.service import documents
from likeness.service.access import needs
from likeness.service.problems import Problem
from likeness.service.routes import http
from likeness.service.service import Service


def people_routes(service: Service) -> APIRouter:
    """Return the routes below ``/people``."""
    routes = APIRouter(prefix="/people", tags=["people"])
    viewer, operator, admin = (Depends(needs(role)) for role in ("viewer", "operator", "admin"))

    @routes.get(
        "",
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

        return http.respond_with_etag(request, await service.read(page))

    @routes.post(
        "",
        status_code=201,
        response_model=documents.PersonDocument,
        responses=http.problems(400, 409, 413),
        dependencies=[operator],
    )
    async def make_person(request: Request, new: documents.NewPerson) -> Response:
        """Create a person, with no photo yet."""
        made = await service.change(
            http.origin_of(request),
            lambda gallery: gallery.enrol(new.name, [], metadata=new.metadata, new=True),
        )
        person = documents.PersonDocument.of(made.person)
        headers = {"Location": f"/api/v1/people/{person.id}"}
        return http.respond(person, status=201, headers=headers)

    @routes.get(
        "/{id}",
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
        "/{id}",
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
            http.origin_of(request),
            lambda gallery: gallery.change_person(id, new=change.name, metadata=change.metadata),
            deletes=change.name is not None,
        )
        return http.respond(documents.PersonDocument.of(person))

    @routes.post(
        "/{id}/merge",
        response_model=documents.PersonDocument,
        responses=http.problems(400, 404, 413),
        dependencies=[operator],
    )
    async def merge(request: Request, id: http.Id, merge: documents.Merge) -> Response:
        """Give all photos of a person to another: one person under two names."""
        person = await service.change(
            http.origin_of(request),
            lambda gallery: gallery.merge(id, into=merge.into),
            deletes=True,
        )
        return http.respond(documents.PersonDocument.of(person))

    @routes.delete(
        "/{id}",
        response_model=documents.ReceiptDocument,
        responses=http.problems(404),
        dependencies=[admin],
    )
    async def forget(request: Request, id: http.Id) -> Response:
        """Delete a person, and return the receipt: what was deleted, and what is left of it."""
        receipt = await service.forget(http.origin_of(request), id)
        return http.respond(documents.ReceiptDocument.of(receipt))

    @routes.get(
        "/{id}/photos",
        response_model=documents.PhotosDocument,
        responses=http.problems(404),
        dependencies=[viewer],
    )
    async def list_photos(id: http.Id) -> Response:
        """List the photos of a person, without the photos themselves."""
        photos = await service.read(lambda gallery: _photos(gallery, id))
        return http.respond(documents.PhotosDocument(photos=photos))

    return routes


def _photos(gallery: Gallery, person_id: int) -> list[documents.PhotoDocument]:
    return [documents.PhotoDocument.of(template) for template in gallery.templates(person_id)]
