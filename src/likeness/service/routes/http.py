"""What all routes share: photos from a body, JSON responses, OpenAPI."""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import Path, Request, Response
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from likeness.service.documents import MOST_ID, Document
from likeness.service.problems import MEDIA_TYPE, Problem

Id = Annotated[int, Path(ge=1, le=MOST_ID)]

_FORM = "multipart/form-data"
_RAW = "application/octet-stream"


async def read_photos(request: Request, *names: str, most: int) -> list[bytes]:
    """Return the bytes of the photos of a request.

    Args:
        request: a form with the photos in its fields; one photo alone may be the body itself.
        names: of the fields; each must be there once, and no other.
        most: bytes of each.

    Raises:
        Problem: 413 if one is larger, 415 if it has another content type, 422 if there is none.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    alone = len(names) == 1
    if alone and (kind.startswith("image/") or kind == _RAW):
        if int(request.headers.get("content-length", "0")) > most:
            raise Problem.too_large(most)
        return [_checked(await request.body(), "body", most=most)]
    if kind != _FORM:
        expected = f"image/jpeg (or another image), {_RAW} or {_FORM}" if alone else _FORM
        raise Problem.of_status(
            415, f"Content-Type: expected {expected}. Received: {kind or 'none'}."
        )
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


def respond(
    document: Document, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a document as JSON."""
    body = json.dumps(
        document.model_dump(), ensure_ascii=False, separators=(",", ":"), allow_nan=False
    )
    return Response(
        body.encode(), status_code=status, headers=headers, media_type="application/json"
    )


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
        "description": "The bytes of a photo: JPEG, PNG, PGM, PPM, BMP, TIFF, WebP, AVIF or HEIC.",
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
