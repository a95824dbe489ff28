"""What is read of a file before its reader: EXIF's turn, segments, what is too much."""

import io
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from likeness.errors import ImageError
from likeness.images.decode import (
    MOST_METADATA,
    MOST_PIECES,
    MOST_SCANS,
    PNG,
    SCAN,
    decode,
    segments,
)

ORIENTATION = 0x0112


def directory(order: str, *entries: tuple[int, int, int, int], start: int = 8) -> bytes:
    """EXIF with one directory; short values stand left in their four bytes."""
    made = [
        struct.pack(order + "HHIHH", tag, kind, count, value, 0)
        for tag, kind, count, value in entries
    ]
    mark = b"II" if order == "<" else b"MM"
    head = mark + struct.pack(order + "HI", 42, start) + bytes(start - 8)
    return head + struct.pack(order + "H", len(made)) + b"".join(made)


def jpeg(**options: object) -> bytes:
    stream = io.BytesIO()
    rng = np.random.default_rng(0)
    image = Image.fromarray(rng.integers(0, 256, (64, 64, 3), dtype=np.uint8))
    image.save(stream, "JPEG", **options)
    return stream.getvalue()


def with_exif(exif: bytes) -> bytes:
    """A JPEG with these bytes behind «Exif», in as many segments as they fill."""
    data = jpeg()
    parts = [exif[at : at + 60_000] for at in range(0, len(exif), 60_000)] or [b""]
    return data[:2] + b"".join(map(exif_segment, parts)) + data[2:]


def exif_segment(part: bytes) -> bytes:
    return b"\xff\xe1" + struct.pack(">H", 8 + len(part)) + b"Exif\0\0" + part


AS_STORED = decode(jpeg(), name="stored")
TURNED = {
    1: AS_STORED,
    2: AS_STORED[:, ::-1],
    3: AS_STORED[::-1, ::-1],
    4: AS_STORED[::-1],
    5: AS_STORED.swapaxes(0, 1),
    6: np.rot90(AS_STORED, -1),
    7: AS_STORED[::-1, ::-1].swapaxes(0, 1),
    8: np.rot90(AS_STORED),
}


def orientation(exif: bytes) -> int:
    """Which of the eight turns a JPEG with this EXIF is decoded by."""
    pixels = decode(with_exif(exif), name="turned")
    return next(turn for turn, known in TURNED.items() if np.array_equal(known, pixels))


def too_much(data: bytes) -> str | None:
    """What is said to be too much in a file; None if it is refused for something else, or read."""
    try:
        decode(data, name="x")
    except ImageError as error:
        why = str(error).partition("(")[2].rstrip(").")
        return why if why.startswith("more than") else None
    return None


class TestOrientation:
    @pytest.mark.parametrize("order", ["<", ">"])
    @pytest.mark.parametrize("turn", range(1, 9))
    def test_of_either_byte_order_wherever_it_stands(self, order: str, turn: int) -> None:
        others = [(0x010F, 2, 4, 7), (0x0110, 3, 1, 5)]
        exif = directory(order, *others, (ORIENTATION, 3, 1, turn), start=30)
        assert orientation(exif) == turn

    @given(turn=st.integers(1, 8))
    def test_as_pillow_writes_it(self, turn: int) -> None:
        exif = Image.Exif()
        exif[ORIENTATION] = turn
        exif[0x010F] = "a camera"
        assert orientation(exif.tobytes().removeprefix(b"Exif\0\0")) == turn

    @pytest.mark.parametrize(
        "exif",
        [
            b"",
            b"II*\0",
            directory("<", (ORIENTATION, 3, 1, 0)),
            directory("<", (ORIENTATION, 3, 1, 9)),
            directory("<", (ORIENTATION, 2, 1, 6)),
            directory("<", (0x0113, 3, 1, 6)),
            directory("<", (ORIENTATION, 3, 1, 6)).replace(b"*", b"+", 1),
            directory("<", (ORIENTATION, 3, 1, 6))[:-4],
            b"II*\0\xff\xff\xff\xff",
        ],
    )
    def test_upright_where_it_is_not_said(self, exif: bytes) -> None:
        assert orientation(exif) == 1

    @given(st.binary(max_size=300), st.sampled_from([b"", b"II*\0", b"MM\0*", b"Exif\0\0II*\0"]))
    def test_any_bytes_give_one_of_eight(self, tail: bytes, head: bytes) -> None:
        assert orientation(head + tail) in range(1, 9)


class TestJpeg:
    def test_segments_lie_one_after_the_other_up_to_the_scan(self) -> None:
        data = jpeg(exif=directory("<", (ORIENTATION, 3, 1, 6)), comment=b"hello")
        found = list(segments(data))
        kinds = [kind for kind, _, _ in found]
        assert kinds.count(0xE1) == 1 and kinds.count(0xFE) == 1 and kinds[-1] == SCAN
        place = 2
        for _, start, end in found:
            assert start == place and data[start] == 0xFF
            place = end

    def test_a_progressive_one_has_its_scans(self) -> None:
        count = sum(kind == SCAN for kind, _, _ in segments(jpeg(progressive=True)))
        assert 6 <= count <= 15
        # Stuffed bytes and restarts among the pixels are no segments.
        plain = jpeg(quality=100, restart_marker_blocks=1)
        assert plain.count(b"\xff\x00") > 10 and plain.count(b"\xff\xd3") > 1
        assert sum(kind == SCAN for kind, _, _ in segments(plain)) == 1

    def test_what_stands_behind_the_picture_is_not_looked_at(self) -> None:
        assert list(segments(jpeg() + jpeg())) == list(segments(jpeg()))

    def test_metadata_changes_no_pixel(self) -> None:
        data = jpeg(exif=b"Exif\0\0" + directory("<"), icc_profile=bytes(90_000))
        np.testing.assert_array_equal(decode(data, name="x"), AS_STORED)

    def test_exif_in_two_segments_is_joined(self) -> None:
        exif = directory("<", (ORIENTATION, 3, 1, 6))
        data = jpeg()
        two = exif_segment(exif[:12]) + exif_segment(exif[12:])
        pixels = decode(data[:2] + two + data[2:], name="x")
        np.testing.assert_array_equal(pixels, TURNED[6])

    @given(st.binary(max_size=200))
    def test_any_bytes_end(self, tail: bytes) -> None:
        with pytest.raises(ImageError, match=r"^expected a JPEG"):
            decode(b"\xff\xd8" + tail, name="x")


class TestBombs:
    def test_scans(self) -> None:
        data = b"\xff\xd8" + b"\xff\xda\0\2" * MOST_SCANS
        assert too_much(data) is None
        assert too_much(data + b"\xff\xda\0\2") == "more than 100 scans"

    @pytest.mark.parametrize(
        ("head", "piece"),
        [
            (b"\xff\xd8", b"\xff\xe0\0\2"),
            (PNG, bytes(4) + b"prVt" + bytes(4)),
            (b"RIFF\0\0\0\0WEBP", b"ABCD" + bytes(4)),
        ],
        ids=["JPEG", "PNG", "WebP"],
    )
    def test_pieces(self, head: bytes, piece: bytes) -> None:
        assert too_much(head + piece * MOST_PIECES) is None
        assert too_much(head + piece * (MOST_PIECES + 1)) == "more than 100000 chunks"

    @pytest.mark.parametrize("kind", [b"prVt", b"eXIf", b"IDAT"])
    def test_metadata_is_what_is_no_pixels(self, kind: bytes) -> None:
        half = struct.pack(">I", MOST_METADATA // 2) + kind + bytes(MOST_METADATA // 2 + 4)
        assert too_much(PNG + half * 2) is None
        more = PNG + half * 2 + struct.pack(">I", 1) + kind + bytes(5)
        expected = None if kind == b"IDAT" else "more than 32 MiB of metadata"
        assert too_much(more) == expected

    def test_a_length_that_is_only_claimed_costs_nothing(self) -> None:
        assert too_much(PNG + b"\xff\xff\xff\xffprVt") is None

    @pytest.mark.parametrize("data", [b"", b"P5 1 1 255 \0", b"BM", jpeg(), PNG])
    def test_what_is_no_bomb(self, data: bytes) -> None:
        assert too_much(data) is None
