"""Problem details (RFC 9457): what went wrong, as JSON with a code that programs can rely on."""

import json
from collections.abc import Mapping
from typing import Any

from likeness.errors import (
    AlreadyEnrolledError,
    DataError,
    FaceError,
    FaceTooSmallError,
    GalleryDamagedError,
    GalleryError,
    GalleryKeyError,
    GalleryMismatchError,
    ImageError,
    LikenessError,
    MissingExtraError,
    ModelError,
    NoEyesError,
    NoFaceError,
    NoThresholdError,
    SettingError,
    SeveralFacesError,
    UnknownPersonError,
)

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):  # noqa: N818 (the word of the standard)
    """Ends a request with a problem.

    Args:
        status: of HTTP.
        code: stable, for programs.
        title: the same for people, equal for all problems of this code.
        detail: what was expected, what came, what to do next.
        headers: beside it.
    """

    def __init__(
        self,
        status: int,
        code: str,
        title: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.title = title
        self.detail = detail
        self.headers = dict(headers or {})

    def body(self, request_id: str) -> bytes:
        """Return it as JSON."""
        return json.dumps(
            {
                "type": f"urn:likeness:problem:{self.code}",
                "title": self.title,
                "status": self.status,
                "detail": self.detail,
                "code": self.code,
                "instance": request_id,
            }
        ).encode()


_OF: tuple[tuple[type[LikenessError], int, str, str], ...] = (
    (UnknownPersonError, 404, "unknown-person", "There is no such person, photo or key"),
    (AlreadyEnrolledError, 409, "already-enrolled", "The name is taken, or the photo is"),
    (NoFaceError, 422, "no-face", "No face was found"),
    (SeveralFacesError, 422, "several-faces", "More faces than one were found"),
    (FaceTooSmallError, 422, "face-too-small", "The face is too small"),
    (NoEyesError, 422, "no-eyes", "The eyes were not found"),
    (FaceError, 422, "face", "The face cannot be had"),
    (ImageError, 422, "image", "The photo cannot be read"),
    (NoThresholdError, 503, "no-threshold", "The model has no threshold"),
    (ModelError, 503, "model", "The model cannot be used"),
    (GalleryMismatchError, 503, "gallery-mismatch", "The gallery belongs to another model"),
    (GalleryDamagedError, 503, "gallery-damaged", "The gallery is damaged"),
    (GalleryKeyError, 503, "gallery-key", "The gallery is encrypted with another key"),
    (GalleryError, 503, "gallery", "The gallery cannot do it now"),
    (MissingExtraError, 503, "missing-extra", "Something is not installed"),
    (SettingError, 422, "invalid", "A value is out of its range"),
    (DataError, 422, "invalid", "A value cannot be used"),
)
"""The first that fits; of each kind of error its status, code and title."""


def problem_of(error: LikenessError) -> Problem:
    """Return the problem that an error of the library is to a client."""
    for kind, status, code, title in _OF:
        if isinstance(error, kind):
            headers = {"Retry-After": "1"} if status == 503 else None
            return Problem(status, code, title, str(error), headers=headers)
    return Problem(500, "failed", "The service failed", "The service could not do it.")


def invalid(detail: str) -> Problem:
    """Return the problem of a value that does not fit."""
    return Problem(422, "invalid", "A value is out of its range", detail)


def busy(waiting: int) -> Problem:
    """Return the problem of a queue that is full."""
    return Problem(
        503,
        "busy",
        "Too many photos are waiting",
        f"expected fewer photos at a time. {waiting} are in work. Ask again in a second.",
        headers={"Retry-After": "1"},
    )


def too_slow(seconds: float) -> Problem:
    """Return the problem of a request that took too long."""
    return Problem(
        504,
        "too-slow",
        "It took too long",
        f"expected an answer within {seconds:g} seconds. A change may have been made all the same: "
        "look, or ask again.",
    )


def too_large(limit: int) -> Problem:
    """Return the problem of a body beyond the limit."""
    return Problem(
        413,
        "too-large",
        "The request is too large",
        f"expected at most {limit:,} bytes. Received: more. Make the photo smaller.",
        headers={"Connection": "close"},
    )


def of_status(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Problem:
    """Return the problem of what the framework refuses."""
    code, title = _STATUS.get(status, ("refused", "The request was refused"))
    return Problem(status, code, title, detail, headers=headers)


_STATUS: dict[int, tuple[str, str]] = {
    400: ("malformed", "The request cannot be read"),
    404: ("not-found", "There is nothing at this address"),
    405: ("method", "This address takes other methods"),
    415: ("media-type", "The body is of another kind"),
    500: ("failed", "The service failed"),
}

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "instance"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "instance": {"type": "string", "description": "The request's id."},
    },
}
