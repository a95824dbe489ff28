"""Which format a file is in, by its first bytes: names and extensions do not tell."""

import re

HEAD = 64
"""Bytes of a file that are looked at."""

READ = ("AVIF", "BMP", "HEIC", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
"""The formats of photos that `images.decode` reads; PPM stands for its whole family."""

EXTENSIONS = (
    ".avif",
    ".bmp",
    ".heic",
    ".heif",
    ".jfif",
    ".jpe",
    ".jpeg",
    ".jpg",
    ".pgm",
    ".png",
    ".ppm",
    ".tif",
    ".tiff",
    ".webp",
)
"""Of files that claim to be photos: where the content is none, that is an error to be told."""

_MAGIC = (
    ("JPEG", rb"\xff\xd8\xff"),
    ("PNG", rb"\x89PNG\r\n\x1a\n"),
    ("WEBP", rb"RIFF.{4}WEBP"),
    ("TIFF", rb"II\*\x00|MM\x00\*"),
    ("AVIF", rb".{4}ftyp(?:avif|avis|mif1.{4,44}?avif)"),
    ("HEIC", rb".{4}ftyp(?:hei[cxms]|hev[cxms]|mif1|msf1)"),
    ("BMP", rb"BM.{4}\x00{4}"),
    ("PPM", rb"P[1-6][\s#]"),
    ("GIF", rb"GIF8"),
    ("PDF", rb"%PDF"),
    ("zip", rb"PK\x03\x04"),
    ("gzip", rb"\x1f\x8b"),
    ("video", rb".{4}ftyp|\x1aE\xdf\xa3|RIFF.{4}AVI "),
)


def file_format(head: bytes) -> str | None:
    """Return the format of a file, one of `READ` if it may be a photo; None if it is not known.

    Args:
        head: its first `HEAD` bytes, or more.

    >>> file_format(b"P5 2 1 255 ..")
    'PPM'
    """
    matches = (name for name, magic in _MAGIC if re.match(magic, head[:HEAD], re.DOTALL))
    return next(matches, None)


def described(data: bytes) -> str:
    """Say in a few words what a file is that is not a photo that can be read."""
    if not data:
        return "0 bytes"
    known = file_format(data)
    if known is not None:
        return f"{known}, broken" if known in READ else known
    if all(byte >= 32 or byte in b"\t\n\r\f" for byte in data[:512]):
        return "text"
    return f"{len(data)} bytes of something else, or a broken header"
