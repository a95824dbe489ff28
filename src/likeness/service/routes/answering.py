"""What all routes share: how an answer is sent, who asked, which parameters there are."""

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Path, Query, Request, Response

from likeness.service.access import caller_of
from likeness.service.bodies import FORM
from likeness.service.documents import MOST_ID
from likeness.service.gate import json_bytes
from likeness.service.problems import MEDIA_TYPE, invalid
from likeness.service.service import Asked

Id = Annotated[int, Path(ge=1, le=MOST_ID)]
TopK = Annotated[int, Query(ge=1, le=1000, description="How many of the nearest people to name.")]
Keep = Annotated[
    bool, Query(description="Keep the photo itself, so that another model can be enrolled with it.")
]


def answer(
    document: Any, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a document as JSON."""
    return Response(
        json_bytes(document),
        status_code=status,
        headers=dict(headers or {}),
        media_type="application/json",
    )


def answer_with_etag(request: Request, document: Any) -> Response:
    """Return a document, or 304 if whoever asks has it."""
    body = json_bytes(document)
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if _matches(request.headers.get("if-none-match", ""), etag):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type="application/json")


def _matches(header: str, etag: str) -> bool:
    asked = [part.strip().removeprefix("W/") for part in header.split(",")]
    return etag in asked or asked == ["*"]


def asked_by(request: Request) -> Asked:
    """Return who asks, for the audit log."""
    return Asked(caller=caller_of(request), request=request.scope["likeness.request"])


async def known_parameters(request: Request) -> None:
    """Refuse parameters that the route does not know: one that is misspelt must not be ignored.

    Raises:
        Problem: 422 if there is one, or one is there twice.
    """
    if not request.scope["query_string"]:
        return
    route = request.scope["route"]
    known = {field.alias for field in route.dependant.query_params}
    given = [name for name, _ in request.query_params.multi_items()]
    for name in given:
        if name not in known:
            expected = ", ".join(sorted(known)) or "none"
            raise invalid(f"query: expected parameters among: {expected}. Received: {name!r:.80}.")
        if given.count(name) > 1:
            raise invalid(f"query: expected {name} once. Received: several.")
    for name, value in request.query_params.items():
        if "\x00" in value:
            raise invalid(f"{name}: expected text. Received: a zero byte in it.")


_PROBLEM = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}}
_WORDS = {
    400: "The request cannot be read.",
    401: "There is no key, or it is not in force.",
    403: "The key's role may not do that.",
    404: "There is no such person or photo.",
    409: "The name or the photo is taken.",
    413: "The request is too large.",
    415: "The body is of another kind.",
    422: "A value, or the photo, cannot be used.",
    429: "Too many requests of this key.",
    503: "The service cannot do it now.",
    504: "It took too long.",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return what OpenAPI is told of the problems of a route, beside those of every route."""
    return {
        status: {"description": _WORDS[status], "content": _PROBLEM}
        for status in sorted({401, 403, 422, 429, 503, 504, *statuses})
    }


OF_PHOTOS = problems(400, 413, 415)

PHOTO_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The bytes of a photo: JPEG, PNG, PGM, PPM, BMP or WebP.",
        "content": {
            "image/*": {"schema": {"type": "string", "format": "binary"}},
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
            FORM: {
                "schema": {
                    "type": "object",
                    "required": ["photo"],
                    "properties": {"photo": {"type": "string", "format": "binary"}},
                }
            },
        },
    }
}

PAIR_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The bytes of two photos.",
        "content": {
            FORM: {
                "schema": {
                    "type": "object",
                    "required": ["left", "right"],
                    "properties": {
                        side: {"type": "string", "format": "binary"} for side in ("left", "right")
                    },
                }
            }
        },
    }
}
