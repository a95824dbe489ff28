"""The photos of a request: its raw body, or the fields of a form. Bytes only, never an address."""

from collections.abc import Sequence
from typing import Any

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from likeness.service.problems import Problem, invalid, of_status, too_large

FORM = "multipart/form-data"
_RAW = "application/octet-stream"


async def read_photo(request: Request, *, most: int) -> bytes:
    """Return the bytes of the one photo of a request.

    Args:
        request: with the photo as its body, or in the field ``photo`` of a form.
        most: bytes.

    Raises:
        Problem: 413 if it is larger, 415 if it is of another kind, 422 if there is none.
    """
    kind = _kind(request)
    if kind == FORM:
        (photo,) = await read_photos(request, ("photo",), most=most)
        return photo
    if not kind.startswith("image/") and kind != _RAW:
        raise _other_kind(kind, f"image/jpeg (or another image), {_RAW} or {FORM}")
    if int(request.headers.get("content-length", "0")) > most:
        raise too_large(most)
    photo = await request.body()
    if len(photo) > most:
        raise too_large(most)
    if not photo:
        raise invalid("body: expected the bytes of a photo. Received: nothing.")
    return photo


async def read_photos(request: Request, names: Sequence[str], *, most: int) -> list[bytes]:
    """Return the bytes of the photos in the fields of a form.

    Args:
        request: a form.
        names: of its fields; each must be there once, and no other.
        most: bytes of each.

    Raises:
        Problem: 413, 415 or 422.
    """
    kind = _kind(request)
    if kind != FORM:
        raise _other_kind(kind, FORM)
    parser = MultiPartParser(
        request.headers, request.stream(), max_files=len(names), max_fields=len(names)
    )
    # Photos stay in memory: a larger one would be written to the disk on the way.
    parser.spool_max_size = most + 1
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise of_status(400, f"body: expected a form. {error.message}") from error
    except KeyError as error:  # no boundary in the header
        raise of_status(400, "body: expected a form with its boundary.") from error
    try:
        return [await _field(form.getlist(name), name, most=most) for name in names]
    finally:
        await form.close()


async def _field(found: Sequence[Any], name: str, *, most: int) -> bytes:
    if len(found) != 1 or not isinstance(found[0], UploadFile):
        raise invalid(f"{name}: expected one photo as a file in this field of the form.")
    photo: bytes = await found[0].read()
    if len(photo) > most:
        raise too_large(most)
    if not photo:
        raise invalid(f"{name}: expected the bytes of a photo. Received: nothing.")
    return photo


def _kind(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _other_kind(kind: str, expected: str) -> Problem:
    return of_status(415, f"Content-Type: expected {expected}. Received: {kind or 'none'}.")
