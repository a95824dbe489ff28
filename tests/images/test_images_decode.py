"""Bytes of photos: every format read right, everything else refused in a sentence."""

import io
import os
import struct
import sys
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from likeness.errors import DataError, ImageError
from likeness.images.decode import decode, decode_file, read_photo
from likeness.images.formats import EXTENSIONS

RNG = np.random.default_rng(1)
GREY = RNG.integers(0, 256, (20, 30), dtype=np.uint8)
COLOUR = RNG.integers(0, 256, (20, 30, 3), dtype=np.uint8)
ORIENTATION = 0x0112


def written(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "PPM", "BMP"])
def test_grey_stays_one_channel_and_exact(kind: str) -> None:
    pixels = decode(written(Image.fromarray(GREY), kind), name="ada")
    assert pixels.dtype == np.uint8
    np.testing.assert_array_equal(pixels, GREY[..., None])


@pytest.mark.parametrize(("kind", "options"), [("PNG", {}), ("PPM", {}), ("BMP", {}), ("WEBP", {})])
def test_colour_is_exact_in_lossless_formats(kind: str, options: dict[str, object]) -> None:
    options = {"lossless": True} if kind == "WEBP" else options
    pixels = decode(written(Image.fromarray(COLOUR), kind, **options), name="ada")
    np.testing.assert_array_equal(pixels, COLOUR)


def test_jpeg_of_grey_and_of_colour() -> None:
    flat = np.full((16, 16), 90, np.uint8)
    grey = decode(written(Image.fromarray(flat), "JPEG"), name="g")
    colour = decode(written(Image.fromarray(flat).convert("RGB"), "JPEG"), name="c")
    assert grey.shape == (16, 16, 1) and abs(int(grey[0, 0, 0]) - 90) <= 2
    assert colour.shape == (16, 16, 3)


@pytest.mark.parametrize("turn", range(1, 9))
def test_the_turn_in_exif_is_applied(turn: int) -> None:
    upright = np.zeros((4, 6), np.uint8)
    upright[0, 0] = 255
    # How a camera stores the upright photo under each EXIF orientation (EXIF 2.3, tag 274).
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.T,
        6: np.rot90(upright),
        7: upright.T[::-1, ::-1],
        8: np.rot90(upright, -1),
    }[turn]
    exif = Image.Exif()
    exif[ORIENTATION] = turn
    data = written(Image.fromarray(np.ascontiguousarray(stored)), "PNG", exif=exif)
    np.testing.assert_array_equal(decode(data, name="p")[..., 0], upright)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "MPO"])
def test_the_turn_is_read_from_every_format_that_notes_it(kind: str) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    options = {"lossless": True} if kind == "WEBP" else {}
    image = Image.new("RGB", (16, 32), "white")
    image.paste("black", (0, 0, 16, 16))  # the top, which the turn brings to the right
    pixels = decode(written(image, kind, exif=exif, **options), name="p")
    assert pixels.shape == (16, 32, 3)
    assert pixels[:, :16].min() > 200 and pixels[:, 16:].max() < 50
    assert pixels.flags["C_CONTIGUOUS"]


def test_the_turn_in_a_text_of_imagemagick() -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 3
    text = PngImagePlugin.PngInfo()
    text.add_text("Raw profile type exif", f"\nexif\n      34\n{exif.tobytes().hex()}\n", zip=True)
    data = written(Image.fromarray(GREY), "PNG", pnginfo=text)
    np.testing.assert_array_equal(decode(data, name="p")[..., 0], GREY[::-1, ::-1])


def test_an_orientation_that_there_is_not_says_nothing() -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 9
    data = written(Image.fromarray(GREY), "PNG", exif=exif)
    np.testing.assert_array_equal(decode(data, name="p")[..., 0], GREY)


def test_damaged_exif_does_not_cost_the_photo() -> None:
    data = written(Image.fromarray(GREY), "PNG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff")
    np.testing.assert_array_equal(decode(data, name="p")[..., 0], GREY)


@given(level=st.integers(0, 65535))
def test_sixteen_bit_grey_is_scaled_not_cut(level: int) -> None:
    image = Image.fromarray(np.full((2, 3), level, np.uint16))
    pixels = decode(written(image, "PNG"), name="deep.png")
    assert pixels.shape == (2, 3, 1)
    assert pixels[0, 0, 0] == round(level * 255 / 65535)


def test_sixteen_bit_pgm_is_scaled() -> None:
    data = b"P5 3 1 65535\n" + struct.pack(">3H", 0, 32768, 65535)
    assert decode(data, name="deep.pgm").ravel().tolist() == [0, 128, 255]


def test_a_pgm_with_another_white_is_scaled() -> None:
    assert decode(b"P5 3 1 100\n" + bytes([0, 50, 100]), name="p").ravel().tolist() == [0, 128, 255]


def test_pgm_headers_with_comments_and_as_text() -> None:
    expected = [[[1], [2]], [[3], [4]]]
    assert decode(b"P5\n# a comment\n2 2\n255\n\x01\x02\x03\x04", name="p").tolist() == expected
    assert decode(b"P2\n2   2\n# white\n255\n1 2\n3 4\n", name="p").tolist() == expected


def test_palette_and_cmyk_become_rgb() -> None:
    palette = Image.fromarray(COLOUR).quantize(8)
    pixels = decode(written(palette, "PNG"), name="p")
    np.testing.assert_array_equal(pixels, np.asarray(palette.convert("RGB")))
    cmyk = Image.new("CMYK", (8, 8), (0, 255, 255, 0))
    red = decode(written(cmyk, "JPEG"), name="p")[0, 0]
    assert red[0] > 240 and red[1] < 15 and red[2] < 15


def test_transparent_becomes_white_whatever_lies_under_it() -> None:
    pixels = np.zeros((2, 2, 4), np.uint8)
    pixels[0, 0] = (10, 20, 30, 255)
    decoded = decode(written(Image.fromarray(pixels), "PNG"), name="p")
    assert decoded[0, 0].tolist() == [10, 20, 30]
    assert decoded[1, 1].tolist() == [255, 255, 255]


def test_grey_with_transparency_stays_grey() -> None:
    pixels = np.zeros((1, 2, 2), np.uint8)
    pixels[0, 0] = (70, 255)
    assert decode(written(Image.fromarray(pixels), "PNG"), name="p").tolist() == [[[70], [255]]]


def test_one_bit_becomes_black_and_white() -> None:
    image = Image.fromarray(GREY > 127)
    np.testing.assert_array_equal(
        decode(written(image, "PNG"), name="p")[..., 0], np.where(GREY > 127, 255, 0)
    )


def test_a_jpeg_of_several_pictures_gives_the_first() -> None:
    first, second = Image.new("RGB", (16, 16), "red"), Image.new("RGB", (16, 16), "blue")
    data = written(first, "MPO", save_all=True, append_images=[second])
    assert decode(data, name="phone.jpg")[0, 0, 0] > 200


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_animations_are_refused_with_their_frames(kind: str) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "green", "blue")]
    data = written(frames[0], kind, save_all=True, append_images=frames[1:])
    with pytest.raises(ImageError, match=rf"Received: wave \({kind}, 3 frames\)\.$"):
        decode(data, name="wave")


def test_nothing_at_all() -> None:
    with pytest.raises(
        ImageError, match=r"^expected a JPEG, PNG, PGM, .* Received: ada/1\.pgm \(0 bytes\)\.$"
    ):
        decode(b"", name="ada/1.pgm")


def test_text_under_a_photos_name() -> None:
    with pytest.raises(ImageError, match=r"Received: notes\.pgm \(text\)\."):
        decode(b"Dear Ada,\nplease find no photo in here.\n", name="notes.pgm")


@pytest.mark.parametrize(
    ("data", "called"),
    [
        (b"GIF89a" + bytes(20), "GIF"),
        (b"%PDF-1.7\x00", "PDF"),
        (b"PK\x03\x04" + bytes(20), "zip"),
        (b"\x1f\x8b" + bytes(20), "gzip"),
        (bytes(4) + b"ftypisom" + bytes(20), "video"),
    ],
)
def test_other_kinds_are_called_by_their_name(data: bytes, called: str) -> None:
    with pytest.raises(ImageError, match=rf"Received: p \({called}\)\."):
        decode(data, name="p")


def test_pillow_s_other_formats_are_not_opened() -> None:
    with pytest.raises(ImageError, match=r"\(GIF\)"):
        decode(written(Image.fromarray(GREY), "GIF"), name="p")
    with pytest.raises(ImageError, match="p "):
        decode(written(Image.fromarray(GREY), "TGA"), name="p")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "PPM", "BMP", "WEBP", "TIFF", "AVIF"])
def test_half_a_file_is_refused(kind: str) -> None:
    whole = written(Image.fromarray(COLOUR), kind)
    with pytest.raises(ImageError, match=r"Received: half\.x \("):
        decode(whole[: len(whole) // 2], name="half.x")


def test_a_file_that_breaks_off_says_so() -> None:
    with pytest.raises(ImageError, match=r"\(PPM, truncated\)"):
        decode(b"P5 10 10 255\n" + bytes(50), name="p")


@pytest.mark.parametrize(
    ("columns", "rows", "megapixels"), [(6400, 6250, None), (6401, 6250, 40), (9000, 9000, 81)]
)
def test_forty_megapixels_is_the_most(columns: int, rows: int, megapixels: int | None) -> None:
    # Only a header: were it decoded, the message would be that it breaks off.
    header = f"P5 {columns} {rows} 255\n".encode()
    why = "truncated" if megapixels is None else f"{megapixels} megapixels"
    with pytest.raises(ImageError, match=rf"\(PPM, {why}\)"):
        decode(header, name="large.pgm")


def test_a_bomb_is_refused_by_its_header() -> None:
    with pytest.raises(ImageError, match="more than 40 megapixels"):
        decode(b"P5 50000 50000 255\n", name="bomb.pgm")


def test_floating_numbers_are_no_photo() -> None:
    with pytest.raises(ImageError, match="of floating numbers"):
        decode(b"Pf\n1 1\n-1.0\n" + bytes(4), name="p.pfm")


def test_an_image_error_is_a_data_error() -> None:
    assert issubclass(ImageError, DataError)


@settings(max_examples=150, deadline=None)
@given(
    head=st.sampled_from(
        [
            *(b"", b"P5 ", b"P2 2 2 255 ", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"BM"),
            *(b"RIFF", b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08", bytes(4) + b"ftypavif"),
        ]
    ),
    tail=st.binary(max_size=200),
)
def test_any_bytes_give_pixels_or_an_image_error(head: bytes, tail: bytes) -> None:
    try:
        pixels = decode(head + tail, name="any")
    except ImageError:
        return
    assert pixels.dtype == np.uint8 and pixels.ndim == 3 and pixels.shape[2] in (1, 3)


@settings(max_examples=150, deadline=None)
@given(
    kind=st.sampled_from(["JPEG", "PNG", "PPM", "BMP", "WEBP", "TIFF", "AVIF"]),
    place=st.floats(0, 1, exclude_max=True),
    byte=st.integers(0, 255),
    cut=st.floats(0, 1),
)
def test_damaged_photos_give_pixels_or_an_image_error(
    kind: str, place: float, byte: int, cut: float
) -> None:
    data = bytearray(written(Image.fromarray(GREY[:8, :8]), kind))
    data[int(place * len(data))] = byte
    try:
        pixels = decode(bytes(data[: int(cut * len(data))]), name="damaged")
    except ImageError:
        return
    assert pixels.dtype == np.uint8 and pixels.shape[2] in (1, 3)


def test_decode_file_reads_the_file(tmp_path: Path) -> None:
    file = tmp_path / "ada.png"
    file.write_bytes(written(Image.fromarray(GREY), "PNG"))
    np.testing.assert_array_equal(decode_file(file)[..., 0], GREY)


def test_read_photo_gives_the_bytes_and_refuses_what_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "ada.png").write_bytes(b"whatever it is")
    assert read_photo(tmp_path / "ada.png") == b"whatever it is"
    with pytest.raises(ImageError, match=r"none.png \(cannot be read: No such file"):
        read_photo(tmp_path / "none.png")
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(ImageError, match=r"ada/1.png \(a pipe or a device"):
        read_photo(tmp_path / "pipe.png", name="ada/1.png")


def test_decode_file_names_the_file_as_asked(tmp_path: Path) -> None:
    (tmp_path / "1.pgm").write_bytes(b"")
    with pytest.raises(ImageError, match=r"Received: ada/1\.pgm \(0 bytes\)"):
        decode_file(tmp_path / "1.pgm", name="ada/1.pgm")
    with pytest.raises(ImageError, match=r"1\.pgm \(0 bytes\)"):
        decode_file(tmp_path / "1.pgm")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="cannot be read: No such file"):
        decode_file(tmp_path / "none.png")


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "huge.pgm"
    file.touch()
    os.truncate(file, 300 * 2**20)  # sparse: takes no room
    with pytest.raises(ImageError, match=r"\(300 MiB\)"):
        decode_file(file)


def test_too_many_bytes_are_refused_without_a_file_too() -> None:
    with pytest.raises(ImageError, match=r"Received: p \(129 MiB\)"):
        decode(b"P5 2 1 255 ".ljust(129 * 2**20), name="p")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(ImageError, match=r"\(a pipe or a device, not a file\)\.$"):
        decode_file(tmp_path / "pipe.png")


def test_a_folder_called_like_a_photo(tmp_path: Path) -> None:
    (tmp_path / "ada.png").mkdir()
    with pytest.raises(ImageError, match=r"\(a folder; name the photos in it\)\.$"):
        decode_file(tmp_path / "ada.png")


@pytest.mark.parametrize(
    ("data", "called"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(20), "PNG, broken"),
        (b"\xff\xd8\xff\xd9" + bytes(20), "JPEG, broken"),
        (b"BM" + bytes(20), "BMP, broken"),
        (b"RIFF\0\0\0\0WEBP" + bytes(20), "WEBP, broken"),
        (b"\x1f\x8b" + bytes(20), "gzip"),
    ],
)
def test_a_header_that_cannot_be_read_is_of_its_format(data: bytes, called: str) -> None:
    with pytest.raises(ImageError, match=rf"Received: p \({called}\)\."):
        decode(data, name="p")


def test_a_photo_of_one_endless_row() -> None:
    with pytest.raises(ImageError, match=r"Received: p \(PPM, 65536×1 pixels\)\."):
        decode(b"P5 65536 1 255\n" + bytes(65536), name="p")
    assert decode(b"P5 65535 1 255\n" + bytes(65535), name="p").shape == (1, 65535, 1)


def test_strips_are_the_photo_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    see_through = np.concatenate([COLOUR, GREY[..., None]], axis=2)
    photos = [
        written(Image.fromarray(see_through), "PNG"),
        written(Image.fromarray(GREY.astype(np.uint16) * 250), "PNG"),
        written(Image.fromarray(COLOUR).quantize(9), "PNG", transparency=2),
        written(Image.fromarray(COLOUR).convert("CMYK"), "JPEG"),
    ]
    whole = [decode(data, name="p") for data in photos]
    monkeypatch.setattr(
        "likeness.images.decode.PIXELS_AT_ONCE", 100
    )  # 3 of 20 rows at a time, then 2
    for data, expected in zip(photos, whole, strict=True):
        np.testing.assert_array_equal(decode(data, name="p"), expected)


def test_damage_beside_the_pixels_is_not_talked_about(recwarn: pytest.WarningsRecorder) -> None:
    whole = written(Image.fromarray(GREY), "PNG")
    no_frames = b"acTL" + bytes(8)
    animation = struct.pack(">I", 8) + no_frames + struct.pack(">I", zlib.crc32(no_frames))
    data = whole[:33] + animation + whole[33:]
    with pytest.warns(UserWarning, match="Invalid APNG"):
        Image.open(io.BytesIO(data))
    recwarn.clear()
    decode(data, name="p")
    assert len(recwarn) == 0


def test_threads_leave_the_warnings_filters_as_they_were() -> None:
    before = list(warnings.filters)
    data = written(Image.fromarray(GREY), "JPEG")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: decode(data, name="p"), range(200)))
    assert warnings.filters == before


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_deflate"])
def test_a_tiff_is_read_exactly(compression: str) -> None:
    data = written(Image.fromarray(COLOUR), "TIFF", compression=compression)
    np.testing.assert_array_equal(decode(data, name="p"), COLOUR)


def test_a_tiff_of_several_pages_is_refused() -> None:
    data = written(
        Image.fromarray(GREY), "TIFF", save_all=True, append_images=[Image.fromarray(GREY)]
    )
    with pytest.raises(ImageError, match=r"\(TIFF, several pages\)"):
        decode(data, name="p")


def test_an_avif_is_read() -> None:
    flat = Image.new("RGB", (40, 30), (200, 100, 50))
    pixels = decode(written(flat, "AVIF"), name="p")
    assert pixels.shape == (30, 40, 3) and np.abs(pixels - (200.0, 100.0, 50.0)).max() < 12


@pytest.mark.parametrize("kind", ["TIFF", "AVIF"])
@pytest.mark.parametrize("turn", [3, 6, 8])
def test_the_turn_of_a_tiff_and_an_avif_is_applied(kind: str, turn: int) -> None:
    stored = np.zeros((32, 48), np.uint8)
    stored[:16, :16] = 255
    exif = Image.Exif()
    exif[ORIENTATION] = turn
    data = written(Image.fromarray(stored).convert("RGB"), kind, exif=exif.tobytes())
    upright = {3: stored[::-1, ::-1], 6: np.rot90(stored, -1), 8: np.rot90(stored)}[turn]
    pixels = decode(data, name="p")[..., 0]
    assert pixels.shape == upright.shape and np.abs(pixels.astype(int) - upright).mean() < 3


def test_a_heic_without_its_extra_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(ImageError, match=r"ada/1\.heic \(HEIC: .*likeness\[heic\]"):
        decode(bytes(4) + b"ftypheic" + bytes(20), name="ada/1.heic")


@pytest.mark.parametrize(("turn", "shape"), [(1, (30, 40, 3)), (6, (40, 30, 3))])
def test_a_heic_is_read_with_its_extra(turn: int, shape: tuple[int, int, int]) -> None:
    heif = pytest.importorskip("pillow_heif")
    exif = Image.Exif()
    exif[ORIENTATION] = turn
    stream = io.BytesIO()
    flat = Image.new("RGB", (40, 30), (200, 100, 50))
    heif.from_pillow(flat).save(stream, quality=90, exif=exif.tobytes())
    pixels = decode(stream.getvalue(), name="p")
    assert pixels.shape == shape and np.abs(pixels - (200.0, 100.0, 50.0)).max() < 12


@pytest.mark.parametrize(
    ("size", "most", "expected"),
    [((48, 32), 1536, (32, 48)), ((48, 32), 1535, (16, 24)), ((480, 320), 2500, (40, 60))],
)
def test_a_jpeg_that_is_larger_than_wanted_comes_smaller(
    size: tuple[int, int], most: int, expected: tuple[int, int]
) -> None:
    data = written(Image.new("RGB", size, "teal"), "JPEG", quality=95)
    pixels = decode(data, name="phone", most_pixels=most)
    assert pixels.shape == (*expected, 3) and np.abs(pixels - (0.0, 128.0, 128.0)).max() < 4


@pytest.mark.parametrize("megapixels", [24, 48])
def test_a_phone_s_photo_costs_as_much_memory_as_it_comes_with(megapixels: int) -> None:
    rows = int((megapixels * 1e6 * 3 / 4) ** 0.5)
    data = written(Image.new("L", (rows * 4 // 3, rows), 90), "JPEG")
    pixels = decode(data, name="phone", most_pixels=16_000_000)
    assert 3_000_000 < pixels.size <= 16_000_000


def test_an_avif_that_is_larger_than_wanted_comes_smaller() -> None:
    data = written(Image.new("RGB", (64, 48), "teal"), "AVIF")
    assert decode(data, name="phone", most_pixels=1000).shape == (24, 32, 3)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_what_cannot_be_decoded_smaller_is_refused(kind: str) -> None:
    data = written(Image.new("RGB", (48, 32)), kind)
    with pytest.raises(ImageError, match=r"at most 0\.001 megapixels.*0\.00154 megapixels"):
        decode(data, name="p", most_pixels=1000)


def test_extensions_are_lower_case_and_sorted() -> None:
    assert list(EXTENSIONS) == sorted(extension.lower() for extension in EXTENSIONS)
