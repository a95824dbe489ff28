"""The structure of a photo's file, walked before any reader is let at it.

Segments of a JPEG, the EXIF orientation (how the camera was held), and decompression bombs: what in
a small file would cost minutes or gigabytes. Only lengths are followed, nothing is unpacked.
"""

import re
from collections.abc import Iterator
from typing import Literal

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

    A segment starts at its marker, and the pixels behind a scan's header belong to none. What
    stands behind the end of the picture is not looked at.
    """
    offset = len(START)
    while marker := _MARKER.search(data, offset):
        kind, offset = data[marker.start() + 1], marker.end()
        if kind == _END:
            return
        if kind not in _BARE:
            offset += int.from_bytes(data[offset : offset + 2], "big")
        yield kind, marker.start(), offset


def split_exif(data: bytes) -> tuple[bytes, bytes]:
    """Return a JPEG without its EXIF, XMP, colour profile and further pictures; and its EXIF.

    Pillow reads all of EXIF on opening, and each entry may claim the whole of it as its value:
    64 kB take 300 MB. The turn is one entry; see `orientation`.

    Returns:
        The JPEG, and the bytes behind «Exif»; joined where it has several segments.
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


def orientation(exif: bytes) -> int:
    """Return 1…8; 1, upright, where it is not said or the EXIF is damaged.

    Only the entries of the first directory are walked, and no offset but that of the directory
    is followed: neither a loop nor a claim of a billion values costs anything. (EXIF 2.3, tag
    274; TIFF 6.0, section 2.)

    Args:
        exif: as it stands behind «Exif» in a file, a TIFF header first.

    >>> orientation(b"II*\\0" + bytes([8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0]))
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
    offset = start
    while offset + 8 <= len(data):
        first, second = data[offset : offset + 4], data[offset + 4 : offset + 8]
        if order == "big":
            kind, size = second, int.from_bytes(first, "big")
        else:
            kind, size = first, int.from_bytes(second, "little")
            size += size % 2
        # What a length only claims costs nothing.
        yield kind, min(size, len(data) - offset)
        offset += size + beside
