"""What in a small file would cost minutes or gigabytes, seen before any reader is let at it."""

from collections.abc import Iterator
from typing import Literal

from likeness.images.jpeg import SCAN, START, segments

MOST_SIDE = 65_535
"""Pixels of a side, as a JPEG can say them. Readers pad by whole rows: a photo of one row and
40,000,000 columns would make them pad by gigabytes."""

MOST_SCANS = 100
"""Passes of a progressive JPEG. Cameras and converters write at most some 15; each costs a walk
over all pixels, and one that is empty takes ten bytes."""

MOST_PIECES = 100_000
"""Segments or chunks. Readers keep each in a list: ten million empty ones take gigabytes."""

MOST_METADATA = 32 * 2**20
"""Bytes beside the pixels; readers copy them several times."""

PNG = b"\x89PNG\r\n\x1a\n"


def why_a_bomb(data: bytes) -> str | None:
    """Return what is too much in a file's structure, or None.

    Only lengths are followed, nothing is unpacked; whether the file is whole and what its
    pieces hold is left to its reader.

    >>> why_a_bomb(START + bytes([255, 0xDA, 0, 2]) * 101)
    'more than 100 scans'
    """
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
    place = start
    while place + 8 <= len(data):
        first, second = data[place : place + 4], data[place + 4 : place + 8]
        if order == "big":
            kind, size = second, int.from_bytes(first, "big")
        else:
            kind, size = first, int.from_bytes(second, "little")
            size += size % 2
        # What a length only claims costs nothing.
        yield kind, min(size, len(data) - place)
        place += size + beside
