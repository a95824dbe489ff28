"""The segments of a JPEG, and the JPEG without those that only describe it."""

import re
from collections.abc import Iterator

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
    place = len(START)
    while found := _MARKER.search(data, place):
        kind, place = data[found.start() + 1], found.end()
        if kind == _END:
            return
        if kind not in _BARE:
            place += int.from_bytes(data[place : place + 2], "big")
        yield kind, found.start(), place


def split_exif(data: bytes) -> tuple[bytes, bytes]:
    """Return a JPEG without its EXIF, XMP, colour profile and further pictures; and its EXIF.

    Pillow reads all of EXIF on opening, and each entry may claim the whole of it as its value:
    64 kB take 300 MB. The turn is one entry; see `likeness.images.exif`.

    Returns:
        The JPEG, and the bytes behind «Exif»; joined where it has several segments.
    """
    kept, exif, place = [], [], 0
    for kind, start, end in segments(data):
        if kind == SCAN:
            break
        if kind in (_APP1, _APP2):
            kept.append(data[place:start])
            place = end
            content = data[start + 4 : end]
            if kind == _APP1 and content.startswith(_EXIF):
                exif.append(content[6:])
    return b"".join([*kept, data[place:]]) if kept else data, b"".join(exif)
