"""From the bytes of a photo to its pixels, whatever they turn out to be."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from likeness.errors import ImageError

MOST_PIXELS = 40_000_000
"""Larger photos are refused by their header, before any memory is spent on them."""

MOST_BYTES = 256 * 2**20
"""Larger files are not read at all; 40 megapixels fit in this uncompressed, at 16 bits."""

EXTENSIONS = (".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".webp")

_FORMATS = ("BMP", "JPEG", "PNG", "PPM", "WEBP")

_EXPECTED = "a JPEG, PNG, PGM, PPM, BMP or WebP of one frame and at most 40 megapixels"

# Only to say what came instead of a photo: (offset, bytes, what to call it).
_STRANGERS = (
    (0, b"GIF8", "GIF"),
    (0, b"%PDF", "PDF"),
    (0, b"PK\x03\x04", "zip"),
    (0, b"II*\x00", "TIFF"),
    (0, b"MM\x00*", "TIFF"),
    (4, b"ftyphei", "HEIC"),
    (4, b"ftypmif1", "HEIC"),
    (4, b"ftypavif", "AVIF"),
)


def decode(data: bytes, *, name: str) -> NDArray[np.uint8]:
    """Return the pixels of a photo.

    The turn that a camera noted in EXIF is applied. Grey stays one channel; 16-bit grey is
    scaled to 8 bits. Palettes, CMYK and YCbCr become RGB; what is transparent becomes white.
    Of a JPEG with several pictures in it, as some phones write, the first is the photo.

    Args:
        data: the bytes of a file.
        name: what to call it in a message.

    Returns:
        ``(rows, columns, 1 or 3)``, 0…255.

    Raises:
        ImageError: it is no photo of these formats, breaks off, is animated, or is larger
            than 40 megapixels.

    >>> decode(b"P5 2 1 255 " + bytes([7, 9]), name="two.pgm").tolist()
    [[[7], [9]]]
    """
    if not data:
        raise _refused(name, "0 bytes")
    # Pillow's readers raise nearly anything on hostile bytes: OSError, SyntaxError,
    # ValueError, struct.error, IndexError, OverflowError, its own bomb error and warning.
    try:
        photo = Image.open(io.BytesIO(data), formats=_FORMATS)
    except Exception as error:
        raise _refused(name, _what_came(data, error)) from error
    _check_header(photo, name)
    try:
        photo.load()
        return _as_grey_or_rgb(_turned(photo))
    except Exception as error:
        why = "breaks off" if "truncated" in str(error) else f"broken: {error}"
        raise _refused(name, f"{photo.format}, {why}") from error


def decode_file(path: Path, *, name: str | None = None) -> NDArray[np.uint8]:
    """Return the pixels of the photo in a file; see `decode`.

    Args:
        path: the file.
        name: what to call it in a message; the path if not given.

    Raises:
        ImageError: also if the file cannot be read, or is larger than 256 MiB.
    """
    name = name or str(path)
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise _refused(name, f"{size / 2**20:.0f} MiB")
        data = path.read_bytes()
    except OSError as error:
        raise _refused(name, f"cannot be read: {error.strerror}") from error
    return decode(data, name=name)


def _refused(name: str, came: str) -> ImageError:
    return ImageError(f"expected {_EXPECTED}. Received: {name} ({came}).")


def _what_came(data: bytes, error: Exception) -> str:
    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        return "more than 40 megapixels"
    for offset, magic, called in _STRANGERS:
        if data[offset : offset + len(magic)] == magic:
            return called
    if all(byte >= 32 or byte in b"\t\n\r\f" for byte in data[:512]):
        return "text"
    return f"{len(data)} bytes of something else, or a broken header"


def _check_header(photo: Any, name: str) -> None:
    columns, rows = photo.size
    if columns * rows > MOST_PIXELS:
        raise _refused(name, f"{photo.format}, {columns * rows / 1e6:.0f} megapixels")
    if columns * rows == 0:
        raise _refused(name, f"{photo.format}, {columns}×{rows} pixels")
    frames = getattr(photo, "n_frames", 1)
    if frames > 1 and photo.format != "MPO":
        raise _refused(name, f"{photo.format}, {frames} frames")
    if photo.mode == "F":
        raise _refused(name, f"{photo.format} of floating numbers")


def _turned(photo: Any) -> Any:
    try:
        return ImageOps.exif_transpose(photo)
    except Exception:
        # Damaged EXIF says nothing about the turn, and the pixels are whole.
        return photo


def _as_grey_or_rgb(photo: Any) -> NDArray[np.uint8]:
    if photo.mode.startswith("I"):
        levels = np.asarray(photo).astype(np.int64).clip(0, 65535)
        return ((levels * 255 + 32767) // 65535).astype(np.uint8)[..., None]
    grey = photo.mode in ("1", "L", "LA", "La")
    if photo.has_transparency_data:
        photo = photo.convert("RGBA")
        paper = Image.new("RGBA", photo.size, "white")
        photo = Image.alpha_composite(paper, photo).convert("RGB")
    pixels = np.array(photo.convert("L" if grey else "RGB"), dtype=np.uint8)
    return pixels[..., None] if grey else pixels
