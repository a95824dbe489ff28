"""What all routes share: photos from a body, known parameters, JSON responses, OpenAPI."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import Path, Query, Request, Response
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from likeness.service.access import caller_of
from likeness.service.documents import MOST_ID, Document
from likeness.service.problems import MEDIA_TYPE, Problem
from likeness.service.service import RequestOrigin

Id = Annotated[int, Path(ge=1, le=MOST_ID)]
TopK = Annotated[int, Query(ge=1, le=1000, description="How many of the nearest people to name.")]
Keep = Annotated[
    bool, Query(description="Keep the photo itself, so that another model can be enrolled with it.")
]

_FORM = "multipart/form-data"
_RAW = "application/octet-stream"


async def read_photo(request: Request, *, most: int) -> bytes:
    """Return the bytes of the one photo of a request.

    Args:
        request: with the photo as its body, or in the field ``photo`` of a form.
        most: bytes.

    Raises:
        Problem: 413 if it is larger, 415 if it has another content type, 422 if there is none.
    """
    kind = _content_type(request)
    if kind == _FORM:
        (photo,) = await read_photos(request, ("photo",), most=most)
        return photo
    if not kind.startswith("image/") and kind != _RAW:
        raise _unsupported(kind, f"image/jpeg (or another image), {_RAW} or {_FORM}")
    if int(request.headers.get("content-length", "0")) > most:
        raise Problem.too_large(most)
    return _checked(await request.body(), "body", most=most)


async def read_photos(request: Request, names: Sequence[str], *, most: int) -> list[bytes]:
    """Return the bytes of the photos in the fields of a form.

    Args:
        request: a form.
        names: of its fields; each must be there once, and no other.
        most: bytes of each.

    Raises:
        Problem: 413, 415 or 422.
    """
    kind = _content_type(request)
    if kind != _FORM:
        raise _unsupported(kind, _FORM)
    parser = MultiPartParser(
        request.headers, request.stream(), max_files=len(names), max_fields=len(names)
    )
    # Photos stay in memory: a larger one would be written to the disk on the way.
    parser.spool_max_size = most + 1
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise Problem.of_status(400, f"body: expected a form. {error.message}") from error
    except KeyError as error:  # no boundary in the header
        raise Problem.of_status(400, "body: expected a form with its boundary.") from error
    try:
        return [await _field(form.getlist(name), name, most=most) for name in names]
    finally:
        await form.close()


async def _field(values: Sequence[Any], name: str, *, most: int) -> bytes:
    if len(values) != 1 or not isinstance(values[0], UploadFile):
        raise Problem.invalid(f"{name}: expected one photo as a file in this field of the form.")
    return _checked(await values[0].read(), name, most=most)


def _checked(photo: bytes, name: str, *, most: int) -> bytes:
    if len(photo) > most:
        raise Problem.too_large(most)
    if not photo:
        raise Problem.invalid(f"{name}: expected the bytes of a photo. Received: nothing.")
    return photo


def _content_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _unsupported(kind: str, expected: str) -> Problem:
    return Problem.of_status(415, f"Content-Type: expected {expected}. Received: {kind or 'none'}.")


def respond(
    document: Document, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a document as JSON."""
    return Response(
        _json(document),
        status_code=status,
        headers=dict(headers or {}),
        media_type="application/json",
    )


def respond_with_etag(request: Request, document: Document) -> Response:
    """Return a document as JSON, or 304 if the client has it."""
    body = _json(document)
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    header = request.headers.get("if-none-match", "")
    known = [part.strip().removeprefix("W/") for part in header.split(",")]
    if etag in known or known == ["*"]:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type="application/json")


def _json(document: Document) -> bytes:
    values = document.model_dump()
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def origin_of(request: Request) -> RequestOrigin:
    """Return the caller and the id of a request, for the audit log."""
    return RequestOrigin(caller=caller_of(request), request_id=request.scope["likeness.request"])


async def known_parameters(request: Request) -> None:
    """Refuse parameters that the route does not know: one that is misspelt must not be ignored.

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


_PROBLEM = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}}
_DESCRIPTIONS = {
    400: "Malformed request.",
    401: "No valid key.",
    403: "The role of the key does not allow this.",
    404: "Unknown person or photo.",
    409: "The name or the photo is already enrolled.",
    413: "The request is too large.",
    415: "Unsupported content type.",
    422: "Invalid value, or unusable photo.",
    429: "Too many requests of this key.",
    503: "Not available now.",
    504: "Timed out.",
}

Responses = dict[int | str, dict[str, Any]]


def problems(*statuses: int) -> Responses:
    """Return what OpenAPI says of the problems of a route, besides those of every route."""
    return {
        status: {"description": _DESCRIPTIONS[status], "content": _PROBLEM}
        for status in sorted({401, 403, 422, 429, 503, 504, *statuses})
    }


PHOTO_PROBLEMS = problems(400, 413, 415)

_BINARY = {"type": "string", "format": "binary"}


def _form(*names: str) -> dict[str, object]:
    properties = dict.fromkeys(names, _BINARY)
    return {"schema": {"type": "object", "required": list(names), "properties": properties}}


PHOTO_BODY = {
    "requestBody": {
        "required": True,
        "description": "The bytes of a photo: JPEG, PNG, PGM, PPM, BMP or WebP.",
        "content": {
            "image/*": {"schema": _BINARY},
            _RAW: {"schema": _BINARY},
            _FORM: _form("photo"),
        },
    }
}

PAIR_BODY = {
    "requestBody": {
        "required": True,
        "description": "The bytes of two photos.",
        "content": {_FORM: _form("left", "right")},
    }
}
