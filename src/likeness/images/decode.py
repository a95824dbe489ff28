"""Decode a photo's bytes to pixels, safely for hostile input.

The structure of a file is checked before it is decoded: segments of a JPEG, the EXIF orientation,
and decompression bombs, that is small files that would take minutes or gigabytes. The check follows
lengths only and unpacks nothing.
"""

import ctypes
import io
import re
import stat
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image, _imaging

from likeness.arrays import Photo
from likeness.errors import ImageError, MissingExtraError, require_extra
from likeness.images.formats import described, file_format

START = b"\xff\xd8"

SCAN = 0xDA

_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
"""Neither a stuffed 255 among the pixels, nor padding, nor a restart."""

_END, _BARE = 0xD9, (0x01, 0xD8)

_APP1, _APP2 = 0xE1, 0xE2
"""EXIF and XMP; colour profile and the list of further pictures."""

_EXIF = b"Exif\x00"


def segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield (kind, start, end) of each segment of the first picture.

    A segment starts at its marker, and the pixels after a scan's header belong to no segment. Data
    after the end of the picture are ignored.
    """
    offset = len(START)
    while marker := _MARKER.search(data, offset):
        kind, offset = data[marker.start() + 1], marker.end()
        if kind == _END:
            return
        if kind not in _BARE:
            offset += int.from_bytes(data[offset : offset + 2], "big")
        yield kind, marker.start(), offset


def _split_exif(data: bytes) -> tuple[bytes, bytes]:
    """Return a JPEG without its EXIF, XMP, colour profile and further pictures; and its EXIF.

    Pillow reads all of EXIF on opening, and each entry may claim the whole of it as its value:
    64 kB take 300 MB. The turn is one entry; see `_orientation`.

    Returns:
        The JPEG, and the bytes after «Exif»; several segments are joined.
    """
    kept, exif, offset = [], [], 0
    for kind, start, end in segments(data):
        if kind == SCAN:
            break
        if kind in (_APP1, _APP2):
            kept.append(data[offset:start])
            offset = end
            content = data[start + 4 : end]
            if kind == _APP1 and content.startswith(_EXIF):
                exif.append(content[6:])
    return b"".join([*kept, data[offset:]]) if kept else data, b"".join(exif)


UPRIGHT = 1

_ORIENTATION = 0x0112
_SHORT = 3


def _orientation(exif: bytes) -> int:
    """Return 1…8; 1, upright, if it is missing or the EXIF is damaged.

    Only the entries of the first directory are walked, and no offset but that of the directory
    is followed, so loops and huge counts are harmless. (EXIF 2.3, tag
    274; TIFF 6.0, section 2.)

    Args:
        exif: the bytes after «Exif», beginning with a TIFF header.

    >>> _orientation(b"II*\\0" + bytes([8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0]))
    6
    """
    exif = exif.removeprefix(b"Exif\x00\x00")
    order: Literal["little", "big"] = "little" if exif[:2] == b"II" else "big"

    def number(offset: int, size: int) -> int:
        return int.from_bytes(exif[offset : offset + size], order)

    if exif[:2] not in (b"II", b"MM") or number(2, 2) != 42:
        return UPRIGHT
    start = number(4, 4)
    for offset in range(start + 2, start + 2 + 12 * number(start, 2), 12):
        if number(offset, 2) == _ORIENTATION and number(offset + 2, 2) == _SHORT:
            turn = number(offset + 8, 2)
            return turn if 1 <= turn <= 8 else UPRIGHT
    return UPRIGHT


MOST_SIDE = 65_535
"""Most pixels of a side that a JPEG can have. Readers pad by whole rows: a photo of one row and
40,000,000 columns would make them pad by gigabytes."""

MOST_SCANS = 100
"""Passes of a progressive JPEG. Cameras and converters write at most some 15; each costs a walk
over all pixels, and an empty one takes ten bytes."""

MOST_PIECES = 100_000
"""Segments or chunks. Readers keep each in a list: ten million empty ones take gigabytes."""

MOST_METADATA = 32 * 2**20
"""Bytes beside the pixels; readers copy them several times."""

PNG = b"\x89PNG\r\n\x1a\n"


def _why_a_bomb(data: bytes) -> str | None:
    """Return which limit a file's structure exceeds, or None.

    Only lengths are followed, nothing is unpacked; its decoder checks the content.

    >>> _why_a_bomb(START + bytes([255, 0xDA, 0, 2]) * 101)
    'more than 100 scans'
    """
    if data[:4] in (b"II*\x00", b"MM\x00*"):
        return _why_a_tiff_bomb(data)
    metadata, scans = 0, 0
    for pieces, (kind, size) in enumerate(_pieces(data), start=1):
        metadata += 0 if kind in _OF_PIXELS else size
        scans += kind == SCAN
        if scans > MOST_SCANS:
            return f"more than {MOST_SCANS} scans"
        if pieces > MOST_PIECES:
            return f"more than {MOST_PIECES} chunks"
        if metadata > MOST_METADATA:
            return f"more than {MOST_METADATA >> 20} MiB of metadata"
    return None


_TIFF_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
"""Bytes of a value of each type (TIFF 6.0, section 2)."""


def _why_a_tiff_bomb(data: bytes) -> str | None:
    """Return what is too much in the first directory of a TIFF: readers take in every value."""
    order: Literal["little", "big"] = "little" if data[:2] == b"II" else "big"

    def number(offset: int, size: int) -> int:
        return int.from_bytes(data[offset : offset + size], order)

    start = number(4, 4)
    end = start + 2 + 12 * number(start, 2)
    metadata = 0
    for offset in range(start + 2, min(end, len(data)), 12):
        kind, count = number(offset + 2, 2), number(offset + 4, 4)
        if number(offset, 2) in _TIFF_PIECES and count > MOST_PIECES:
            return f"more than {MOST_PIECES} chunks"
        # What a length only claims costs nothing.
        metadata += min(_TIFF_SIZES.get(kind, 1) * count, len(data))
    if metadata > MOST_METADATA:
        return f"more than {MOST_METADATA >> 20} MiB of metadata"
    return "TIFF, several pages" if number(end, 4) else None


_TIFF_PIECES = (273, 324)
"""Where the strips or tiles are."""

_OF_PIXELS = (b"IDAT", b"VP8 ", b"VP8L", b"ALPH", b"ANMF", b"fdAT")


def _pieces(data: bytes) -> Iterator[tuple[bytes | int, int]]:
    """Yield (kind, bytes) of each piece of a JPEG, PNG or WebP; of others, nothing."""
    if data.startswith(START):
        yield from ((kind, end - start) for kind, start, end in segments(data))
    elif data.startswith(PNG):
        yield from _chunks(data, start=8, order="big", beside=12)
    elif data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        yield from _chunks(data, start=12, order="little", beside=8)


def _chunks(
    data: bytes, *, start: int, order: Literal["big", "little"], beside: int
) -> Iterator[tuple[bytes, int]]:
    """Of a PNG (length, kind, content, checksum) or WebP (kind, length, content, padding)."""
    offset = start
    while offset + 8 <= len(data):
        first, second = data[offset : offset + 4], data[offset + 4 : offset + 8]
        if order == "big":
            kind, size = second, int.from_bytes(first, "big")
        else:
            kind, size = first, int.from_bytes(second, "little")
            size += size % 2
        # A declared length costs nothing.
        yield kind, min(size, len(data) - offset)
        offset += size + beside


MOST_PIXELS = 40_000_000
"""Larger photos are rejected by their header, before memory is allocated."""

MOST_BYTES = 128 * 2**20
"""Larger files are not read at all; 40 megapixels of colour fit in this uncompressed."""

PIXELS_AT_ONCE = 2**20
"""Pixels that are converted at a time: one photo of 40 megapixels in CMYK or with transparency
would otherwise be held four times, one of 16 bits in 64-bit integers."""

MOST_WHOLE_PIXELS = 50_000_000
"""Of an AVIF or HEIC: what is larger than wanted can only be reduced once it is decoded."""

MOST_JPEG_PIXELS, MOST_PROGRESSIVE_PIXELS = 120_000_000, 60_000_000
"""A JPEG that is larger than wanted is decoded at a half, a quarter or an eighth of its sides, for
as much memory as it then has; a progressive one is held whole, as coefficients."""

_FORMATS = ("AVIF", "BMP", "JPEG", "PNG", "PPM", "TIFF", "WEBP")

_EXPECTED = (
    "a JPEG, PNG, PGM, PPM, BMP, TIFF, WebP, AVIF or HEIC of one frame and at most {:g} megapixels"
)


def decode(data: bytes, *, name: str, most_pixels: int = MOST_PIXELS) -> Photo:
    """Return the pixels of a photo.

    The EXIF orientation is applied. Grey stays one channel; 16-bit grey is
    scaled to 8 bits. Palettes, CMYK and YCbCr become RGB; what is transparent becomes white.
    Of a JPEG with several pictures in it, as some phones write, the first is the photo. HEIC
    needs the extra ``heic``.

    It uses less than 1 GiB of memory for any input.

    Args:
        data: the bytes of a file.
        name: its name in messages.
        most_pixels: 1…40,000,000. A larger JPEG, AVIF or HEIC comes at a half, a quarter or an
            eighth of its sides; other larger photos are refused by their header.

    Returns:
        ``(rows, columns, 1 or 3)``, 0…255.

    Raises:
        ImageError: it is not a photo in one of these formats, is truncated, is animated, or is
            larger than ``most_pixels`` or 128 MiB; or decoding it would take more than a photo can.

    >>> decode(b"P5 2 1 255 " + bytes([7, 9]), name="two.pgm").tolist()
    [[[7], [9]]]
    """
    if not data:
        raise _refused(name, "0 bytes")
    if len(data) > MOST_BYTES:
        raise _refused(name, f"{len(data) / 2**20:.0f} MiB")
    if why := _why_a_bomb(data):
        raise _refused(name, why)
    bare, exif = _split_exif(data) if data.startswith(START) else (data, b"")
    # Pillow's readers raise nearly anything on hostile bytes: OSError, SyntaxError,
    # ValueError, struct.error, IndexError, OverflowError, MemoryError, its own bomb error.
    try:
        with _without_warnings():
            _quiet_libtiff()
            photo = _opened_heic(data) if file_format(data) == "HEIC" else _opened(bare)
            # The pages of a TIFF were counted by its structure; of a HEIC the main picture counts.
            whole = photo.format in ("TIFF", "HEIF")
            frames = 1 if whole else getattr(photo, "n_frames", 1)
    except MissingExtraError as error:
        raise _refused(name, f"HEIC: {str(error).rstrip('.')}") from error
    except Exception as error:
        raise _refused(name, _what_came(data, error)) from error
    most_pixels = min(most_pixels, MOST_PIXELS)
    _check_header(photo, name, frames=frames, most_pixels=most_pixels)
    shrink = _shrink(photo.size, most_pixels)
    if photo.format == "JPEG" and shrink > 1:
        photo.draft(photo.mode, (photo.width // shrink, photo.height // shrink))
    try:
        # A TIFF is turned by its reader, a HEIC by its decoder.
        turn = UPRIGHT if photo.format in ("TIFF", "HEIF") else _orientation(exif or _exif(photo))
        if photo.format != "JPEG" and shrink > 1:
            photo = photo.reduce(shrink)
        if photo.format == "TIFF":  # Its reader warns of damaged metadata only here.
            with _without_warnings():
                photo.load()
        pixels = _grey_or_rgb(photo)
    except Exception as error:
        raise _refused(name, f"{photo.format}, {_why(error)}") from error
    del photo
    return pixels if turn == UPRIGHT else np.ascontiguousarray(_UPRIGHT_FROM[turn](pixels))


def _opened(data: bytes) -> Any:
    return Image.open(io.BytesIO(data), formats=_FORMATS)


def _opened_heic(data: bytes) -> Any:
    """Return a HEIC's main picture for Pillow, which decodes it when it is loaded."""
    heif = require_extra("pillow_heif", extra="heic")
    file = heif.HeifImageFile(io.BytesIO(data))
    file.format = "HEIF"
    return file


def _shrink(size: tuple[int, int], most_pixels: int) -> int:
    """Return by how much the sides must shrink for so many pixels: 1, 2, 4 or 8."""
    columns, rows = size
    fits = (s for s in (1, 2, 4, 8) if -(-columns // s) * -(-rows // s) <= most_pixels)
    return next(fits, 8)


def decode_file(path: Path, *, name: str | None = None) -> Photo:
    """Return the pixels of the photo in a file; see `decode`.

    Args:
        path: the file.
        name: its name in messages; the path if not given.

    Raises:
        ImageError: also if the file cannot be read, or is larger than 128 MiB.
    """
    return decode(read_photo(path, name=name), name=name or str(path))


def read_photo(path: Path, *, name: str | None = None) -> bytes:
    """Return the bytes of a file.

    Args:
        path: the file.
        name: its name in messages; the path if not given.

    Raises:
        ImageError: it cannot be read, is larger than 128 MiB, or no file.
    """
    name = name or str(path)
    try:
        about = path.stat()
        # Reading a pipe or a device may never end.
        if stat.S_ISDIR(about.st_mode):
            raise _refused(name, "a folder; name the photos in it")
        if not stat.S_ISREG(about.st_mode):
            raise _refused(name, "a pipe or a device, not a file")
        if about.st_size > MOST_BYTES:
            raise _refused(name, f"{about.st_size / 2**20:.0f} MiB")
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        raise _refused(name, f"cannot be read: {error.strerror}") from error


def _refused(name: str, came: str, *, most_pixels: int = MOST_PIXELS) -> ImageError:
    expected = _EXPECTED.format(most_pixels / 1e6)
    return ImageError(f"expected {expected}. Received: {name} ({came}).")


_FILTERS = threading.Lock()


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Suppress Pillow's warnings about damaged metadata.

    The filters are global, so one thread at a time changes and restores them; decoding pixels,
    which takes most of the time, is outside.
    """
    with _FILTERS, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@cache
def _quiet_libtiff() -> None:
    """Keep libtiff from writing to standard error, past Python, what the error says anyway.

    Where Pillow has it linked in without its names, it goes on writing.
    """
    with suppress(OSError, AttributeError):
        libtiff = ctypes.CDLL(_imaging.__file__)
        libtiff.TIFFSetErrorHandler(None)
        libtiff.TIFFSetWarningHandler(None)


def _what_came(data: bytes, error: Exception) -> str:
    if isinstance(error, Image.DecompressionBombError):
        return "more than 40 megapixels"
    if str(error).startswith(_TEXT_BOMBS):
        return f"PNG, {_why(error)}"
    return described(data)


def _why(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return "more than memory holds"
    if "truncated" in str(error):
        return "truncated"
    if str(error).startswith(_TEXT_BOMBS):
        return "texts that unpack to megabytes"
    said = " ".join(str(error).split())[:_MOST_SAID].rstrip(".")
    return f"broken: {said}" if said else "broken"


_TEXT_BOMBS = ("Decompressed data too large", "Too much memory used in text chunks")
"""Pillow's messages about texts and profiles of a PNG: 1 MiB each, 64 MiB together."""

_MOST_SAID = 100
"""Most characters of a decoder's message, which may quote the input."""


def _check_header(photo: Any, name: str, *, frames: int, most_pixels: int) -> None:
    columns, rows = photo.size
    largest = {
        "JPEG": MOST_PROGRESSIVE_PIXELS if "progressive" in photo.info else MOST_JPEG_PIXELS,
        "AVIF": MOST_WHOLE_PIXELS,
        "HEIF": MOST_WHOLE_PIXELS,
    }
    # An eighth of each side is the least that a JPEG can be decoded at.
    most = max(most_pixels, min(64 * most_pixels, largest.get(photo.format, 0)))
    if columns * rows > most:
        came = f"{photo.format}, {columns * rows / 1e6:.3g} megapixels"
        raise _refused(name, came, most_pixels=most)
    if not 0 < columns <= MOST_SIDE or not 0 < rows <= MOST_SIDE:
        raise _refused(name, f"{photo.format}, {columns}×{rows} pixels")
    if frames > 1:
        raise _refused(name, f"{photo.format}, {frames} frames")
    if photo.mode == "F":
        raise _refused(name, f"{photo.format} of floating numbers")


def _exif(photo: Any) -> bytes:
    """Return the EXIF of a PNG or WebP, also in ImageMagick's text form."""
    exif = photo.info.get("exif")
    if isinstance(exif, bytes):
        return exif
    try:
        return bytes.fromhex("".join(photo.info["Raw profile type exif"].split("\n")[3:]))
    except (KeyError, AttributeError, ValueError):
        return b""


# From the way a camera stored a photo under each orientation (EXIF 2.3, tag 274).
_UPRIGHT_FROM: dict[int, Callable[[Photo], Photo]] = {
    2: np.fliplr,
    3: lambda pixels: pixels[::-1, ::-1],
    4: np.flipud,
    5: lambda pixels: pixels.swapaxes(0, 1),
    6: lambda pixels: np.rot90(pixels, -1),
    7: lambda pixels: pixels[::-1, ::-1].swapaxes(0, 1),
    8: np.rot90,
}


def _grey_or_rgb(photo: Any) -> Photo:
    """Return ``(rows, columns, 1 or 3)``, 0…255, of a photo that Pillow opened.

    16-bit grey is scaled to 8 bits. Palettes, CMYK and YCbCr become RGB; what is transparent
    becomes white.
    """
    columns, rows = photo.size
    photo.load()
    channels = 1 if photo.mode in _GREY or photo.mode.startswith("I") else 3
    pixels = np.empty((rows, columns, channels), np.uint8)
    step = max(1, PIXELS_AT_ONCE // columns)
    for top in range(0, rows, step):
        bottom = min(top + step, rows)
        strip = _converted(photo.crop((0, top, columns, bottom)), grey=channels == 1)
        pixels[top:bottom] = strip.reshape(bottom - top, columns, channels)
    return pixels


_GREY = ("1", "L", "LA", "La")


def _converted(photo: Any, *, grey: bool) -> Photo:
    if photo.mode.startswith("I"):
        levels = np.asarray(photo).clip(0, 65535).astype(np.uint32)
        return ((levels * 255 + 32767) // 65535).astype(np.uint8)
    if photo.has_transparency_data:
        photo = photo.convert("RGBA")
        paper = Image.new("RGBA", photo.size, "white")
        photo = Image.alpha_composite(paper, photo).convert("RGB")
    return np.asarray(photo.convert("L" if grey else "RGB"), np.uint8)
