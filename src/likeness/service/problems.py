"""Problem details (RFC 9457): what went wrong, as JSON with a code that programs can rely on."""

import json
from collections.abc import Mapping
from typing import Self

from likeness import errors

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):  # noqa: N818 (the word of the standard)
    """Ends a request with a problem.

    Args:
        status: of HTTP.
        code: stable, for programs.
        title: for people; the same for all problems of this code.
        detail: what was expected, what was received, what to do next.
        headers: further headers of the response.
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

    @classmethod
    def of(cls, error: Exception) -> Self:
        """Return the problem that an error of the library is to a client; 500 of any other."""
        for kind, status, code, title in _OF_ERRORS:
            if isinstance(error, kind):
                headers = {"Retry-After": "1"} if status == 503 else None
                return cls(status, code, title, str(error), headers=headers)
        return cls.of_status(500, "The service could not do it.")

    @classmethod
    def of_status(cls, status: int, detail: str, headers: Mapping[str, str] | None = None) -> Self:
        """Return the problem of a request that the framework refuses."""
        code, title = _OF_STATUS.get(status, ("refused", "Request refused"))
        return cls(status, code, title, detail, headers=headers)

    @classmethod
    def invalid(cls, detail: str) -> Self:
        """Return the problem of an invalid value."""
        return cls(422, "invalid", _INVALID, detail)

    @classmethod
    def too_large(cls, limit: int) -> Self:
        """Return the problem of a body of more than ``limit`` bytes."""
        return cls(
            413,
            "too-large",
            "Request too large",
            f"expected at most {limit:,} bytes. Received: more. Send a smaller photo.",
            headers={"Connection": "close"},
        )

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


_INVALID = "Invalid value"

_OF_ERRORS: tuple[tuple[type[errors.LikenessError], int, str, str], ...] = (
    (errors.UnknownPersonError, 404, "unknown-person", "Unknown person, photo or key"),
    (errors.AlreadyEnrolledError, 409, "already-enrolled", "Name or photo already enrolled"),
    (errors.NoFaceError, 422, "no-face", "No face found"),
    (errors.SeveralFacesError, 422, "several-faces", "More than one face found"),
    (errors.FaceTooSmallError, 422, "face-too-small", "Face too small"),
    (errors.NoEyesError, 422, "no-eyes", "Eyes not found"),
    (errors.FaceError, 422, "face", "Unusable face"),
    (errors.ImageError, 422, "image", "Unreadable photo"),
    (errors.NoThresholdError, 503, "no-threshold", "The model has no threshold"),
    (errors.ModelError, 503, "model", "The model cannot be used"),
    (errors.GalleryMismatchError, 503, "gallery-mismatch", "The gallery belongs to another model"),
    (errors.GalleryDamagedError, 503, "gallery-damaged", "The gallery is damaged"),
    (errors.GalleryKeyError, 503, "gallery-key", "The gallery is encrypted with another key"),
    (errors.GalleryError, 503, "gallery", "The gallery is not available"),
    (errors.MissingExtraError, 503, "missing-extra", "An optional package is not installed"),
    (errors.SettingError, 422, "invalid", _INVALID),
    (errors.DataError, 422, "invalid", _INVALID),
)
"""Status, code and title of each kind of error; the first that fits."""

_OF_STATUS: dict[int, tuple[str, str]] = {
    400: ("malformed", "Malformed request"),
    404: ("not-found", "No such route"),
    405: ("method", "Method not allowed"),
    415: ("media-type", "Unsupported content type"),
    500: ("failed", "Internal error"),
}
