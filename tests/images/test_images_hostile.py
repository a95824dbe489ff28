"""Thousands of damaged and hostile files, read by one process that must live, and stay small."""

import gzip
import io
import json
import re
import struct
import subprocess
import sys
import textwrap
import zipfile
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from likeness.datasets import drawn_faces

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/status").is_file(), reason="needs Linux: memory is read from /proc"
)

MOST_MEMORY = 2**30
HANGS_AFTER = 120

READER = """
    import json, resource, signal, sys
    from pathlib import Path
    import numpy as np
    from likeness.errors import ImageError
    from likeness.images.decode import decode_file

    def status(entry):
        lines = Path("/proc/self/status").read_text().splitlines()
        return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(entry))

    # What Python and NumPy have mapped to start with does not count; a reader that runs away
    # gets a MemoryError, and the test sees that.
    most = status("VmSize") + int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    for file in sorted(Path(sys.argv[1]).iterdir()):
        signal.alarm(int(sys.argv[3]))
        try:
            pixels = decode_file(file, name=file.name)
        except ImageError as error:
            said = {"refused": str(error)}
        else:
            said = {"shape": pixels.shape, "type": str(pixels.dtype), "mean": float(pixels.mean())}
        print(json.dumps({"name": file.name, **said}), flush=True)
    print(json.dumps({"peak": status("VmHWM")}))
"""

PIXELS = "pixels"
"""Expected of a file that is unusual and whole; a regular expression says why it is refused."""

Case = tuple[bytes, str | None]
Rng = np.random.Generator


def written(image: Image.Image, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


@cache
def faces() -> list[Image.Image]:
    return [Image.fromarray(item[..., 0]) for item in drawn_faces(identities=4, seed=5).items]


def a_face(rng: Rng, mode: str = "RGB") -> Image.Image:
    return faces()[rng.integers(len(faces()))].convert(mode)


def deep(rng: Rng) -> Image.Image:
    return Image.fromarray(np.asarray(a_face(rng, "L")).astype(np.uint16) * 257)


def whole(rng: Rng) -> bytes:
    """A face in any of the formats, in any of their ways."""
    ways: list[Callable[[], bytes]] = [
        lambda: written(a_face(rng), "JPEG", quality=int(rng.integers(20, 96))),
        lambda: written(a_face(rng), "JPEG", progressive=True),
        lambda: written(a_face(rng, "L"), "JPEG", restart_marker_blocks=5),
        lambda: written(a_face(rng, "CMYK"), "JPEG"),
        lambda: written(a_face(rng), "MPO", save_all=True, append_images=[a_face(rng)]),
        lambda: written(a_face(rng), "PNG"),
        lambda: written(a_face(rng), "TIFF", compression="tiff_lzw"),
        lambda: written(a_face(rng), "AVIF"),
        lambda: written(a_face(rng, "LA"), "PNG"),
        lambda: written(a_face(rng).quantize(16), "PNG", transparency=3),
        lambda: written(a_face(rng, "1"), "PNG"),
        lambda: written(deep(rng), "PNG"),
        lambda: written(a_face(rng), "PPM"),
        lambda: written(deep(rng), "PPM"),
        lambda: written(a_face(rng), "BMP"),
        lambda: written(a_face(rng, "P"), "BMP"),
        lambda: written(a_face(rng), "WEBP", quality=50),
        lambda: written(a_face(rng, "RGBA"), "WEBP", lossless=True),
        lambda: turned_jpeg(tiff([(0x0112, 3, 1, 6)])),
    ]
    return ways[rng.integers(len(ways))]()


def chunk(kind: bytes, content: bytes = b"") -> bytes:
    return (
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
    )


def with_chunks(png: bytes, *chunks: bytes) -> bytes:
    """The PNG with these behind its header."""
    return png[:33] + b"".join(chunks) + png[33:]


def with_segments(jpeg: bytes, *contents: tuple[int, bytes]) -> bytes:
    """The JPEG without its JFIF segment, with these in front."""
    made = [
        b"\xff" + bytes([kind]) + struct.pack(">H", len(content) + 2) + content
        for kind, content in contents
    ]
    return jpeg[:2] + b"".join(made) + jpeg[20:]


def tiff(
    entries: list[tuple[int, int, int, int]], *, next_one: int = 0, size: int = 0, start: int = 8
) -> bytes:
    """EXIF of one directory: (tag, type, count, value or place), and where the next one is."""
    made = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    head = b"II*\0" + struct.pack("<I", start) + struct.pack("<H", len(entries)) + made
    return (head + struct.pack("<I", next_one)).ljust(size, b"\0")


def turned_jpeg(exif: bytes) -> bytes:
    face = written(faces()[0].convert("RGB"), "JPEG")
    return with_segments(face, (0xE1, b"Exif\0\0" + exif))


# Every family is a function of a generator.


def truncated(rng: Rng) -> Case:
    data = whole(rng)
    return data[: rng.integers(len(data))], None


def bit_flipped(rng: Rng) -> Case:
    data = bytearray(whole(rng))
    reach = len(data) if rng.random() < 0.5 else min(len(data), 64)
    for place in rng.integers(reach, size=rng.integers(1, 40)):
        data[place] ^= 1 << int(rng.integers(8))
    return bytes(data), None


def spliced(rng: Rng) -> Case:
    head, tail = whole(rng), whole(rng)
    return head[: rng.integers(len(head))] + tail[rng.integers(len(tail)) :], None


def of_another_type(rng: Rng) -> Case:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("face.png", written(a_face(rng), "PNG"))
    cases: list[Case] = [
        (written(a_face(rng), "GIF"), r"\(GIF\)"),
        (written(a_face(rng), "PDF"), r"\(PDF\)"),
        (written(a_face(rng), "TGA"), r"\(\d+ bytes of something else"),
        (archive.getvalue(), r"\(zip\)"),
        (gzip.compress(written(a_face(rng), "PNG")), r"\(gzip\)"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", r"\(text\)"),
        (b"\0\0\0\x18ftypheic" + rng.bytes(200), r"\(HEIC[:,]"),
        (b"\x7fELF" + rng.bytes(200), r"\(204 bytes of something else"),
        (b"\0" + rng.bytes(int(rng.integers(1, 5000))), r"bytes of something else"),
        (b"", r"\(0 bytes\)"),
    ]
    return cases[rng.integers(len(cases))]


def claiming(rng: Rng) -> Case:
    """A small file whose header says it is huge."""
    columns, rows = [(50_000, 50_000), (9000, 9000), (12_000, 12_000)][rng.integers(3)]
    png = written(a_face(rng), "PNG")
    header = struct.pack(">II", columns, rows) + png[24:29]
    bmp = bytearray(written(a_face(rng), "BMP"))
    bmp[18:26] = struct.pack("<ii", columns, rows)
    jpeg = written(a_face(rng), "JPEG")
    frame = jpeg.index(b"\xff\xc0") + 5
    jpeg = jpeg[:frame] + struct.pack(">HH", rows, columns) + jpeg[frame + 4 :]
    canvas = (columns - 1).to_bytes(3, "little") + (rows - 1).to_bytes(3, "little")
    webp = written(a_face(rng), "WEBP")[12:]
    webp = b"WEBPVP8X" + struct.pack("<II", 10, 0) + canvas + webp
    large = "megapixels"
    cases: list[Case] = [
        (png[:8] + chunk(b"IHDR", header) + png[33:], large),
        (bytes(bmp), large),
        # Up to 120 megapixels one comes at a half of its sides.
        (jpeg, None if columns * rows < 120_000_000 else large),
        (f"P6 {columns} {rows} 255\n".encode() + rng.bytes(1000), large),
        # libwebp compares the canvas with the frame in it.
        (b"RIFF" + struct.pack("<I", len(webp)) + webp, f"{large}|WEBP, broken"),
    ]
    return cases[rng.integers(len(cases))]


@cache
def packed(megabytes: int) -> bytes:
    packer = zlib.compressobj(9)
    return b"".join([packer.compress(bytes(2**20)) for _ in range(megabytes)]) + packer.flush()


def packed_bomb(rng: Rng) -> Case:
    png, much = written(a_face(rng), "PNG"), packed(256)
    pixels = png.index(b"IDAT") - 4
    cases: list[Case] = [
        (png[:pixels] + chunk(b"IDAT", much) + chunk(b"IEND"), None),
        (with_chunks(png, chunk(b"zTXt", b"Comment\0\0" + much)), r"PNG, texts that unpack"),
        (with_chunks(png, chunk(b"iTXt", b"a\0\1\0\0\0" + much)), r"PNG, texts that unpack"),
        (with_chunks(png, chunk(b"iCCP", b"a\0\0" + much)), r"PNG, texts that unpack"),
        (with_chunks(png, *[chunk(b"zTXt", b"a\0\0" + long_text())] * 80), r"PNG, texts that"),
        (png[:-12] + chunk(b"zTXt", b"a\0\0" + much) + png[-12:], r"PNG, texts that unpack"),
        (gzip.compress(bytes(2**20)) * 50, r"\(gzip\)"),
        (zip_bomb(), r"\(zip\)"),
    ]
    return cases[rng.integers(len(cases))]


@cache
def long_text() -> bytes:
    return zlib.compress(bytes(2**20 - 1))


@cache
def zip_bomb() -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("face.png", bytes(2**26))
    return archive.getvalue()


def animated(rng: Rng) -> Case:
    kind = ("PNG", "WEBP", "GIF")[rng.integers(3)]
    frames = [a_face(rng) for _ in range(rng.integers(2, 5))]
    for place, frame in enumerate(frames):  # equal ones would be written as one
        frame.putpixel((0, 0), (place * 60, 0, 0))
    data = written(frames[0], kind, save_all=True, append_images=frames[1:], lossless=True)
    return data, r"\(GIF\)" if kind == "GIF" else rf"\({kind}, {len(frames)} frames\)"


def unusual(rng: Rng) -> Case:
    """Whole photos in colours, depths and wrappings that few files have."""
    adobe = b"Adobe\0d\0\0\0\0" + bytes([rng.choice([0, 2])])
    alone = written(a_face(rng, "L"), "JPEG")
    cases = [
        written(a_face(rng, "CMYK"), "JPEG"),
        with_segments(written(a_face(rng, "L"), "JPEG"), (0xEE, adobe)),
        written(deep(rng), "PNG"),
        written(deep(rng), "PPM"),
        b"P2 2 2 65535 0 1 2 65535",
        b"P5 3 1 1000\n" + bytes(6),
        written(a_face(rng), "MPO", save_all=True, append_images=[a_face(rng)] * 3),
        alone + rng.bytes(20_000),  # as phones put a film behind the photo
        alone + b"\xff\xda\0\2" * 500,
        written(a_face(rng, "RGBA").rotate(20), "PNG"),
        written(a_face(rng).quantize(4), "PNG", transparency=b"\0\x80\xff"),
        written(a_face(rng), "PNG", exif=tiff([(0x0112, 3, 1, 8)])),
        written(a_face(rng), "JPEG", icc_profile=rng.bytes(100_000)),
    ]
    return cases[rng.integers(len(cases))], PIXELS


def odd_exif(rng: Rng) -> Case:
    """Directories that loop, counts of billions, and thousands of entries that claim it all."""
    odd = [
        tiff([(0x0112, 3, 1, 1)], next_one=8),
        tiff([(0x8769, 4, 1, 8), (0x8825, 4, 1, 8), (0xA005, 4, 1, 8)]),
        tiff([(0x0112, 3, 2**32 - 1, 8), (0x010E, 2, 2**32 - 1, 8)]),
        tiff([(0x0112, 5, 2**31, 2**31)] * 50),
        tiff([(tag, 7, 60_000, 8) for tag in range(0x8000, 0x8000 + 5000)], size=65_000),
        tiff([], start=2**32 - 1),
        b"II*\0\x08\0\0\0\xff\xff" + rng.bytes(300),
        rng.bytes(int(rng.integers(0, 500))),
    ][rng.integers(8)]
    mpf = with_segments(written(a_face(rng), "JPEG"), (0xE2, b"MPF\0" + odd))
    cases = [
        turned_jpeg(odd),
        mpf,
        with_chunks(written(a_face(rng), "PNG"), chunk(b"eXIf", odd)),
        written(a_face(rng), "WEBP", exif=odd),
        with_segments(written(a_face(rng), "JPEG"), *[(0xE1, b"Exif\0\0" + odd[:60_000])] * 20),
    ]
    return cases[rng.integers(len(cases))], PIXELS


def built_to_cost(rng: Rng) -> Case:
    """Small files that a reader would spend gigabytes or hours on."""
    png, jpeg = written(a_face(rng), "PNG"), written(a_face(rng), "JPEG", progressive=True)
    scan = jpeg.rindex(b"\xff\xda")
    scan_header = jpeg[scan : scan + 10]
    rle = bytearray(written(a_face(rng, "P"), "BMP"))
    rle[18:26] = struct.pack("<ii", 40_000_000, 1)
    rle[30:34] = struct.pack("<I", 1)
    rle[1078:] = b"\0\2\xff\xff" * 20
    cases: list[Case] = [
        (jpeg[:-2] + scan_header * int(rng.integers(200, 2000)) + jpeg[-2:], "100 scans"),
        (jpeg[:2] + b"\xff\xef\0\2" * 200_000 + jpeg[2:], "more than 100000 chunks"),
        (with_chunks(png, chunk(b"prVt") * 200_000), "more than 100000 chunks"),
        (with_chunks(png, chunk(b"prVt", bytes(2**20)) * 33), "more than 32 MiB of metadata"),
        (bytes(rle), r"BMP, 40000000×1 pixels"),
        (f"P5 {70_000} 2 255\n".encode() + bytes(140_000), r"PPM, 70000×2 pixels"),
    ]
    return cases[rng.integers(len(cases))]


LARGE = {"rows": 6250, "columns": 6400}


def large_photos() -> dict[str, Case]:
    """The largest that are read, in the ways that take the most memory."""
    size = (LARGE["columns"], LARGE["rows"])
    turned = Image.Exif()
    turned[0x0112] = 6
    see_through = Image.new("RGBA", size, (90, 8, 7, 100))
    cmyk = Image.new("CMYK", size, (9, 8, 7, 100))
    options: dict[str, Any] = {"progressive": True, "subsampling": 0, "exif": turned}
    return {
        "large.webp": (written(see_through, "WEBP", lossless=True, quality=0, method=0), PIXELS),
        "large.png": (written(see_through, "PNG", compress_level=1, exif=turned), PIXELS),
        "large16.png": (written(Image.new("I;16", size, 999), "PNG", compress_level=1), PIXELS),
        "large.jpg": (written(cmyk, "JPEG", **options), PIXELS),
        "large16.pgm": (b"P5 %d %d 65535\n" % size + bytes(2 * size[0] * size[1]), PIXELS),
    }


FAMILIES = {
    truncated: 5,
    bit_flipped: 5,
    spliced: 3,
    of_another_type: 2,
    claiming: 2,
    packed_bomb: 1,
    animated: 1,
    unusual: 2,
    odd_exif: 3,
    built_to_cost: 1,
}
"""How many of 25."""


def hostile_files(count: int, *, seed: int) -> dict[str, Case]:
    rng = np.random.default_rng(seed)
    turn = [family for family, share in FAMILIES.items() for _ in range(share)]
    extensions = ("png", "jpg", "webp", "bmp", "pgm")
    return {
        f"{place:04}-{turn[place % 25].__name__}.{extensions[rng.integers(5)]}": turn[place % 25](
            rng
        )
        for place in range(count)
    }


def read_in_one_process(files: dict[str, Case], place: Path) -> tuple[dict[str, Any], int]:
    """What became of each file, and the peak of the process's memory."""
    for name, (data, _) in files.items():
        (place / name).write_bytes(data)
    limits = (str(MOST_MEMORY), str(HANGS_AFTER))
    result = subprocess.run(
        [sys.executable, "-W", "always", "-c", textwrap.dedent(READER), str(place), *limits],
        capture_output=True,
        text=True,
        check=False,
    )
    said = [json.loads(line) for line in result.stdout.splitlines()]
    after = said[-1] if said else "the start"
    assert result.returncode == 0, f"it died ({result.returncode}) after {after}: {result.stderr}"
    assert result.stderr == ""
    return {one["name"]: one for one in said[:-1]}, said[-1]["peak"]


def check_each(files: dict[str, Case], found: dict[str, Any]) -> None:
    assert set(found) == set(files)
    for name, (_, expected) in files.items():
        one = found[name]
        if "refused" in one:
            sentence = (
                r"^expected a JPEG, PNG, PGM, PPM, BMP, TIFF, WebP, AVIF or HEIC of one frame and "
                r"at most (?:40|50|60|120) megapixels\. Received: "
                rf"{re.escape(name)} \([^\n]{{1,190}}\)\.$"
            )
            assert re.search(sentence, one["refused"]), one
            assert one["refused"].isprintable(), one
            assert "memory" not in one["refused"], one
            assert expected is None or re.search(expected, one["refused"]), one
        else:
            rows, columns, channels = one["shape"]
            assert expected in (None, PIXELS), one
            assert rows * columns <= 40_000_000 and min(rows, columns) > 0
            assert channels in (1, 3) and one["type"] == "uint8"


def test_two_hundred_hostile_files(tmp_path: Path) -> None:
    files = hostile_files(200, seed=0)
    found, peak = read_in_one_process(files, tmp_path)
    check_each(files, found)
    assert peak < MOST_MEMORY
    refused = sum("refused" in one for one in found.values())
    assert 80 <= refused <= 160


@pytest.mark.slow
def test_two_thousand_hostile_files_and_the_largest_photos(tmp_path: Path) -> None:
    files = hostile_files(2000, seed=1) | large_photos()
    found, peak = read_in_one_process(files, tmp_path)
    check_each(files, found)
    assert peak < MOST_MEMORY


def test_the_largest_photo_that_costs_most(tmp_path: Path) -> None:
    files = {name: case for name, case in large_photos().items() if name == "large.webp"}
    found, peak = read_in_one_process(files, tmp_path)
    assert found["large.webp"]["shape"] == [LARGE["rows"], LARGE["columns"], 3]
    assert peak < MOST_MEMORY
