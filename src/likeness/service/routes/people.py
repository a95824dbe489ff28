"""People: listed, made, shown, renamed, described, merged, forgotten."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from likeness.recogniser.gallery import Gallery
from likeness.service.access import needs
from likeness.service.documents import (
    ChangedPerson,
    Merge,
    NewPerson,
    PeopleDocument,
    PersonDocument,
    PersonWithPhotos,
    PhotosDocument,
    ReceiptDocument,
    person_document,
    photo_document,
    receipt_document,
)
from likeness.service.problems import invalid
from likeness.service.routes.answering import Id, answer, answer_with_etag, asked_by, problems
from likeness.service.service import Service


def people_routes(service: Service) -> APIRouter:
    """Return the routes below ``/people``."""
    routes = APIRouter(prefix="/people", tags=["people"])
    viewer, operator, admin = (Depends(needs(role)) for role in ("viewer", "operator", "admin"))

    @routes.get(
        "",
        response_model=PeopleDocument,
        responses={304: {"description": "As before."}, **problems()},
        dependencies=[viewer],
    )
    async def list_people(
        request: Request,
        search: Annotated[
            str | None, Query(max_length=200, description="Letters that the name holds.")
        ] = None,
        after: Annotated[
            str | None, Query(max_length=200, description="`next` of the page before.")
        ] = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> Response:
        """List people in the order of their names, a page at a time."""

        def ask(gallery: Gallery) -> dict[str, object]:
            found = gallery.people(after=after, limit=limit + 1, search=search or None)
            page = found[:limit]
            return {
                "people": [person_document(person) for person in page],
                "next": page[-1].name if len(found) > limit else None,
                "total": gallery.count_people(search=search or None),
            }

        return answer_with_etag(request, await service.read(ask))

    @routes.post(
        "",
        status_code=201,
        response_model=PersonDocument,
        responses=problems(400, 409, 413),
        dependencies=[operator],
    )
    async def make_person(request: Request, new: NewPerson) -> Response:
        """Make somebody, with no photo yet."""
        made = await service.change(
            asked_by(request),
            lambda gallery: gallery.enrol(new.name, [], metadata=new.metadata, new=True),
        )
        where = {"Location": f"/api/v1/people/{made.person.id}"}
        return answer(person_document(made.person), status=201, headers=where)

    @routes.get(
        "/{id}",
        response_model=PersonWithPhotos,
        responses=problems(404),
        dependencies=[viewer],
    )
    async def show_person(id: Id) -> Response:
        """Show somebody, and each of their photos."""

        def ask(gallery: Gallery) -> dict[str, object]:
            person = gallery.person(id)
            photos = [photo_document(one) for one in gallery.templates(id)]
            return {**person_document(person), "photos": photos}

        return answer(await service.read(ask))

    @routes.patch(
        "/{id}",
        response_model=PersonDocument,
        responses=problems(400, 404, 409, 413),
        dependencies=[operator],
    )
    async def change_person(request: Request, id: Id, change: ChangedPerson) -> Response:
        """Give somebody another name, replace what is noted about them, or both."""
        if change.name is None and change.metadata is None:
            raise invalid("body: expected a name, metadata, or both. Received: neither.")
        person = await service.change(
            asked_by(request),
            lambda gallery: gallery.change_person(id, new=change.name, metadata=change.metadata),
            deletes=change.name is not None,
        )
        return answer(person_document(person))

    @routes.post(
        "/{id}/merge",
        response_model=PersonDocument,
        responses=problems(400, 404, 413),
        dependencies=[operator],
    )
    async def merge(request: Request, id: Id, merge: Merge) -> Response:
        """Give all photos of somebody to another person: two names of one."""
        person = await service.change(
            asked_by(request),
            lambda gallery: gallery.merge(id, into=merge.into),
            deletes=True,
        )
        return answer(person_document(person))

    @routes.delete(
        "/{id}",
        response_model=ReceiptDocument,
        responses=problems(404),
        dependencies=[admin],
    )
    async def forget(request: Request, id: Id) -> Response:
        """Forget somebody, and get the receipt: what was removed, and how far it is gone."""
        return answer(receipt_document(await service.forget(asked_by(request), id)))

    @routes.get(
        "/{id}/photos",
        response_model=PhotosDocument,
        responses=problems(404),
        dependencies=[viewer],
    )
    async def list_photos(id: Id) -> Response:
        """List the photos of somebody, without the photos themselves."""
        photos = await service.read(
            lambda gallery: [photo_document(one) for one in gallery.templates(id)]
        )
        return answer({"photos": photos})

    return routes
